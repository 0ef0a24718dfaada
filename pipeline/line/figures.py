"""LINE's statistics for the 月報: what the ledger has not got yet. Aggregates only (Art. 12)."""

from collections.abc import Sequence
from datetime import date, datetime

from pipeline.ledger.events import AnyEvent, Friends, Measured
from pipeline.ledger.knowledge import BroadcastKnown
from pipeline.line.client import LineClient

AT_MOST = 50  # questions of each kind in one run: LINE allows 60 an hour


def measure(
    client: LineClient, broadcasts: Sequence[BroadcastKnown], days: Sequence[date], now: datetime, run: str
) -> list[AnyEvent]:
    """The events of what LINE has; what it has not (yet) is asked for again the next time. Raises LineError."""
    events: list[AnyEvent] = []
    for broadcast in broadcasts[:AT_MOST]:
        if counted := client.message_event(broadcast.request_id):
            events.append(Measured(at=now, run=run, broadcast=broadcast.id, **counted))
    for day in days[:AT_MOST]:
        if friends := client.followers(day):
            events.append(Friends(at=now, run=run, day=day.isoformat(), **friends))
    return events
