"""`kadoma-line doctor`: every thing that must be right, one fault at a time; and nothing is ever sent."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.doctor import catalogue
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import BROADCAST, CHANNEL_ID, CHANNEL_SECRET
from tests.town import Town

FRIENDS = "/v2/bot/insight/followers"
STATELESS = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}


@pytest.fixture
def healthy(git_town: Town) -> Town:
    git_town.environment = dict(STATELESS)
    git_town.configure(('url = ""', 'url = "/unyo.html"'))
    git_town.with_baseline()
    return git_town


def results(town: Town, code: int = 0) -> dict[str, str]:
    """Check → result; every finding says what it looked at, and what to do unless all is well."""
    document = town.call("doctor", json=True, code=code).json
    assert document["exit"] == code
    for check in document["checks"]:
        assert check["title"]
        assert check["looked"]
        assert check["found"]
        assert bool(check["fix"]) == (check["level"] != "ok"), check
        assert "{" not in check["found"] + check["fix"] + check["looked"]
    return {check["check"]: check["result"] for check in document["checks"]}


def test_a_healthy_town_is_good_in_every_check_and_nothing_is_sent(healthy: Town) -> None:
    before = healthy.events()
    healthy.city.clear_requests()
    found = results(healthy)
    assert found.pop("github") == "none"
    assert found.pop("clock") == "good"
    assert found.pop("quota") == "unlimited"
    assert set(found.values()) == {"good"}
    assert [request.path for request in healthy.line.requests if request.path == BROADCAST] == []
    assert healthy.events() == before
    lists = [request.path for request in healthy.city.requests if "index.update" in request.path]
    assert len(lists) == 1  # once, politely
    text = healthy.call("doctor", code=0)
    assert "【良好】設定" in text.out
    assert "何も送信していません" in text.out
    assert CHANNEL_SECRET not in text.out + text.err


def _with(**settings: object) -> Callable[[Town], object]:
    """The embedded LINE's settings, changed."""

    def change(town: Town) -> None:
        for name, value in settings.items():
            assert hasattr(town.line, name)
            setattr(town.line, name, value)

    return change


def _hook(town: Town, name: str, script: str) -> None:
    """A rule of the remote."""
    hook = town.remote / "hooks" / name
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def _uncounted(town: Town) -> None:
    town.line.quota = 1_500
    town.line.fail(Fault.status(400), None, FRIENDS)


def _unwritable_on_one_machine(town: Town) -> None:
    town.configure(("push = true ", "push = false"))
    (town.state / ".doctor").mkdir()


def _cut(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3] + lines[4:]))


FAULTS: dict[str, tuple[Callable[[Town], object], str, str, int]] = {
    "no secrets": (lambda town: town.environment.clear(), "secrets", "none", 1),
    "a long-lived token": (lambda town: town.environment.update(LINE_CHANNEL_ACCESS_TOKEN=town.line.long_lived_token, LINE_CHANNEL_SECRET=""), "secrets", "long", 0),
    "a wrong secret": (lambda town: town.environment.update(LINE_CHANNEL_SECRET="0" * 32), "line", "failed", 1),
    "another account": (_with(basic_id="@somebody"), "line", "failed", 1),
    "LINE is down": (lambda town: town.line.stop(), "line", "failed", 1),
    "the site is down": (lambda town: town.city.fail("/", Fault.status(500), times=None), "source", "failed", 1),
    "an active webhook": (_with(webhook="https://x.example/", webhook_active=True), "reception", "webhook", 0),
    "a webhook that is off": (_with(webhook="https://x.example/"), "reception", "good", 0),
    "chat mode": (_with(chat_mode="chat"), "reception", "chat", 0),
    "little quota": (_with(quota=30_000, staff_usage=25_000, followers=1_000), "quota", "short", 0),
    "fewer messages a month than friends": (_with(quota=500, followers=1_000), "quota", "small", 1),
    "not enough left for all friends": (_with(quota=1_500, staff_usage=600, followers=1_000), "quota", "last", 0),
    "friends that LINE has not counted": (_uncounted, "quota", "unmeasured", 0),
    "a state that cannot be written": (lambda town: (town.state / ".doctor").mkdir(), "git", "unwritable", 1),
    "a state of one machine that cannot be written": (_unwritable_on_one_machine, "git", "unwritable", 1),
    "a protected branch": (lambda town: _hook(town, "pre-receive", "exit 1"), "git", "protected", 1),
    "a rule for this branch alone": (lambda town: _hook(town, "update", 'test "$1" != refs/heads/main'), "git", "protected", 1),
    "every day closed": (lambda town: town.configure(('days = ["mon", "tue", "wed", "thu", "fri"]', 'days = ["sat"]'), ("closed = []", 'closed = ["12-01/01-29", "11-24/11-30"]')), "hours", "never", 1),
    "a ledger with a line less": (lambda town: _cut(next(town.state.glob("ledger-*"))), "ledger", "damaged", 1),
    "no quota": (_with(quota=200, staff_usage=200), "quota", "full", 1),
    "a wrong clock": (lambda town: town.environment.update(KADOMA_LINE_SANDBOX_CLOCK=(town.now + timedelta(hours=9)).isoformat()), "clock", "wrong", 1),
    "paused": (lambda town: town.configure(("paused = false", "paused = true")), "configuration", "paused", 0),
    "a typo": (lambda town: town.configure(("burst_limit", "burst_limits")), "configuration", "wrong", 1),
    "no posters": (lambda town: town.configure(('["miryoku"]', "[]"), ('["kiki"]', "[]")), "posters", "none", 1),
    "one poster": (lambda town: town.configure(('["kiki"]', "[]")), "posters", "one", 0),
    "no address of the policy": (lambda town: town.configure(), "link", "none", 0),
    "no upstream": (lambda town: town.git("branch", "--unset-upstream", at=town.state), "git", "trouble", 1),
    "another branch": (lambda town: town.git("checkout", "--quiet", "-b", "feature", at=town.state), "git", "trouble", 1),
    "no remote": (lambda town: town.remote.rename(town.remote.with_name("moved")), "git", "trouble", 1),
    "a damaged ledger": (lambda town: next(town.state.glob("ledger-*")).write_bytes(b"<<<<<<< HEAD\n"), "ledger", "damaged", 1),
}  # fmt: skip


def test_the_push_that_is_tried_changes_nothing_at_the_remote_nor_here(healthy: Town) -> None:
    before = healthy.git("for-each-ref", at=healthy.remote), healthy.git("status", "--porcelain", at=healthy.state)
    assert results(healthy)["git"] == "good"
    assert (
        healthy.git("for-each-ref", at=healthy.remote),
        healthy.git("status", "--porcelain", at=healthy.state),
    ) == before


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_said_how_to_fix(healthy: Town, name: str) -> None:
    make, check, result, code = FAULTS[name]
    make(healthy)
    assert results(healthy, code=code)[check] == result


@pytest.mark.parametrize(
    ("name", "check", "looked"),
    [
        ("no secrets", "line", "認証情報の有無だけ（LINEには接続していません）"),
        ("no quota", "quota", "の配信数"),
        ("friends that LINE has not counted", "quota", "の配信数（友だちの人数は、まだ分かりません）"),
        ("the site is down", "source", "と、その前に読む robots.txt"),
        ("a state that cannot be written", "git", "への試しの書込み（保存は試していません）"),
        ("no upstream", "git", "保存は、技術的な情報に示すところで止まりました"),
        ("no posters", "github", "環境変数 GITHUB_TOKEN の有無"),
        ("no posters", "quota", "の配信数"),
        ("no posters", "git", "実際のブランチへの保存を試し、取り消しました（何も変わりません）"),
    ],
)
def test_nothing_is_said_to_have_been_looked_at_that_was_not(healthy: Town, name: str, check: str, looked: str) -> None:
    FAULTS[name][0](healthy)
    assert found_by(healthy, check)[0]["looked"].endswith(looked)


def test_a_broadcast_of_unknown_outcome_is_pointed_at(healthy: Town) -> None:
    healthy.publish(ARTICLES[20])
    healthy.now += timedelta(hours=2)
    healthy.line.fail(Fault.status(500), times=None)
    healthy.run(code=1)
    healthy.line.recover()
    healthy.now += timedelta(days=1, hours=1)
    healthy.run(code=3)
    assert results(healthy)["ledger"] == "unknown"


def test_every_result_has_a_level_that_has_a_word() -> None:
    known = catalogue()
    for check, words in known.checks.items():
        for result, told in words.results.items():
            assert told.level in known.levels, f"{check}.{result}"
            assert bool(told.fix) == (told.level != "ok"), f"{check}.{result}"


def found_by(town: Town, check: str) -> list[dict[str, str]]:
    return [one for one in town.call("doctor", json=True).json["checks"] if one["check"] == check]


def test_each_list_and_its_first_page_are_shown_field_by_field(healthy: Town) -> None:
    (source, _) = found_by(healthy, "source")
    assert "10件を読みました（題名 10件、日付 10件、ページ番号 10件" in source["found"]
    assert "読めない行 0行" in source["found"]
    page = found_by(healthy, "page")[0]
    for field in ("題名：", "日付：2026-11-0", "所属：", "電話：", "本文："):
        assert field in page["found"]
    healthy.city.fail("/", Fault.status(500))
    assert found_by(healthy, "page") == []


def test_of_an_emergency_list_is_told_what_it_shows_and_what_would_be_sent(healthy: Town) -> None:
    healthy.with_emergency_source()
    (empty,) = found_by(healthy, "emergency")
    assert (empty["result"], "緊急情報" in empty["found"]) == ("empty", True)
    rows = '<li class="page"><a href="o.html">断水のお知らせ</a></li><li class="page"><a>準備中</a></li>'
    healthy.city.put("/kinkyu/index.html", f"<h1>緊急情報</h1><ul>{rows}</ul>".encode(), "text/html; charset=utf-8")
    healthy.city.put(
        "/kinkyu/o.html",
        "<main><h1>断水のお知らせ</h1><p>東町で断水しています。</p></main>".encode(),
        "text/html; charset=utf-8",
    )
    (told,) = found_by(healthy, "emergency")
    assert "日付のあるもの 0件" in told["found"]
    assert "断水のお知らせ／" in told["found"]
    assert "東町で断水しています。" in told["found"]
    source = found_by(healthy, "source")[-1]
    assert (source["result"], "1行を読めません" in source["found"]) == ("skipped", True)
    assert healthy.line.accepted == []
