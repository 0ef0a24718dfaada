"""Items become messages."""

import json
import os
import random
import subprocess
import sys
from datetime import datetime
from typing import Any

import msgspec
import pytest

from pipeline.article import Picture
from pipeline.characters import utf16
from pipeline.config import JST
from pipeline.message.card import card, theme
from pipeline.message.limits import ALT_TEXT, violations
from pipeline.message.render import render
from pipeline.message.roundtrip import through_sdk
from pipeline.report.flex_html import draw
from pipeline.report.preview import flex_words
from pipeline.templates import TEMPLATES
from tests.message.message_examples import CONFIG, article, random_article

PICTURE = Picture("https://www.city.kadoma.osaka.jp/a.png", width=800, height=600)


EACH = 1000 if "SOAK_SEEDS" in os.environ else 250


@pytest.mark.parametrize("part", range(4))  # so that all cores share the articles
def test_any_article_of_any_plane_becomes_a_message_that_line_takes(part: int) -> None:
    chance = random.Random(part)  # noqa: S311 - the same articles for the same part
    articles = [random_article(chance) for _ in range(EACH)]
    assert {ord(letter) >> 16 for one in articles for letter in one.title + one.text} == set(range(17)), (
        "every plane of Unicode"
    )
    while articles:
        batch = [articles.pop() for _ in range(min(len(articles), chance.randint(4, 9)))]
        rendered = render(batch, CONFIG)
        assert violations(rendered.messages) == []
        if len(batch) == 9:  # these look at shapes, and cost twice as much as all the rest
            assert through_sdk(rendered.messages)[1] == []
            assert not [warning for message in rendered.messages for warning in draw(message, flex_words()).warnings]
        assert sorted(rendered.shown + rendered.left) == sorted(item.id for item in batch)
        assert all(message["altText"].strip() for message in rendered.messages)


def test_one_article_is_a_bubble_and_several_are_a_carousel() -> None:
    assert render([article()], CONFIG).messages[0]["contents"]["type"] == "bubble"
    several = render([article(number) for number in range(12)], CONFIG).messages
    assert [len(message["contents"]["contents"]) for message in several] == [12]


def test_a_digest_of_more_than_twelve_ends_with_a_link_to_the_list() -> None:
    messages = render([article(number) for number in range(13)], CONFIG).messages
    assert [len(message["contents"]["contents"]) for message in messages] == [7, 7]
    last = messages[-1]["contents"]["contents"][-1]["body"]["contents"][-1]["action"]
    assert (last["label"], last["uri"]) == ("一覧を見る", CONFIG.site.url)


def test_what_finds_no_place_in_five_messages_is_left_for_the_next_broadcast() -> None:
    rendered = render([article(number) for number in range(70)], CONFIG)
    assert len(rendered.messages) == 5
    assert len(rendered.shown) == 59
    assert rendered.left == tuple(f"{number:012x}" for number in range(59, 70))


def test_no_items_are_no_messages() -> None:
    assert render([], CONFIG).messages == ()


def test_emergencies_come_first_each_by_itself_and_without_a_picture() -> None:
    urgent = article(9, style="emergency", title="避難指示", picture=PICTURE)
    messages = render([article(1), urgent, article(2)], CONFIG).messages
    assert [message["contents"]["type"] for message in messages] == ["bubble", "carousel"]
    drawn = json.dumps(messages[0], ensure_ascii=False)
    assert "緊急情報" in drawn
    assert '"11月24日（火）"' in drawn
    assert '"午前9時5分 発表"' in drawn
    assert "hero" not in messages[0]["contents"]


def test_many_emergencies_leave_room_for_the_others() -> None:
    urgent = [article(number, style="emergency") for number in range(80)]
    rendered = render([*urgent, article(99)], CONFIG)
    assert len(rendered.messages) == 5
    assert f"{99:012x}" in rendered.shown
    assert len(rendered.shown) == 4 * 12 + 1


def test_a_message_too_big_loses_text_before_pictures_and_is_split_last() -> None:
    long = [article(number, text="長い文。" * 200, picture=PICTURE) for number in range(12)]
    whole = render(long, CONFIG)
    assert len(whole.messages) == 1
    titles = [
        article(number, title="長" * 200, department="課" * 60, text="長い文。" * 200, picture=PICTURE)
        for number in range(12)
    ]
    shortened = render(titles, CONFIG)
    assert len(shortened.messages) == 1
    assert all("hero" in card for card in shortened.messages[0]["contents"]["contents"])
    where = "https://www.city.kadoma.osaka.jp/" + "x" * 900
    huge = [
        article(number, title="長" * 200, department="課" * 200, url=where, picture=PICTURE) for number in range(12)
    ]
    split = render(huge, CONFIG)
    assert len(split.messages) > 1
    assert violations(split.messages) == []
    assert len(split.shown) == 12


HOSTILE = ['"}, "type": "x', "{{ config }}{% raw %}", "</script><script>alert(1)</script>", "a\\", "題\n名", '", 1, "']


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_a_string_whatever_it_holds(title: str) -> None:
    message = render([article(title=title, date=None)], CONFIG).messages[0]
    assert message["contents"]["body"]["contents"][0]["text"] == title.replace("\n", " ")
    assert violations([message]) == []


ALT = [
    ({}, "「お知らせ1」を市ホームページに掲載しました。門真市からのお知らせです。"),
    ({"updated": True}, "「お知らせ1」の内容を更新しました。門真市からのお知らせです。"),
    ({"title": "「春」の会"}, "『「春」の会』を市ホームページに掲載しました。門真市からのお知らせです。"),
    ({"style": "emergency"}, "【緊急情報】お知らせ1。11月24日（火） 午前9時5分、門真市からの発表です。本文です。"),
    (
        {"style": "emergency", "date": None, "text": "避難所\n・体育館\n「すぐ避難を。」"},
        "【緊急情報】お知らせ1。門真市からの発表です。避難所。体育館。「すぐ避難を。」",
    ),
    (
        {"style": "correction", "corrects": "旧", "text": "誤：2日\n正：3日"},
        "【訂正】門真市から先にお届けした「旧」を訂正します。お知らせ1。誤：2日。正：3日。",
    ),
    (
        {"style": "correction", "corrects": "「旧」", "title": "訂正", "text": ""},
        "【訂正】門真市から先にお届けした『「旧」』を訂正します。",
    ),
    ({"style": "correction"}, "【訂正】門真市から先にお届けした「お知らせ1」を訂正します。本文です。"),
    ({"style": "text", "title": "断水です！"}, "断水です！門真市からのお知らせです。"),
]


@pytest.mark.parametrize(("changes", "spoken"), ALT)
def test_the_notification_is_a_sentence_that_can_be_read_aloud(changes: dict[str, Any], spoken: str) -> None:
    assert render([article(**changes)], CONFIG).messages[0]["altText"] == spoken


def test_the_notification_of_a_digest_says_how_many_and_which() -> None:
    batch = [article(1), article(2, updated=True), article(3, style="correction", corrects="旧")]
    expected = "門真市からのお知らせは、「お知らせ1」、「お知らせ2」（更新）、「お知らせ3」（訂正）の3件です。"
    assert render(batch, CONFIG).messages[0]["altText"] == expected


def test_the_notification_keeps_every_title_within_the_limit() -> None:
    batch = [article(number, title=f"第{number}回" + "長" * 400) for number in range(12)]
    spoken = render(batch, CONFIG).messages[0]["altText"]
    assert utf16(spoken) <= ALT_TEXT
    assert all(f"第{number}回" in spoken for number in range(12))
    assert spoken.endswith("の12件です。")


def small_print(message: dict[str, Any]) -> str:
    return json.dumps(message["contents"], ensure_ascii=False)  # the footer is part of it


def test_the_small_print_names_the_department_first_then_the_account_holder_and_policy() -> None:
    contact = msgspec.structs.replace(CONFIG.policy.contact, tel="06-6902-5627")
    policy = msgspec.structs.replace(CONFIG.policy, url="/shisei/sns.html", contact=contact)
    shown = small_print(render([article()], msgspec.structs.replace(CONFIG, policy=policy)).messages[0])
    assert "問合先：総務部収納課" in shown
    assert "アカウント運営：企画財政部魅力発信課" in shown
    assert '"uri": "tel:0669025627"' in shown
    assert "©門真市" in shown
    assert "https://www.city.kadoma.osaka.jp/shisei/sns.html" in shown
    assert "問合先：企画財政部魅力発信課" in small_print(render([article(department="")], CONFIG).messages[0])


def test_a_quoted_source_is_named() -> None:
    assert "出典：気象庁" in small_print(render([article(style="text", quoted_from="気象庁")], CONFIG).messages[0])


def test_the_date_says_what_happened_on_it() -> None:
    published, updated = (small_print(render([article(updated=flag)], CONFIG).messages[0]) for flag in (False, True))
    assert "11月24日（火）掲載" in published
    assert '"更新"' not in published
    assert "11月24日（火）" in updated
    assert "掲載" not in updated
    assert '"更新"' in updated


def texts(message: dict[str, Any]) -> list[str]:
    return [part["text"] for part in message["contents"]["body"]["contents"][-1]["contents"]]


def test_paragraphs_stand_apart_unless_there_are_too_many() -> None:
    assert texts(render([article(text="一。\n\n二。\n三。")], CONFIG).messages[0]) == ["一。", "二。", "三。"]
    long = "\n".join(f"・{number}" for number in range(13))
    assert texts(render([article(text=long, style="text")], CONFIG).messages[0]) == [long]


def test_a_correction_says_what_it_corrects_and_what_is_right() -> None:
    def shown(**changes: Any) -> tuple[str, list[str]]:
        message = render([article(style="correction", corrects="ごみの日", **changes)], CONFIG).messages[0]
        return message["contents"]["body"]["contents"][1]["text"], texts(message)

    told = "先にお届けした「ごみの日」を訂正します。"
    assert shown(title="ごみの日") == (told, ["本文です。"])
    assert shown(title="訂正") == (told, ["本文です。"])
    assert shown(title="正しい日程") == (told, ["正しい日程", "本文です。"])


def test_addresses_are_percent_encoded_and_only_files_leave_line() -> None:
    def uri(url: str) -> str:
        message = render([article(url=url)], CONFIG).messages[0]
        return str(message["contents"]["footer"]["contents"][0]["action"]["uri"])

    assert (
        uri("https://日本.jp/門真?a=%E3%81%82&b=100%")
        == "https://xn--wgv71a.jp/%E9%96%80%E7%9C%9F?a=%E3%81%82&b=100%25"
    )
    assert uri("https://a.jp/x.pdf") == "https://a.jp/x.pdf?openExternalBrowser=1"


@pytest.mark.parametrize(
    ("width", "height", "digest", "ratio", "mode"),
    [
        (1000, 700, False, "1000:700", "cover"),
        (1024, 100, False, "400:100", "fit"),
        (300, 1000, False, "75:100", "fit"),
        (1000, 650, True, "20:13", "cover"),
        (724, 1024, True, "20:13", "fit"),
        (0, 0, False, "20:13", "fit"),
    ],
)
def test_a_picture_keeps_its_shape_or_is_shown_whole(
    width: int, height: int, digest: bool, ratio: str, mode: str
) -> None:
    pictured = article(picture=Picture(PICTURE.url, width=width, height=height))
    shown = card(pictured, theme(TEMPLATES), 100, digest=digest, pictured=True)["picture"]
    assert (shown["ratio"], shown["mode"]) == (ratio, mode)


@pytest.mark.parametrize(
    ("alt", "label"),
    [("蓮の花", "蓮の花"), ("", "くわしく見る"), ("花" * 50, "花" * 39 + "…"), ("👨‍👩‍👧‍👦" * 9, "👨‍👩‍👧‍👦" * 3 + "…")],
)
def test_a_picture_says_what_is_on_it_to_a_screen_reader(alt: str, label: str) -> None:
    pictured = article(picture=Picture(PICTURE.url, alt, 800, 600))
    assert render([pictured], CONFIG).messages[0]["contents"]["hero"]["action"]["label"] == label


@pytest.mark.parametrize(
    ("hour", "minute", "clock"),
    [(0, 5, "午前0時5分"), (9, 0, "午前9時"), (12, 30, "午後0時30分"), (17, 30, "午後5時30分")],
)
def test_the_time_of_day_is_said_as_the_city_says_it(hour: int, minute: int, clock: str) -> None:
    when = datetime(2026, 11, 24, hour, minute, tzinfo=JST)
    assert clock in render([article(style="emergency", date=when)], CONFIG).messages[0]["altText"]


def test_importing_the_renderer_imports_no_template_engine_and_no_sdk() -> None:
    code = "import sys, pipeline.message.render; sys.exit(any(name in sys.modules for name in ('jinja2', 'linebot', 'regex')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
