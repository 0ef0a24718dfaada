"""HTML as people wrote it, and the readable text inside. Everything here is linear, however tags are nested."""

import re
import warnings
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from math import inf
from operator import itemgetter

from bs4 import BeautifulSoup, CData, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import PageElement, PreformattedString

from pipeline.characters import clean, clean_lines

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is what many CMSs still write
warnings.filterwarnings(
    "ignore", category=MarkupResemblesLocatorWarning
)  # what is nothing but an address is a page, too

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
))  # fmt: skip
_UNREAD = frozenset((
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "audio", "video", "map",
    "button", "select", "textarea", "input", "img", "rp", "title", "datalist",
))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_OF_TABLES = frozenset(("table", "tr", "td", "th", "h1", "h2", "h3", "h4"))
_BLANKS = re.compile(r"[ \t\r\n\f]+")  # what HTML folds; the full-width space is not one of them
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SIMPLE = re.compile(r"([a-z][a-z0-9]*)?((?:[#.][\w-]+)*)")

_FEW_NODES = 400

Span = tuple[int, int]


def parse(text: str) -> BeautifulSoup:
    """The document; any text gives one. HTML's parser would show each NUL as a sign for what it could not read."""
    return BeautifulSoup(text.replace("\0", ""), "lxml")


class Index:
    """The tags of a document by name, id and class, where each stands, and what it says, found in one walk: a CSS selector
    walks the whole page each time, and the text of each of many tags inside each other would be read as often.

    `span` gives a tag's first and last place in the order of the document, by `id(tag)`; `layout` holds the tables that put
    parts of the page beside each other: with headings or other tables in them, or no row of several cells.
    """

    def __init__(self, soup: BeautifulSoup) -> None:
        self.soup = soup
        self.names: defaultdict[str, list[Tag]] = defaultdict(list)
        self.classes: defaultdict[str, list[Tag]] = defaultdict(list)
        self.ids: dict[str, Tag] = {}
        self.roles: dict[str, Tag] = {}
        self.tags: list[Tag] = []
        self.span: dict[int, Span] = {}
        self._said: dict[int, Span] = {}
        self.layout: set[int] = set()
        self._linked: dict[int, int] = {}
        place = said = linked = links = unread = 0
        letters: list[str] = []
        opened: list[Span] = []
        tables: list[_Table] = []
        for node, leaving in walk(soup):
            place += 1
            if not isinstance(node, Tag):
                if not unread and is_read(node):
                    letters.append("".join(str(node).split()))
                    said += len(letters[-1])
                    linked += len(letters[-1]) if links else 0
                continue
            if node.name in _OF_TABLES:
                self._table(node, tables, leaving=leaving)
            links += (node.name == "a") * (-1 if leaving else 1)
            unread += _is_unread(node) * (-1 if leaving else 1)
            if leaving:
                self.span[id(node)] = (self.span[id(node)][0], place)
                start, linked_before = opened.pop()
                self._said[id(node)] = (start, said)
                self._linked[id(node)] = linked - linked_before
            else:
                self.span[id(node)] = (place, place)
                opened.append((said, linked))
                self._enter(node)
        self._letters = "".join(letters)

    def _table(self, tag: Tag, tables: list["_Table"], *, leaving: bool) -> None:
        if leaving and tag.name == "table":
            table = tables.pop()
            if table.is_layout or table.widest == 1:
                self.layout.add(id(tag))
        elif not leaving:
            if tables:
                tables[-1].enter(tag.name)
            if tag.name == "table":
                tables.append(_Table())

    def said(self, tag: Tag, most: int | None = None) -> str:
        """The visible text of a tag without blanks; at most `most` characters of it."""
        start, end = self._said[id(tag)]
        return self._letters[start : end if most is None else min(end, start + most)]

    def size(self, tag: Tag) -> int:
        """The number of visible characters in a tag, blanks not counted."""
        start, end = self._said[id(tag)]
        return end - start

    def linked(self, tag: Tag) -> int:
        """How many of them stand in links."""
        return self._linked[id(tag)]

    def distance(self, before: Tag, tag: Tag) -> float:
        """The number of visible characters between two tags; without end when the second does not stand behind the first."""
        letters = self._said[id(tag)][0] - self._said[id(before)][1]
        return letters if letters >= 0 else inf

    def follows(self, tag: Tag, before: Tag) -> bool:
        """Whether no visible text stands between two tags."""
        return self._said[id(tag)][0] == self._said[id(before)][1]

    def is_small(self, tag: Tag, letters: int) -> bool:
        """Whether a tag says something, not more than that, and holds few tags: small enough to be looked at closely."""
        start, end = self.span[id(tag)]
        return 0 < self.size(tag) <= letters and end - start <= _FEW_NODES

    def _enter(self, tag: Tag) -> None:
        self.tags.append(tag)
        self.names[tag.name].append(tag)
        attributes = tag.attrs
        if attributes:
            for name in attributes.get("class") or ():
                self.classes[name].append(tag)
            if "id" in attributes:
                self.ids.setdefault(str(attributes["id"]), tag)
            if "role" in attributes:
                self.roles.setdefault(str(attributes["role"]), tag)

    def first(self, name: str) -> Tag | None:
        """The first tag of that name."""
        return next(iter(self.names[name]), None)

    def named(self, names: Iterable[str]) -> list[Tag]:
        """The tags of these names."""
        return [tag for name in names for tag in self.names[name]]

    def feet(self) -> list[Tag]:
        """The feet of the site; that of an article is a part of it."""
        articles = self.spans(self.named(("article", "main")))
        return [tag for tag in self.names["footer"] if not self.covered(tag, articles)]

    def meta(self, name: str) -> str:
        """The content of the first non-empty meta of that name or property."""
        for tag in self.names["meta"]:
            if name in (str(tag.get("name", "")).lower(), str(tag.get("property", "")).lower()):
                content = str(tag.get("content") or "").strip()
                if content:
                    return content
        return ""

    def select(self, selectors: Iterable[str]) -> list[Tag]:
        """What the first selector finds that finds anything: CSS; names, #ids, .classes and ancestors cost nothing."""
        for selector in selectors:
            parts = [_SIMPLE.fullmatch(part) for part in selector.split()]
            if found := self._simple([part for part in parts if part]) if all(parts) else self.soup.select(selector):
                return list(found)
        return []

    def _simple(self, parts: Sequence[re.Match[str]]) -> list[Tag]:
        found: list[Tag] | None = None
        for part in parts:
            name, ids, classes = part[1], re.findall(r"#([\w-]+)", part[2]), re.findall(r"\.([\w-]+)", part[2])
            found_ids = [self.ids[one] for one in ids if one in self.ids]
            pool = found_ids if ids else self.classes[classes[0]] if classes else self.names[name]
            around = None if found is None else self.spans(found)
            found = [
                tag
                for tag in pool
                if (not name or tag.name == name)
                and all(one in (tag.get("class") or ()) for one in classes)
                and (around is None or self.covered(tag, around))
            ]
        return found or []

    def inside(self, tag: Tag, ancestor: Tag) -> bool:
        """Whether one tag stands inside the other, or is it."""
        start, end = self.span[id(ancestor)]
        return start <= self.span[id(tag)][0] <= end

    def spans(self, tags: Iterable[Tag]) -> list[Span]:
        """Where the tags stand, in order and apart: what stands inside another counts once."""
        result: list[Span] = []
        for start, end in sorted(self.span[id(tag)] for tag in tags):
            if not result or start > result[-1][1]:
                result.append((start, end))
        return result

    def covered(self, tag: Tag, around: Sequence[Span]) -> bool:
        """Whether the tag stands inside one of the spans, which are in order and apart (or is one of them)."""
        place = self.span[id(tag)][0]
        number = bisect_right(around, place, key=itemgetter(0)) - 1
        return number >= 0 and place <= around[number][1]


class _Table:
    """An open table: how many cells its widest row has, and whether it holds what no table of data does."""

    def __init__(self) -> None:
        self.cells = self.widest = 0
        self.is_layout = False

    def enter(self, name: str) -> None:
        if name == "tr":
            self.cells = 0
        elif name in _CELLS:
            self.cells += 1
            self.widest = max(self.widest, self.cells)
        else:
            self.is_layout = True


def names_of(tag: Tag) -> tuple[str, ...]:
    """What the page's author calls a tag: its id ("" for none) and its classes."""
    return (str(tag.get("id") or ""), *(tag.get("class") or ()))


def one_line(tag: Tag | None) -> str:
    """The readable text of a tag on one line; "" for none."""
    return clean(readable(tag)) if tag else ""


def readable(tag: Tag, drop: Container[int] = (), after: Tag | None = None, layout: Container[int] = ()) -> str:
    """The text as people would read it aloud or paste it: paragraphs, table rows and list items one a line.

    Ruby becomes 漢字（かな）; a line break becomes one; the cells of a row stand side by side; list items get a ・.
    Pictures, scripts and form fields are dropped, and the tags whose `id()` is in `drop`. With `after`, the text begins
    behind that tag, if it stands inside. Cells of the tables whose `id()` is in `layout` are parts of the page.
    """
    writer = _Writer()
    in_layout = [bool(layout)]  # of the table around, and of those around it
    skipped: Tag | None = None  # of a dropped tag nothing is read until it is left
    for node, leaving in walk(tag):
        if not isinstance(node, Tag):
            if skipped is None and is_read(node):
                writer.text(_BLANKS.sub(" ", str(node)))
            continue
        if skipped is None and not leaving and (id(node) in drop or _is_unread(node)):
            skipped = node
        if node.name == "table":
            in_layout.pop() if leaving else in_layout.append(id(node) in layout)
        if skipped is None:
            name = "div" if in_layout[-1] and node.name in _CELLS else node.name
            writer.leave(name) if leaving else writer.enter(name)
        elif leaving and node is skipped:
            skipped = None
        if leaving and node is after:
            writer.pieces.clear()
    return "\n".join(line for line in clean_lines("".join(writer.pieces)).split("\n") if line not in ("", "・"))


class _Writer:
    """Text as it is read, tag by tag. A bullet, or the bracket of a reading, waits for the text that it belongs to."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.waiting = ""
        self.cells = 0  # how deep in cells: there, no line ends
        self.readings = 0  # brackets of readings that are open

    def text(self, text: str) -> None:
        if self.waiting:
            text = text.lstrip()
            if not text:
                return
            self.pieces.append(self.waiting)
            self.readings += self.waiting == "（"
            self.waiting = ""
        self.pieces.append("\u3000".join(text.split(" ")) if self.cells else text)

    def line_end(self) -> None:
        if not self.waiting:
            self.pieces.append("\u3000" if self.cells else "\n")

    def enter(self, name: str) -> None:
        if name in _BLOCKS or name == "br":
            self.line_end()
        if name in _CELLS:
            self.cells += 1
        elif name in ("li", "rt"):
            self.waiting = "・" if name == "li" else "（"

    def leave(self, name: str) -> None:
        if name in _CELLS:
            self.cells -= 1
            self.pieces.append("\u3000")
        elif name == "rt" and self.waiting != "（" and self.readings:
            self.pieces.append("）")
            self.readings -= 1
        if name in ("li", "rt"):
            self.waiting = ""
        if name in _BLOCKS:
            self.line_end()


def walk(root: Tag) -> Iterator[tuple[PageElement, bool]]:
    """Each node once when it is entered, each tag a second time (True) when it is left; no depth is too much."""
    stack = [(root, iter(root.contents))]
    yield root, False
    while stack:
        tag, children = stack[-1]
        for child in children:
            yield child, False
            if isinstance(child, Tag):
                stack.append((child, iter(child.contents)))
                break
        else:
            stack.pop()
            yield tag, True


def is_read(node: PageElement) -> bool:
    """Neither a comment nor a doctype."""
    return isinstance(node, CData) or not isinstance(node, PreformattedString)


def _is_unread(tag: Tag) -> bool:
    if tag.name in _UNREAD or not tag.attrs:
        return tag.name in _UNREAD
    style = tag.attrs.get("style")
    is_unseen = style is not None and _UNSEEN.search(str(style)) is not None
    return is_unseen or "hidden" in tag.attrs or tag.attrs.get("aria-hidden") == "true"
