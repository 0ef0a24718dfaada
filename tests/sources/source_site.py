"""A website on loopback whose every answer is set by the test, and a clock that never really sleeps."""

import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct

from pipeline.config import JST, Site, Source

NOW = datetime(2026, 6, 15, 10, 0, tzinfo=JST)


class Ask(Struct, frozen=True):
    """One request as it came in."""

    target: str
    headers: dict[str, str]


class Reply(Struct, frozen=True):
    """One answer. `drop` closes the connection without any; `meanwhile` is called after the first half of the body."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = {}
    drop: bool = False
    meanwhile: Callable[[], object] | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up here on purpose."""


Route = Reply | bytes | list[Reply] | Callable[[Ask], Reply]


class Website:
    """Routes by path and query. A list is answered one after the other, its last one from then on."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Ask] = []
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if context else 'http'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def targets(self) -> list[str]:
        """What was asked for, without robots.txt."""
        return [ask.target for ask in self.asked if ask.target != "/robots.txt"]

    def answer(self, ask: Ask) -> Reply:
        with self._lock:
            route = self.routes.get(ask.target, Reply(status=404))
            if isinstance(route, list):
                route = route.pop(0) if len(route) > 1 else route[0]
        if callable(route):
            return route(ask)
        return Reply(route) if isinstance(route, bytes) else route

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        website = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with website._lock:
                    website.asked.append(ask := Ask(self.path, {k.lower(): v for k, v in self.headers.items()}))
                    website.in_flight += 1
                    website.most_in_flight = max(website.most_in_flight, website.in_flight)
                try:
                    reply = website.answer(ask)
                finally:
                    with website._lock:
                        website.in_flight -= 1
                if reply.drop:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                headers = {"Content-Type": reply.type, "Content-Length": str(len(reply.body)), **reply.headers}
                for name, value in headers.items():
                    if value:
                        self.send_header(name, value)
                if headers["Content-Length"] != str(len(reply.body)):
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                try:
                    half = len(reply.body) // 2 if reply.meanwhile else 0
                    self.wfile.write(reply.body[:half])
                    if reply.meanwhile:
                        reply.meanwhile()
                    self.wfile.write(reply.body[half:])
                except OSError:
                    self.close_connection = True  # the client has seen enough

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
                pass

        return Handler


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def site_of(website: Website, *sources: Source, **settings: Any) -> Site:
    settings = {"pause": 0, "read_timeout": "5s", "contact_url": "https://city.example/line", **settings}
    return Site(
        url=website.url,
        hosts=(website.host,),
        sources=sources or (Source(kind="smart-cms", url="/index.update.json"),),
        **settings,
    )
