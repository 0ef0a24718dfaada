"""What staff read on a telephone and on a desk: every issue as GitHub draws it, the board, the month and a trial run."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Watched, chromium
from tests.browser.office import pages
from tests.browser.test_preview_in_chromium import axe_violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return pages(tmp_path_factory.mktemp("office"))


@pytest.fixture
def browser() -> Browser:
    return chromium()


def test_every_kind_of_page_is_there(shown: dict[str, str]) -> None:
    kinds = {name.split(" ", 2)[-1] for name in shown if name.startswith("issue")}
    assert {"board", "waiting", "emergency-words", "unknown-broadcast", "source-failed"} <= kinds
    assert {"summary", "month", "month without anything", "month as an issue", "trial"} <= set(shown)


def test_axe_finds_nothing_and_no_telephone_is_too_narrow(
    shown: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    found: dict[str, object] = {}
    for scheme, names in (("light", list(shown)), ("dark", ["month"])):
        page = browser.new_page(viewport={"width": 390, "height": 800}, locale="ja-JP", color_scheme=scheme)  # type: ignore[arg-type]
        for name in names:
            file = tmp_path / "page.html"
            file.write_text(shown[name], encoding="utf-8")
            watched = Watched(page, file)
            width = page.evaluate("document.documentElement.scrollWidth")
            found[f"{name}, {scheme}"] = [*axe_violations(watched), *watched.alarms, *([width] if width > 390 else [])]
        page.close()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_card_has_one_line_a_line_in_an_issue_and_nothing_of_html_in_its_mail(shown: dict[str, str]) -> None:
    """GitHub keeps line breaks in issues: a break that is written twice is drawn twice, and a mail shows what is written."""
    [waiting] = [html for name, html in shown.items() if name.endswith("emergency-words")]
    quote = re.findall(r"<blockquote>.*?</blockquote>", waiting, re.DOTALL)[0]
    assert "<br" in quote
    assert not re.search(r"<br ?/?>\s*<br", quote)


def test_what_follows_a_table_of_an_issue_is_no_row_of_it(shown: dict[str, str]) -> None:
    """Markdown needs an empty line there; without one the next paragraph becomes a row with empty cells."""
    tables = [table for name, html in shown.items() if name.startswith("issue") for table in html.split("<table")[1:]]
    assert tables
    assert not [table for table in tables if re.search(r"<td[^>]*></td>", table.partition("</table>")[0])]


def test_tables_of_the_month_are_lists_on_a_telephone(shown: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    file = tmp_path / "month.html"
    file.write_text(shown["month"], encoding="utf-8")
    page.goto(file.as_uri())
    narrow = page.evaluate(
        "[...document.querySelectorAll('.list td')].every(cell => getComputedStyle(cell).display != 'table-cell')"
    )
    page.set_viewport_size({"width": 1000, "height": 800})
    assert narrow
    assert page.evaluate("getComputedStyle(document.querySelector('.list td')).display") == "table-cell"
    page.close()
