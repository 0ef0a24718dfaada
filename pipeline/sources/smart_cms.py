"""SMART CMS: `index.update.json`, the list that its home pages fill their news block from, and `index.tree.json`."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.characters import clean
from pipeline.late import late
from pipeline.sources import charset
from pipeline.sources.answer import Fetched
from pipeline.sources.entries import NUMBER_BEYOND, Collector, Rows

_NEEDED = ("url", "page_name", "publish_datetime")
_REFERENCE = late(r"&#(?:\d{1,7}|x[0-9a-f]{1,6});", re.IGNORECASE)


class Row(Struct):
    """One object of the list: what we need typed, what we merely use untyped, the rest ignored."""

    url: str | UnsetType = UNSET
    page_name: str | UnsetType | None = UNSET
    publish_datetime: str | UnsetType | None = UNSET
    page_no: Any = None
    is_category_index: Any = False
    is_keitai_page: Any = False
    reserve: Any = None
    tag: Any = None
    update_datetime: Any = None
    modified: Any = None
    published: Any = None
    child_pages: list["Row"] | UnsetType | None = UNSET  # of index.tree.json


_Document = list[Row] | Row  # a tree may begin with its root
_document = msgspec.json.Decoder(_Document)
_tag = lru_cache(maxsize=256)(clean)  # a list of a thousand rows has a dozen


def read(fetched: Fetched, hosts: Sequence[str], *, emergency: bool = False) -> Rows:
    """The entries of the list.

    Raises:
        FetchError: "malformed", naming the key that is gone from every row, or what stands there instead.
    """
    folder = urljoin(fetched.final_url, ".")
    collector = Collector(fetched.final_url, hosts, page=folder, emergency=emergency)
    rows = list(_rows(_decoded(fetched)))
    pages = [row for row in rows if not (row.is_category_index is True or row.is_keitai_page is True)]
    _require(fetched, pages)
    for row in pages:
        if row.url is UNSET or row.page_name is UNSET:
            collector.skip()
            continue
        dates = (row.publish_datetime, row.update_datetime, row.modified, row.published)
        collector.add(
            row.url,
            _unescaped(row.page_name or ""),
            [date for date in dates if isinstance(date, str)],
            page_no=_number(row.page_no),
            tags=_tags(row.tag),
            sns_display=_sns_display(row.reserve),
        )
    for _ in range(len(rows) - len(pages)):
        collector.pass_over()
    return collector.rows()


def _rows(document: list[Row] | Row) -> Iterator[Row]:
    """Every page of the list or tree, parents first; a folder that is no page of its own is none."""
    waiting = document[::-1] if isinstance(document, list) else [document]
    while waiting:
        row = waiting.pop()
        if isinstance(row.child_pages, list):
            waiting += row.child_pages[::-1]
            if row.url is UNSET:
                continue
        yield row


def _decoded(fetched: Fetched) -> list[Row] | Row:
    body = fetched.body.removeprefix(b"\xef\xbb\xbf")
    document: list[Row] | Row
    try:
        try:
            document = _document.decode(body)
        except (msgspec.DecodeError, UnicodeError):  # another encoding than JSON's, half an emoji, a control character
            document = msgspec.convert(json.loads(fetched.text, strict=False), _Document)
        if isinstance(document, Row) and not isinstance(document.child_pages, list):
            raise ValueError("one object")
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        is_html = body.lstrip()[:1] == b"<"
        what = "HTML where the list should be" if is_html else f"not the list expected ({error})"
        told = f"{what}; open it in a browser and compare with kind smart-cms in kadoma.toml"
        raise fetched.malformed(told) from None
    return document


def _require(fetched: Fetched, rows: Sequence[Row]) -> None:
    """A key that no row has any more is the CMS's matter; one row without it is that row's."""
    gone = [key for key in _NEEDED if rows and all(getattr(row, key) is UNSET for row in rows)]
    if gone:
        told = f"entry 1 has no {', '.join(gone)}, nor has any other; the CMS has changed its list"
        raise fetched.malformed(f"{told}: pipeline/sources/smart_cms.py has to follow")


def _unescaped(text: str) -> str:
    """With the characters that the CMS writes as numbers (&#9312;); names stay, somebody may have typed them."""
    if "&#" not in text:
        return text
    import html  # and with it 2,000 entities: only where it is needed

    return _REFERENCE.sub(lambda found: html.unescape(found[0]), charset.whole(text))


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:12])
    return value if type(value) is int and 0 < value < NUMBER_BEYOND else None


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    names = [tag.get("tag_name") for tag in value if isinstance(tag, dict)]
    return tuple(_tag(name) for name in names if isinstance(name, str))


def _sns_display(value: Any) -> int | None:
    """reserve.sns_display.number: 1 = 表示しない, 2 = 表示する."""
    display = value.get("sns_display") if isinstance(value, dict) else None
    return _number(display.get("number") if isinstance(display, dict) else display)
