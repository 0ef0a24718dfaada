"""Lists that are broken, hostile or empty, through the real console script: told with their kind, never "no news", and
neither the other sources nor what was published meanwhile are lost."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from pipeline.sandbox.loopback import Response
from tests.doubles.fault import Fault
from tests.doubles.loopback import Request
from tests.town import Town

LOGO = ARTICLES[28]  # /60th/…: only in the lists of the whole site
ROAD = ARTICLES[24]  # /kurashi/…: also in the list of its category
SMART_CMS = 'kind = "smart-cms"\nurl = "/index.update.json"'
FEED = 'kind = "feed"\nurl = "/cgi-bin/feed.php?siteNew=1&displayCount=50&displayRange=90&includeShortcut=0"'
HTML = 'kind = "html"\nurl = "/60th/project/index.html"\nselect = { item = "li.page" }'
CATEGORY = 'kind = "smart-cms"\nurl = "/kurashi/index.update.json"'
LIST_OF = {SMART_CMS: "/index.update.json", FEED: "/cgi-bin/feed.php", HTML: "/60th/project/index.html"}
JSON, XML = "application/json", "application/xml; charset=utf-8"


def configure(town: Town, *sources: str, more: tuple[tuple[str, str], ...] = ()) -> None:
    """Exactly these sources; one attempt a request, and little patience."""
    town.configure(("pause = 0\n", 'pause = 0\nattempts = 1\nread_timeout = "1s"\n'), *more)
    text = town.config.read_text(encoding="utf-8")
    before, _, rest = text.partition("[[site.sources]]")
    _, line, after = rest.partition("[line]\n")
    listed = "".join(f"[[site.sources]]\n{source}\n\n" for source in sources)
    town.config.write_text(before + listed + line + after, encoding="utf-8")


def entries(town: Town, change: Callable[[list[dict[str, Any]]], object]) -> Fault:
    """The true list of the site, changed."""
    rows = json.loads(town.city.answer(Request("GET", "/index.update.json", {})).body)
    change(rows)
    return Fault.raw(json.dumps(rows, ensure_ascii=False), JSON)


def without(key: str) -> Callable[[list[dict[str, Any]]], object]:
    return lambda rows: [row.pop(key) for row in rows]


FAULTS = {
    "JSON that ends in the middle": (SMART_CMS, Fault.malformed_json(), "malformed"),
    "HTML where JSON should be": (SMART_CMS, Fault.html_instead(), "malformed"),
    "JSON of another shape": (SMART_CMS, Fault.raw('{"items": []}', JSON), "malformed"),
    "JSON nested a hundred thousand deep": (SMART_CMS, Fault.raw("[" * 100_000, JSON), "malformed"),
    "bytes of no encoding": (SMART_CMS, Fault.raw(b"\xff\xfe\x00\xd8" * 99, JSON), "malformed"),
    "nothing at all": (SMART_CMS, Fault.raw(b"", JSON), "malformed"),
    "ten megabytes": (SMART_CMS, Fault.big(10, JSON), "too-large"),
    "a gzip bomb": (SMART_CMS, Fault.gzip_bomb(100, JSON), "too-large"),
    "damaged gzip": (
        SMART_CMS,
        Fault.raw(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 99, JSON, "gzip"),
        "malformed",
    ),
    "a firewall's challenge": (SMART_CMS, Fault.challenge(), "refused"),
    "too many requests": (SMART_CMS, Fault.status(429), "refused"),
    "gone": (SMART_CMS, Fault.status(404), "gone"),
    "a server error": (SMART_CMS, Fault.status(500), "unreachable"),
    "maintenance": (SMART_CMS, Fault.status(503), "unreachable"),
    "redirects in a loop": (SMART_CMS, Fault.cookie_loop("/index.update.json"), "refused"),
    "a redirect to another host": (SMART_CMS, Fault.redirect_to("http://127.0.0.1:9/index.update.json"), "redirected"),
    "a redirect to javascript": (SMART_CMS, Fault.redirect_to("javascript:alert(1)"), "malformed"),
    "a dropped connection": (SMART_CMS, Fault.drop(), "unreachable"),
    "half an answer": (SMART_CMS, Fault.cut_short(), "unreachable"),
    "no answer": (SMART_CMS, Fault.hang(), "unreachable"),
    "an entity bomb": (FEED, Fault.entity_bomb(), "malformed"),
    "XML that ends in the middle": (
        FEED,
        Fault.raw("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><item><ti", XML),
        "malformed",
    ),
    "HTML where a feed should be": (FEED, Fault.html_instead(), "malformed"),
    "a feed of ten megabytes": (FEED, Fault.big(10, XML), "too-large"),
    "a page of ten megabytes": (HTML, Fault.big(10), "too-large"),
    "a page without an entry": (HTML, Fault.html_instead(), "empty"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_list_is_told_and_loses_nothing(town: Town, name: str) -> None:
    source, fault, code = FAULTS[name]
    configure(town, source, CATEGORY)
    town.publish(structs.replace(LOGO, path="/60th/project/40001.html", page_no=40001), at=town.now - timedelta(days=3))
    town.with_baseline()
    town.publish(LOGO, ROAD)
    town.city.fail(LIST_OF[source], fault)
    failed = town.run(code=1)
    broken, category = failed.json["sources"]
    assert (broken["ok"], broken["entries"]) == (False, 0)
    assert broken["url"].startswith(town.city.url + LIST_OF[source])
    assert broken["error"].startswith(f"{code}: "), broken["error"]
    assert ";" in broken["error"], "what to do next"
    assert (category["ok"], category["error"]) == (True, None)
    assert failed.decisions() == {ROAD.title: ("hold", "closed-hours")}, "the other source is handled all the same"
    assert [alert["code"] for alert in failed.json["alerts"]] == ["source-failed"]
    assert "Traceback" not in failed.err + failed.out
    town.city.recover()
    town.now += timedelta(minutes=2)
    recovered = town.run(code=0)
    assert recovered.decisions()[LOGO.title] == ("hold", "closed-hours"), "what was published meanwhile is found"
    assert [event["title"] for event in town.events() if event["type"] == "found"] == [ROAD.title, LOGO.title]


def test_a_list_without_a_needed_key_names_the_key(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    for key in ("url", "page_name", "publish_datetime"):
        town.city.fail("/index.update.json", entries(town, without(key)), times=1)
        error = town.run(code=1).json["sources"][0]["error"]
        assert error.startswith("malformed: ")
        assert f"entry 1 has no {key}" in error


def test_a_list_in_shift_jis_that_claims_to_be_utf8_is_read(town: Town) -> None:
    for source, path in (
        (SMART_CMS, "/index.update.json"),
        (FEED, "/cgi-bin/feed.php"),
        (HTML, "/60th/project/index.html"),
    ):
        configure(town, source)
        town.city.fail(path, Fault.shift_jis(), times=2)
        if not town.state.exists():
            town.with_baseline()
            town.publish(LOGO)
        titles = [row["title"] for row in town.run(code=0).json["articles"]]
        assert LOGO.title in titles
        town.city.recover()


@pytest.mark.parametrize("fault", [Fault.malformed_json(), Fault.raw("[]", JSON)], ids=["malformed", "empty"])
def test_when_the_first_list_breaks_the_fallback_has_the_news_in_the_same_run(town: Town, fault: Fault) -> None:
    town.with_baseline()
    town.now += timedelta(hours=2)
    town.publish(LOGO)
    town.city.fail("/index.update.json", fault)
    result = town.run(code=1)
    assert [source["ok"] for source in result.json["sources"]] == [False, True]
    assert [broadcast["outcome"] for broadcast in result.json["broadcasts"]] == ["accepted"]
    town.city.recover()
    assert town.run(code=0).json["broadcasts"] == []
    assert len(town.line.accepted) == 1


def test_an_emergency_goes_out_although_every_other_list_is_broken(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    for path in ("/index.update.json", "/cgi-bin/feed.php"):
        town.city.fail(path, Fault.html_instead())
    town.city.emergency(EMERGENCY, town.now)
    result = town.run(code=1)
    assert result.decisions() == {EMERGENCY.title: ("send", "emergency")}
    assert len(town.line.accepted) == 1


def test_a_list_shrunk_to_zero_is_a_failure_and_forgets_nothing(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.city.fail("/index.update.json", Fault.raw("[]", JSON))
    result = town.run(code=1)
    assert result.json["sources"][0]["error"].startswith("empty: the list has no entry where there were 10")
    assert result.json["articles"] == []
    town.city.recover()
    town.publish(LOGO)
    assert town.run(code=0).decisions() == {LOGO.title: ("hold", "closed-hours")}


def test_news_in_a_list_that_lost_most_of_its_entries_waits_for_a_person(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.publish(LOGO)
    town.city.fail("/index.update.json", entries(town, lambda rows: rows.__delitem__(slice(3, None))))
    result = town.run(code=3)
    assert result.decisions() == {LOGO.title: ("review", "untrusted-source")}
    assert town.line.requests == []


def test_a_list_of_nothing_but_strangers_waits_for_a_person(town: Town) -> None:
    """The CMS was moved: every address is new, and none of it is news."""
    configure(town, SMART_CMS)
    town.with_baseline()

    def move(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["url"] = row["url"].replace(".html", "-new.html")

    town.city.fail("/index.update.json", entries(town, move))
    result = town.run(code=3)
    assert {reason for _, reason in result.decisions().values()} == {"gap"}
    assert town.line.requests == []


def test_duplicate_entries_are_one_article(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.publish(LOGO)
    town.now += timedelta(hours=2)

    def double(rows: list[dict[str, Any]]) -> None:
        for decoration in ("#top", "?utm_source=line", ""):
            rows.insert(0, {**rows[0], "url": rows[0]["url"].partition("#")[0].partition("?")[0] + decoration})

    town.city.fail("/index.update.json", entries(town, double))
    result = town.run(code=0)
    assert result.json["broadcasts"][0]["articles"] == [result.json["articles"][0]["id"]]
    assert town.sent_titles()[0].count(LOGO.title) == 1
    assert town.run(code=0).json["broadcasts"] == []


def test_links_to_elsewhere_are_no_articles_and_the_others_still_are(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.publish(LOGO)
    hostile = (
        "javascript:alert(1)", "data:text/html,x", "mailto:a@example.org", "https://example.org/60th/40999.html", "//example.org/1.html",
        f"{town.city.url}@example.org/1.html", "http://[", "http://127.0.0.1:9/1.html", "", "   ", "file:///etc/passwd",
    )  # fmt: skip

    def add(rows: list[dict[str, Any]]) -> None:
        rows[:0] = [{**rows[0], "url": url, "page_name": f"罠 {url}"} for url in hostile]

    town.city.fail("/index.update.json", entries(town, add))
    result = town.run(code=0)
    assert result.decisions() == {LOGO.title: ("hold", "closed-hours")}
    assert {request.path for request in town.city.requests if request.method == "GET"} <= {
        "/robots.txt", "/index.update.json", LOGO.path, "/cgi-bin/feed.php",
    }  # fmt: skip


def test_values_of_wrong_types_do_not_keep_the_other_entries_from_being_read(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.publish(LOGO)

    def spoil(rows: list[dict[str, Any]]) -> None:
        for row in rows[1:]:
            row |= {
                "page_no": {"a": 1},
                "tag": "お知らせ",
                "reserve": ["x"],
                "is_category_index": "no",
                "is_keitai_page": 0,
            }

    town.city.fail("/index.update.json", entries(town, spoil))
    assert town.run(code=0).decisions() == {LOGO.title: ("hold", "closed-hours")}


def test_a_site_that_asks_for_time_is_left_alone_until_then(town: Town) -> None:
    configure(town, SMART_CMS, CATEGORY)
    town.with_baseline()
    town.publish(LOGO, ROAD)
    town.city.fail("/index.update.json", Fault.status(503, retry_after=timedelta(hours=1)))
    town.city.clear_requests()
    assert all(not source["ok"] for source in town.run(code=1).json["sources"])
    assert [request.path for request in town.city.requests] == ["/index.update.json"], (
        "nor is anything else of it asked"
    )
    town.city.recover()
    town.now += timedelta(minutes=61)
    assert set(town.run(code=0).decisions()) == {LOGO.title, ROAD.title}


def test_robots_txt_is_obeyed_and_told(town: Town) -> None:
    town.city.put("/robots.txt", b"User-agent: *\nDisallow: /60th/\n", "text/plain")
    town.with_baseline()
    town.publish(LOGO, ROAD)
    result = town.run()
    decisions = result.decisions()
    assert decisions[ROAD.title] == ("hold", "closed-hours")
    assert decisions[LOGO.title][0] in ("hold", "review")
    assert all(request.path != LOGO.path for request in town.city.requests)


# One article, however it is spelt; and servers that say less than they know


@pytest.mark.parametrize(
    ("listed", "also"),
    [
        ("?v=1", "?v=2"),
        ("?b=1&a=2", "?a=2&b=1"),
        (";jsessionid=0A1B", ";jsessionid=2C3D"),
        ("/", ""),
        ("", "?utm_source=x"),
    ],
)
def test_an_article_under_two_spellings_goes_out_once(town: Town, listed: str, also: str) -> None:
    configure(town, SMART_CMS, more=(('min_interval = "60m"', 'min_interval = "0m"'),))
    town.with_baseline()
    town.publish(LOGO)
    town.now += timedelta(hours=2)
    page = town.city.answer(Request("GET", LOGO.path, {})).body.replace(b'rel="canonical"', b'rel="x"')
    for ending in (listed, also):
        town.city.put(LOGO.path + ending.partition("?")[0].partition(";")[0], page, "text/html; charset=utf-8")

    def spelt(ending: str) -> Fault:
        return entries(town, lambda rows: rows[0].update(url=rows[0]["url"] + ending))

    town.city.fail("/index.update.json", spelt(listed))
    assert len(town.run(code=0).json["broadcasts"]) == 1
    town.city.recover()
    town.city.fail("/index.update.json", spelt(also))
    town.now += timedelta(minutes=15)
    assert town.run(code=0).json["broadcasts"] == []
    assert len(town.line.accepted) == 1


def test_what_an_endless_304_hid_is_found_within_a_day_and_told(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline()
    town.publish(LOGO)
    real = town.city.answer

    def lying(request: Request) -> Response:
        if request.route == "/index.update.json" and request.headers.get("if-none-match"):
            return Response(304)
        return real(request)

    town.city.answer = lying  # type: ignore[method-assign]
    town.now += timedelta(hours=2)
    assert town.run(code=0).json["articles"] == []
    town.now += timedelta(hours=23)
    result = town.run(code=0)
    assert [row["title"] for row in result.json["articles"]] == [LOGO.title]
    assert "hidden-by-304" in {alert["code"]: alert["message"] for alert in result.json["alerts"]}["list-notes"]
    town.publish(ROAD)
    town.now += timedelta(minutes=15)
    assert ROAD.title in town.run(code=0).decisions(), "a server that was found out is asked without conditions"


def test_a_tree_of_pages_is_a_list(town: Town) -> None:
    configure(town, SMART_CMS.replace("index.update", "index.tree"))
    for number, article in enumerate(ARTICLES[:4]):
        town.city.publish(article, town.now - timedelta(days=20, hours=-number))
    rows = json.loads(town.city.answer(Request("GET", "/index.update.json", {})).body)

    def tree(*children: dict[str, Any]) -> bytes:
        return json.dumps(
            [
                {
                    "category_name": "門真市",
                    "child_pages": [{**rows[0], "is_category_index": True, "child_pages": list(children)}],
                }
            ]
        ).encode()

    town.city.put("/index.tree.json", tree(*rows[1:]), JSON)
    assert town.run(code=0).json["sources"][0]["entries"] == 3
    town.publish(LOGO)
    rows = json.loads(town.city.answer(Request("GET", "/index.update.json", {})).body)
    town.city.put("/index.tree.json", tree(rows[0], *rows[2:]), JSON)
    assert set(town.run(code=0).decisions()) == {LOGO.title}


def test_a_list_of_which_little_can_be_read_is_told_with_the_number_of_rows(town: Town) -> None:
    configure(town, SMART_CMS)
    town.with_baseline(4)
    town.city.fail("/index.update.json", entries(town, lambda rows: [row.pop("url") for row in rows[1:]]))
    result = town.run(code=0)
    assert "skipped 3/4" in {alert["code"]: alert["message"] for alert in result.json["alerts"]}["list-notes"]


def test_one_article_in_a_feed_that_xml_forbids_does_not_hide_the_others(town: Town) -> None:
    configure(town, FEED)
    town.with_baseline()
    town.publish(LOGO, ROAD)
    feed = town.city.answer(Request("GET", "/cgi-bin/feed.php", {})).body.decode()
    title = "ロゴ&#55357;&#56845;①㈱髙橋 & \x0b開催"
    feed = feed.replace(f"<title>{LOGO.title}", f"<title>{title}").replace(
        f"{LOGO.path}<", f"{LOGO.path}?a=1&lang=ja&copy=2<"
    )
    town.city.fail("/cgi-bin/feed.php", Fault.raw(b"\n\n" + feed.encode("cp932", "xmlcharrefreplace"), XML))
    found = {event["title"]: event["url"] for event in (town.run(), town.events())[1] if event["type"] == "found"}
    assert found["ロゴ😍①㈱髙橋 & 開催"].endswith(f"{LOGO.path}?a=1&lang=ja&copy=2")
    assert ROAD.title in found
