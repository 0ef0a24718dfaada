"""The ledger as an archive: what was sent, when, to which request id, on whose decision, in which exact bytes. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from pipeline.ledger.events import (
    Alias,
    AnyEvent,
    Approved,
    Attempt,
    Baseline,
    Changed,
    Decided,
    Found,
    Intent,
    Outcome,
    Posted,
    Refused,
    Settled,
)


class Dispatch(Struct):
    """One broadcast from its intent to its end, however many runs it took."""

    intent: Intent
    attempts: list[Attempt] = []
    outcomes: list[Outcome] = []
    settled: Settled | None = None

    @property
    def outcome(self) -> str:
        """accepted, rejected, unknown or open; an accepted one stays accepted."""
        if self.settled is not None and self._accepted is None:
            return "accepted" if self.settled.delivered else "rejected"
        last = self._accepted or (self.outcomes[-1] if self.outcomes else None)
        return last.outcome if last else "open"

    @property
    def request_id(self) -> str:
        """LINE's id of the request; "" until it is known."""
        return next((outcome.request_id for outcome in reversed(self.outcomes) if outcome.request_id), "")

    @property
    def answered(self) -> datetime | None:
        last = self._accepted or self.settled or (self.outcomes[-1] if self.outcomes else None)
        return last.at if last else None

    @property
    def _accepted(self) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.outcome == "accepted"), None)


def dispatches(events: Iterable[AnyEvent]) -> dict[str, Dispatch]:
    """Every broadcast that was ever intended, by its id, oldest first."""
    found: dict[str, Dispatch] = {}
    for event in events:
        if isinstance(event, Intent):
            found[event.broadcast] = Dispatch(event)
        elif isinstance(event, Attempt | Outcome | Settled) and event.broadcast in found:
            dispatch = found[event.broadcast]
            if isinstance(event, Attempt):
                dispatch.attempts.append(event)
            elif isinstance(event, Outcome):
                dispatch.outcomes.append(event)
            else:
                dispatch.settled = event
    return found


def about_article(event: AnyEvent, article: str) -> bool:
    """Whether an event tells something of an article (broadcasts: only the intent names articles)."""
    if isinstance(event, Intent):
        return any(chosen.article == article for chosen in event.chosen)
    if isinstance(event, Baseline | Found | Changed | Alias | Posted | Decided | Approved | Refused):
        return event.article == article
    return False


def story(events: Sequence[AnyEvent], article: str) -> list[tuple[int, AnyEvent]]:
    """Everything that happened to an article, its broadcasts included, each with its position in the ledger."""
    broadcasts: set[str] = set()
    told: list[tuple[int, AnyEvent]] = []
    for position, event in enumerate(events):
        if about_article(event, article):
            if isinstance(event, Intent):
                broadcasts.add(event.broadcast)
            told.append((position, event))
        elif isinstance(event, Attempt | Outcome | Settled) and event.broadcast in broadcasts:
            told.append((position, event))
    return told
