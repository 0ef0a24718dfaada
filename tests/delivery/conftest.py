"""Runs inside the test's own process: the same pipeline, city, LINE and git, but clock and waiting are the test's."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.ledger.knowledge import Knowledge
from pipeline.ledger.ledger import known
from pipeline.report.outcome import Report
from pipeline.run import run
from pipeline.sandbox.articles import ARTICLES
from pipeline.world import CLOCK, World
from tests.delivery.crash import check_ledger
from tests.doubles.line import BROADCAST
from tests.town import Town, titles

BASELINE = ARTICLES[:10]


class Inside:
    """A town whose runs need no process. Waiting moves the town's clock, and takes no time."""

    def __init__(self, town: Town) -> None:
        self.town, self.city, self.line = town, town.city, town.line
        self.waits: list[float] = []

    def run(self, state: Path | None = None) -> Report:
        # The name of the sandbox's clock says that this machine and LINE have two clocks, which are compared.
        world = World({**self.town.environment, CLOCK: ""}, lambda: self.town.now, self.sleep)
        return run(load(self.town.config), state or self.town.state, world)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.town.now += timedelta(seconds=seconds)

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Move the clock to an instant of November 2026 (24 is a Tuesday)."""
        self.town.now = datetime(2026, 11, day, hour, minute, tzinfo=self.town.now.tzinfo)

    @property
    def knowledge(self) -> Knowledge:
        return known(self.town.state)

    @property
    def requests(self) -> list[tuple[str, bytes]]:
        """Retry key and body of every broadcast request, refused ones too."""
        asked = (one for one in self.line.requests if one.path == BROADCAST)
        return [(one.headers["x-line-retry-key"], one.body) for one in asked]

    def times_sent(self, title: str) -> int:
        """In how many accepted broadcasts residents saw the article."""
        return sum(any(title in words for words in titles(one)) for one in self.line.accepted)

    def check(self) -> None:
        """What the ledger says was sent is what LINE accepted, in these bytes."""
        assert self.line.violations == []
        check_ledger(self.town.state, self.line)


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """A town with a baseline at Tuesday 10:00, its state in a plain directory."""
    yield from _town(tmp_path, git=False)


@pytest.fixture
def inside_git(tmp_path: Path) -> Iterator[Inside]:
    """The same with its state in a clone of a bare remote."""
    yield from _town(tmp_path, git=True)


def _town(folder: Path, git: bool) -> Iterator[Inside]:
    town = Town(folder, git=git)
    town.with_emergency_source(
        ('account = "@kadoma_city"', 'account = "@kadoma_city"\nread_timeout = "1s"'),
        ("[state]\n", '[state]\ntimeout = "1s"\n'),
    )
    for number in range(10):
        town.city.publish(BASELINE[number], town.now - timedelta(days=20, hours=-number))
    inside = Inside(town)
    assert inside.run().exit == 0
    inside.at(24, 10)
    yield inside
    town.stop()
