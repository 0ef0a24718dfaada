"""What one run did, collected while it runs, and told as the contract's JSON."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from pipeline.article import Listing, article_id
from pipeline.decision import Alert, Decision, Reason, Verdict
from pipeline.exits import DONE, FAILED, USAGE, WAITS
from pipeline.ledger.events import Alerted, Alias, AnyEvent, Baseline, Decided
from pipeline.ledger.knowledge import Knowledge
from pipeline.line.client import Quota
from pipeline.line.delivery import Broadcast
from pipeline.policy.survey import Survey
from pipeline.report import words
from pipeline.report.alerts import changed, digest_of
from pipeline.report.residents import Shown

OUT_OF_ORDER = (Reason.LINE_UNAVAILABLE, Reason.QUOTA, Reason.PAGE_UNREACHABLE)  # held by what should have worked


Named = tuple[str, str, str]  # an article's id, address and title


class ArticleRow(Struct, frozen=True):
    """One article of this run."""

    id: str
    url: str
    title: str
    decision: str
    reason: str
    policy: str
    until: datetime | None = None
    detail: str = ""


class SourceRow(Struct, frozen=True):
    url: str
    ok: bool
    entries: int
    error: str | None = None
    skipped: int = 0  # rows of which nothing could be read


class Report:
    """Everything that people are told about a run."""

    def __init__(self, run: str, now: datetime, in_window: bool, dry_run: bool) -> None:
        self.id, self.now, self.in_window, self.dry_run = run, now, in_window, dry_run
        self.started, self.finished = now, now
        self.sources: list[SourceRow] = []
        self.rows: dict[str, ArticleRow] = {}
        self.broadcasts: list[Broadcast] = []
        self.alerts: list[Alert] = []
        self.failures: list[tuple[str, str]] = []
        self.waits = False
        self.failed = False  # the run ended before its end
        self.interrupted = False
        self.knowledge: Knowledge | None = None
        self.quota: Quota | None = None
        self.show: Callable[[str], Shown] = lambda _: Shown()  # an article that waits, as residents would see it
        self.wrong_setup = False  # the ledger can never be written as things are configured
        self.asked_for: tuple[str, ...] | None = None  # articles whose fate alone is the exit code

    def tell_sources(self, listings: Sequence[Listing], seen: Survey, knowledge: Knowledge) -> None:
        """How the sources answered; an unchanged one still has the entries it had."""
        self.sources = []
        for listing in listings:
            code, error = seen.failed.get(listing.source, ("", ""))
            before = knowledge.sources.get(listing.source) if listing.state == "unchanged" else None
            entries, skipped = (before.entries, before.skipped) if before else (len(listing.entries), listing.skipped)
            told = error if error.startswith(f"{code}:") else f"{code}: {error}"
            row = SourceRow(listing.source, not code, 0 if code else entries, told if code else None, skipped)
            self.sources.append(row)

    def tell_found(self, events: Sequence[AnyEvent], knowledge: Knowledge) -> None:
        """Articles that were decided on by the list alone."""
        self.rows = {}
        for event in events:
            if isinstance(event, Baseline):
                self._row((event.article, event.url, event.title), "baseline", Reason.BASELINE)
            elif isinstance(event, Alias):
                shown = article_id(event.url), event.url, event.title
                self._row(shown, "skip", Reason.DUPLICATE, detail=event.article)
            elif isinstance(event, Decided):
                reason = Reason(event.reason)
                self._row(_named(event.article, knowledge), event.decision, reason, event.until, event.detail)

    def tell_decisions(self, decisions: Iterable[Decision], knowledge: Knowledge) -> None:
        for one in decisions:
            self._row(_named(one.article, knowledge), one.verdict, one.reason, one.until, one.detail)

    def _row(
        self, article: Named, verdict: Verdict, reason: Reason, until: datetime | None = None, detail: str = ""
    ) -> None:
        self.rows[article[0]] = ArticleRow(*article, verdict, reason, reason.policy, until, detail)

    def tell_delivery(self, broadcasts: Sequence[Broadcast], failures: Sequence[tuple[str, str]]) -> None:
        self.broadcasts, self.failures = list(broadcasts), [*self.failures, *failures]

    def tell_standing(self, knowledge: Knowledge, quota: Quota | None) -> None:
        """What is known after the run, and LINE's quota where it was asked for."""
        self.knowledge, self.quota = knowledge, quota

    def tell_alerts(self, alerts: Sequence[Alert], knowledge: Knowledge, now: datetime) -> list[Alerted]:
        """Tell a condition when it begins or changes, and at every run while it waits for a person; returns the events
        that remember what was told."""
        digests = {alert.code: digest_of(alert.about) for alert in alerts}
        begun, ended = changed(knowledge.alerts, digests)
        self.waits = any(alert.waits for alert in alerts)
        self.alerts += [alert for alert in alerts if alert.waits or alert.code in begun]
        return [Alerted(at=now, run=self.id, code=code, digest=digests.get(code, "")) for code in (*begun, *ended)]

    def fail(self, code: str, words: str, things: Sequence[str] = ()) -> None:
        """Something that should have worked did not, and the run ended there; `things` did not go out."""
        self.failed = True
        self.failures.append((code, words))
        self.alerts.append(Alert(code, words, about=code, things=tuple(things)))

    def finish(self, now: datetime, interrupted: bool) -> None:
        self.finished, self.interrupted = now, interrupted

    @property
    def exit(self) -> int:
        if self.wrong_setup or any(code == "credentials" for code, _ in self.failures):
            return USAGE
        if self.asked_for is not None and self.knowledge is not None:
            fates = {self._fate(article, self.knowledge) for article in self.asked_for}
            return next((code for code in (FAILED, WAITS) if code in fates), DONE)
        failing_site = any(not source.ok for source in self.sources) or any(
            row.reason in (Reason.PAGE_UNREACHABLE, Reason.UNEXPECTED) for row in self.rows.values()
        )
        if self.failures or self.interrupted or failing_site:
            return FAILED
        return WAITS if self.waits else DONE

    def _fate(self, article: str, knowledge: Knowledge) -> int:
        """Exit code: sent, or held or left out by a rule; waiting for a person; not sent although it should have been."""
        known = knowledge.articles.get(article)
        if known is None or known.state in ("sent", "skipped", "baseline"):
            return DONE
        if article in knowledge.flying:
            return FAILED
        if known.state == "review":
            return WAITS
        return DONE if known.decision == "hold" and known.reason not in OUT_OF_ORDER else FAILED

    def news(self) -> str:
        """The commit message of what this run learned besides its broadcasts."""
        counts: dict[tuple[str, str], int] = {}
        for row in self.rows.values():
            if row.decision != "send":
                counts[row.decision, row.policy] = counts.get((row.decision, row.policy), 0) + 1
        words = {"hold": "held", "skip": "left out", "review": "waiting for a person", "baseline": "already there"}
        told = [f"{words[verdict]}: {count} (Art. {policy})" for (verdict, policy), count in counts.items()]
        failed = [f"failed: {source.url}" for source in self.sources if not source.ok]
        return "; ".join([*told, *failed]) or "checked: nothing new"

    def document(self) -> dict[str, Any]:
        """The contract's JSON document."""
        return {
            "run": {
                "id": self.id,
                "started": self.started.isoformat(),
                "finished": self.finished.isoformat(),
                "now": self.now.isoformat(),
                "in_window": self.in_window,
                "dry_run": self.dry_run,
            },
            "sources": [asdict(source) for source in self.sources],
            "articles": [
                asdict(row) | {"until": row.until.isoformat() if row.until else None} for row in self.rows.values()
            ],
            "broadcasts": [
                {
                    "id": broadcast.id,
                    "retry_key": broadcast.retry_key,
                    "articles": list(broadcast.articles),
                    "outcome": broadcast.outcome,
                    "request_id": broadcast.request_id,
                    "messages": broadcast.count,
                    "emergency": broadcast.emergency,
                }
                for broadcast in self.broadcasts
            ],
            "alerts": [{"code": alert.code, "message": str(words.told(alert))} for alert in self.alerts],
            "exit": self.exit,
        }


def _named(article: str, knowledge: Knowledge) -> Named:
    known = knowledge.articles[article]
    return known.id, known.url, known.title
