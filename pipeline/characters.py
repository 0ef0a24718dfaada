"""Text as residents see it: cleaned, counted and cut the way LINE counts and people read.

Entities are not decoded here: whoever reads HTML does that once, and twice would turn 「&amp;lt;」 into a tag.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

from pipeline.late import late

# What nearly every title and body of a Japanese city consists of, with Vietnamese, Korean, 𠮷 and emoji of one character. All of it is
# assigned, visible, a grapheme by itself (after NFC), and so needs neither Unicode properties nor the `regex` package (20 ms to import).
_PLAIN = late(
    "[\n -~¡-¬®-\u024f\u1e00-\u1eff\uac00-\ud7a3\U0001f300-\U0001f3fa\U0001f400-\U0001f64f"
    "\U0001f680-\U0001f6c5\U0001f900-\U0001f9ff\U00020000-\U0002a6d6\u2010-\u2027\u2030-\u205e\u2103\u2116\u2121\u2122\u2190-\u21ff\u2200-\u22ff\u2460-\u24ff\u2500-\u27bf\u2b05-\u2b07\u2b50"
    "\u3000-\u3029\u3030-\u303f\u3041-\u3096\u309b-\u30ff\u3220-\u33ff\u3400-\u4dbf\u4e00-\u9ffc\uff01-\uff9f\uffe0-\uffe6]*"
)
_HALF_WIDTH_VOICING = late("[ﾞﾟ]")  # NFC leaves them alone, but ｶﾞ is one grapheme
_LINE_ENDS = late("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Every space of Unicode, the tab, and the Braille blank, which shows nothing either. Never the newline; nor a single ordinary or
# full-width space, which stays as it is.
_BLANK = "[\t \xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]"
_SPACES = late(f"{_BLANK}(?:{_BLANK}+|(?<![ \u3000]))")
_BLANK_LINES = late("\n{3,}")

# Real scripts put at most four marks on a letter; a tower of them ("Zalgo") paints over the neighbouring lines.
_MARKS = 6
_TALLEST = 30  # before they are put in order; no letter of any script has so many
_FILLERS = "\u115f\u1160\u3164\uffa0"
# The longest emoji in use joins four; without an end a single "character" could fill a whole message.
_JOINED = 8

_LOOSE_END = " \u3000\n、，,・：:；;－—「『（(【《〈［[“"


def clean(text: str) -> str:
    """The text on one line, fit to be shown.

    NFC and not NFKC: ㈱, ①, 〜 and half-width kana are what the department wrote. Controls, bidirectional and other
    invisible characters, private, unassigned and surrogate code points go; inside emoji and after ideographs, where
    they make the character what it is, joiners, variation selectors and tags stay.

    A run of blanks becomes one space. It stays full-width when it has a full-width one: between Japanese characters
    that is how titles are divided (「令和8年度　市民税のお知らせ」), and a narrow space would be hardly visible.
    """
    return _fold(_visible(text).replace("\n", " "))


def clean_lines(text: str) -> str:
    """Like `clean`, line by line; newlines stay, with at most one blank line between two lines."""
    lines = "\n".join(_fold(line) for line in _visible(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")


def utf16(text: str) -> int:
    """The length in UTF-16 code units, which is how LINE counts text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """The number of characters as people see them, which is how LINE counts the label of an action."""
    return len(_split(text))


def cut(text: str, units: int) -> str:
    """At most `units` UTF-16 code units of the text, an ellipsis included; never half a character."""
    if utf16(text) <= units:
        return text
    kept = prefix(text, units - 1) if units > 0 else ""
    return f"{kept.rstrip(_LOOSE_END) or kept}…"[:units]


def prefix(text: str, units: int) -> str:
    """At most `units` UTF-16 code units of the text, whole characters as people see them."""
    text = text[: units + 1]  # no code point is less than a unit: what is cut through here would not have fitted
    return _prefix(_split(text), units) or _prefix(list(text), units)  # a single monstrous cluster is cut inside


def _fold(line: str) -> str:
    return _SPACES.sub(_space, line).strip(" \u3000")


@lru_cache(64)  # a card, its notification and the same card in less room begin with the same text
def _visible(text: str) -> str:
    """Without what cannot be seen, in NFC, every line ended by a newline and nothing else."""
    if _PLAIN.fullmatch(text):
        return text  # all of these are NFC as they stand
    text = unicodedata.normalize("NFC", _without_towers(_SPACES.sub(_space, _LINE_ENDS.sub("\n", text))))
    if _PLAIN.fullmatch(text):
        return text
    invisible, stray_marks = _patterns()
    text = unicodedata.normalize("NFC", invisible.sub(lambda match: match["keep"] or "", text))
    return str(stray_marks.sub("", text))


def _without_towers(text: str) -> str:
    """At most so many combining characters in a row: putting them in order takes the square of their number."""
    kept: list[str] = []
    height = 0
    for sign in text:
        kind = unicodedata.category(sign)[0]
        if kind == "M":
            height += 1
        elif sign == "\n" or (kind != "C" and sign not in _FILLERS):  # what will go holds no tower apart
            height = 0
        if kind != "M" or height <= _TALLEST:
            kept.append(sign)
    return "".join(kept)


def _space(match: re.Match[str]) -> str:
    return "\u3000" if "\u3000" in match[0] else " "


@cache
def _patterns() -> tuple[Any, Any]:
    import regex  # only for text beyond plain Japanese; knows newer emoji than Python's own tables

    emoji = (
        r"\p{Extended_Pictographic}[\uFE0E\uFE0F]?\p{Emoji_Modifier}?\uFE0F?"
        r"(?:[\U000E0030-\U000E0039\U000E0061-\U000E007A]{2,6}\U000E007F)?"  # flags such as that of Wales
    )
    invisible = regex.compile(
        rf"""(?P<keep>
            {emoji}(?:\u200D{emoji}){{0,{_JOINED - 1}}}
          | (?<=\p{{Ideographic}})[\uFE00-\uFE02\U000E0100-\U000E01EF]  # 異体字セレクタ
          | (?<=\p{{Emoji}})[\uFE0E\uFE0F]                              # keycaps, ↔︎
          | (?<=\p{{ccc=9}})[\u200C\u200D](?=\p{{L}})                   # joiners after a virama (RFC 5892, A.1): Nepali
          | \n
        ) | [\p{{C}}\p{{Default_Ignorable_Code_Point}}\uFFFC]""",
        regex.VERBOSE,
    )
    stray_marks = regex.compile(rf"(?<=\p{{M}}{{{_MARKS}}})\p{{M}}+|(?<=^|\s)\p{{M}}+", regex.MULTILINE)
    return invisible, stray_marks


def _split(text: str) -> list[str]:
    if _PLAIN.fullmatch(text) and not _HALF_WIDTH_VOICING.search(text):
        return list(text)
    import regex

    return list(regex.findall(r"\X", text))


def _prefix(parts: list[str], units: int) -> str:
    used = 0
    for number, part in enumerate(parts):
        used += utf16(part)
        if used > units:
            return "".join(parts[:number])
    return "".join(parts)
