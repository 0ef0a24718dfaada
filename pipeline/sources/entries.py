"""What the readers of lists have in common: a row of any list becomes an entry, or is counted as none."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pipeline.article import Entry
from pipeline.sources.dates import read_date
from pipeline.sources.urls import is_plain, on_hosts, page_number, site_url
from pipeline.text import clean


class Found(Struct, frozen=True):
    """The entries of one list, in its order."""

    entries: tuple[Entry, ...]
    undated: int
    skipped: int


class Collector:
    """Collects rows; of two rows with the same address the first is kept."""

    def __init__(self, base: str, hosts: Sequence[str]) -> None:
        self._base, self._hosts = base, hosts
        roots = [f"{scheme}://{host}/" for host in hosts for scheme in ("https", "http")]
        self._roots = tuple(root for root in roots if on_hosts(root, hosts))
        self._entries: dict[str, Entry] = {}
        self._undated = self._skipped = 0

    def add(
        self,
        url: str,
        title: str,
        date: str | None,
        *,
        page_no: int | None = None,
        tags: Iterable[str] = (),
        sns_display: int | None = None,
    ) -> None:
        """One row. `date` is None when this list gives none at all: then the entry does not count as undated.

        The page number is the smaller one of the list's and the address's: where a shortcut and its master differ,
        the article is as old as the older.
        """
        address = self._address(url)
        if address is None:
            self.skip()
            return
        if address in self._entries:
            return
        read = read_date(date) if date else None
        self._undated += date is not None and read is None
        numbers = [number for number in (page_no, page_number(address)) if number]
        self._entries[address] = Entry(
            url=address,
            title=clean(title),
            date=read[0] if read else None,
            page_no=min(numbers, default=None),
            tags=tuple(tags),
            sns_display=sns_display,
        )

    def _address(self, url: str) -> str | None:
        """The canonical address when it is one on the site's hosts."""
        if is_plain(url) and url.startswith(self._roots):
            return url
        try:
            address = site_url(url, self._base, self._hosts)
        except ValueError:
            return None
        if address == self._base:  # an empty link, or one within the list, names the list itself
            return None
        return address if on_hosts(address, self._hosts) else None

    def skip(self) -> None:
        """One row that is no article: a category index, a page for old mobile phones, a link to elsewhere."""
        self._skipped += 1

    def found(self) -> Found:
        return Found(tuple(self._entries.values()), self._undated, self._skipped)
