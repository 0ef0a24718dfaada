"""The facade of this station: read the lists and pages of one site, and answer for everything that goes wrong.

Imports only what an unchanged list needs; readers and their libraries come in when there is something to read.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, assert_never
from urllib.parse import unquote, urlsplit

from msgspec import Struct, structs
from msgspec.structs import replace

from pipeline.article import Listing, Page, PageProblem, PageProblemCode, identity
from pipeline.config import Selectors, Site, Source
from pipeline.ledger.events import Robots
from pipeline.sources.answer import ErrorCode, Fetched, FetchError
from pipeline.sources.deadline import TooSlow, at_most
from pipeline.sources.fetch import AT_ONCE, LIST_LIMIT, Client
from pipeline.sources.robots import Rules
from pipeline.sources.urls import site_url, without_fragment

if TYPE_CHECKING:
    from pipeline.sources.entries import Rows

WHOLE_EVERY = timedelta(days=1)  # a list that is "not modified" for so long is asked for without conditions
LONGEST_VALIDATOR = 1_000  # characters
READING_AT_MOST = 10.0  # seconds for one page or list of a few megabytes; they take milliseconds
GIVE_UP_AFTER = 3  # pages in a row that did not answer: the rest of this run leaves the site alone

T = TypeVar("T")
_log = logging.getLogger("kadoma_line")

_PAGE_CODES: dict[ErrorCode, PageProblemCode] = {
    "unreachable": "unreachable", "later": "unreachable", "refused": "refused", "redirected": "redirected",
    "gone": "gone", "robots": "robots", "malformed": "malformed", "too-large": "malformed",
}  # fmt: skip


class Memory(Struct, frozen=True):
    """What is remembered of a source between runs: validators of its last readable answer, when the whole list was last
    sent, and a promise to wait."""

    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    whole: datetime | None = None
    not_before: datetime | None = None


class SiteReader:
    """Reads the lists and pages of one site during one run.

    Args:
        site: the [site] table.
        robots: robots.txt by host, as the last run knew it.
        now: the current instant, aware.
        sleep: waits between requests and attempts.
        stopping: whether the run shall end.
    """

    def __init__(
        self,
        site: Site,
        robots: Mapping[str, Robots],
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._site, self._now, self._stopping = site, now, stopping
        self._client = Client(site, now, sleep, stopping=stopping)
        self._robots = Rules(self._client, robots, now)
        self._lists: dict[str, Source] = {}  # emergency lists by where they stand: reports may stand in them
        self._fetched: dict[str, Fetched | PageProblem] = {}  # without fragments
        self._pages: dict[str, Page | PageProblem] = {}
        self._same: set[str] = set()
        self._silent = 0  # pages in a row that did not answer
        self._lock = threading.Lock()

    @property
    def robots(self) -> dict[str, Robots]:
        """robots.txt by host as known now: keep it for the next run."""
        return self._robots.files

    def listing(self, source: Source, memory: Memory) -> Listing:
        """What the source answers; never raises.

        After "failed" keep the old memory: validators are given only for what was read.
        """
        try:
            address = site_url(source.url, self._site.url, self._site.hosts)
        except ValueError as error:
            told = FetchError("malformed", f"{error}; correct site.sources in kadoma.toml")
            return _failed(source, source.url, told)
        try:
            return self._listing(source, address, memory)
        except Exception as error:
            return _failed(source, address, _foreseen(address, error))

    @cached_property
    def version(self) -> str:
        """Of what reads pages: the code of this station, and the selectors. Another one may find another text in a page."""
        here = Path(__file__).parent
        files = sorted(file for file in here.iterdir() if file.suffix in (".py", ".toml"))
        code = b"".join(file.read_bytes() for file in (*files, here.parent / "characters.py"))
        return sha256(code + repr(self._site.page).encode()).hexdigest()[:8]

    def unchanged(self, validators: Mapping[str, tuple[str, str]]) -> set[str]:
        """Those of the pages, given with their ETag and Last-Modified, of which the site says that they are as they were;
        what it sends instead of others is kept for `pages`. Never raises."""
        asked = [url for url in validators if url not in self._fetched and url not in self._same]
        answers = _two_at_a_time(lambda url: self._fetch_page(url, *validators[url]), asked)
        self._same |= {url for url, one in answers.items() if isinstance(one, Fetched) and not one.is_modified}
        self._fetched |= {url: one for url, one in answers.items() if url not in self._same}
        return self._same & set(validators)

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        """The article pages, each fetched once in the life of this reader, two at a time; never raises.

        Fetched by threads and read by the caller's: only there an endless reading can be ended.
        """
        missing = [url for url in dict.fromkeys(urls) if url not in self._pages]
        answers = _two_at_a_time(self._fetch_page, list(dict.fromkeys(map(without_fragment, missing))))
        self._fetched |= answers
        self._pages |= {url: self._page(url) for url in missing}
        self._pages |= _without_the_sites_picture(self._pages)
        pictured = [url for url, page in self._pages.items() if isinstance(page, Page) and page.picture]
        self._pages |= _two_at_a_time(self._with_picture, [url for url in pictured if url in missing])
        return {url: self._pages[url] for url in urls}

    def close(self) -> None:
        self._client.close()

    def _listing(self, source: Source, address: str, memory: Memory) -> Listing:
        if memory.not_before and memory.not_before > self._now():
            until = memory.not_before
            raise FetchError("later", f"{address} is not asked before {until.isoformat()}, as the site wished", until)
        check = partial(self._robots.require, remembered=True)
        ask = partial(self._client.get, address, limit=LIST_LIMIT, cheaply=True, check=check)
        fetched = ask(etag=memory.etag, last_modified=memory.last_modified)
        whole, hidden = fetched.is_modified, False
        if not whole and (memory.whole is None or self._now() - memory.whole >= WHOLE_EVERY):
            fetched, whole = ask(), True
            hidden = fetched.digest != memory.digest
        digest = fetched.digest if fetched.is_modified else memory.digest
        listing = Listing(
            source=address,
            state="unchanged",
            emergency=source.emergency,
            fallback=source.fallback,
            etag=_kept(fetched.etag) or ("" if fetched.is_modified else memory.etag),
            last_modified=_kept(fetched.last_modified) or ("" if fetched.is_modified else memory.last_modified),
            digest=digest,
            whole=whole,
            hidden=hidden,
        )
        if not fetched.is_modified or digest == memory.digest:
            return listing
        if source.emergency:
            self._lists[fetched.final_url] = source
        with self._in_time(address):
            rows = _read_list(source, fetched, self._site.hosts)
        return replace(listing, state="ok", **structs.asdict(rows))

    def _fetch_page(self, url: str, etag: str = "", last_modified: str = "") -> Fetched | PageProblem:
        if url in self._fetched:
            return self._fetched[url]
        if self._silent >= GIVE_UP_AFTER:
            told = f"{url} is not asked: {GIVE_UP_AFTER} pages in a row did not answer; the next run does"
            return PageProblem(url, "unreachable", told)
        answer: Fetched | PageProblem
        try:
            answer = self._client.get(url, etag=etag, last_modified=last_modified, check=self._robots.require)
        except Exception as error:
            answer = _problem(url, error)
        with self._lock:
            is_silent = isinstance(answer, PageProblem) and answer.code in ("unreachable", "refused")
            self._silent = self._silent + 1 if is_silent else 0
        return answer

    def _page(self, url: str) -> Page | PageProblem:
        fetched = self._fetched[without_fragment(url)]
        if isinstance(fetched, PageProblem):
            return replace(fetched, url=url)
        try:
            with self._in_time(url):
                page = self._read_page(url, fetched)
            read_as = f"{self.version}/{fetched.digest[:12]}"
            return replace(page, read_as=read_as, etag=_kept(fetched.etag), last_modified=_kept(fetched.last_modified))
        except Exception as error:
            return _problem(url, error)

    def _read_page(self, url: str, fetched: Fetched) -> Page:
        if _is_index(fetched.final_url) and not _is_index(url) and identity(fetched.final_url) != identity(url):
            told = f"{url} leads to {fetched.final_url}, which is a list: the article is no longer there"
            raise FetchError("redirected", told)
        if "#" in url:
            return self._report(url, fetched)
        from pipeline.sources import article_page

        return article_page.read(fetched, self._site.hosts, self._site.page)

    def _report(self, url: str, fetched: Fetched) -> Page:
        """One of several reports on a page: what stands in an emergency list itself, or the part that the address names."""
        from pipeline.sources import article_page, html_list

        source = self._lists.get(fetched.final_url)
        if source and source.select:
            rows = html_list.read(fetched, self._site.hosts, source.select, emergency=True)
            for entry in rows.entries:
                if entry.url == url and entry.text:
                    return Page(url, url, entry.title, entry.date, text=entry.text)
        page = replace(article_page.read(fetched, self._site.hosts, self._site.page), url=url, canonical=url)
        part = html_list.part(fetched.text, unquote(url.partition("#")[2]))
        return replace(page, title=part[0], text=part[1], picture=None, attachments=()) if part else page

    def _with_picture(self, url: str) -> Page | PageProblem:
        from pipeline.sources import pictures

        page = self._pages[url]
        if isinstance(page, PageProblem) or page.picture is None:
            return page
        return replace(page, picture=pictures.check(self._client, page.picture, self._robots.require))

    @contextmanager
    def _in_time(self, address: str) -> Iterator[None]:
        """Raises FetchError for what takes too long to read, and when the run shall end."""
        try:
            with at_most(READING_AT_MOST, self._stopping):
                yield
        except TooSlow as error:
            code: ErrorCode = "unreachable" if self._stopping() else "malformed"
            raise FetchError(code, f"{address}: {error}; it is left alone. Ask the web team what is on it") from None


def _kept(validator: str) -> str:
    """A header as it is remembered; one without end is none."""
    return validator if len(validator) <= LONGEST_VALIDATOR else ""


def _two_at_a_time(ask: Callable[[str], T], urls: Sequence[str]) -> dict[str, T]:
    if len(urls) <= 1:
        return {url: ask(url) for url in urls}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(urls, pool.map(ask, urls), strict=True))


def _without_the_sites_picture(pages: Mapping[str, Page | PageProblem]) -> dict[str, Page | PageProblem]:
    """The pages whose picture other articles name as well, without it: that is the site's own, whatever it is called."""
    owners: dict[str, set[str]] = {}
    for page in pages.values():
        if isinstance(page, Page) and page.picture:
            owners.setdefault(page.picture.url, set()).add(page.canonical)
    return {
        url: replace(page, picture=None)
        for url, page in pages.items()
        if isinstance(page, Page) and page.picture and len(owners[page.picture.url]) > 1
    }


def _read_list(source: Source, fetched: Fetched, hosts: Sequence[str]) -> "Rows":
    if source.kind == "smart-cms":
        from pipeline.sources import smart_cms

        return smart_cms.read(fetched, hosts, emergency=source.emergency)
    if source.kind == "feed":
        from pipeline.sources import feed

        return feed.read(fetched, hosts, emergency=source.emergency)
    if source.kind == "html":
        from pipeline.sources import html_list

        return html_list.read(fetched, hosts, source.select or Selectors(item="a"), emergency=source.emergency)
    assert_never(source.kind)


def _is_index(url: str) -> bool:
    path = urlsplit(url).path
    return path.endswith("/") or path.endswith(("/index.html", "/index.htm", "/index.php"))


def _failed(source: Source, address: str, error: FetchError) -> Listing:
    next_step = "; correct its address in site.sources of kadoma.toml" if error.code == "gone" else ""
    return Listing(
        source=address,
        state="failed",
        emergency=source.emergency,
        fallback=source.fallback,
        error_code=error.code,
        error=f"{error}{next_step}",
        not_before=error.not_before,
    )


def _problem(url: str, error: Exception) -> PageProblem:
    told = _foreseen(url, error)
    return PageProblem(url, _PAGE_CODES[told.code], told.detail)


def _foreseen(address: str, error: Exception) -> FetchError:
    """What went wrong, in one word. A mistake of ours must not keep the other sources and pages from being read."""
    if isinstance(error, FetchError):
        return error
    _log.debug("unexpected error at %s", address, exc_info=error)
    told = f"{address} could not be read: {type(error).__name__}: {error}; run again with --debug and report it"
    return FetchError("malformed", told)
