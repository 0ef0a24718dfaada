"""Another city's list and pages, byte for byte, through the real console script: what its residents get."""

from datetime import timedelta

from pipeline.report.flex_text import cards
from tests.sources.home_grown_pages import LAYOUTS
from tests.sources.home_grown_pages import TITLE as HOME_GROWN_TITLE
from tests.sources.municipal_pages import PAGES, TITLE
from tests.sources.test_systems import NOBODY
from tests.town import Town

SOURCES = """[[site.sources]]
kind = "feed"
url = "/rss/rss.xml"

[[site.sources]]
kind = "html"
url = "/oshirase/"
select = { item = "li", link = "a", date = ".hi" }

[line]
"""
CHANGES = (
    ("[line]\n", SOURCES),
    ("burst_limit = 12 ", "burst_limit = 99 "),
)
OLD = "<item><title>以前のお知らせ</title><link>/mukashi/1.html</link><pubDate>Tue, 24 Mar 2026 09:00:00 +0900</pubDate></item>"
OLD_ROW = "<li><span class=hi>令和8年3月24日</span><a href=/mukashi/2.html>以前の行事</a></li>"


def put_lists(town: Town, items: str = "", rows: str = "") -> None:
    feed = f"<?xml version='1.0' encoding='EUC-JP'?><rss version='2.0'><channel><title>新着</title>{items}{OLD}</channel></rss>"
    town.city.put("/rss/rss.xml", feed.encode("euc_jp"), "application/xml")
    town.city.put("/oshirase/", f"<meta charset=Shift_JIS><ul>{rows}{OLD_ROW}</ul>".encode("cp932"), "text/html")


def test_an_article_of_any_system_is_announced_with_its_title_first_sentence_day_and_department(town: Town) -> None:
    town.configure(*CHANGES)
    put_lists(town)
    town.with_baseline()
    town.now += timedelta(hours=2)
    items = rows = ""
    expected = {}
    for number, (name, body) in enumerate([*PAGES.items(), *LAYOUTS.items()]):
        path, title = f"/kurashi/suido/{70000 + number}.html", f"断水のお知らせ第{number}号"
        page = (
            body.replace(TITLE, title)
            .replace(HOME_GROWN_TITLE, title)
            .replace("https://www.city.example", town.city.url)
        )
        page = (
            page.replace("11月20日", "11月24日")
            .replace("2026-11-20", "2026-11-24")
            .replace(">20</span>日", ">24</span>日")
        )
        town.city.put(path, page.encode(), "text/html")
        if number % 2:
            items += (
                f"<item><title>{title}</title><link>{path}</link><pubDate>Tue, 24 Nov 2026 09:00 JST</pubDate></item>"
            )
        else:
            rows += f"<li><span class=hi>令和8年11月24日</span><a href={path}>{title}</a></li>"
        expected[title] = "" if name in NOBODY else "水道部水道課"
    put_lists(town, items, rows)
    town.run(code=0)
    shown = [card for sent in town.line.accepted for message in sent.messages for card in cards(message)]
    for title, department in expected.items():
        (card,) = (card for card in shown if title in card)
        text = "".join("".join(card).split())
        assert "市では、古くなった水道管を入れ替えます。" in text
        assert "11月24日" in text
        assert department in text
