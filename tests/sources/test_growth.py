"""What a site or a form can send takes time in proportion to its size: twice as much takes about twice as long, never four times."""

import contextlib
import json
import time
from collections.abc import Callable

import pytest

from pipeline.article import identity
from pipeline.config import Selectors
from pipeline.masking import masked
from pipeline.policy.content import quotes
from pipeline.reply import read
from pipeline.sources import article_page, feed, html_list, smart_cms
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.charset import decode
from pipeline.sources.dates import has_odd_zone, read_date
from pipeline.sources.urls import canonical

HOSTS = ("www.city.example",)
PAGE = "https://www.city.example/list"
SELECT = Selectors(item="li", link="a", date=".date")
ALLOWED = 3.0  # times as long for twice as much; a square gives 4, and the smallest of three measurements hardly errs


def answer(body: str | bytes) -> Fetched:
    return Fetched(PAGE, PAGE, 200, body if isinstance(body, bytes) else body.encode())


def rss(inside: str) -> Fetched:
    return answer(
        f"<rss version='2.0'><channel><item><title>x</title><link>/1.html</link>{inside}</item></channel></rss>"
    )


def read_feed(inside: str) -> object:
    return feed.read(rss(inside), HOSTS)


def read_html(body: str) -> object:
    return html_list.read(answer(body), HOSTS, SELECT, emergency=True)


def read_rows(title: str, n: int) -> object:
    return smart_cms.read(
        answer(json.dumps([{"url": "/1.html", "page_name": title, "publish_datetime": title}] * n)), HOSTS
    )


def read_page(body: str) -> object:
    return article_page.read(answer(body), HOSTS)


CASES: dict[str, tuple[Callable[[int], object], int]] = {
    "CDATA without end": (lambda n: read_feed("<![CDATA[" * n), 20_000),
    "CDATA": (lambda n: read_feed("<![CDATA[&]]>" * n), 5_000),
    "ampersands": (lambda n: read_feed("<description>" + "&a&#;&amp" * n + "</description>"), 4_000),
    "a feed's title of blanks": (lambda n: read_feed(f"<title>{' ' * n}&lt;a</title>"), 200_000),
    "half tags": (lambda n: read_feed("<title>" + "&lt;a" * n + "</title>"), 10_000),
    "a feed's items": (lambda n: feed.read(rss("</item><item><title>x</title><link>/1.html</link>" * n), HOSTS), 300),
    "blanks in titles": (lambda n: read_rows(" " * 4_000, n), 200),
    "marks on a letter": (lambda n: read_rows("か" + "\u3099" * 4_000, n), 20),
    "a title of blanks": (lambda n: read_html(f"<title>{' ' * n}x</title><h1>{' ' * n}y</h1><li><a href=1>{' ' * n}z"), 100_000),
    "list items in list items": (lambda n: read_html("<li>" * n + "x"), 30),
    "tags in tags": (lambda n: read_html("<li><a href=1.html>x</a>" + "<b><i>" * n), 50),
    "headings without end": (lambda n: html_list.read(answer("<h2>a<h2>" * n), HOSTS, Selectors(item="h2"), emergency=True), 40),
    "a page's title of blanks": (lambda n: read_page(f"<title>{' ' * n}／門真市</title><h1></h1><p>{' ' * n}"), 30_000),
    "a page's long tables": (lambda n: read_page("<h1>x</h1><main>" + "<table><tr><td>1<td>2</table>" * n), 60),
    "an address of dots": (lambda n: canonical("https://www.city.example/" + "a/../" * n), 20_000),
    "an address of folders": (lambda n: identity("https://www.city.example/" + "a//" * n + "?" + "v=1&" * n), 50_000),
    "a host of dots": (lambda n: _refused("https://" + "a." * n + "1!/x"), 50_000),
    "escapes": (lambda n: canonical("https://www.city.example/?" + "%e3%zz;" * n), 3_000),
    "a date of digits": (lambda n: [read_date("1 Jan " * 200 + "2026-") for _ in range(n)], 20),
    "zones": (lambda n: [has_odd_zone("2026-06-13T10:00:00" + "+99:99" * n)], 100_000),
    "halves of emoji": (lambda n: decode(b"&#55357;" * n), 10_000),
    "escape sequences": (lambda n: decode(b"\x1b$B" * n + b"\xff"), 50_000),
    "a form's blank lines": (lambda n: quotes("\n" * n), 60_000),
    "brackets that nobody closes": (lambda n: quotes("「あ" * n), 60_000),
    "brackets": (lambda n: quotes("「あ" * n + "」" * n), 30_000),
    "logins in addresses": (lambda n: masked("://" * n + "a" * n + "@"), 60_000),
    "a reply of addresses": (lambda n: read("a@" * 990 + ("\n" + "a@" * 990) * n), 8),
    "vendor characters": (lambda n: decode(b"\xad\xa1" * n, "text/html; charset=EUC-JP"), 5_000),
}  # fmt: skip


def _refused(url: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        canonical(url)


def cost(work: Callable[[int], object], n: int) -> float:
    started = time.process_time()
    with contextlib.suppress(FetchError):
        work(n)
    return time.process_time() - started


@pytest.mark.parametrize("case", CASES)
def test_twice_as_much_takes_about_twice_as_long(case: str) -> None:
    work, n = CASES[case]
    cost(work, 8)  # what is compiled and imported once

    def grows() -> bool:
        once = min(cost(work, n) for _ in range(2))
        twice = min(cost(work, 2 * n) for _ in range(2))
        return twice < ALLOWED * once + 0.01

    assert any(grows() for _ in range(4))  # what is not linear fails each time; a busy machine only now and then
