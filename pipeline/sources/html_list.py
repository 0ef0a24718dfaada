"""A list page by the CSS selectors of the configuration, for what stands in no feed."""

from collections.abc import Sequence

from bs4 import Tag
from soupsieve import SelectorSyntaxError

from pipeline.config import Selectors
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import Collector, Found
from pipeline.sources.soup import one_line, parse


def read(fetched: Fetched, hosts: Sequence[str], select: Selectors) -> Found:
    """The entries of the page. Without a selector the title is the link's text; the date is never part of it.

    Raises:
        FetchError: "malformed": no HTML, or a selector that is none.
    """
    kind = fetched.content_type.partition(";")[0].strip().lower()
    if kind and kind not in ("text/html", "application/xhtml+xml", "text/plain"):
        raise FetchError(
            "malformed", f"{fetched.final_url}: {kind} where a list page should be; check site.sources in kadoma.toml"
        )
    collector = Collector(fetched.final_url, hosts)
    try:
        for item in parse(fetched.text).select(select.item):
            link = _inside(item, select.link)
            if link is None or not link.get("href"):
                collector.skip()
                continue
            date = item.select_one(select.date) if select.date else None
            date_text = (str(date.get("datetime") or "") or one_line(date)) if date else ""
            if date:
                date.extract()
            title = item.select_one(select.title) if select.title else link
            collector.add(str(link["href"]), one_line(title), date_text if select.date else None)
    except SelectorSyntaxError as error:
        reason = str(error).partition("\n")[0]
        raise FetchError(
            "malformed", f"{fetched.final_url}: a selector in site.sources of kadoma.toml is wrong: {reason}"
        ) from None
    return collector.found()


def _inside(item: Tag, selector: str) -> Tag | None:
    if not selector:
        return item
    found = item.select_one(selector)
    return item if found is None and item.name == "a" else found
