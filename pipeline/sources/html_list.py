"""A list page by the CSS selectors of the configuration, for what stands in no feed."""

import re
from collections.abc import Sequence, Set
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from soupsieve import SelectorSyntaxError

from pipeline.config import Selectors
from pipeline.sources.answer import Fetched
from pipeline.sources.entries import LEAST, Collector, Rows, says_nothing
from pipeline.sources.soup import one_line, parse, readable

_HTML = ("text/html", "application/xhtml+xml", "text/plain", "")
_CALLED = 200  # characters of a heading that are remembered
_MORE = 20  # characters that a report says beside its link
_INLINE = ("a", "span", "strong", "b", "em", "font", "img")
_NO_PAGE = re.compile(r"\s*(?:#\s*$|(?!https?:)[a-z][a-z0-9+.-]*:)", re.IGNORECASE)  # of a link: "#", javascript:, tel:
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "dt")


def read(fetched: Fetched, hosts: Sequence[str], select: Selectors, *, emergency: bool = False) -> Rows:
    """The entries of the page. Without a selector the title is the link's text; the date is never part of it.

    On an emergency list an item without a link is a report of its own: its heading is the title, the rest its text; an
    item that is a heading has what follows it for a text; so is one whose link leads to no page of the site. "There is no
    information now" is none.

    Raises:
        FetchError: "malformed": no HTML, or a selector that is none.
    """
    if fetched.kind not in _HTML:
        raise fetched.malformed(f"{fetched.kind} where a list page should be; check site.sources in kadoma.toml")
    soup = parse(fetched.text)
    collector = Collector(base_of(soup, fetched.final_url), hosts, own=fetched.final_url, emergency=emergency)
    heading = heading_of(soup)
    try:
        items = soup.select(select.item)
        if not items and (frame := soup.select_one("frameset frame[src]")):
            told = f"the list stands in a frame ({str(frame['src'])[:100]!r} is the first one); give the frame's own address"
            raise fetched.malformed(f"{told} as url in site.sources of kadoma.toml")
        places = {id(item) for item in items}
        for item in items:
            _add(collector, item, places, select, emergency=emergency)
    except SelectorSyntaxError as error:
        reason = str(error).partition("\n")[0]
        raise fetched.malformed(f"a selector in site.sources of kadoma.toml is wrong: {reason}") from None
    return collector.rows(heading)


def _add(collector: Collector, item: Tag, places: Set[int], select: Selectors, *, emergency: bool) -> None:
    """One item as a row."""
    link = _inside(item, select.link)
    date = item.select_one(select.date) if select.date else None
    dates = _dates(date) if select.date else None
    if date:
        date.extract()
    title = item.select_one(select.title) if select.title else link
    if emergency and item.name == "tr" and not item.find("td"):  # the heads of the columns
        collector.pass_over()
    elif link is not None and link.get("href") and not (emergency and _leads_on(link, item, select)):
        said = _report(item, places, "") if emergency else None
        says_more = said is not None and len(said[1]) >= len(one_line(link)) + _MORE
        words = one_line(title) or _said_by(link)
        collector.add(str(link["href"]), words, dates, report=said if says_more else None)
    elif emergency and not _is_within(item, places) and (report := _report(item, places, select.title)):
        collector.add_report(*report, dates)
    else:
        collector.skip()


def base_of(soup: BeautifulSoup, url: str) -> str:
    """What the page's addresses are relative to: `<base href>` counts before the page's own address."""
    base = soup.select_one("base[href]")
    try:
        return urljoin(url, str(base["href"]).strip()) if base else url
    except ValueError:
        return url


def heading_of(soup: BeautifulSoup) -> str:
    """What the page calls itself: its first heading and its title, one a line; each may be missing."""
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    return f"{one_line(soup.h1)[:_CALLED]}\n{title[:_CALLED]}"


def _leads_on(link: Tag, item: Tag, select: Selectors) -> bool:
    """Whether the report is the item itself: its link leads to no page at all, as a script does, or on from the text, beside
    a heading that the item has of its own."""
    if item is not link and _NO_PAGE.match(str(link["href"])):
        return True
    heading = None if select.title or item.name in _HEADINGS else item.find(_HEADINGS)
    return heading is not None and not any(tag is heading or tag is link for tag in (*link.parents, *heading.parents))


def _said_by(link: Tag) -> str:
    """The words of a link without text: its own or its picture's."""
    picture = link.find("img")
    return str(link.get("title") or (picture.get("alt") if isinstance(picture, Tag) else "") or "")


def _dates(tag: Tag | None) -> list[str]:
    """What a machine is told, then what people are."""
    return [*(str(tag.get(name) or "") for name in ("datetime", "content", "title")), one_line(tag)] if tag else []


def _inside(item: Tag, selector: str) -> Tag | None:
    if not selector:
        return item
    found = item.select_one(selector)
    return item if found is None and item.name == "a" else found


def _is_within(item: Tag, places: Set[int]) -> bool:
    """Whether the item is a part of another one."""
    return any(id(parent) in places for parent in item.parents)


def _report(item: Tag, places: Set[int], selector: str) -> tuple[str, str] | None:
    """Title and text of a report that stands in the list itself; None when it says nothing."""
    if item.name in _HEADINGS:
        return _section(item, places)
    title = item.select_one(selector) if selector else item.find(_HEADINGS)
    named = one_line(title if isinstance(title, Tag) else None)
    lines = readable(item).split("\n")
    if not named and len(lines) == 1 and len(lines[0]) < LEAST:
        return None
    said = " ".join(lines)
    if says_nothing(said):
        return None
    named = named or lines[0]
    text = "\n".join(line for number, line in enumerate(lines) if number or line != named)
    return (named, text or named) if named else None


def _section(start: Tag, ends: Set[int]) -> tuple[str, str] | None:
    """Title and text of what begins with a heading and goes on until the next of `ends` (by id()), or a heading as high."""
    higher = _HEADINGS[: _HEADINGS.index(start.name) + 1] if start.name in _HEADINGS[:-1] else ()
    lines: list[str] = []
    for sibling in start.next_siblings:
        if not isinstance(sibling, Tag):
            lines.append(" ".join(str(sibling).split()))
            continue
        if sibling.name in higher or any(id(tag) in ends for tag in (sibling, *sibling.find_all(True))):
            break
        lines.append(readable(sibling))
    title, text = one_line(start), "\n".join(filter(None, lines))
    return (title, text or title) if title else None


def part(text: str, name: str) -> tuple[str, str] | None:
    """Title and text of the part of a page that an anchor names; None when there is none of that name."""
    soup = parse(text)
    anchor = soup.find(id=name) or soup.find("a", attrs={"name": name})
    if not isinstance(anchor, Tag):
        return None
    start = anchor
    while start.parent and (start.name in _INLINE or start.parent.name in _HEADINGS):
        start = start.parent
    if start.name not in _HEADINGS and len(readable(start).split("\n")) > 1:
        return _report(start, set(), "")
    return _section(start, {id(tag) for tag in soup.find_all(_is_anchor) if tag is not anchor})


def _is_anchor(tag: Tag) -> bool:
    return tag.has_attr("id") or (tag.name == "a" and tag.has_attr("name"))
