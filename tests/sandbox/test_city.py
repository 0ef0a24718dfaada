"""The embedded city answers as SMART CMS does, and fails as other people's servers do."""

import gzip
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import feedparser
import pytest
import requests
from bs4 import BeautifulSoup
from PIL import Image

from pipeline.config import JST
from tests.doubles import articles
from tests.doubles.city import City
from tests.doubles.fault import Fault

MORNING = datetime(2026, 11, 24, 8, 30, 5, tzinfo=JST)
LIST = "/index.update.json"
FEED = "/cgi-bin/feed.php?siteNew=1&displayCount=50&displayRange=90&includeShortcut=0"
TIMEOUT = 10


@pytest.fixture
def city() -> Iterator[City]:
    days = ((article, MORNING - timedelta(hours=n)) for n, article in enumerate(articles.ARTICLES, 1))
    with City(days) as running:
        yield running
    assert running.errors == []


def get(city: City, path: str, **headers: str) -> requests.Response:
    return requests.get(city.url + path, headers=headers, timeout=TIMEOUT, allow_redirects=False)


def soup(city: City, path: str) -> BeautifulSoup:
    return BeautifulSoup(get(city, path).content, "lxml")


def test_the_list_is_newest_first_with_entries_exactly_as_seen_on_siblings(city: City) -> None:
    city.publish(articles.EMERGENCY, MORNING)
    answer = get(city, LIST)
    first, second = answer.json()[:2]
    assert answer.headers["Content-Type"] == "application/json"
    assert first == {
        "page_no": 40201,
        "page_name": "【警戒レベル4】避難指示を発令しました（古川流域）",
        "url": f"{city.url}/kinkyu/40201.html",
        "category_no": 2147,
        "is_category_index": False,
        "is_keitai_page": False,
        "is_shortcut": False,
        "keyword": "",
        "description": "",
        "publish_datetime": "2026-11-24T08:30:05+09:00",
        "thumbnail_image": None,
        "reserve": {
            "light_page": None,
            "newpage_category": None,
            "sns_display": {"number": 2, "value": "表示する"},
        },
        "tag": [{"tag_no": 1, "tag_name": "緊急", "image_file_name": "", "image_url": None}],
    }
    assert second["page_name"] == articles.ARTICLES[0].title


def test_the_list_holds_no_more_than_its_length_and_drops_the_oldest(city: City) -> None:
    city.list_length = 3
    assert [one["page_no"] for one in get(city, LIST).json()] == [a.page_no for a in articles.ARTICLES[:3]]


def test_a_category_has_a_list_of_its_own_in_json_and_in_html(city: City) -> None:
    named = {one["url"] for one in get(city, "/kurashi/gomi/9/index.update.json").json()}
    linked = {"http:" + str(a["href"]) for a in soup(city, "/kurashi/gomi/9/index.html").select("li.page > a")}
    assert named == linked == {f"{city.url}/kurashi/gomi/9/{n}.html" for n in (8820, 40129, 40130)}
    folders = [a["href"] for a in soup(city, "/kurashi/index.html").select("li.dir > a")]
    assert f"//{city.host}/kurashi/gomi/index.html" in folders


def test_the_sns_switch_can_be_on_off_and_unset(city: City) -> None:
    shown = {one["page_no"]: one["reserve"]["sns_display"] for one in get(city, LIST).json()}
    assert shown[40125] == {"number": 1, "value": "表示しない"}
    assert shown[40135] is None


def test_feedparser_reads_the_rdf_feed_without_the_shortcut(city: City) -> None:
    answer = get(city, FEED)
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "rss10"
    assert len(feed.entries) == len(articles.ARTICLES) - 1
    assert feed.entries[0].link == city.url + articles.FLU.path
    assert feed.entries[0].title == articles.FLU.title
    assert feed.entries[0].updated == "2026-11-24T07:30:05+09:00"
    assert "published" not in feed.entries[0]
    assert articles.ENTITIES.title in {one.title for one in feed.entries}
    assert "ETag" not in answer.headers
    assert "Last-Modified" not in answer.headers
    assert f"{city.url}{articles.SHORTCUT.path}" in get(city, FEED.replace("Shortcut=0", "Shortcut=1")).text


def test_the_feed_ends_at_its_count_and_at_its_range_of_days(city: City) -> None:
    city.publish(articles.EMERGENCY, MORNING - timedelta(days=91))
    assert len(feedparser.parse(get(city, FEED).content).entries) == len(articles.ARTICLES) - 1
    assert len(feedparser.parse(get(city, "/cgi-bin/feed.php?displayCount=2").content).entries) == 2


def test_the_home_page_holds_an_empty_template_and_no_article(city: City) -> None:
    home = soup(city, "/index.html")
    block = home.select_one(".pageListDynBlock")
    assert block is not None
    assert block["data-url"] == f"//{city.host}/index.update.json"
    assert home.select("li.page a") == []
    assert articles.FLU.title not in home.text


def test_an_article_page_has_every_field_where_the_cms_puts_it(city: City) -> None:
    page = soup(city, articles.FLU.path)

    def text(selector: str) -> str:
        found = page.select_one(selector)
        assert found is not None, selector
        return found.get_text("\n", strip=True)

    def attribute(selector: str, name: str) -> str:
        found = page.select_one(selector)
        assert found is not None, selector
        return str(found[name])

    assert text("article#contents h1.title span.bg span.bg2") == articles.FLU.title
    stamp = attribute('meta[name="nsls:timestamp"]', "content")
    assert stamp.endswith("GMT")
    assert parsedate_to_datetime(stamp) == MORNING - timedelta(hours=1)
    assert text("#social-update-area p.update") == "更新日：2026年11月24日"
    assert attribute("link[rel=canonical]", "href") == city.url + articles.FLU.path
    assert attribute('meta[property="og:image"]', "content") == f"//{city.host}/material/images/group/21/yobosesshu.jpg"
    assert attribute("figure.img-item img", "alt") == "予防接種を受ける人のイラスト"
    assert text("#contents-in .toiawase .name").split("\n")[:2] == ["保健福祉部健康増進課", "電話番号：06-6902-1231"]
    assert [li.text for li in page.select("#pankuzu ul.list li")][:2] == ["ホーム", "健康・福祉"]
    assert "自己負担は1,500円です。" in text("#contents-in .free-layout-area .wysiwyg")
    assert text(".page-number-display") == "ページID：40102"


def test_titles_arrive_as_they_were_written(city: City) -> None:
    for article in (articles.ENTITIES, articles.EMOJI, articles.VARIANTS, articles.LONG_TITLE):
        heading = soup(city, article.path).select_one("article#contents h1")
        assert heading is not None
        assert heading.text == article.title


def test_a_shortcut_has_another_number_than_its_address_and_names_its_master(city: City) -> None:
    entry = next(one for one in get(city, LIST).json() if one["is_shortcut"])
    canonical = soup(city, articles.SHORTCUT.path).select_one("link[rel=canonical]")
    assert canonical is not None
    assert canonical["href"] == city.url + articles.MASTER.path
    assert f"/{entry['page_no']}.html" not in entry["url"]


def test_a_page_without_a_date_still_has_one_in_the_list(city: City) -> None:
    page = soup(city, articles.UNDATED.path)
    entry = next(one for one in get(city, LIST).json() if one["page_no"] == articles.UNDATED.page_no)
    assert page.select('meta[name="nsls:timestamp"], p.update') == []
    assert entry["publish_datetime"].startswith("2026-11-24T03:30:05")


def test_a_pdf_only_page_has_files_but_no_text(city: City) -> None:
    page = soup(city, articles.PDF_ONLY.path)
    links = page.select("p.file-link-item a.pdf")
    assert links[0].text == "広報かどま 令和8年12月号 (PDFファイル: 6.6MB)"
    assert page.select(".wysiwyg") == []
    assert requests.get(f"http:{links[0]['href']}", timeout=TIMEOUT).content.startswith(b"%PDF")


def test_pictures_are_real_ones_of_the_size_that_was_asked_for(city: City) -> None:
    for article, kind in ((articles.EMOJI, "JPEG"), (articles.VARIANTS, "PNG")):
        photo = article.picture
        assert photo is not None
        picture = Image.open(io.BytesIO(get(city, photo.path).content))
        picture.load()
        assert (picture.format, picture.size) == (kind, (photo.width, photo.height))


def test_the_placeholder_picture_is_named_and_there(city: City) -> None:
    meta = soup(city, articles.PLACEHOLDER.path).select_one('meta[property="og:image"]')
    assert meta is not None
    assert str(meta["content"]).endswith("ogp_noimage.png")
    assert requests.get(f"http:{meta['content']}", timeout=TIMEOUT).headers["Content-Type"] == "image/png"


def test_the_sample_articles_are_thirty_with_distinct_addresses_and_one_phone_number() -> None:
    assert len(articles.ARTICLES) == len({one.path for one in articles.ARTICLES}) == 30
    assert len({one.department for one in articles.ARTICLES}) >= 10
    assert {one.tel for one in (*articles.ARTICLES, *articles.EMERGENCIES)} == {"06-6902-1231"}
    assert articles.REPUBLISHED.page_no < min(one.page_no for one in articles.ARTICLES if one != articles.REPUBLISHED)


def test_emergencies_stand_on_a_list_of_their_own(city: City) -> None:
    url = city.emergency(articles.EMERGENCY, datetime(2026, 11, 22, 16, 12, tzinfo=UTC))
    (item,) = soup(city, "/kinkyu/index.html").select("li.page")
    link, date = item.select_one("a"), item.select_one(".date")
    assert link is not None
    assert date is not None
    assert (f"http:{link['href']}", date.text) == (url, "2026年11月23日 1時12分")
    assert get(city, articles.EMERGENCY.path).status_code == 200
    assert url not in get(city, LIST).text


def test_an_edit_moves_the_article_to_the_front_with_its_new_words(city: City) -> None:
    city.edit(articles.PLACEHOLDER.path, at=MORNING, title="納期限が変わりました", body_html="<p>12月28日です。</p>")
    first = get(city, LIST).json()[0]
    assert (first["page_no"], first["page_name"]) == (articles.PLACEHOLDER.page_no, "納期限が変わりました")
    assert first["publish_datetime"] == "2026-11-24T08:30:05+09:00"
    assert "12月28日です。" in get(city, articles.PLACEHOLDER.path).content.decode()


def test_an_unpublished_article_is_gone_from_list_and_site(city: City) -> None:
    city.unpublish(articles.FLU.path)
    assert get(city, articles.FLU.path).status_code == 404
    assert articles.FLU.path not in get(city, LIST).text
    with pytest.raises(KeyError, match="publish it first"):
        city.edit(articles.FLU.path, at=MORNING)


def test_a_moved_page_redirects_while_the_list_keeps_its_old_address(city: City) -> None:
    city.redirect(articles.FLU.path, articles.MASTER.path)
    answer = get(city, articles.FLU.path)
    assert (answer.status_code, answer.headers["Location"]) == (301, city.url + articles.MASTER.path)
    assert articles.FLU.path in get(city, LIST).text


def test_unknown_addresses_are_404_and_robots_txt_is_there(city: City) -> None:
    assert get(city, "/kurashi/1.html").status_code == 404
    assert get(city, "/nowhere/index.update.json").status_code == 404
    assert "Disallow: /cgi-bin/inquiry.php" in get(city, "/robots.txt").text
    assert requests.post(city.url + LIST, timeout=TIMEOUT).status_code == 405


def test_an_article_without_a_time_zone_is_refused(city: City) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        city.publish(articles.EMERGENCY, datetime(2026, 11, 24))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("path", [LIST, articles.FLU.path])
def test_either_validator_alone_gets_304_until_something_changes(city: City, path: str) -> None:
    first = get(city, path)
    by_tag = {"If-None-Match": first.headers["ETag"]}
    by_date = {"If-Modified-Since": first.headers["Last-Modified"]}
    for validators in (by_tag, by_date, by_tag | by_date):
        again = get(city, path, **validators)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    city.edit(articles.FLU.path, at=MORNING)
    for validators in (by_tag, by_date, by_tag | by_date):
        assert get(city, path, **validators).status_code == 200


def test_an_older_tag_wins_over_a_date_that_would_match(city: City) -> None:
    date = get(city, LIST).headers["Last-Modified"]
    assert get(city, LIST, **{"If-None-Match": '"other"', "If-Modified-Since": date}).status_code == 200


def test_two_changes_in_the_same_second_have_different_validators(city: City) -> None:
    city.edit(articles.FLU.path, at=MORNING, title="一")
    before = get(city, LIST)
    city.edit(articles.FLU.path, at=MORNING, title="二")
    assert get(city, LIST, **{"If-Modified-Since": before.headers["Last-Modified"]}).status_code == 200


def test_a_rebuilt_site_has_new_validators_for_the_same_bytes(city: City) -> None:
    before = get(city, LIST)
    city.rebuild()
    after = get(city, LIST, **{"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.content) == (200, before.content)
    assert after.headers["Last-Modified"] != before.headers["Last-Modified"]


def test_conditional_answers_can_be_ignored_or_absent(city: City) -> None:
    tag = {"If-None-Match": get(city, LIST).headers["ETag"]}
    city.conditional = "ignored"
    assert (get(city, LIST, **tag).status_code, "ETag" in get(city, LIST).headers) == (200, True)
    city.conditional = "absent"
    assert (get(city, LIST, **tag).status_code, "ETag" in get(city, LIST).headers) == (200, False)


def test_the_log_says_who_asked_for_what_and_got_what(city: City) -> None:
    get(city, LIST + "?x=1", **{"User-Agent": "kadoma-line/1"})
    get(city, "/nowhere.html")
    first, second = city.requests
    assert (first.method, first.path, first.status) == ("GET", LIST + "?x=1", 200)
    assert first.headers["user-agent"] == "kadoma-line/1"
    assert second.status == 404
    city.clear_requests()
    assert (city.requests, city.max_in_flight) == ([], 0)


def test_one_connection_serves_many_requests_and_counts_as_one_at_a_time(city: City) -> None:
    with requests.Session() as session:
        for _ in range(20):
            assert session.get(city.url + LIST, timeout=TIMEOUT).status_code == 200
    assert len(city.requests) == 20
    assert city.max_in_flight == 1


def test_requests_at_the_same_time_are_counted(city: City) -> None:
    city.fail(LIST, Fault.hang())
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(get, city, LIST) for _ in range(3)]
        assert city.wait_until_hanging(3)
        city.release()
        assert {answer.result(TIMEOUT).status_code for answer in answers} == {200}
    assert city.max_in_flight == 3


def test_a_hanging_server_stops_at_once_and_comes_back_on_the_same_port(city: City) -> None:
    city.fail(LIST, Fault.hang(), times=1)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, city, LIST)
        assert city.wait_until_hanging()
        url = city.url
        city.stop()
        with pytest.raises(requests.ConnectionError):
            answer.result(TIMEOUT)
    with pytest.raises(requests.ConnectionError):
        get(city, LIST)
    city.start()
    assert city.url == url
    assert get(city, LIST).status_code == 200


def test_a_client_that_gives_up_ends_the_hang(city: City) -> None:
    city.fail(LIST, Fault.hang(threading.Event()), times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(city.url + LIST, timeout=(TIMEOUT, 0.05))
    assert city.wait_until_quiet()
    assert city.requests[-1].status == 0


def test_a_fault_ends_after_its_number_of_times_and_only_where_its_path_begins(city: City) -> None:
    city.fail("/kenko_fukushi/", Fault.status(503, retry_after=timedelta(minutes=2)), times=2)
    answers = [get(city, articles.FLU.path) for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "120"
    city.fail("/kenko_fukushi/", Fault.status(500))
    assert get(city, LIST).status_code == 200
    assert get(city, articles.FLU.path).status_code == 500
    city.recover()
    assert get(city, articles.FLU.path).status_code == 200


def test_a_firewall_refuses_or_sends_cookies_round_in_circles(city: City) -> None:
    city.fail(LIST, Fault.challenge(), times=1)
    refused = get(city, LIST)
    assert (refused.status_code, "Access Denied" in refused.text) == (403, True)
    city.fail(LIST, Fault.cookie_loop(LIST))
    with pytest.raises(requests.TooManyRedirects):
        requests.Session().get(city.url + LIST, timeout=TIMEOUT)
    assert city.requests[-1].headers["cookie"] == "waf=1"


def test_a_redirect_can_lead_to_another_host(city: City) -> None:
    city.fail(LIST, Fault.redirect_to("http://localhost:9/elsewhere"))
    assert get(city, LIST).headers["Location"] == "http://localhost:9/elsewhere"


def test_broken_bodies_arrive_as_broken_as_they_were_meant(city: City) -> None:
    city.fail(LIST, Fault.malformed_json(), times=1)
    with pytest.raises(requests.JSONDecodeError):
        get(city, LIST).json()
    city.fail(LIST, Fault.html_instead(), times=1)
    assert (get(city, LIST).status_code, city.requests[-1].status) == (200, 200)
    city.fail(LIST, Fault.raw(b"[]", "application/json"), times=1)
    assert get(city, LIST).json() == []
    city.fail("/cgi-bin/", Fault.entity_bomb(), times=1)
    assert get(city, FEED).text.count("<!ENTITY") == 10


def test_shift_jis_comes_under_the_name_of_utf_8(city: City) -> None:
    city.fail(articles.FLU.path, Fault.shift_jis())
    answer = get(city, articles.FLU.path)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert articles.FLU.title in answer.content.decode("cp932")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_a_gzip_bomb_is_small_on_the_wire_and_large_inside(city: City) -> None:
    city.fail(LIST, Fault.gzip_bomb(megabytes=20))
    answer = requests.get(city.url + LIST, timeout=TIMEOUT, stream=True)
    packed = answer.raw.read(decode_content=False)
    assert len(packed) < 50_000
    assert len(gzip.decompress(packed)) == 20_000_000
    city.recover()
    city.fail(LIST, Fault.big(megabytes=10))
    assert len(get(city, LIST).content) > 10_000_000


def test_connections_can_end_without_an_answer_or_in_the_middle_of_one(city: City) -> None:
    city.fail(LIST, Fault.drop(), times=1)
    with pytest.raises(requests.ConnectionError):
        get(city, LIST)
    city.fail(LIST, Fault.cut_short(), times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(city, LIST)
    assert get(city, LIST).status_code == 200
