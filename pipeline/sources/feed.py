"""Feeds: RSS 0.9 to 2.0, RDF and Atom, by lxml. Elements are known by their names, whatever namespace a CMS puts them in:
what no reader of feeds would forgive (an undeclared prefix, `&` in a link, a stray control character) loses no article."""

import html
import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import Collector, Rows

_ROOT = re.compile(r"<(?:[\w-]+:)?(?:rss|rdf|feed|channel)[\s>]", re.IGNORECASE)
_END = re.compile(r"</(?:[\w-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)
_HEAD = 4096  # characters in which the root element must begin
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKUP = re.compile(r"</[A-Za-z]|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,30});", re.IGNORECASE)
# What XML does not know: HTML's names, names without a semicolon, a mere `&`.
_AMPERSAND = re.compile(
    r"&(?:#(?:x(?P<hex>[0-9a-f]{1,6})|(?P<number>\d{1,7}));|(?P<name>[a-z][a-z0-9]{1,30})(?P<end>;?)|)",
    re.IGNORECASE,
)
_XML = ("amp", "lt", "gt", "quot", "apos")
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATES = (  # the last publication first
    "updated", "modified", "moddate", "lastmodified", "date", "pubdate", "published", "publicationdate", "issued", "available",
    "created",
)  # fmt: skip


def read(fetched: Fetched, hosts: Sequence[str], *, emergency: bool = False) -> Rows:
    """The entries of the feed.

    Raises:
        FetchError: "malformed": no feed, one that ends in the middle, or one that declares entities.
    """
    collector = Collector(fetched.final_url, hosts, page=urljoin(fetched.final_url, "/"), emergency=emergency)
    for item in _items(fetched):
        dates = [_text(element) for name in _DATES for element in _children(item, name)]
        collector.add(_link(item), _title(item), dates, base=item.base)
    return collector.rows()


def _items(fetched: Fetched) -> Iterator[Any]:
    text = fetched.text
    root = _ROOT.search(text, 0, _HEAD)
    ends = [found.end() for found in _END.finditer(text)]
    if not root:
        raise _malformed(fetched, "no feed (neither RSS nor Atom) stands there")
    if not ends:
        raise _malformed(fetched, "the feed ends in the middle")
    if "<!ENTITY" in text.upper():
        # Entities that contain entities can blow a kilobyte up to gigabytes; no CMS needs them.
        raise _malformed(fetched, "the feed declares XML entities and is not read")
    body = "".join(_as_xml(_NO_XML.sub("", text[root.start() : ends[-1]]))).encode()
    parsers = (
        etree.XMLParser(resolve_entities=False, no_network=True, recover=recover, encoding="utf-8")
        for recover in (False, True)
    )
    for parser in parsers:
        try:
            tree = etree.fromstring(body, parser, base_url=fetched.final_url)
        except etree.XMLSyntaxError:
            continue
        if tree is not None:
            return (one for one in tree.iter(etree.Element) if _name(one) in ("item", "entry"))
    raise _malformed(fetched, "the feed cannot be parsed")


def _as_xml(text: str) -> Iterator[str]:
    """The text with entities that XML knows; what stands in CDATA stays as it is."""
    at = 0
    while (begin := text.find("<![CDATA[", at)) >= 0 and (end := text.find("]]>", begin)) >= 0:
        yield _AMPERSAND.sub(_entity, text[at:begin])
        yield text[begin : end + 3]
        at = end + 3
    yield _AMPERSAND.sub(_entity, text[at:])


def _entity(found: re.Match[str]) -> str:
    if found["hex"] or found["number"]:
        code = int(found["hex"], 16) if found["hex"] else int(found["number"])
        sign = chr(code) if code <= 0x10FFFF else ""  # noqa: PLR2004 - the last code point
        return "" if not sign or _NO_XML.match(sign) else found[0]
    name = found["name"]
    if name in _XML and (found["end"] or found.string[found.end() : found.end() + 1] != "="):
        return f"&{name};"
    if name and found["end"] and f"{name};" in html5:
        return html.escape(html5[f"{name};"])
    return f"&amp;{found[0][1:]}"


def _malformed(fetched: Fetched, what: str) -> FetchError:
    return fetched.malformed(f"{what}; open the address in a browser and tell the web team")


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _children(item: Any, *names: str) -> list[Any]:
    """Those of the item's own namespace first: `media:title` is not the title."""
    found = [child for child in item.iterchildren(etree.Element) if _name(child) in names]
    return sorted(found, key=lambda child: _space(child) != _space(item))


def _space(element: Any) -> str:
    """The namespace, or the prefix when nobody has declared it."""
    name = str(element.tag)
    return name.partition("}")[0] if "}" in name else name.rpartition(":")[0]


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()


def _title(item: Any) -> str:
    for element in _children(item, "title"):
        text = _text(element)
        if element.get("type", "") in ("html", "text/html") or _MARKUP.search(text):
            text = html.unescape(_TAG.sub("", text))
        if text:
            return text
    return ""


def _link(item: Any) -> str:
    """The page of the item: Atom's alternate link, RSS's link, or an identity that is an address."""
    links = _children(item, "link")
    named = [
        link.get("href") if link.get("href") else _text(link) or (link.tail or "").strip()
        for link in links
        if not link.get("href") or link.get("rel", "alternate") == "alternate"
    ]
    guids = [_text(one) for one in _children(item, "guid", "id") if one.get("isPermaLink", "true") != "false"]
    about = [value for name, value in item.attrib.items() if name.endswith("about")]
    found = (*named, *(one for one in (*guids, *about) if one.startswith(("http", "/"))))
    return next(filter(None, found), "")
