"""What a resident can do with a card: tap it, call, count, read the hour; and what an emergency offers."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.article import Item, Page, Picture
from pipeline.characters import graphemes
from pipeline.config import ConfigError, QuickReply, load
from pipeline.decision import Shows
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.message.item import item_of
from pipeline.message.limits import violations
from pipeline.message.plain import plain
from pipeline.message.render import is_silent, render
from pipeline.message.roundtrip import through_sdk
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.doubles import line_rules
from tests.message.message_examples import CONFIG, article
from tests.town import TUESDAY, Town

PICTURE = Picture("https://www.city.kadoma.osaka.jp/a.png", width=800, height=600)
REPLIES = (QuickReply("避難所", "/kurashi/hinanjo.html"), QuickReply("防災マップ", "https://map.example.jp/防災"))
WITH_REPLIES = replace(CONFIG, line=replace(CONFIG.line, quick_replies=REPLIES))
WITH_POLICY = replace(CONFIG, policy=replace(CONFIG.policy, url="/shisei/line.html"))


def bubbles(*items: Item, config: Any = CONFIG) -> list[dict[str, Any]]:
    contents = [message["contents"] for message in render(items, config).messages]
    return [bubble for one in contents for bubble in one.get("contents", [one])]


def parts(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, Mapping):
        yield part
        for child in part.values():
            yield from parts(child)
    elif isinstance(part, list):
        for child in part:
            yield from parts(child)


def actions(bubble: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part["action"] for part in parts(bubble) if "action" in part]


@pytest.mark.parametrize("style", ["article", "emergency", "correction", "text"])
@pytest.mark.parametrize("title", ["ごみの日", "「春」の会", "長" * 300, "👨‍👩‍👧‍👦" * 60])
def test_the_whole_card_opens_the_page_and_says_which(style: Any, title: str) -> None:
    for bubble in bubbles(article(style=style, title=title), article(2, title=title), article(3, title=title)):
        button = next(part["action"] for part in parts(bubble) if part.get("type") == "button")
        assert bubble["action"]["uri"] == button["uri"]
        assert title[:1] in bubble["action"]["label"]
        assert bubble["action"]["label"].endswith("をくわしく見る")
        assert graphemes(bubble["action"]["label"]) <= 40


def test_a_card_without_a_page_opens_nothing() -> None:
    (bubble,) = bubbles(article(style="text", url=""))
    assert actions(bubble) == []


def test_the_departments_telephone_is_shown_and_calls() -> None:
    for bubble in bubbles(article(tel="06-6902-1231"), article(2, tel="06-6902-1231")):
        assert [one["uri"] for one in actions(bubble) if one["uri"].startswith("tel:")] == ["tel:0669021231"]
        assert "06-6902-1231" in [part.get("text") for part in parts(bubble)]


@pytest.mark.parametrize("tel", ["", "06-6902-1231;ext=1", "０６", "tel:1", "110\n", "かけない"])
def test_what_is_no_telephone_number_calls_nobody(tel: str) -> None:
    (bubble,) = bubbles(article(tel=tel))
    assert not [one for one in actions(bubble) if one["uri"].startswith("tel:")]


def test_a_row_counts_its_cards_and_a_single_card_does_not() -> None:
    def counted(count: int) -> list[str]:
        found = (part.get("text", "") for bubble in bubbles(*map(article, range(count))) for part in parts(bubble))
        return [text for text in found if "/" in text]

    assert counted(12) == [f"{number}/12" for number in range(1, 13)]
    assert counted(1) == []
    assert counted(13) == [f"{number}/7" for _ in range(2) for number in range(1, 8)], "the link to the list is a card"


def test_in_a_row_all_cards_have_a_picture_or_none_has() -> None:
    def pictured(*items: Item) -> list[bool]:
        return ["hero" in bubble for bubble in bubbles(*items)]

    assert pictured(article(1, picture=PICTURE), article(2)) == [False, False]
    assert pictured(article(1, picture=PICTURE), article(2, picture=PICTURE)) == [True, True]
    assert pictured(article(1, picture=PICTURE), article(2, style="correction", picture=PICTURE)) == [False, False]
    assert pictured(article(1, picture=PICTURE)) == [True]


def test_a_row_links_the_policy_once_and_every_card_names_one_contact() -> None:
    shown = bubbles(*map(article, range(5)), config=WITH_POLICY)
    links = [[one for one in actions(bubble) if one["uri"].endswith("/shisei/line.html")] for bubble in shown]
    assert [len(found) for found in links] == [0, 0, 0, 0, 1]
    for bubble in shown:
        words = json.dumps(bubble, ensure_ascii=False)
        assert (words.count("問合先："), words.count("アカウント運営："), words.count("©門真市")) == (1, 0, 1)


def test_the_emergencys_day_and_hour_never_break() -> None:
    for count in (1, 4):
        for bubble in bubbles(*(article(number, style="emergency") for number in range(count))):
            header = [part for part in parts(bubble["header"]) if part.get("type") == "text"]
            dated = [part for part in header if "日" in part["text"] or "時" in part["text"]]
            assert [part["text"] for part in dated] == ["11月24日（火）", "午前9時5分 発表"]
            assert all("wrap" not in part and part["adjustMode"] == "shrink-to-fit" for part in dated)


class TestQuickReplies:
    def test_an_emergency_offers_the_configured_pages_below_its_last_message(self) -> None:
        messages = render([article(1), article(2, style="emergency")], WITH_REPLIES).messages
        assert ["quickReply" in message for message in messages] == [False, True]
        found = [item["action"] for item in messages[-1]["quickReply"]["items"]]
        assert found == [
            {"type": "uri", "label": "避難所", "uri": f"{CONFIG.site.url}/kurashi/hinanjo.html"},
            {"type": "uri", "label": "防災マップ", "uri": "https://map.example.jp/%E9%98%B2%E7%81%BD"},
        ]
        assert violations(messages) == []
        assert through_sdk(messages)[1] == []
        assert line_rules.check({"messages": list(messages)}) is None

    def test_nothing_else_offers_them(self) -> None:
        others = [article(1), article(2, style="correction"), article(3, style="text")]
        assert not any("quickReply" in message for message in render(others, WITH_REPLIES).messages)
        assert "quickReply" not in render([article(style="emergency")], CONFIG).messages[0]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda reply: reply["items"].clear(),
            lambda reply: reply["items"].extend(reply["items"] * 7),
            lambda reply: reply["items"][0]["action"].update(label="長" * 21),
            lambda reply: reply["items"][0]["action"].pop("label"),
            lambda reply: reply["items"][0]["action"].update(uri="javascript:alert(1)"),
            lambda reply: reply["items"][0]["action"].update(type="massage"),
            lambda reply: reply["items"][0].update(type="button"),
        ],
    )
    def test_what_line_would_refuse_both_witnesses_refuse(self, spoil: Callable[[dict[str, Any]], None]) -> None:
        message = copy.deepcopy(render([article(style="emergency")], WITH_REPLIES).messages[0])
        spoil(message["quickReply"])
        assert violations([message])
        assert line_rules.check({"messages": [message]})

    @pytest.mark.parametrize(
        ("toml", "key"),
        [
            ('[[line.quick_replies]]\nlabel = ""\nurl = "/a"', "line.quick_replies[0].label"),
            ('[[line.quick_replies]]\nlabel = "' + "長" * 21 + '"\nurl = "/a"', "line.quick_replies[0].label"),
            ('[[line.quick_replies]]\nlabel = "避難所"\nurl = "http://a.jp/"', "line.quick_replies[0].url"),
            ('[[line.quick_replies]]\nlabel = "避難所"\nurl = "//a.jp/"', "line.quick_replies[0].url"),
            ('[[line.quick_replies]]\nlabel = "避難所"\nurl = "javascript:alert(1)"', "line.quick_replies[0].url"),
            ('[[line.quick_replies]]\nlabel = "避難所"\nurl = "/a b"', "line.quick_replies[0].url"),
            ('[[line.quick_replies]]\nlabel = "避難所"\nurl = "/a"\n' * 14, "line.quick_replies"),
            ('silent = ["emergency"]', "line.silent"),
        ],
    )
    def test_a_mistake_in_the_configuration_is_told_by_its_key(self, tmp_path: Path, toml: str, key: str) -> None:
        text = Path("tests/kadoma.toml").read_text(encoding="utf-8").replace("[policy]\n", f"{toml}\n[policy]\n", 1)
        (tmp_path / "kadoma.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as told:
            load(tmp_path / "kadoma.toml")
        assert key in str(told.value)


@pytest.mark.parametrize(
    ("silent", "items", "expected"),
    [
        (("update",), [article(updated=True)], True),
        (("update",), [article(updated=True), article(2)], False),
        (("correction",), [article(style="correction")], True),
        (("correction",), [article(style="correction"), article(2, updated=True)], False),
        (("correction", "update"), [article(style="correction"), article(2, updated=True)], True),
        (("correction", "update"), [article(style="emergency", updated=True)], False),
        ((), [article(updated=True)], False),
        (("update",), [], False),
    ],
)
def test_only_what_the_city_named_comes_without_sound(silent: Any, items: list[Item], expected: bool) -> None:
    assert is_silent(items, replace(CONFIG, line=replace(CONFIG.line, silent=silent))) is expected


PAGE = Page(f"{CONFIG.site.url}/1.html", f"{CONFIG.site.url}/1.html", "避難指示", text="本文", department="危機管理課", tel="06-1-2")  # fmt: skip


@pytest.mark.parametrize(("shows", "title"), [("title", "避難指示"), ("neutral", "緊急のお知らせがあります")])
def test_an_emergency_with_a_doubt_shows_no_word_that_is_doubted(shows: Shows, title: str) -> None:
    known = Known("1" * 12, PAGE.url, "一覧の題名", "/kinkyu/", TUESDAY, "queued", emergency=True)
    item = item_of(known, PAGE, CONFIG, Knowledge(), shows)
    (message,) = render([item], CONFIG).messages
    words = json.dumps(message, ensure_ascii=False)
    assert title in words
    assert PAGE.url in words
    for doubted in ("本文", "危機管理課", "一覧の題名", *(["避難指示"] if shows == "neutral" else [])):
        assert doubted not in words
    assert "市ホームページでご確認ください" in words
    assert plain([item])[0][0]["text"] == f"{title}\n{PAGE.url}"


def test_a_town_sends_quick_replies_with_its_emergency_and_a_correction_without_sound(town: Town) -> None:
    reply = '[[line.quick_replies]]\nlabel = "避難所"\nurl = "/hinanjo.html"\n\n[policy]\n'
    town.with_emergency_source(("[policy]\n", f'silent = ["correction"]\n{reply}'))
    town.with_baseline()
    town.city.emergency(EMERGENCY, town.now)
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.run(code=0)
    article_id = next(event["article"] for event in town.events() if event["type"] == "found" and event["title"] == ARTICLES[20].title)  # fmt: skip
    town.now += timedelta(minutes=20)
    town.call("post", "--title", "訂正", "--text", "正しくは12日です。", "--basis", "8(4)", "--correction-of", article_id, "--actor", "miryoku", code=0)  # fmt: skip
    town.now += timedelta(minutes=1)
    town.run(code=0)
    sent = town.line.accepted
    assert [json.loads(one.body)["notificationDisabled"] for one in sent] == [False, False, True]
    assert ["quickReply" in one.messages[-1] for one in sent] == [True, False, False]
    assert town.line.violations == []
