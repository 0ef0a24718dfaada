"""The three kinds of lists, read from bytes."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import JST, Selectors
from pipeline.sources import feed, html_list, smart_cms
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import Found

HOSTS = ("www.city.example",)
CITY = "https://www.city.example"
JUNE = datetime(2026, 6, 13, 10, 13, 8, tzinfo=JST)


def fetched(body: bytes | str, content_type: str = "") -> Fetched:
    raw = body.encode() if isinstance(body, str) else body
    return Fetched(f"{CITY}/list", f"{CITY}/list", 200, raw, content_type)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "page_no": 40123, "page_name": "記事名", "url": f"{CITY}/kurashi/40123.html", "category_no": 2147,
        "is_category_index": False, "is_keitai_page": False, "is_shortcut": False, "keyword": "", "description": "",
        "publish_datetime": "2026-06-13T10:13:08+09:00", "thumbnail_image": None,
        "reserve": {"light_page": None, "newpage_category": None, "sns_display": {"number": 2, "value": "表示する"}},
        "tag": [{"tag_no": 1, "tag_name": "お知らせ", "image_file_name": "", "image_url": None}],
    } | changes  # fmt: skip


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in row().items() if name != key}


def smart(*rows: Any) -> Found:
    return smart_cms.read(fetched(json.dumps(rows)), HOSTS)


class TestSmartCms:
    def test_an_entry_has_address_title_date_number_tags_and_the_cms_switch(self) -> None:
        (entry,) = smart(row()).entries
        assert (entry.url, entry.title, entry.date, entry.page_no) == (
            f"{CITY}/kurashi/40123.html",
            "記事名",
            JUNE,
            40123,
        )
        assert (entry.tags, entry.sns_display) == (("お知らせ",), 2)

    def test_category_indexes_mobile_pages_and_foreign_links_are_skipped_and_counted(self) -> None:
        found = smart(
            row(is_category_index=True), row(is_keitai_page=True), row(url="https://elsewhere.example/1.html"),
            row(url="javascript:alert(1)"), row(url="https://www.city.example.evil.example/1.html"), row(),
        )  # fmt: skip
        assert (len(found.entries), found.skipped) == (1, 5)

    def test_of_two_entries_with_one_address_the_first_is_kept(self) -> None:
        found = smart(
            row(page_name="first"), row(page_name="second", url=f"{CITY}/kurashi/40123.html?utm_source=x#top")
        )
        assert [entry.title for entry in found.entries] == ["first"]

    def test_protocol_relative_and_http_addresses_are_the_sites_https(self) -> None:
        found = smart(
            row(url="//www.city.example/1.html"), row(url="http://www.city.example/2.html"), row(url="/3.html")
        )
        assert [entry.url for entry in found.entries] == [f"{CITY}/{number}.html" for number in (1, 2, 3)]

    def test_a_title_is_cleaned_but_neither_cut_nor_invented(self) -> None:
        long = "長" * 5000
        found = smart(
            row(page_name=" 改\n行\u202e と\u200b "),
            row(page_name=long, url="/2.html"),
            row(page_name=None, url="/3.html"),
        )
        assert [entry.title for entry in found.entries] == ["改 行 と", long, ""]

    @pytest.mark.parametrize(
        "date", ["0000-00-00T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "令和99年1月1日", "", None, "soon"]
    )
    def test_an_absurd_date_leaves_the_entry_undated(self, date: str | None) -> None:
        found = smart(row(publish_datetime=date))
        assert (found.entries[0].date, found.undated) == (None, 1)

    def test_where_a_shortcut_and_its_master_differ_the_smaller_number_counts(self) -> None:
        found = smart(row(is_shortcut=True, page_no=50000, url="/a/1815.html"), row(page_no=1815, url="/a/50000.html"))
        assert [entry.page_no for entry in found.entries] == [1815, 1815]

    @pytest.mark.parametrize("key", ["url", "page_name", "publish_datetime"])
    def test_a_needed_key_that_is_gone_is_named(self, key: str) -> None:
        with pytest.raises(FetchError, match=f"entry 2 has no {key};") as caught:
            smart(row(url="/1.html"), without(key))
        assert caught.value.code == "malformed"

    @pytest.mark.parametrize("key", ["page_no", "is_category_index", "is_keitai_page", "reserve", "tag", "keyword"])
    @pytest.mark.parametrize("value", [None, "x", -1, [], [1], {}, {"sns_display": 7}, True])
    def test_a_key_we_can_do_without_may_be_missing_or_odd(self, key: str, value: Any) -> None:
        assert smart(without(key)).entries[0].title == "記事名"
        found = smart(row(**{key: value}))
        assert len(found.entries) + found.skipped == 1
        assert found.skipped == (key.startswith("is_") and value is True)

    def test_new_keys_are_ignored(self) -> None:
        assert len(smart(row(new_key={"a": [1]})).entries) == 1

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ("<!DOCTYPE html><p>ただいまメンテナンス中です", "HTML where the list should be"),
            ("", "not the list expected"),
            ('{"error": "x"}', "not the list expected"),
            ("null", "not the list expected"),
            ("[1, 2]", "not the list expected"),
            ('[{"url": 5}]', r"\$\[0\]\.url"),
            ('[{"url": "/1.html"', "not the list expected"),
            ("[" * 100_000, "not the list expected"),
        ],
    )
    def test_anything_but_the_list_is_malformed_and_says_what_it_is(self, body: str, says: str) -> None:
        with pytest.raises(FetchError, match=says) as caught:
            smart_cms.read(fetched(body), HOSTS)
        assert caught.value.code == "malformed"
        assert f"{CITY}/list" in caught.value.detail

    @pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "utf-8-sig"])
    def test_another_encoding_than_json_allows_is_read_all_the_same(self, encoding: str) -> None:
        body = json.dumps([row()], ensure_ascii=False).encode(encoding)
        assert smart_cms.read(fetched(body, "application/json; charset=UTF-8"), HOSTS).entries[0].title == "記事名"

    def test_an_empty_list_is_an_empty_list(self) -> None:
        assert smart() == Found((), 0, 0)

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
                        | st.dictionaries(st.sampled_from([*row(), "x"]), inner, max_size=6), max_leaves=20))  # fmt: skip
    def test_any_json_is_read_or_malformed(self, value: Any) -> None:
        for document in (value, [value], [row(**value)] if isinstance(value, dict) else None):
            assert_read_or_malformed(lambda document=document: smart_cms.read(fetched(json.dumps(document)), HOSTS))


def assert_read_or_malformed(read: Any) -> None:
    try:
        read()
    except FetchError as error:
        assert error.code == "malformed"  # noqa: PT017 - both outcomes are right


RDF = """<?xml version="1.0" encoding="{encoding}"?>
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://www.city.example/"><title>新着</title></channel>
<item rdf:about="https://www.city.example/a/13745.html#toboku"><title>粗大ごみ &amp; &lt;重要&gt; {{{{ x }}}}</title>
<link>https://www.city.example/a/13745.html#toboku</link><description/><dc:date>2026-06-13T10:13:08+09:00</dc:date></item>
<item rdf:about="x"><title>別</title><link>/a/2.html</link><dc:date>0000-00-00T00:00:00+09:00</dc:date></item>
<item rdf:about="y"><title>よそ</title><link>https://elsewhere.example/3.html</link></item>
</rdf:RDF>"""
RSS2 = """<rss version="2.0"><channel><item><title>A &amp;amp; B</title><link>/1.html</link><pubDate>Sat, 13 Jun 2026 10:13:08 +0900</pubDate></item>
<item><title>C</title><link>/2.html</link><pubDate>2026年6月13日</pubDate></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="html">&lt;b&gt;太&lt;/b&gt;字</title><link rel="self" href="/self"/>
<link rel="alternate" href="/1.html"/><published>2026-06-01T00:00:00Z</published><updated>2026-06-13T01:13:08Z</updated></entry></feed>"""


class TestFeed:
    @pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
    @pytest.mark.parametrize("declared", ["utf-8", "Shift_JIS"])
    def test_rss_1_is_read_in_whatever_encoding_it_comes(self, encoding: str, declared: str) -> None:
        body = RDF.format(encoding=declared).encode(encoding)
        found = feed.read(fetched(body, "application/rss+xml; charset=utf-8"), HOSTS)
        assert [(entry.url, entry.title, entry.date, entry.page_no) for entry in found.entries] == [
            (f"{CITY}/a/13745.html", "粗大ごみ & <重要> {{ x }}", JUNE, 13745),
            (f"{CITY}/a/2.html", "別", None, 2),
        ]
        assert (found.undated, found.skipped) == (1, 1)

    def test_rss_2_is_read_and_titles_escaped_twice_come_out_right(self) -> None:
        found = feed.read(fetched(RSS2), HOSTS)
        assert [(entry.title, entry.date) for entry in found.entries] == [
            ("A & B", JUNE),
            ("C", datetime(2026, 6, 13, tzinfo=JST)),
        ]

    def test_atom_is_read_by_its_alternate_link_and_its_last_publication(self) -> None:
        (entry,) = feed.read(fetched(ATOM), HOSTS).entries
        assert (entry.url, entry.title, entry.date) == (f"{CITY}/1.html", "太字", JUNE)

    def test_a_stray_ampersand_does_not_stop_a_whole_feed(self) -> None:
        found = feed.read(fetched(RSS2.replace("C</title>", "C & D</title>")), HOSTS)
        assert [entry.url for entry in found.entries] == [f"{CITY}/1.html", f"{CITY}/2.html"]

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ("", "no feed"),
            ("<!DOCTYPE html><html><p>ただいまメンテナンス中です", "no feed"),
            ("[]", "no feed"),
            ("/etc/passwd", "no feed"),
            (RSS2[:200], "ends in the middle"),
            ('<!DOCTYPE lolz [<!ENTITY a "ha"><!entity b "&a;&a;&a;&a;">]>' + RSS2.replace("C", "&b;"), "entities"),
            (
                '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                + RSS2.replace("C", "&x;"),
                "entities",
            ),
        ],
    )
    def test_anything_but_a_whole_and_harmless_feed_is_malformed(self, body: str, says: str) -> None:
        for raw in (body.encode(), body.encode("utf-16")):
            with pytest.raises(FetchError, match=says) as caught:
                feed.read(fetched(raw), HOSTS)
            assert caught.value.code == "malformed"

    def test_an_empty_feed_is_an_empty_list(self) -> None:
        assert feed.read(fetched('<rss version="2.0"><channel><title>x</title></channel></rss>'), HOSTS) == Found(
            (), 0, 0
        )

    @given(st.lists(st.sampled_from(["<rss version='2.0'>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "x", "</link>", "&amp;",
                                     "&", "<![CDATA[", "]]>", "<", ">", "</rss>", "<dc:date>", "<?", "<!--", "\0", "\ud800".encode("utf-8", "replace").decode()]),
                    max_size=30).map("".join))  # fmt: skip
    def test_any_text_is_read_or_malformed(self, text: str) -> None:
        assert_read_or_malformed(lambda: feed.read(fetched(f"<rss>{text}"), HOSTS))


LIST = """<ul><li class="page"><a href="/kinkyu/1.html">避難指示（<ruby>門真<rt>かどま</rt></ruby>）<span class="date">令和8年6月13日 10時13分</span></a></li>
<li class="page"><span class="date">未定</span><a href="2.html">断水</a></li><li class="page">リンクなし</li>
<li class="page"><a href="https://elsewhere.example/">よそ</a></li></ul>"""
SELECT = Selectors(item="li.page", link="a", date=".date")


class TestHtmlList:
    def test_entries_are_found_by_the_selectors_and_the_date_is_no_part_of_the_title(self) -> None:
        found = html_list.read(fetched(LIST), HOSTS, SELECT)
        assert [(entry.url, entry.title, entry.date) for entry in found.entries] == [
            (f"{CITY}/kinkyu/1.html", "避難指示（門真（かどま））", datetime(2026, 6, 13, 10, 13, tzinfo=JST)),
            (f"{CITY}/2.html", "断水", None),
        ]
        assert (found.undated, found.skipped) == (1, 2)

    def test_the_item_may_be_the_link_and_a_list_may_have_no_dates(self) -> None:
        found = html_list.read(
            fetched('<li class=page><a href="/1.html">断水</a></li>'), HOSTS, Selectors(item="li.page > a", link="")
        )
        assert ([entry.title for entry in found.entries], found.undated) == (["断水"], 0)

    def test_a_machine_readable_date_and_a_title_of_its_own_are_used(self) -> None:
        body = '<div><h3>断水</h3><time datetime="2026-06-13T10:13:08+09:00">きのう</time><a href="/1.html">もっと見る</a></div>'
        (entry,) = html_list.read(fetched(body), HOSTS, Selectors(item="div", title="h3", date="time")).entries
        assert (entry.title, entry.date) == ("断水", JUNE)

    def test_a_page_without_the_items_is_an_empty_list(self) -> None:
        assert html_list.read(fetched("<p>現在、緊急情報はありません。"), HOSTS, SELECT) == Found((), 0, 0)

    def test_shift_jis_served_as_utf_8_is_read(self) -> None:
        found = html_list.read(fetched(LIST.encode("cp932"), "text/html; charset=UTF-8"), HOSTS, SELECT)
        assert found.entries[1].title == "断水"

    def test_a_wrong_selector_is_named(self) -> None:
        with pytest.raises(FetchError, match=r"selector.*kadoma\.toml"):
            html_list.read(fetched(LIST), HOSTS, Selectors(item="li[["))

    def test_json_where_a_page_should_be_is_malformed(self) -> None:
        with pytest.raises(FetchError, match="application/json"):
            html_list.read(fetched("[]", "application/json"), HOSTS, SELECT)


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=Shift_JIS", "application/json", "\x00;;"]))
def test_any_bytes_are_a_list_or_malformed(body: bytes, content_type: str) -> None:
    assert_read_or_malformed(lambda: smart_cms.read(fetched(body, content_type), HOSTS))
    assert_read_or_malformed(lambda: smart_cms.read(fetched(b"[" + body + b"]", content_type), HOSTS))
    assert_read_or_malformed(lambda: feed.read(fetched(body, content_type), HOSTS))
    assert_read_or_malformed(lambda: feed.read(fetched(b"<rss>" + body + b"</rss>", content_type), HOSTS))
    assert_read_or_malformed(lambda: html_list.read(fetched(body, content_type), HOSTS, SELECT))
