"""お問い合わせ先: the block that names a department, the department, and its telephone."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from bs4 import Tag
from msgspec import Struct

from pipeline.sources.soup import Index, Span, readable

# Headings of the block: certain when they speak of the page, probable when they only say お問い合わせ.
_OF_THE_PAGE = re.compile(
    r"[■◆●【＜<]*この(?:ページ|記事|情報|ホームページ|内容)(?:に関する|に関して|についての?|へ?の|を|に).{0,10}?"
    r"(?:お?問い?合わ?せ(?:先|窓口)?|作成.{0,6}|担当.{0,6}|発信元|掲載元|照会先|ご?連絡先|ご意見.{0,12})[】＞>：:]*(?:はこちら)?"
)
_PLAIN = re.compile(r"[■◆●【＜<]*(?:お?問い?合わ?せ(?:先|窓口)?|担当(?:課|部署|窓口)|ご?連絡先|照会先)[】＞>：:]*")
_HALF = re.compile(
    r"この(?:ページ|記事|情報|ホームページ|内容)(?:に関する|に関して|についての?|へ?の|を|に)"
)  # before a line break
_BLOCK_NAMES = re.compile(
    r"(?:^|[-_ ])(?:o?toiawase(?:saki)?|inquiry|contacts?|reference|author)(?:[-_ ]|$)", re.IGNORECASE
)
_LABEL = re.compile(r"(?:所属課室|所属|部署名?|担当(?:課|部署|所属|者)?|課名|作成者)[ ]?[：:][ ]?")
_NAMED_LABEL = re.compile(r"(?:お?問い?合わ?せ先?|連絡先)[ ]?[：:][ ]?")
_ORGANISATION = re.compile(
    r"[^0-9０-９@＠〒：:。]{0,40}(?:部|局|課|室|係|所|班|署|館|園|校|院|場|庁|会|グループ|センター|チーム|本部|担当|公社|協会|財団|役場)"
    r"(?:[（(「][^）)」]{1,30}[）)」])?"
)
_REST = re.compile(
    r"[ \u3000]*(?:[（(【]?(?:電話|TEL|ファ|FAX|内線|直通|代表)|[〒☎📞]|[（(]?0[0-9]{1,4}[-(（－]).*", re.IGNORECASE
)
_HEADING_SIZE = 30
_BLOCK_SIZE = 600
_ELSEWHERE = ("header", "footer", "nav", "a", "li")
_CERTAIN, _CALLED, _SAYS_SO = range(3)
_LEVELS = 4
_NEAR = 4  # tags around a heading that are looked at
_MOST = 100  # candidates that are looked at
_HEADINGS = ("h2", "h3", "h4", "h5", "h6", "p", "div", "dt", "strong", "span", "th", "caption")
_LONGEST = 2000  # characters of a block that are looked at; a longer one is none
_DASH = "[-‐-―−ーｰ]"
_GAP = rf"[ ]?(?:{_DASH}|[()])[ ]?"
# 06-6902-1231, (06)6902-1231, 072(885)1231, 0120-123-456, 050-1234-5678 or ten digits; NFKC has made the digits plain.
_NUMBER = re.compile(
    rf"(?<![0-9])(?:(0[0-9]{{1,4}}){_GAP}([0-9]{{1,4}}){_GAP}([0-9]{{3,4}})|0[1-9][0-9]{{8}})(?![0-9])"
)
# An office's: nine digits after the 0, free of charge, or over the internet. 060 to 090 with eight digits is somebody's own.
_OFFICE = re.compile(r"0[1-9][0-9]{8}|0800[0-9]{7}|050[0-9]{8}")
_FACSIMILE = re.compile(r"(?:fax|ファッ?ク(?:ス|シミリ))[^0-9\n]{0,12}$", re.IGNORECASE)


class Block(Struct, frozen=True):
    """`is_chrome` says that the template wrote it; else it may be a section of the article that only says お問い合わせ."""

    tag: Tag
    department: str
    is_chrome: bool


def block(index: Index, heading: Tag | None, chrome: Sequence[Span]) -> Block | None:
    """The page's block of contact and the department that it names, by what it says and how it is called.

    A block in the head, foot or menu of the page is the city's; one before the title is no article's.
    """
    after = index.span[id(heading)][1] if heading is not None else 0
    found: list[Block | None] = [None, None, None]  # certain, called so, below a heading that says so
    for tag, kind in islice(_candidates(index, after, chrome), _MOST):
        name = department(readable(tag), is_certain=kind == _CERTAIN)
        if found[kind] is None and (name or (kind == _CALLED and _PLAIN.match(index.said(tag, _HEADING_SIZE)))):
            found[kind] = Block(tag, name, kind != _SAYS_SO or "。" not in index.said(tag))
            if kind == _CERTAIN:
                break
    return next(filter(None, found), None)


def _candidates(index: Index, after: int, chrome: Sequence[Span]) -> Iterator[tuple[Tag, int]]:
    outside = index.spans(tag for name in _ELSEWHERE for tag in index.names[name])
    seen: set[int] = set()
    for tag in index.tags:
        if index.span[id(tag)][0] < after or not index.is_small(tag, _BLOCK_SIZE) or index.covered(tag, outside):
            continue
        said = index.said(tag, _HEADING_SIZE + 1)
        is_certain = _OF_THE_PAGE.fullmatch(said) is not None
        if tag.name in _HEADINGS and (is_certain or (tag.name != "span" and _PLAIN.fullmatch(said))):
            around = next((one for one in islice(tag.parents, _NEAR) if index.size(one) > index.size(tag) + 1), tag)
            begins = index.said(around, len(said)) == said and index.span[id(around)][0] > after
            if not is_certain and index.covered(tag, chrome):
                continue
            if begins and id(around) not in seen and index.is_small(around, _BLOCK_SIZE):
                seen.add(id(around))
                yield around, _CERTAIN if is_certain else _SAYS_SO
        names = (str(tag.get("id") or ""), *(tag.get("class") or ()))
        if any(_BLOCK_NAMES.search(name) for name in names):
            yield tag, _CALLED


def department(text: str, *, is_certain: bool = False) -> str:
    """The department in the lines of a block: without its heading and label, its levels together; "" when it names none.

    When the block is certainly one, its first line is the department, whatever it is called.
    """
    levels: list[str] = []
    for line in text.split("\n"):
        words = line.strip("・／/ \u3000")
        if not levels and any(kind.fullmatch(words) for kind in (_OF_THE_PAGE, _PLAIN, _HALF)):
            continue
        words = _REST.sub("", _NAMED_LABEL.sub("", _LABEL.sub("", words)), count=1)
        if _ORGANISATION.fullmatch(words) and len(levels) < _LEVELS:
            levels.append(words)
        elif levels:
            break
        elif is_certain and words:
            return words
    return " ".join(levels)


def telephone(text: str) -> str:
    """The first telephone number of a block, digits with single hyphens ("06-6902-1231"); "" when it names none.

    Never a mobile number, which is somebody's own, nor the one for facsimiles.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST])
    for found in _NUMBER.finditer(plain):
        number = "-".join(part for part in found.groups() if part) or found[0]
        before = plain[max(0, found.start() - 20) : found.start()]
        if _OFFICE.fullmatch(number.replace("-", "")) and not _FACSIMILE.search(before):
            return number
    return ""
