"""Crash at every point: a run is killed with SIGKILL wherever it touches the world, then runs go on until it is quiet.

Points are found by instrumenting a run that nobody kills (`instrument/sitecustomize.py`), never chosen. Each is tried twice:
with the next run on the same disk, and with the next run in a fresh clone, as on GitHub Actions.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.crash import TROUBLES, CrashTown, Trouble
from tests.delivery.zygote import INSTRUMENT
from tests.town import SCRIPT

SOAK = "SOAK_SEEDS" in os.environ
PARTS = 6  # so that both cores have work; each part tries every sixth point
STRIDE = 1 if SOAK else 8  # while something else goes wrong too, `make test` tries every eighth point, `make soak` all
SLOW = 1 if SOAK else 24  # … and every 24th where each run waits for a timeout


@pytest.fixture(scope="session")
def crash_town() -> Iterator[CrashTown]:
    made = CrashTown()
    yield made
    made.stop()


def try_points(crash_town: CrashTown, trouble: Trouble, chosen: slice, in_fresh_clone: bool) -> None:
    points = crash_town.points(trouble)
    failed = []
    for number in range(1, len(points) + 1)[chosen]:
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
    try_points(crash_town, TROUBLES[0], slice(part, None, PARTS), in_fresh_clone)


@pytest.mark.parametrize("in_fresh_clone", [False, True], ids=["same disk", "fresh clone"])
@pytest.mark.parametrize("number", range(1, len(TROUBLES)), ids=[trouble.name for trouble in TROUBLES[1:]])
def test_killed_while_something_else_fails_every_article_is_sent_exactly_once(
    crash_town: CrashTown, number: int, in_fresh_clone: bool
) -> None:
    trouble = TROUBLES[number]
    stride = SLOW if "hang" in trouble.name else STRIDE
    try_points(crash_town, trouble, slice((2 * number + in_fresh_clone) % stride, None, stride), in_fresh_clone)


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
