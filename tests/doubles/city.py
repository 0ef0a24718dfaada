"""The embedded city with everything that a real one does to a reader: edits, removals, redirects, feeds, validators, faults."""

import hashlib
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, structs

from pipeline.sandbox.articles import SampleArticle
from pipeline.sandbox.city import HTML, JSON, KINKYU, LIST_LENGTH, EmbeddedCity, colour_of, newest_first
from pipeline.sandbox.markup import NOIMAGE, Published, http_date, static_list, update_json
from tests.doubles import markup
from tests.doubles.fault import Fault
from tests.doubles.loopback import FaultyServer, Request, Response
from tests.doubles.pictures import picture

LIST_JSON, LIST_HTML = "index.update.json", "index.html"
XML = "application/xml; charset=utf-8"
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


class City(FaultyServer, EmbeddedCity):
    """The site. `conditional`: "honoured" answers 304 as it should, "ignored" sends validators but always the whole
    body, "absent" sends none. `frozen`: paths whose validators never move."""

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
        self.frozen: set[str] = set()
        self._gone: dict[str, int] = {}
        self._moved: dict[str, tuple[str, int]] = {}
        self._modified = BIRTH
        self._modified_at: dict[str, datetime] = {}
        self.put("/robots.txt", *self.files["/robots.txt"])
        self.put(NOIMAGE, picture("PNG", 1200, 630), "image/png")
        for article, at in articles:
            self.publish(article, at)

    # What the web team does

    def edit(self, path: str, *, at: datetime, title: str | None = None, body_html: str | None = None) -> None:
        """Change a published article; nothing given but `at`: published again as it is."""
        with self.lock:
            shelves = [shelf for shelf in (self.news, self.emergencies) if path in shelf]
            if not shelves:
                raise KeyError(f"{path} is not on the site; publish it first")
            for shelf in shelves:
                article = shelf[path].article
                changed = structs.replace(
                    article,
                    title=article.title if title is None else title,
                    body_html=article.body_html if body_html is None else body_html,
                )
                self.place(shelf, changed, at)

    def unpublish(self, path: str, status: int = 404) -> None:
        """Take an article off: gone from the lists, and its page answers 404 (or 410)."""
        with self.lock:
            self.news.pop(path, None)
            self.emergencies.pop(path, None)
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
            self.files[path] = body, content_type
            self._modified_at[path] = self._modified

    def rebuild(self) -> None:
        """The CMS writes every file again: new validators, same bytes."""
        with self.lock:
            self._touch(self._modified)
            self._modified_at = dict.fromkeys(self._modified_at, self._modified)

    def fail(self, path_prefix: str, fault: Fault, times: int | None = None) -> None:
        """From now on, `times` times or always, requests whose path (with query) begins so end in the fault."""
        self.arm(path_prefix, fault, times)

    def told(self) -> object:
        """Everything that its answers can depend on, to be compared; None while faults are armed."""
        files = {path: (hashlib.sha256(body).digest(), kind) for path, (body, kind) in self.files.items()}
        how = (
            self.list_length,
            self.conditional,
            sorted(self.frozen),
            self._gone,
            self._moved,
            self._modified,
            self._modified_at,
        )
        return None if self.faults_left() else (self.news, self.emergencies, files, how)

    # What the web server does

    def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"", (("Allow", "GET, HEAD"),))
        route = request.route
        with self.lock:
            if route in self._moved:
                to, status = self._moved[route]
                location = to if "://" in to else self.url + to
                return Response(status, b"", (("Location", location), ("Content-Type", HTML)))
            if route == "/cgi-bin/feed.php":
                return Response(200, self._feed(urlsplit(request.path).query).encode(), (("Content-Type", XML),))
            static = self._static(route)
            if static is None:
                status = self._gone.get(route, 404)
                return Response(status, markup.not_found(self.host).encode(), (("Content-Type", HTML),))
        return self._conditional(request, static)

    def _conditional(self, request: Request, static: Static) -> Response:
        kind = ("Content-Type", static.content_type)
        if self.conditional == "absent":
            return Response(200, static.body, (kind,))
        still = request.route in self.frozen
        modified = BIRTH if still else static.modified.replace(microsecond=0)
        etag = f'"{hashlib.sha256(b"" if still else static.body + modified.isoformat().encode()).hexdigest()[:16]}"'
        validators = (("ETag", etag), ("Last-Modified", http_date(modified)))
        if self.conditional == "honoured" and _unchanged(request.headers, etag, modified):
            return Response(304, b"", validators)
        return Response(200, static.body, (kind, *validators))

    def _static(self, route: str) -> Static | None:
        if route in ("/", "/index.html"):
            return self._text(markup.home(self.host), HTML)
        folder, _, name = route.rpartition("/")
        if name in (LIST_JSON, LIST_HTML) and route not in self.files and route != KINKYU:
            return self._folder(folder, name)
        published = self.news.get(route) or self.emergencies.get(route)
        if published is not None and published.article.is_category_index:
            return None
        found = self.content(route)
        if found is None:
            return None
        return Static(*found, published.at if published else self._modified_at.get(route, self._modified))

    def _folder(self, folder: str, name: str) -> Static | None:
        listed = [one for one in newest_first(self.news.values()) if one.article.path.startswith(folder + "/")]
        if name == LIST_JSON and (listed or not folder):
            return self._text(update_json(listed[: self.list_length], self.url), JSON)
        return self._folder_page(folder + "/", listed) if name == LIST_HTML and listed else None

    def _folder_page(self, folder: str, listed: list[Published]) -> Static:
        pages = [one for one in listed if "/" not in one.article.path[len(folder) :]]
        deeper = {one.article.path[len(folder) :] for one in listed} - {
            one.article.path[len(folder) :] for one in pages
        }
        folders = sorted({f"{folder}{path.split('/')[0]}/" for path in deeper})
        title = listed[0].article.breadcrumb[0] if listed[0].article.breadcrumb else folder
        return self._text(static_list(title, pages, folders, self.host, with_time=False), HTML)

    def _feed(self, query: str) -> str:
        """feed.php: the newest `displayCount` of the last `displayRange` days.

        The site has no clock of its own: the range is counted back from the newest article, so that a
        simulated day works too.
        """
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        listed = newest_first(self.news.values())
        if asked.get("includeShortcut", "0") == "0":
            listed = [one for one in listed if not one.article.is_shortcut_of]
        listed = [one for one in listed if not (one.article.is_category_index or one.article.is_keitai_page)]
        if listed:
            oldest = listed[0].at - timedelta(days=int(asked.get("displayRange", "90")))
            listed = [one for one in listed if one.at >= oldest]
        return markup.rss(listed[: int(asked.get("displayCount", "50"))], self.url)

    def _text(self, text: str, content_type: str) -> Static:
        return Static(text.encode(), content_type, self._modified)

    def place(self, shelf: dict[str, Published], article: SampleArticle, at: datetime) -> None:
        super().place(shelf, article, at)
        self._touch(at)
        self._gone.pop(article.path, None)
        self._moved.pop(article.path, None)
        photo = article.picture
        if photo and photo.path not in self._modified_at and photo.path.endswith(".jpg"):
            self.files[photo.path] = picture("JPEG", photo.width, photo.height, colour_of(photo.path)), "image/jpeg"
        for file in article.pdf:
            self.files.setdefault(file.path, (PDF, "application/pdf"))
        for path in (*(file.path for file in article.pdf), *([photo.path] if photo else ())):
            self._modified_at.setdefault(path, at)

    def _touch(self, at: datetime) -> None:
        """Last-Modified has whole seconds: each change moves it by one at least, so that it tells every change."""
        self._modified = max(at, self._modified + timedelta(seconds=1))


def _unchanged(headers: dict[str, str], etag: str, modified: datetime) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides alone when it is there."""
    if "if-none-match" in headers:
        tags = [tag.strip().removeprefix("W/") for tag in headers["if-none-match"].split(",")]
        return etag in tags or "*" in tags
    try:
        return modified <= parsedate_to_datetime(headers.get("if-modified-since", ""))
    except (ValueError, TypeError):  # no date, or one without a zone
        return False
