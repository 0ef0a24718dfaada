"""An article page: SMART CMS by its own markup, other CMSs by what HTML and Open Graph say."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bs4 import Tag

from pipeline.article import Attachment, Page, Picture
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.contact import telephone
from pipeline.sources.dates import read_date
from pipeline.sources.soup import Index, inside, one_line, parse, readable
from pipeline.sources.urls import on_hosts, site_url
from pipeline.text import clean, clean_lines

_HTML = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain", "")
# What stands inside the body and is not the article's text.
_NOT_TEXT_CLASSES = ("toiawase", "page-number-display", "update", "breadcrumb", "sns-button")
_NOT_TEXT_IDS = ("pdf-download", "social-update-area", "pankuzu")
_NOT_TEXT_NAMES = ("h1", "nav", "header", "footer", "aside", "form", "figcaption")
_BREADCRUMB_IDS, _BREADCRUMB_CLASSES = ("pankuzu", "breadcrumb", "topicpath"), ("breadcrumb", "topicpath")
_DATE_METAS = ("nsls:timestamp", "article:modified_time", "article:published_time", "dcterms.modified", "date")
_MOST = 300  # links and pictures of a body that are looked at
_FILES = frozenset((
    ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".xlsm", ".ppt", ".pptx", ".odt", ".ods", ".odp", ".rtf", ".csv", ".zip",
    ".lzh", ".jtd", ".jtt", ".ics", ".kml",
))  # fmt: skip
_SITE_NAME = re.compile(r"\s*[／｜|].*$", re.DOTALL)  # 記事名／市名-City-
UNREADABLE = "\ufffd"  # what stands for bytes of no encoding; on a telephone it would be a question mark in a box
_NO_PICTURE = re.compile(r"no[-_]?image", re.IGNORECASE)  # the placeholder ogp_noimage.png and its likes


def read(fetched: Fetched, hosts: Sequence[str]) -> Page:
    """The page as values. Its picture is a candidate, not looked at yet: `pipeline.sources.pictures.check` does that.

    Raises:
        FetchError: "malformed": no HTML, no title, or a garbled one.
    """
    kind = fetched.content_type.partition(";")[0].strip().lower()
    if kind not in _HTML:
        raise FetchError("malformed", f"{fetched.final_url}: {kind} stands there; only HTML pages are announced")
    index = Index(parse(fetched.text))
    contents = _contents(index)
    title = _title(index, contents)
    if not title:
        raise FetchError(
            "malformed", f"{fetched.final_url}: the page has no title (h1, og:title, title); ask the web team"
        )
    if UNREADABLE in title:
        raise FetchError("malformed", f"{fetched.final_url}: the title is garbled ({title[:100]}); ask the web team")
    body = index.ids.get("contents-in") or contents
    base = _base(index, fetched.final_url, hosts)
    date = _date(index)
    department, tel = _contact(index)
    return Page(
        url=fetched.url,
        canonical=_canonical(index, fetched.final_url, base, hosts),
        title=title,
        date=date[0] if date else None,
        date_only=bool(date and date[1]),
        department=department,
        tel=tel,
        breadcrumb=_breadcrumb(index),
        picture=_picture(index, body, base, hosts),
        attachments=tuple(_attachments(index, body, base, hosts)),
        text=_text(index, body),  # last: takes out of the document what is no text
    )


def _contents(index: Index) -> Tag | None:
    """The article: where SMART CMS has it, else where HTML says so, else where other CMSs usually have it."""
    contents = index.ids.get("contents")
    if contents and contents.name == "article":
        return contents
    return (
        index.first("main")
        or index.roles.get("main")
        or index.first("article")
        or index.ids.get("main")
        or contents
        or index.ids.get("content")
    )


def _title(index: Index, contents: Tag | None) -> str:
    heading = contents.find("h1") if contents else None
    return (
        (one_line(heading) if isinstance(heading, Tag) else "")
        or clean(index.meta("og:title"))
        or one_line(index.first("h1"))
        or clean(_SITE_NAME.sub("", index.soup.title.get_text() if index.soup.title else ""))
    )


def _base(index: Index, url: str, hosts: Sequence[str]) -> str:
    tag = next((tag for tag in index.names["base"] if tag.get("href")), None)
    return (_on_site(str(tag["href"]), url, hosts) if tag else None) or url


def _on_site(href: str, base: str, hosts: Sequence[str]) -> str | None:
    """The address when it is one on the site's hosts."""
    try:
        address = site_url(href, base, hosts)
    except ValueError:
        return None
    return address if on_hosts(address, hosts) else None


def _canonical(index: Index, url: str, base: str, hosts: Sequence[str]) -> str:
    """What the page names as canonical, on the site; never the home page, which a broken template names everywhere."""
    tag = next((tag for tag in index.names["link"] if "canonical" in (tag.get("rel") or ()) and tag.get("href")), None)
    address = _on_site(str(tag["href"]), base, hosts) if tag else None
    if address is None or (urlsplit(address).path == "/" and urlsplit(url).path != "/"):
        return url
    return address


def _date(index: Index) -> tuple[datetime, bool] | None:
    for name in _DATE_METAS:
        if date := read_date(index.meta(name)):
            return date
    for tag in (*index.classes["update"], *index.names["time"]):
        if date := read_date(str(tag.get("datetime") or "")) or read_date(one_line(tag)):
            return date
    return None


def _contact(index: Index) -> tuple[str, str]:
    """The first line of お問い合わせ先, and the telephone that it names."""
    for block in index.classes["toiawase"]:
        for tag in index.classes["name"]:
            if inside(tag, block):
                return readable(tag).partition("\n")[0].removeprefix("・"), telephone(readable(block))
    return "", ""


def _breadcrumb(index: Index) -> tuple[str, ...]:
    places = [index.ids[name] for name in _BREADCRUMB_IDS if name in index.ids]
    places += [tag for name in _BREADCRUMB_CLASSES for tag in index.classes[name]]
    for place in places:
        if names := [name for tag in place.find_all("li") if (name := one_line(tag).removeprefix("・").strip())]:
            return tuple(names)
    return ()


def _attachments(index: Index, body: Tag | None, base: str, hosts: Sequence[str]) -> Iterable[Attachment]:
    seen: set[str] = set()
    reader = index.ids.get("pdf-download")  # 「Adobe Readerをお持ちでない方は…」
    for link in body.find_all("a", href=True, limit=_MOST) if body else ():
        address = _on_site(str(link["href"]), base, hosts)
        if not address or address in seen or (reader and inside(link, reader)):
            continue
        if PurePosixPath(urlsplit(address).path).suffix.lower() in _FILES:
            seen.add(address)
            yield Attachment(one_line(link) or PurePosixPath(urlsplit(address).path).name, address)


def _picture(index: Index, body: Tag | None, base: str, hosts: Sequence[str]) -> Picture | None:
    """og:image unless it is a placeholder, else the body's first figure; the alt is that of the same picture in the body."""
    alts: dict[str, str] = {}
    figures: list[str] = []
    for image in body.find_all("img", src=True, limit=_MOST) if body else ():
        address = _on_site(str(image["src"]), base, hosts)
        if address and not _NO_PICTURE.search(address):
            alts.setdefault(address, clean(str(image.get("alt") or "")))
            if image.find_parent("figure"):
                figures.append(address)
    shared = index.meta("og:image")
    address = _on_site(shared, base, hosts) if shared and not _NO_PICTURE.search(shared) else None
    if address is None and figures:
        address = figures[0]
    return Picture(address, alts.get(address, "")) if address else None


def _text(index: Index, body: Tag | None) -> str:
    for tag in (
        *(tag for name in _NOT_TEXT_CLASSES for tag in index.classes[name]),
        *(index.ids[name] for name in _NOT_TEXT_IDS if name in index.ids),
        *(tag for name in _NOT_TEXT_NAMES for tag in index.names[name]),
    ):
        if tag is not body:
            tag.extract()
    text = readable(body) if body else ""
    return text or clean_lines(index.meta("og:description") or index.meta("description"))
