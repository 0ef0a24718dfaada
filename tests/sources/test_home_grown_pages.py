"""A page that no system wrote is read like any other."""

import pytest

from pipeline.article import Page
from pipeline.sources import article_page
from pipeline.sources.answer import Fetched
from tests.sources.home_grown_pages import BODY, CONTACTS, DATE, DATES, LAYOUTS, LOGO, TEXT, TITLE, WAYS, article, page

URL = "https://www.city.example/kurashi/suido/12345.html"


def read(body: str) -> Page:
    return article_page.read(Fetched(URL, URL, 200, body.encode(), "text/html; charset=utf-8"), ("www.city.example",))


@pytest.mark.parametrize(
    "body",
    [*LAYOUTS.values(), *DATES.values(), *(article(DATE, contact) for contact in CONTACTS.values())],
    ids=[*LAYOUTS, *DATES, *CONTACTS],
)
def test_the_same_article_reads_the_same_in_every_shape(body: str) -> None:
    found = read(body)
    assert found.title == TITLE
    assert found.text.split("\n") == list(TEXT)
    assert str(found.date)[:10] == "2026-11-24"
    assert "".join(found.department.split()) == "水道部水道課"
    assert found.tel == "06-0000-1111"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_way_is_found_by_where_it_begins_and_ends(way: str) -> None:
    found = read(page(f"{LOGO}{way}<div><h1>{TITLE}</h1>{BODY}</div>"))
    assert found.breadcrumb == ("トップページ", "くらし", TITLE)
    assert found.text.split("\n") == list(TEXT)


def test_a_department_in_the_middle_of_an_article_is_read_and_stays_there() -> None:
    terms = "<dl><dt>日時</dt><dd>11月28日</dd><dt>問い合わせ</dt><dd>水道部 水道課　電話06-0000-1111</dd></dl><p>お待ちしています。</p>"
    found = read(article(DATE, "", f"<p>説明会を開きます。</p>{terms}"))
    assert (found.department, found.tel) == ("水道部 水道課", "06-0000-1111")
    assert "水道部 水道課" in found.text


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("<p>門真小学校 06-0000-0001</p><p>四宮小学校 06-0000-0002</p>", True),
        ("<h3>避難所</h3><p>南部市民センター 06-0000-0001</p><p>保健福祉センター 06-0000-0002</p>", True),
        ("<p>持ち物：水</p><p>問合せ：水道課（06-0000-1111）</p><p>持ち物：筆記用具</p>", True),
        ("<p>申込み</p><p>電話 06-0000-1111</p>", True),
        ("<h2>お問い合わせ</h2><p>水道部 水道課</p><p>電話：06-0000-1111</p><p>携帯：090-0000-0000</p>", False),
    ],
)
def test_what_is_taken_out_as_a_contact_is_kept_beside_the_text_and_lists_of_places_stay_in_it(
    end: str, kept: bool
) -> None:
    found = read(article(DATE, end))
    last = end.rpartition("<p>")[2].removesuffix("</p>")
    assert (last in found.text) is kept
    assert (last in found.contact) is not kept


@pytest.mark.parametrize(
    "end",
    [
        "会場は市民プラザです。電話 06-0000-1111",
        "申込み：当日会場で",
        "※雨天中止",
        "対象：市内にお住まいの方",
        "主催：みどり市文化協会",
    ],
)
def test_what_only_looks_a_little_like_a_contact_stays_in_the_article(end: str) -> None:
    assert read(article(DATE, f"<p>{end}</p>")).text.endswith(end)


def test_the_day_of_an_event_is_no_date_of_the_page() -> None:
    assert read(article("<p>2026年11月28日（土）13時から</p>")).date is None
    assert read(article("<p>日時：2026年11月28日</p>")).date is None
    assert read(article("<table><tr><td>開催日</td><td>2026年11月28日</td></tr></table>")).date is None
