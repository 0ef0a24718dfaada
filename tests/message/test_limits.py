"""LINE's limits, and that the table of components is LINE's own."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.article import Picture
from pipeline.message import flex_schema, limits
from pipeline.message.limits import violations
from pipeline.message.render import render
from pipeline.message.roundtrip import through_sdk
from tests.message.message_examples import CONFIG, article

PICTURE = Picture("https://www.city.kadoma.osaka.jp/a.png", width=800, height=600)
Change = Callable[[dict[str, Any]], object]


def message(count: int = 1) -> dict[str, Any]:
    items = [article(number, picture=PICTURE, date=None) for number in range(count)]
    return copy.deepcopy(render(items, CONFIG).messages[0])


def test_a_good_message_has_no_violation() -> None:
    assert violations([message(), message(3)]) == []


def texts(found: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = found["contents"]["body"]["contents"][0]
    return part


def button(found: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = found["contents"]["footer"]["contents"][0]
    return part


SINGLE: list[tuple[Change, str, str]] = [
    (lambda m: texts(m).update(warp=True), "body.contents[0].warp", "property"),
    (lambda m: texts(m).update(type="txet"), "body.contents[0].type", "component"),
    (lambda m: texts(m).update(text=" "), "body.contents[0].text", "value"),
    (lambda m: texts(m).pop("text"), "body.contents[0].text", "text"),
    (lambda m: texts(m).update(size="huge"), "body.contents[0].size", "value"),
    (lambda m: texts(m).update(color="red"), "body.contents[0].color", "value"),
    (lambda m: texts(m).update(maxLines=True), "body.contents[0].maxLines", "value"),
    (lambda m: m["contents"]["body"].update(layout="diagonal"), "body.layout", "value"),
    (lambda m: m["contents"].update(hero={"type": "text", "text": "x"}), "hero.type", "component"),
    (lambda m: m["contents"]["hero"].update(url="http://a.jp/x.png"), "hero.url", "address of a picture"),
    (lambda m: m["contents"]["hero"].update(url="https://a.jp/" + "x" * 2000), "hero.url", "characters of the address"),
    (lambda m: m["contents"]["hero"].update(aspectRatio="100:301"), "hero.aspectRatio", "aspect ratio"),
    (lambda m: m["contents"]["hero"].update(aspectRatio="100001:100"), "hero.aspectRatio", "aspect ratio"),
    (lambda m: m["contents"]["styles"]["footer"].update(background="#000000"), "styles.footer.background", "property"),
    (lambda m: button(m)["action"].update(label="👨‍👩‍👧‍👦" * 41), "action.label", "grapheme clusters"),
    (
        lambda m: button(m)["action"].update(uri="https://a.jp/" + "x" * 10_000),
        "action.uri",
        "characters of the address",
    ),
    (lambda m: button(m)["action"].update(uri="https://a.jp/あ"), "action.uri", "characters of an address"),
    (lambda m: button(m)["action"].update(uri="javascript:alert(1)"), "action.uri", "scheme"),
    (lambda m: button(m)["action"].update(uri="https"), "action.uri", "scheme"),
    (lambda m: button(m)["action"].update(type="postback"), "action.type", "action"),
    (lambda m: button(m).pop("action"), "footer.contents[0]", "property"),
    (lambda m: m.update(altText="あ" * 1499 + "😀"), "messages[0].altText", "UTF-16 units"),
    (lambda m: m.update(altText=""), "messages[0].altText", "value"),
    (lambda m: m.pop("altText"), "messages[0]", "property"),
    (lambda m: m.update(quickreply={}), "messages[0].quickreply", "property"),
    (lambda m: texts(m).update(text="あ" * 5000), "messages[0].contents", "bytes of the bubble"),
]


@pytest.mark.parametrize(("change", "path", "rule"), SINGLE)
def test_each_violation_is_found_with_its_path(change: Change, path: str, rule: str) -> None:
    broken = message()
    change(broken)
    found = violations([broken])
    assert [(problem.path.endswith(path), problem.rule) for problem in found] == [(True, rule)], found


def test_forty_families_are_a_label_of_forty_characters() -> None:
    labelled = message()
    button(labelled)["action"]["label"] = "👨‍👩‍👧‍👦" * 40
    assert violations([labelled]) == []


CAROUSELS: list[tuple[Change, str]] = [
    (lambda m: m["contents"]["contents"].extend(m["contents"]["contents"] * 5), "number of bubbles"),
    (lambda m: m["contents"]["contents"][1].update(size="kilo"), "size of the bubbles"),
    (
        lambda m: [c["body"]["contents"][0].update(text="あ" * 4200) for c in m["contents"]["contents"]],
        "bytes of the carousel",
    ),
    (lambda m: m["contents"].update(contents=[]), "number of bubbles"),
    (lambda m: m["contents"]["contents"].append(None), "container"),
    (lambda m: m["contents"]["contents"].append("bubble"), "container"),
]


@pytest.mark.parametrize(("change", "rule"), CAROUSELS)
def test_a_carousel_has_limits_of_its_own(change: Change, rule: str) -> None:
    broken = message(3)
    change(broken)
    assert rule in {problem.rule for problem in violations([broken])}


WORDS = ("<>", "http://[", "bubble", "box", "text", "flex", "uri")
OTHERS: tuple[Any, ...] = (None, True, -1, 1.5, *WORDS, ["bubble"], [None], [[]], {"a": 1}, [{}])


def test_whatever_a_template_puts_anywhere_is_told_and_breaks_nothing() -> None:
    good = message() | {
        "quickReply": {"items": [{"type": "action", "action": {"type": "uri", "label": "市", "uri": "https://a.jp"}}]}
    }
    assert violations([good]) == []
    whole = [good]
    for place in list(places(whole)):
        here: Any = whole
        for step in place[:-1]:
            here = here[step]
        there = here[place[-1]]
        for other in OTHERS:
            is_alike = isinstance(other, str | bool | int) and type(there) is type(other)
            here[place[-1]] = other
            assert violations(whole) or is_alike, (place, other)
        here[place[-1]] = there


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to each part, part of a part, …"""
    for step, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (step,)
        yield from ((step, *rest) for rest in places(part))


def test_five_messages_are_the_most() -> None:
    assert violations([message()] * 5) == []
    assert [problem.rule for problem in violations([message()] * 6)] == ["number of messages"]
    assert [problem.rule for problem in violations([])] == ["number of messages"]


def test_bytes_are_counted_in_the_form_that_the_sdk_sends() -> None:
    assert limits.escaped_bytes({"text": "門真", "wrap": True}) == len('{"text": "\\u9580\\u771f", "wrap": true}')


@pytest.mark.parametrize("kind", flex_schema.COMPONENTS)
def test_the_properties_are_those_of_the_sdk(kind: str) -> None:
    import linebot.v3.messaging.models as sdk  # costs a second: not for processes that run other tests

    model = getattr(sdk, f"Flex{kind.capitalize()}")
    named = {field.alias for field in model.__fields__.values()}
    assert named - {"type"} == set(flex_schema.COMPONENTS[kind].properties)


def test_the_sdk_loses_a_typo_and_the_round_trip_tells() -> None:
    broken = message()
    texts(broken)["warp"] = True
    assert through_sdk([message()])[1] == []
    assert through_sdk([broken])[1] == ["messages[0].contents.body.contents[0].warp"]
