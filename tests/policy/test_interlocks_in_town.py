"""The interlocks that stand between a real website and a real LINE, through the real console script."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from pipeline.config import JST
from pipeline.report.flex_text import cards
from pipeline.sandbox.articles import ARTICLES, EMERGENCY, SampleArticle
from tests.town import Town

NEWS = ARTICLES[20]
WATER = replace(NEWS, title="大規模な断水が発生しています")
OFTEN = ('min_interval = "60m"', 'min_interval = "0m"')


def texts(town: Town) -> str:
    return "\n".join(
        line for sent in town.line.accepted for message in sent.messages for card in cards(message) for line in card
    )


def test_the_funagata_night(town: Town) -> None:
    """2026-01-03, 01:12: forty pages dated 18 months back appear in a rebuilt list. Neither then nor after does one go out."""
    town.now = datetime(2025, 12, 26, 10, 0, tzinfo=JST)
    town.with_baseline()
    town.now = datetime(2026, 1, 3, 1, 12, tzinfo=JST)
    for number in range(40):
        page = replace(
            NEWS, path=f"/kurashi/todokede/{30000 + number}.html", page_no=30000 + number, title=f"古い記事 {number}"
        )
        town.city.publish(page, datetime(2024, 7, 25, 9, number, tzinfo=JST))
    town.city.rebuild()
    night = town.run(code=3).json
    assert {(row["decision"], row["reason"]) for row in night["articles"]} == {("review", "burst")}
    assert len(night["articles"]) == 40
    assert [alert["code"] for alert in night["alerts"]] == ["burst"]
    town.now = datetime(2026, 1, 5, 9, 0, tzinfo=JST)
    town.run(code=3)
    assert town.line.requests == []


def test_what_is_unpublished_before_its_slot_is_dropped_and_what_is_changed_goes_out_as_it_then_stands(
    town: Town,
) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:23])
    town.run(code=0)
    town.city.unpublish(ARTICLES[20].path, 410)
    town.city.redirect(ARTICLES[21].path, "/kurashi/index.html")
    town.city.edit(
        ARTICLES[22].path,
        at=town.now + timedelta(minutes=30),
        title="作品展（会場変更）",
        body_html="<p>会場が変わりました。</p>",
    )
    town.now += timedelta(hours=2)
    decisions = town.run(code=0).decisions()
    assert decisions[ARTICLES[20].title] == ("skip", "gone")
    assert decisions[ARTICLES[21].title] == ("skip", "redirected")
    assert len(town.line.accepted) == 1
    assert "会場が変わりました。" in texts(town)
    assert "作品展（会場変更）" in texts(town)
    assert ARTICLES[22].title not in texts(town)
    town.publish(ARTICLES[23])
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert texts(town).count("作品展（会場変更）") == 1, "the edit was told already"


def test_a_page_that_robots_txt_forbids_waits_for_a_person_who_is_told_why(town: Town) -> None:
    town.city.put("/robots.txt", f"User-agent: *\nDisallow: {NEWS.path}\n".encode(), "text/plain")
    town.with_baseline()
    town.publish(NEWS)
    town.now += timedelta(hours=2)
    result = town.run(code=3)
    assert result.decisions() == {NEWS.title: ("review", "page-forbidden")}
    assert [alert["code"] for alert in result.json["alerts"]] == ["waiting"]
    assert NEWS.path not in {request.path for request in town.city.requests}
    told = town.call("status", code=3).out
    assert "robots.txt" in told
    assert f"kadoma-line reject {result.json['articles'][0]['id']}" in told


def test_emergency_words_at_night_alert_and_one_approval_releases_them(town: Town) -> None:
    town.with_baseline()
    town.now = datetime(2026, 11, 24, 23, 0, tzinfo=JST)
    town.publish(WATER)
    held = town.run(code=3).json
    assert [(row["decision"], row["reason"], row["policy"]) for row in held["articles"]] == [
        ("hold", "emergency-words", "7 proviso")
    ]
    assert [alert["code"] for alert in held["alerts"]] == ["emergency-words"]
    article = held["articles"][0]["id"]
    assert "第6条" in town.call("approve", article, "--emergency", "--actor", "stranger", code=2).err
    town.call("approve", article, "--emergency", "--actor", "kiki", code=0)
    sent = town.run(code=0).json
    assert [(row["decision"], row["reason"]) for row in sent["articles"]] == [("send", "approved")]
    assert len(town.line.accepted) == 1
    approved = next(event for event in town.events() if event["type"] == "approved")
    assert (approved["actor"], approved["department"], approved["emergency"]) == ("kiki", "総務部危機管理課", True)


def test_a_manual_emergency_goes_out_at_night_when_a_second_poster_approves(town: Town) -> None:
    town.with_baseline()
    town.now = datetime(2026, 11, 24, 23, 0, tzinfo=JST)
    post = ["post", "--title", "断水", "--text", "市内全域で断水しています。", "--emergency", "--actor", "kiki"]
    assert "--why" in town.call(*post, code=2).err
    posted = town.call(*post, "--why", "配水管の破損", code=0, json=True).json["articles"][0]["id"]
    assert town.run(code=3).decisions() == {"断水": ("review", "second-person")}
    assert "2人での確認" in town.call("approve", posted, "--actor", "kiki", code=2).err
    town.call("approve", posted, "--actor", "miryoku", code=0)
    assert town.run(code=0).decisions() == {"断水": ("send", "approved")}
    assert len(town.line.accepted) == 1


def test_a_withdrawal_names_what_it_corrects_and_does_not_wait(town: Town) -> None:
    town.with_baseline()
    town.publish(NEWS)
    town.now += timedelta(hours=2)
    sent = town.run(code=0).json["articles"][0]["id"]
    town.call(
        "post",
        "--correction-of",
        sent,
        "--title",
        "日付の訂正",
        "--text",
        "正しくは12月11日です。",
        "--actor",
        "kiki",
        code=0,
    )
    town.now += timedelta(minutes=5)
    assert town.run(code=0).decisions() == {"日付の訂正": ("send", "due")}
    told = texts(town)
    assert told.count(NEWS.title) == 2, "in the article, and in its correction"
    assert "訂正" in town.sent_titles()[-1]
    assert (
        "送信されていないため"
        in town.call(
            "post", "--correction-of", known(town), "--title", "訂正", "--text", "…", "--actor", "kiki", code=2
        ).err
    )


def known(town: Town) -> str:
    return str(next(event["article"] for event in town.events() if event["type"] == "baseline"))


def test_the_same_emergency_text_within_a_day_waits_for_a_person(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.city.emergency(EMERGENCY, town.now)
    town.run(code=0)
    again = replace(EMERGENCY, path="/kinkyu/40299.html", page_no=40299)
    town.now += timedelta(hours=1)
    town.city.emergency(again, town.now)
    assert town.run(code=3).json["articles"][0]["reason"] == "repeated-emergency"
    assert len(town.line.accepted) == 1


def bare(number: int) -> SampleArticle:
    return replace(
        NEWS,
        path=f"/kurashi/todokede/{60000 + number}.html",
        page_no=60000 + number,
        title=f"お知らせ {number}",
        body_html="",
        pdf=(),
        picture=None,
    )


def test_when_new_pages_lose_their_body_the_site_was_rebuilt_and_nothing_new_goes_out(town: Town) -> None:
    town.configure(OFTEN)
    town.with_baseline()
    town.now += timedelta(hours=2)
    town.publish(bare(1), bare(2), bare(3))
    result = town.run(code=3).json
    assert {(row["decision"], row["reason"], row["detail"]) for row in result["articles"]} == {
        ("review", "untrusted-source", "bare pages 3/3")
    }
    assert [alert["code"] for alert in result["alerts"]] == ["untrusted-source"]
    assert "題名か本文のないページ 3件中3件" in result["alerts"][0]["message"]
    assert "ふだんと異なる：題名か本文のないページ 3件中3件" in town.call("status", code=3).out
    town.publish(NEWS)
    town.now += timedelta(hours=1)
    assert town.run(code=3).decisions()[NEWS.title] == ("send", "due"), (
        "a sound page ends the doubt; the three still wait"
    )


def test_a_quoting_post_without_its_source_is_refused_and_with_it_goes_out(town: Town) -> None:
    town.with_baseline()
    town.now += timedelta(hours=2)
    post = ["post", "--title", "大雨について", "--text", "> 大雨に警戒してください", "--actor", "miryoku"]
    assert "第10条" in town.call(*post, code=2).err
    town.call(*post, "--quoted-from", "気象庁", code=0)
    town.run(code=0)
    assert "気象庁" in texts(town)
