"""The site of the benchmarks: the embedded city with a list of 1,000 articles, kept ready as bytes so that the server
costs next to nothing, in the three shapes that the contenders read: JSON, RSS and HTML."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.config import JST
from pipeline.sandbox import markup
from pipeline.sandbox.articles import ARTICLES, SampleArticle
from pipeline.sandbox.city import HTML, JSON
from pipeline.sandbox.markup import Published
from tests.doubles.city import XML, City
from tests.doubles.loopback import Request, Response
from tests.doubles.markup import rss

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=JST)  # a Tuesday, within the posting hours
LENGTH = 1_000
SEEN = 50_000  # articles of ten years; the list shows the newest of them
NEWS = 12

LIST, FEED, PAGE = "/index.update.json", "/feed.rdf", "/news.html"


def title(number: int) -> str:
    return f"令和{number % 8 + 1}年度　第{number}号　{ARTICLES[number % len(ARTICLES)].title}"


def path(number: int) -> str:
    return f"/kurashi/oshirase/{number % 40}/{number}.html"


def date(number: int) -> datetime:
    """Ten years of articles, the newest one a day old."""
    return NOW - timedelta(days=1) - (SEEN - number) * (timedelta(days=3650) / SEEN)


def old(number: int) -> Published:
    article = SampleArticle(path(number), number, title(number), "<p>本文</p>", "総務部法務監察課", ("くらし",))
    return Published(article, date(number))


def news() -> list[SampleArticle]:
    """Twelve lifelike articles, with pictures and files."""
    plain = [one for one in ARTICLES if not one.is_shortcut_of and one.sns_display != 1]
    return [
        replace(one, path=f"/kurashi/new/{SEEN + 10_000 + number}.html", page_no=SEEN + 10_000 + number)
        for number, one in enumerate(plain[:NEWS])
    ]


class Site(City):
    """Counts the bytes of the bodies it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def answer(self, request: Request) -> Response:
        response = super().answer(request)
        with self.lock:
            self.sent += len(response.body)
        return response

    def fill(self, *, with_news: bool = False, touched: bool = False) -> None:
        """Write the lists. `touched`: other bytes, but nothing new: the CMS fills a field that nobody reads."""
        listed = [old(number) for number in range(SEEN, SEEN - LENGTH, -1)]
        if with_news:
            articles = news()
            for number, article in enumerate(articles):
                self.publish(article, NOW - timedelta(minutes=5, seconds=-number))
            fresh = [Published(one, NOW - timedelta(minutes=5, seconds=-number)) for number, one in enumerate(articles)]
            listed = [*reversed(fresh), *listed[: LENGTH - len(fresh)]]
        mark = "touched" if touched else ""
        self.put(LIST, _json(listed, self.url, mark).encode(), JSON)
        feed = rss(listed, self.url).replace("<description></description>", f"<description>{mark}</description>", 1)
        self.put(FEED, feed.encode(), XML)
        page = markup.static_list("新着情報", listed, [], self.host, with_time=True)
        self.put(PAGE, page.replace("</body>", f"<!-- {mark} --></body>").encode(), HTML)


def _json(listed: Sequence[Published], url: str, keyword: str) -> str:
    rows: list[dict[str, Any]] = [markup.entry(one, url) | {"keyword": keyword} for one in listed]
    return json.dumps(rows, ensure_ascii=False)
