"""The facade of this station: read the lists and pages of one site, and answer for everything that goes wrong.

Imports only what an unchanged list needs; readers and their libraries come in when there is something to read.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from pipeline.article import Listing, Page, PageProblem, PageProblemCode
from pipeline.config import Selectors, Site, Source
from pipeline.ledger.events import Robots
from pipeline.sources.answer import ErrorCode, Fetched, FetchError
from pipeline.sources.fetch import AT_ONCE, LIST_LIMIT, Client
from pipeline.sources.robots import Rules
from pipeline.sources.urls import site_url

if TYPE_CHECKING:
    from pipeline.sources.entries import Found

GIVE_UP_AFTER = 3  # pages in a row that did not answer: the rest of this run leaves the site alone

_log = logging.getLogger("kadoma_line")

_PAGE_CODES: dict[ErrorCode, PageProblemCode] = {
    "unreachable": "unreachable", "later": "unreachable", "refused": "refused", "redirected": "redirected",
    "gone": "gone", "robots": "robots", "malformed": "malformed", "too-large": "malformed",
}  # fmt: skip


class Memory(Struct, frozen=True):
    """What is remembered of a source between runs: validators of its last readable answer, and a promise to wait."""

    etag: str = ""
    last_modified: str = ""
    digest: str = ""
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
        self._site, self._now = site, now
        self._client = Client(site, now, sleep, stopping=stopping)
        self._robots = Rules(self._client, robots, now)
        self._pages: dict[str, Page | PageProblem] = {}
        self._silent = 0  # pages in a row that did not answer
        self._lock = threading.Lock()

    @property
    def robots(self) -> dict[str, Robots]:
        """robots.txt by host as known now: keep it for the next run."""
        return self._robots.files

    @property
    def requests_made(self) -> int:
        return self._client.requests_made

    @property
    def not_before(self) -> datetime | None:
        """Until when the site asked us, during this run, to leave it alone."""
        return max(self._client.wait_until.values(), default=None)

    def listing(self, source: Source, memory: Memory) -> Listing:
        """What the source answers; never raises.

        After "failed" keep the old memory: validators are given only for what was read.
        """
        address = source.url
        try:
            address = site_url(source.url, self._site.url, self._site.hosts)
            return self._listing(source, address, memory)
        except FetchError as error:
            return _failed(source, address, error)
        except ValueError as error:
            return _failed(source, address, FetchError("malformed", f"{error}; correct site.sources in kadoma.toml"))
        except Exception as error:
            return _failed(source, address, _unexpected(address, error))

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        """The article pages, each fetched once in the life of this reader, two at a time; never raises."""
        missing = [url for url in dict.fromkeys(urls) if url not in self._pages]
        if len(missing) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(AT_ONCE) as pool:
                self._pages.update(zip(missing, pool.map(self._page, missing), strict=True))
        else:
            self._pages.update((url, self._page(url)) for url in missing)
        return {url: self._pages[url] for url in urls}

    def close(self) -> None:
        self._client.close()

    def _listing(self, source: Source, address: str, memory: Memory) -> Listing:
        if memory.not_before and memory.not_before > self._now():
            until = memory.not_before
            raise FetchError("later", f"{address} is not asked before {until.isoformat()}, as the site wished", until)
        fetched = self._client.get(
            address,
            etag=memory.etag,
            last_modified=memory.last_modified,
            limit=LIST_LIMIT,
            cheaply=True,
            check=self._robots.require_list,
        )
        digest = fetched.digest if fetched.is_modified else memory.digest
        listing = Listing(
            source=address,
            state="unchanged",
            emergency=source.emergency,
            fallback=source.fallback,
            etag=fetched.etag or ("" if fetched.is_modified else memory.etag),
            last_modified=fetched.last_modified or ("" if fetched.is_modified else memory.last_modified),
            digest=digest,
        )
        if not fetched.is_modified or digest == memory.digest:
            return listing
        found = _read_list(source, fetched, self._site.hosts)
        return msgspec.structs.replace(
            listing, state="ok", entries=found.entries, undated=found.undated, skipped=found.skipped
        )

    def _page(self, url: str) -> Page | PageProblem:
        if self._silent >= GIVE_UP_AFTER:
            return PageProblem(
                url,
                "unreachable",
                f"{url} is not asked: {GIVE_UP_AFTER} pages in a row did not answer; the next run does",
            )
        try:
            page = self._read_page(url)
        except FetchError as error:
            with self._lock:
                self._silent = self._silent + 1 if error.code in ("unreachable", "refused", "later") else 0
            return PageProblem(url, _PAGE_CODES[error.code], error.detail)
        except Exception as error:
            return PageProblem(url, "malformed", _unexpected(url, error).detail)
        with self._lock:
            self._silent = 0
        return page

    def _read_page(self, url: str) -> Page:
        fetched = self._client.get(url, check=self._robots.require)
        if _is_index(fetched.final_url) and not _is_index(url):
            raise FetchError(
                "redirected", f"{url} leads to {fetched.final_url}, which is a list: the article is no longer there"
            )
        from pipeline.sources import article_page, pictures

        page = article_page.read(fetched, self._site.hosts, self._site.page)
        if page.picture is None:
            return page
        return msgspec.structs.replace(page, picture=pictures.check(self._client, page.picture, self._robots.require))


def _read_list(source: Source, fetched: Fetched, hosts: Sequence[str]) -> "Found":
    if source.kind == "smart-cms":
        from pipeline.sources import smart_cms

        return smart_cms.read(fetched, hosts)
    if source.kind == "feed":
        from pipeline.sources import feed

        return feed.read(fetched, hosts)
    from pipeline.sources import html_list

    return html_list.read(fetched, hosts, source.select or Selectors(item="a"))


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


def _unexpected(address: str, error: Exception) -> FetchError:
    """A mistake of ours must not keep the other sources and pages from being read."""
    _log.debug("unexpected error at %s", address, exc_info=error)
    return FetchError(
        "malformed",
        f"{address} could not be read: {type(error).__name__}: {error}; run again with --debug and report it",
    )
