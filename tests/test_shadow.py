"""A trial run: everything but LINE, recorded; and going live sends nothing of its past."""

import html
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.second_city import HANDBOOK
from tests.town import Town

OFF, ON = "shadow = false", "shadow = true"


@pytest.fixture
def trial(git_town: Town) -> Town:
    """A town in which the trial has begun: articles stand there, nothing was ever sent, and LINE's secrets are not set up."""
    return begun(git_town)


def begun(town: Town) -> Town:
    town.with_emergency_source((OFF, ON))
    town.environment.clear()
    town.with_baseline()
    return town


def test_a_fortnight_is_recorded_and_reported_and_going_live_sends_nothing_of_it(trial: Town, tmp_path: Path) -> None:
    trial.now += timedelta(hours=2)  # Tuesday, 10:00
    for day in range(14):
        trial.publish(ARTICLES[10 + day], at=trial.now - timedelta(minutes=10))
        trial.run(code=0)
        trial.now += timedelta(days=1)
    assert trial.line.requests == []
    page = tmp_path / "trial.html"
    document = trial.call("report", "--shadow", "--out", str(page), code=0, json=True).json
    sent = [article["title"] for row in document["broadcasts"] for article in row["articles"]]
    held = {row["reason"]: row["count"] for row in document["held_back"]}
    assert len(sent) >= 8
    assert document["hours"]["outside"] == []
    assert held["closed-hours"] >= 4  # of two weekends
    text = html.unescape(page.read_text(encoding="utf-8"))
    assert all(title in text for title in sent)
    assert "企画財政部魅力発信課長" in text
    (first, *_) = document["broadcasts"]
    assert sent[0] in first["shown"][0]["alt"]

    waiting = ARTICLES[24]  # found on a Tuesday evening, while the trial still runs
    trial.now += timedelta(hours=10)
    trial.publish(waiting, at=trial.now)
    trial.run(code=0)
    trial.with_emergency_source()
    trial.environment["LINE_CHANNEL_ACCESS_TOKEN"] = "sandbox-long-lived-token"  # noqa: S105 - the embedded LINE's
    trial.now += timedelta(hours=14)  # Wednesday, 10:00, live
    trial.run(code=0)
    assert trial.line.accepted == []
    fresh = ARTICLES[25]
    trial.publish(fresh, at=trial.now)
    trial.now += timedelta(minutes=5)
    trial.run(code=0)
    assert len(trial.line.accepted) == 1
    assert fresh.title in trial.sent_titles()[0]
    assert waiting.title not in str(trial.line.accepted[0].messages)
    assert trial.call("explain", _url(trial, waiting.title), code=0).out.count("試行運用") >= 1
    assert trial.call("ledger", "verify", code=0)


def _url(town: Town, title: str) -> str:
    return next(str(event["url"]) for event in town.events() if event.get("title") == title)


def test_what_went_out_in_the_trial_alone_is_said_not_to_have_reached_anybody_and_can_be_posted_when_live(
    town: Town,
) -> None:
    trial = begun(town)
    trial.now += timedelta(hours=2)
    trial.publish(ARTICLES[10], at=trial.now - timedelta(minutes=10))
    trial.run(code=0)
    trial.with_emergency_source()  # live
    trial.environment["LINE_CHANNEL_ACCESS_TOKEN"] = "sandbox-long-lived-token"  # noqa: S105 - the embedded LINE's
    trial.run(code=0)
    url = _url(trial, ARTICLES[10].title)
    told = "試行運用で記録（配信していません）"
    for command in (("explain", url), ("ledger", "show", url)):
        out = trial.call(*command, code=0).out
        assert out.count(told) == 2, "the article, and its broadcast"
        assert "送信済み" not in out
        assert "LINEが受付済み" not in out
    assert told in trial.call("approve", url, "--actor", "miryoku", code=2).err
    trial.call("post", "--url", url, "--actor", "miryoku", code=0)
    trial.now += timedelta(minutes=5)
    trial.run(code=0)
    assert [ARTICLES[10].title in title for title in trial.sent_titles()] == [True]
    assert "現在の状態：送信済み" in trial.call("explain", url, code=0).out
    assert "24時間以内" in trial.call("post", "--url", url, "--actor", "miryoku", code=2).err, "now it has reached them"


def test_what_waited_when_a_live_city_began_a_trial_is_not_sent_afterwards_as_the_handbook_warns(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.publish(ARTICLES[20])  # Tuesday, 8:00: it waits for the opening
    town.run(code=0)
    town.with_emergency_source((OFF, ON))
    town.now += timedelta(hours=2)
    town.run(code=0)
    town.with_emergency_source()
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert town.line.accepted == []
    assert "送信を待っていた記事も試行の中で扱われ、あとから送られることはありません" in HANDBOOK


def test_a_trial_broadcast_that_its_run_left_open_is_never_sent_for_real(town: Town) -> None:
    trial = begun(town)
    trial.now += timedelta(hours=2)
    trial.publish(ARTICLES[10], at=trial.now - timedelta(minutes=10))
    trial.run(code=0)
    file = max(trial.state.glob("ledger-*.jsonl"))
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    intent = max(number for number, line in enumerate(lines) if '"type":"intent"' in line)
    file.write_text("".join(lines[: intent + 1]), encoding="utf-8")  # as if the run had died right after its intent
    trial.with_emergency_source()  # live
    trial.environment["LINE_CHANNEL_ACCESS_TOKEN"] = "sandbox-long-lived-token"  # noqa: S105 - the embedded LINE's
    trial.now += timedelta(minutes=10)
    trial.run(code=0)
    assert trial.line.accepted == []


def test_status_and_doctor_say_that_nothing_is_sent(trial: Town) -> None:
    assert "試行運用中です" in trial.call("status").out
    assert "shadow = true" in trial.call("doctor").out
