"""The preview and the gallery in a real browser."""

import itertools
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.message.render import render
from pipeline.report.gallery import gallery_page
from pipeline.report.preview import PreviewMessage, PreviewRow, preview_page
from tests.browser.chromium import Watched, opened
from tests.message.message_examples import CONFIG, article

pytestmark = pytest.mark.browser

HOSTILE = [
    "<script>alert(1)</script>",
    '"onload="alert(1)" x="',
    "</template></style></title><img src=x onerror=alert(1)>",
    "'-alert(1)-'{{7*7}}{% raw %}",
    'javascript:alert(1)//"autofocus onfocus=alert(1) ',
    "</script><svg onload=alert(1)>",
]


def preview(*titles: str) -> str:
    rendered = render(
        [article(number, title=title, text=title, label=title) for number, title in enumerate(titles)], CONFIG
    )
    shown = PreviewMessage(titles[0], rendered.messages, titles[0], "send", titles[0], titles[0])
    rows = [
        PreviewRow(title, "https://www.city.kadoma.osaka.jp/1.html", "hold", title, title, title) for title in titles
    ]
    rows += [
        PreviewRow("x", title, decision, "理由", "第7条")
        for title in titles
        for decision in ("skip", "review", "baseline")
    ]
    return preview_page(titles[0], [shown], rows, titles, city="門真市")


@pytest.fixture(scope="module")
def opened_gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with opened(gallery_page(CONFIG), tmp_path_factory.mktemp("gallery")) as watched:
        yield watched


@pytest.fixture
def gallery(opened_gallery: Watched) -> Watched:
    """The gallery as it is at first, opened once for whoever only looks at it, or at other sizes of it."""
    opened_gallery.page.set_viewport_size({"width": 1200, "height": 1000})
    opened_gallery.choose("scale-m")
    return opened_gallery


def axe_violations(watched: Watched) -> list[str]:
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    watched.page.evaluate(script)
    found = watched.page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        json.dumps([rule["id"], [node["html"] for node in rule["nodes"]][:3]], ensure_ascii=False)
        for rule in found["violations"]
    ]


def test_axe_finds_nothing_in_the_preview(tmp_path: Path) -> None:
    with opened(preview("年末年始のごみ収集", "給付金"), tmp_path) as watched:
        watched.page.click("summary")
        for switches in ((), ("dark", "scale-xl"), ("light", "unfolded", "scale-l")):
            watched.choose(*switches)
            assert (switches, axe_violations(watched)) == (switches, [])
        assert watched.alarms == []


def test_axe_finds_nothing_in_the_gallery(gallery: Watched) -> None:
    assert axe_violations(gallery) == []
    assert gallery.alarms == []


def test_axe_would_find_something(tmp_path: Path) -> None:
    html = preview("給付金").replace('<html lang="ja">', "<html>")
    with opened(html, tmp_path) as watched:
        assert [json.loads(found)[0] for found in axe_violations(watched)] == ["html-has-lang"]


def test_hostile_titles_run_nothing(tmp_path: Path) -> None:
    with opened(preview(*HOSTILE), tmp_path) as watched:
        assert watched.page.title() == HOSTILE[0]
        assert watched.page.locator("script").count() == 1
        assert watched.page.locator("a[href^=javascript]").count() == 0
        watched.page.wait_for_timeout(200)
        assert watched.alarms == []


def test_the_policy_of_the_page_stops_what_slips_through(tmp_path: Path) -> None:
    slipped = "<script>alert(1)</script><img src='https://elsewhere.invalid/a.png' onerror='alert(2)'>"
    html = preview("給付金").replace("</main>", f"{slipped}</main>")
    with opened(html, tmp_path) as watched:
        watched.page.wait_for_timeout(200)
        assert not [alarm for alarm in watched.alarms if alarm.startswith("dialog")]
        assert [alarm for alarm in watched.alarms if alarm.startswith("stopped")] == ["stopped csp"]
        assert any("Content Security Policy" in alarm for alarm in watched.alarms)


def test_the_json_is_copied(tmp_path: Path) -> None:
    with opened(preview("給付金"), tmp_path) as watched:
        watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        watched.page.click("summary")
        watched.page.click("button.copy")
        watched.page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
        copied = json.loads(watched.page.evaluate("navigator.clipboard.readText()"))
        assert (
            copied
            == render([article(0, title="給付金", text="給付金", label="給付金")], CONFIG).messages[0]["contents"]
        )


def test_everything_can_be_reached_by_keyboard(tmp_path: Path) -> None:
    with opened(preview("給付金", "年末"), tmp_path) as watched:
        reached = []
        for _ in range(30):
            watched.page.keyboard.press("Tab")
            reached.append(
                watched.page.evaluate(
                    "document.activeElement.id || document.activeElement.tagName + '.' + document.activeElement.className"
                )
            )
        assert {"scale-m", "light", "folded", "DIV.fx-scroll", "SUMMARY.", "A."} <= set(reached)
        watched.page.focus("#scale-m")
        watched.page.keyboard.press("ArrowRight")
        assert watched.page.is_checked("#scale-l")


UNBROKEN = "https://www.city.kadoma.osaka.jp/" + "kurashi" * 30 + ".html"


@pytest.mark.parametrize("width", [320, 390, 430])
def test_no_telephone_is_too_narrow_for_what_waits(tmp_path: Path, width: int) -> None:
    with opened(preview("給付金", UNBROKEN, "年末年始のごみ収集"), tmp_path, width) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


def test_cards_are_drawn_as_line_draws_them(gallery: Watched) -> None:
    rows = gallery.page.evaluate(
        """() => [...document.querySelectorAll('.fx-scroll')].map(row => [...row.querySelectorAll('.fx-bubble')].map(card =>
             [card, card.querySelector('.fx-footer')].map(part => part.getBoundingClientRect().height)))"""
    )
    assert max(len(row) for row in rows) == 12
    for row in rows:
        heights = {round(card) for card, _ in row}
        assert len(heights) == 1, "all cards of a row are as high as the highest"
        assert max(footer / card for card, footer in row) <= 0.2, "small print is small"
    radius = gallery.page.evaluate("getComputedStyle(document.querySelector('.fx-giga')).borderTopLeftRadius")
    assert radius == "5px"
    leading = gallery.page.evaluate(
        """() => [...document.querySelectorAll('.fx-giga .fx-text[style*="line-height:calc"]')].map(text => {
             const style = getComputedStyle(text), spacing = parseFloat(text.style.lineHeight.match(/\\+ ([\\d.]+)px/)[1]);
             const lines = Math.round(text.getBoundingClientRect().height / parseFloat(style.lineHeight));
             const room = parseFloat(style.marginBottom) + text.getBoundingClientRect().height - spacing / 2;
             return Math.abs(room - (lines * 1.4 * parseFloat(style.fontSize) + (lines - 1) * spacing));
           })"""
    )
    assert len(leading) > 10
    assert max(leading) < 0.1, "line spacing is between lines alone"


def test_a_tap_anywhere_on_a_card_opens_its_page(gallery: Watched) -> None:
    opened_by = gallery.page.evaluate(
        """() => [...document.querySelectorAll('.fx-bubble:has(.fx-cover)')].slice(0, 12).map(card => {
             const title = [...card.querySelectorAll('.fx-body .fx-text')].find(text => text.offsetParent);
             title.scrollIntoView({ block: 'center' });
             const at = title.getBoundingClientRect();
             const hit = document.elementFromPoint(at.left + 5, at.top + 5);
             return [hit.closest('a')?.href, card.querySelector('.fx-button a').href];
           })"""
    )
    assert len(opened_by) == 12
    assert all(hit == page for hit, page in opened_by)
    assert gallery.page.locator('a[href^="tel:"]').count() > 10


OUTSIDE = """() => {
  const wrong = [], range = new Range();
  for (const text of document.querySelectorAll('.fx-text, .fx-label')) {
    const box = text.getBoundingClientRect(), card = text.closest('.fx-bubble').getBoundingClientRect();
    if (box.left < card.left - 1 || box.right > card.right + 1 || box.bottom > card.bottom + 1) wrong.push('outside: ' + text.textContent);
    range.selectNodeContents(text);  // the letters themselves: scrollWidth is rounded, and a half pixel is an ellipsis
    if (text.classList.contains('fx-one-line') && range.getBoundingClientRect().width > box.width) wrong.push('cut: ' + text.textContent);
  }
  for (const box of document.querySelectorAll('.fx-box')) {
    const parts = [...box.children].map(part => part.getBoundingClientRect());
    for (let i = 1; i < parts.length; i++)
      if (box.classList.contains('fx-vertical') ? parts[i].top < parts[i-1].bottom - 1 : parts[i].left < parts[i-1].right - 1)
        wrong.push('overlap: ' + box.children[i].textContent);
  }
  return wrong;
}"""


def test_nothing_overlaps_or_is_cut_at_any_size(gallery: Watched) -> None:
    wrong = {}
    for width, scale in itertools.product((360, 1200), ("scale-m", "scale-l", "scale-xl")):
        gallery.page.set_viewport_size({"width": width, "height": 1000})
        gallery.choose(scale)
        too_wide = max(0, gallery.page.evaluate("document.documentElement.scrollWidth") - width)
        wrong[width, scale] = (gallery.page.evaluate(OUTSIDE), too_wide)
    assert wrong == dict.fromkeys(wrong, ([], 0))
