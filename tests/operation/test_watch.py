"""How long a watch stays, when it steps aside, and that one trigger covers the posting hours. By a clock of the test."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline import watch as module
from pipeline.config import JST, Config, load
from pipeline.policy.hours import is_open
from pipeline.report.github import GitHubError
from pipeline.report.github import Run as WorkflowRun
from pipeline.watch import Watch, watch
from pipeline.world import World
from tests.town import CONFIG as TESTS_CONFIG

CONFIG = load(TESTS_CONFIG)
ON_GITHUB = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
ASKED = Watch(
    timedelta(minutes=330), timedelta(minutes=5), while_open=True, step_aside_for=("post.yml",), hand_over=True
)
TUESDAY = datetime(2026, 11, 24, tzinfo=JST)


class Scene:
    """A world whose clock only waiting moves, and where a pass takes half a minute."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
        self.now = at
        self.passes: list[datetime] = []
        self.handed_over: list[datetime] = []
        self.others: list[WorkflowRun] = []
        self.broken = False
        self.world = World(ON_GITHUB, lambda: self.now, self._sleep)
        monkeypatch.setattr(module, "run", self._run)
        monkeypatch.setattr(module, "GitHub", self)

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _run(self, *_: Any, **__: Any) -> Any:
        self.passes.append(self.now)
        self.now += timedelta(seconds=30)
        return object()

    def of(self, _config: Config, _environment: object) -> "Scene":
        return self

    def runs(self, _workflow: str, **_: str) -> list[WorkflowRun]:
        if self.broken:
            raise GitHubError("down")
        return self.others

    def dispatch(self) -> None:
        if self.broken:
            raise GitHubError("down")
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


@pytest.mark.parametrize(
    ("status", "run", "steps_aside"),
    [
        ("in_progress", 8, True),
        ("queued", 8, True),
        ("pending", 8, True),
        ("waiting", 8, False),
        ("completed", 8, False),
        ("in_progress", 7, False),
    ],
)
def test_it_steps_aside_for_a_persons_run_but_not_for_one_that_waits_for_reviewers_or_for_itself(
    monkeypatch: pytest.MonkeyPatch, status: str, run: int, steps_aside: bool
) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=10))
    scene.others = [WorkflowRun(run, "", "workflow_dispatch", status, "", "", "")]
    scene.watch()
    assert (len(scene.passes) == 1) == steps_aside
    assert scene.handed_over  # in the middle of the hours, either way


def test_when_github_does_not_answer_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=10))
    scene.broken = True
    scene.watch()
    assert len(scene.passes) > 50


def test_outside_github_it_stays_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, TUESDAY.replace(hour=2))
    scene.watch(Watch(timedelta(minutes=55), timedelta(minutes=5)))
    assert len(scene.passes) == 12
    assert scene.handed_over == []
