"""When passes come: an exact timer, GitHub's schedule as measured, a watch at each trigger, the relay of pace.yml, a clock outside."""

import bisect
import math
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from pipeline.config import Hours
from pipeline.policy.hours import closes_at, is_open, next_opening

Z90 = 1.2816  # the 90th percentile of the standard normal distribution
LEAST = timedelta(minutes=5)  # GitHub's shortest interval
POLL = timedelta(minutes=5)
SAMPLE = timedelta(minutes=7)  # has no common divisor with the timers
SENDS = timedelta(seconds=20)  # a pass, from its runner to LINE
STARTS = timedelta(seconds=45)  # a run that was dispatched, on average; 15 s at least
INCIDENT_EVERY = timedelta(days=10)  # three a month, on average
HOPS_IN_AN_INCIDENT = 0.7  # of which so many still come

Watch = Literal["none", "55m", "open"]


class LogNormal(Struct, frozen=True):
    """Spans told by their median and 90th percentile."""

    median: timedelta
    ninetieth: timedelta

    def draw(self, dice: random.Random) -> timedelta:
        mean = math.log(self.median.total_seconds())
        spread = (math.log(self.ninetieth.total_seconds()) - mean) / Z90
        return timedelta(seconds=dice.lognormvariate(mean, spread))


# GitHub's schedule since June 2026, a */10 job in a repository that commits on change. Nobody measured longer gaps than a day.
GAPS, LONGEST_GAP = LogNormal(timedelta(minutes=88), timedelta(hours=14)), timedelta(days=1)
INCIDENTS = LogNormal(timedelta(minutes=90), timedelta(hours=6))


class Relay(Struct, frozen=True):
    """Chains that start themselves again and again: `loss` is one hop in so many; several heal each other."""

    timer: timedelta = timedelta(minutes=5)
    loss: int = 2_000
    chains: int = 1


def every(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """An exact timer."""
    at = begin
    while at <= end:
        yield at
        at += step


def github(begin: datetime, end: datetime, seed: int) -> Iterator[datetime]:
    """Triggers with the measured gaps."""
    dice = random.Random(seed)  # noqa: S311 - made up
    at = begin
    while at <= end:
        yield at
        at += min(max(LEAST, GAPS.draw(dice)), LONGEST_GAP)


def relay(begin: datetime, end: datetime, seed: int, asked: Relay) -> Iterator[datetime]:
    """Looks of the links, each of which wakes the main job when there is news. A hop is the timer and the start of a runner;
    where one is lost, the chain stands still until another chain's next hop or the schedule's next trigger starts it again."""
    dice = random.Random(seed)  # noqa: S311 - made up
    schedule = [*github(begin, end, seed + 1), end + LONGEST_GAP]
    troubles = list(_incidents(begin, end, dice))
    offset = asked.timer / asked.chains
    alive: dict[int, datetime] = {chain: begin + offset * chain for chain in range(asked.chains)}
    while True:
        chain = min(alive, key=lambda one: alive[one])
        at = alive.pop(chain)
        if at > end:
            return
        yield at
        healed = [
            chain for chain in range(asked.chains) if chain not in alive
        ]  # itself, and those that it finds broken
        for one in healed:
            fails = dice.random() < 1 / asked.loss or (_within(at, troubles) and dice.random() > HOPS_IN_AN_INCIDENT)
            if not fails:
                alive[one] = at + asked.timer + _start(dice)
        if not alive:
            alive[chain] = schedule[bisect.bisect_right(schedule, at)] + asked.timer + _start(dice)


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


def waits(passes: Sequence[datetime], begin: datetime, end: datetime, hours: Hours | None) -> list[timedelta]:
    """From any instant (of the posting hours, if given) to the next pass, sorted."""
    told = []
    for at in every(begin, end, SAMPLE):
        if hours is None or is_open(at, hours):
            number = bisect.bisect_left(passes, at)
            if number < len(passes):
                told.append(passes[number] - at)
    return sorted(told)


def _start(dice: random.Random) -> timedelta:
    """Of a run that was dispatched, as measured."""
    return timedelta(seconds=15 + dice.expovariate(1 / 30))


def _incidents(begin: datetime, end: datetime, dice: random.Random) -> Iterator[tuple[datetime, datetime]]:
    at = begin
    while at <= end:
        at += INCIDENT_EVERY * dice.expovariate(1)
        yield at, at + INCIDENTS.draw(dice)


def _within(at: datetime, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    number = bisect.bisect_right(spans, (at, at))
    return any(first <= at < last for first, last in spans[max(0, number - 2) : number])
