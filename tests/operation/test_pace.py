"""The relay through a simulated week against an embedded GitHub whose dispatches are lost, late, refused and doubled: the jobs,
conditions and commands are those of pace.yml and sync.yml, carried out by the command line in this process."""

import heapq
import io
import json as text
import os
import random
import shlex
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pipeline import cli, pace
from pipeline.config import JST, load
from pipeline.pace import PACE, Chain, is_broken, restart
from pipeline.report.github import GitHub, GitHubError
from pipeline.report.github import Run as WorkflowRun
from pipeline.sandbox.loopback import Request
from pipeline.world import World
from tests.doubles.github import TOKEN, GitHubServer
from tests.town import ROOT
from tests.workflows.expressions import holds, resolved
from tests.workflows.runner import load as workflow

JOBS: dict[str, Any] = workflow(PACE)["jobs"]
CLOCK = next(step for step in workflow("sync.yml")["jobs"]["sync"]["steps"] if step["name"] == "Clock")
CONFIG = load(ROOT / "tests" / "kadoma.toml")
MONDAY = datetime(2026, 11, 23, tzinfo=JST)
WEEK = timedelta(days=7)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SCHEDULE = timedelta(hours=3)  # between two starts from outside the chain, in the worst weather of this test


class Actions(GitHubServer):
    """GitHub with its clock: runs wait for their group, and each of their jobs for the timer of its environment and a runner.

    `fate` of a dispatch, by the dice: "" comes at once; lost, late, twice; refused is told. `timer`: of the environment;
    `no_runner`: of the next link.
    """

    def __init__(self, seed: int, **odds: float) -> None:
        self.clock = MONDAY
        super().__init__(now=lambda: self.clock)
        self.dice, self.odds = random.Random(seed), odds  # noqa: S311
        self.events: list[tuple[datetime, int, Callable[[], None]]] = []
        self.queue: list[dict[str, Any]] = []
        self.busy: dict[str, Any] | None = None
        self.turns: list[datetime] = []
        self.chains: list[Chain] = []
        self.starts: list[datetime] = []  # of anything, for the day's count
        self.crowded: list[timedelta] = []  # how long more than one link waited
        self.no_runner = False
        self.outputs = Path(os.environ["TMPDIR"]) / f"outputs-{id(self)}"
        self._crowd: datetime | None = None

    # What happens when

    def at(self, instant: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self.events, (instant, len(self.starts) + self.dice.randrange(10**9), deed))

    def go(self, until: datetime) -> None:
        while self.events and self.events[0][0] <= until:
            instant, _, deed = heapq.heappop(self.events)
            self.clock = max(self.clock, instant)
            deed()
        self.clock = max(self.clock, until)

    def on_dispatch(self, workflow: str) -> None:
        fate = next((name for name, odds in self.odds.items() if self.dice.random() < odds), "")
        if fate == "refused":
            raise GitHubError("502", 502)
        if fate == "lost":
            return
        for _ in range(2 if fate == "twice" else 1):
            self.at(self.clock + (7 * MINUTE if fate == "late" else timedelta(seconds=2)), lambda: self.begin(workflow))

    def begin(self, workflow: str, event: str = "workflow_dispatch") -> None:
        self.starts.append(self.clock)
        del self.runs[:-40]  # GitHub tells a page of them
        number = 10_000 + len(self.starts)
        run = self.add_run(workflow, self.clock, id=number, event=event, status="pending", conclusion=None)
        if workflow == PACE:
            self.queue.append(run)
            self._next()
        else:
            run["status"] = "in_progress"
            self.at(self.clock + MINUTE, lambda: self._end_of_sync(run))

    def _end_of_sync(self, run: dict[str, Any]) -> None:
        self._end(run)
        self.heal()

    def heal(self) -> None:
        """What sync and the watchdog do at their end."""
        self.step(CLOCK, "1")

    def _next(self) -> None:
        self.queue = [run for run in self.queue if run["status"] != "completed"]
        if self.busy is not None and self.busy["status"] == "completed":
            self.busy = None
        if self.busy is None and self.queue:
            self.busy = self.queue.pop(0)
            self._job(self.busy, list(JOBS), {})
        self._count()

    def _count(self) -> None:
        if len(self.queue) > 0 and self._crowd is None:
            self._crowd = self.clock
        elif not self.queue and self._crowd is not None:
            self.crowded.append(self.clock - self._crowd)
            self._crowd = None

    def _job(self, run: dict[str, Any], names: list[str], needs: dict[str, Any]) -> None:
        """The next job of the run that is not left out; or its end."""
        while names and not holds(JOBS[names[0]].get("if"), {"needs": needs}):
            names = names[1:]
        if not names:
            self._end(run)
            self._next()
            return
        run["status"] = "waiting"
        told = self.environments.get(JOBS[names[0]]["environment"]["name"], {}).get("protection_rules", [])
        minutes = next((rule["wait_timer"] for rule in told if rule["type"] == "wait_timer"), 0)
        if self.no_runner:
            run["status"], self.no_runner = "queued", False
            return
        hop = minutes * MINUTE + timedelta(seconds=15 + self.dice.expovariate(1 / 30))
        self.at(self.clock + hop, lambda: self._steps(run, names, needs))

    def _steps(self, run: dict[str, Any], names: list[str], needs: dict[str, Any]) -> None:
        if run["status"] == "completed":  # cancelled
            return
        run["status"] = "in_progress"
        self.turns.append(self.clock)
        job, steps = JOBS[names[0]], {}
        for step in job["steps"]:
            if "run" in step:
                steps[step.get("id", "")] = {"outputs": self.step(step, str(run["id"]))}
        outputs = {name: resolved(value, {"steps": steps}) for name, value in job.get("outputs", {}).items()}
        self._job(run, names[1:], needs | {names[0]: {"outputs": outputs}})

    def step(self, step: dict[str, Any], run: str) -> dict[str, str]:
        """A step's command, as the shell would have it; its outputs."""
        program, command, *arguments = shlex.split(step["run"])
        assert (program, command) == ("exec", "kadoma-line")
        given = {
            "GITHUB_RUN_ID": run,
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_API_URL": self.url,
            "GITHUB_OUTPUT": str(self.outputs),
        }
        self.outputs.write_bytes(b"")
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
            for name, value in {**given, **step["env"]}.items():
                patch.setenv(name, resolved(value, {"github": {"token": TOKEN}}))
            patch.setattr(World, "real", lambda _config: self.world(run))
            patch.setattr(World, "obey_signals", lambda _world: None)
            patch.setattr(
                GitHub, "of", lambda _config, environment: Direct(self) if environment.get("GITHUB_TOKEN") else None
            )
            patch.setattr(cli, "_parser", _parser)
            code = cli.main([*arguments, "--json", "--config", str(ROOT / "tests" / "kadoma.toml")])
        cli.log.handlers.clear()
        document = text.loads(out.getvalue())
        if "woke" in document and document["chain"] != "alive":
            self.chains.append(document["chain"])
        assert code == (1 if document.get("chain") == "broken" and "woke" in document else 0) or "error" in document
        return dict(line.split("=", 1) for line in self.outputs.read_text(encoding="utf-8").splitlines())

    def _end(self, run: dict[str, Any]) -> None:
        stamp = self.clock.isoformat()
        run.update(status="completed", conclusion="success", updated_at=stamp)

    # The pipeline's side

    def world(self, run: str) -> World:
        return World(
            {"GITHUB_RUN_ID": run}, lambda: self.clock, lambda seconds: self.go(self.clock + timedelta(seconds=seconds))
        )

    @property
    def api(self) -> GitHub:
        return Direct(self)

    # What came of it

    @property
    def gaps(self) -> list[timedelta]:
        return [later - earlier for earlier, later in pairwise(self.turns)]

    def busiest(self, span: timedelta, of: list[datetime]) -> int:
        of = sorted(of)
        return max(bisect_left(of, begin + span) - number for number, begin in enumerate(of))


_parser = cache(cli._parser)  # made once, it is the same for every step


class Direct(GitHub):
    """The API without a wire."""

    def __init__(self, server: Actions) -> None:
        super().__init__("", server.repository, TOKEN)
        self._server = server

    def _ask(self, method: str, path: str, params: Mapping[str, str] | None = None, json: Any = None) -> Any:
        query = f"?{urlencode(params)}" if params else ""
        headers = {"authorization": f"Bearer {TOKEN}"}
        request = Request(method, f"{self._base}{path}{query}", headers, text.dumps(json).encode())
        answer = self._server.answer(request)
        if answer.status >= 300:
            raise GitHubError(f"{method} {path}: {answer.status}", answer.status)
        return text.loads(answer.body) if answer.body else None


@pytest.fixture(autouse=True)
def news(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something new about twelve times a day."""
    dice = random.Random(7)  # noqa: S311
    monkeypatch.setattr(pace, "would_do", lambda *_: "news" if dice.random() < 0.05 else "")
    return iter(())


def with_schedules(actions: Actions, *, seed: int = 3) -> Actions:
    """What starts from outside the chain, hours apart: pace.yml's own schedule."""
    at = MONDAY
    while at < MONDAY + WEEK:
        actions.at(at, lambda: actions.begin(PACE, "schedule"))
        at += SCHEDULE
    return actions


ODDS: dict[str, dict[str, float]] = {
    "a good week": {},
    "an incident": {"lost": 0.1, "late": 0.1, "refused": 0.3, "twice": 0.1},
}


@pytest.mark.parametrize("name", ODDS)
def test_a_week_of_the_relay_is_on_time_single_and_never_hot(name: str) -> None:
    actions = with_schedules(Actions(11, **ODDS[name]))
    actions.go(MONDAY + WEEK)
    assert max(actions.gaps) < SCHEDULE + 15 * MINUTE, "restarted within one schedule"
    assert sum(gap < 8 * MINUTE for gap in actions.gaps) > 0.95 * len(actions.gaps)
    assert min(actions.gaps) > 5 * MINUTE, "each turn waited"
    assert actions.busiest(HOUR, actions.turns) <= 12
    link = 2 * (5 * MINUTE + 2 * MINUTE)
    assert max(actions.crowded) < link, "never two chains longer than one link"
    if name == "a good week":
        assert actions.busiest(timedelta(days=1), actions.starts) <= 200 - 13, "with the watchdog's runs"
        assert max(actions.gaps) < 12 * MINUTE
        assert 240 < len(actions.turns) / 7 < 270, "README reckons runner hours from 260 jobs a day"


def test_a_lost_timer_stops_the_chain_after_one_turn_and_it_goes_on_when_the_timer_is_back() -> None:
    actions = with_schedules(Actions(5))
    rules = actions.environments["pace"]["protection_rules"]
    gone, back = MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)
    actions.at(gone, lambda: actions.environments["pace"].update(protection_rules=[]))
    actions.at(back, lambda: actions.environments["pace"].update(protection_rules=rules))
    actions.go(MONDAY + WEEK)
    meanwhile = [at for at in actions.turns if gone + 15 * MINUTE < at < back]
    assert len(meanwhile) <= 2 * (back - gone) / SCHEDULE + 2, "two quick turns for each start from outside"
    assert "hot" in actions.chains
    assert min(at for at in actions.turns if at > back) < back + SCHEDULE + 7 * MINUTE
    assert (
        max(later - earlier for earlier, later in pairwise(at for at in actions.turns if at > back + SCHEDULE))
        < 12 * MINUTE
    )


def test_a_link_that_never_gets_a_runner_is_cancelled_and_replaced_by_whoever_looks_next() -> None:
    actions = Actions(5)
    actions.begin(PACE)
    actions.go(MONDAY + 2 * HOUR)
    actions.no_runner = True
    actions.go(MONDAY + 4 * HOUR)
    before = actions.turns[-1]
    assert before < MONDAY + 3 * HOUR
    actions.heal()
    actions._next()
    actions.go(MONDAY + 5 * HOUR)
    assert [run["conclusion"] for run in actions.runs].count("cancelled") == 1
    assert max(later - earlier for earlier, later in pairwise(at for at in actions.turns if at > before)) < 12 * MINUTE


def test_a_disabled_clock_stays_off_until_a_person_enables_it() -> None:
    actions = Actions(5)
    actions.workflows[PACE] = "disabled_manually"
    actions.heal()
    assert actions.starts == []


def run(minutes_ago: int, status: str = "waiting", ended: int = 0) -> WorkflowRun:
    started, updated = (MONDAY - ago * MINUTE for ago in (minutes_ago, ended or minutes_ago))
    return WorkflowRun(minutes_ago, PACE, "schedule", status, "", started, updated)


@pytest.mark.parametrize(
    ("links", "broken"),
    [
        ([], True),
        ([run(12, "completed", 1)], True),
        ([run(1, "pending"), run(12, "completed", 1)], False),
        ([run(29)], False),
        ([run(31)], True),
        ([run(31), run(1, "pending")], True),  # one behind it does not help
        ([run(40, "pending"), run(45, "completed", 10)], False),  # others went before it
    ],
)
def test_a_chain_is_broken_when_nobody_waits_or_nobody_gets_on_for_half_an_hour(
    links: list[WorkflowRun], broken: bool
) -> None:
    assert is_broken(links, MONDAY) == broken


def test_only_what_is_broken_and_has_a_timer_is_started_again() -> None:
    actions = Actions(5)
    assert restart(CONFIG, actions.world("1"), actions.api) == "started"
    actions.go(MONDAY + MINUTE)
    assert restart(CONFIG, actions.world("1"), actions.api) == "alive"
    actions.runs.clear()
    del actions.environments["pace"]
    assert restart(CONFIG, actions.world("1"), actions.api) == "no-timer"
