"""`explain`: found where and when, each rule and its answer, what happened, request id, who decided."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.article import article_id
from pipeline.config import JST, load
from pipeline.ledger.events import (
    Alias,
    AnyEvent,
    Approved,
    Attempt,
    Baseline,
    Changed,
    Chosen,
    Decided,
    Found,
    Intent,
    Outcome,
    Posted,
    Refused,
    Settled,
)
from pipeline.ledger.fold import fold
from pipeline.report.explain import explanation, explanation_of
from pipeline.report.find import find
from pipeline.sandbox.articles import ARTICLES
from tests.town import CONFIG, Town

SHORTCUTS = [article for article in ARTICLES if article.is_shortcut_of]


def sent(town: Town) -> str:
    """A town in which one article was held, then sent; returns its address."""
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.run(code=0)
    town.now += timedelta(hours=2)
    town.run(code=0)
    return town.city.url + ARTICLES[20].path


def test_the_whole_way_of_a_sent_article_is_told(town: Town) -> None:
    url = sent(town)
    document = town.call("explain", url, code=0, json=True).json
    assert [event["type"] for event in document["events"]] == ["found", "decided", "intent", "outcome"]
    assert document["events"][0]["source"] == f"{town.city.url}/index.update.json"
    assert (document["events"][1]["reason"], document["events"][1]["policy"]) == ("closed-hours", "7")
    assert document["request_id"] == town.line.accepted[0].request_id
    assert document["state"] == "sent"
    told = town.call("explain", url, code=0).out
    for words in (
        "で見つけた（新着",
        "保留：投稿時間外（第7条）",
        "根拠：第8条第1号",
        town.line.accepted[0].request_id,
    ):
        assert words in told


def test_the_rules_of_a_sent_article_are_those_asked_when_it_was_sent(town: Town) -> None:
    url = sent(town)
    document = town.call("explain", url, code=0, json=True).json
    assert document["rules_at"].startswith("2026-11-24T10:00")
    assert document["rules_match"]
    *before, last = document["rules"]
    assert {rule["decision"] for rule in before} == {None}
    assert (last["rule"], last["decision"], last["reason"], last["policy"]) == ("goes_out", "send", "due", "7")


def test_the_rules_of_a_held_article_end_with_the_one_that_holds_it(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.run(code=0)
    document = town.call("explain", town.city.url + ARTICLES[20].path, code=0, json=True).json
    assert document["rules"][-1]["rule"] == "hours_are_open"
    assert document["rules"][-1]["until"] == "2026-11-24T09:00:00+09:00"
    assert "投稿時間内か　→　保留：投稿時間外（第7条）" in town.call("explain", town.city.url + ARTICLES[20].path).out


def test_a_decision_that_cannot_be_repeated_is_said_to_be_so(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.run(code=0)
    town.city.unpublish(ARTICLES[20].path)
    town.now += timedelta(hours=2)
    town.run(code=0)
    document = town.call("explain", town.city.url + ARTICLES[20].path, code=0, json=True).json
    assert document["events"][-1]["reason"] == "gone"
    assert not document["rules_match"]
    assert "記録した判断と異なります" in town.call("explain", town.city.url + ARTICLES[20].path).out


def test_who_decided_is_told(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    article = town.run(code=3).json["articles"][0]["id"]
    waiting = town.call("explain", article, code=0).out
    assert f"kadoma-line approve {article}" in waiting
    town.call("approve", article, "--actor", "miryoku", "--why", "季節の記事", code=0)
    town.now += timedelta(hours=2)
    town.run(code=0)
    document = town.call("explain", article, code=0, json=True).json
    assert document["approved_by"] == ["miryoku"]
    assert "miryoku（企画財政部魅力発信課）が承認した（第6条）　理由：季節の記事" in town.call("explain", article).out


@pytest.mark.parametrize("form", ["{url}?utm_source=line#top", "{path}", "{url_upper}"])
def test_any_spelling_of_the_address_finds_the_article(town: Town, form: str) -> None:
    town.with_baseline()
    path = ARTICLES[3].path
    spelt = form.format(url=town.city.url + path, path=path, url_upper=town.city.url.upper() + path)
    assert town.call("explain", spelt, code=0, json=True).json["title"] == ARTICLES[3].title


@pytest.mark.parametrize(
    "spelt",
    [
        "www.city.kadoma.osaka.jp/a/1.html", "city.kadoma.osaka.jp/a/1.html", "http://www.city.kadoma.osaka.jp:80/a/1.html", " /a/../a/1.html ",
        "<https://www.city.kadoma.osaka.jp/a/1.html>", "「https://www.city.kadoma.osaka.jp/a/1.html」", "（WWW.CITY.kadoma.osaka.jp/a/1.html）。",
        *(shape.format(article_id("https://www.city.kadoma.osaka.jp/a/1.html")) for shape in ("{}", " {}　", "ID {}", "ＩＤ：{}", "#{}", "（{}）")),
        article_id("https://www.city.kadoma.osaka.jp/a/1.html").upper(),
    ],
)  # fmt: skip
def test_an_article_is_found_by_its_id_and_address_as_people_copy_them(spelt: str) -> None:
    config = load(CONFIG)
    url = "https://www.city.kadoma.osaka.jp/a/1.html"
    knowledge = fold(
        [Baseline(at=datetime(2026, 11, 1, tzinfo=JST), article=article_id(url), url=url, title="題", source="s")]
    )
    known = find(config, knowledge, spelt)
    assert known is not None
    assert known.url == url


def test_the_address_of_a_shortcut_explains_its_master(town: Town) -> None:
    shortcut = SHORTCUTS[0]
    master = next(article for article in ARTICLES if article.path == shortcut.is_shortcut_of)
    town.publish(*ARTICLES[20:25], at=town.now - timedelta(days=20))
    town.run(code=0)
    town.publish(master, shortcut)
    town.run(code=0)
    document = town.call("explain", town.city.url + shortcut.path, code=0, json=True).json
    assert document["url"] == town.city.url + master.path
    assert town.city.url + shortcut.path in document["aliases"]


def test_an_article_that_was_never_seen_is_a_usage_error_in_words(town: Town) -> None:
    town.with_baseline()
    for wanted in ("https://example.org/x.html", "javascript:alert(1)", "/nowhere/1.html", "zzz"):
        result = town.call("explain", wanted, code=2)
        assert "これまでに見つけた記事の中にありません" in result.err
        assert result.out == ""


def test_a_manual_post_is_explained_by_its_id(town: Town) -> None:
    town.with_baseline()
    town.call("post", "--title", "お知らせ", "--text", "本文です。", "--why", "広報", "--actor", "miryoku", code=0)
    article = town.events()[-1]["article"]
    told = town.call("explain", article, code=0).out
    assert "miryoku（企画財政部魅力発信課）が投稿した　根拠：第8条第4号" in told


def test_a_hostile_title_stays_on_its_line(town: Town) -> None:
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title="題\n::error::x\x1b[31m"))
    town.run(code=0)
    told = town.call("explain", town.city.url + ARTICLES[20].path, code=0).out
    assert "\x1b" not in told
    assert not any(line.startswith("::") for line in told.splitlines())


def test_every_kind_of_event_about_an_article_is_told_in_words() -> None:
    config = load(CONFIG)
    now = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
    url = "https://www.city.kadoma.osaka.jp/a/1.html"
    article = article_id(url)
    chosen = (Chosen(article, "due", "7", "8(1)"),)
    who = Approved(
        at=now, article=article, actor="kiki", department="総務部危機管理課", why="急ぐため", approver="miryoku"
    )
    person = {name: getattr(who, name) for name in ("actor", "department", "why", "approver")}
    events: list[AnyEvent] = [
        Baseline(at=now, article=article, url=url, title="題", source="s"),
        Found(at=now, article=article, url=url, title="題", source="s", kind="update"),
        Changed(at=now, article=article, title="新しい題", date=now),
        Alias(at=now, article=article, url=f"{url}?x"),
        Posted(at=now, article=article, title="題", url=url, basis="8(1)", **person),
        Decided(at=now, article=article, decision="hold", reason="closed-hours", policy="7"),
        who,
        Refused(at=now, article=article, **person),
        Intent(at=now, broadcast="b1", key="k", sha256="", chosen=chosen, policy_version="v"),
        Attempt(at=now, broadcast="b1"),
        Outcome(at=now, broadcast="b1", outcome="unknown", message="used before 1/2"),
        Settled(at=now, broadcast="b1", delivered=True, **person),
    ]
    document = explanation_of(config, events, url, now)
    assert document is not None
    assert len(document["events"]) == len(events)
    told = [line for line in explanation(document).splitlines() if line.startswith("  2026年")]
    assert len(told) == len(events)
    assert all(len(line.split("　")) > 1 and line.split("　")[1] for line in told)
    assert sum("確認者：miryoku" in line for line in told) == 4
