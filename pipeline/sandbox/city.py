"""An embedded city website on loopback, in the shape of SMART CMS."""

import hashlib
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, structs

from pipeline.sandbox import markup, pictures
from pipeline.sandbox.articles import File, Photo, SampleArticle
from pipeline.sandbox.fault import HTML, Fault
from pipeline.sandbox.loopback import Answer, LoopbackServer, Request
from pipeline.sandbox.markup import Published

LIST_LENGTH = 100  # entries of index.update.json, as seen
KINKYU = "/kinkyu/index.html"
LIST_JSON, LIST_HTML = "index.update.json", "index.html"
JSON, XML, TEXT = "application/json", "application/xml; charset=utf-8", "text/plain; charset=utf-8"
ROBOTS = "User-agent: *\nDisallow: /cgi-bin/inquiry.php\nDisallow: /smart-lgov/\n"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
BIRTH = datetime(2026, 4, 1, tzinfo=UTC)  # Last-Modified of what never changed


class Static(Struct, frozen=True):
    """A file as the web server sees it."""

    body: bytes
    content_type: str
    modified: datetime


class City(LoopbackServer):
    """The site. `conditional`: "honoured" answers 304 as it should, "ignored" sends validators but always the whole
    body, "absent" sends none."""

    def __init__(
        self,
        articles: Iterable[tuple[SampleArticle, datetime]] = (),
        *,
        port: int = 0,
        list_length: int = LIST_LENGTH,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(port=port, tls=tls)
        self.list_length = list_length
        self.conditional: Literal["honoured", "ignored", "absent"] = "honoured"
        self._site: dict[str, Published] = {}
        self._emergencies: dict[str, Published] = {}
        self._gone: dict[str, int] = {}
        self._moved: dict[str, tuple[str, int]] = {}
        self._files: dict[str, Static] = {}
        self._modified = BIRTH
        self._order = 0
        self.put("/robots.txt", ROBOTS.encode(), TEXT)
        self.put(markup.NOIMAGE, pictures.png(1200, 630), "image/png")
        for article, at in articles:
            self.publish(article, at)

    # What the web team does

    def publish(self, article: SampleArticle, at: datetime) -> str:
        """Put an article on the site, or publish it again; returns its URL."""
        with self.lock:
            self._place(self._site, article, at)
        return self.url + article.path

    def emergency(self, article: SampleArticle, at: datetime) -> str:
        """Put an article on the emergency list, which is a page of its own and not part of the news."""
        with self.lock:
            self._place(self._emergencies, article, at)
        return self.url + article.path

    def edit(self, path: str, *, at: datetime, title: str | None = None, body_html: str | None = None) -> None:
        """Change a published article; nothing given but `at`: published again as it is."""
        with self.lock:
            shelves = [shelf for shelf in (self._site, self._emergencies) if path in shelf]
            if not shelves:
                raise KeyError(f"{path} is not on the site; publish it first")
            for shelf in shelves:
                article = shelf[path].article
                changed = structs.replace(
                    article,
                    title=article.title if title is None else title,
                    body_html=article.body_html if body_html is None else body_html,
                )
                self._place(shelf, changed, at)

    def unpublish(self, path: str, status: int = 404) -> None:
        """Take an article off: gone from the lists, and its page answers 404 (or 410)."""
        with self.lock:
            self._site.pop(path, None)
            self._emergencies.pop(path, None)
            self._gone[path] = status
            self._touch(self._modified)

    def redirect(self, path: str, to: str, status: int = 301) -> None:
        """From now on the page answers with a redirect to `to` (a path or a URL); lists keep naming the old address."""
        with self.lock:
            self._moved[path] = (to, status)

    def put(self, path: str, body: bytes, content_type: str) -> None:
        """Any other file, for example a robots.txt or a picture of more than 10 MB."""
        with self.lock:
            self._touch(self._modified)
            self._files[path] = Static(body, content_type, self._modified)

    def rebuild(self) -> None:
        """The CMS writes every file again: new validators, same bytes."""
        with self.lock:
            self._touch(self._modified)
            for path, static in self._files.items():
                self._files[path] = structs.replace(static, modified=self._modified)

    def fail(self, path_prefix: str, fault: Fault, times: int | None = None) -> None:
        """From now on, `times` times or always, requests whose path (with query) begins so end in the fault."""
        self.arm(path_prefix, fault, times)

    # What the web server does

    def answer(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return Answer(405, b"", (("Allow", "GET, HEAD"),))
        route = request.route
        with self.lock:
            if route in self._moved:
                to, status = self._moved[route]
                location = to if "://" in to else self.url + to
                return Answer(status, b"", (("Location", location), ("Content-Type", HTML)))
            if route == "/cgi-bin/feed.php":
                return Answer(200, self._feed(urlsplit(request.path).query).encode(), (("Content-Type", XML),))
            static = self._static(route)
            if static is None:
                status = self._gone.get(route, 404)
                return Answer(status, markup.not_found(self.host).encode(), (("Content-Type", HTML),))
        return self._conditional(request, static)

    def _conditional(self, request: Request, static: Static) -> Answer:
        kind = ("Content-Type", static.content_type)
        if self.conditional == "absent":
            return Answer(200, static.body, (kind,))
        modified = static.modified.replace(microsecond=0)
        etag = f'"{hashlib.sha256(static.body + modified.isoformat().encode()).hexdigest()[:16]}"'
        validators = (("ETag", etag), ("Last-Modified", markup.http_date(modified)))
        if self.conditional == "honoured" and _unchanged(request.headers, etag, modified):
            return Answer(304, b"", validators)
        return Answer(200, static.body, (kind, *validators))

    def _static(self, route: str) -> Static | None:
        if route in self._files:
            return self._files[route]
        if route in ("/", "/index.html"):
            return self._text(markup.home(self.host), HTML)
        if route == KINKYU:
            pages = _newest_first(self._emergencies.values())
            return self._text(markup.static_list("緊急情報", pages, [], self.host, with_time=True), HTML)
        published = self._site.get(route) or self._emergencies.get(route)
        if published is not None and not published.article.is_category_index:
            return Static(markup.page(published, self.host, self.url).encode(), HTML, published.at)
        folder, _, name = route.rpartition("/")
        listed = [one for one in _newest_first(self._site.values()) if one.article.path.startswith(folder + "/")]
        if name == LIST_JSON and (listed or not folder):
            return self._text(markup.update_json(listed[: self.list_length], self.url), JSON)
        if name == LIST_HTML and listed:
            return self._folder_page(folder + "/", listed)
        return None

    def _folder_page(self, folder: str, listed: list[Published]) -> Static:
        pages = [one for one in listed if "/" not in one.article.path[len(folder) :]]
        deeper = {one.article.path[len(folder) :] for one in listed} - {
            one.article.path[len(folder) :] for one in pages
        }
        folders = sorted({f"{folder}{path.split('/')[0]}/" for path in deeper})
        title = listed[0].article.breadcrumb[0] if listed[0].article.breadcrumb else folder
        return self._text(markup.static_list(title, pages, folders, self.host, with_time=False), HTML)

    def _feed(self, query: str) -> str:
        """feed.php: the newest `displayCount` of the last `displayRange` days.

        The site has no clock of its own: the range is counted back from the newest article, so that a
        simulated day works too.
        """
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        listed = _newest_first(self._site.values())
        if asked.get("includeShortcut", "0") == "0":
            listed = [one for one in listed if not one.article.is_shortcut_of]
        listed = [one for one in listed if not (one.article.is_category_index or one.article.is_keitai_page)]
        if listed:
            oldest = listed[0].at - timedelta(days=int(asked.get("displayRange", "90")))
            listed = [one for one in listed if one.at >= oldest]
        return markup.rss(listed[: int(asked.get("displayCount", "50"))], self.url)

    def _text(self, text: str, content_type: str) -> Static:
        return Static(text.encode(), content_type, self._modified)

    def _place(self, shelf: dict[str, Published], article: SampleArticle, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError(f"{article.path}: the instant {at} has no time zone; give an aware datetime")
        self._order += 1
        self._touch(at)
        self._gone.pop(article.path, None)
        self._moved.pop(article.path, None)
        shelf[article.path] = Published(article, at, self._order)
        for file in (*article.pdf, *([article.picture] if article.picture else ())):
            if file.path not in self._files:
                self._files[file.path] = Static(*_material(file), at)

    def _touch(self, at: datetime) -> None:
        """Last-Modified has whole seconds: each change moves it by one at least, so that it tells every change."""
        self._modified = max(at, self._modified + timedelta(seconds=1))


def _material(file: Photo | File) -> tuple[bytes, str]:
    if isinstance(file, File):
        return PDF, "application/pdf"
    digest = hashlib.sha256(file.path.encode()).digest()
    rgb = (digest[0] // 2 + 64, digest[1] // 2 + 64, digest[2] // 2 + 64)
    if file.path.endswith(".png"):
        return pictures.png(file.width, file.height, rgb), "image/png"
    return pictures.jpeg(file.width, file.height, rgb), "image/jpeg"


def _newest_first(shelf: Iterable[Published]) -> list[Published]:
    return sorted(shelf, key=lambda one: (one.at, one.order), reverse=True)


def _unchanged(headers: dict[str, str], etag: str, modified: datetime) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides alone when it is there."""
    if "if-none-match" in headers:
        tags = [tag.strip().removeprefix("W/") for tag in headers["if-none-match"].split(",")]
        return etag in tags or "*" in tags
    try:
        return modified <= parsedate_to_datetime(headers.get("if-modified-since", ""))
    except (ValueError, TypeError):  # no date, or one without a zone
        return False
