"""pace.yml, step by step, as the runner would run it: one link of the relay."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.workflows.runner import Run, Runner

OPEN = timedelta(hours=2)  # from 8:00 into the posting hours
WOKEN = {"workflow": "sync.yml", "ref": "main", "inputs": {"dry-run": "false"}}
NEXT = {"workflow": "pace.yml", "ref": "main", "inputs": {}}


@pytest.fixture
def relay(runner: Runner) -> Runner:
    """Within the posting hours, ten minutes after a run of the main job that found nothing."""
    runner.town.now += OPEN
    runner.github.add_run("sync.yml", runner.town.now - timedelta(minutes=10))
    return runner


def link(runner: Runner, waited: timedelta = timedelta(minutes=12), **more: Any) -> Run:
    """A link that waited as its environment told it to."""
    runner.github.dispatched.clear()
    return runner.run("pace.yml", "workflow_dispatch", actor="github-actions[bot]", waited=waited, **more)


def test_a_link_without_news_starts_the_next_one_and_nothing_else(relay: Runner) -> None:
    before = relay.commits()
    relay.town.city.clear_requests()
    run = link(relay)
    assert run.is_green
    assert [step.name for step in run.steps] == ["Turn", "Last turn"]
    assert relay.github.dispatched == [NEXT]
    assert [request.status for request in relay.town.city.requests if "update" in request.path] == [304, 304]
    assert relay.town.line.requests == []
    assert relay.commits() == before
    assert relay.secrets_that_leaked() == []


def test_a_link_wakes_the_main_job_for_an_emergency_at_night_and_once(relay: Runner) -> None:
    relay.town.now += timedelta(hours=15)
    relay.github.add_run("sync.yml", relay.town.now - timedelta(minutes=10))
    relay.town.city.emergency(EMERGENCY, relay.town.now)
    assert link(relay).is_green
    assert relay.github.dispatched == [WOKEN, NEXT], "the second turn sees that it is awake"
    assert relay.town.line.requests == []
    assert relay.run("sync.yml", "workflow_dispatch", {"dry-run": False}, actor="github-actions[bot]").is_green
    assert EMERGENCY.title in relay.town.sent_titles()[0]
    relay.github.runs[:] = [run for run in relay.github.runs if run["status"] == "completed"]
    assert link(relay).is_green
    assert relay.github.dispatched == [NEXT], "what was sent is no news"


def test_what_waits_for_the_opening_wakes_nobody_before_it(relay: Runner) -> None:
    relay.town.now += timedelta(hours=12)
    relay.town.publish(ARTICLES[20])
    relay.run("sync.yml")
    relay.github.runs[:] = [run for run in relay.github.runs if run["status"] == "completed"]
    relay.town.now += timedelta(minutes=20)
    link(relay)
    assert relay.github.dispatched == [NEXT]
    relay.github.runs[:] = [run for run in relay.github.runs if run["status"] == "completed"]
    relay.town.now = relay.town.now.replace(hour=9, minute=2) + timedelta(days=1)
    link(relay)
    assert WOKEN in relay.github.dispatched


@pytest.mark.parametrize("lost", ["absent", "zero", "one minute"])
def test_without_a_timer_the_loop_ends_after_one_turn_and_says_what_to_set(relay: Runner, lost: str) -> None:
    if lost == "absent":
        del relay.github.environments["pace"]
    elif lost == "zero":
        relay.github.environments["pace"]["protection_rules"] = []
    run = link(relay, waited=timedelta(minutes=2) if lost == "one minute" else timedelta(hours=1))
    assert run.is_green, "a person is told by the watchdog, and not by a mail an hour"
    assert relay.github.dispatched == []
    assert "Wait timer を 5（分）" in run.summary


def test_a_link_that_sees_another_behind_it_ends_after_one_wait(relay: Runner) -> None:
    relay.github.add_run("pace.yml", relay.town.now, status="pending", conclusion=None)
    run = link(relay)
    assert [step.name for step in run.steps] == ["Turn"]
    assert relay.github.dispatched == []


def test_when_the_first_turn_fails_the_second_one_goes_on(relay: Runner) -> None:
    relay.before["Turn"] = lambda workspace: (workspace / "kadoma.toml").unlink()
    run = link(relay)
    assert run.jobs == {"first": False, "last": True}
    assert relay.github.dispatched == [NEXT]


@pytest.mark.parametrize(
    ("run", "wakes"),
    [
        ({"status": "in_progress"}, False),
        ({"status": "queued"}, False),
        ({"status": "in_progress", "display_title": "自動の実行（試すだけ）"}, True),
        ({"status": "queued", "age": timedelta(hours=1)}, True),  # never gets a runner
        ({"status": "in_progress", "age": timedelta(hours=7)}, True),
    ],
)
def test_the_main_job_is_woken_unless_a_run_of_it_is_alive(relay: Runner, run: dict[str, Any], wakes: bool) -> None:
    age = run.pop("age", timedelta(minutes=1))
    relay.github.add_run("sync.yml", relay.town.now - age, event="workflow_dispatch", conclusion=None, **run)
    relay.town.publish(ARTICLES[20])
    link(relay)
    assert (WOKEN in relay.github.dispatched) == wakes


def test_a_main_job_that_a_person_has_disabled_stays_off_and_the_chain_goes_on(relay: Runner) -> None:
    relay.github.workflows["sync.yml"] = "disabled_manually"
    relay.town.publish(ARTICLES[20])
    assert link(relay).is_green
    assert relay.github.dispatched == [NEXT]


def test_where_there_is_no_timer_a_clock_outside_starts_single_turns(relay: Runner) -> None:
    relay.town.config.write_text(
        relay.town.config.read_text(encoding="utf-8").replace("relay = true", "relay = false"), encoding="utf-8"
    )
    relay.commit_configuration()
    del relay.github.environments["pace"]
    relay.town.publish(ARTICLES[20])
    run = link(relay, waited=timedelta(seconds=20))
    assert [step.name for step in run.steps] == ["Turn"]
    assert relay.github.dispatched == [WOKEN]


def test_what_waits_for_a_person_and_is_told_wakes_nobody_again(relay: Runner) -> None:
    relay.town.publish(*ARTICLES[10:40])  # a burst
    assert link(relay).is_green
    assert WOKEN in relay.github.dispatched
    assert relay.run("sync.yml", "workflow_dispatch", {"dry-run": False}, actor="github-actions[bot]").is_green
    assert len(relay.github.open_issues()) == 1
    for _ in range(2):
        relay.github.runs[:] = [run for run in relay.github.runs if run["status"] == "completed"]
        relay.town.now += timedelta(minutes=6)
        assert link(relay).is_green
        assert relay.github.dispatched == [NEXT]
