"""The relay: a clock out of what GitHub does on time, dispatch and the wait timer of an environment.

A link is one run of pace.yml. It waits twice in the environment `pace`, looks after each wait whether a pass of the main
job would do anything, wakes it then, and in the end starts the next link. Two waits a link, and a look that costs seconds,
keep the workflow runs of a day below 200. The concurrency group lets one link go at a time, so whatever is started twice
only waits its turn and ends when it sees another behind it.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct

from pipeline.config import Config
from pipeline.ledger.events import AnyEvent
from pipeline.ledger.ledger import Rehearsal
from pipeline.ledger.store import LedgerError
from pipeline.policy.hours import is_open
from pipeline.report import safe
from pipeline.report.github import GitHub, Run, tolerated
from pipeline.report.outcome import Report
from pipeline.run import Pass
from pipeline.world import World

log = logging.getLogger("kadoma_line")

PACE = "pace.yml"
ENVIRONMENT = "pace"
WAITS = timedelta(minutes=5)  # a link that lasted less has not waited: without a timer it would go round and round
LIVES = timedelta(minutes=30)  # a link, or a run that waits for a runner; one that is older hangs
WATCHES = timedelta(hours=6)  # the most that a job on GitHub lasts
REST = timedelta(hours=1)  # the main job runs so often at least, and tells people what only it can tell
STARTS = 3  # a dispatch can be refused, and it can be accepted and lost
LOOKS, PAUSE = 6, 5.0  # looks for a run that was asked for, and seconds between them

T = TypeVar("T")

Why = Literal["", "open-broadcast", "news", "untold", "rest", "unreadable", "awake", "refused"]
Chain = Literal["alive", "ended", "started", "broken", "hot", "off", "no-timer"]


class Turn(Struct, frozen=True):
    """What one turn did: why it woke the main job ("" and "awake": it did not), and how the chain stands."""

    why: Why
    chain: Chain


def turn(config: Config, state: Path, world: World, github: GitHub, last: bool) -> Turn:
    """One turn of a link; `last`: the one that starts the next link. Raises GitHubError when the main job's runs stay unknown."""
    chain: Chain = "broken" if last else "alive"
    with tolerated():
        chain = _chain(config, world, github, last)
    return Turn(wake(config, state, world, github), chain)


def restart(config: Config, world: World, github: GitHub) -> Chain:
    """Start the chain where it broke, from outside of it. Raises GitHubError."""
    if not config.github.relay:
        return "off"
    links, now = github.runs(PACE), world.now()
    if not is_broken(links, now):
        return "alive"
    if not has_timer(github):
        return "no-timer"
    for link in links:
        if link.is_alive and now - link.at > LIVES:  # it holds the group, and would let nobody else go
            with tolerated():
                github.cancel(link.id)
    github.start(PACE, branch=config.state.branch)
    return "started"


def has_timer(github: GitHub) -> bool:
    """An environment that does not exist is created by the first job that names it, and lets everything through."""
    environment = github.environment(ENVIRONMENT)
    return environment is not None and environment.wait > 0


def is_broken(links: Sequence[Run], now: datetime) -> bool:
    """No link is alive; or the oldest has been for half an hour in which none came to its end."""
    alive = [link.at for link in links if link.is_alive]
    if not alive:
        return True
    ended = [link.updated for link in links if not link.is_alive]
    return now - max([min(alive), *ended]) > LIVES


def is_awake(runs: Sequence[Run], now: datetime) -> bool:
    """Whether a run of the main job is alive: no dry run, and none that waits for a runner which never comes."""
    return any(
        now - run.at < (WATCHES if run.status == "in_progress" else LIVES)
        for run in runs
        if run.is_alive and not run.is_dry
    )


# The chain


def _chain(config: Config, world: World, github: GitHub, last: bool) -> Chain:
    if not config.github.relay:
        return "ended"
    own = world.environment.get("GITHUB_RUN_ID", "")
    if last and _is_hot(world, github, own):
        return "hot"
    if _patiently(world, lambda: _has_successor(github, own)):
        return "ended"  # it looks after us: this link need not wait a second time
    return _pass_on(config, world, github, own) if last else "alive"


def _is_hot(world: World, github: GitHub, own: str) -> bool:
    """Whether a next link would start at once, and the next one after it."""
    link = _patiently(world, lambda: github.run(own))
    return world.now() - link.at < WAITS or not _patiently(world, lambda: has_timer(github))


def _has_successor(github: GitHub, own: str) -> bool:
    return any(link.is_alive and str(link.id) != own for link in github.runs(PACE))


def _pass_on(config: Config, world: World, github: GitHub, own: str) -> Chain:
    """Start the next link and look that it is there."""
    for _ in range(STARTS):
        with tolerated():  # it may have come all the same
            github.start(PACE, branch=config.state.branch)
        for _ in range(LOOKS):
            with tolerated():
                if _has_successor(github, own):
                    return "started"
            world.sleep(PAUSE)
    return "broken"


def _patiently(world: World, ask: Callable[[], T]) -> T:
    """An answer of GitHub, asked for again when it does not come. Raises GitHubError."""
    for _ in range(STARTS - 1):
        with tolerated():
            return ask()
        world.sleep(PAUSE)
    return ask()


# The main job


def wake(config: Config, state: Path, world: World, github: GitHub) -> Why:
    """Start the main job when it has something to do and no run of it is alive. Raises GitHubError."""
    found = _patiently(world, lambda: github.runs(config.github.workflow))
    runs = [run for run in found if not run.is_dry]
    if is_awake(runs, world.now()):
        return "awake"
    why = "rest" if _rests_too_long(config, runs, world.now()) else would_do(config, state, world)
    if not why:
        return why
    with tolerated():
        github.start(config.github.workflow, {"dry-run": "false"}, config.state.branch)
        return why
    return "refused"  # disabled by a person, for example: then it shall not run


def _rests_too_long(config: Config, runs: Sequence[Run], now: datetime) -> bool:
    """An hour, and the opening of the posting hours: what people are promised of a day rests on runs that succeeded."""
    last = max((run.at for run in runs if run.conclusion == "success"), default=None)
    if last is None or now - last >= REST:
        return True
    return is_open(now, config.policy.hours) and not is_open(last, config.policy.hours)


def would_do(config: Config, state: Path, world: World) -> Why:
    """What a pass would do now: the pass itself, in rehearsal. One conditional request where there is no news."""
    world.start_run()
    now = world.now()
    report = Report(f"p{uuid.uuid4().hex[:8]}", now, is_open(now, config.policy.hours), dry_run=True)
    try:
        with _Notebook(state) as ledger:
            knowledge = ledger.knowledge
            if any(broadcast.outcome == "open" for broadcast in knowledge.unfinished()):
                return "open-broadcast"
            if knowledge.told != knowledge.alerts:
                return "untold"
            work = Pass.real(config, ledger, world, report)
            work.run()
            return "news" if ledger.noted or work.delivery.broadcasts or work.delivery.failures else ""
    except LedgerError as error:  # the main job tells people
        log.warning("%s", safe.line(error))
        return "unreadable"


class _Notebook(Rehearsal):
    """What a pass would write down."""

    noted: int = 0

    def note(self, events: Sequence[AnyEvent]) -> None:
        self.noted += len(events)
        super().note(events)
