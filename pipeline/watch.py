"""Passes until the time is up. One late trigger then covers the posting hours, and a person's action need not wait."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from pipeline.config import Config, ConfigError
from pipeline.policy.hours import next_opening
from pipeline.report import safe
from pipeline.report.github import BOT, GitHub, GitHubError, Run, tolerated
from pipeline.report.outcome import Report
from pipeline.run import run
from pipeline.world import World

log = logging.getLogger("kadoma_line")

LOOK = 30.0  # seconds between two looks for other runs; GitHub allows a repository's tokens 1,000 requests an hour
BY_A_PERSON = ("workflow_dispatch", "issue_comment")
NOT_IN_THE_WAY = ("completed", "waiting")  # waiting: for an environment's reviewers, and so not for us
HUNG = timedelta(minutes=40)  # a person's run lasts half an hour at most (timeout-minutes); an older one never ends


class Watch(Struct, frozen=True):
    """What was asked for.

    Attributes:
        span: how long at most; a job on GitHub may last six hours.
        every: from the beginning of a pass to the next.
        while_open: stay only for posting hours that last, or begin within `span`; otherwise one pass.
        step_aside_for: workflow files whose newer runs end the watch, so that they need not wait for it.
        hand_over: ask GitHub for a next run when the posting hours outlast the watch.
    """

    span: timedelta
    every: timedelta
    while_open: bool = False
    step_aside_for: tuple[str, ...] = ()
    hand_over: bool = False


def watch(
    asked: Watch, reread: Callable[[], Config], state: Path, world: World, tell: Callable[[Report], None]
) -> Report:
    """Run pass after pass, each with the configuration as it then stands; returns the last one's report."""
    until = world.now() + asked.span
    latest = _Latest(reread)
    while True:
        began = world.now()
        report = run(latest(), state, world, reread=latest)
        try:
            tell(report)
        except Exception as error:  # the pass is over; the watch is not
            log.error("what the pass did could not be told", exc_info=error)
        config = latest()
        following = began + asked.every
        wanted = not asked.while_open or _is_wanted(following, config, asked.span)
        if world.stopping or report.wrong_setup or not wanted:  # a mistake in the setup does not pass by itself
            return report
        in_the_way = _wait(following, asked, config, world) if following <= until else []
        if following > until or in_the_way is not None:
            # A run of a timer carries on by itself; a person's makes one pass, and leaves the hours to us.
            alone = all(_is_by_a_person(run) for run in in_the_way or [])
            if asked.hand_over and alone and not world.stopping and asked.span >= asked.every:
                _hand_over(config, world)
            return report


class _Latest:
    """The configuration as it stands; a broken one that somebody pushed ends no watch: the last good one counts."""

    def __init__(self, reread: Callable[[], Config]) -> None:
        self._reread = reread
        self._good = reread()
        self._told = ""

    def __call__(self) -> Config:
        try:
            self._good, self._told = self._reread(), ""
        except ConfigError as error:
            if str(error) != self._told:
                log.error("%s; the configuration before this counts until it is corrected", error)
            self._told = str(error)
        return self._good


def _is_wanted(at: datetime, config: Config, span: timedelta) -> bool:
    opening = next_opening(at, config.policy.hours)
    return opening is not None and opening - at <= span


def _wait(following: datetime, asked: Watch, config: Config, world: World) -> list[Run] | None:
    """Wait for the next pass: None when it may come, else the runs that need our place; none of them after a signal."""
    github = GitHub.of(config, world.environment) if asked.step_aside_for else None
    while not world.stopping:
        if github is not None and (others := _in_the_way(github, asked, world)):
            log.info("another run waits for this one: stepping aside")
            return others
        left = (following - world.now()).total_seconds()
        if left <= 0:
            return None
        world.sleep(min(left, LOOK))
    return []


def _in_the_way(github: GitHub, asked: Watch, world: World) -> list[Run]:
    """Runs that wait for us. A dry run waits for nobody; one that hangs would make us step aside once a minute."""
    own = world.environment.get("GITHUB_RUN_ID", "0")
    try:
        runs = [run for run in github.runs() if run.path.rpartition("/")[2] in asked.step_aside_for]
    except GitHubError as error:
        log.debug("%s", safe.line(error))
        return []
    return [
        run
        for run in runs
        if run.status not in NOT_IN_THE_WAY
        and not run.is_dry
        and (run.id > int(own) or _is_by_a_person(run))
        and str(run.id) != own
        and world.now() - run.at < HUNG
    ]


def _is_by_a_person(run: Run) -> bool:
    return run.event in BY_A_PERSON and run.actor != BOT


def _hand_over(config: Config, world: World) -> None:
    github = GitHub.of(config, world.environment)
    if github is None:
        return
    with tolerated("the schedule starts the next run"):
        github.start(config.github.workflow, {"dry-run": "false"}, config.state.branch)
