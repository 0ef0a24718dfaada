from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ledger.events import Robots
from pipeline.sources.answer import FetchError
from pipeline.sources.fetch import Client
from pipeline.sources.robots import Rules
from tests.sources.source_site import NOW, Clock, Reply, Website, site_of

CLOSED = b"User-agent: *\nDisallow: /closed/\nCrawl-delay: 3\n\nUser-agent: kadoma-line\nDisallow: /ours/\nAllow: /ours/open$\n"
MakeRobots = Callable[..., Rules]


@pytest.fixture
def robots_of(website: Website, clock: Clock) -> MakeRobots:
    def make(*known: Robots, **settings: Any) -> Rules:
        client = Client(site_of(website, **settings), clock.now, clock.sleep)
        return Rules(client, {file.host: file for file in known}, clock.now)

    return make


def asked(website: Website) -> int:
    return [ask.target for ask in website.asked].count("/robots.txt")


def refusal(robots: Rules, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        robots.require(url)
    return caught.value


def test_our_own_group_counts_and_the_others_do_not(website: Website, robots_of: MakeRobots) -> None:
    website.routes["/robots.txt"] = CLOSED
    robots = robots_of()
    robots.require(f"{website.url}/closed/1.html")
    robots.require(f"{website.url}/ours/open")
    error = refusal(robots, f"{website.url}/ours/1.html")
    assert error.code == "robots"
    assert "kadoma-line" in error.detail
    assert asked(website) == 1


def test_the_file_is_asked_for_once_a_day(website: Website, robots_of: MakeRobots, clock: Clock) -> None:
    website.routes["/robots.txt"] = CLOSED
    robots = robots_of()
    robots.require(f"{website.url}/a")
    known = robots.files[website.host]
    assert (known.at, known.text) == (NOW, CLOSED.decode())
    clock.time = NOW + timedelta(hours=23, minutes=59)
    robots_of(known).require(f"{website.url}/a")
    assert asked(website) == 1
    clock.time = NOW + timedelta(hours=24)
    renewed = robots_of(known)
    renewed.require(f"{website.url}/a")
    renewed.require(f"{website.url}/b")
    assert asked(website) == 2
    assert renewed.files[website.host].at == clock.time


def test_a_file_from_the_future_is_asked_for_again(website: Website, robots_of: MakeRobots) -> None:
    robots_of(Robots(host=website.host, text="User-agent: *\nDisallow: /", at=NOW + timedelta(days=1))).require(
        f"{website.url}/a"
    )
    assert asked(website) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_without_the_file_allows_everything(status: int, website: Website, robots_of: MakeRobots) -> None:
    website.routes["/robots.txt"] = Reply(status=status)
    robots = robots_of()
    robots.require(f"{website.url}/a")
    assert robots.files[website.host].text == ""


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(drop=True), Reply(status=429)])
def test_nothing_is_asked_while_nobody_knows_the_rules(reply: Reply, website: Website, robots_of: MakeRobots) -> None:
    website.routes["/robots.txt"] = reply
    robots = robots_of(attempts=1)
    for _ in range(2):
        assert refusal(robots, f"{website.url}/a").code in ("unreachable", "refused")
    assert asked(website) == 1
    assert website.host not in robots.files


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(drop=True)])
def test_the_last_known_rules_go_on_while_the_file_cannot_be_read(
    reply: Reply, website: Website, robots_of: MakeRobots
) -> None:
    website.routes["/robots.txt"] = reply
    old = Robots(host=website.host, text="User-agent: *\nDisallow: /closed/", at=NOW - timedelta(days=3))
    robots = robots_of(old, attempts=1)
    robots.require(f"{website.url}/a")
    assert refusal(robots, f"{website.url}/closed/1.html").code == "robots"
    assert (asked(website), robots.files[website.host]) == (1, old)


def test_a_list_found_allowed_is_remembered_until_the_file_is_new(
    website: Website, robots_of: MakeRobots, clock: Clock
) -> None:
    website.routes["/robots.txt"] = CLOSED
    robots = robots_of()
    url = f"{website.url}/index.update.json"
    robots.require(url, remembered=True)
    robots.require(url, remembered=True)
    assert robots.files[website.host].allowed == (url,)
    clock.time = NOW + timedelta(hours=24)
    website.routes["/robots.txt"] = b"User-agent: *\nDisallow: /"
    assert refusal(robots_of(robots.files[website.host]), url).code == "robots"


@pytest.mark.parametrize(("delay", "expected"), [("3", 3.0), ("3600", 10.0), ("-5", 0.5), ("nan", 0.5), ("x", 0.5)])
def test_a_crawl_delay_is_the_pause_but_at_most_ten_seconds(
    delay: str, expected: float, website: Website, clock: Clock
) -> None:
    website.routes["/robots.txt"] = f"User-agent: *\nCrawl-delay: {delay}\n".encode()
    client = Client(site_of(website, pause=0.5), clock.now, clock.sleep)
    robots = Rules(client, {}, clock.now)
    robots.require(f"{website.url}/a")
    assert client.pause == expected
    assert 0 <= robots.files[website.host].delay <= 10
    again = Client(site_of(website, pause=0.5), clock.now, clock.sleep)
    Rules(again, robots.files, clock.now).require(f"{website.url}/a")
    assert again.pause == expected


def test_only_the_first_half_megabyte_of_the_file_counts(website: Website, robots_of: MakeRobots) -> None:
    website.routes["/robots.txt"] = b"User-agent: *\nDisallow: /closed/\n" + b"# x\n" * 500_000
    assert refusal(robots_of(), f"{website.url}/closed/").code == "robots"


def test_a_file_that_lives_on_another_host_is_no_file(website: Website, robots_of: MakeRobots) -> None:
    website.routes["/robots.txt"] = Reply(status=302, headers={"Location": "https://elsewhere.example/robots.txt"})
    robots_of().require(f"{website.url}/a")


PIECES = [b"User-agent: ", b"*", b"\n", b"Disallow:", b"/", b"$", b"%", b"Crawl-delay:", b"1e999", b"\xff"]


@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_any_bytes_as_robots_txt_allow_or_forbid_and_nothing_else(shared_website: Website, body: bytes) -> None:
    website = shared_website
    website.routes["/robots.txt"] = body
    clock = Clock()
    client = Client(site_of(website), clock.now, clock.sleep)
    try:
        Rules(client, {}, clock.now).require(f"{website.url}/%E3%81%82?x=*$")
    except FetchError as error:
        assert error.code in ("robots", "refused")  # noqa: PT017 - forbidden, or bytes that look like a challenge page
