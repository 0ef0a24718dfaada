"""watchdog.yml, as the runner would run it: told once, and over when it is over."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import LineFault
from tests.workflows.expressions import resolved
from tests.workflows.runner import Run, Runner, load

LATE_MORNING = timedelta(hours=3)  # 11:00, two hours after opening


@pytest.fixture
def watched(runner: Runner) -> Runner:
    """Yesterday was a holiday; the newest run succeeded this morning before opening."""
    runner.github.add_run("sync.yml", runner.town.now - timedelta(minutes=30))
    runner.github.add_run("pace.yml", runner.town.now + timedelta(days=9), status="waiting", conclusion=None)
    return runner


def titles(runner: Runner) -> set[str]:
    return {title.partition("】")[2] for title in runner.github.open_issues()}


def run_name(*, dry_run: bool) -> str:
    """What sync.yml calls its runs."""
    return resolved(load("sync.yml")["run-name"], {"inputs": {"dry-run": dry_run}})


def look(runner: Runner) -> Run:
    run = runner.run("watchdog.yml")
    assert run.is_green
    return run


def test_nothing_is_told_while_all_is_well(watched: Runner) -> None:
    watched.town.now += timedelta(hours=2)  # 10:00: within the grace after opening
    assert "異常はありません" in look(watched).log
    assert watched.github.issues == []
    assert watched.secrets_that_leaked() == []


def test_no_successful_run_in_todays_window_is_told_once_and_closed_by_itself(watched: Runner) -> None:
    watched.town.now += LATE_MORNING
    watched.github.add_run("sync.yml", watched.town.now - timedelta(hours=1), conclusion="failure")
    watched.github.add_run(
        "sync.yml", watched.town.now, event="workflow_dispatch", display_title=run_name(dry_run=True)
    )  # does not count
    look(watched)
    look(watched)
    assert titles(watched) == {"本日、自動の実行が一度も成功していません"}
    assert len(watched.github.issues) == 1
    watched.github.add_run("sync.yml", watched.town.now)
    watched.town.now += timedelta(minutes=30)
    look(watched)
    assert titles(watched) == set()


def test_a_run_that_a_person_starts_as_the_alert_says_ends_it(watched: Runner) -> None:
    watched.town.now += LATE_MORNING
    look(watched)
    assert len(titles(watched)) == 1
    watched.github.add_run(
        "sync.yml", watched.town.now, event="workflow_dispatch", display_title=run_name(dry_run=False)
    )
    look(watched)
    assert titles(watched) == set()


def test_a_run_that_watches_now_is_a_run(watched: Runner) -> None:
    watched.town.now += LATE_MORNING
    watched.github.add_run("sync.yml", watched.town.now - timedelta(hours=2), status="in_progress", conclusion=None)
    look(watched)
    assert titles(watched) == set()


def test_a_holiday_has_no_window_but_a_long_silence_is_told_any_day(watched: Runner) -> None:
    watched.town.now += timedelta(days=4, hours=3)  # Saturday 11:00
    look(watched)
    assert titles(watched) == {"自動の実行が長い時間、成功していません"}


@pytest.mark.parametrize("state", ["disabled_inactivity", "disabled_manually"])
def test_a_disabled_schedule_is_told(watched: Runner, state: str) -> None:
    watched.github.workflows["sync.yml"] = state
    look(watched)
    assert titles(watched) == {"自動の実行が無効になっています"}
    [issue] = watched.github.open_issues().values()
    assert "actions/workflows/sync.yml" in issue["body"]
    watched.github.workflows["sync.yml"] = "active"
    look(watched)
    assert titles(watched) == set()


def test_a_queue_that_waits_over_a_day_of_posting_is_told_and_a_weekend_is_not_counted(watched: Runner) -> None:
    watched.town.now += timedelta(days=3, hours=10)  # Friday 18:00
    watched.town.publish(ARTICLES[20])
    watched.run("sync.yml")
    watched.town.line.fail(LineFault.status(500), times=None, path="/")
    watched.town.now += timedelta(days=3)  # Monday 18:00: waits since the opening at 9:00
    watched.github.add_run("sync.yml", watched.town.now)
    look(watched)
    assert "一日を超えて待っている記事があります" not in titles(watched)
    watched.town.now += timedelta(hours=15, minutes=30)  # Tuesday 9:30
    watched.github.add_run("sync.yml", watched.town.now)
    look(watched)
    [issue] = [issue for title, issue in watched.github.open_issues().items() if "一日を超えて" in title]
    assert ARTICLES[20].title[:8] in issue["body"]


def test_a_broadcast_of_unknown_outcome_is_told_when_the_main_job_could_not_and_is_over_once_settled(
    watched: Runner,
) -> None:
    watched.town.publish(ARTICLES[20])
    watched.town.now += timedelta(hours=2)
    watched.town.line.fail(LineFault.error_before(500), times=None)
    watched.run("sync.yml")
    watched.town.line.recover()
    watched.town.now += timedelta(days=1, hours=1)  # LINE has forgotten the retry key
    watched.github.fail(LineFault.status(502), times=None)
    watched.run("sync.yml")
    watched.github.recover()
    watched.github.add_run("sync.yml", watched.town.now)
    look(watched)
    assert "届いたかどうか分からない配信" in titles(watched)
    [intent] = [event for event in ledger(watched) if event["type"] == "intent"]
    [issue] = [issue for title, issue in watched.github.open_issues().items() if "届いたかどうか" in title]
    assert intent["broadcast"] in issue["body"].replace("\\", "")
    assert "| 届いていた |" in issue["body"]
    settled = {"action": "届いていた", "id": intent["broadcast"], "why": "端末で確認"}
    assert watched.run("post.yml", "workflow_dispatch", settled).is_green
    look(watched)
    assert "届いたかどうか分からない配信" not in titles(watched)


def ledger(runner: Runner) -> list[dict[str, object]]:
    """Every event on the remote."""
    runner.town.git("pull", "--quiet", at=runner.town.state)
    return runner.town.events()


def test_an_issue_that_only_the_ledger_could_have_remembered_is_closed_after_a_good_run(watched: Runner) -> None:
    watched.github.issues.append(
        {
            "number": 1,
            "title": "【門真市 LINE】記録を読み書きできません",
            "body": "",
            "state": "open",
            "labels": [{"name": name} for name in ("kadoma-line", "kadoma-line/ledger", "@kadoma_city")],
        }
    )
    look(watched)
    assert titles(watched) == set()


def test_without_an_answer_from_github_the_watchdog_is_red(watched: Runner) -> None:
    watched.github.fail(LineFault.status(500), times=None)
    run = watched.run("watchdog.yml")
    assert run.step("Look").code == 1


def test_the_state_is_only_read(watched: Runner) -> None:
    before = watched.commits()
    watched.town.now += timedelta(days=4)
    look(watched)
    assert watched.commits() == before
    assert watched.github.permissions == {"contents": "read", "issues": "write", "actions": "write"}


def clock(runner: Runner, ended: timedelta, **more: Any) -> None:
    """The chain as it stands: one link, which ended so long ago."""
    runner.github.runs[:] = [run for run in runner.github.runs if "pace" not in run["path"]]
    runner.github.add_run("pace.yml", runner.town.now - ended, **more)


@pytest.mark.parametrize(
    ("ended", "more", "told"),
    [
        (timedelta(minutes=20), {}, False),
        (timedelta(minutes=40), {}, True),
        (timedelta(minutes=40), {"status": "queued", "conclusion": None}, True),  # never gets a runner
        (timedelta(minutes=20), {"status": "waiting", "conclusion": None}, False),
    ],
)
def test_a_clock_that_stopped_is_started_again_told_after_half_an_hour_and_closed_when_it_goes(
    watched: Runner, ended: timedelta, more: dict[str, Any], told: bool
) -> None:
    clock(watched, ended, **more)
    look(watched)
    assert titles(watched) == ({"時計（pace）が止まっていました"} if told else set())
    assert bool(watched.github.dispatched) == ("waiting" not in more.values())
    look(watched)
    assert titles(watched) == set()


def test_a_missing_timer_a_disabled_clock_and_a_renamed_branch_are_told(watched: Runner) -> None:
    clock(watched, timedelta(hours=1))
    timer = watched.github.environments.pop("pace")
    watched.default_branch = "trunk"
    look(watched)
    assert titles(watched) == {
        "時計（pace）が設定されていません",
        "リポジトリの既定のブランチの名前が変わっています",
    }
    assert watched.github.dispatched == []
    watched.github.environments["pace"], watched.default_branch = timer, "main"
    watched.github.workflows["pace.yml"] = "disabled_manually"
    look(watched)
    assert titles(watched) == {"時計（pace）が無効になっています"}


def test_a_clock_outside_that_stopped_ticking_is_told(watched: Runner) -> None:
    watched.town.config.write_text(
        watched.town.config.read_text(encoding="utf-8").replace("# outside =", "outside ="), encoding="utf-8"
    )
    watched.commit_configuration()
    ticks: dict[str, Any] = {"event": "workflow_dispatch", "actor": {"login": "ict"}}
    watched.github.add_run("pace.yml", watched.town.now - timedelta(minutes=25), **ticks)
    look(watched)
    assert titles(watched) == set()
    watched.town.now += timedelta(hours=1, minutes=20)
    look(watched)
    assert titles(watched) == {"外部の時計が止まっています"}


def test_a_ledger_that_was_tampered_with_is_told_at_the_next_look(watched: Runner) -> None:
    person = watched.town.clone("tidy")
    [file] = (person / "state").glob("ledger-*")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3] + lines[4:]))
    as_a_person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    watched.town.git(*as_a_person, "commit", "--quiet", "-am", "tidy", at=person)
    watched.town.git("push", "--quiet", at=person)
    look(watched)
    assert titles(watched) == {"記録を読み書きできません"}
