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
        counted = client.message_event(broadcast.request_id)
        if counted is not None:
            events.append(
                Measured(
                    at=now, run=run, broadcast=broadcast.id,
                    delivered=counted["delivered"], opened=counted["opened"], tapped=counted["tapped"],
                )
            )  # fmt: skip
    for day in days[:AT_MOST]:
        friends = client.followers(day)
        if friends is not None:
            events.append(
                Friends(
                    at=now, run=run, day=day.isoformat(),
                    followers=friends["followers"], reach=friends["reach"], blocks=friends["blocks"],
                )
            )  # fmt: skip
    return events
