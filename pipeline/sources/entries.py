"""What the readers of lists have in common: a row of any list becomes an entry, or is counted as none."""

import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import TITLE_AT_MOST, Entry, identity
from pipeline.characters import clean
from pipeline.late import late
from pipeline.sources.dates import has_odd_zone, read_date
from pipeline.sources.urls import fragment, is_plain, on_hosts, own_host, page_number, site_url, without_fragment

ADDRESS_AT_MOST = 10_000  # characters; LINE takes no longer one (Messaging API, 2026-10-27)
CHARACTERS_AT_MOST = 1_000_000  # of all addresses, titles and texts of one list
NUMBER_BEYOND = 10**12  # no CMS numbers its pages so high; the ledger's integers have 64 bits
ENTRIES_AT_MOST = 3_000  # of one list; a site that repeats itself must not fill the ledger

# Fragments that mean the page as a whole: where its text begins, for readers that skip the navigation.
_WHOLE_PAGE = late(
    r"|_?(?:top|page|page_?top|main|contents?|content_?main|honbun|body|skip\w*|tmp_honbun)", re.IGNORECASE
)


# What an empty list says, and a row that is not filled yet: no reports.
_NOTHING = late(
    "(?:情報|お知らせ|もの)(?:は|も)?、?(?:現在|ただいま)?、?(?:特に|何も)?(?:掲載|発表|発令|発信|提供|該当)?(?:は|して|されて)?"
    "(?:あり|ござい|おり|い)ません|(?:情報|お知らせ|該当|発表|発令)は?[な無]し|発[表令](?:して|されて)(?:い|おり)ません|準備中"
)
_SAID_IN_SHORT = 80  # characters of a row that says nothing
LEAST_WORD = 2  # characters of a row whose link leads to no page of the site
LEAST = 10  # characters of a report in one line, without a link that leads on


def says_nothing(said: str) -> bool:
    """Whether a row says that there is no information now."""
    return len(said) <= _SAID_IN_SHORT and _NOTHING.search(said) is not None


class Rows(Struct, frozen=True):
    """What one list shows: its entries, in its order, and how many rows gave none (see `Listing`)."""

    entries: tuple[Entry, ...] = ()
    undated: int = 0
    skipped: int = 0
    passed: int = 0
    left_out: int = 0
    heading: str = ""
    zones: int = 0


class Collector:
    """Collects rows; of two rows with the same address the first is kept.

    Args:
        base: what addresses are relative to.
        hosts: where articles may be.
        own: the list's own address; a link to it is none to an article.
        page: where people read the list, if not there.
        emergency: several reports may stand on one page: a fragment is then part of the address; and a row that leads to no
            page of the site is a report of its own.
    """

    def __init__(
        self, base: str, hosts: Sequence[str], *, own: str = "", page: str = "", emergency: bool = False
    ) -> None:
        self._base, self._hosts, self._emergency = base, hosts, emergency
        self._itself, self._page = identity(own or base), page or own or base
        roots = [f"{way}://{host}/" for host in hosts if own_host(host, hosts) == host for way in ("https", "http")]
        self._roots = tuple(root for root in roots if on_hosts(root, hosts))
        self._entries: dict[str, Entry] = {}
        self._reports: list[Entry] = []
        self._undated = self._skipped = self._passed = self._zones = 0

    def add(
        self,
        url: str,
        title: str,
        dates: Iterable[str] | None,
        *,
        base: str | None = None,
        page_no: int | None = None,
        tags: Iterable[str] = (),
        sns_display: int | None = None,
        report: tuple[str, str] | None = None,
    ) -> None:
        """One row. `dates` are texts of which the first that is a date counts; None when this list gives none at all: then
        the entry does not count as undated. `base`: what this row's address is relative to, where it says so itself.
        `report`: title and text of what the row itself says.

        The page number is the smaller one of the list's and the address's: where a shortcut and its master differ,
        the article is as old as the older.
        """
        address = self._address(url, base or self._base)
        is_itself = address is not None and identity(address) == self._itself
        if self._emergency and (not address or is_itself):
            self._add_in_place(report or (title, title), dates, is_itself)
        elif address is None:
            self.skip()
        elif not address or is_itself:  # elsewhere, or the list itself
            self.pass_over()
        elif address not in self._entries:
            numbers = [number for number in (page_no, page_number(address)) if number and number < NUMBER_BEYOND]
            number = min(numbers, default=None)
            entry = Entry(address, _title(title), self._date(dates), number, tuple(tags), sns_display)
            self._entries[address] = entry

    def _add_in_place(self, report: tuple[str, str], dates: Iterable[str] | None, is_itself: bool) -> None:
        """A row of an emergency list that leads to no page of the site goes out as what it says itself."""
        title = clean(report[0])
        if says_nothing(title) or (is_itself and len(title) < LEAST):
            self.pass_over()
        elif len(title) < LEAST_WORD:
            self.skip()
        else:
            self.add_report(*report, dates)

    def add_report(self, title: str, text: str, dates: Iterable[str] | None) -> None:
        """A report that stands in the list itself, without a link."""
        self._reports.append(Entry("", _title(title), self._date(dates), text=text))

    def skip(self) -> None:
        """One row of which nothing could be read."""
        self._skipped += 1

    def pass_over(self) -> None:
        """One row that is no article: a category index, a page for old mobile phones, a link to elsewhere."""
        self._passed += 1

    def rows(self, heading: str = "") -> Rows:
        found = [*self._entries.values(), *self._named_reports()]
        newest = sorted(found, key=_instant, reverse=True)[:ENTRIES_AT_MOST]
        sizes = itertools.accumulate(map(_length, newest))
        chosen = {entry.url for entry, size in zip(newest, sizes, strict=True) if size <= CHARACTERS_AT_MOST}
        kept = tuple(entry for entry in found if entry.url in chosen)
        left_out = len(found) - len(kept)
        return Rows(kept, self._undated, self._skipped, self._passed, left_out, heading, self._zones)

    def _address(self, url: str, base: str) -> str | None:
        """The canonical address when it is one on the site's hosts, "" elsewhere, None for what is no address."""
        if is_plain(url) and url.startswith(self._roots):
            return url if len(url) <= ADDRESS_AT_MOST else None
        try:
            address = site_url(url, base, self._hosts) if url.strip() else ""
        except ValueError:
            return None
        if not address:
            return None
        if not on_hosts(address, self._hosts):
            return ""
        part = fragment(url) if self._emergency else ""
        if not _WHOLE_PAGE.fullmatch(part):
            address += f"#{part}"
        return address if len(address) <= ADDRESS_AT_MOST else None

    def _date(self, dates: Iterable[str] | None) -> datetime | None:
        for text in dates or ():
            if read := read_date(text):
                self._zones += has_odd_zone(text)
                return read[0]
        self._undated += dates is not None
        return None

    def _named_reports(self) -> list[Entry]:
        """Reports without an address get one of their own, from title and date. Where these repeat, the lowest one, which is
        mostly the oldest, keeps it, and the others are told apart by their text."""
        named: dict[str, Entry] = {}
        for report in reversed(self._reports):
            key = f"{report.title}\n{report.date.isoformat() if report.date else ''}"
            address = self._report_address(key)
            if address in named:
                address = self._report_address(f"{key}\n{report.text}")
            named.setdefault(address, replace(report, url=address))
        return list(named.values())[::-1]

    def _report_address(self, key: str) -> str:
        return f"{without_fragment(self._page)}#r{sha256(key.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _title(text: str) -> str:
    return clean(text[: 2 * TITLE_AT_MOST])[:TITLE_AT_MOST]


def _instant(entry: Entry) -> float:
    """When it was published; what says nothing about that is as good as new."""
    return entry.date.timestamp() if entry.date else inf


def _length(entry: Entry) -> int:
    return len(entry.url) + len(entry.title) + len(entry.text)
