"""Article pages and titles that are broken or hostile, through the real console script: each gets its own decision with
a reason, and the sound ones beside it go out in the same run."""

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from pipeline.report.flex_text import cards
from pipeline.sandbox.articles import ARTICLES, EMERGENCY, SampleArticle
from tests.doubles.fault import Fault
from tests.doubles.loopback import Request
from tests.town import Town

SOUND = ARTICLES[28]
PAGE = '<html><head><title>題</title></head><body><article id="contents"><h1>{title}</h1>{date}<div id="contents-in"><p>本文です。</p></div></article></body></html>'


def article(number: int, **changes: Any) -> SampleArticle:
    """A sound article with a number of its own."""
    values = {
        "path": f"/kurashi/todokede/{50000 + number}.html",
        "page_no": 50000 + number,
        "title": f"届出のお知らせ その{number}",
        **changes,
    }
    return structs.replace(ARTICLES[19], pdf=(), picture=None, **values)


def opened(town: Town, *more: tuple[str, str]) -> None:
    """A town in its posting hours, with a baseline, impatient, and not afraid of many articles at once."""
    town.configure(
        ("pause = 0\n", 'pause = 0\nattempts = 1\nread_timeout = "1s"\n'), ("burst_limit = 12", "burst_limit = 99"), *more
    )  # fmt: skip
    town.with_baseline()
    town.now += timedelta(hours=2)


def by_path(town: Town, document: Any) -> dict[str, tuple[str, str]]:
    return {row["url"].removeprefix(town.city.url): (row["decision"], row["reason"]) for row in document["articles"]}


def texts(town: Town) -> list[str]:
    """Every line that residents read, of all broadcasts."""
    return [
        line
        for broadcast in town.line.accepted
        for message in broadcast.messages
        for card in cards(message)
        for line in card
    ]


DAMAGED_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 99
BROKEN = {
    "ten megabytes": (Fault.big(10), "review", "page-malformed"),
    "a gzip bomb": (Fault.gzip_bomb(100), "review", "page-malformed"),
    "damaged gzip": (Fault.raw(DAMAGED_GZIP, content_encoding="gzip"), "review", "page-malformed"),
    "a PDF": (Fault.raw(b"%PDF-1.4", "application/pdf"), "review", "page-malformed"),
    "no title": (Fault.raw("<html><body><p>本文だけ</p></body></html>"), "review", "page-malformed"),
    "nothing": (Fault.raw(b""), "review", "page-malformed"),
    "a garbled title": (
        Fault.raw(b"<article id=contents><h1>" + "届出".encode() + b"\xe3\x81</h1>" + "本文です。".encode() * 99),
        "review",
        "page-malformed",
    ),
    "a title of control characters": (Fault.raw("<article id=contents><h1>\0 \x07</h1>"), "review", "page-malformed"),
    "rubbish": (Fault.raw(bytes(range(256)) * 40), "review", "page-malformed"),
    "tags nested ten thousand deep": (Fault.raw("<div>" * 10_000), "review", "page-malformed"),
    "a redirect to javascript": (Fault.redirect_to("javascript:alert(1)"), "review", "page-malformed"),
    "a redirect to another host": (Fault.redirect_to("http://127.0.0.1:9/1.html"), "skip", "redirected"),
    "a redirect to a list": (Fault.redirect_to("/kurashi/index.html"), "skip", "redirected"),
    "404": (Fault.status(404), "skip", "gone"),
    "410": (Fault.status(410), "skip", "gone"),
    "a page in Shift_JIS that claims to be UTF-8": (Fault.shift_jis(), "send", "due"),
    "tags that never end": (
        Fault.raw("<article id=contents><h1>届出のお知らせ その16<p class=x <div id=contents-in><p>本文"),
        "send",
        "due",
    ),
    "a date in the year 0": (
        Fault.raw(PAGE.format(title="届出のお知らせ その17", date='<p class="update">0000年00月00日</p>')),
        "send",
        "due",
    ),
    "a date in the year 9999": (
        Fault.raw(PAGE.format(title="届出のお知らせ その18", date='<p class="update">9999年12月31日</p>')),
        "send",
        "due",
    ),
    "a date in 令和99年": (
        Fault.raw(PAGE.format(title="届出のお知らせ その19", date='<p class="update">令和99年1月1日</p>')),
        "send",
        "due",
    ),
}


def test_each_broken_page_gets_its_own_decision_and_the_sound_ones_go_out(town: Town) -> None:
    opened(town)
    sound = [SOUND, *(article(100 + number) for number in range(len(BROKEN)))]  # or the whole list would be in doubt
    town.publish(*sound, *(article(number) for number in range(1, len(BROKEN) + 1)))
    expected = {one.path: ("send", "due") for one in sound}
    for number, (fault, verdict, reason) in enumerate(BROKEN.values(), 1):
        town.city.fail(article(number).path, fault)
        expected[article(number).path] = (verdict, reason)
    result = town.run(code=3)
    assert by_path(town, result.json) == expected
    assert all(row["policy"] for row in result.json["articles"])
    assert [
        row["url"] for row in result.json["articles"] if row["decision"] in ("review", "skip") and not row["detail"]
    ] == []
    sent = {row["id"] for row in result.json["articles"] if row["decision"] == "send"}
    assert [(set(broadcast["articles"]), broadcast["outcome"]) for broadcast in result.json["broadcasts"]] == [
        (sent, "accepted")
    ]
    assert "Traceback" not in result.out + result.err
    town.city.recover()
    again = town.run(code=3).json
    assert again["broadcasts"] == [], "what a person must look at waits, what was sent is not sent again"


def test_what_waits_because_of_its_page_goes_out_once_it_is_sound_and_a_poster_says_yes(town: Town) -> None:
    opened(town, ('min_interval = "60m"', 'min_interval = "0m"'))
    town.publish(article(1))
    town.city.fail(article(1).path, Fault.big(10))
    waiting = town.run(code=3).json["articles"][0]
    assert (waiting["decision"], waiting["reason"]) == ("review", "page-malformed")
    town.city.recover()
    town.call("approve", waiting["id"], "--actor", "miryoku", code=0)
    assert town.run(code=0).json["broadcasts"][0]["articles"] == [waiting["id"]]


TRANSIENT = {
    "a server error": Fault.status(500),
    "maintenance": Fault.status(503),
    "a firewall's challenge": Fault.challenge(),
    "a dropped connection": Fault.drop(),
    "half an answer": Fault.cut_short(),
    "no answer": Fault.hang(),
    "redirects in a loop": Fault.cookie_loop(article(1).path),
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_page_that_cannot_be_had_now_fails_the_run_and_goes_out_by_itself_later(town: Town, name: str) -> None:
    opened(town, ('min_interval = "60m"', 'min_interval = "0m"'))
    town.publish(article(1), SOUND)
    town.city.fail(article(1).path, TRANSIENT[name])
    failed = town.run(code=1)
    assert by_path(town, failed.json) == {article(1).path: ("hold", "page-unreachable"), SOUND.path: ("send", "due")}
    assert len(town.line.accepted) == 1
    assert "Traceback" not in failed.out + failed.err
    town.city.recover()
    town.now += timedelta(minutes=2)
    assert by_path(town, town.run(code=0).json) == {article(1).path: ("send", "due")}
    assert article(1).title in town.sent_titles()[1]


def test_a_maintenance_page_that_answers_200_is_not_sent_in_the_articles_place(town: Town) -> None:
    opened(town, ('min_interval = "60m"', 'min_interval = "0m"'))
    town.publish(article(1), SOUND)
    town.city.fail(article(1).path, Fault.html_instead())
    failed = town.run(code=1)
    assert by_path(town, failed.json) == {article(1).path: ("hold", "page-unreachable"), SOUND.path: ("send", "due")}
    assert "ただいまメンテナンス中です" in next(row["detail"] for row in failed.json["articles"] if row["detail"])
    town.city.recover()
    town.now += timedelta(minutes=2)
    town.run(code=0)
    assert not any("メンテナンス" in line for line in texts(town))
    assert article(1).title in town.sent_titles()[1]


def test_maintenance_at_opening_time_holds_back_what_was_found_before(town: Town) -> None:
    opened(town)
    town.now += timedelta(hours=12)
    town.publish(article(1))
    assert by_path(town, town.run(code=0).json) == {article(1).path: ("hold", "closed-hours")}
    town.now += timedelta(hours=12)
    town.city.fail("/kurashi/", Fault.html_instead())
    assert by_path(town, town.run(code=1).json) == {article(1).path: ("hold", "page-unreachable")}
    assert town.line.accepted == []
    town.city.recover()
    assert by_path(town, town.run(code=0).json) == {article(1).path: ("send", "due")}


def test_an_emergency_goes_out_with_its_own_title_when_a_maintenance_page_stands_there(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.city.emergency(EMERGENCY, town.now)
    town.city.fail(EMERGENCY.path, Fault.html_instead())
    assert town.run(code=3).decisions() == {EMERGENCY.title: ("send", "emergency")}, (
        "whether its details follow is asked"
    )
    assert EMERGENCY.title in town.sent_titles()[0]
    assert not any("メンテナンス" in line for line in texts(town))


def test_an_article_under_a_wholly_new_title_goes_out_when_a_poster_approves_it(town: Town) -> None:
    opened(town)
    town.publish(article(1))
    town.city.fail(article(1).path, Fault.raw(PAGE.format(title="すっかり変わった見出し", date="")))
    held = town.run(code=1).json["articles"][0]
    town.call("approve", held["id"], "--actor", "miryoku", code=0)
    assert by_path(town, town.run(code=0).json) == {article(1).path: ("send", "approved")}
    assert "すっかり変わった見出し" in town.sent_titles()[0]


def test_a_corrected_title_is_still_the_article(town: Town) -> None:
    opened(town)
    town.publish(article(1, title="児童虐待推進月間の催し"))
    town.city.fail(article(1).path, Fault.raw(PAGE.format(title="児童虐待防止推進月間の催しについて", date="")))
    assert by_path(town, town.run(code=0).json) == {article(1).path: ("send", "due")}
    assert "児童虐待防止推進月間の催しについて" in town.sent_titles()[0]


HOSTILE = (
    "「\"引用\"」と '一重' と \\ と \\u0041 と \\n",
    "{{ 7 * 7 }} {% raw %} {# 注 #} ${{ secrets.LINE }} %(a)s {0} $HOME",
    '"}],"type":"text","text":"乗っ取り',
    "<script>alert(1)</script> &amp; <b>太字</b>",
    "::error::偽の通知 ]]> --> */",
    "親子👨‍👩‍👧‍👦と🇯🇵と辻\U000e0100と①㌔",
    "@everyone https://example.org/ をひらく",
)
CLEANED = {
    "改行の\n多い\r\n題\t名": "改行の 多い 題 名",
    "制御\x07\x1b[31m文字\x7f": "制御[31m文字",
    "向き\u202e逆\u202c\u2066を\u2069変える": "向き逆を変える",
    "  \u3000前後の空白\u3000 ": "前後の空白",
}


def test_hostile_titles_come_out_as_text_or_cleaned_never_as_structure(town: Town) -> None:
    opened(town)
    titles = {**{title: title for title in HOSTILE}, **CLEANED}
    town.publish(*(article(number, title=title) for number, title in enumerate(titles, 1)))
    result = town.run(code=0)
    assert set(by_path(town, result.json).values()) == {("send", "due")}
    assert {row["title"] for row in result.json["articles"]} == set(titles.values())
    assert set(titles.values()) <= set(texts(town))
    assert len(town.line.accepted) == 1
    kinds = {message["type"] for message in town.line.accepted[0].messages}
    assert kinds == {"flex"}
    human = town.call("run", code=0)
    assert "\x1b" not in human.out + human.err


def test_an_empty_title_and_a_title_of_5000_characters_wait_for_a_person(town: Town) -> None:
    opened(town)
    town.publish(article(1, title=""), article(2, title="\u200b\u3000 "), article(3, title="長" * 5000), SOUND)
    result = town.run(code=3)
    decisions = by_path(town, result.json)
    assert decisions[SOUND.path] == ("send", "due")
    assert decisions[article(1).path] in [("review", "no-title"), ("review", "page-malformed")]
    assert decisions[article(2).path] in [("review", "no-title"), ("review", "page-malformed")]
    assert decisions[article(3).path] == ("review", "long-title")
    for command in (["run"], ["run", "--dry-run"], ["status"]):
        told = town.call(*command, code=3)
        assert "長" * 50 in told.out, "it is told"
        assert "長" * 150 not in told.out + told.err, "but not all of it"


@pytest.mark.parametrize(
    "date",
    ["0000-00-00T00:00:00+09:00", "9999-12-31T23:59:59+09:00", "令和99年1月1日", "昨日", "", "99999999999999", None],
)
def test_an_absurd_date_in_the_list_is_no_date(town: Town, date: str | None) -> None:
    opened(town)
    town.publish(article(1, has_date=False), article(2), SOUND)
    rows = json.loads(town.city.answer(Request("GET", "/index.update.json", {})).body)
    for row in rows:
        if row["page_no"] in (50001, 50002):
            row["publish_datetime"] = date
    town.city.fail("/index.update.json", Fault.raw(json.dumps(rows), "application/json"))
    result = town.run(code=3)
    assert by_path(town, result.json) == {
        article(1).path: ("review", "undated"),
        article(2).path: ("send", "due"),  # its page has one
        SOUND.path: ("send", "due"),
    }


def test_a_page_that_names_another_host_as_canonical_keeps_its_own_address(town: Town) -> None:
    opened(town)
    town.publish(article(1))
    page = PAGE.format(title="届出のお知らせ その1", date="").replace(
        "<title>", '<link rel="canonical" href="https://evil.example/1.html"><title>'
    )
    town.city.fail(article(1).path, Fault.raw(page))
    result = town.run(code=0)
    assert by_path(town, result.json) == {article(1).path: ("send", "due")}
    assert "evil.example" not in town.line.accepted[0].body.decode()


def test_a_javascript_link_in_a_page_never_becomes_a_button(town: Town) -> None:
    opened(town)
    town.publish(
        article(
            1, body_html='<p><a href="javascript:alert(1)">押す</a><a href="https://evil.example/x.pdf">資料</a></p>'
        )
    )
    town.run(code=0)
    assert [line for line in texts(town) if line.startswith("[")] == [
        f"[くわしく見る] {town.city.url}{article(1).path}"
    ]


def test_a_card_opens_with_prose_and_texts_with_personal_data_wait(town: Town) -> None:
    """The fraudster's words do not stand for the city's, a heading is not said twice; a name and an address across lines wait."""
    fraud = "市職員を名乗り、「料金が未払いです。本日中にお支払いください。」といった電話が相次いでいます。"
    opened(town)
    town.publish(
        article(1, body_html=f"<h2>届出のお知らせ その1について</h2><p>様式（PDF：12KB）</p><p>{fraud}</p>"),
        article(2, body_html="<p>門真市中町1番1号</p><p>山田太郎様</p>"),
        article(3, body_html="<p>申込みは taro[at]example.com へ。</p>"),
    )
    document = town.run(code=3).json
    verdicts = by_path(town, document)
    assert verdicts["/kurashi/todokede/50001.html"] == ("send", "due")
    assert [verdicts[f"/kurashi/todokede/5000{number}.html"] for number in (2, 3)] == [("review", "personal-data")] * 2
    shown = texts(town)
    assert fraud in shown
    assert not [line for line in shown if "KB" in line or line.endswith("お支払いください。」")]
