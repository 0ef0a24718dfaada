"""robots.txt (RFC 9309): asked once a day, obeyed for every page, and not even parsed when nothing changed."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from pipeline.ledger.events import Robots
from pipeline.sources.answer import FetchError
from pipeline.sources.fetch import Client

VALID_FOR = timedelta(hours=24)  # RFC 9309, 2.4
SIZE = 512_000  # RFC 9309, 2.5: at least 500 KiB must be read
LONGEST_PAUSE = 10.0  # seconds of Crawl-delay that are honoured; some sites ask for minutes

_TOO_MANY = 429


class Rules:
    """The rules of the site's hosts. Safe to use from several threads.

    Attributes:
        files: host → file, as known now.
    """

    def __init__(self, client: Client, known: Mapping[str, Robots], now: Callable[[], datetime]) -> None:
        self.files: dict[str, Robots] = dict(known)
        self._client, self._now = client, now
        self._agent = client.user_agent.partition("/")[0]
        self._lock = threading.Lock()
        self._settled: set[str] = set()  # hosts whose file is good for the rest of this run
        self._failed: dict[str, FetchError] = {}
        self._rules: dict[str, Any] = {}

    def require(self, url: str, *, remembered: bool = False) -> None:
        """Return when the address may be asked; with `remembered` the next runs need not parse the file to know it.

        Raises:
            FetchError: "robots" when it may not; "unreachable", "refused" or "later" when nobody knows.
        """
        with self._lock:
            file = self._file(url)
            self._client.pause = max(self._client.pause, file.delay)
            if not file.text or url in file.allowed:
                return
            if not self._parsed(file).can_fetch(url, self._agent):
                told = f"{url} is closed to {self._agent} by robots.txt; ask the web team to allow it"
                raise FetchError("robots", told)
            if remembered:
                self.files[file.host] = msgspec.structs.replace(file, allowed=(*file.allowed, url))

    def _file(self, url: str) -> Robots:
        host = urlsplit(url).netloc
        known = self.files.get(host)
        if known and (host in self._settled or abs(self._now() - known.at) < VALID_FOR):
            return known
        if host in self._failed:
            raise self._failed[host]
        try:
            file = self._fetch(url)
        except FetchError as error:
            if known is None:
                self._failed[host] = error
                raise
            file = known  # RFC 9309, 2.4: beyond its day only while the host does not answer
        self._settled.add(host)
        if file is not known:
            self._rules.pop(host, None)
            delay = self._parsed(file).crawl_delay(self._agent) if file.text else None
            file = msgspec.structs.replace(file, delay=min(delay, LONGEST_PAUSE) if delay and delay > 0 else 0.0)
        self.files[host] = file
        return file

    def _fetch(self, url: str) -> Robots:
        parts = urlsplit(url)
        address = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        try:
            text = self._client.get(address, limit=SIZE, truncate=True).text
        except FetchError as error:
            # RFC 9309, 2.3.1.3: unavailable (4xx) means no rules; 2.3.1.4: unreachable means that nothing may be asked.
            is_unavailable = 400 <= error.status < 500 and error.status != _TOO_MANY  # noqa: PLR2004 - client errors
            if not is_unavailable and error.code != "redirected":
                detail = f"{error.detail} Without robots.txt nothing else is asked."
                raise FetchError(error.code, detail, error.not_before, error.status) from None
            text = ""
        return Robots(at=self._now(), host=parts.netloc, text="" if text.isspace() else text)

    def _parsed(self, file: Robots) -> Any:
        if file.host not in self._rules:
            from protego import Protego

            self._rules[file.host] = Protego.parse(file.text)
        return self._rules[file.host]
