"""Feeds: RSS 0.9 to 2.0, RDF and Atom, by feedparser."""

import html
import re
from calendar import timegm
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import Collector, Found

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ROOT = re.compile(r"<(?:[\w-]+:)?(?:rss|rdf|feed|channel)[\s>]", re.IGNORECASE)
_END = re.compile(r"</(?:[\w-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_HEAD = 4096  # characters in which the root element must begin


def read(fetched: Fetched, hosts: Sequence[str]) -> Found:
    """The entries of the feed.

    Raises:
        FetchError: "malformed": no feed, one that ends in the middle, or one that declares entities.
    """
    parsed = _parse(fetched)
    collector = Collector(fetched.final_url, hosts)
    for entry in parsed["entries"]:
        link = _text(entry, "link") or _text(entry, "id")
        collector.add(link, _title(entry), _date(entry))
    return collector.found()


def _parse(fetched: Fetched) -> Any:
    text = _DECLARATION.sub("", fetched.text)
    if not _ROOT.search(text, 0, _HEAD):
        raise _malformed(fetched, "no feed (neither RSS nor Atom) stands there")
    if not _END.search(text):
        # feedparser would go on with its forgiving parser: minutes for megabytes, and a last entry with half an address.
        raise _malformed(fetched, "the feed ends in the middle")
    if "<!ENTITY" in text.upper():
        # Entities that contain entities can blow a kilobyte up to gigabytes; no CMS needs them.
        raise _malformed(fetched, "the feed declares XML entities and is not read")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": fetched.final_url}
    try:
        # A file object: feedparser takes bytes that look like a path for one.
        body = BytesIO(text.encode("utf-8", "replace"))
        parsed = feedparser.parse(body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # its forgiving parser for broken XML raises whatever it stumbles over
        raise _malformed(fetched, f"the feed cannot be parsed ({type(error).__name__})") from None
    if not parsed.get("version") and not parsed["entries"]:
        raise _malformed(fetched, "no feed (neither RSS nor Atom) stands there")
    return parsed


def _malformed(fetched: Fetched, what: str) -> FetchError:
    return FetchError("malformed", f"{fetched.final_url}: {what}; open the address in a browser and tell the web team")


def _text(entry: Any, key: str) -> str:
    value = dict.get(entry, key)  # feedparser's own get substitutes one date for another, with a warning
    return value if isinstance(value, str) else ""


def _title(entry: Any) -> str:
    title = _text(entry, "title")
    detail = dict.get(entry, "title_detail") or {}
    if detail.get("type") in ("text/html", "application/xhtml+xml"):
        return html.unescape(_TAG.sub("", title))
    return title


def _date(entry: Any) -> str:
    """The last publication: RSS 1.0 has it in `updated` (from dc:date), RSS 2.0 in `published`, Atom in both."""
    for key in ("updated", "published"):
        if text := _text(entry, key):
            return text
    for key in ("updated_parsed", "published_parsed"):
        parsed = dict.get(entry, key)
        if parsed:
            return datetime.fromtimestamp(timegm(parsed), UTC).isoformat()
    return ""
