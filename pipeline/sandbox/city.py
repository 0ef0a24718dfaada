"""An embedded city website on loopback, in the shape of SMART CMS."""

import hashlib
import ssl
import struct
import zlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from pipeline.sandbox import markup
from pipeline.sandbox.articles import Photo, SampleArticle
from pipeline.sandbox.loopback import LoopbackServer, Request, Response
from pipeline.sandbox.markup import Published

LIST, KINKYU = "/index.update.json", "/kinkyu/index.html"
LIST_LENGTH = 100  # entries of index.update.json, as seen
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"
ROBOTS = "User-agent: *\nDisallow: /cgi-bin/inquiry.php\nDisallow: /smart-lgov/\n"

Content = tuple[bytes, str]  # a body and its content type


class EmbeddedCity(LoopbackServer):
    """The site: its news, its emergency page, articles and their pictures."""

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(port=port, tls=tls)
        self.news: dict[str, Published] = {}
        self.emergencies: dict[str, Published] = {}
        self.files: dict[str, Content] = {"/robots.txt": (ROBOTS.encode(), TEXT)}
        self._order = 0

    def publish(self, article: SampleArticle, at: datetime) -> str:
        """Put an article on the site, or publish it again; returns its URL."""
        with self.lock:
            self.place(self.news, article, at)
        return self.url + article.path

    def emergency(self, article: SampleArticle, at: datetime) -> str:
        """Put an article on the emergency list, which is a page of its own and not part of the news."""
        with self.lock:
            self.place(self.emergencies, article, at)
        return self.url + article.path

    def place(self, shelf: dict[str, Published], article: SampleArticle, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError(f"{article.path}: the instant {at} has no time zone; give an aware datetime")
        self._order += 1
        shelf[article.path] = Published(article, at, self._order)
        if article.picture:
            self.files.setdefault(article.picture.path, photograph(article.picture))

    def content(self, route: str) -> Content | None:
        """What stands at the path, or None."""
        if route in self.files:
            return self.files[route]
        if route == LIST:
            listed = newest_first(self.news.values())[:LIST_LENGTH]
            return markup.update_json(listed, self.url).encode(), JSON
        if route == KINKYU:
            pages = newest_first(self.emergencies.values())
            return markup.static_list("緊急情報", pages, [], self.host, with_time=True).encode(), HTML
        published = self.news.get(route) or self.emergencies.get(route)
        return (markup.page(published, self.host, self.url).encode(), HTML) if published else None

    def answer(self, request: Request) -> Response:
        with self.lock:
            body, kind = self.content(request.route) or (b"", "")
        return Response(200, body, (("Content-Type", kind),)) if kind else Response(404)


def newest_first(shelf: Iterable[Published]) -> list[Published]:
    return sorted(shelf, key=lambda one: (one.at, one.order), reverse=True)


@lru_cache(200)
def photograph(photo: Photo) -> Content:
    """A PNG of the photo's size, in a colour of its own."""
    return png(photo.width, photo.height, colour_of(photo.path)), "image/png"


def colour_of(path: str) -> tuple[int, int, int]:
    red, green, blue, *_ = hashlib.sha256(path.encode()).digest()
    return red // 2 + 64, green // 2 + 64, blue // 2 + 64


def png(width: int, height: int, rgb: tuple[int, int, int]) -> bytes:
    """A soft gradient as PNG, made from nothing."""
    rows = b"".join(
        b"\0" + bytes(value + (255 - value) * y // (2 * height) for value in rgb) * width for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
