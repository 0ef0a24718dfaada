"""The decisions without anything around them: lists and pages are values, LINE accepts everything, the clock is ours."""

import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.article import Entry, Listing, Page, PageProblem, PageProblemCode, article_id
from pipeline.config import JST, Config, parse
from pipeline.ledger.events import AnyEvent, Approved
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.sandbox.simulate import Passes
from tests.town import CONFIG

CITY = "https://www.city.kadoma.osaka.jp"
NEWS, FEED, KINKYU = f"{CITY}/index.update.json", f"{CITY}/feed", f"{CITY}/kinkyu/index.html"
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=JST)  # the day after 勤労感謝の日, within the posting hours
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=JST)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def default_config() -> dict[str, Any]:
    return tomllib.loads(CONFIG.read_text(encoding="utf-8"))


def config(**delivery: Any) -> Config:
    """The default configuration, with other values in [delivery]."""
    raw = default_config()
    raw["policy"]["posters"]["総務部危機管理課"] = ["kiki"]
    raw["policy"]["posters"]["企画財政部魅力発信課"] = ["miryoku"]
    return parse(raw | {"delivery": raw["delivery"] | delivery})


def content(**values: Any) -> Config:
    """The default configuration, with other values in [policy.content]."""
    raw = default_config()
    raw["policy"]["content"] |= values
    return parse(raw)


def url(number: int, folder: str = "kurashi") -> str:
    return f"{CITY}/{folder}/{number}.html"


def problem(address: str, code: PageProblemCode) -> PageProblem:
    """A page that cannot be read."""
    return PageProblem(address, code, code)


def unreachable(address: str) -> PageProblem:
    """A page that does not answer now."""
    return problem(address, "unreachable")


class Lists:
    """What the sources show. A source is read anew whenever its list differs from the one noted last."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Entry]] = {NEWS: []}
        self.states: dict[str, Listing] = {}
        self.texts: dict[str, Page | PageProblem] = {}
        self.asked: list[str] = []

    def listings(self, knowledge: Knowledge) -> list[Listing]:
        return [self._listing(source, entries, knowledge) for source, entries in self.shown.items()]

    def _listing(self, source: str, entries: Sequence[Entry], knowledge: Knowledge) -> Listing:
        if source in self.states:
            return self.states[source]
        digest = repr(entries)
        known = knowledge.sources.get(source)
        emergency = source == KINKYU
        if known is not None and known.digest == digest and not emergency:
            return Listing(source, "unchanged", emergency=emergency, digest=digest)
        undated = sum(entry.date is None for entry in entries)
        return Listing(
            source, "ok", tuple(entries), emergency=emergency, fallback=source == FEED, digest=digest, undated=undated
        )

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        self.asked += urls
        return {one: self._page(one) for one in urls}

    def _page(self, one: str) -> Page | PageProblem:
        if one in self.texts:
            return self.texts[one]
        entry = next((entry for entries in self.shown.values() for entry in entries if entry.url == one), None)
        if entry is None:
            return PageProblem(one, "gone", "404")
        return Page(one, one, entry.title, entry.date, text=f"{entry.title}の本文です。")

    def published(self, _: str) -> datetime | None:
        return None


class Office:
    """One pipeline with ten known articles (numbers 101 to 110), at `now`."""

    def __init__(self, config: Config | None = None, now: datetime = TUESDAY, known: int = 10) -> None:
        self.now = now
        self.lists = Lists()
        self.config = config or globals()["config"]()
        self.passes = Passes(self.config, self.lists)
        for number in range(known):
            self.publish(101 + number, at=now - timedelta(days=3, hours=number))
        if known:
            self.run()

    @property
    def knowledge(self) -> Knowledge:
        return self.passes.knowledge

    @property
    def news(self) -> list[Entry]:
        return self.lists.shown[NEWS]

    def publish(
        self, number: int, title: str = "", at: datetime | None = None, source: str = NEWS, **entry: Any
    ) -> str:
        """A page appears at the top of a list."""
        folder = "kinkyu" if source == KINKYU else "kurashi"
        address: str = entry.pop("url", url(number, folder))
        values = {"date": at or self.now, "page_no": number, **entry}
        entries = self.lists.shown.setdefault(source, [])
        entries.insert(0, Entry(address, title or f"お知らせ その{number}", **values))
        return address

    def edit(
        self, address: str, at: datetime | None = None, title: str = "", source: str = NEWS, **changes: Any
    ) -> None:
        """A page is published again: its date moves, and it moves to the top."""
        entries = self.lists.shown[source]
        entry = next(entry for entry in entries if entry.url == address)
        entries.remove(entry)
        entries.insert(0, replace(entry, date=at or self.now, title=title or entry.title, **changes))

    def unpublish(self, address: str, code: PageProblemCode = "gone") -> None:
        for entries in self.lists.shown.values():
            entries[:] = [entry for entry in entries if entry.url != address]
        self.lists.texts[address] = PageProblem(address, code, f"{address}: {code}")

    def write(self, address: str, **values: Any) -> None:
        """What stands on a page."""
        values = {"canonical": address, "title": "お知らせ", "date": self.now, "text": "本文です。", **values}
        self.lists.texts[address] = Page(address, **values)

    def run(self, later: timedelta = timedelta(0)) -> list[list[str]]:
        """A pass; the titles of each broadcast that it made."""
        self.now += later
        before = len(self.passes.outcomes.broadcasts)
        sent = len(self.passes.outcomes.sent)
        self.passes.at(self.now)
        titles = [one.title for one in self.passes.outcomes.sent[sent:]]
        result = []
        for _, _, count in self.passes.outcomes.broadcasts[before:]:
            result.append(titles[:count])
            titles = titles[count:]
        return result

    def known(self, address: str) -> Known:
        found = self.knowledge.find(address)
        assert found is not None, address
        return found

    def why(self, address: str) -> tuple[str, str]:
        """State and reason of an article."""
        return self.known(address).state, self.known(address).reason

    def tell(self, *events: AnyEvent) -> None:
        fold(events, self.knowledge)

    def approve(
        self, address: str, actor: str = "miryoku", department: str = "企画財政部魅力発信課", emergency: bool = False
    ) -> None:
        article = self.known(address).id
        self.tell(
            Approved(
                at=self.now, article=article, actor=actor, department=department, emergency=emergency, why="確認した"
            )
        )

    def id(self, address: str) -> str:
        return article_id(address)
