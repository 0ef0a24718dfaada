"""When passes come: an exact timer, GitHub's schedule as measured, a watch at each trigger, an outside scheduler."""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pipeline.config import Hours
from pipeline.policy.hours import closes_at, next_opening

# GitHub's schedule since June 2026, a */10 job in a repository that commits on change (facts/github-actions.md).
MEDIAN, NINETIETH = timedelta(minutes=88), timedelta(hours=14)
Z90 = 1.2816  # the 90th percentile of the standard normal distribution
LEAST = timedelta(minutes=5)  # GitHub's shortest interval
POLL = timedelta(minutes=5)

Watch = Literal["none", "55m", "open"]


def every(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """An exact timer."""
    at = begin
    while at <= end:
        yield at
        at += step


def github(begin: datetime, end: datetime, seed: int) -> Iterator[datetime]:
    """Triggers with log-normal gaps through the measured median and 90th percentile."""
    dice = random.Random(seed)  # noqa: S311 - made up
    mean = math.log(MEDIAN.total_seconds())
    spread = (math.log(NINETIETH.total_seconds()) - mean) / Z90
    at = begin
    while at <= end:
        yield at
        at += max(LEAST, timedelta(seconds=dice.lognormvariate(mean, spread)))


def watched(triggers: Sequence[datetime], watch: Watch, hours: Hours, span: timedelta) -> Iterator[datetime]:
    """The passes that triggers bring: "55m" polls for 55 minutes after each; "open" stays through posting hours that last
    or begin within `span` (each run hands over to a next one, as sync.yml does), and is a single pass otherwise."""
    for at in triggers:
        yield at
        if watch == "55m":
            yield from every(at + POLL, at + timedelta(minutes=55), POLL)
        elif watch == "open":
            opening = next_opening(at, hours)
            if opening is not None and opening - at <= span:
                yield from every(at + POLL, closes_at(opening, hours), POLL)
