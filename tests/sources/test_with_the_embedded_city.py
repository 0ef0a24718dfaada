"""The station against the city of the sandbox, in the CMS's whole shape."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline.article import Page
from pipeline.config import Selectors, Site, Source
from pipeline.sandbox.city import KINKYU
from pipeline.sources.collect import Memory, SiteReader
from tests.doubles.articles import ARTICLES, CATEGORY_INDEX, KEITAI_PAGE
from tests.doubles.city import City
from tests.doubles.fault import Fault
from tests.sources.source_site import NOW, Clock

SMART = Source(kind="smart-cms", url="/index.update.json")
FEED = Source(kind="feed", url="/cgi-bin/feed.php?siteNew=1&displayCount=50&displayRange=90&includeShortcut=0")


@pytest.fixture
def city() -> Iterator[City]:
    city = City((article, NOW - timedelta(hours=number)) for number, article in enumerate(ARTICLES))
    city.start()
    yield city
    city.stop()


def reader_of(city: City, clock: Clock) -> SiteReader:
    site = Site(url=city.url, hosts=(city.host,), sources=(SMART, FEED), pause=0, attempts=1)
    return SiteReader(site, {}, clock.now, clock.sleep)


def test_every_article_of_the_list_is_read_with_its_title_and_department(city: City, clock: Clock) -> None:
    reader = reader_of(city, clock)
    listing = reader.listing(SMART, Memory())
    assert (listing.state, listing.error) == ("ok", "")
    assert len(listing.entries) >= 25
    pages = reader.pages([entry.url for entry in listing.entries])
    for entry in listing.entries:
        page = pages[entry.url]
        assert isinstance(page, Page), page
        assert page.title == entry.title
        assert page.date is None or page.date_only or page.date == entry.date
    assert sum(bool(page.department) for page in pages.values() if isinstance(page, Page)) >= 25


def test_what_the_cms_lists_besides_articles_is_left_out(city: City, clock: Clock) -> None:
    for page in (CATEGORY_INDEX, KEITAI_PAGE):
        city.publish(page, NOW)
    listing = reader_of(city, clock).listing(SMART, Memory())
    assert (len(listing.entries), listing.passed, listing.skipped) == (len(ARTICLES), 2, 0)


def test_the_feed_lists_the_same_articles_with_the_same_dates(city: City, clock: Clock) -> None:
    reader = reader_of(city, clock)
    by_list = {entry.url: entry for entry in reader.listing(SMART, Memory()).entries}
    feed = reader.listing(FEED, Memory())
    assert feed.state == "ok"
    assert len(feed.entries) >= 20
    for entry in feed.entries:
        assert (entry.title, entry.date) == (by_list[entry.url].title, by_list[entry.url].date)


def test_an_unchanged_city_answers_304(city: City, clock: Clock) -> None:
    first = reader_of(city, clock).listing(SMART, Memory())
    again = reader_of(city, clock).listing(SMART, Memory(first.etag, first.last_modified, "", NOW))
    assert (first.state, again.state) == ("ok", "unchanged")


def test_an_emergency_page_is_read_by_selectors(city: City, clock: Clock) -> None:
    path = city.emergency(ARTICLES[0], NOW)
    source = Source(kind="html", url=KINKYU, emergency=True, select=Selectors(item="li.page", link="a", date=".date"))
    listing = reader_of(city, clock).listing(source, Memory())
    assert (listing.emergency, [entry.url for entry in listing.entries]) == (
        True,
        [path if "//" in path else city.url + path],
    )


@pytest.mark.parametrize(
    ("source", "fault", "code"),
    [
        (SMART, Fault.challenge(), "refused"),
        (SMART, Fault.status(503, retry_after=timedelta(hours=2)), "later"),
        (SMART, Fault.drop(), "unreachable"),
        (SMART, Fault.cut_short(), "unreachable"),
        (SMART, Fault.cookie_loop("/index.update.json"), "refused"),
        (SMART, Fault.redirect_to("https://elsewhere.example/"), "redirected"),
        (SMART, Fault.malformed_json(), "malformed"),
        (SMART, Fault.html_instead(), "malformed"),
        (FEED, Fault.html_instead(), "malformed"),
        (FEED, Fault.entity_bomb(), "malformed"),
        (SMART, Fault.gzip_bomb(), "too-large"),
        (FEED, Fault.big(), "too-large"),
    ],
)
def test_every_fault_of_the_city_is_told_apart(
    source: Source, fault: Fault, code: str, city: City, clock: Clock
) -> None:
    city.fail("/index.update.json", fault)
    city.fail("/cgi-bin/feed.php", fault)
    listing = reader_of(city, clock).listing(source, Memory())
    assert (listing.state, listing.error_code) == ("failed", code)


def test_shift_jis_that_claims_to_be_utf_8_is_read_as_it_was_meant(city: City, clock: Clock) -> None:
    truth = reader_of(city, clock).listing(FEED, Memory())
    city.fail("/cgi-bin/feed.php", Fault.shift_jis())
    claimed = reader_of(city, clock).listing(FEED, Memory())
    assert claimed.state == "ok"
    shown = [(told.title, meant.title) for told, meant in zip(claimed.entries, truth.entries, strict=True)]
    assert sum(told == meant for told, meant in shown) >= len(shown) - 2  # emoji do not exist in Shift_JIS
