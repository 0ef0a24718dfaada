"""A ledger as it stands after years: real events through the real encoder, with a valid hash chain."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from benchmarks.site import LENGTH, SEEN, date, path, title
from pipeline.article import article_id
from pipeline.ledger.events import AnyEvent, Baseline, Chosen, Decided, Found, Intent, Outcome, Read, encode
from pipeline.ledger.store import FIRST, line_hash

A_BROADCAST = 4  # articles in one broadcast
YEARLY = "ledger-{}.jsonl"


def write(state: Path, events: int, url: str, source: str) -> None:
    """A ledger of about so many events that ends with the articles that the site's list shows.

    The first thousand articles are the baseline; each later one was found, held, and sent with three others; the
    reading of the list that found it is noted too. The smallest ledger is the baseline alone.
    """
    state.mkdir(parents=True)
    prev = FIRST
    batches: dict[str, list[bytes]] = {}
    for event in _events(events, url, source):
        line = encode(replace(event, prev=prev))
        prev = line_hash(line)
        batches.setdefault(YEARLY.format(event.at.year), []).append(line)
    for name, lines in batches.items():
        (state / name).write_bytes(b"".join(line + b"\n" for line in lines))


def _events(count: int, url: str, source: str) -> Iterator[AnyEvent]:
    later = max(0, count - LENGTH) * A_BROADCAST // (A_BROADCAST + 4)  # a broadcast: its articles and four events more
    later -= later % A_BROADCAST
    first = SEEN - later - LENGTH + 1
    for number in range(first, first + LENGTH):
        yield Baseline(
            at=date(first + LENGTH - 1), run="r1", article=article_id(url + path(number)), url=url + path(number),
            title=title(number), source=source, date=date(number), page_no=number,
        )  # fmt: skip
    for number in range(first + LENGTH, SEEN + 1, A_BROADCAST):
        yield from _sent(range(number, number + A_BROADCAST), url, source)


def _sent(numbers: range, url: str, source: str) -> Iterator[AnyEvent]:
    """Found at once, held until the opening, sent together."""
    last = numbers[-1]
    at, run, ids = date(last), f"r{last}", [article_id(url + path(number)) for number in numbers]
    for number, article in zip(numbers, ids, strict=True):
        yield Found(
            at=at, run=run, article=article, url=url + path(number), title=title(number), source=source,
            date=date(number), page_no=number,
        )  # fmt: skip
    yield Read(at=at, run=run, source=source, state="ok", etag=f'"{last}"', digest=_digest(last), entries=LENGTH)
    yield Decided(at=at, run=run, article=ids[0], decision="hold", reason="min-interval", policy="7", until=_after(at))
    broadcast = f"b{at:%Y%m%d-%H%M%S}-{last:06x}"
    yield Intent(
        at=_after(at), run=run, broadcast=broadcast, key=str(uuid.UUID(int=last, version=4)), sha256=_digest(-last),
        chosen=tuple(Chosen(one, "due", "7", "8(1)", at) for one in ids), policy_version="令和5年1月31日",
    )  # fmt: skip
    yield Outcome(
        at=_after(at), run=run, broadcast=broadcast, outcome="accepted", status=200, request_id=_digest(last)[:32]
    )


def _after(at: datetime) -> datetime:
    return at + timedelta(minutes=10)


def _digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()
