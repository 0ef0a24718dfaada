"""Publications for simulations: read from JSON Lines, or made up from a seed; and the site that shows them."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from pipeline.article import Entry, Listing, Page, PageProblem
from pipeline.config import JST, ConfigError, Hours
from pipeline.ledger.knowledge import Knowledge
from pipeline.policy.hours import is_open_day

LIST_LENGTH = 100  # entries of index.update.json, as seen
MINUTES = 24 * 60
DAY = timedelta(days=1)


class Publication(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One act of the web team: publish (also again, after an edit) or unpublish.

    `date` is what the page claims where that is not `at`; `undated`: list and page show none.
    """

    at: datetime
    page: int
    title: str
    what: Literal["publish", "unpublish"] = "publish"
    text: str = ""
    emergency: bool = False
    date: datetime | None = None
    undated: bool = False
    sns_display: int | None = None


class SimulatedSite:
    """The lists and pages as they stand after the publications so far. "smart-cms" and "kinkyu" are its sources."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown: dict[str, Publication] = {}
        self._changed = {False: 0, True: 0}

    def url(self, publication: Publication) -> str:
        return f"{self._url}/{'kinkyu' if publication.emergency else 'kurashi'}/{publication.page}.html"

    def take(self, publication: Publication) -> None:
        """The web team did something."""
        url = self.url(publication)
        self._shown.pop(url, None)
        if publication.what == "publish":
            self._shown[url] = publication
        self._changed[publication.emergency] += 1

    def published(self, url: str) -> datetime | None:
        """When a page was last published."""
        return self._shown[url].at if url in self._shown else None

    def listings(self, knowledge: Knowledge) -> list[Listing]:
        """Both lists, "unchanged" where the last reading saw the same."""
        return [self._listing(knowledge, emergency) for emergency in (False, True)]

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        """The pages as they stand now."""
        return {url: self._page(url) for url in urls}

    def _listing(self, knowledge: Knowledge, emergency: bool) -> Listing:
        source = f"{self._url}/{'kinkyu/index.html' if emergency else 'index.update.json'}"
        digest = str(self._changed[emergency])
        known = knowledge.sources.get(source)
        if known is not None and known.digest == digest:
            return Listing(source, "unchanged", emergency=emergency, digest=digest)
        # What was taken last is the newest: the years before it are not sorted at each reading.
        newest = ((one, url) for url, one in reversed(self._shown.items()) if one.emergency == emergency)
        shown = list(islice(newest, LIST_LENGTH))[::-1]
        shown.sort(key=lambda row: row[0].at, reverse=True)
        entries = tuple(Entry(url, one.title, _date(one), one.page, sns_display=one.sns_display) for one, url in shown)
        undated = sum(entry.date is None for entry in entries)
        return Listing(source, "ok", entries, emergency=emergency, digest=digest, undated=undated)

    def _page(self, url: str) -> Page | PageProblem:
        one = self._shown.get(url)
        if one is None:
            return PageProblem(url, "gone", f"{url}: 404")
        return Page(url, url, one.title, _date(one), text=one.text or f"{one.title}についてお知らせします。")


def load(file: Path) -> list[Publication]:
    """Publications from JSON Lines. Raises ConfigError."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    decoder = msgspec.json.Decoder(Publication)
    read = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{file}:{number}: found {line[:60].decode(errors='replace')!r}: {error}") from None
        if one.at.tzinfo is None:
            raise ConfigError(
                f"{file}:{number}: at: found no time zone; allowed: an instant such as 2026-11-24T09:00:00+09:00"
            )
        read.append(one)
    return read


def made_up(seed: int, begin: datetime, end: datetime) -> list[Publication]:
    """The publications of a lifelike city, the same for the same seed: about seven articles on a working day, few on
    others, edits, a page whose date moves daily, emergencies by day and night, and the accidents of a year."""
    return sorted(_Year(random.Random(seed), begin, end).publications(), key=lambda one: (one.at, one.page))  # noqa: S311 - made up


class _Year:
    def __init__(self, dice: random.Random, begin: datetime, end: datetime) -> None:
        self._dice, self._begin, self._end = dice, begin, end
        self._page = 40_000
        self._recent: list[Publication] = []

    def publications(self) -> Iterator[Publication]:
        for age in range(120):  # what stands there on the first day
            yield self._new(self._begin - timedelta(hours=6 * age + 1), "掲載済みのお知らせ")
        day = self._begin.astimezone(JST).replace(hour=0, minute=0, second=0, microsecond=0)
        while day < self._end:
            yield from self._day(day, is_open_day(day.date(), Hours()))
            day += DAY
        yield from self._accidents()

    def _day(self, day: datetime, works: bool) -> Iterator[Publication]:
        dice = self._dice
        yield Publication(
            day + timedelta(minutes=6 * 60 + 5), 9_001, "本日の新型感染症等の発生状況", text=f"{day:%m月%d日}現在"
        )
        for _ in range(dice.randint(3, 11) if works else dice.choice((0, 0, 0, 1))):
            hour = dice.choices(
                (0, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 20), (1, 1, 4, 9, 8, 6, 6, 8, 8, 8, 5, 2, 1)
            )[0]
            one = self._new(day + timedelta(hours=hour, minutes=dice.randrange(60)), "お知らせ")
            self._recent = [*self._recent[-60:], one]
            yield one
            if dice.random() < 0.02:  # noqa: PLR2004 - taken back within hours
                yield msgspec.structs.replace(one, at=one.at + timedelta(hours=dice.randint(1, 20)), what="unpublish")
        for _ in range(dice.randint(0, 4) if works and self._recent else 0):
            one = dice.choice(self._recent)
            at = day + timedelta(minutes=dice.randint(9 * 60, 17 * 60))
            if at > one.at:
                yield msgspec.structs.replace(one, at=at, text=f"更新しました（{at:%m月%d日%H時}）。")

    def _new(self, at: datetime, what: str) -> Publication:
        self._page += 1
        sns_display = self._dice.choice((None, 2, 2, 2, 2, 2, 2, 2, 1))
        return Publication(at, self._page, f"{what}（その{self._page}）", sns_display=sns_display)

    def _accidents(self) -> Iterator[Publication]:
        """Each of them about once a month; the list rebuilt with forty old pages once."""
        dice, days = self._dice, (self._end - self._begin).days
        if days <= 0:
            return
        for month in range(max(1, days // 30)):
            number = 90_000 + month * 10

            def some_time() -> datetime:
                return self._begin + timedelta(minutes=dice.randrange(1, days * MINUTES))

            yield Publication(some_time(), number, f"【緊急】避難指示を発令しました（{month + 1}）", emergency=True)
            yield Publication(some_time(), number + 1, f"大規模な断水が発生しています（{month + 1}）")
            yield Publication(
                some_time(), number + 2, f"参加者の声（{month + 1}）", text="お問い合わせは 090-1234-5678 まで"
            )
            yield Publication(some_time(), number + 3, f"日付のない頁（{month + 1}）", undated=True)
            at = some_time()
            yield Publication(at, number + 4, f"昨年のお知らせ（{month + 1}）", date=at - timedelta(days=400))
        at = self._begin + timedelta(days=days * 2 // 3, hours=1, minutes=12)
        for number in range(40):
            yield Publication(
                at, 95_000 + number, f"一覧の作り直し（{number + 1}）", date=at - timedelta(days=540, hours=number)
            )


def _date(one: Publication) -> datetime | None:
    return None if one.undated else one.date or one.at
