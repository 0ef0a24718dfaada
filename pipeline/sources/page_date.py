"""The date that a page gives itself: by its metas, beside a label such as 更新日, or alone near the title."""

import re
from datetime import datetime
from itertools import islice

from bs4 import Tag

from pipeline.characters import clean
from pipeline.sources.dates import read_date
from pipeline.sources.soup import Index, names_of, one_line

Dated = tuple[datetime, bool]  # the instant, and whether it is a date only

_METAS = (
    "nsls:timestamp", "article:modified_time", "article:published_time", "dcterms.modified", "dc.date.modified", "dcterms.date",
    "dc.date", "last-modified", "lastmod", "pubdate", "date",
)  # fmt: skip
_JSON_LD = re.compile(r'"date(?:Modified|Published)"\s{0,9}:\s{0,9}"([^"]{8,40})"')
_CHANGED = re.compile(
    r"(?:最終)?(?:更新|改訂)(?:年月)?日[付時]?|最終更新|更新(?=[ ]?[:：])|(?i:last (?:updated|modified))"
)
_PUBLISHED = re.compile(r"(?:掲載|公開|登録|作成|発行|発表|投稿)(?:年月)?日[付時]?")
_BEHIND = re.compile(r"[日)）][ \u3000]?に?(?:更新|掲載|公開)")  # 2026年11月20日更新
_LABEL = re.compile(f"{_CHANGED.pattern}|{_PUBLISHED.pattern}|{_BEHIND.pattern}")
_NAMES = re.compile(r"(?:^|[-_])(?:update|date|day|hiduke|hizuke|koshin|kousin|posted|published|time)\d*(?:$|[-_])")
_REST_OF_A_DATE = re.compile(r"[\d年月日令和平成元./:：・時分()（）\[\]［］\s〔〕火水木金土曜祝更新掲載公開-]+")
_MOST = 200  # labels that are looked at
_LONGEST = 1000  # characters of a tag that a selector named
_NEAR = 40  # characters between a label and the end of its date
_LABELLED = 120  # characters of the smallest tag around a label and its date
_SHORT = 40
_DAY_ALONE = re.compile(r"[\[［(（]?[0-9年月日令和平成元./()（）-]{8,24}[\]］)）]?(?:掲載|公開|更新)?[)）]?")
_MENUS = ("li", "a", "nav", "aside", "option")
_CELLS = ("td", "th")


def by_meta(index: Index) -> Dated | None:
    """What the page's head says."""
    for name in _METAS:
        if date := read_date(index.meta(name)):
            return date
    for script in index.names["script"]:
        if script.get("type") == "application/ld+json":
            dates = [date for found in _JSON_LD.finditer(script.get_text()) if (date := read_date(found[1]))]
            if dates:
                return max(dates)
    return None


def in_tag(tag: Tag) -> Dated | None:
    """The date that a tag holds for itself: behind a label for the last change, behind another, or the first."""
    words = one_line(tag)[:_LONGEST]
    told = read_date(str(tag.get("datetime") or ""))
    return told or _behind(_CHANGED, words) or _behind(_PUBLISHED, words) or read_date(words)


def by_label(index: Index) -> tuple[Tag | None, Dated] | None:
    """A label and its date, one of a change first, and the smallest tag around both if they have one for themselves.

    Dates in lists and menus are those of other things; in tables and in the foot of the site only what is a label and its
    date alone counts, and last.
    """
    items = {id(item) for item in index.names["li"] if index.is_small(item, _SHORT) and is_dated_line(one_line(item))}
    menus = index.spans(tag for tag in index.named(_MENUS) if id(tag) not in items)
    outside = index.spans([*index.named(_CELLS), *index.feet()])
    inside: list[_Words] = []
    elsewhere: list[_Words] = []
    for string in index.soup.find_all(string=_LABEL, limit=_MOST):
        label = string.parent
        if not isinstance(label, Tag) or index.covered(label, menus):
            continue
        tags = [tag for tag in (label, *islice(label.parents, 2)) if index.is_small(tag, _LABELLED)]
        around: list[_Words] = [(tag, one_line(tag)) for tag in tags] or [(None, clean(str(string)[:_LABELLED]))]
        if index.covered(label, outside):
            elsewhere += [found for found in around if is_dated_line(found[1])]
        else:
            inside += around
    for some in (inside, elsewhere):
        for date_in in (_changed, _published):
            if found := next(((tag, date) for tag, words in some if (date := date_in(words))), None):
                return found
    return None


_Words = tuple[Tag | None, str]


def _changed(words: str) -> Dated | None:
    return _behind(_CHANGED, words) or (read_date(words) if "更新" in words and is_date_alone(words) else None)


def _published(words: str) -> Dated | None:
    return _behind(_PUBLISHED, words) or (read_date(words) if is_date_alone(words) else None)


def alone(index: Index, heading: Tag | None) -> tuple[Tag | None, Dated] | None:
    """A tag that is nothing but a day right beside the title; else one that is called a date, is one, and is the only one
    below the title."""
    elsewhere = index.spans([*index.named((*_MENUS, *_CELLS)), *index.feet()])
    after = index.span[id(heading)][1] if heading else 0
    beside: list[tuple[Tag | None, Dated]] = []
    found: list[tuple[Tag, Dated]] = []
    for tag in index.tags:
        if not index.is_small(tag, _SHORT) or index.covered(tag, elsewhere):
            continue
        said = index.said(tag)
        if not is_date_alone(said) and not tag.get("datetime"):
            continue
        date = in_tag(tag)
        if date is None:
            continue
        is_beside = heading and (index.follows(tag, heading) or index.follows(heading, tag))
        if is_beside and _DAY_ALONE.fullmatch(said):
            beside.append((tag, date))
        is_called_so = any(_NAMES.search(name.lower()) for name in (*names_of(tag), tag.name))
        if is_called_so and index.span[id(tag)][0] >= after and not (found and index.inside(tag, found[-1][0])):
            found.append((tag, date))
    return beside[0] if beside else found[0] if len(found) == 1 else None


def is_day_alone(line: str) -> bool:
    """Whether the line is a day and nothing else, neither its weekday nor a time, which belong to what takes place."""
    return _DAY_ALONE.fullmatch("".join(line.split())) is not None and read_date(line) is not None


def is_dated_line(words: str) -> bool:
    """Whether the words are a label with its date and nothing else."""
    words = words.lstrip("・ ")
    label = next(filter(None, (kind.match(words) for kind in (_CHANGED, _PUBLISHED))), None)
    return is_date_alone(words[label.end() :] if label else words)


def is_date_alone(words: str) -> bool:
    """Whether the words are a date and nothing else."""
    return bool(words) and len(words) <= _SHORT and not _REST_OF_A_DATE.sub("", words)


def _behind(label: re.Pattern[str], words: str) -> Dated | None:
    return next((date for found in label.finditer(words) if (date := read_date(words[found.end() :][:_NEAR]))), None)
