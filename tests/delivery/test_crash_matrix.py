"""Crash at every point: a run is killed with SIGKILL wherever it touches the world, then runs go on until it is quiet.

Points are found by instrumenting a run that nobody kills (`instrument/sitecustomize.py`), never chosen. Recovery is tried twice:
with the next run on the same disk, and with the next run in a fresh clone, as on GitHub Actions.

Chance, clock and git's dates are the same in all these runs, and at each point the run waits until disk, remote and LINE have
been looked at (`remains.py`): that is what a kill would leave there. At most points it is what it was at the point before, byte
for byte: some hundreds of points have a few dozen states, and fewer still of remote and LINE, which are all that a fresh clone
sees. Equal states need one kill and one recovery: whatever the next run does follows from them. That the kill does leave what
was seen is checked. Killed at always are the points with no state yet, where a push or a fetch would go on without the dead
process. A request that makes LINE send is left behind at its first and its last try: between them each try's answer has a state
of its own. Local git holds our lock, so that the next run begins at what it leaves; what makes nothing but objects leaves what
was there. A run records five times, each time with the same commands; at each part of a command's input a kill is tried the
first and the last time that it comes. After the first, a run has to wait for the command, and recovers; after the last, the
command has to leave what runs have recovered from, or a run recovers from it.

While something else fails, too, runs recover from copies of those states instead of being killed once more, and local git that
goes on is not tried again: what it leaves is the next state. How LINE still has to fail is part of what it remembers, so that
its troubles share the states in which they are over.
`make soak` kills and recovers at every point, in both ways, whatever else fails.
"""

import itertools
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.sandbox.articles import SampleArticle
from tests.delivery.crash import CrashTown, Moment
from tests.delivery.troubles import SOAK, TROUBLES, Trouble
from tests.town import SCRIPT
from tests.zygote.script import INSTRUMENT

Towns = Callable[[Trouble], CrashTown]


@pytest.fixture(scope="session")
def towns() -> Iterator[Towns]:
    """The town in which a trouble is met, made when it is first needed."""
    made: dict[Sequence[SampleArticle], CrashTown] = {}

    def town_of(trouble: Trouble) -> CrashTown:
        if trouble.news not in made:
            made[trouble.news] = CrashTown(trouble.news)
        return made[trouble.news]

    yield town_of
    for town in made.values():
        town.stop()


@pytest.fixture
def crash_town(towns: Towns) -> CrashTown:
    return towns(TROUBLES[0])


TRIES = 3  # of two requests at once either may be the first at a point: then it is tried again


def try_points(crash_town: CrashTown, trouble: Trouble, numbers: Sequence[int]) -> None:
    points = crash_town.points(trouble)
    failed = []
    for number, in_fresh_clone in itertools.product(numbers, (False, True)):
        point = points[number - 1]
        if not crash_town.is_worth_it(trouble, points[:number], in_fresh_clone):
            continue
        try:
            if copy := crash_town.copied(trouble, point, in_fresh_clone):
                recover(crash_town.killed(trouble, copy), in_fresh_clone)
            else:
                kill_and_recover(crash_town, trouble, number, in_fresh_clone)
        except Exception as error:  # every failing point is named, not only the first
            before = " / ".join(point.name for point in points[max(0, number - 3) : number])
            failed.append(f"killed at {before}: {type(error).__name__}: {error}")
    assert not failed, "\n\n".join(failed)


def kill_and_recover(crash_town: CrashTown, trouble: Trouble, number: int, in_fresh_clone: bool) -> None:
    points = crash_town.points(trouble)
    expected = points[number - 1].remains
    is_waited_for = (
        not SOAK
        and not in_fresh_clone
        and not expected.is_settled(False)
        and expected.waits_for_it()
        and crash_town.has_met(points[number - 1])
    )
    repeats = not expected.left and not trouble.settings  # those have time limits, which a busy machine passes
    for _ in range(TRIES):
        moment = crash_town.fresh(trouble)
        left = moment.crash(points, number)
        if is_waited_for and not crash_town.is_new(trouble, moment.settled(), in_fresh_clone):
            moment.end()
            return
        recover(moment, in_fresh_clone)  # whatever was left behind has to be recovered from
        if not repeats or left.seen_from(False) == expected.seen_from(False):
            return
    raise AssertionError("a run is killed, and leaves something else behind than was seen")


def recover(moment: Moment, in_fresh_clone: bool) -> None:
    moment.run_until_quiet(in_fresh_clone)
    moment.check()


def test_killed_anywhere_every_article_is_sent_exactly_once(crash_town: CrashTown) -> None:
    try_points(crash_town, TROUBLES[0], TROUBLES[0].span(crash_town.points(TROUBLES[0])))


@pytest.mark.parametrize("number", range(1, len(TROUBLES)), ids=[trouble.name for trouble in TROUBLES[1:]])
def test_killed_while_something_else_fails_every_article_is_sent_exactly_once(towns: Towns, number: int) -> None:
    """At every point at which the trouble can make a difference (`make soak`: at every point)."""
    trouble = TROUBLES[number]
    crash_town = towns(trouble)
    points = crash_town.points(trouble)
    try_points(crash_town, trouble, range(1, len(points) + 1) if SOAK else trouble.span(points))


def test_asked_to_stop_anywhere_a_run_leaves_nothing_half_done(crash_town: CrashTown) -> None:
    """SIGTERM at every thirtieth point (`make soak`: at every point)."""
    for number in range(1, len(crash_town.points(TROUBLES[0])) - 1, 1 if SOAK else 30):
        moment = crash_town.fresh(TROUBLES[0])
        left = moment.interrupt(number)
        if SOAK or crash_town.is_new(TROUBLES[0], left, False):
            recover(moment, False)
        else:
            moment.end()


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
    kinds = [line.split()[1] for line in (tmp_path / "points").read_text().splitlines()]
    there = [point.kind for point in crash_town.points(TROUBLES[0])]
    # Two pages are fetched at once, over one connection more or less.
    assert sorted(filter("socket.connect".__ne__, kinds)) == sorted(filter("socket.connect".__ne__, there))
