"""The date that a page gives itself: by its metas, beside a label such as 更新日, or alone near the title."""

import re
from datetime import datetime
from itertools import islice

from bs4 import Tag

from pipeline.sources.dates import read_date
from pipeline.sources.soup import Index, Span, one_line

Dated = tuple[datetime, bool]  # the instant, and whether it is a date only

_METAS = ("nsls:timestamp", "article:modified_time", "article:published_time", "dcterms.modified", "date")
_JSON_LD = re.compile(r'"date(?:Modified|Published)"\s{0,9}:\s{0,9}"([^"]{8,40})"')
_CHANGED = re.compile(r"(?:最終)?(?:更新|改訂)(?:年月)?日[付時]?|最終更新|更新(?=[ ]?[:：])")
_PUBLISHED = re.compile(r"(?:掲載|公開|登録|作成|発行|発表|投稿)(?:年月)?日[付時]?")
_LABEL = re.compile(f"{_CHANGED.pattern}|{_PUBLISHED.pattern}|[日)）] ?更新")
_NAMES = re.compile(r"(?:^|[-_])(?:update|date|day|hiduke|hizuke|koshin|kousin|posted|published|time)\d*(?:$|[-_])")
_REST_OF_A_DATE = re.compile(r"[\d年月日令和平成元./:：時分()（）\[\]［］\s〔〕火水木金土曜祝更新掲載公開-]+")
_MOST = 200  # labels that are looked at
_LONGEST = 1000  # characters of a tag that a selector named
_NEAR = 40  # characters between a label and the end of its date
_LABELLED = 120  # characters of the smallest tag around a label and its date
_SHORT = 40
_ITEMS = ("li", "a", "td", "th", "nav", "footer", "aside", "option")


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
    return (
        read_date(str(tag.get("datetime") or ""))
        or _behind(_CHANGED, words)
        or _behind(_PUBLISHED, words)
        or read_date(words)
    )


def by_label(index: Index) -> tuple[Tag, Dated] | None:
    """The smallest tag with a label and its date, one of a change first. Dates in lists, tables and menus are those of
    other things."""
    elsewhere = _elsewhere(index)
    labels = [string.parent for string in index.soup.find_all(string=_LABEL, limit=_MOST)]
    around = [
        (tag, one_line(tag))
        for label in labels
        if isinstance(label, Tag) and not index.covered(label, elsewhere)
        for tag in (label, *islice(label.parents, 2))
        if index.is_small(tag, _LABELLED)
    ]
    for tag, words in around:
        if date := _behind(_CHANGED, words) or (read_date(words) if is_date_alone(words) else None):
            return tag, date
    return next(((tag, date) for tag, words in around if (date := _behind(_PUBLISHED, words))), None)


def alone(index: Index, heading: Tag | None) -> tuple[Tag, Dated] | None:
    """A tag that is called a date, is one, and is the only one below the title."""
    elsewhere = _elsewhere(index)
    after = index.span[id(heading)][1] if heading else 0
    found: list[tuple[Tag, Dated]] = []
    for tag in index.tags:
        if index.span[id(tag)][0] < after or not index.is_small(tag, _SHORT):
            continue
        if not is_date_alone(index.said(tag)) and not tag.get("datetime"):
            continue
        names = (str(tag.get("id") or ""), *(tag.get("class") or ()), tag.name)
        if index.covered(tag, elsewhere) or not any(_NAMES.search(name.lower()) for name in names):
            continue
        if (date := in_tag(tag)) and not (found and index.inside(tag, found[-1][0])):
            found.append((tag, date))
    return found[0] if len(found) == 1 else None


def is_date_alone(words: str) -> bool:
    """Whether the words are a date and nothing else."""
    return bool(words) and len(words) <= _SHORT and not _REST_OF_A_DATE.sub("", words)


def _elsewhere(index: Index) -> list[Span]:
    return index.spans(tag for name in _ITEMS for tag in index.names[name])


def _behind(label: re.Pattern[str], words: str) -> Dated | None:
    return next((date for found in label.finditer(words) if (date := read_date(words[found.end() :][:_NEAR]))), None)
