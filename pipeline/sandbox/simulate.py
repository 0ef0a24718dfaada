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

from pipeline.article import Listing, Page, PageProblem
from pipeline.config import JST, Config, Hours
from pipeline.decision import Decision
from pipeline.ledger.events import Alias, Chosen, Decided, Intent, Outcome
from pipeline.ledger.knowledge import Knowledge, fold
from pipeline.policy import hours
from pipeline.policy.content import basis_of
from pipeline.policy.decide import Case, Plan, decide, fingerprint
from pipeline.policy.discovery import discoveries, judged
from pipeline.policy.survey import survey
from pipeline.sandbox.publications import Publication, Site
from pipeline.sandbox.schedules import Watch, every, github, watched

MINUTE = timedelta(minutes=1)
FAR = datetime.max.replace(tzinfo=JST)


class Asked(Struct, frozen=True):
    """What was asked for: `step` None is GitHub's schedule; `outside` a dispatcher beside it."""

    begin: datetime
    end: datetime
    step: timedelta | None = None
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


class World(Protocol):
    """What a pass sees of the site."""

    def listings(self, knowledge: Knowledge) -> list[Listing]: ...
    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]: ...
    def published(self, url: str) -> datetime | None: ...


class Passes:
    """The pipeline's decisions, pass by pass, against a world that only exists here."""

    def __init__(self, config: Config, site: World) -> None:
        self._config, self._site = config, site
        self._knowledge = Knowledge()
        self.outcomes = Outcomes()

    @property
    def knowledge(self) -> Knowledge:
        return self._knowledge

    def at(self, now: datetime) -> list[datetime]:
        """One run; returns the instants at which a hold ends."""
        self.outcomes.passes += 1
        knowledge, run = self._knowledge, f"s{self.outcomes.passes}"
        listings = self._site.listings(knowledge)
        seen = survey(now, self._config, knowledge, listings)
        read = self._site.pages(seen.wanted)
        events = discoveries(now, run, knowledge, judged(seen, knowledge, read), read)
        self.outcomes.reasons |= {event.article: event.reason for event in events if isinstance(event, Decided)}
        fold(events, knowledge)
        pages: dict[str, Page | PageProblem] = {}
        plan = self._plan(now, pages)
        for urgent in (True, False):
            self._send(now, run, plan.due(knowledge, urgent), pages, urgent)
        after = decide(now, self._config, knowledge, pages).decisions
        decisions = {decision.article: decision for decision in plan.decisions}
        decisions |= {decision.article: decision for decision in after if decision.verdict != "send"}
        return [decision.until for decision in decisions.values() if self._note(now, run, decision) and decision.until]

    def _plan(self, now: datetime, pages: dict[str, Page | PageProblem]) -> Plan:
        while True:
            plan = decide(now, self._config, self._knowledge, pages)
            if not plan.missing:
                return plan
            pages |= self._site.pages(plan.missing)

    def _send(
        self, now: datetime, run: str, due: Sequence[Decision], pages: Mapping[str, Page | PageProblem], urgent: bool
    ) -> None:
        """LINE accepts it."""
        if not due:
            return
        knowledge, config = self._knowledge, self._config
        broadcast = f"b{len(self.outcomes.broadcasts) + 1}"
        chosen, prints = [], []
        for decision in due:
            known = knowledge.articles[decision.article]
            page = pages.get(known.url)
            basis = known.post.basis if known.post else basis_of(known.url, known.urgent, config.policy.content)
            date = page.date if isinstance(page, Page) and page.date else known.date
            if isinstance(page, Page) and page.canonical != known.url:
                fold([Alias(at=now, run=run, article=known.id, url=page.canonical)], knowledge)
            chosen.append(Chosen(known.id, decision.reason, decision.policy, basis, date))
            prints.append(fingerprint(Case(now, config, knowledge, known, page)))
            published = self._site.published(known.url) or known.found
            could_go = published if urgent else hours.next_opening(published, config.policy.hours) or published
            self.outcomes.sent.append(Sent(known.title, published, now, urgent, decision.reason, could_go))
            self.outcomes.reasons[known.id] = str(decision.reason)
        self.outcomes.broadcasts.append((now, urgent, len(due)))
        intent = Intent(
            at=now, run=run, broadcast=broadcast, key=broadcast, sha256="", chosen=tuple(chosen),
            policy_version=config.policy.version, emergency=urgent, fingerprints=tuple(prints) if urgent else (),
        )  # fmt: skip
        fold([intent, Outcome(at=now, run=run, broadcast=broadcast, outcome="accepted")], knowledge)

    def _note(self, now: datetime, run: str, decision: Decision) -> bool:
        """Remember a decision as the run does; True when it holds something."""
        known = self._knowledge.articles[decision.article]
        if decision.verdict == "send":
            return False
        if (decision.verdict, decision.reason, decision.until) != (known.decision, known.reason, known.until):
            self.outcomes.reasons[known.id] = str(decision.reason)
            if decision.verdict == "hold":
                self.outcomes.held[str(decision.reason)] += 1
            fold([Decided.of(decision, now, run)], self._knowledge)
        return decision.verdict == "hold"


def run_through(
    passes: Passes, site: Site, publications: Sequence[Publication], instants: Sequence[datetime]
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
    triggers = list(
        every(asked.begin, asked.end, asked.step) if asked.step else github(asked.begin, asked.end, asked.seed)
    )
    if asked.outside:
        triggers = sorted({*triggers, *every(asked.begin, asked.end, asked.outside)})
    return sorted({at for at in watched(triggers, asked.watch, hours_rules, asked.span) if at <= asked.end})


def simulate(config: Config, publications: Sequence[Publication], asked: Asked) -> dict[str, Any]:
    """The document of `simulate --json`. Minutes are those from the publication to the broadcast; `delay` those from the
    moment when Art. 7 allowed it."""
    site = Site(config.site.url)
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
    """Count, median, 90th percentile and maximum, in minutes."""
    sorted_minutes = sorted(span / MINUTE for span in spans)
    if not sorted_minutes:
        return {"count": 0}
    ninetieth = sorted_minutes[min(len(sorted_minutes) - 1, len(sorted_minutes) * 9 // 10)]
    figures = {"median": median(sorted_minutes), "p90": ninetieth, "max": sorted_minutes[-1]}
    return {"count": len(sorted_minutes), **{name: round(value, 1) for name, value in figures.items()}}
