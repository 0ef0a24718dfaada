"""What a person asks for and does not get: one code, in words that city staff read, at the desk and in the form alike."""

import re
from datetime import timedelta
from typing import get_args

from pipeline.refusal import RefusalCode
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import LineFault
from tests.town import Town

KIKI = ("--actor", "kiki")
EMERGENCY = ("post", "--title", "断水", "--text", "断水しています。", "--emergency")
TEXT = ("post", "--title", "題", "--text", "本文です。")


def refused(town: Town, *command: str, **form: str) -> str:
    """The code of a refusal: the same words for people on stderr and in the one JSON document on stdout."""
    filled_in = {f"FORM_{name.upper()}": value for name, value in form.items()}
    result = town.call(*command, code=2, json=True, environment={**filled_in, "GITHUB_ACTOR": "kiki"} if form else None)
    document = result.json
    assert document.keys() == {"error", "exit"}
    assert document["exit"] == 2
    message = document["error"]["message"]
    assert result.err == f"kadoma-line: {message}\n"
    assert re.fullmatch(r".+[ぁ-ん].+。", message), message
    assert "{" not in message
    return str(document["error"]["code"])


def test_every_refusal_is_told_in_japanese_and_nothing_is_recorded(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    town.publish(ARTICLES[21])
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.error_before(500), times=None)
    document = town.run(code=1).json
    [broadcast] = document["broadcasts"]
    old = next(event["article"] for event in town.events() if event["type"] == "baseline")
    urgent = town.call(*EMERGENCY, "--why", "破損", *KIKI, code=0, json=True).json["articles"][0]["id"]
    text = town.call(*TEXT, *KIKI, code=0, json=True).json["articles"][0]["id"]
    town.run()
    before = town.events()

    told = {
        "no-actor": refused(town, "approve", urgent),
        "no-poster": refused(town, "approve", urgent, "--actor", "stranger"),
        "second-person": refused(town, "approve", urgent, *KIKI),
        "operator-approval": refused(town, "approve", text, *KIKI),
        "unknown-article": refused(town, "reject", "0" * 12, *KIKI),
        "not-waiting": refused(town, "approve", old, *KIKI),
        "open-broadcast": refused(town, "reject", broadcast["articles"][0], *KIKI),
        "unknown-broadcast": refused(town, "resolve", "b1", "--delivered", *KIKI),
        "settled-broadcast": refused(town, "resolve", broadcast["id"], "--delivered", *KIKI),
        "never-sent": refused(town, *TEXT, "--correction-of", old, *KIKI),
        "article-not-found": refused(town, "explain", f"{town.city.url}/never/seen.html"),
        "record-not-found": refused(town, "ledger", "show", "b1"),
        "no-reason": refused(town, *EMERGENCY, *KIKI),
        "no-content": refused(town, "post", "--title", "題", *KIKI),
        "no-url": refused(town, *TEXT, "--basis", "8(1)", *KIKI),
        "no-quotation-source": refused(town, "post", "--title", "題", "--text", "府の資料より引用", *KIKI),
        "no-id": refused(town, "form", action="承認"),
        "not-one-id": refused(town, "form", action="訂正", id="a b", text="本文"),
        "no-web-address": refused(town, "post", "--url", "javascript:alert(1)", *KIKI),
        "posted-before": refused(town, *TEXT, *KIKI),
        "closed-then": refused(town, *TEXT, "--at", "2026-11-24T20:00", *KIKI),
        "time-passed": refused(town, *TEXT, "--at", "2026-11-01T10:00", *KIKI),
        "no-such-time": refused(town, "form", action="投稿", title="題", text="本文", at="あした"),
        "no-picture": refused(town, *TEXT, "--picture", f"{town.city.url}/none.png", *KIKI),
        "foreign-url": refused(town, "form", action="投稿", url="https://www.example.org/1.html"),
    }
    assert {code: code for code in told} == told
    assert told.keys() == {code for code in get_args(RefusalCode) if not code.startswith("reply-")}  # by reply.yml
    assert town.events() == before


def test_the_state_of_what_cannot_be_decided_is_told_in_words(town: Town) -> None:
    town.with_baseline()
    old = next(event["article"] for event in town.events() if event["type"] == "baseline")
    assert "（現在の状態：掲載済み（送信の対象外））" in town.call("approve", old, *KIKI, code=2).err


def test_what_was_typed_cannot_command_the_terminal_or_the_runner(town: Town) -> None:
    result = town.call("explain", "\x1b[31m\n::set-env name=A::b", code=2)
    assert "\x1b" not in result.err
    assert result.err.count("\n") == 1
