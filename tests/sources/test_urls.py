import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.article import article_id, identity
from pipeline.sources.urls import canonical, on_hosts, page_number, secure_url, site_url

BASE = "https://www.city.example/kurashi/index.html"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTPS://WWW.City.Example:443/a/13745.html#toboku", "https://www.city.example/a/13745.html"),
        ("http://www.city.example:80/a", "http://www.city.example/a"),
        ("//www.city.example/a.html", "https://www.city.example/a.html"),
        ("../shisei/5372.html", "https://www.city.example/shisei/5372.html"),
        ("/a/./b/../c.html", "https://www.city.example/a/c.html"),
        ("https://www.city.example", "https://www.city.example/"),
        ("https://www.city.example./x", "https://www.city.example/x"),
        ("/お知らせ/1.html", "https://www.city.example/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B/1.html"),
        ("/%e3%81%8a%7e.html", "https://www.city.example/%E3%81%8A~.html"),
        ("/100%.html", "https://www.city.example/100%25.html"),
        ("/%83%65%83%58.html", "https://www.city.example/%83e%83X.html"),
        (" \n/a b.html\t", "https://www.city.example/a%20b.html"),
        (r"\\www.city.example\a.html", "https://www.city.example/a.html"),
        (r"https://evil.example\@www.city.example/", "https://evil.example/@www.city.example/"),  # as browsers read it
        ("https://市.example/", "https://xn--7st.example/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
    ],
)  # fmt: skip
def test_every_spelling_of_an_address_becomes_the_one_canonical_spelling(written: str, expected: str) -> None:
    assert canonical(written, BASE) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/a.html?utm_source=line&utm_medium=x", "/a.html"),
        ("/a.html?fbclid=1&id=3&gclid=2&yclid=4", "/a.html?id=3"),
        ("/a.html?UTM%5Fsource=x", "/a.html"),
        ("/cgi-bin/feed.php?siteNew=1&displayCount=50", "/cgi-bin/feed.php?siteNew=1&displayCount=50"),
        ("/inquiry.php/98?page_no=13690", "/inquiry.php/98?page_no=13690"),
        ("/a.html?", "/a.html"),
    ],
)
def test_tracking_goes_and_the_cms_parameters_stay(written: str, expected: str) -> None:
    assert canonical(written, BASE) == f"https://www.city.example{expected}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/a/1.html;jsessionid=0A1B2C?x=1", "/a/1.html?x=1"),
        ("/a/1.html;JSESSIONID=0A1B2C", "/a/1.html"),
        ("/(S(abcdefghijklmnopqrstuvwx))/a.aspx", "/a.aspx"),
        ("/a.php?PHPSESSID=0123&id=3", "/a.php?id=3"),
        ("/a.php?id=3&sid=0123", "/a.php?id=3"),
        ("/a;b/1.html?page=2", "/a;b/1.html?page=2"),
    ],
)
def test_a_session_is_no_part_of_an_address(written: str, expected: str) -> None:
    assert canonical(written, BASE) == f"https://www.city.example{expected}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a/b", "/a/b/"),
        ("/a/b/", "/a/b/index.html"),
        ("/a/index.php?id=3", "/a/?id=3"),
        ("/a//b///1.html", "/a/b/1.html"),
        ("/a/1.html/", "/a/1.html"),
        ("/v.php?b=1&a=2", "/v.php?a=2&b=1"),
        ("/a/1.html?v=20261126", "/a/1.html?v=20261127"),
        ("/a/1.html?20261126101112", "/a/1.html"),
        ("/a/slug/?ver=2", "/a/slug/"),
        ("/v.php?id=3&_=1795651200", "/v.php?id=3"),
    ],
)
def test_two_spellings_of_one_page_are_one_article(one: str, other: str) -> None:
    first, second = (article_id(canonical(written, BASE)) for written in (one, other))
    assert first == second


def test_http_and_https_are_one_article_and_this_machine_is_not_asked_to_be_two() -> None:
    assert article_id("http://www.city.example/a") == article_id("https://www.city.example/a")
    assert identity("http://127.0.0.1:80/a/1.html") != identity("https://127.0.0.1:80/a/1.html")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a/1.html", "/a/2.html"),
        ("/v.php?v=1", "/v.php?v=2"),
        ("/?p=1", "/?p=2"),
        ("/index.php?d=1", "/index.php?d=2"),
        ("/a/?id=1", "/a/?id=2"),
        ("/a/1.html?page=1", "/a/1.html?page=2"),
        ("/A/1.html", "/a/1.html"),
    ],
)
def test_two_pages_are_two_articles(one: str, other: str) -> None:
    assert article_id(canonical(one, BASE)) != article_id(canonical(other, BASE))
    assert identity("https://x.example/o.html#n1") != identity("https://x.example/o.html#n2")


@given(st.text(max_size=60))
@example("https://x.example//a//?v=1&&b")
@example("https://[::1]/?v")
def test_what_identifies_a_page_identifies_itself(rest: str) -> None:
    try:
        url = canonical(f"https://x.example/{rest}")
    except ValueError:
        return
    assert identity(identity(url)) == identity(url)


@pytest.mark.parametrize(
    "written", ["http://city.example/1.html", "//city.example/1.html", "https://www.city.example/1.html"]
)
def test_the_sites_host_with_or_without_www_is_the_one_that_is_configured(written: str) -> None:
    assert site_url(written, BASE, ("www.city.example",)) == "https://www.city.example/1.html"
    assert site_url(written, BASE, ("city.example", "www.city.example")) == "https://city.example/1.html"
    assert secure_url(written, BASE, ("city.example", "www.city.example")) == written.replace(
        "http:", "https:"
    ).replace("//city", "https://city", 1 if written.startswith("//") else 0)


@pytest.mark.parametrize(
    "written",
    ["javascript:alert(1)", " JavaScript:void(0)", "java\nscript:alert(1)", "mailto:a@example.jp", "data:text/html,x", "tel:0669021231",
     "ftp://www.city.example/x", "https://", "https://user:secret@www.city.example/", "https://[fe80::1/a",
     "https://www.city.example:99999/", "https://a b.example/"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_with_a_message_that_shows_it(written: str) -> None:
    with pytest.raises(ValueError, match=r"web address|user") as caught:
        canonical(written)
    assert repr(written)[:20] in str(caught.value)


def test_a_relative_address_without_a_base_is_refused() -> None:
    with pytest.raises(ValueError, match="no scheme and host"):
        canonical("/a.html")


@given(st.text(max_size=60), st.sampled_from(["", BASE]))
@example("https://x.example/%2e%2e/%", "")
@example("https://x.example/a/..//b?&&utm_x&a=%2", "")
@example("//x.example//..//evil", BASE)
@example("?%75tm_source=x", BASE)
@example("\ud800", BASE)
def test_canonical_is_idempotent_and_raises_nothing_but_value_error(text: str, base: str) -> None:
    try:
        once = canonical(text, base)
    except ValueError:
        return
    assert canonical(once) == once
    assert once.isascii()


PIECES = [
    "a",
    "B",
    "%2e",
    "..",
    ".",
    "//",
    "/",
    "?",
    "#",
    "&",
    "=",
    "%",
    "%41",
    "%zz",
    "utm_a=1",
    "お",
    " ",
    "\\",
    ":",
    "@",
    ";",
    "[",
    "]",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_canonical_is_idempotent_on_awkward_addresses(rest: str) -> None:
    for written in (f"https://Www.City.example/{rest}", f"https://www.city.example{rest}", rest):
        try:
            once = canonical(written, BASE)
        except ValueError:
            continue
        assert canonical(once) == once


@pytest.mark.parametrize(
    ("url", "hosts", "expected"),
    [
        ("https://www.city.example/a", ("www.city.example",), True),
        ("https://www.city.example:8443/a", ("www.city.example",), False),
        ("https://www.city.example:8443/a", ("www.city.example:8443",), True),
        ("http://www.city.example/a", ("www.city.example",), False),
        ("http://127.0.0.1:8000/a", ("127.0.0.1:8000",), True),
        ("https://www.city.example.evil.example/", ("www.city.example",), False),
        ("https://[broken/", ("www.city.example",), False),
    ],
)
def test_only_the_sites_hosts_by_https_count(url: str, hosts: tuple[str, ...], expected: bool) -> None:
    assert on_hosts(url, hosts) is expected


def test_http_of_the_site_itself_becomes_https_but_not_on_loopback_nor_elsewhere() -> None:
    hosts = ("www.city.example", "127.0.0.1:8000")
    assert site_url("http://www.city.example/1.html", BASE, hosts) == "https://www.city.example/1.html"
    assert site_url("http://127.0.0.1:8000/1.html", BASE, hosts) == "http://127.0.0.1:8000/1.html"
    assert site_url("http://other.example/1.html", BASE, hosts) == "http://other.example/1.html"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/kurashi/anshin/4/10/13745.html", 13745),
        ("https://x.example/a/6_2/38657.html?x=1", 38657),
        ("https://x.example/a/index.html", None),
        ("https://x.example/13745.pdf", None),
        ("https://x.example/a?next=/13745.html", None),
        ("https://x.example/" + "9" * 5000 + ".html", None),
    ],
)
def test_the_page_number_is_the_digits_before_html(url: str, expected: int | None) -> None:
    assert page_number(url) == expected
