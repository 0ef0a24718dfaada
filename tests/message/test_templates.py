"""The templates themselves: a broken one is told with name and line, and every text can be read."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.article import Item, Picture
from pipeline.message.card import theme
from pipeline.message.limits import violations
from pipeline.message.render import RenderError, render
from pipeline.report.gallery import gallery
from pipeline.templates import TEMPLATES
from tests.message.message_examples import CONFIG, article

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


BROKEN = [
    ("article.json.j2", '"size": {{ size.bubble }}', '"sise": {{ size.bubble }}', "sise", "article.json.j2:6"),
    ("_parts.json.j2", '"wrap": true, "maxLines"', '"warp": true, "maxLines"', "warp", "_parts.json.j2"),
    ("_parts.json.j2", '"type": "button"', '"type": "buton"', "buton", "_parts.json.j2"),
    ("_footer.json.j2", '"paddingAll": "lg"', '"paddingAll": "large"', "large", "_footer.json.j2:6"),
    (
        "message.json.j2",
        "を市ホームページに掲載しました。",
        "を掲載しました。" * 300,
        "UTF-16 units",
        "message.json.j2",
    ),
    ("article.json.j2", "{{ size.bubble }}", "{{ size.bubbel }}", "bubbel", "article.json.j2:6"),
    ("article.json.j2", '"layout": "vertical",', '"layout": "vertical"', "JSON", "article.json.j2"),
    ("article.json.j2", "{% if item.lead %}", "{% if item.lead", "", "article.json.j2"),
    ("_parts.json.j2", '"text": {{ words }}', '"text": "{{ words }}"', "JSON", "_parts.json.j2"),
]


@pytest.mark.parametrize(("name", "good", "bad", "what", "where"), BROKEN)
def test_a_broken_template_is_told_with_name_and_line(
    copied: Path, name: str, good: str, bad: str, what: str, where: str
) -> None:
    path = copied / "message" / name
    source = path.read_text(encoding="utf-8")
    assert good in source
    path.write_text(source.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(RenderError) as error:
        render([article(picture=PICTURE)], CONFIG, copied)
    line = "" if ":" in where else r":\d+"
    assert re.match(f"message/{re.escape(where)}{line}: ", str(error.value))
    assert what in str(error.value)


def test_the_line_told_is_the_line_of_the_typo(copied: Path) -> None:
    path = copied / "message" / "message.json.j2"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "の内容を更新しました" in line)
    lines[number - 1] = lines[number - 1].replace("altText", "alttext")
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RenderError, match=rf"^message/message\.json\.j2:{number}: .*alttext"):
        render([article(updated=True)], CONFIG, copied)


def test_a_missing_template_is_told(copied: Path) -> None:
    (copied / "message" / "text.json.j2").unlink()
    with pytest.raises(RenderError, match=r"message/text\.json\.j2: no such template"):
        render([article(style="text")], CONFIG, copied)


def test_no_value_stands_in_quotes_in_a_template() -> None:
    for path in (TEMPLATES / "message").glob("*.json.j2"):
        assert not re.search(r'"\{\{|\}\}"', path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(("name", "batch"), every_case(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_template_is_within_the_limits(name: str, batch: tuple[Item, ...]) -> None:
    assert violations(render(batch, CONFIG).messages) == []


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
    for message in render(batch, CONFIG).messages:
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
        for message in render(batch, CONFIG).messages:
            for bubble in bubbles(message):
                for block in ("header", "body", "footer"):
                    for part in parts(bubble[block]):
                        if part["type"] in ("text", "button"):
                            assert part["scaling"] is True
                            assert part.get("wrap") or part.get("adjustMode") or len(part["text"]) < 8
