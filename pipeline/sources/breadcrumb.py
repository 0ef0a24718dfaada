"""The way from the home page to an article, as pages show it: lists, links with > between, or bare text."""

import re
from collections.abc import Iterator

from bs4 import Tag

from pipeline.characters import clean
from pipeline.sources.soup import Index, is_read, names_of, one_line, readable, walk
from pipeline.sources.titles import squeezed

_NAMES = re.compile(
    r"(?:^|[-_])(?:pankuzu|pankuzu_?(?:list|navi)|bread_?crumbs?(?:list)?|crumbs?|topic_?s?path|tpath|pan_?list)(?:$|[-_])"
)
_SEPARATORS = re.compile(r"[>＞»›→≫]+|(?<=\s)[/／|｜](?=\s)")
_LABEL = re.compile(
    r"(?:現在の?(?:位置|ページ|地)|ここ|パンくず(?:リスト)?|本文|you are here)(?:[：:]\s*|$)", re.IGNORECASE
)
_HOME = re.compile(
    r"(?P<label>[■◆▶]?現在の?(?:位置|ページ|地))|(?:ホーム|トップ(?:ページ)?|HOME|TOP(?:PAGE)?)(?P<mark>[>＞»›→≫])?",
    re.IGNORECASE,
)
_SHORT = 300  # characters of one that is called nothing
_PARTS = ("p", "ul", "ol", "div", "dl", "span", "td", "nav")
_LONGEST = 1500  # characters; a longer one is a menu that is called so
_MOST = 20


def candidates(index: Index) -> Iterator[Tag]:
    """What is called so, or says so, in the order of the document."""
    for tag in index.tags:
        if not index.is_small(tag, _LONGEST):
            continue
        said = f"{tag.get('itemtype') or ''} {tag.get('aria-label') or ''}".lower()
        if any(_NAMES.search(name.lower()) for name in names_of(tag)) or "breadcrumb" in said or "パンくず" in said:
            yield tag


def unnamed(index: Index, title: str) -> Iterator[Tag]:
    """What is called nothing and begins at the home page: with marks between its links, or with the article's title at its end."""
    end = squeezed(title)
    for tag in index.tags:
        if tag.name not in _PARTS or not index.is_small(tag, _SHORT) or not index.linked(tag):
            continue
        home = _HOME.match(index.said(tag, _SHORT))
        if home and (home["label"] or home["mark"] or (end and index.said(tag).casefold().endswith(end))):
            yield tag


def places(tag: Tag) -> tuple[str, ...]:
    """The names along the way: one a list item where there are any, else one a link and one a text between separators."""
    items = tag.find_all("li")
    parts = [one_line(item) for item in items] if items else list(_pieces(tag))
    names = [clean(_SEPARATORS.sub(" ", part)).removeprefix("・").strip() for part in parts]
    names = [name[found.end() :] if (found := _LABEL.match(name)) else name for name in names]
    return tuple(name for name in names if name)[:_MOST]


def _pieces(tag: Tag) -> Iterator[str]:
    """Links whole, whatever stands in them; the text between them divided."""
    between = ""
    link: Tag | None = None
    for node, leaving in walk(tag):
        if isinstance(node, Tag):
            if node.name == "a" and not leaving and link is None:
                yield from _SEPARATORS.split(between)
                between, link = "", node
                yield readable(node)
            elif leaving and node is link:
                link = None
        elif link is None and is_read(node):
            between += f"{node}"
    yield from _SEPARATORS.split(between)
