import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pipeline.article import Listing, Page, PageProblem
from pipeline.config import Selectors, Source
from pipeline.ledger.events import Robots
from pipeline.sources.collect import Memory, SiteReader
from tests.sources.source_site import NOW, Ask, Clock, Reply, Website, site_of

MakeReader = Callable[..., SiteReader]
LIST = "/index.update.json"
SMART = Source(kind="smart-cms", url=LIST)
JSON = "application/json"


def rows(*numbers: int) -> bytes:
    return json.dumps(
        [
            {
                "url": f"/{n}.html",
                "page_name": f"記事{n}",
                "publish_datetime": "2026-06-13T10:13:08+09:00",
                "page_no": n,
            }
            for n in numbers
        ]
    ).encode()


def page(title: str = "記事", picture: str = "") -> bytes:
    return f'<meta property="og:image" content="{picture}"><article id="contents"><h1>{title}</h1></article>'.encode()


def memory_of(listing: Listing) -> Memory:
    return Memory(listing.etag, listing.last_modified, listing.digest, NOW if listing.digest else None)


def test_a_list_is_read_with_all_that_the_next_run_needs(website: Website, reader_of: MakeReader) -> None:
    website.routes[LIST] = Reply(
        rows(2, 1), type=JSON, headers={"ETag": '"1"', "Last-Modified": "Fri, 12 Jun 2026 06:30:00 GMT"}
    )
    listing = reader_of(website).listing(Source(kind="smart-cms", url=LIST, emergency=True, fallback=True), Memory())
    assert (listing.state, [entry.title for entry in listing.entries]) == ("ok", ["記事2", "記事1"])
    assert (listing.source, listing.emergency, listing.fallback) == (website.url + LIST, True, True)
    assert (listing.etag, listing.last_modified, len(listing.digest)) == ('"1"', "Fri, 12 Jun 2026 06:30:00 GMT", 64)
    assert (listing.error, listing.error_code) == ("", "")


def test_an_unchanged_list_costs_one_request_by_304_and_keeps_its_validators(
    website: Website, reader_of: MakeReader
) -> None:
    def conditional(ask: Ask) -> Reply:
        if ask.headers.get("if-none-match") == '"1"':
            return Reply(status=304, type="")
        return Reply(rows(1), headers={"ETag": '"1"', "Last-Modified": "Fri, 12 Jun 2026 06:30:00 GMT"})

    website.routes[LIST] = conditional
    first = reader_of(website)
    before = first.listing(SMART, Memory())
    website.asked.clear()
    after = reader_of(website, first.robots).listing(SMART, memory_of(before))
    assert (after.state, after.entries, memory_of(after)) == ("unchanged", (), memory_of(before))
    assert [ask.target for ask in website.asked] == [LIST]


def always_304(ask: Ask) -> Reply:
    return Reply(rows(1), headers={"ETag": '"1"'}) if "if-none-match" not in ask.headers else Reply(status=304, type="")


def test_a_list_that_is_not_modified_for_a_day_is_asked_for_whole_once(
    website: Website, reader_of: MakeReader, clock: Clock
) -> None:
    website.routes[LIST] = always_304
    memory = memory_of(reader_of(website).listing(SMART, Memory()))
    clock.time += timedelta(hours=23)
    assert reader_of(website).listing(SMART, memory).whole is False
    clock.time += timedelta(hours=1)
    reader = reader_of(website)
    listing = reader.listing(SMART, memory)
    assert (listing.state, listing.whole, listing.hidden) == ("unchanged", True, False)
    assert len(website.targets()) == 4


def test_what_a_304_hid_is_found_within_a_day_and_told(website: Website, reader_of: MakeReader, clock: Clock) -> None:
    website.routes[LIST] = always_304
    memory = memory_of(reader_of(website).listing(SMART, Memory()))
    website.routes[LIST] = lambda ask: (
        Reply(rows(2, 1)) if "if-none-match" not in ask.headers else Reply(status=304, type="")
    )
    clock.time += timedelta(days=1)
    listing = reader_of(website).listing(SMART, memory)
    assert (listing.state, len(listing.entries), listing.whole, listing.hidden) == ("ok", 2, True, True)


def test_the_same_bytes_without_validators_are_unchanged_too(website: Website, reader_of: MakeReader) -> None:
    website.routes[LIST] = rows(1)
    before = reader_of(website).listing(SMART, Memory())
    after = reader_of(website).listing(SMART, memory_of(before))
    assert (before.state, after.state, after.digest) == ("ok", "unchanged", before.digest)
    website.routes[LIST] = rows(2, 1)
    assert reader_of(website).listing(SMART, memory_of(before)).state == "ok"


def test_a_list_that_shrank_to_zero_is_told_as_it_is(website: Website, reader_of: MakeReader) -> None:
    website.routes[LIST] = rows()
    listing = reader_of(website).listing(SMART, Memory(digest="before"))
    assert (listing.state, listing.entries) == ("ok", ())


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(b"<html>"), "malformed"),
        (Reply(b'[{"url": "/1.html"}]'), "malformed"),
        (Reply(b"[" + b" " * 6_000_000), "too-large"),
        (Reply(status=404), "gone"),
        (Reply(status=403), "refused"),
        (Reply(status=500), "unreachable"),
        (Reply(drop=True), "unreachable"),
        (Reply(status=302, headers={"Location": LIST}), "refused"),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), "redirected"),
        (Reply(status=304), "malformed"),
    ],
)
def test_every_failure_is_told_apart_and_is_never_no_news(
    reply: Reply, code: str, website: Website, reader_of: MakeReader
) -> None:
    website.routes[LIST] = reply
    listing = reader_of(website).listing(SMART, Memory())
    assert (listing.state, listing.error_code, listing.entries, memory_of(listing)) == ("failed", code, (), Memory())
    assert listing.error.startswith(f"{code}: {website.url}{LIST}")


def test_a_site_that_asked_us_to_wait_is_not_asked(website: Website, reader_of: MakeReader, clock: Clock) -> None:
    website.routes[LIST] = [Reply(status=503, headers={"Retry-After": "3600"}), Reply(rows(1))]
    first = reader_of(website).listing(SMART, Memory())
    until = NOW + timedelta(hours=1)
    assert (first.error_code, first.not_before) == ("later", until)
    website.asked.clear()
    second = reader_of(website).listing(SMART, Memory(not_before=first.not_before))
    assert (second.state, second.error_code, second.not_before, website.asked) == ("failed", "later", until, [])
    clock.time = until
    assert reader_of(website).listing(SMART, Memory(not_before=until)).state == "ok"


def test_a_list_closed_by_robots_txt_is_not_asked_for(website: Website, reader_of: MakeReader) -> None:
    website.routes |= {"/robots.txt": b"User-agent: *\nDisallow: /", LIST: rows(1)}
    assert reader_of(website).listing(SMART, Memory()).error_code == "robots"
    assert website.targets() == []


def test_a_source_that_is_no_address_fails_without_an_exception(website: Website, reader_of: MakeReader) -> None:
    reader = reader_of(website)
    for url in ("javascript:alert(1)", "https://elsewhere.example/x.json", "http://[broken"):
        assert reader.listing(Source(kind="smart-cms", url=url), Memory()).error_code == "malformed"
    assert website.asked == []


def test_feeds_and_html_lists_are_read_by_the_same_reader(website: Website, reader_of: MakeReader) -> None:
    website.routes["/feed"] = (
        b"<rss version='2.0'><channel><item><title>A</title><link>/1.html</link></item></channel></rss>"
    )
    website.routes["/kinkyu/"] = b"<li><a href=/2.html>B</a></li>"
    reader = reader_of(website)
    select = Selectors(item="li")
    listings = [
        reader.listing(Source(kind="feed", url="/feed"), Memory()),
        reader.listing(Source(kind="html", url="/kinkyu/", select=select), Memory()),
    ]
    assert [listing.entries[0].url for listing in listings] == [f"{website.url}/1.html", f"{website.url}/2.html"]
    assert (listings[0].undated, listings[1].undated) == (1, 0)


def test_a_mistake_of_ours_in_one_source_is_a_failure_of_that_source(
    website: Website, reader_of: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    website.routes[LIST] = rows(1)
    monkeypatch.setattr("pipeline.sources.smart_cms.read", lambda *_: 1 / 0)
    listing = reader_of(website).listing(SMART, Memory())
    assert (listing.state, listing.error_code) == ("failed", "malformed")
    assert "--debug" in listing.error


def test_pages_are_fetched_once_and_at_most_two_at_a_time(website: Website, reader_of: MakeReader) -> None:
    both = threading.Barrier(2, timeout=5)  # breaks unless two requests are in flight together

    def slow(ask: Ask) -> Reply:
        both.wait()
        return Reply(page(ask.target))

    urls = [f"{website.url}/{number}.html" for number in range(6)]
    website.routes |= {f"/{number}.html": slow for number in range(6)}
    reader = reader_of(website)
    read = reader.pages([*urls, urls[0]])
    assert list(read) == urls
    assert [found.title for found in read.values() if isinstance(found, Page)] == [
        f"/{number}.html" for number in range(6)
    ]
    assert reader.pages(urls[:1]) == {urls[0]: read[urls[0]]}
    assert (len(website.targets()), website.most_in_flight) == (6, 2)
    assert len(website.asked) == 7  # and robots.txt once


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=404), "gone"),
        (Reply(status=410), "gone"),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), "redirected"),
        (Reply(status=302, headers={"Location": "/"}), "redirected"),
        (Reply(status=302, headers={"Location": "/kurashi/index.html"}), "redirected"),
        (Reply(status=403), "refused"),
        (Reply(status=500), "unreachable"),
        (Reply(status=503, headers={"Retry-After": "3600"}), "unreachable"),
        (Reply(b"<p>no title"), "malformed"),
        (Reply(b"%PDF-1.4", type="application/pdf"), "malformed"),
        (Reply(page() + b" " * 2_000_000), "malformed"),
    ],
)
def test_a_page_that_cannot_be_read_is_a_problem_and_the_others_are_read(
    reply: Reply, code: str, website: Website, reader_of: MakeReader
) -> None:
    website.routes |= {"/1.html": page(), "/2.html": reply, "/": page(), "/kurashi/index.html": page()}
    good, bad = (f"{website.url}/{number}.html" for number in (1, 2))
    reader = reader_of(website)
    read = reader.pages([good]) | reader.pages([bad])
    problem = read[bad]
    assert isinstance(read[good], Page)
    assert isinstance(problem, PageProblem)
    assert (problem.url, problem.code) == (bad, code)
    assert website.url in problem.detail


def test_closed_and_foreign_pages_are_not_asked_for(website: Website, reader_of: MakeReader) -> None:
    website.routes["/robots.txt"] = b"User-agent: *\nDisallow: /closed/"
    closed, foreign = f"{website.url}/closed/1.html", "https://elsewhere.example/1.html"
    read = reader_of(website).pages([closed, foreign])
    assert [problem.code for problem in read.values() if isinstance(problem, PageProblem)] == ["robots", "malformed"]
    assert website.targets() == []


def test_a_page_that_redirects_within_the_site_keeps_the_address_asked_for(
    website: Website, reader_of: MakeReader
) -> None:
    website.routes |= {"/1.html": Reply(status=301, headers={"Location": "/a/1.html"}), "/a/1.html": page()}
    found = reader_of(website).pages([f"{website.url}/1.html"])[f"{website.url}/1.html"]
    assert isinstance(found, Page)
    assert (found.url, found.canonical) == (f"{website.url}/1.html", f"{website.url}/a/1.html")


def test_a_page_that_leads_to_itself_with_a_final_slash_is_the_article(website: Website, reader_of: MakeReader) -> None:
    website.routes |= {"/kinkyu/o": Reply(status=301, headers={"Location": "/kinkyu/o/"}), "/kinkyu/o/": page("断水")}
    found = reader_of(website).pages([f"{website.url}/kinkyu/o"])[f"{website.url}/kinkyu/o"]
    assert isinstance(found, Page)
    assert found.title == "断水"


def test_reports_of_one_page_are_read_each_for_itself_with_one_request(website: Website, reader_of: MakeReader) -> None:
    website.routes["/o.html"] = (
        '<h1>大雨</h1><h2 id="n2">第2報</h2><p>避難指示。</p><h2 id="n1">第1報</h2><p>避難準備。</p>'.encode()
    )
    urls = [f"{website.url}/o.html#{name}" for name in ("n2", "n1")]
    read = reader_of(website).pages(urls)
    assert [(p.url, p.canonical, p.title, p.text) for p in read.values() if isinstance(p, Page)] == [
        (urls[0], urls[0], "第2報", "避難指示。"), (urls[1], urls[1], "第1報", "避難準備。"),
    ]  # fmt: skip
    assert website.targets() == ["/o.html"]


def test_a_report_that_stands_in_the_list_itself_is_read_there(website: Website, reader_of: MakeReader) -> None:
    source = Source(kind="html", url="/kinkyu/", emergency=True, select=Selectors(item="div", title="h2"))
    website.routes["/kinkyu/"] = "<h1>緊急</h1><div><h2>断水</h2><p>東町で断水。</p></div>".encode()
    reader = SiteReader(site_of(website, source), {}, lambda: NOW, lambda _: None)
    (entry,) = reader.listing(source, Memory()).entries
    found = reader.pages([entry.url])[entry.url]
    assert isinstance(found, Page)
    assert (found.canonical, found.title, found.text) == (entry.url, "断水", "東町で断水。")


def test_what_takes_too_long_to_read_is_a_problem_of_that_page_alone(
    website: Website, reader_of: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    website.routes["/1.html"] = page()
    monkeypatch.setattr("pipeline.sources.article_page.read", endless)
    monkeypatch.setattr("pipeline.sources.collect.READING_AT_MOST", 0.01)
    problem = reader_of(website).pages([f"{website.url}/1.html"])[f"{website.url}/1.html"]
    assert isinstance(problem, PageProblem)
    assert (problem.code, "took more than" in problem.detail) == ("malformed", True)


def test_a_signal_ends_an_endless_reading(website: Website, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = threading.Event()

    def endless(*_: object) -> None:
        reading.set()
        while True:
            pass

    website.routes["/1.html"] = page()
    monkeypatch.setattr("pipeline.sources.article_page.read", endless)
    reader = SiteReader(site_of(website), {}, clock.now, clock.sleep, reading.is_set)
    problem = reader.pages([f"{website.url}/1.html"])[f"{website.url}/1.html"]
    assert isinstance(problem, PageProblem)
    assert (problem.code, "asked to stop" in problem.detail) == ("unreachable", True)


def test_a_site_that_stopped_answering_is_left_alone_for_the_rest_of_the_run(
    website: Website, reader_of: MakeReader
) -> None:
    urls = [f"{website.url}/{number}.html" for number in range(20)]
    website.routes |= {f"/{number}.html": Reply(status=403) for number in range(20)}
    read = reader_of(website).pages(urls)
    assert all(isinstance(problem, PageProblem) for problem in read.values())
    assert len(website.targets()) <= 4  # three in a row, and one that was in flight


def test_a_picture_that_two_articles_name_is_the_sites_own_and_is_not_asked_for(
    secure_website: Website, reader_of: MakeReader
) -> None:
    secure_website.routes |= {
        "/1.html": page("一つ目", picture="/uploads/kao.jpg"),
        "/2.html": page("二つ目", picture="/uploads/kao.jpg"),
    }
    read = reader_of(secure_website).pages([f"{secure_website.url}/{number}.html" for number in (1, 2)])
    assert [shown.picture for shown in read.values() if isinstance(shown, Page)] == [None, None]
    assert not any("kao.jpg" in target for target in secure_website.targets())


def test_the_picture_of_a_page_is_checked_with_one_request(secure_website: Website, reader_of: MakeReader) -> None:
    file = BytesIO()
    Image.new("RGB", (320, 200)).save(file, "JPEG")
    secure_website.routes |= {
        "/1.html": page(picture="/x.jpg"),
        "/x.jpg": file.getvalue(),
        "/2.html": page(picture="/missing.jpg"),
    }
    one, two = (f"{secure_website.url}/{number}.html" for number in (1, 2))
    reader = reader_of(secure_website)
    read = reader.pages([one, two])
    first, second = read[one], read[two]
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert first.picture is not None
    assert (first.picture.url, first.picture.width, first.picture.height) == (f"{secure_website.url}/x.jpg", 320, 200)
    assert second.picture is None
    assert len(secure_website.asked) == 5


QUIET = """
import sys
from datetime import datetime, timedelta
from pipeline.config import JST, Site, Source
from pipeline.sources.collect import Memory, SiteReader
from pipeline.ledger.events import Robots
url, host = sys.argv[1:]
now = datetime.now(JST)
known = Robots(host=host, text="User-agent: *\\nDisallow: /closed/\\n", at=now, allowed=(url + "/index.update.json",))
source = Source(kind="smart-cms", url="/index.update.json")
reader = SiteReader(Site(url=url, hosts=(host,), sources=(source,)), {host: known}, lambda: now)
listing = reader.listing(source, Memory(etag='"1"', digest="x", whole=now))
assert listing.state == "unchanged", listing
print(" ".join(sorted(sys.modules)))
"""
HEAVY = {"bs4", "lxml", "feedparser", "protego", "imagesize", "jinja2", "linebot", "concurrent.futures", "dataclasses", "regex", "soupsieve",
         "pipeline.characters", "logging.handlers", "asyncio", "pipeline.sources.smart_cms"}  # fmt: skip


def test_a_run_without_news_imports_no_reader_and_none_of_their_libraries(website: Website) -> None:
    website.routes[LIST] = Reply(status=304, type="")
    run = subprocess.run(
        [sys.executable, "-c", QUIET, website.url, website.host], capture_output=True, text=True, check=True
    )
    modules = set(run.stdout.split())
    assert not HEAVY & modules
    assert "pipeline.sources.collect" in modules
    assert len(website.asked) == 1


def test_robots_txt_as_known_after_the_run_can_be_kept(website: Website, reader_of: MakeReader) -> None:
    website.routes |= {"/robots.txt": b"User-agent: *\nDisallow: /closed/", LIST: rows(1)}
    reader = reader_of(website)
    given: dict[str, Any] = dict(reader.robots)
    reader.listing(SMART, Memory())
    assert given == {}
    assert reader.robots == {
        website.host: Robots(
            host=website.host, text="User-agent: *\nDisallow: /closed/", at=NOW, allowed=(website.url + LIST,)
        ),
    }
