"""The whole way, as the contract tells it: the real console script, a real city and a real LINE on loopback."""

import os
import pty
import subprocess
from datetime import timedelta

import pytest

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.doubles.fault import Fault
from tests.town import Town


def test_the_first_run_takes_everything_as_known_and_sends_nothing(town: Town) -> None:
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=1))
    town.now += timedelta(hours=2)
    result = town.run(code=0)
    assert {row["decision"] for row in result.json["articles"]} == {"baseline"}
    assert len(result.json["articles"]) == 10
    assert town.line.requests == []


def test_new_articles_are_held_until_opening_and_then_make_one_broadcast(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:23])
    held = town.run(code=0).json
    assert [(row["decision"], row["reason"], row["policy"]) for row in held["articles"]] == [
        ("hold", "closed-hours", "7")
    ] * 3
    assert {row["until"] for row in held["articles"]} == {"2026-11-24T09:00:00+09:00"}
    town.now += timedelta(hours=1)
    sent = town.run(code=0).json
    assert [broadcast["outcome"] for broadcast in sent["broadcasts"]] == ["accepted"]
    assert sent["broadcasts"][0]["request_id"] == town.line.accepted[0].request_id
    assert len(town.line.accepted) == 1
    for article in ARTICLES[20:23]:
        assert article.title in town.sent_titles()[0]
    again = town.run(code=0).json
    assert again["broadcasts"] == []
    assert len(town.line.accepted) == 1


def test_an_emergency_goes_out_at_night_at_once(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.now += timedelta(hours=17)  # 01:00 at night
    town.city.emergency(EMERGENCY, town.now)
    result = town.run(code=0).json
    assert [(row["decision"], row["reason"], row["policy"]) for row in result["articles"]] == [
        ("send", "emergency", "7 proviso")
    ]
    assert len(town.line.accepted) == 1
    assert EMERGENCY.title in town.sent_titles()[0]


@pytest.mark.parametrize("seen", [True, False], ids=["known from a list", "never listed"])
def test_a_poster_sends_a_page_of_the_homepage_by_its_address_alone(town: Town, seen: bool) -> None:
    page = ARTICLES[0] if seen else ARTICLES[20]
    town.with_baseline()
    if not seen:
        town.publish(page)
        town.city.fail("/index.update.json", Fault.status(304))
    town.now += timedelta(hours=2)
    posted = town.call("post", "--url", town.city.url + page.path, "--actor", "miryoku", code=0, json=True).json
    assert [article["title"] for article in posted["articles"]] == [page.title if seen else ""]
    assert town.run(code=0).decisions() == {page.title: ("send", "due")}
    assert page.title in town.sent_titles()[0]
    assert page.title in town.call("explain", town.city.url + page.path, code=0).out
    assert town.run(code=0).json["broadcasts"] == []


def test_the_bytes_kept_are_the_bytes_sent(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    broadcast = town.run(code=0).json["broadcasts"][0]
    kept = (town.state / "broadcasts" / f"{broadcast['id']}.json").read_bytes()
    assert kept == town.line.accepted[0].body


def test_with_git_every_step_is_pushed_with_its_news(git_town: Town) -> None:
    git_town.with_baseline()
    git_town.publish(*ARTICLES[20:23])
    git_town.now += timedelta(hours=2)
    request = git_town.run(code=0).json["broadcasts"][0]["request_id"]
    messages = git_town.git("log", "--format=%s", "origin/main", at=git_town.state).splitlines()
    assert f"request {request}" in messages[0]
    assert messages[0].startswith("sent: 3 articles (Art. 7, ")
    assert messages[1].startswith("about to send: 3 articles")
    assert git_town.git("log", "--format=%s", "main", at=git_town.remote).splitlines() == messages


def test_on_a_terminal_a_run_says_what_it_is_doing_and_elsewhere_it_does_not(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    elsewhere = town.call("run", "--dry-run", code=0)
    assert "\r" not in elsewhere.out + elsewhere.err
    assert elsewhere.err == ""
    terminal, slave = pty.openpty()
    done = subprocess.run(
        town.command("run"), env=town.process_environment(), stdout=subprocess.PIPE, stderr=slave, check=True, cwd=town.folder
    )  # fmt: skip
    os.close(slave)
    seen = os.read(terminal, 65536).decode()
    os.close(terminal)
    stations = [line.removeprefix("\x1b[2K… ") for line in seen.split("\r")]
    assert stations[1:] == [
        "途中で終わった配信がないか確かめています",
        "新着一覧を読んでいます",
        "新しい記事を調べています",
        "送るかどうかを判断しています",
        "LINEに送信しています",
        "記録しています",
        "\x1b[2K",
    ], "and the last one is taken away"
    assert ARTICLES[20].title in done.stdout.decode()
    assert "\r" not in done.stdout.decode()


def test_an_unchanged_site_costs_one_request(town: Town) -> None:
    town.with_baseline()
    town.city.clear_requests()
    town.run(code=0)
    assert [(request.method, request.path, request.status) for request in town.city.requests] == [
        ("GET", "/index.update.json", 304)
    ]
