"""sync.yml, step by step, as the runner would run it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.doubles.fault import Fault
from tests.doubles.line import CHANNEL_SECRET, LineFault
from tests.workflows.runner import Runner

OPEN = timedelta(hours=2)  # from 8:00 into the posting hours


def test_new_articles_are_sent_pushed_and_told_in_the_summary(runner: Runner) -> None:
    runner.town.publish(*ARTICLES[20:22])
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    assert run.is_green
    assert not run.has("Dry run")
    assert len(runner.town.line.accepted) == 1
    request = runner.town.line.accepted[0].request_id
    assert any(subject.startswith("sent: 2 articles") and request in subject for subject in runner.commits())
    assert request in run.summary
    assert ARTICLES[20].title[:10] in run.summary
    assert runner.github.issues == []
    assert runner.secrets_that_leaked() == []


def test_a_second_run_finds_nothing_new_and_pushes_nothing(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.run("sync.yml")
    before = runner.commits()
    runner.town.now += timedelta(minutes=20)
    runner.github.clear_requests()
    run = runner.run("sync.yml", "repository_dispatch")
    assert run.is_green
    assert runner.commits() == before
    assert len(runner.town.line.accepted) == 1
    asked = {request.path.partition("/actions/")[2].partition("?")[0] for request in runner.github.requests}
    assert asked == {"workflows/pace.yml/runs"}  # whether the clock goes; no alert began or ended
    assert run.summary.strip()


def test_an_emergency_at_night_goes_out_at_once(runner: Runner) -> None:
    runner.town.now += timedelta(hours=17)
    runner.town.city.emergency(EMERGENCY, runner.town.now)
    assert runner.run("sync.yml").is_green
    assert [accepted.messages[0]["altText"] for accepted in runner.town.line.accepted]
    assert EMERGENCY.title in runner.town.sent_titles()[0]


def test_a_manual_start_is_a_dry_run_by_default_without_any_secret(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    before = runner.commits()
    run = runner.run("sync.yml", "workflow_dispatch", {})
    assert run.is_green
    assert run.has("Dry run")
    assert not run.has("Run")
    assert runner.town.line.requests == []
    assert runner.commits() == before
    assert ARTICLES[20].title[:10] in run.log


def test_a_manual_start_that_is_no_dry_run_makes_one_pass(runner: Runner) -> None:
    runner.variables["WATCH_FOR"] = "330m"
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    assert runner.run("sync.yml", "workflow_dispatch", {"dry-run": False}).is_green
    assert len(runner.town.line.accepted) == 1


def in_the_way(runner: Runner, workflow: str = "post.yml", **more: Any) -> None:
    told = {"event": "workflow_dispatch", "status": "queued", "conclusion": None, "actor": {"login": "kiki"}}
    runner.github.add_run(workflow, runner.town.now, **(told | more))


def test_a_watch_in_the_posting_hours_steps_aside_for_a_person_and_hands_over(runner: Runner) -> None:
    runner.variables["WATCH_FOR"] = "330m"
    runner.town.now += OPEN
    in_the_way(runner)
    run = runner.run("sync.yml")  # would otherwise stay for five hours
    assert run.is_green
    handed_over = {"workflow": "sync.yml", "ref": "main", "inputs": {"dry-run": "false"}}
    assert handed_over in runner.github.dispatched
    runner.github.dispatched.clear()
    again = runner.run("sync.yml", "workflow_dispatch", {"dry-run": False}, actor="github-actions[bot]")
    assert again.is_green
    assert handed_over in runner.github.dispatched, "what was handed over to watches, too"


def test_a_watch_gives_its_place_to_a_newer_run_of_a_timer_which_carries_on(runner: Runner) -> None:
    runner.variables["WATCH_FOR"] = "330m"
    runner.town.now += OPEN
    in_the_way(runner, "sync.yml", event="schedule", id=99_999)
    assert runner.run("sync.yml").is_green
    assert [one for one in runner.github.dispatched if one["workflow"] == "sync.yml"] == []


def test_the_main_job_makes_one_pass_and_starts_the_clock_again_where_it_stopped(runner: Runner) -> None:
    runner.town.now += OPEN
    assert runner.run("sync.yml").is_green
    assert [one["workflow"] for one in runner.github.dispatched] == ["pace.yml"]
    runner.town.now += timedelta(minutes=6)
    assert runner.run("sync.yml").is_green
    assert len(runner.github.dispatched) == 1, "it goes"
    assert not runner.run("sync.yml", "workflow_dispatch").has("Clock")


def test_line_down_is_red_and_told_once_and_closed_by_itself(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.town.line.stop()
    run = runner.run("sync.yml")
    assert run.step("Run").code == 1
    assert not run.is_green
    [(title, issue)] = runner.github.open_issues().items()
    assert "LINEに接続できません" in title
    assert {label["name"] for label in issue["labels"]} == {
        "kadoma-line",
        "kadoma-line/line-unreachable",
        "@kadoma_city",
    }
    assert "市民への影響" in issue["body"]
    assert "actions/workflows/doctor.yml" in issue["body"]

    runner.github.clear_requests()
    runner.town.now += timedelta(minutes=20)
    assert runner.run("sync.yml").step("Run").code == 1
    assert len(runner.github.issues) == 1
    assert {request.method for request in runner.github.requests} == {
        "GET"
    }  # it stands unchanged: nobody is told again

    runner.town.line.start()
    runner.town.now += timedelta(minutes=20)
    assert runner.run("sync.yml").is_green
    assert runner.github.open_issues() == {}
    assert len(runner.town.line.accepted) == 1
    assert len(runner.github.comments) == 1


def test_what_waits_for_a_person_is_green_and_told_with_the_link_to_the_form(runner: Runner) -> None:
    runner.town.publish(*ARTICLES[10:40])  # a burst
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    assert run.is_green
    assert runner.town.line.accepted == []
    [(title, issue)] = runner.github.open_issues().items()
    assert "一度に多数の記事" in title
    assert "https://github.example/kadoma/kadoma-line/actions/workflows/post.yml" in issue["body"]


def test_a_failure_of_github_fails_no_run_and_is_made_good_by_the_next(runner: Runner) -> None:
    runner.town.publish(*ARTICLES[10:40])
    runner.town.now += OPEN
    runner.github.fail(LineFault.status(502), times=1)
    run = runner.run("sync.yml")
    assert run.is_green
    assert "the next run tells it again" in run.log
    assert runner.github.issues == []
    runner.town.now += timedelta(minutes=20)
    assert runner.run("sync.yml").is_green
    assert len(runner.github.open_issues()) == 1


def test_a_push_race_loses_nothing_and_sends_once(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    other = runner.town.clone("colleague")

    def somebody_pushes_first(_: Path) -> None:
        """Right when our first push arrives at the remote."""
        hook = runner.town.remote / "hooks" / "pre-receive"
        hook.write_text(
            f"#!/bin/sh\nrm -f '{hook}'\nunset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH\ncd '{other}' && git pull -q && echo more >> NOTES "
            "&& git add . && git -c user.name=B -c user.email=b@example.org commit -q -m 'a colleague' && git push -q\n"
        )
        hook.chmod(0o755)

    runner.before["Run"] = somebody_pushes_first
    assert runner.run("sync.yml").is_green
    assert "a colleague" in runner.commits()
    assert len(runner.town.line.accepted) == 1
    assert any(subject.startswith("sent: 1 article ") for subject in runner.commits())


def test_a_pause_pushed_after_the_checkout_still_counts(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN

    def somebody_pauses(_: Path) -> None:
        runner.town.config.write_text(
            runner.town.config.read_text(encoding="utf-8").replace("paused = false", "paused = true"), encoding="utf-8"
        )
        runner.commit_configuration()

    runner.before["Run"] = somebody_pauses
    assert runner.run("sync.yml").is_green
    assert runner.town.line.accepted == []


def test_a_title_that_looks_like_a_workflow_command_commands_nothing(runner: Runner) -> None:
    for number, title in enumerate(
        (
            "::set-env name=PATH::/tmp",
            "##[add-mask]a",
            "::stop-commands::x",
            "<img src=x> @everyone #1 [x](https://evil.example)",
        )
    ):
        runner.town.publish(replace(ARTICLES[20 + number], title=title))
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    assert run.is_green
    commands = [name for step in run.steps for name, _ in step.commands]
    assert set(commands) == {"stop-commands", "add-mask"}
    masked = {data for step in run.steps for name, data in step.commands if name == "add-mask"}
    assert masked == set(runner.town.line.issued_tokens())
    assert not re.search(r"(?<!\\)<img", run.summary)
    assert "@everyone" not in run.summary
    assert "](https://evil.example)" not in run.summary


def test_the_wrong_secret_is_red_and_stays_secret(runner: Runner) -> None:
    runner.secrets["LINE_CHANNEL_SECRET"] = "0" * 32
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    assert not run.is_green
    [title] = runner.github.open_issues()
    assert "LINEが認証情報を受け付けません" in title
    assert "0" * 32 not in run.log + run.summary + str(runner.github.issues)
    assert CHANNEL_SECRET not in run.log


def test_an_issue_says_what_waits_and_why_and_for_whom_in_words_of_the_browser(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20], at=runner.town.now - timedelta(days=9))
    runner.town.now += OPEN
    runner.run("sync.yml")
    [issue] = runner.github.open_issues().values()
    assert ARTICLES[20].title in issue["body"]
    assert "日付が古い" in issue["body"]
    assert "企画財政部魅力発信課（miryoku）" in issue["body"]
    assert "kadoma-line approve" not in issue["body"]
    assert "| 承認 |" in issue["body"]


def test_people_are_told_when_something_joins_a_list_of_what_waits_and_only_then(runner: Runner) -> None:
    long_ago = runner.town.now - timedelta(days=9)
    runner.town.publish(*ARTICLES[10:22], at=long_ago)  # so many have one issue
    runner.town.now += OPEN
    runner.run("sync.yml")
    runner.town.now += timedelta(minutes=20)
    runner.run("sync.yml")
    assert runner.github.comments == []
    runner.town.publish(ARTICLES[22], at=long_ago)
    runner.town.now += timedelta(minutes=20)
    runner.run("sync.yml")
    [(_, comment)] = runner.github.comments  # a rewritten body notifies nobody
    assert ARTICLES[22].title in comment
    assert ARTICLES[20].title not in comment
    assert len(runner.github.issues) == 1


def test_why_a_list_cannot_be_read_is_told_in_japanese_with_the_technical_words_after_it(runner: Runner) -> None:
    runner.town.city.fail("/index.update.json", Fault.status(403), times=None)
    runner.town.city.fail("/cgi-bin", Fault.status(403), times=None)
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    [issue] = runner.github.open_issues().values()
    words, technical, rest = issue["body"].partition("技術的な情報")
    assert "接続を拒否された" in words
    assert "refused" not in words
    assert technical
    assert "403" in rest
    assert "post.yml" not in issue["body"]  # nothing to decide here
    assert "doctor.yml" in issue["body"]
    assert "接続を拒否された" in run.summary


def test_a_pass_that_succeeded_gives_a_sign_of_life_to_a_monitor_outside_github(runner: Runner) -> None:
    runner.variables["SIGN_OF_LIFE"] = f"{runner.town.city.url}/sign-of-life"
    runner.town.now += OPEN
    runner.town.line.stop()
    runner.town.publish(ARTICLES[20])
    assert not runner.run("sync.yml").has("Sign of life")
    runner.town.line.start()
    run = runner.run("sync.yml")
    assert run.is_green
    assert [request.path for request in runner.town.city.requests if "sign" in request.path] == ["/sign-of-life"]
    assert run.step("Sign of life").commands == [
        ("warning", "no sign of life was given")
    ]  # the embedded city has no such page


@pytest.mark.parametrize(("variable", "key"), [("ALLOWED_LINE_API", "line.api"), ("ALLOWED_SITE_HOSTS", "site.hosts")])
def test_an_address_that_only_the_configuration_allows_is_refused_where_the_secrets_are(
    runner: Runner, variable: str, key: str
) -> None:
    runner.variables[variable] = "https://api.example.org"
    runner.town.now += OPEN
    run = runner.run("sync.yml")
    assert run.step("Run").code == 2
    assert f"kadoma.toml: {key}: found" in run.log
    assert "https://api.example.org" in run.log
    assert runner.town.line.requests == runner.town.city.requests[:0] == []
    assert runner.run("sync.yml", "workflow_dispatch", {}).is_green, "a dry run has no secret"
