"""`status`: what stands now, for whom it waits, and the exact command that goes on."""

import shlex
from datetime import datetime, timedelta

from msgspec.structs import replace

from pipeline.article import article_id
from pipeline.config import JST, load
from pipeline.ledger.events import AnyEvent, Decided, Found
from pipeline.ledger.fold import fold
from pipeline.report.status import status, status_of
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.town import CONFIG, Town

SECOND_POSTER = ('"総務部収納課" = []', '"総務部収納課" = ["shuno"]')


def test_before_the_first_run_status_says_so(town: Town) -> None:
    result = town.call("status", code=0)
    assert f"まだ一度も実行していません。kadoma-line run --config {town.config}" in result.out
    assert "まだ読んでいません" in result.out
    assert town.call("status", code=0, json=True).json["last_run"] is None


def test_nothing_waiting_is_exit_code_0_and_says_so(town: Town) -> None:
    town.with_baseline()
    result = town.call("status", code=0)
    assert "送信を待っている記事はありません。" in result.out
    assert "次の投稿時間：11月24日（火）9:00" in result.out
    assert "正常" in result.out


def test_held_articles_stand_with_the_instant_and_why(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:22])
    town.run(code=0)
    document = town.call("status", code=0, json=True).json
    assert [(row["reason"], row["policy"], row["until"]) for row in document["held"]] == [
        ("closed-hours", "7", "2026-11-24T09:00:00+09:00")
    ] * 2
    assert document["waiting"] == []
    assert document["next_opening"] == "2026-11-24T09:00:00+09:00"
    town.now += timedelta(hours=2)  # the opening has come, no run has
    later = town.call("status", code=0, json=True).json
    assert [row["decision"] for row in later["queue"]] == ["send", "send"]
    assert later["held"] == []
    assert "次の実行で送信するもの（2件）" in town.call("status").out


def test_the_command_that_status_shows_releases_the_article(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    town.run(code=3)
    document = town.call("status", code=3, json=True).json
    (row,) = document["waiting"]
    assert (row["reason"], row["policy"]) == ("stale", "8")
    assert {"department": "企画財政部魅力発信課", "logins": ["miryoku"]} in row["who"]
    assert all("kadoma-line" not in one["logins"] for one in row["who"])  # the pipeline decides nothing by hand
    _, *command = shlex.split(row["commands"][0].replace("ログイン名", "miryoku"))
    assert row["commands"][0] in town.call("status", code=3).out
    town.call(*command, code=0)
    assert town.call("status", code=0, json=True).json["waiting"] == []
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert len(town.line.accepted) == 1


def test_articles_with_the_same_reason_are_decided_with_one_command(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:23], at=town.now - timedelta(days=9))
    town.run(code=3)
    (group,) = town.call("status", code=3, json=True).json["groups"]
    assert len(group["articles"]) == 3
    assert shlex.split(group["commands"][1])[:5] == ["kadoma-line", "reject", *group["articles"]]


def test_emergency_words_wait_for_a_person_and_say_how_to_release(town: Town) -> None:
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title="断水のお知らせ"))
    town.run(code=3)
    document = town.call("status", code=3, json=True).json
    assert document["waiting"][0]["commands"][0].startswith(
        f"kadoma-line approve {document['waiting'][0]['id']} --emergency"
    )
    assert document["held"] == []


def test_a_manual_emergency_waits_for_another_person_at_once(town: Town) -> None:
    town.configure(SECOND_POSTER)
    town.with_baseline()
    town.call(
        "post",
        "--title",
        "断水",
        "--text",
        "市内全域で断水しています。",
        "--emergency",
        "--why",
        "断水のため",
        "--actor",
        "kiki",
        code=0,
    )
    document = town.call("status", code=3, json=True).json  # before any run has decided on it
    (row,) = document["waiting"]
    assert row["reason"] == "second-person"
    assert [login for one in row["who"] for login in one["logins"]] == ["miryoku", "shuno"]
    assert "投稿したkikiを除く" in town.call("status").out


def test_a_broadcast_with_unknown_outcome_shows_its_evidence_and_both_answers(town: Town) -> None:
    town.configure(("[line]\n", "[line]\nattempts = 1\n"))
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.drop_after(), times=None)
    town.run(code=1)
    document = town.call("status", code=0, json=True).json
    assert [broadcast["outcome"] for broadcast in document["broadcasts"]] == ["open"]
    assert "市民に届いたかどうかを、次の実行でLINEに確かめます" in town.call("status").out
    on_its_way = town.call("explain", town.city.url + ARTICLES[20].path, code=0).out
    assert "現在の状態：結果を確認中" in on_its_way
    assert "送信待ち" not in on_its_way
    town.now += timedelta(hours=24)
    town.line.recover()
    town.run(code=3)
    document = town.call("status", code=3, json=True).json
    (broadcast,) = document["broadcasts"]
    assert broadcast["outcome"] == "unknown"
    assert "今月の配信数は、配信の前が" in broadcast["evidence"]
    told = town.call("status", code=3).out
    explained = town.call("explain", town.city.url + ARTICLES[20].path, code=0).out
    assert "現在の状態：結果が不明" in explained
    assert "判断（2026年11月24日" in explained, "the decision to send as it stood, not what would be decided now"
    for page in (told, explained):
        assert f"resolve {broadcast['id']} --delivered" in page
        assert f"resolve {broadcast['id']} --not-delivered" in page
        assert "その日にAPIから一斉配信した" in page
    _, *command = shlex.split(broadcast["commands"][0].replace("ログイン名", "miryoku"))
    town.call(*command, code=0)
    assert town.call("status", code=0, json=True).json["broadcasts"] == []


def test_what_kept_an_article_in_the_last_run_is_told_as_long_as_nothing_else_is_known(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.unauthorized(), times=None, path="/v2/bot/info")
    town.run(code=1)
    document = town.call("status", code=0, json=True).json
    assert [row["reason"] for row in document["held"]] == ["line-unavailable"]
    assert "LINEに送信できない（第5条）" in town.call("status").out


def test_a_source_that_cannot_be_read_is_told_with_the_number_of_failures(town: Town) -> None:
    town.with_baseline()
    town.city.fail("/", Fault.status(503))
    town.run(code=1)
    source = town.call("status", json=True).json["sources"][0]
    assert source["failures"] == 1
    assert source["error"] == "unreachable"
    assert "接続できない（続けて1回）" in town.call("status").out


def test_colours_are_for_terminals_only(town: Town) -> None:
    town.with_baseline()
    assert "\x1b[" not in town.call("status").out


def test_a_damaged_ledger_is_told_without_a_traceback(town: Town) -> None:
    town.with_baseline()
    next(town.state.glob("ledger-*.jsonl")).write_text("<<<<<<< HEAD\n", encoding="utf-8")
    result = town.call("status", code=1)
    assert "ledger-2026.jsonl:1" in result.err
    assert "Traceback" not in result.err
    assert "unexpected" not in result.err


def test_what_only_the_operator_may_release_names_the_operator_alone(town: Town) -> None:
    town.with_baseline()
    town.call("post", "--title", "お知らせ", "--text", "本文です。", "--actor", "kiki", code=0)
    (row,) = town.call("status", code=3, json=True).json["waiting"]
    assert (row["reason"], row["policy"]) == ("operator-approval", "8(4)")
    assert row["who"] == [{"department": "企画財政部魅力発信課", "logins": ["miryoku"]}]


def test_ten_thousand_waiting_are_counted_and_the_first_ten_shown() -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
    events: list[AnyEvent] = []
    for number in range(10_000):
        url = f"https://www.city.kadoma.osaka.jp/{number}.html"
        article = article_id(url)
        events.append(Found(at=at, article=article, url=url, title=f"記事{number}", source="一覧", date=at))
        events.append(Decided(at=at, article=article, decision="review", reason="burst", policy="8"))
    told = status(status_of(load(CONFIG), fold(events), at + timedelta(days=1)))
    assert "確認待ち（10000件）" in told
    assert "最も古いもの：2026年11月24日（火）10:00" in told
    assert told.count("  ・記事") == 10
    assert "ほか9990件" in told
    assert len(told) < 3000
