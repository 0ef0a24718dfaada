"""What a card says of a page: the first prose of it, in whole sentences. Lines are read as people write them in Japanese."""

import re
import unicodedata

from pipeline.characters import cut, prefix, utf16

# Where sentences end.
_OPENERS, _CLOSERS = "「『（(【〈《［[", "」』）)】〉》］]"
_CLOSING = f"[{re.escape(_CLOSERS)}”’\"']*"
# A full stop; ASCII's own only before a blank or the end, so that names such as Yahoo!ニュース stay whole. No sentence ends
# with a point after an abbreviation, nor before a small letter or a digit.
_END = re.compile(
    rf"(?:[。！？♪]+|[!?]+(?=\s|$|{_CLOSING[:-1]}))(?P<closing>{_CLOSING})"
    r"|(?<=[\w)])\.(?P<quote>[)”’\"']?)(?=\s+[\"'“(]?[^\W\d_a-z]|\s*$)",
    re.MULTILINE,
)
_ABBREVIATED = re.compile(
    r"(?:^|[^\w])(?:[ap]\.m|e\.g|i\.e|etc|cf|no|nos|mr|mrs|ms|dr|prof|st|ave|bldg|apt|vs|approx|tel|ext|inc|ltd|co|dept|[a-z]"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu(?:rs)?|fri|sat|sun)$",
    re.IGNORECASE,
)
# How a sentence without a full stop ends.
_PREDICATE = re.compile(
    r"(?:です|ます|でした|ました|ません|ましょう|ください|下さい|ませんか|でしょうか?|である|ています|ない|いたします)(?:♪|☆)?$"
)
_GOES_ON = re.compile(
    r"(?:[、，,]|[はがをにでともやへの]|から|まで|より|など|ため|(?<!につい)(?<!に際し)(?<!にあたっ)(?<!に当たっ)て|けれど|[いっ]たら|れば"
    r"|および|及び|または|又は|ならびに|並びに|という)$"
)
_UNFINISHED = re.compile(r"[、，,はがをへ]$")  # a sentence that goes on in the next line, whatever it has said so far
_HEADING_END = re.compile(
    r"(?:お知らせ|案内|募集|開催|一覧|実施|中止|日程|概要|方法|内容|対象|について|結果|状況|期間|時間|場所|注意(?:事項|点))[】」』）)]?$"
)
_WRAPPED = 25  # characters: so long a line without an end is one that the author broke
_FILE = re.compile(
    r"[（(\[［][^（(）)]{0,20}[0-9０-９.,．]+ ?(?:[KMG]B|[kmg]b|キロバイト|メガバイト|バイト)[^（(）)]{0,10}[）)\]］](?:.{0,12})$"
)
_LABEL = re.compile(
    r"[^。、，,：:]{1,14}(?<![0-9０-９])[：:](?!//)|[【\[［〔][^】\]］〕]{1,20}[】\]］〕]"
    r"|[0-9０-９]{1,2}[.．)）、 \u3000]|[（(][0-9０-９]{1,2}[）)]|[①-⑳]"
)
_MARKED = re.compile(r"[・※●○◎◆◇■□▲▼★☆▶→⇒>＞*\-–—✓]")
_BARE = re.compile(
    r"(?:https?://|www\.|〒|☎|電話|TEL|FAX|[\d０-９年月日時分令和平成/.:：～~〜\-－()（）月火水木金土日祝・\s]+$)",
    re.IGNORECASE,
)
_CELL = 12  # characters of a table's first cell
_ABOUT = re.compile(r"(?:について)?(?:の|に関する)?(?:お知らせ|ご?案内|こと|件)?(?:です)?$|について$")
_NUMBERED = re.compile(r"^(?:第?[0-9]{1,3}[.)、章節 ]|\([0-9]{1,3}\)|[0-9]{1,2}(?=[^0-9年月日時回号歳人]))")
_LEAST_OF_A_TITLE = 4
_ALIKE = 0.7


def lead(text: str, units: int, title: str = "") -> str:
    """The first prose of a page, at most `units` UTF-16 code units: whole sentences when they fill a third of the room.

    Headings (above all one that repeats the title), labels, file names, rows of tables and what stands before the first
    sentence are left out; behind it, the first line that is no prose ends the lead. A line that the author broke belongs
    to its sentence. Without prose the lead is "", and so it is when there is room for nothing but what somebody is quoted
    as saying, which may be a fraudster.
    """
    prose = "\n".join(_prose(_lines(text, title), units))
    short = shortened(prose, units)
    return "" if short != prose and _is_quoted(short) else short


def opening(text: str, units: int, title: str = "") -> str:
    """The beginning of a text that is shown as it was written, by a poster or in an emergency; not its title again."""
    return shortened("\n".join(_lines(text, title)), units)


def shortened(text: str, units: int) -> str:
    """The text when it fits; else its whole sentences when they fill a third of the room; else cut with an ellipsis, in
    front of a quotation rather than inside it.

    A sentence ends at 。！？; with brackets that close after it only at the end of its line, and never inside others:
    「…ください。」といった電話 goes on.
    """
    if utf16(text) <= units:
        return text
    window = prefix(text, units)
    least = len(window) // 3
    for end in reversed(_ends(text, len(window))):
        if end < least:
            break
        return window[:end].rstrip()
    outside = _outside(window)
    short = cut(text, units)
    return f"{window[:outside].rstrip()}…" if least <= outside < len(short) - 1 else short


def _ends(text: str, most: int) -> list[int]:
    """Where sentences end in the first `most` characters."""
    ends: list[int] = []
    depth = place = 0
    for found in _END.finditer(text, 0, most + 2):
        end = found.end()
        for sign in text[place:end]:
            depth = depth + 1 if sign in _OPENERS else max(0, depth - 1) if sign in _CLOSERS else depth
        place = end
        if end > most or depth or (found["closing"] and text[end : end + 1] not in ("", "\n")):
            continue
        if text[found.start()] == "." and _ABBREVIATED.search(text[max(0, found.start() - 12) : found.start()]):
            continue
        ends.append(end)
    return ends


def _is_quoted(text: str) -> bool:
    """Whether the text is one quotation from its first sign on, or two behind each other, closed or not."""
    depth = 0
    for sign in text:
        depth += (sign in _OPENERS) - (sign in _CLOSERS)
        if depth <= 0 and sign not in _CLOSERS and not sign.isspace():
            return False
    return True


def _outside(text: str) -> int:
    """Where the outermost bracket that is still open begins; the text's length when none is."""
    opened: list[int] = []
    for place, sign in enumerate(text):
        if sign in _OPENERS:
            opened.append(place)
        elif sign in _CLOSERS and opened:
            opened.pop()
    return opened[0] if opened else len(text)


def _lines(text: str, title: str) -> list[str]:
    """The lines, without those at the beginning that only repeat the title."""
    lines = [line for line in text.split("\n") if line.strip()]
    first = next((number for number, line in enumerate(lines) if not repeats(line, title)), len(lines))
    return lines[first:]


def _prose(lines: list[str], units: int) -> list[str]:
    """The first lines that are prose; enough for `units`."""
    prose: list[str] = []
    broken: list[str] = []  # lines of a sentence that the author broke, until its end is found
    length = 0
    for line in lines:
        ends = _ends(line, len(line))
        begins_apart = _is_set_apart(line) and not broken and not prose
        if (ends or _PREDICATE.search(line)) and not begins_apart and not _is_row(line):
            prose += [*broken, line]
            broken = []
            length += len(line)
            if length > units:
                break
        elif not _is_set_apart(line) and _goes_on(line):
            broken.append(line)
        elif prose:
            break
        else:
            broken = []
    if prose and length <= units and not _PREDICATE.search(prose[-1]) and (ends := _ends(prose[-1], len(prose[-1]))):
        prose[-1] = prose[-1][: ends[-1]]  # what follows its last sentence has no end
    return prose


def _goes_on(line: str) -> bool:
    return _GOES_ON.search(line) is not None or (len(line) >= _WRAPPED and not _HEADING_END.search(line))


def _is_set_apart(line: str) -> bool:
    """A label, a list's item, a file, a row of a table, an address: no beginning of prose."""
    return any(kind.match(line) for kind in (_LABEL, _MARKED, _BARE)) or _FILE.search(line) is not None or _is_row(line)


def _is_row(line: str) -> bool:
    first, gap, _ = line.partition("\u3000")
    return bool(gap) and len(first) <= _CELL and first[-1:] not in "。！？!?」"


def repeats(line: str, title: str) -> bool:
    """Whether a line says no more than the title does: について, お知らせ, numbers, brackets and blanks aside."""
    one, other = _kernel(line), _kernel(title)
    if not one or not other or _UNFINISHED.search(line):
        return False
    if one == other:
        return True
    if _END.search(line) or min(len(one), len(other)) < _LEAST_OF_A_TITLE:
        return False
    return one in other or (other in one and len(other) >= len(one) * _ALIKE)


def _kernel(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:500]).strip().removeprefix("・")
    plain = re.sub(r"[\s\W_]+$", "", _NUMBERED.sub("", plain))
    return re.sub(r"[\W_]+", "", _ABOUT.sub("", plain)).casefold()
