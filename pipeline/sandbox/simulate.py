"""A year of publications through the real decisions, in seconds: what would have gone out, when, and why not the rest.

Only the world around is made up: the lists show what is published, every page can be read, LINE accepts everything. Passes
at which nothing can change are left out: between two publications only a hold that ends can make a difference.
"""

import bisect
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Listing, Page, PageProblem
from pipeline.config import JST, Config, Hours, Source
from pipeline.decision import Decision
from pipeline.ledger.events import AnyEvent, Decided, Robots
from pipeline.ledger.knowledge import Knowledge
from pipeline.ledger.ledger import Rehearsal
from pipeline.line.client import Answer
from pipeline.line.delivery import Delivery
from pipeline.policy import hours
from pipeline.policy.decide import Plan
from pipeline.report.outcome import Report
from pipeline.run import Pass
from pipeline.sandbox.publications import Publication, SimulatedSite
from pipeline.sandbox.schedules import SENDS, STARTS, Relay, Watch, every, github, relay, waits, watched
from pipeline.sources.collect import Memory
from pipeline.sources.urls import site_url
from pipeline.world import World

MINUTE = timedelta(minutes=1)
FAR = datetime.max.replace(tzinfo=JST)


class Asked(Struct, frozen=True):
    """What was asked for: `schedule` None is GitHub's; `outside` a clock beside it."""

    begin: datetime
    end: datetime
    schedule: timedelta | Relay | None = None
    watch: Watch = "none"
    outside: timedelta | None = None
    seed: int = 1
    span: timedelta = timedelta(minutes=330)


class Sent(Struct, frozen=True):
    """One article that went out."""

    title: str
    published: datetime
    at: datetime
    urgent: bool
    reason: str
    could_go: datetime  # the instant from which Art. 7 allowed it


class Outcomes(Struct):
    """What happened. `reasons`: what was decided last about each article; `held`: how often a reason began to hold one."""

    passes: int = 0
    sent: list[Sent] = []
    broadcasts: list[tuple[datetime, bool, int]] = []  # when, urgent, how many articles
    reasons: dict[str, str] = {}  # article → what is decided about it at last
    held: Counter[str] = Counter()  # how often each reason held something back


class Town(Protocol):
    """What a pass sees of the city's site."""

    def listings(self, knowledge: Knowledge) -> list[Listing]: ...
    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]: ...
    def published(self, url: str) -> datetime | None: ...


class Passes:
    """The pipeline's own pass, again and again, against a site and a LINE that only exist here."""

    def __init__(self, config: Config, site: Town) -> None:
        self._config, self._site = config, site
        self._sources = {site_url(one.url, config.site.url, config.site.hosts): one for one in config.site.sources}
        self.knowledge = Knowledge()
        self.outcomes = Outcomes()

    def at(self, now: datetime) -> list[datetime]:
        """One pass; returns the instants at which a hold ends."""
        self.outcomes.passes += 1
        listings = self._site.listings(self.knowledge)
        sources = tuple(map(self._source, listings))
        config = replace(self._config, site=replace(self._config.site, sources=sources))
        world = World({}, lambda: now, lambda _: None)
        report = Report(f"s{self.outcomes.passes}", now, hours.is_open(now, config.policy.hours), dry_run=False)
        ledger = _Tally(self.knowledge, self.outcomes)
        reader = Lists(self._site, listings)
        line = _Acceptance(config, ledger, world, run=report.id, site=self._site, outcomes=self.outcomes)
        Pass(config, ledger, world, report, reader=reader, delivery=line).run()
        return [known.until for known in self.knowledge.queue() if known.decision == "hold" and known.until]

    def _source(self, listing: Listing) -> Source:
        """The source that the configuration has for this list; the site may show lists that it knows nothing of."""
        known = self._sources.get(listing.source)
        return known or Source("html", listing.source, listing.fallback, listing.emergency)


class Lists:
    """The lists as they stand at this pass, and the pages behind them."""

    version = ""
    robots: Mapping[str, Robots] = {}

    def __init__(self, site: Town, listings: Sequence[Listing]) -> None:
        self._site, self._listings = site, listings

    def unchanged(self, _: Mapping[str, tuple[str, str]]) -> set[str]:
        return set()

    def listing(self, source: Source, _: Memory) -> Listing:
        return next(one for one in self._listings if one.source.endswith(source.url))

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        return self._site.pages(urls)


class _Tally(Rehearsal):
    """A ledger that lives from pass to pass, in memory alone, and counts the decisions."""

    def __init__(self, knowledge: Knowledge, outcomes: Outcomes) -> None:
        self.knowledge, self._outcomes = knowledge, outcomes

    def note(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            if isinstance(event, Decided):
                self._outcomes.reasons[event.article] = event.reason
                self._outcomes.held.update([event.reason] * (event.decision == "hold"))
        super().note(events)


class _Acceptance(Delivery):
    """A LINE that accepts everything at once, and to which nothing need be rendered."""

    def __init__(
        self, config: Config, ledger: Rehearsal, world: World, *, run: str, site: Town, outcomes: Outcomes
    ) -> None:
        super().__init__(config, ledger, world, run, dry_run=False)
        self._site, self._outcomes = site, outcomes

    def recover(self) -> None:
        """Nothing is ever left open here."""

    def ready_for(self, _: Plan) -> bool:
        return True

    def deliver(self, due: Sequence[Decision], pages: Mapping[str, Page | PageProblem], urgent: bool) -> None:
        if not due:
            return
        now, knowledge, posting = self._world.now(), self._ledger.knowledge, self._config.policy.hours
        for decision in due:
            known = knowledge.articles[decision.article]
            published = self._site.published(known.url) or known.found
            could_go = published if urgent else hours.next_opening(published, posting) or published
            self._outcomes.sent.append(Sent(known.title, published, now, urgent, decision.reason, could_go))
            self._outcomes.reasons[known.id] = str(decision.reason)
        self._outcomes.broadcasts.append((now, urgent, len(due)))
        self._urgent = urgent
        self._settle(self._intend(due, pages, (), b"", ""), Answer("accepted"))


def run_through(
    passes: Passes, site: SimulatedSite, publications: Sequence[Publication], instants: Sequence[datetime]
) -> Outcomes:
    """Passes at those of `instants` (sorted) at which something can have changed."""
    coming = deque(sorted(publications, key=lambda one: one.at))
    at = 0
    while at < len(instants):
        while coming and coming[0].at <= instants[at]:
            site.take(coming.popleft())
        wake = min([*passes.at(instants[at]), coming[0].at if coming else FAR])
        at = max(at + 1, bisect.bisect_left(instants, wake))
    return passes.outcomes


def instants(asked: Asked, hours_rules: Hours) -> list[datetime]:
    """Every pass that the schedule brings, in order."""
    match asked.schedule:
        case timedelta() as step:
            triggers = list(every(asked.begin, asked.end, step))
        case Relay() as chains:
            triggers = list(relay(asked.begin, asked.end, asked.seed, chains))
        case None:
            triggers = list(github(asked.begin, asked.end, asked.seed))
    if asked.outside:
        triggers = sorted({*triggers, *every(asked.begin, asked.end, asked.outside)})
    return sorted({at for at in watched(triggers, asked.watch, hours_rules, asked.span) if at <= asked.end})


def punctuality(config: Config, asked: Asked) -> dict[str, Any]:
    """Minutes from any instant until LINE has what was published then: in the posting hours (articles, but for the time
    between two broadcasts), and at any hour (emergencies)."""
    passes = instants(asked, config.policy.hours)
    after = SENDS + (STARTS if isinstance(asked.schedule, Relay) else timedelta(0))  # the main job starts first
    return {
        name: _spread(wait + after for wait in waits(passes, asked.begin, asked.end, posting))
        for name, posting in (("in_hours", config.policy.hours), ("any_hour", None))
    }


def simulate(config: Config, publications: Sequence[Publication], asked: Asked) -> dict[str, Any]:
    """The document of `simulate --json`. Minutes are those from the publication to the broadcast; `delay` those from the
    moment when Art. 7 allowed it."""
    site = SimulatedSite(config.site.url)
    done = run_through(Passes(config, site), site, publications, instants(asked, config.policy.hours))
    days = Counter(at.astimezone(JST).date() for at, urgent, _ in done.broadcasts if not urgent)
    in_hours = [one for one in done.sent if not one.urgent and one.could_go == one.published]
    ordinary = [one for one in done.sent if not one.urgent and one.reason != "ride-along"]
    outside = [at for at, urgent, _ in done.broadcasts if not urgent and not hours.is_open(at, config.policy.hours)]
    return {
        "from": asked.begin.isoformat(),
        "to": asked.end.isoformat(),
        "publications": sum(asked.begin <= one.at <= asked.end for one in publications),
        "passes": done.passes,
        "reasons": dict(Counter(done.reasons.values()).most_common()),
        "held": dict(done.held.most_common()),
        "broadcasts": len(done.broadcasts),
        "emergency_broadcasts": sum(urgent for _, urgent, _ in done.broadcasts),
        "outside_hours": len(outside),
        "articles_sent": len(done.sent),
        "broadcasts_a_day": dict(sorted(Counter(days.values()).items())),
        "most_articles": max((count for _, _, count in done.broadcasts), default=0),
        "latency": {
            "all": _spread(one.at - one.published for one in ordinary),
            "published_in_hours": _spread(one.at - one.published for one in in_hours if one.reason != "ride-along"),
            "delay": _spread(one.at - one.could_go for one in ordinary),
            "emergency": _spread(one.at - one.published for one in done.sent if one.urgent),
        },
    }


def _spread(spans: Iterator[timedelta]) -> dict[str, float | int]:
    """Count, median, 90th and 99th percentile and maximum, in minutes."""
    sorted_minutes = sorted(span / MINUTE for span in spans)
    if not sorted_minutes:
        return {"count": 0}
    size = len(sorted_minutes)
    p90, p99 = (sorted_minutes[min(size - 1, size * percent // 100)] for percent in (90, 99))
    figures = {"median": median(sorted_minutes), "p90": p90, "p99": p99, "max": sorted_minutes[-1]}
    return {"count": len(sorted_minutes), **{name: round(value, 1) for name, value in figures.items()}}
