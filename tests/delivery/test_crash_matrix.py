"""Crash at every point: a run is killed with SIGKILL wherever it touches the world, then runs go on until it is quiet.

Points are found by instrumenting a run that nobody kills (`instrument/sitecustomize.py`), never chosen. Each is tried twice:
with the next run on the same disk, and with the next run in a fresh clone, as on GitHub Actions.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.delivery.crash import TROUBLES, CrashTown, Trouble
from tests.town import SCRIPT
from tests.zygote import INSTRUMENT

SOAK = "SOAK_SEEDS" in os.environ
PARTS = 6  # so that both cores have work; each part tries every sixth point


@pytest.fixture(scope="session")
def crash_town() -> Iterator[CrashTown]:
    made = CrashTown()
    yield made
    made.stop()


def try_points(crash_town: CrashTown, trouble: Trouble, numbers: Sequence[int], in_fresh_clone: bool) -> None:
    points = crash_town.points(trouble)
    failed = []
    for number in numbers:
        try:
            moment = crash_town.fresh(trouble)
            moment.crash(number, len(points))
            moment.run_until_quiet(in_fresh_clone)
            moment.check()
        except Exception as error:  # every failing point is named, not only the first
            before = " / ".join(points[max(0, number - 3) : number])
            failed.append(f"killed at {before}: {type(error).__name__}: {error}")
    assert not failed, "\n\n".join(failed)


@pytest.mark.parametrize("in_fresh_clone", [False, True], ids=["same disk", "fresh clone"])
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_anywhere_every_article_is_sent_exactly_once(
    crash_town: CrashTown, part: int, in_fresh_clone: bool
) -> None:
    every = TROUBLES[0].span(crash_town.points(TROUBLES[0]))
    try_points(crash_town, TROUBLES[0], every[part::PARTS], in_fresh_clone)


@pytest.mark.parametrize("in_fresh_clone", [False, True], ids=["same disk", "fresh clone"])
@pytest.mark.parametrize("number", range(1, len(TROUBLES)), ids=[trouble.name for trouble in TROUBLES[1:]])
def test_killed_while_something_else_fails_every_article_is_sent_exactly_once(
    crash_town: CrashTown, number: int, in_fresh_clone: bool
) -> None:
    """Every point at which the trouble can make a difference, in turn on the same disk and in a fresh clone (`make soak`:
    every point, both)."""
    trouble = TROUBLES[number]
    points = crash_town.points(trouble)
    numbers = range(1, len(points) + 1) if SOAK else trouble.span(points)[in_fresh_clone::2]
    try_points(crash_town, trouble, numbers, in_fresh_clone)


def test_asked_to_stop_anywhere_a_run_leaves_nothing_half_done(crash_town: CrashTown) -> None:
    """SIGTERM at every fifth point (`make soak`: at every point)."""
    for number in range(1, len(crash_town.points(TROUBLES[0])) - 1, 1 if SOAK else 5):
        moment = crash_town.fresh(TROUBLES[0])
        moment.interrupt(number)
        moment.run_until_quiet()
        moment.check()


def test_a_script_started_from_nothing_passes_the_same_points(crash_town: CrashTown, tmp_path: Path) -> None:
    """The matrix forks a process that has imported everything; the points are those of the script as it is installed."""
    moment = crash_town.fresh(TROUBLES[0])
    command = [
        str(SCRIPT),
        "run",
        "--json",
        "--config",
        str(crash_town.town.config),
        "--state",
        str(moment.checkout / "state"),
    ]
    instrument = {"PYTHONPATH": str(INSTRUMENT), "CRASH_LOG": str(tmp_path / "points"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, env=crash_town.town.process_environment(instrument), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    moment.run_until_quiet()
    moment.check()
    kinds = sorted(line.split()[1] for line in (tmp_path / "points").read_text().splitlines())
    assert kinds == sorted(line.split()[1] for line in crash_town.points(TROUBLES[0]))  # two pages are fetched at once
