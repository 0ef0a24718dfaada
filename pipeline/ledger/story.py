"""What happened to one article, in order. Pure."""

from collections.abc import Sequence

from pipeline.ledger.events import AnyEvent, Intent


def story(events: Sequence[AnyEvent], article: str) -> list[tuple[int, AnyEvent]]:
    """Everything that happened to an article, its broadcasts included, each with its position in the ledger."""
    broadcasts: set[str] = set()
    told: list[tuple[int, AnyEvent]] = []
    for position, event in enumerate(events):
        if isinstance(event, Intent) and any(chosen.article == article for chosen in event.chosen):
            broadcasts.add(event.broadcast)
        if getattr(event, "article", "") == article or getattr(event, "broadcast", "") in broadcasts:
            told.append((position, event))
    return told
