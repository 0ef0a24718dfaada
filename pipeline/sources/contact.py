"""お問い合わせ先: the block that names a department, the department, and its telephone."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from bs4 import Tag
from msgspec import Struct

from pipeline.sources.soup import Index, Span, names_of, readable

# Headings of the block: certain when they speak of the page, probable when they only say お問い合わせ.
_THIS_PAGE = r"この(?:ページ|記事|情報|ホームページ|内容)(?:に関する|に関して|についての?|へ?の|を|に)"
_HALF = re.compile(_THIS_PAGE)  # before a line break
_OF_THE_PAGE = re.compile(
    rf"[■◆●【＜<]*{_THIS_PAGE}.{{0,10}}?"
    r"(?:お?問い?合わ?せ(?:先|窓口)?|作成.{0,6}|担当.{0,6}|発信元|掲載元|照会先|ご?連絡先|ご意見.{0,12})[】＞>：:]*(?:はこちら)?"
)
_PLAIN = re.compile(
    r"[■◆●【＜<]*(?:お?問い?合わ?せ?(?:先|窓口)?|担当(?:課|部署|組織|窓口)|ご?連絡先|照会先|(?:情報)?発信元)[】＞>：:]*"
)
_BLOCK_NAMES = re.compile(
    r"(?:^|[-_ ]|(?<=[a-z])(?=[A-Z]))(?i:o?toiawase(?:saki)?|inquir(?:y|ies)|contacts?|author|renraku(?:saki)?)(?:[-_ ]|$|(?=[A-Z]))"
    r"|(?:^|[-_ ])reference(?:[-_ ]|$)"
)
_LABEL = re.compile(
    r"[■◆●◎○【（(＜<《［\[]*(?:この(?:ページ|記事)の)?"
    r"(?:所属課室|所属|組織名?|部署名?|課名|担当(?:課|部署|所属|組織|者|部|室)?|作成(?:課|部署|者)|(?:情報)?発信元|所管(?:課|部署)?|主管課"
    r"|お?問い?合わ?せ?(?:先|窓口)?(?:は(?:こちら)?)?|問|ご?連絡先|照会先)(?:[】）)＞>》］\]]+|[ ]?[：:/／・]|\u3000)[ \u3000]?"
)
_ORGANISATION = re.compile(
    r"[^0-9０-９@＠〒：:。]{0,40}(?:部|局|課|室|係|所|班|署|館|園|校|院|場|庁|会|グループ|センター|チーム|本部|担当|公社|協会|財団|役場)"
    r"(?:[（(「][^）)」]{1,30}[）)」])?"
)
_REST = re.compile(
    r"[ \u3000]*(?:[（(【/／]?[ ]?(?:電話|TEL|ファ|FAX|内線|直通|代表)|[〒☎📞]|[（(]?0[0-9]{1,4}[-(（－]).*",
    re.IGNORECASE,
)
# What stands in a block beside the department.
_DETAIL = re.compile(
    r"""[・（(]?(?:
        〒 | [☎📞] | 携帯 | 郵便番号 | 住所 | 所在地 | 電話 | TEL | FAX | ファ | 内線 | 直通 | 代表 | E-?mail | E?メール | 電子メール | URL
      | ホームページ | 担当 | (?:開庁|受付|業務|執務)時間
      | [（(]?0[0-9０-９]{1,4}[-(（)）－‐−―][-0-9０-９()（）－‐−―\ ]{5,12} | [\w.+-]{1,40}@
      | .{0,20}[都道府県市区町村].{1,20}[0-9０-９]{1,4}(?:番地?|号|[-－‐−][0-9０-９]{1,3})
      | お?問い?合わ?せ(?:の際|いただ) | (?:平日|月曜).{0,40}時 | [（(][^（(]{0,40}(?:を除く|休み?)[）)]
      | .{0,12}お?問い?合わ?せ(?:は|用|専用|先)?.{0,20}(?:フォーム|メール|こちら) | (?:メール|フォーム).{0,20}(?:こちら|問い?合わ?せ)
    ).*""",
    re.VERBOSE | re.IGNORECASE,
)
_COPYRIGHT = re.compile(r".{0,20}(?:Copyright|©|\(C\)|All Rights? Reserved).*", re.IGNORECASE)
_OFFICE_OF_SITE = re.compile(r".{1,12}(?:[市区]役所|[町村]役場|[都道府県]庁)(?:本庁舎?)?(?:[（(].{1,20}[）)])?")
_OF_SITE = re.compile(r"代表|(?:開庁|業務|執務)時間|法人番号")
_CITY = re.compile(r"[市町村区県]|City|Town|Village")
_LONGEST_DETAIL = 120  # characters of a line
_ASKS = re.compile(r"[：:】]$|申し?込み?|予約|応募|提出|送付|連絡|通報|受付")  # what follows belongs to the article
_SIGNS = re.compile(r"[部局課室係班]|グループ|チーム|担当|センター|役場")  # who signs an article
_LINES = 20  # of a block
_HEADING_SIZE = 30
_BLOCK_SIZE = 600
_ELSEWHERE = ("header", "nav", "a", "li")
_CERTAIN, _CALLED, _SAYS_SO = range(3)
_LEVELS = 4
_NEAR = 4  # tags around a heading that are looked at
_MOST = 100  # candidates that are looked at
_HEADINGS = ("h2", "h3", "h4", "h5", "h6", "p", "div", "strong", "span", "caption")
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
    outside, feet = index.spans(index.named(_ELSEWHERE)), index.spans(index.feet())
    seen: set[int] = set()
    for tag in index.tags:
        if index.span[id(tag)][0] < after or not index.is_small(tag, _BLOCK_SIZE) or index.covered(tag, outside):
            continue
        said = index.said(tag, _HEADING_SIZE + 1)
        is_certain = _OF_THE_PAGE.fullmatch(said) is not None
        if not is_certain and index.covered(tag, feet):
            continue
        if tag.name in _HEADINGS and (is_certain or (tag.name != "span" and _PLAIN.fullmatch(said))):
            around = next((one for one in islice(tag.parents, _NEAR) if index.size(one) > index.size(tag) + 1), tag)
            begins = index.said(around, len(said)) == said and index.span[id(around)][0] > after
            if not is_certain and index.covered(tag, chrome):
                continue
            if begins and id(around) not in seen and index.is_small(around, _BLOCK_SIZE):
                seen.add(id(around))
                yield around, _CERTAIN if is_certain else _SAYS_SO
        if any(map(_BLOCK_NAMES.search, names_of(tag))):
            yield tag, _CALLED


def department(text: str, *, is_certain: bool = False) -> str:
    """The department in the lines of a block: without its heading and label, its levels together; "" when it names none.

    When the block is certainly one, its first line is the department, whatever it is called.
    """
    levels: list[str] = []
    for line in text.split("\n"):
        if not levels and (_is_heading(line) or _HALF.fullmatch(_bare(line))):
            continue
        words = _named(_bare(line))
        if _ORGANISATION.fullmatch(words) and len(levels) < _LEVELS:
            levels.append(words)
        elif levels:
            break
        elif is_certain and words:
            return words
    return " ".join(levels)


class Lines(Struct, frozen=True):
    """The lines of an article without those of its block of contact, and what that block says, whole and in parts."""

    article: list[str]
    department: str = ""
    tel: str = ""
    block: str = ""


def without(lines: list[str], *, is_known: bool = False) -> Lines:
    """Finds the block where nothing but lines tells it: below a heading that is no part of anything, or behind a label.

    One at the beginning or at the end of the article is taken out; one in its middle is a part of the article. When the
    department `is_known`, only what is left of its block at the end goes.
    """
    end = _end(lines)
    foot, lines = lines[end:], lines[:end]
    for start, line in enumerate(lines):
        is_heading = _is_heading(line)
        if not is_heading and not _names_department(line):
            continue
        last = min(end, start + _LINES)
        stop = next((n for n in range(start + 1, last) if not _is_detail(lines[n])), last)
        name, tel = department("\n".join(lines[start:stop])), telephone("\n".join(lines[start:stop]))
        if name and (tel or not is_heading):
            if start and is_heading and not is_known and _are_links(lines[stop:]):
                stop = end
            if stop < end and start:
                return Lines(lines, name, tel, "\n".join(foot))
            left = [*lines[:start], *lines[stop:]]
            start_again = len(left) if tel else _signature(left, is_known=True)
            block = "\n".join([*lines[start:stop], *left[start_again:], *foot])
            return Lines(left[:start_again], name, tel or telephone("\n".join(left[start_again:])), block)
    start = _signature(lines, is_known=is_known)
    signed = "\n".join(lines[start:])
    return Lines(lines[:start], department(signed), telephone(signed), "\n".join([*lines[start:], *foot]))


def _are_links(lines: list[str]) -> bool:
    """Whether lines behind a block are the template's: links, and what they are called together."""
    others = [line for line in lines if not line.startswith("・")]
    return len(others) < len(lines) and all(len(line) <= _HEADING_SIZE // 2 for line in others)


def _end(lines: list[str]) -> int:
    """Where the foot of the site begins, when the article's part holds it: the office's name or address, and behind it what
    only an office says of itself."""
    end = next((number for number, line in enumerate(lines) if _COPYRIGHT.fullmatch(line)), len(lines))
    for place in range(end - 1, -1, -1):
        if _OFFICE_OF_SITE.fullmatch(lines[place].strip("・ \u3000")):
            return end if place and _is_heading(lines[place - 1]) else place
        if not _is_detail(lines[place]):
            break
    for place in range(max(0, end - _LINES), end):
        if lines[place].startswith("〒") and any(_OF_SITE.search(line) for line in lines[place : place + 5]):
            is_named = place and len(lines[place - 1]) <= _HEADING_SIZE and _CITY.search(lines[place - 1])
            return place - 1 if is_named and not _is_organisation(lines[place - 1]) else place
    return end


def _signature(lines: list[str], *, is_known: bool) -> int:
    """Where a department with its telephone number ends an article, without any heading; the number of lines if none does.
    Several offices or halls with their numbers are what the article is about."""
    start = len(lines)
    while start and _is_detail(lines[start - 1]):
        start -= 1
    offices = [place for place in range(start, len(lines)) if _is_organisation(lines[place])]
    if (start and _ASKS.search(lines[start - 1])) or len(offices) > 1 or not telephone("\n".join(lines[start:])):
        return len(lines)
    if offices:
        return offices[0] if _SIGNS.search(lines[offices[0]]) else len(lines)
    if not is_known:
        return len(lines)
    places = (place for place in range(start, len(lines)) if telephone("\n".join(lines[place : place + 2])))
    return next(places, len(lines))


def _bare(line: str) -> str:
    return line.strip("・／/ \u3000")


def _named(line: str) -> str:
    """Who is named in a line, without the label before and the number behind."""
    return _REST.sub("", _LABEL.sub("", line, count=1), count=1).strip(" \u3000（(")


def _is_organisation(line: str) -> bool:
    return _ORGANISATION.fullmatch(_named(line).strip("・／/ \u3000（(")) is not None


def _is_heading(line: str) -> bool:
    return any(kind.fullmatch(_bare(line)) for kind in (_OF_THE_PAGE, _PLAIN))


def is_labelled(words: str) -> bool:
    """Whether a department is named behind a label, with or without something else before it."""
    return any(_LABEL.match(part) or _PLAIN.fullmatch(part) for part in re.split(r"[ \u3000]", words))


def _names_department(line: str) -> bool:
    return _LABEL.match(line.strip("・ ")) is not None and "。" not in line and len(line) <= _LONGEST_DETAIL


def _is_detail(line: str) -> bool:
    is_one = any(kind.fullmatch(_bare(line)) for kind in (_DETAIL, _HALF))
    return len(_bare(line)) <= _LONGEST_DETAIL and (is_one or _is_heading(line) or _is_organisation(line))


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
