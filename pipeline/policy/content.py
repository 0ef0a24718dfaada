"""Art. 8: what may be posted, and on which number of the article it stands. Art. 10: what is somebody else's."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from pipeline.article import Entry, article_id
from pipeline.config import Category, Content
from pipeline.decision import Basis, Reason
from pipeline.late import late

# How a text shows that it quotes: lines that begin with ">", the words for it, whole sentences or long passages in brackets
# (「集まれ！」 is a title).
QUOTATION = late(r"^[^\S\n]*[>＞].+|引用|転載|抜粋", re.MULTILINE)
BRACKETED = late(r"[「『]([^」』]*)[」』]")
LONG_PASSAGE = 40  # characters
LEVEL = late(r"レベル\s*([1-5])")
GARBLED = late("\ufffd|[\x80-\x9f]|(?:[縺繧繝譁][^\\s。、]?){3}|(?:[ãæçåéè][\xa0-\xff]){2}")
SNS_SHOW = 2  # reserve.sns_display of SMART CMS: 1 = 表示しない, 2 = 表示する, None = not set


def excluded(entry: Entry, content: Content) -> tuple[Reason, str] | None:
    """Why an entry is not for LINE: excluded path, words of the title, tag, or the CMS's own switch; None if it is."""
    for reason, excludes, fits in (
        (Reason.EXCLUDED_PATH, content.exclude_paths, _path(entry.url).startswith),
        (Reason.EXCLUDED_TITLE, content.exclude_titles, entry.title.__contains__),
        (Reason.EXCLUDED_TAG, content.exclude_tags, entry.tags.__contains__),
    ):
        if found := next(filter(fits, excludes), ""):
            return reason, found
    display, mode = entry.sns_display, content.sns_display
    if display != SNS_SHOW and (mode == "require" or (mode == "honour-off" and display is not None)):
        return Reason.SNS_OFF, f"sns_display={display}"
    return None


@lru_cache(maxsize=4096)
def emergency_word(title: str, words: tuple[str, ...]) -> str:
    """The first of the emergency words that a title holds, in any width of letters and however spaced ("" for none)."""
    plain = _unspaced(title)
    return next((word for word in words if _unspaced(word) in plain), "")


def _unspaced(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    if plain.isalnum():
        return plain
    return "".join(sign for sign in plain if not sign.isspace() and unicodedata.category(sign) != "Cf")


def mark(title: str, text: str = "") -> str:
    """What makes two reports the same: title and text without white space and width of letters."""
    return article_id("".join(unicodedata.normalize("NFKC", title + "\n" + text).split()))


def signals(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """The emergency words and levels (警戒レベル4) of a text, and 解除: what a report that changes little may newly say."""
    plain = unicodedata.normalize("NFKC", text)
    found = {word for word in (*words, "解除") if unicodedata.normalize("NFKC", word) in plain}
    return tuple(sorted(found | {f"レベル{level}" for level in LEVEL.findall(plain)}))


def is_garbled(text: str) -> bool:
    """Whether a text was read in the wrong encoding: replacement characters, or the usual wreckage of UTF-8."""
    return GARBLED.search(text) is not None


def quotes(text: str) -> str:
    """How a manual text shows that it quotes ("" if it does not): names, titles and dates in brackets are no quotations."""
    found = QUOTATION.search(text)
    # What stands behind the last closing bracket is left out: it would be looked through again for each opening one.
    closed = text[: max(text.rfind("」"), text.rfind("』")) + 1]
    passages = (one for one in BRACKETED.finditer(closed) if one[1].endswith("。") or len(one[1]) >= LONG_PASSAGE)
    found = min(filter(None, (found, next(passages, None))), key=lambda one: one.start(), default=None)
    return found[0].strip()[:20] if found else ""


def category_of(url: str, content: Content) -> Category | None:
    """The first category one of whose paths begins the article's path."""
    path = _path(url)
    return next((category for category in content.categories if path.startswith(category.paths)), None)


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)


def basis_of(url: str, emergency: bool, content: Content) -> Basis:
    """The number of Art. 8 that an article of the homepage stands on."""
    if emergency:
        return "8(3)"
    category = category_of(url, content)
    return category.basis if category else "8(1)"
