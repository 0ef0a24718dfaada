"""The templates themselves: a broken one is told with its place, and every text can be read."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.article import Item, Picture
from pipeline.message.card import theme
from pipeline.message.limits import violations
from pipeline.message.render import RenderError, render
from pipeline.report.gallery import gallery
from pipeline.templates import TEMPLATES, Kind, environment
from tests.message.message_examples import CONFIG, article

WITH_POLICY = replace(CONFIG, policy=replace(CONFIG.policy, url="/shisei/line.html"))
PICTURE = Picture("https://www.city.kadoma.osaka.jp/a.png", width=800, height=600)


def every_case() -> list[tuple[str, tuple[Item, ...]]]:
    cases = [(case.name, case.items) for case in gallery().cases]
    labels = [*theme(TEMPLATES)["colour"]["labels"], "よその市の分類", "観光"]
    for label in labels:
        cases.append((label, (article(label=label, picture=PICTURE, quoted_from="気象庁", updated=True),)))
    for style in ("emergency", "correction", "text"):
        cases.append(
            (style, (article(style=style, quoted_from="気象庁"), article(2, style=style), article(3), article(4)))
        )
    return cases


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


# Together these articles pass through every template.
EVERY_TEMPLATE: list[list[Item]] = [
    [article(updated=True, picture=PICTURE, quoted_from="気象庁")],
    [article(style="emergency")],
    [article(style="correction")],
    [article(style="text")],
    [article(number) for number in range(13)],
]


def complaint(templates: Path) -> str:
    """What is said about a broken template, "" when nothing is wrong with it."""
    try:
        for batch in EVERY_TEMPLATE:
            render(batch, WITH_POLICY, templates)
    except RenderError as error:
        return str(error)
    return ""


BROKEN = [
    ("_parts", '"wrap": true, "maxLines"', '"warp": true, "maxLines"', "templates/message, article: messages[0]"),
    ("_parts", '"wrap": true, "maxLines"', '"warp": true, "maxLines"', ".warp: property: found warp; allowed: "),
    ("_parts", '"type": "button"', '"type": "buton"', "component: found 'buton'; allowed: box, text"),
    ("_parts", '"paddingAll": "lg"', '"paddingAll": "large"', "value: found 'large'; allowed: none, xs"),
    ("emergency", '"weight": "bold"', '"weight": "fat"', "templates/message, emergency: messages[0].contents.header."),
    ("message", "の内容を更新しました。", "を更新しました。" * 300, "UTF-16 units: found 2,"),
    ("_bubble", "{{ size.bubble }}", "{{ size.bubbel }}", "message/_bubble.json.j2:7: "),
    ("_bubble", '"layout": "vertical",', '"layout": "vertical"', "message/article.json.j2: no valid JSON"),
    ("article", "{{ title(item.title) }}", "{{ title(item.title }}", "message/article.json.j2:15: unexpected '}'"),
    ("_parts", '"text": {{ words }}', '"text": "{{ words }}"', "no valid JSON"),
]


@pytest.mark.parametrize(("name", "good", "bad", "told"), BROKEN)
def test_a_broken_template_is_told_with_its_place(copied: Path, name: str, good: str, bad: str, told: str) -> None:
    path = copied / "message" / f"{name}.json.j2"
    source = path.read_text(encoding="utf-8")
    assert good in source
    path.write_text(source.replace(good, bad, 1), encoding="utf-8")
    assert told in complaint(copied)


@pytest.mark.parametrize("told", ["null", "7", "true", '"bubble"', "[1]", '[["type", 1]]'])
def test_a_template_that_says_something_else_than_an_object_is_told(copied: Path, told: str) -> None:
    (copied / "message" / "article.json.j2").write_text(told, encoding="utf-8")
    assert complaint(copied) == f"message/article.json.j2: no JSON object but {told}; correct the template"


def test_a_missing_template_is_told(copied: Path) -> None:
    (copied / "message" / "text.json.j2").unlink()
    with pytest.raises(RenderError, match=r"message/text\.json\.j2: no such template"):
        render([article(style="text")], CONFIG, copied)


def test_no_value_stands_in_quotes_in_a_template() -> None:
    for path in (TEMPLATES / "message").glob("*.json.j2"):
        assert not re.search(r'"\{\{|\}\}"', path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(("name", "batch"), every_case(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_template_is_within_the_limits(name: str, batch: tuple[Item, ...]) -> None:
    assert violations(render(batch, WITH_POLICY).messages) == []


def test_colours_and_letter_sizes_stand_in_the_theme_alone() -> None:
    for path in (TEMPLATES / "message").glob("*.json.j2"):
        assert not re.search(r'#[0-9A-Fa-f]{6}|"size": "(?!full")', path.read_text(encoding="utf-8")), path


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def letters(part: Mapping[str, Any], ground: str) -> Iterator[tuple[str, str, str]]:
    """Every text with its colour and the colour behind it."""
    ground = part.get("backgroundColor", ground)
    if part["type"] == "text":
        yield part["text"], part["color"], ground
    if part["type"] == "button":
        assert part["style"] == "primary"  # white letters on the button's colour
        yield part["action"]["label"], "#FFFFFF", part["color"]
    for child in part.get("contents", ()):
        yield from letters(child, ground)


def bubbles(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    contents = message["contents"]
    found: list[dict[str, Any]] = contents["contents"] if contents["type"] == "carousel" else [contents]
    return found


@pytest.mark.parametrize(("name", "batch"), every_case(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_text_stands_out_from_its_ground(name: str, batch: tuple[Item, ...]) -> None:
    checked = 0
    for message in render(batch, WITH_POLICY).messages:
        for bubble in bubbles(message):
            for block in ("header", "body", "footer"):
                for text, colour, ground in letters(bubble[block], "#FFFFFF"):
                    assert contrast(colour, ground) >= 4.5, (text, colour, ground)
                    checked += 1
    assert checked >= 4


def test_every_text_follows_the_size_that_the_reader_has_set() -> None:
    def parts(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield part
        for child in part.get("contents", ()):
            yield from parts(child)

    for _, batch in every_case():
        for message in render(batch, WITH_POLICY).messages:
            for bubble in bubbles(message):
                for block in ("header", "body", "footer"):
                    for part in parts(bubble[block]):
                        if part["type"] in ("text", "button"):
                            assert part["scaling"] is True
                            assert part.get("wrap") or part.get("adjustMode") or len(part["text"]) < 8


@pytest.mark.parametrize("kind", ["json", "html", "text"])
@pytest.mark.parametrize(
    "written",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ value.append('x') }}",
        "{{ self._TemplateReference__context }}",
    ],
)
def test_a_template_can_say_words_and_nothing_else(kind: Kind, written: str) -> None:
    import jinja2

    with pytest.raises((jinja2.exceptions.SecurityError, jinja2.exceptions.UndefinedError)):
        environment(kind).from_string(written).render(value=["a"])
