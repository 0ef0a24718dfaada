"""SMART CMS: `index.update.json`, the list that its home pages fill their news block from."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import Collector, Found
from pipeline.text import clean


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


_rows = msgspec.json.Decoder(list[Row])


def read(fetched: Fetched, hosts: Sequence[str]) -> Found:
    """The entries of the list.

    Raises:
        FetchError: "malformed", naming the key that is gone or what stands there instead.
    """
    collector = Collector(fetched.final_url, hosts)
    for number, row in enumerate(_decode(fetched)):
        if row.is_category_index is True or row.is_keitai_page is True:
            collector.skip()
            continue
        url, name, published = row.url, row.page_name, row.publish_datetime
        if url is UNSET or name is UNSET or published is UNSET:
            raise _missing(fetched, number, row)
        collector.add(
            url,
            name or "",
            published or "",
            page_no=_number(row.page_no),
            tags=_tags(row.tag),
            sns_display=_sns_display(row.reserve),
        )
    return collector.found()


def _decode(fetched: Fetched) -> list[Row]:
    body = fetched.body.removeprefix(b"\xef\xbb\xbf")
    try:
        try:
            return _rows.decode(body)
        except (msgspec.DecodeError, UnicodeError):
            return _rows.decode(fetched.text.encode("utf-8", "replace"))  # another encoding than JSON's, or no JSON
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        is_html = body.lstrip()[:1] == b"<"
        what = "HTML where the list should be" if is_html else f"not the list expected ({error})"
        raise FetchError(
            "malformed",
            f"{fetched.final_url}: {what}; open it in a browser and compare with kind smart-cms in kadoma.toml",
        ) from None


def _missing(fetched: Fetched, number: int, row: Row) -> FetchError:
    gone = [key for key in ("url", "page_name", "publish_datetime") if getattr(row, key) is UNSET]
    return FetchError(
        "malformed",
        f"{fetched.final_url}: entry {number + 1} has no {', '.join(gone)}; the CMS has changed its list: "
        "pipeline/sources/smart_cms.py has to follow",
    )


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:12])
    return value if type(value) is int and value > 0 else None


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    names = [tag.get("tag_name") for tag in value if isinstance(tag, dict)]
    return tuple(clean(name) for name in names if isinstance(name, str))


def _sns_display(value: Any) -> int | None:
    """reserve.sns_display.number: 1 = 表示しない, 2 = 表示する."""
    display = value.get("sns_display") if isinstance(value, dict) else None
    return _number(display.get("number") if isinstance(display, dict) else display)
