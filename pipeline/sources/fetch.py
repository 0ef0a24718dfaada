"""The polite client: who we are, how often we ask, how much we take, and where we follow."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from pipeline.config import Site, duration
from pipeline.late import late
from pipeline.masking import short
from pipeline.sources.answer import (
    CONTENT,
    REFUSED_NEXT,
    Barred,
    DamagedBody,
    Fetched,
    FetchError,
    NoAnswer,
    require_success,
)
from pipeline.sources.deadline import Deadline, Limits
from pipeline.sources.probe import Probed, probe
from pipeline.sources.urls import on_hosts, secure_url

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from pipeline.sources.connection import Session, Streamed

PAGE_LIMIT = 2_000_000  # bytes of a decoded page
LIST_LIMIT = 5_000_000  # bytes of a decoded list
AT_ONCE = 2  # requests in flight
MAX_REDIRECTS = 5
SHORT_WAIT = 30.0  # seconds of Retry-After that we wait for; for longer ones the next run comes back
LONGEST_WAIT = timedelta(days=1)  # a Retry-After of a year must not silence the city for a year
FIRST_BACKOFF = 0.5  # seconds, doubled with each attempt
FIRST_BYTES = 65_536  # of a picture; a JPEG says its size after its EXIF data, which may have 64 KB
PICTURE_PATIENCE = 5.0  # seconds for them

_TOO_MANY = 429
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65_536
# What web application firewalls answer to a plain client: in headers, or in a small page without a heading.
_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action")
_CHALLENGE = late(rb"_Incapsula_Resource|cf-chl|challenge-platform|awsWafCookieDomainList|/_sec/cp_challenge")
_READ = ("Content-Type", "ETag", "Last-Modified", "Location", "Retry-After")  # of an answer's headers
_CHALLENGE_SIZE = 20_000


class Terms(Struct, frozen=True):
    """How one page is asked for: headers, how much to take, how often to try, and the limits of time for all of it:
    a server that drips, in its headers or its body, takes no longer than one that never answers."""

    headers: dict[str, str]
    limit: int
    attempts: int
    limits: Limits
    truncate: bool = False
    cheaply: bool = False


Check = Callable[[str], None]  # raises FetchError for an address that must not be asked


class Client:
    """GET requests to the hosts of one site, at most two at once, with a pause between their starts."""

    def __init__(
        self,
        site: Site,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.hosts = site.hosts
        self.pause = site.pause
        contact = site.contact_url or site.url
        self.user_agent = site.user_agent.replace("{contact}", contact).encode("ascii", "replace").decode()
        self.wait_until: dict[str, datetime] = {}  # host → when it asked to be asked again
        self._attempts = site.attempts
        self._connect_timeout = duration(site.connect_timeout).total_seconds()
        self._read_timeout = duration(site.read_timeout).total_seconds()
        self._now, self._sleep, self._monotonic, self._stopping = now, sleep, monotonic, stopping
        self._headers = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Language": "ja"}
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._turn = threading.Lock()
        self._next_start = float("-inf")

    def get(
        self,
        url: str,
        *,
        etag: str = "",
        last_modified: str = "",
        limit: int = PAGE_LIMIT,
        truncate: bool = False,
        cheaply: bool = False,
        check: Check | None = None,
    ) -> Fetched:
        """Fetch a page or list; 304 comes back as `Fetched` with `is_modified` False.

        Args:
            url: canonical, on the site's hosts.
            etag, last_modified: validators of the version that we know; makes the request conditional.
            limit: bytes of the decoded body.
            truncate: take the first `limit` bytes of a longer body instead of failing.
            cheaply: ask without `requests` first (probe.py), because "not modified" is expected.
            check: called with every address before it is asked, redirects included.

        Raises:
            FetchError: for everything that is neither a page nor "not modified".
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in headers.items() if value and value.isascii() and value.isprintable()}
        limits = self._limits(self._read_timeout, self._attempts)
        answer = self._follow(url, Terms(headers, limit, self._attempts, limits, truncate, cheaply), check)
        if not answer.is_modified and not headers:
            told = f"{url} answered 304 to an unconditional request; ask the web team"
            raise FetchError("malformed", told, status=304)
        return answer

    def peek(self, url: str, *, check: Check | None = None) -> Fetched:
        """The first bytes of a picture, in one quick attempt. Raises FetchError."""
        headers = {"Range": f"bytes=0-{FIRST_BYTES - 1}", "Accept-Encoding": "identity"}
        limits = self._limits(min(self._read_timeout, PICTURE_PATIENCE), 1)
        return self._follow(url, Terms(headers, FIRST_BYTES, 1, limits, truncate=True), check)

    @cached_property
    def _session(self) -> "Session":
        from pipeline.sources.connection import Session  # only when there is something to read

        return Session(self._headers, self._monotonic, self._stopping)

    def close(self) -> None:
        if "_session" in self.__dict__:
            self._session.close()

    def _limits(self, silence: float, attempts: int) -> Limits:
        connect = self._connect_timeout
        return Limits(connect, silence, self._monotonic() + attempts * (connect + silence))

    def _follow(self, url: str, terms: Terms, check: Check | None) -> Fetched:
        """The answer behind at most five redirects, all of them within the site."""
        current, asked = url, set()
        for _ in range(MAX_REDIRECTS + 1):
            self._require_allowed(url, current)
            if check:
                check(current)
            state = (current, self._session.cookies if "_session" in self.__dict__ else ())
            if state in asked:
                raise FetchError("refused", f"{url} redirects in a loop at {current}; {REFUSED_NEXT}", status=302)
            asked.add(state)
            answer = self._persist(current, terms)
            if answer.status not in _REDIRECTS:
                require_success(answer)
                return replace(answer, url=url)
            try:
                current = secure_url(answer.location, current, self.hosts)
            except ValueError as error:
                told = f"{url} redirects to {error}; ask the web team"
                raise FetchError("malformed", told, status=answer.status) from None
        told = f"{url} redirects more than {MAX_REDIRECTS} times, with or without cookies; {REFUSED_NEXT}"
        raise FetchError("refused", told, status=302)

    def _require_allowed(self, url: str, current: str) -> None:
        if not on_hosts(current, self.hosts) and current == url:
            told = f"{url} is not on site.hosts ({', '.join(self.hosts)}); only these are asked"
            raise FetchError("malformed", told)
        if not on_hosts(current, self.hosts):
            told = f"{url} leads to {current}, which is not on site.hosts; add the host if it is the city's"
            raise FetchError("redirected", told)
        until = self.wait_until.get(urlsplit(current).netloc)
        seconds = self._seconds_until(until)
        if until and seconds > SHORT_WAIT:
            told = f"{current} is not asked: the site wants to be left alone until {until.isoformat()}"
            raise FetchError("later", told, until)
        if seconds > 0:  # another list of the site may be the emergency one
            self._sleep(seconds)

    def _persist(self, url: str, terms: Terms) -> Fetched:
        """Ask until there is an answer, or attempts or the site's patience are used up."""
        problem = ""
        for attempt in range(1, terms.attempts + 1):
            wait = FIRST_BACKOFF * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, hides nothing
            try:
                answer = self._ask(url, terms)
            except NoAnswer as error:
                problem = _short(error)
            else:
                if answer.status != _TOO_MANY and answer.status < 500:  # noqa: PLR2004 - server errors begin there
                    return answer
                problem = f"status {answer.status}"
                wait = self._patient(answer, wait, last=attempt == terms.attempts)
            if self._stopping() or self._monotonic() >= terms.limits.until:
                break
            if attempt < terms.attempts:
                self._sleep(min(wait, SHORT_WAIT))
        told = f"{url} gave no answer in {attempt} attempt(s) ({problem}); the next run tries again. "
        raise FetchError("unreachable", f"{told}If it lasts, open the address in a browser")

    def _patient(self, answer: Fetched, wait: float, *, last: bool) -> float:
        """Seconds to wait before the next attempt. Raises FetchError when the site wants more time than a run has."""
        until, seconds = answer.not_before, self._seconds_until(answer.not_before)
        if until and seconds <= SHORT_WAIT and not last:
            return seconds
        if until and seconds > 0:
            self.wait_until[urlsplit(answer.url).netloc] = until
        if answer.status == _TOO_MANY:
            told = f"{answer.url} answered 429 (too many requests); {REFUSED_NEXT}"
            raise FetchError("refused", told, until, _TOO_MANY)
        if until and seconds > SHORT_WAIT:
            told = f"{answer.url} answered {answer.status} and asks to be left alone until {until.isoformat()}; "
            raise FetchError("later", f"{told}the first run after that asks again", until, answer.status)
        return wait

    def _seconds_until(self, instant: datetime | None) -> float:
        """Never less than none."""
        return max(0.0, (instant - self._now()).total_seconds()) if instant else 0.0

    def _ask(self, url: str, terms: Terms) -> Fetched:
        """One request. Raises NoAnswer or FetchError."""
        try:
            if terms.cheaply and "_session" not in self.__dict__:
                self._take_turn()
                headers = {**self._headers, **terms.headers}
                with (
                    Deadline(terms.limits, self._monotonic, self._stopping) as deadline,
                    probe(url, headers, terms.limits, deadline) as probed,
                ):
                    if probed is not None:
                        return self._read(url, probed, terms)
            with self._slots:
                self._take_turn()
                with self._session.get(url, terms.headers, terms.limits) as response:
                    return self._read(url, response, terms)
        except Barred as error:
            next_step = "REQUESTS_CA_BUNDLE names the city's own authority if it has one, HTTPS_PROXY the proxy"
            raise FetchError("unreachable", f"{url}: {_short(error)}. Ask the web team; {next_step}") from None
        except DamagedBody as error:
            told = f"{url}: the compressed body cannot be read: {_short(error)}; ask the web team"
            raise FetchError("malformed", told) from None

    def _take_turn(self) -> None:
        with self._turn:
            now = self._monotonic()
            wait = self._next_start - now
            self._next_start = max(now, self._next_start) + self.pause
        if wait > 0:
            self._sleep(wait)

    def _read(self, url: str, response: "Streamed | Probed", terms: Terms) -> Fetched:
        """The answer as a value, unless it is too large or there to keep us out."""
        body = self._body(url, response, terms) if response.status in CONTENT else b""
        headers = response.headers
        if any(name in headers for name in _CHALLENGE_HEADERS) or _is_challenge(body):
            told = f"{url} answered with a challenge page instead of its content; {REFUSED_NEXT}"
            raise FetchError("refused", told, status=response.status)
        kind, etag, modified, place, later = (headers.get(name, "") for name in _READ)
        total = _total(headers)
        return Fetched(
            url, url, response.status, body, kind, etag, modified, _utf8(place), self._retry_after(later), total
        )

    def _body(self, url: str, response: "Streamed | Probed", terms: Terms) -> bytes:
        """At most `limit` decoded bytes: a gzip bomb is stopped where it grows, not where it ends."""
        chunks, size = [], 0
        while chunk := response.read(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size >= terms.limit and terms.truncate:
                break
            if size > terms.limit:
                told = f"{url} has more than {terms.limit:,} bytes; it is not read. Ask the web team"
                raise FetchError("too-large", told)
        return b"".join(chunks)[: terms.limit]

    def _retry_after(self, text: str) -> datetime | None:
        """Seconds or an HTTP date (RFC 9110, 10.2.3) as an instant, at most a day away; else None."""
        if not text:
            return None
        now = self._now()
        try:
            if text.isdecimal():
                return now + timedelta(seconds=min(int(text), LONGEST_WAIT.total_seconds()))
            from email.utils import parsedate_to_datetime

            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(until, now + LONGEST_WAIT)


def _is_challenge(body: bytes) -> bool:
    """Whether a small HTML page is there for its script only."""
    is_small_page = len(body) <= _CHALLENGE_SIZE and body.lstrip()[:1] == b"<" and b"<h1" not in body.lower()
    return is_small_page and _CHALLENGE.search(body) is not None


def _total(headers: "Mapping[str, str] | HTTPMessage") -> int | None:
    """The size of the whole file: Content-Range of a partial answer, else Content-Length."""
    text = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length", "")
    return int(text) if text.isdecimal() and text.isascii() else None


def _utf8(header: str) -> str:
    """Headers are read as Latin-1; Japanese addresses in them are UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _short(error: Exception) -> str:
    return short(str(error), 300)
