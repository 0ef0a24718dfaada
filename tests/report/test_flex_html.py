"""The renderer of Flex Messages: it escapes everything and says what it does not know."""

import copy
from typing import Any

import pytest

from pipeline.article import Picture
from pipeline.message.render import render
from pipeline.report.flex_html import Words, draw
from tests.message.message_examples import CONFIG, article

WORDS = Words(unknown="?{what}?", no_picture="[{alt}]", card="{number}/{total}", cards="{total}")
URL = "https://www.city.kadoma.osaka.jp/a.png"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"onload=\"alert(1)' onload='</template></style>"


def message(**changes: Any) -> dict[str, Any]:
    changes = {"picture": Picture(URL, width=800, height=600), "date": None} | changes
    return copy.deepcopy(render([article(**changes)], CONFIG).messages[0])


def body(found: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = found["contents"]["body"]
    return part


def test_everything_that_the_templates_use_is_drawn() -> None:
    for style in ("article", "emergency", "correction", "text"):
        shown = message(style=style, quoted_from="気象庁", updated=True, date=article().date)
        assert draw(shown, WORDS).warnings == ()


@pytest.mark.parametrize("field", ["title", "text", "label", "department", "quoted_from"])
def test_no_markup_of_an_article_becomes_markup_of_the_page(field: str) -> None:
    html = draw(message(**{field: HOSTILE + "。"}), WORDS).html  # a sentence: the lead of a page is one
    assert "<script" not in html
    assert "<img" not in html
    assert "onload='" not in html
    assert '"onload' not in html
    assert "&lt;" in html


def test_values_cannot_leave_their_attribute() -> None:
    broken = message()
    body(broken)["backgroundColor"] = "red' onload='alert(1)"
    body(broken)["contents"][0]["size"] = "1px;} body{display:none"
    broken["contents"]["hero"]["action"]["uri"] = "javascript:alert(1)"
    broken["contents"]["size"] = "giga'><script>"
    drawn = draw(broken, WORDS)
    for piece in ("onload", "display:none", 'href="javascript', "<script>"):
        assert piece not in str(drawn.html).replace("&#39;", "").replace("&lt;script&gt;", "") or piece == "onload"
    assert len(drawn.warnings) == 3


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"type": "video"}, "type: 'video'"),
        ({"offsetTop": "4px"}, "text.offsetTop"),
        ({"warp": True}, "text.warp"),
        ({"margin": "huge"}, "margin: 'huge'"),
        ({"color": "red"}, "color: 'red'"),
    ],
)
def test_what_it_does_not_know_is_a_warning(change: dict[str, Any], warning: str) -> None:
    unknown = message()
    body(unknown)["contents"][0].update(change)
    assert draw(unknown, WORDS).warnings == (warning,)


def test_an_unknown_component_is_seen_in_the_picture_itself() -> None:
    unknown = message()
    body(unknown)["contents"][0]["type"] = "<video>"
    assert '<p class="fx-warning">?type: &#39;&lt;video&gt;&#39;?</p>' in draw(unknown, WORDS).html


def test_a_picture_that_is_not_embedded_is_a_box_with_its_words() -> None:
    html = draw(message(), WORDS, {}, {URL: "れんこん<畑>"}).html
    assert "[れんこん&lt;畑&gt;]" in html
    assert "<img" not in html


def test_only_embedded_pictures_are_shown() -> None:
    assert "<img" in draw(message(), WORDS, {URL: "data:image/png;base64,AAAA"}).html
    assert "<img" not in draw(message(), WORDS, {URL: "https://elsewhere.example/x.png"}).html
    assert "<img" not in draw(message(), WORDS, {URL: "data:text/html;base64,AAAA"}).html


def test_every_card_of_a_carousel_says_which_it_is() -> None:
    rendered = render([article(1), article(2), article(3)], CONFIG).messages[0]
    html = draw(rendered, WORDS).html
    assert [f'aria-label="{number}/3"' in html for number in (1, 2, 3)] == [True] * 3
