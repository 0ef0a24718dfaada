"""`ledger show`: what was sent, when, to which request id, on whose decision, in which exact bytes."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.article import Kind
from pipeline.config import JST, load
from pipeline.ledger.events import AnyEvent, Approved, Chosen, Found, Intent, Outcome
from pipeline.report.records import records_of
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import LineFault
from tests.town import CONFIG, Town


def with_broadcast(town: Town) -> str:
    """A town that sent one article by itself and one because a poster said so; returns the latter's id."""
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.publish(ARTICLES[21], at=town.now - timedelta(days=9))
    rows = town.run(code=3).json["articles"]
    article = next(str(row["id"]) for row in rows if row["decision"] == "review")
    town.call("approve", article, "--actor", "miryoku", "--why", "季節の記事", code=0)
    town.now += timedelta(hours=2)
    town.run(code=0)
    return article


def test_the_ledger_answers_what_when_on_whose_decision_and_in_which_bytes(town: Town) -> None:
    article = with_broadcast(town)
    (broadcast,) = town.call("ledger", "show", article, code=0, json=True).json["broadcasts"]
    sent = town.line.accepted[0]
    assert broadcast["request_id"] == sent.request_id
    assert broadcast["at"].startswith("2026-11-24T10:00")
    assert Path(broadcast["body"]).read_bytes() == sent.body
    assert broadcast["sha256"] == hashlib.sha256(sent.body).hexdigest()
    assert broadcast["body_is_intact"]
    assert broadcast["policy_version"] == "令和5年1月31日"
    deciders = {
        row["id"]: [(person["did"], person["actor"], person["why"]) for person in row["decided_by"]]
        for row in broadcast["articles"]
    }
    assert deciders.pop(article) == [("approved", "miryoku", "季節の記事")]
    assert list(deciders.values()) == [[]]  # the other one: the rules by themselves


@pytest.mark.parametrize("by", ["broadcast", "request", "article", "url"])
def test_a_broadcast_is_found_by_each_of_its_names(town: Town, by: str) -> None:
    article = with_broadcast(town)
    (broadcast,) = town.call("ledger", "show", article, code=0, json=True).json["broadcasts"]
    name = {
        "broadcast": broadcast["id"],
        "request": broadcast["request_id"],
        "article": article,
        "url": town.city.url + ARTICLES[21].path,
    }[by]
    told = town.call("ledger", "show", name, code=0).out
    assert broadcast["sha256"] in told
    assert "運用方針に基づく自動の判断" in told
    assert "miryoku（企画財政部魅力発信課）が承認、理由：季節の記事" in told
    assert ARTICLES[20].title in told


def test_bytes_that_are_not_those_recorded_are_told(town: Town) -> None:
    article = with_broadcast(town)
    file = next((town.state / "broadcasts").glob("*.json"))
    file.write_bytes(file.read_bytes() + b" ")
    assert "記録と一致しません" in town.call("ledger", "show", article, code=0).out


def test_an_article_that_was_never_sent_says_so(town: Town) -> None:
    town.with_baseline()
    assert (
        "この記事を送信した記録はありません。"
        in town.call("ledger", "show", town.city.url + ARTICLES[0].path, code=0).out
    )


def test_an_unknown_name_is_a_usage_error_in_words(town: Town) -> None:
    town.with_baseline()
    assert "台帳にありません" in town.call("ledger", "show", "nothing", code=2).err


def test_who_settled_an_unknown_broadcast_is_told(town: Town) -> None:
    town.configure(("[line]\n", "[line]\nattempts = 1\n"))
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.drop_after(), times=None)
    town.run(code=1)
    town.line.recover()
    town.now += timedelta(hours=24)
    town.run(code=3)
    broadcast = town.call("status", json=True).json["broadcasts"][0]["id"]
    town.call("resolve", broadcast, "--delivered", "--actor", "miryoku", code=0)
    told = town.call("ledger", "show", broadcast, code=0).out
    assert "LINEが受付済み" in told
    assert "結果の確認者　miryoku（届いた）" in told


def test_an_approval_counts_for_the_version_that_was_approved(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=JST)

    def found(kind: Kind) -> Found:
        return Found(
            at=now, article="a1", url="https://www.city.kadoma.osaka.jp/1.html", title="題", source="s", kind=kind
        )

    def intent(broadcast: str) -> Intent:
        chosen = (Chosen("a1", "due", "7", "8(1)"),)
        return Intent(at=now, broadcast=broadcast, key=broadcast, sha256="", chosen=chosen, policy_version="v")

    approved = Approved(at=now, article="a1", actor="kiki", department="課")
    accepted = Outcome(at=now, broadcast="b1", outcome="accepted")
    events: list[AnyEvent] = [found("new"), approved, intent("b1"), accepted, found("update"), intent("b2")]
    document = records_of(load(CONFIG), tmp_path, events, "a1")
    assert document is not None
    deciders = [
        [person["actor"] for person in broadcast["articles"][0]["decided_by"]] for broadcast in document["broadcasts"]
    ]
    assert deciders == [["kiki"], []]
