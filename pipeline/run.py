"""One pass, from top to bottom: recover, collect, decide, render, record, broadcast, report.

Render, record (the intent), broadcast and record (the outcome) are one step here, `deliver`: nothing may come between
them, and everything about them stands in pipeline/line/delivery.py.
"""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from pipeline.article import Listing, Page, PageProblem
from pipeline.config import Config, ConfigError, Source
from pipeline.decision import Alert, Decision, Reason
from pipeline.ledger.events import Changed, Decided, Mode, Robots, Told
from pipeline.ledger.knowledge import Known
from pipeline.ledger.ledger import Ledger, LostRace, Rehearsal
from pipeline.ledger.store import LedgerError, Setup
from pipeline.line.client import Quota
from pipeline.line.delivery import Broadcast, Delivery
from pipeline.policy.case import LineState
from pipeline.policy.decide import Plan, decide
from pipeline.policy.discovery import as_announced, compared, conditions, discoveries, judged, masters, yet_to_come
from pipeline.policy.hours import is_open
from pipeline.policy.same_article import believable
from pipeline.policy.survey import Survey, survey
from pipeline.policy.trust import failure, robots_news, trusts_304, wait_until
from pipeline.report import cried, words
from pipeline.report.alerts import standing
from pipeline.report.outcome import Report
from pipeline.report.place import place_of
from pipeline.report.residents import Shown, planned, recorded
from pipeline.sources.collect import Memory, SiteReader
from pipeline.sources.urls import site_url
from pipeline.world import World

log = logging.getLogger("kadoma_line")

Pages = dict[str, Page | PageProblem]  # by the canonical URL under which the article is known


def run(
    config: Config, state: Path, world: World, dry_run: bool = False, reread: Callable[[], Config] | None = None
) -> Report:
    """One full pass. A dry run makes the same decisions and messages, and writes and sends nothing.

    Args:
        reread: the configuration as it stands once the ledger has caught up with the remote, which may have brought a
            new one: `paused = true` counts from the moment it is pushed.
    """
    world.start_run()
    now = world.now()
    report = Report(f"r{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}", now, is_open(now, config.policy.hours), dry_run)
    work: Pass | None = None
    try:
        with Rehearsal(state) if dry_run else Ledger(state, config.state, report.id, world.now) as ledger:
            if reread is not None:
                config = reread()
            work = Pass.real(config, ledger, world, report)
            work.run()
            work.tell_people()
    except LedgerError as error:
        report.fail("ledger", str(error), work.unsent if work else ())
        report.wrong_setup = isinstance(error, Setup)
    except ConfigError:
        raise
    except Exception as error:  # whatever it is, a person hears of it
        log.error("the run ended with an unexpected error", exc_info=error)
        report.fail("unexpected", f"{type(error).__name__}: {error}", work.unsent if work else ())
    if report.failed and not dry_run:
        from pipeline.report import issues  # only when something failed

        issues.cry(config, world.environment, report.alerts[-1], state, place_of(world.environment, world.typed))
    elif not dry_run:
        cried.over(state)
    report.finish(world.now(), interrupted=world.stopping)
    return report


class Reader(Protocol):
    """What a pass needs of the site; never raises (`SiteReader`)."""

    @property
    def robots(self) -> Mapping[str, Robots]: ...
    @property
    def version(self) -> str: ...
    def listing(self, source: Source, memory: Memory, /) -> Listing: ...
    def unchanged(self, validators: Mapping[str, tuple[str, str]], /) -> set[str]: ...
    def pages(self, urls: Sequence[str], /) -> dict[str, Page | PageProblem]: ...


class Outbox(Protocol):
    """What a pass needs of LINE (`Delivery`)."""

    broadcasts: list[Broadcast]
    failures: list[tuple[str, str]]
    line: LineState
    quota: Quota | None

    def recover(self) -> None: ...
    def ready_for(self, plan: Plan, /) -> bool: ...
    def deliver(self, due: Sequence[Decision], pages: Mapping[str, Page | PageProblem], urgent: bool, /) -> None: ...


class Pass:
    """The stations of one run, in the order in which an article travels."""

    def __init__(
        self, config: Config, ledger: Ledger, world: World, report: Report, *, reader: Reader, delivery: Outbox
    ) -> None:
        self.config, self.ledger, self.world, self.report = config, ledger, world, report
        self.reader, self.delivery = reader, delivery
        self.alerts: list[Alert] = []
        self.pages: Pages = {}
        self.began: list[str] = []
        self.listed: set[str] = set()  # addresses that the emergency lists show now

    @classmethod
    def real(cls, config: Config, ledger: Ledger, world: World, report: Report) -> "Pass":
        """With the site and LINE as they are."""
        reader = SiteReader(config.site, ledger.knowledge.robots, world.now, world.sleep, lambda: world.stopping)
        delivery = Delivery(config, ledger, world, report.id, report.dry_run)
        return cls(config, ledger, world, report, reader=reader, delivery=delivery)

    def run(self) -> None:
        progress = self.world.progress
        try:
            progress("recover")
            self.delivery.recover()
            progress("collect")
            listings = self.collect()
            for _ in self.ledger.retrying():
                if self.world.stopping:  # nothing is half done: what was not recorded is found again
                    return
                try:
                    progress("find")
                    seen, pages = self.find(listings)
                    progress("decide")
                    plan = self.decide(pages)
                    for urgent in (True, False):
                        due = plan.due(self.ledger.knowledge, urgent)
                        if due and not self.report.dry_run:
                            progress("deliver")
                        self.delivery.deliver(due, pages, urgent)
                    progress("conclude")
                    self.conclude(seen, plan, pages)
                except LostRace:
                    continue
                return
        finally:  # what LINE took is told, also when it could not be recorded
            progress("")
            self.report.tell_delivery(self.delivery.broadcasts, self.delivery.failures)

    def collect(self) -> list[Listing]:
        """Read the sources in order; a fallback only when no source of its kind before it could be read."""
        listings: list[Listing] = []
        answered: set[bool] = set()  # of the emergency sources, and of the others
        for source in self.config.site.sources:
            if source.fallback and source.emergency in answered:
                continue
            address = site_url(source.url, self.config.site.url, self.config.site.hosts)
            known = self.ledger.knowledge.sources.get(address)
            wait = wait_until(self.world.now(), known)
            if source.emergency:  # its entries are looked at in each pass, and a 304 has none
                memory = Memory(not_before=wait)
            elif known and trusts_304(self.world.now(), known):
                memory = Memory(known.etag, known.last_modified, known.digest, known.whole, wait)
            else:
                memory = Memory(digest=known.digest if known else "", not_before=wait)
            listings.append(self.reader.listing(source, memory))
            if failure(self.world.now(), listings[-1], known) is None:
                answered.add(source.emergency)
        return listings

    def find(self, listings: Sequence[Listing]) -> tuple[Survey, Pages]:
        """What is new in the lists, read and noted."""
        now, knowledge = self.world.now(), self.ledger.knowledge
        if self.config.shadow != knowledge.shadow:
            self.ledger.note([Mode(at=now, run=self.report.id, shadow=self.config.shadow)])
        self.listed = {entry.url for listing in listings if listing.emergency for entry in listing.entries}
        seen = survey(now, self.config, knowledge, listings)
        self.report.tell_sources(listings, seen, knowledge)
        same = self.reader.unchanged(conditions(now, knowledge, seen))
        pages = yet_to_come(self.reader.pages([url for url in seen.wanted if url not in same]), self.listed)
        pages = as_announced(self.config, knowledge, seen, pages, self.reader.version)
        pages |= self.reader.pages(masters(knowledge, seen, pages))
        seen = judged(compared(now, self.config, knowledge, seen, pages, listed=self.listed), knowledge, pages)
        self.report.failures += [
            (alert.code, alert.detail) for alert in seen.alerts if alert.code == "emergency-unread"
        ]
        events = discoveries(now, self.report.id, knowledge, seen, pages)
        self.ledger.note(events)
        self.report.tell_found(events, knowledge)
        self._note_robots()
        self.listed |= {known.url for url in self.listed if (known := knowledge.find(url))}
        return seen, {known.url: page for url, page in pages.items() if (known := knowledge.find(url))}

    def _note_robots(self) -> None:
        """robots.txt as it was read, so that the next runs of the day need not ask."""
        news = robots_news(self.ledger.knowledge.robots, self.reader.robots)
        self.ledger.note([replace(file, run=self.report.id) for file in news])

    def decide(self, pages: Pages) -> Plan:
        """Decide; fetch what is about to go out and was not read in this run; decide again until nothing is missing."""
        while True:
            plan = decide(self.world.now(), self.config, self.ledger.knowledge, pages, self.delivery.line)
            if plan.missing:
                waiting = self.ledger.knowledge.queue()
                titles = {known.url: (known.title, known.heading) for known in waiting}
                posted = {known.url for known in waiting if known.post}
                read = yet_to_come(self.reader.pages(plan.missing), self.listed)
                pages |= believable(read, titles, posted)
                self._name(waiting, pages)
            elif self.delivery.ready_for(plan):
                return plan

    def _name(self, waiting: Sequence[Known], pages: Pages) -> None:
        """Posted by their address alone, pages are known by the title that was read there."""
        self.ledger.note(
            [
                Changed(at=self.world.now(), run=self.report.id, article=known.id, title=page.title, date=known.date)
                for known in waiting
                if not known.title and isinstance(page := pages.get(known.url), Page)
            ]
        )

    def conclude(self, seen: Survey, plan: Plan, pages: Pages) -> None:
        """Note decisions that changed, tell what stands, and make it durable."""
        now, knowledge, delivery = self.world.now(), self.ledger.knowledge, self.delivery
        self.pages = pages
        self.report.show = self._shown
        decisions = {decision.article: decision for decision in plan.decisions}
        if not self.report.dry_run:  # what could not be sent now waits
            line = "down" if delivery.failures and delivery.line == "ok" else delivery.line
            after = decide(now, self.config, knowledge, pages, line).decisions
            decisions |= {d.article: d for d in after if d.verdict != "send" and d.reason != Reason.DETAILS}
        news = [decision for decision in decisions.values() if self._is_news(decision)]
        self.ledger.note([Decided.of(decision, now, self.report.id) for decision in news])
        self.report.tell_decisions(decisions.values(), knowledge)
        self.report.tell_standing(knowledge, delivery.quota)
        self.alerts = standing(self.config, knowledge, seen, delivery.failures)
        changed = self.report.tell_alerts(self.alerts, knowledge, now)
        self.began = [event.code for event in changed if event.digest]
        self.ledger.note(changed)
        self.ledger.record(self.report.news())

    @property
    def unsent(self) -> list[str]:
        """What waits although nothing but this run was in its way, and what this run found: should it end here, that is told."""
        known = self.ledger.knowledge.articles
        due = [one.id for one in self.ledger.knowledge.queue() if one.state == "queued" and one.decision != "hold"]
        return [f"「{known[one].title[:60]}」　{known[one].url}" for one in due]

    def tell_people(self) -> None:
        """Alerts that changed: as issues on GitHub, or on stderr where there is none."""
        if self.report.dry_run or self.report.knowledge is None:  # ended before anything could be told
            return
        environment, knowledge = self.world.environment, self.ledger.knowledge
        write_board = self.config.github.board and knowledge.last_run == self.report.id  # this pass had news
        if not (self.alerts or knowledge.told or write_board):
            return
        from pipeline.report.github import GitHub  # only where there is something to tell

        github, now = GitHub.of(self.config, environment), self.world.now()
        if github is None:
            for alert in self.alerts:
                if alert.code in self.began:
                    log.warning("%s", words.told(alert, place_of(environment, self.world.typed)).printed())
            return
        from pipeline.report import board, issues  # and with them jinja2

        place = place_of(environment, self.world.typed)

        if write_board:
            board.keep(github, self.config, knowledge, self.ledger.state, now, place=place)
        told = issues.publish(
            github, self.config, self.alerts, knowledge, self._shown, place=place, run=self.report.id, now=now
        )
        if told:
            self._remember(told)

    def _remember(self, told: Sequence[Told]) -> None:
        """What people were told already; where it cannot be recorded, the next run tells it again."""
        try:
            self.ledger.record_decided(f"told: {', '.join(event.code for event in told)}", lambda: told)
        except LedgerError as error:
            log.warning("what was told could not be recorded (%s); the next run tells it again", error)

    def _shown(self, thing: str) -> Shown:
        """An article that waits as residents would see it, its page read once more where this pass has not; or a broadcast."""
        knowledge = self.ledger.knowledge
        known = knowledge.articles.get(thing)
        if known is None:
            return Shown(recorded(self.ledger.state, thing))
        if known.url and known.url not in self.pages:
            self.pages |= believable(self.reader.pages([known.url]), {known.url: known.title})
        return planned(known, self.pages.get(known.url), self.config, knowledge)

    def _is_news(self, decision: Decision) -> bool:
        known = self.ledger.knowledge.articles[decision.article]
        before = (known.decision, known.reason, known.until, known.stands)
        return (
            decision.verdict != "send"
            and (decision.verdict, decision.reason, decision.until, decision.stands) != before
        )
