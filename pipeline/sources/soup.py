"""HTML as people wrote it, and the readable text inside."""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator

from bs4 import BeautifulSoup, CData, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString

from pipeline.text import clean, clean_lines

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is what many CMSs still write

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
))  # fmt: skip
_UNREAD = frozenset((
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "audio", "video", "map",
    "button", "select", "textarea", "input", "img", "rp", "head", "title", "datalist",
))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_BLANKS = re.compile(r"[ \t\r\n\f]+")  # what HTML folds; the full-width space is not one of them
_DEPTH = 250  # tags inside tags that are read; no page that people wrote has more


def parse(text: str) -> BeautifulSoup:
    """The document; any text gives one. HTML's parser would show each NUL as a sign for what it could not read."""
    return BeautifulSoup(text.replace("\0", ""), "lxml")


class Index:
    """The tags of a document by name, id and class, found in one walk: a CSS selector walks the whole page each time."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self.soup = soup
        self.names: defaultdict[str, list[Tag]] = defaultdict(list)
        self.classes: defaultdict[str, list[Tag]] = defaultdict(list)
        self.ids: dict[str, Tag] = {}
        self.roles: dict[str, Tag] = {}
        for tag in soup.descendants:
            if isinstance(tag, Tag):
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

    def meta(self, name: str) -> str:
        """The content of the first non-empty meta of that name or property."""
        for tag in self.names["meta"]:
            if name in (str(tag.get("name", "")).lower(), str(tag.get("property", "")).lower()):
                content = str(tag.get("content") or "").strip()
                if content:
                    return content
        return ""


def inside(tag: Tag, ancestor: Tag) -> bool:
    """Whether one tag stands inside the other."""
    return any(parent is ancestor for parent in tag.parents)


def one_line(tag: Tag | None) -> str:
    """The readable text of a tag on one line; "" for none."""
    return clean(readable(tag)) if tag else ""


def readable(tag: Tag) -> str:
    """The text as people would read it aloud or paste it: paragraphs, table rows and list items one a line.

    Ruby becomes 漢字（かな）; a line break becomes one; the cells of a row stand side by side; list items get a ・.
    Pictures, scripts and form fields are dropped.
    """
    lines = clean_lines("".join(_pieces(tag, 0))).split("\n")
    return "\n".join(line for line in lines if line not in ("", "・"))


def _pieces(node: PageElement, depth: int) -> Iterator[str]:
    if isinstance(node, NavigableString):
        if isinstance(node, CData) or not isinstance(node, PreformattedString):  # neither comments nor doctypes
            yield _BLANKS.sub(" ", node)
    elif isinstance(node, Tag) and node.name not in _UNREAD and depth < _DEPTH and not _is_hidden(node):
        name = node.name
        inner = (piece for child in node.children for piece in _pieces(child, depth + 1))
        if name == "br":
            yield "\n"
        elif name == "rt":
            reading = "".join(inner).strip()
            yield f"（{reading}）" if reading else ""
        elif name in _CELLS:
            yield f"{'　'.join(''.join(inner).split())}　"
        elif name == "li":
            yield "\n・"
            yield "".join(inner).strip()
            yield "\n"
        elif name in _BLOCKS:
            yield "\n"
            yield from inner
            yield "\n"
        else:
            yield from inner


def _is_hidden(tag: Tag) -> bool:
    return tag.has_attr("hidden") or tag.get("aria-hidden") == "true"
