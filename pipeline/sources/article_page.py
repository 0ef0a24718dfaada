"""An article page: by the configuration's selectors, by what its system does, else by rules that hold everywhere."""

import re
from collections.abc import Container, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bs4 import Tag
from msgspec import Struct

from pipeline.article import Attachment, Page
from pipeline.characters import clean, clean_lines, cut
from pipeline.config import PageSelectors
from pipeline.sources import breadcrumb, contact, page_date, page_picture
from pipeline.sources.answer import Fetched
from pipeline.sources.chrome import body_of, chrome, without_marks
from pipeline.sources.page_date import Dated
from pipeline.sources.page_picture import OnSite
from pipeline.sources.soup import Index, Span, one_line, parse, readable
from pipeline.sources.systems import system_of
from pipeline.sources.titles import bare, is_site_name, squeezed, without_names
from pipeline.sources.urls import on_hosts, site_url

_HTML = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain", "")
_LONGEST_TITLE = 500  # UTF-16 units; no more is kept of what a broken page calls its title
# Characters. Announcements have some thousands; whatever is checked in it (Art. 12) takes time that grows with it.
_LONGEST_TEXT = 200_000
_LONGEST_HEADING = 20_000  # characters; what is longer is no heading but the page in one
_MOST = 300  # links of a body, or headings, that are looked at
_FEW = 20  # candidates for one thing
_NEAR = 80  # characters between the name of a part of the site and the title
_LOWER = ("h2", "h3", "h4", "h5", "h6")
_LETTERS = frozenset((
    "p", "div", "span", "font", "b", "strong", "big", "em", "td", "th", "dt", "center", "caption", "legend",
))  # fmt: skip
_FILES = frozenset((
    ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".xlsm", ".ppt", ".pptx", ".odt", ".ods", ".odp", ".rtf", ".csv", ".zip",
    ".lzh", ".jtd", ".jtt", ".ics", ".kml",
))  # fmt: skip
_HOME = re.compile(r"(?:https?://[^/?#]*)?/?(?:index\.\w{3,5})?")
UNREADABLE = "\ufffd"  # what stands for bytes of no encoding; on a telephone it would be a question mark in a box
_NONE = PageSelectors()


class _Markup(Struct):
    """What is looked at while a page is read: selectors of the configuration and of the system, and what was found."""

    index: Index
    selectors: tuple[PageSelectors, ...]

    def select(self, field: str) -> Iterator[Tag]:
        for selectors in self.selectors:
            yield from self.index.select(getattr(selectors, field))

    def first(self, field: str) -> Tag | None:
        return next(self.select(field), None)


def read(fetched: Fetched, hosts: Sequence[str], select: PageSelectors = _NONE) -> Page:
    """The page as values. Its picture is a candidate, not looked at yet: `pipeline.sources.pictures.check` does that.

    Args:
        fetched: the answer.
        hosts: the site's own; links and pictures elsewhere are not taken.
        select: the configuration's selectors, the last word on each field.

    Raises:
        FetchError: "malformed": no HTML, no title, or a garbled one.
    """
    if fetched.kind not in _HTML:
        raise fetched.malformed(f"{fetched.kind} stands there; only HTML pages are announced")
    index = Index(parse(fetched.text))
    system = system_of(index)
    page = _Markup(index, (select, system.select) if system else (select,))
    heading, title = _title(page)
    if not title:
        raise fetched.malformed("the page has no title (h1, og:title, title); ask the web team")
    if UNREADABLE in title:
        raise fetched.malformed(f"the title is garbled ({title[:100]}); ask the web team")
    way, places = _breadcrumb(page, title)
    dropped: list[Tag] = chrome(index, heading)
    block = _contact(page, heading, index.spans(dropped))
    dated, date = _date(page, heading)
    dropped += [tag for one in page.selectors for selector in one.drop for tag in index.select([selector])]
    dropped += [dated] if dated and not contact.is_labelled(one_line(dated)) else []
    dropped += [way] if way and not (heading and index.inside(heading, way)) else []
    dropped += [block.tag] if block and block.is_chrome else []
    around = index.spans(dropped)
    body = page.first("body") or body_of(index, around)
    url = fetched.final_url
    based = next((str(tag["href"]) for tag in index.names["base"] if tag.get("href")), "")
    on_site = partial(_on_site, base=_on_site(based, url, hosts) or url, hosts=hosts)
    text = readable(body, {id(tag) for tag in dropped}, after=heading, layout=index.layout) if body else ""
    lines = without_marks(_without_title(text, title).split("\n"))
    if date and lines and page_date.is_day_alone(lines[0]):
        del lines[0]
    rest = contact.without(lines, is_known=bool(block and block.department))
    asked = readable(block.tag) if block else ""
    written = "\n".join(rest.article) or clean_lines(index.meta("og:description") or index.meta("description"))
    return Page(
        url=fetched.url,
        canonical=_canonical(index, url, on_site),
        title=title,
        date=date[0] if date else None,
        date_only=bool(date and date[1]),
        department=block.department if block and block.department else rest.department,
        tel=contact.telephone(asked) or rest.tel,
        contact="\n".join(filter(None, (asked, rest.block)))[:_LONGEST_TEXT],
        breadcrumb=places,
        picture=page_picture.picture(
            index, body, around, on_site, shared_is_the_sites=bool(system and system.shared_is_the_sites)
        ),
        attachments=tuple(_attachments(index, body, around, on_site)),
        text=written[:_LONGEST_TEXT],
    )


def _title(page: _Markup) -> tuple[Tag | None, str]:
    """The heading that is the title, if one is, and the title: what selectors name, a h1 that is neither the site's name nor
    its logo, a heading that says what the document's title says, og:title, the document's title."""
    index = page.index
    for tag in page.select("title"):
        if words := one_line(tag):
            return tag, cut(words, _LONGEST_TITLE)
    document = clean(index.soup.title.get_text()) if index.soup.title else ""
    names = {squeezed(clean(index.meta(name))) for name in ("og:site_name", "author", "application-name")} - {""}
    titles = [bare(clean(index.meta("og:title")), names), bare(document, names)]
    wanted = {squeezed(title) for title in titles} - {""}
    headings = [
        (tag, words)
        for tag in islice(_looked_at(index, "h1"), _FEW)
        if (words := one_line(tag)) and not _is_logo(tag, words, names)
    ]
    others = [(tag, one_line(tag)) for name in _LOWER for tag in islice(_looked_at(index, name), _MOST)]
    saying = [found for found in others if squeezed(found[1]) in wanted]
    region = next(filter(None, (index.first("main"), index.roles.get("main"), index.first("article"))), None)
    choice = (
        next((found for found in headings if squeezed(found[1]) in wanted), None)
        or next((found for found in saying if any(index.distance(one[0], found[0]) <= _NEAR for one in headings)), None)
        or next((found for found in headings if region and index.inside(found[0], region)), None)
        or next(iter(headings), None)
        or next(iter(saying), None)
        or _in_other_words(index, wanted)
        or next(((None, title) for title in titles if title), (None, ""))
    )
    return choice[0], cut(without_names(choice[1], names) if choice[0] else choice[1], _LONGEST_TITLE)


def _in_other_words(index: Index, wanted: Container[str]) -> tuple[Tag, str] | None:
    """What says the title and is no heading to HTML: a picture of it, large letters, a cell. Not a link, nor a place beside
    links."""
    for tag in index.named(("h1", "h2")):
        picture = None if index.size(tag) else tag.find("img", alt=True)
        if isinstance(picture, Tag) and squeezed(str(picture["alt"])) in wanted:
            return tag, clean(str(picture["alt"]))
    apart = index.spans(index.named(("a", "li", "nav", "option")))
    for tag in index.tags:
        if tag.name not in _LETTERS or not index.is_small(tag, _LONGEST_TITLE) or index.covered(tag, apart):
            continue
        parent = tag.parent
        is_beside_links = parent and index.is_small(parent, _LONGEST_TITLE) and index.linked(parent) > 0
        if index.said(tag).casefold() in wanted and not is_beside_links:
            return tag, one_line(tag)
    return None


def _looked_at(index: Index, name: str) -> Iterator[Tag]:
    return (tag for tag in index.names[name] if index.is_small(tag, _LONGEST_HEADING))


def _is_logo(tag: Tag, words: str, names: Container[str]) -> bool:
    """A h1 that names the site: by its name, or as a link home."""
    link = tag.find("a", href=True) or tag.find_parent("a", href=True)
    return is_site_name(words, names) or (isinstance(link, Tag) and _HOME.fullmatch(str(link["href"])) is not None)


def _on_site(href: str, base: str, hosts: Sequence[str]) -> str | None:
    """The address when it is one on the site's hosts."""
    try:
        address = site_url(href, base, hosts)
    except ValueError:
        return None
    return address if on_hosts(address, hosts) else None


def _canonical(index: Index, url: str, on_site: OnSite) -> str:
    """What the page names as canonical, on the site; never the home page, which a broken template names everywhere."""
    tag = next((tag for tag in index.names["link"] if "canonical" in (tag.get("rel") or ()) and tag.get("href")), None)
    address = on_site(str(tag["href"])) if tag else None
    if address is None or (urlsplit(address).path == "/" and urlsplit(url).path != "/"):
        return url
    return address


def _contact(page: _Markup, heading: Tag | None, around: Sequence[Span]) -> contact.Block | None:
    """The block of お問い合わせ先 and the department: what selectors name, else what the block itself says."""
    block, department = page.first("contact"), page.first("department")
    if named := department or block:
        return contact.Block(block or named, contact.department(readable(named), is_certain=True), block is not None)
    return contact.block(page.index, heading, around)


def _breadcrumb(page: _Markup, title: str) -> tuple[Tag | None, tuple[str, ...]]:
    """The first place that names a way; a narrower one inside it that also does goes before."""
    best: tuple[Tag | None, tuple[str, ...]] = (None, ())
    called = islice(chain(page.select("breadcrumb"), breadcrumb.candidates(page.index)), _FEW)
    for tag in chain(called, islice(breadcrumb.unnamed(page.index, title), _FEW)):
        names = breadcrumb.places(tag)
        if names and (best[0] is None or (len(names) > 1 and page.index.inside(tag, best[0]))):
            best = (tag, names)
    return best


def _without_title(text: str, title: str) -> str:
    first, _, rest = text.partition("\n")
    return rest if squeezed(first) == squeezed(title) else text


def _date(page: _Markup, heading: Tag | None) -> tuple[Tag | None, Dated | None]:
    """The date, and the tag that shows it: the configuration's, the head's, a selected one's, a labelled one's, a lone one's."""
    index = page.index
    selected = [(tag, date) for tag in islice(page.select("date"), _FEW) if (date := page_date.in_tag(tag))]
    found = next(iter(selected), None) or page_date.by_label(index) or page_date.alone(index, heading)
    tag, date = found or (None, None)
    if index.select(page.selectors[0].date):
        return tag, date
    return tag, page_date.by_meta(index) or date


def _attachments(index: Index, body: Tag | None, around: Sequence[Span], on_site: OnSite) -> Iterator[Attachment]:
    seen: set[str] = set()
    for link in body.find_all("a", href=True, limit=_MOST) if body else ():
        address = on_site(str(link["href"]))
        if not address or address in seen or index.covered(link, around):
            continue
        file = PurePosixPath(urlsplit(address).path)
        if file.suffix.lower() in _FILES:
            seen.add(address)
            yield Attachment(one_line(link) or file.name, address)
