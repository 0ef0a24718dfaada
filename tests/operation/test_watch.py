"""How long a watch stays, when it steps aside, and that one trigger covers the posting hours. By a clock of the test."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline import watch as module
from pipeline.config import JST, Config, load
from pipeline.policy.hours import is_open
from pipeline.report.github import GitHubError
from pipeline.report.github import Run as WorkflowRun
from pipeline.report.outcome import Report
from pipeline.watch import Watch, watch
from pipeline.world import World
from tests.town import CONFIG as TESTS_CONFIG

CONFIG = load(TESTS_CONFIG)
ON_GITHUB = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
ASKED = Watch(
    timedelta(minutes=330),
    timedelta(minutes=5),
    while_open=True,
    step_aside_for=("post.yml", "sync.yml"),
    hand_over=True,
)
TUESDAY = datetime(2026, 11, 24, tzinfo=JST)


def other(**told: object) -> WorkflowRun:
    """A person's form that is at work."""
    at = TUESDAY.replace(hour=10)
    made = WorkflowRun(8, "post.yml", "workflow_dispatch", "in_progress", "", at, at, "", "kiki")
    return replace(made, **{**told, **({"path": f".github/workflows/{told['path']}"} if "path" in told else {})})


class Scene:
    """A world whose clock only waiting moves, and where a pass takes half a minute."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
        self.now = at
        self.passes: list[datetime] = []
        self.handed_over: list[datetime] = []
        self.others: list[WorkflowRun] = []
        self.broken: Exception | None = None
        self.world = World(ON_GITHUB, lambda: self.now, self._sleep)
        monkeypatch.setattr(module, "run", self._run)
        monkeypatch.setattr(module, "GitHub", self)

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _run(self, *_: Any, **__: Any) -> Report:
        self.passes.append(self.now)
        self.now += timedelta(seconds=30)
        return Report("r", self.now, in_window=True, dry_run=False)

    def of(self, _config: Config, _environment: object) -> "Scene":
        return self

    def runs(self) -> list[WorkflowRun]:
        if self.broken:
            raise self.broken
        return self.others

    def start(self, *_: object) -> None:
        if self.broken:
            raise self.broken
        self.handed_over.append(self.now)

    def watch(self, asked: Watch = ASKED) -> None:
        watch(asked, lambda: CONFIG, Path("state"), self.world, lambda _: None)


@pytest.mark.parametrize(
    ("hour", "minute", "first_end", "handed_over"),
    [(9, 0, (14, 30), True), (13, 0, (17, 30), False), (3, 45, (9, 15), True), (17, 20, (17, 30), False)],
)
def test_a_watch_stays_for_the_posting_hours_and_hands_over_what_it_cannot_cover(
    monkeypatch: pytest.MonkeyPatch, hour: int, minute: int, first_end: tuple[int, int], handed_over: bool
) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=hour, minute=minute))
    scene.watch()
    end = TUESDAY.replace(hour=first_end[0], minute=first_end[1])
    assert end - timedelta(minutes=6) < scene.now <= end + timedelta(seconds=30)
    assert bool(scene.handed_over) == handed_over
    assert max(later - earlier for earlier, later in pairwise(scene.passes)) == timedelta(minutes=5)


@pytest.mark.parametrize("day", [21, 22, 23])
def test_on_a_weekend_or_holiday_it_looks_once(monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(day=day, hour=10))
    scene.watch()
    assert (len(scene.passes), scene.handed_over) == (1, [])


@pytest.mark.parametrize("hour", [0, 3, 18, 23])
def test_at_night_it_looks_once(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=hour))
    scene.watch()
    assert (len(scene.passes), scene.handed_over) == (1, [])


def test_one_trigger_at_any_time_from_half_past_three_covers_the_rest_of_the_posting_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for minutes in range(3 * 60 + 40, 17 * 60 + 20, 35):
        at = TUESDAY + timedelta(minutes=minutes)
        passes: list[datetime] = []
        while True:
            scene = Scene(monkeypatch, at)
            scene.watch()
            passes += scene.passes
            if not scene.handed_over:
                break
            at = scene.now + timedelta(seconds=45)  # a runner starts
        open_passes = [one for one in passes if is_open(one, CONFIG.policy.hours)]
        assert max(later - earlier for earlier, later in pairwise(passes)) <= timedelta(minutes=6)
        assert TUESDAY.replace(hour=17, minute=30) - open_passes[-1] <= timedelta(minutes=6)


def test_a_single_pass_hands_nothing_over_or_private_repositories_would_run_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=10))
    scene.watch(Watch(timedelta(0), timedelta(minutes=5), while_open=True, hand_over=True))
    assert (len(scene.passes), scene.handed_over) == (1, [])


TEN = TUESDAY.replace(hour=10)
HUNG = TEN - timedelta(minutes=50)


@pytest.mark.parametrize(
    ("run", "steps_aside", "hands_over"),
    [
        (other(), True, True),
        (other(status="queued"), True, True),
        (other(status="pending", id=3), True, True),
        (other(status="waiting"), False, True),  # for reviewers
        (other(status="completed"), False, True),
        (other(id=7), False, True),  # itself
        (other(title="自動の実行（試すだけ）"), False, True),
        (other(at=HUNG), False, True),
        (other(path="ci.yml"), False, True),
        (other(event="schedule", path="sync.yml"), True, False),  # it carries on by itself
        (other(event="schedule", path="sync.yml", id=3), False, True),  # its turn was before ours
        (other(actor="github-actions[bot]", path="sync.yml"), True, False),
    ],
)
def test_it_steps_aside_for_runs_that_wait_for_it_and_hands_over_unless_one_carries_on(
    monkeypatch: pytest.MonkeyPatch, run: WorkflowRun, steps_aside: bool, hands_over: bool
) -> None:
    scene = Scene(monkeypatch, TEN)
    scene.others = [run]
    scene.watch()
    assert (len(scene.passes) == 1) == steps_aside
    assert bool(scene.handed_over) == hands_over


def test_a_run_that_hangs_costs_one_job_and_not_one_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    at, jobs = TEN, 0
    hangs = other(at=TEN)
    while at < TEN + timedelta(hours=4):
        scene = Scene(monkeypatch, at)
        scene.others = [hangs]
        scene.watch()
        jobs, at = jobs + 1, scene.now + timedelta(minutes=15)  # the next one waits behind it in the group
    assert jobs <= 5


def test_when_github_does_not_answer_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=10))
    scene.broken = GitHubError("down")
    scene.watch()
    assert len(scene.passes) > 50


def test_outside_github_it_stays_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=2))
    scene.watch(Watch(timedelta(minutes=55), timedelta(minutes=5)))
    assert len(scene.passes) == 12
    assert scene.handed_over == []
