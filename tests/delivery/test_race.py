"""Ten runners at once on one remote, killed at random: every article is sent exactly once.

One seed and two waves in `make test`; `make soak` runs five waves of as many seeds as SOAK_SEEDS says.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.ledger import store
from pipeline.ledger.fold import fold
from pipeline.sandbox.articles import ARTICLES, EMERGENCY, SampleArticle
from tests.delivery.crash import check_ledger
from tests.town import SCRIPT, Town, titles, zygote
from tests.zygote.client import Process

SEEDS = int(os.environ.get("SOAK_SEEDS", "1"))
RUNNERS, NORMAL = 10, 9  # in each wave nine articles and an emergency
WAVES = 5 if "SOAK_SEEDS" in os.environ else 2
POINTS = 340  # a run passes about so many points at which it can be killed


@pytest.fixture
def race() -> Iterator["Race"]:
    made = Race()
    yield made
    made.stop()


class Race:
    """A town with ten clones of its repository."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.town = Town(self.folder, git=True)
        self.town.with_emergency_source(
            ("burst_limit = 12", "burst_limit = 60"), ('min_interval = "60m"', 'min_interval = "0m"'),
            ("max_per_day = 6", "max_per_day = 100"),
        )  # fmt: skip
        self.town.line.hourly = 10_000  # every takeover of an open broadcast costs a request
        self.town.with_baseline()
        self.clones = [self.town.clone(f"runner-{number}") for number in range(RUNNERS)]
        self.published: list[SampleArticle] = []

    def stop(self) -> None:
        self.town.stop()
        shutil.rmtree(self.folder)

    def publish_wave(self, wave: int) -> None:
        for number in range(NORMAL):
            page = 50_000 + 100 * wave + number
            article = replace(
                ARTICLES[20],
                path=f"/kurashi/race/{page}.html",
                page_no=page,
                title=f"第{wave}回のお知らせ、その{number}。",
            )
            self.town.publish(article)
            self.published.append(article)
        page = 50_099 + 100 * wave
        urgent = replace(
            EMERGENCY,
            path=f"/kinkyu/{page}.html",
            page_no=page,
            title=f"避難指示、その{wave}。",
            body_html=f"<p>{wave}</p>",
        )
        self.town.city.emergency(urgent, self.town.now)
        self.published.append(urgent)

    def start(self, clone: Path, crash_at: int) -> Process:
        command = [str(SCRIPT), "run", "--json", "--config", str(self.town.config), "--state", str(clone / "state")]
        crash = {"CRASH_LOG": str(self.folder / "points"), "CRASH_AT": str(crash_at)} if crash_at else {}
        return zygote().start(command, self.town.process_environment(crash), self.folder)

    def run_wave(self, chance: random.Random) -> list[tuple[int, str]]:
        """Everybody at once; about half of them die somewhere."""
        for number in range(RUNNERS):
            if chance.random() < 0.2:  # a new machine
                shutil.rmtree(self.clones[number])
                self.clones[number] = self.town.clone(f"runner-{number}")
        deaths = [chance.randrange(1, POINTS) if chance.random() < 0.5 else 0 for _ in self.clones]
        runs = [self.start(clone, death) for clone, death in zip(self.clones, deaths, strict=True)]
        return [(run.wait(), run.err) for run in runs]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ten_runners_at_once_with_random_kills_send_every_article_exactly_once(race: Race, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same kills for the same seed
    for wave in range(WAVES):
        race.town.now += timedelta(hours=1, minutes=10)  # from 9:10 on
        race.publish_wave(wave)
        for code, err in race.run_wave(chance):
            assert code in (0, -9) or (code == 1 and "races in a row" in err), f"wave {wave}: exit code {code}: {err}"
    survivor = race.town.clone("survivor")
    assert race.start(survivor, 0).wait() == 0
    knowledge = fold(store.read(survivor / "state"))
    assert (knowledge.unfinished(), knowledge.queue()) == ([], [])
    assert race.town.line.violations == []
    for article in race.published:
        times = sum(any(article.title in words for words in titles(one)) for one in race.town.line.accepted)
        assert times == 1, f"{article.title} was sent {times} times"
    check_ledger(survivor / "state", race.town.line)
