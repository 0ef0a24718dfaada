"""The three kinds of lists, read from bytes."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import TITLE_AT_MOST
from pipeline.config import JST, Selectors
from pipeline.sources import feed, html_list, smart_cms
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.entries import ENTRIES_AT_MOST, Rows

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


def smart(*rows: Any) -> Rows:
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

    def test_characters_as_numbers_become_characters_and_names_stay_and_labels_are_cleaned(self) -> None:
        (entry,) = smart(
            row(page_name="&#9312;&#x2461;&#X2462; A &lt; B", tag=[{"tag_name": " お\u200b知らせ\t"}])
        ).entries
        assert (entry.title, entry.tags) == ("①②③ A &lt; B", ("お知らせ",))

    def test_category_indexes_mobile_pages_and_foreign_links_are_skipped_and_counted(self) -> None:
        found = smart(
            row(is_category_index=True), row(is_keitai_page=True), row(url="https://elsewhere.example/1.html"),
            row(url="javascript:alert(1)"), row(url="https://www.city.example.evil.example/1.html"), row(),
        )  # fmt: skip
        assert (len(found.entries), found.passed, found.skipped) == (1, 4, 1)

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

    def test_a_title_is_cleaned_and_cut_only_where_it_is_absurd(self) -> None:
        long = "長" * 5000
        found = smart(
            row(page_name=" 改\n行\u202e と\u200b "),
            row(page_name=long, url="/2.html"),
            row(page_name=None, url="/3.html"),
        )
        assert [entry.title for entry in found.entries] == ["改 行 と", long[:TITLE_AT_MOST], ""]

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
        with pytest.raises(FetchError, match=f"entry 1 has no {key}, nor has any other;") as caught:
            smart(without(key), without(key))
        assert caught.value.code == "malformed"

    def test_a_row_without_address_or_title_is_skipped_and_counted_and_the_others_are_read(self) -> None:
        found = smart(row(url="/1.html"), without("url"), without("page_name"), without("publish_datetime"))
        assert [entry.url for entry in found.entries] == [f"{CITY}/1.html", f"{CITY}/kurashi/40123.html"]
        assert (found.skipped, found.undated) == (2, 1)

    def test_a_tree_is_read_with_all_its_branches(self) -> None:
        leaf = row(url="/a/3.html", page_name="葉")
        branch = row(
            url="/a/index.html", is_category_index=True, child_pages=[leaf, {"category_name": "空", "child_pages": []}]
        )
        tree = {"child_pages": [row(url="/1.html"), branch, row(url="/2.html", child_pages=None)]}
        for document in ([tree], tree):
            found = smart_cms.read(fetched(json.dumps(document)), HOSTS)
            assert [entry.url for entry in found.entries] == [f"{CITY}/1.html", f"{CITY}/a/3.html", f"{CITY}/2.html"]
            assert (found.passed, found.skipped) == (1, 0)

    @pytest.mark.parametrize(
        ("written", "title"),
        [
            (rb"\ud83d\ude0d", "祭り😍"), (b"&#55357;&#56845;", "祭り😍"), (b"&#128525;", "祭り😍"), (rb"\ud83d", "祭り"), (b"\t\x0b", "祭り"),
        ],
    )  # fmt: skip
    def test_an_emoji_in_halves_and_control_characters_do_not_stop_the_list(self, written: bytes, title: str) -> None:
        body = json.dumps([row(page_name="祭り@")], ensure_ascii=False).encode().replace(b"@", written)
        assert smart_cms.read(fetched(body), HOSTS).entries[0].title == title

    @pytest.mark.parametrize("key", ["page_no", "is_category_index", "is_keitai_page", "reserve", "tag", "keyword"])
    @pytest.mark.parametrize("value", [None, "x", -1, [], [1], {}, {"sns_display": 7}, True])
    def test_a_key_we_can_do_without_may_be_missing_or_odd(self, key: str, value: Any) -> None:
        assert smart(without(key)).entries[0].title == "記事名"
        found = smart(row(**{key: value}))
        assert len(found.entries) + found.passed == 1
        assert found.passed == (key.startswith("is_") and value is True)

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
            ('[{"url": 5}]', r"\$\[\.\.\.\]\.url|\$\[0\]\.url"),
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
        assert smart() == Rows()

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
        assert (found.undated, found.passed, found.skipped) == (1, 1, 0)

    def test_rss_2_is_read_and_titles_escaped_twice_come_out_right(self) -> None:
        found = feed.read(fetched(RSS2), HOSTS)
        assert [(entry.title, entry.date) for entry in found.entries] == [
            ("A & B", JUNE),
            ("C", datetime(2026, 6, 13, tzinfo=JST)),
        ]

    def test_atom_is_read_by_its_alternate_link_and_its_last_publication(self) -> None:
        (entry,) = feed.read(fetched(ATOM), HOSTS).entries
        assert (entry.url, entry.title, entry.date) == (f"{CITY}/1.html", "太字", JUNE)

    @pytest.mark.parametrize("name", ["lang", "copy", "reg", "sect", "para", "not", "times", "order", "amp", "x"])
    def test_an_ampersand_in_a_link_is_one_whatever_follows_it(self, name: str) -> None:
        found = feed.read(fetched(RSS2.replace("/1.html", f"/1.php?a=1&{name}=2&b=3")), HOSTS)
        assert [entry.url for entry in found.entries] == [f"{CITY}/1.php?a=1&{name}=2&b=3", f"{CITY}/2.html"]

    @pytest.mark.parametrize(
        ("written", "title"),
        [
            ("&#55357;&#56845;祭り", "😍祭り"), ("&#xD83D;&#xDE0D;祭り", "😍祭り"), ("&#128525;祭り", "😍祭り"), ("&#55357;祭り", "祭り"),
            ("祭\x0b\x00り", "祭り"), ("祭&#11;り", "祭り"), ("祭り&nbsp;会場", "祭り 会場"), ("祭り&hellip;", "祭り…"), ("祭り & 会場", "祭り & 会場"),
            ("<![CDATA[祭り & <b>会場</b>]]>", "祭り & 会場"), ("祭り&copy 会場", "祭り&copy 会場"),
        ],
    )  # fmt: skip
    def test_what_xml_forbids_in_one_title_stops_no_feed(self, written: str, title: str) -> None:
        found = feed.read(fetched(RSS2.replace("C</title>", f"{written}</title>")), HOSTS)
        assert [entry.title for entry in found.entries] == ["A & B", title]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("\n\n  ", "\n"), ("\ufeff", ""), ("<br />\n<b>Warning</b>: Undefined index in feed.php on line 3<br />\n", "<!-- 0.2 s -->"),
            ('<?xml version="1.0" encoding="EUC-JP"?><?xml-stylesheet href="x.xsl"?><!DOCTYPE rss>', "<script>x & y</script>"),
        ],
    )  # fmt: skip
    def test_what_stands_around_a_feed_is_not_read(self, before: str, after: str) -> None:
        assert len(feed.read(fetched(before + RSS2 + after), HOSTS).entries) == 2

    @pytest.mark.parametrize(
        "dates",
        [
            "<pubDate>Sat, 13 Jun 2026 10:13:08 +09:00</pubDate>",
            "<pubDate>Sat, 13 Jun 2026 10:13:08 GMT+09:00</pubDate>",
            "<dc:date>未定</dc:date><pubDate>13 JUN 2026 10:13:08</pubDate>",
            "<pubDate>soon</pubDate><dcterms:modified>2026-06-13T10:13:08+09:00</dcterms:modified>",
            '<dcterms:issued xmlns:dcterms="http://purl.org/dc/terms/">2026-06-13 10:13:08</dcterms:issued>',
            "<published>2026-06-13T01:13:08Z</published><updated/>",
            "<dc:date>2026-06-13T10:13:08+17:00</dc:date>",
        ],
    )
    def test_a_date_is_found_in_whatever_field_it_stands(self, dates: str) -> None:
        found = feed.read(fetched(RSS2.replace("<pubDate>2026年6月13日</pubDate>", dates)), HOSTS)
        assert ([entry.date for entry in found.entries], found.undated) == ([JUNE, JUNE], 0)
        assert found.zones == ("+17:00" in dates)

    def test_addresses_are_relative_to_xml_base_and_an_identity_that_is_an_address_is_a_link(self) -> None:
        body = (
            '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/news/"><entry><title>A</title><link href="1.html"/></entry>'
            "<entry><title>B</title><id>https://www.city.example/2.html</id></entry>"
            "<entry><title>C</title><id>urn:uuid:1</id></entry></feed>"
        )
        found = feed.read(fetched(body), HOSTS)
        assert [entry.url for entry in found.entries] == [f"{CITY}/news/1.html", f"{CITY}/2.html"]
        assert found.skipped == 1

    @pytest.mark.parametrize(
        "before", ["<media:title>写真</media:title>", "<atom:link href='/self'/>", "<g:link>/shop</g:link>"]
    )
    def test_an_element_of_another_vocabulary_does_not_stand_for_the_items_own(self, before: str) -> None:
        item = f"<item>{before}<title>断水</title><link>/1.html?a=1&amp;amp;b=2</link></item>"
        (entry,) = feed.read(fetched(f"<rss version='2.0'><channel>{item}</channel></rss>"), HOSTS).entries
        assert (entry.title, entry.url.rpartition("/")[2]) == ("断水", "1.html?a=1&b=2")

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
        assert feed.read(fetched('<rss version="2.0"><channel><title>x</title></channel></rss>'), HOSTS) == Rows()

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
        assert (found.undated, found.passed, found.skipped) == (1, 1, 1)

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
        assert html_list.read(fetched("<p>現在、緊急情報はありません。"), HOSTS, SELECT) == Rows(heading="\n")

    def test_shift_jis_served_as_utf_8_is_read(self) -> None:
        found = html_list.read(fetched(LIST.encode("cp932"), "text/html; charset=UTF-8"), HOSTS, SELECT)
        assert found.entries[1].title == "断水"

    def test_base_href_counts_in_lists_as_in_pages(self) -> None:
        body = '<base href="/bosai/kinkyu/"><ul><li class="page"><a href="1.html">断水</a></li></ul>'
        assert html_list.read(fetched(body), HOSTS, SELECT).entries[0].url == f"{CITY}/bosai/kinkyu/1.html"

    def test_the_list_says_what_it_calls_itself(self) -> None:
        body = "<title>緊急情報／門真市</title><h1>緊急 情報</h1>"
        assert html_list.read(fetched(body), HOSTS, SELECT).heading == "緊急 情報\n緊急情報／門真市"

    @pytest.mark.parametrize("name", ["lang", "copy", "reg", "sect", "para", "not"])
    def test_an_ampersand_in_a_link_is_no_entity(self, name: str) -> None:
        body = f'<li class="page"><a href="/o.php?a=1&{name}=2">断水</a></li>'
        assert html_list.read(fetched(body), HOSTS, SELECT).entries[0].url == f"{CITY}/o.php?a=1&{name}=2"

    def test_a_wrong_selector_is_named(self) -> None:
        with pytest.raises(FetchError, match=r"selector.*kadoma\.toml"):
            html_list.read(fetched(LIST), HOSTS, Selectors(item="li[["))

    def test_json_where_a_page_should_be_is_malformed(self) -> None:
        with pytest.raises(FetchError, match="application/json"):
            html_list.read(fetched("[]", "application/json"), HOSTS, SELECT)


STACKED = """<title>緊急情報</title><h1>緊急情報</h1>
<div class="report"><h2>第2報　避難指示</h2><p class="date">令和8年6月13日 14時</p><p>全域に避難指示を出しました。</p><p>命を守ってください。</p></div>
<div class="report"><h2>第1報　高齢者等避難</h2><p class="date">令和8年6月13日 10時</p><p>高齢者等は避難してください。</p></div>
<div class="report"> </div>"""
REPORTS = Selectors(item="div.report", date=".date")


class TestEmergencyLists:
    """Several reports on one page: each is an entry of its own."""

    def test_reports_stacked_on_the_list_are_entries_with_their_own_text(self) -> None:
        found = html_list.read(fetched(STACKED), HOSTS, REPORTS, emergency=True)
        assert [(entry.title, entry.text, entry.date and entry.date.hour) for entry in found.entries] == [
            ("第2報　避難指示", "全域に避難指示を出しました。\n命を守ってください。", 14),
            ("第1報　高齢者等避難", "高齢者等は避難してください。", 10),
        ]
        assert found.skipped == 1
        assert len({entry.url for entry in found.entries}) == 2
        assert all(entry.url.startswith(f"{CITY}/list#r") for entry in found.entries)

    def test_a_new_report_on_top_leaves_the_others_what_they_were_also_under_the_same_title(self) -> None:
        def block(text: str) -> str:
            return f'<div class="report"><h2>大雨に関するお知らせ</h2><p>{text}</p></div>'

        before = html_list.read(fetched(block("一")), HOSTS, REPORTS, emergency=True).entries
        after = html_list.read(fetched(block("二") + block("一")), HOSTS, REPORTS, emergency=True).entries
        assert after[1:] == before
        assert after[0].url != before[0].url

    def test_a_report_that_is_edited_in_place_keeps_its_address(self) -> None:
        one, other = (
            html_list.read(fetched(text), HOSTS, REPORTS, emergency=True).entries[0]
            for text in (STACKED, STACKED.replace("全域に", "市内全域に"))
        )
        assert (one.url, one.text != other.text) == (other.url, True)

    @pytest.mark.parametrize(
        "text",
        [
            "現在、緊急情報はありません。",
            "お知らせは現在ございません",
            "現在発令されている情報はありません。",
            "避難指示は発令されていません。",
            "該当なし",
            "準備中",
            "",
        ],
    )
    def test_a_row_that_says_that_there_is_nothing_is_no_report(self, text: str) -> None:
        found = html_list.read(fetched(f'<div class="report"><p>{text}</p></div>'), HOSTS, REPORTS, emergency=True)
        assert (found.entries, found.skipped) == ((), 1)

    @pytest.mark.parametrize("text", ["この地震による津波の心配はありません。", "14時00分　東町で断水しています。"])
    def test_a_report_in_one_line_is_one(self, text: str) -> None:
        found = html_list.read(fetched(f'<div class="report">{text}</div>'), HOSTS, REPORTS, emergency=True)
        assert [(entry.title, entry.text) for entry in found.entries] == [(text, text)]

    @pytest.mark.parametrize("link", ["/hinanjo.html", "/map.pdf", "https://www.jma.go.jp/"])
    def test_a_link_under_a_report_does_not_take_its_place(self, link: str) -> None:
        body = "".join(
            f'<div class="report"><h2>第{n}報</h2><p>{n}丁目で断水しています。</p><a href="{link}">詳しくはこちら</a></div>'
            for n in (2, 1)
        )
        found = html_list.read(fetched(body), HOSTS, REPORTS, emergency=True)
        assert [(entry.title, "断水しています。" in entry.text) for entry in found.entries] == [
            ("第2報", True),
            ("第1報", True),
        ]
        plain = f'<div class="report">14時、東町の全域で断水しています。復旧の見込みはありません。<a href="{link}">詳細</a></div>'
        assert len(html_list.read(fetched(plain), HOSTS, REPORTS, emergency=True).entries) == 1

    def test_a_heading_that_is_the_link_is_an_entry_and_a_link_to_elsewhere_is_what_it_says(self) -> None:
        body = '<div class="report"><h2><a href="/1.html">断水のお知らせ</a></h2><p>概要</p></div>'
        (entry,) = html_list.read(fetched(body), HOSTS, REPORTS, emergency=True).entries
        assert (entry.url, entry.title, entry.text) == (f"{CITY}/1.html", "断水のお知らせ", "")
        elsewhere = '<div class="report"><a href="https://www.pref.example/">大阪府防災情報ポータルサイト（外部サイトへリンク）</a></div>'
        (entry,) = html_list.read(fetched(elsewhere), HOSTS, REPORTS, emergency=True).entries
        assert (entry.title, entry.url.partition("#")[0]) == (
            "大阪府防災情報ポータルサイト（外部サイトへリンク）",
            f"{CITY}/list",
        )
        found = html_list.read(fetched(elsewhere), HOSTS, REPORTS)
        assert (found.entries, found.passed) == ((), 1)

    def test_a_link_that_is_a_picture_is_called_what_the_picture_is(self) -> None:
        body = '<li class="page"><a href="/1.html"><img src="x.png" alt="断水のお知らせ"></a></li>'
        assert html_list.read(fetched(body), HOSTS, SELECT).entries[0].title == "断水のお知らせ"

    def test_headings_with_text_below_are_reports_too(self) -> None:
        body = "<h1>緊急</h1><h2>断水</h2><p>東町で断水。</p>給水は市役所。<h2>復旧</h2><p>復旧しました。</p><h1>関連</h1><p>x</p>"
        found = html_list.read(fetched(body), HOSTS, Selectors(item="h2"), emergency=True)
        assert [(entry.title, entry.text) for entry in found.entries] == [
            ("断水", "東町で断水。\n給水は市役所。"), ("復旧", "復旧しました。"),
        ]  # fmt: skip

    def test_anchors_of_one_page_are_different_entries_but_a_place_to_begin_reading_is_none(self) -> None:
        body = "".join(
            f'<li class="page"><a href="{url}">{url}</a></li>'
            for url in ("o.html#n2", "o.html#n1", "p.html#contents", "#n3", "#")
        )
        found = html_list.read(fetched(body), HOSTS, SELECT, emergency=True)
        assert [entry.url for entry in found.entries] == [
            f"{CITY}/o.html#n2", f"{CITY}/o.html#n1", f"{CITY}/p.html", f"{CITY}/list#n3",
        ]  # fmt: skip
        normal = html_list.read(fetched(body), HOSTS, SELECT)
        assert [entry.url for entry in normal.entries] == [f"{CITY}/o.html", f"{CITY}/p.html"]

    @pytest.mark.parametrize(
        "body",
        [
            '<h2 id="n2">第2報</h2><p>避難指示。</p><h2 id="n1">第1報</h2><p>高齢者等避難。</p>',
            '<h2><a name="n2"></a>第2報</h2><p>避難指示。</p><h2><a name="n1"></a>第1報</h2><p>高齢者等避難。</p>',
            '<div id="n2"><h3>第2報</h3><p>避難指示。</p></div><div id="n1"><h3>第1報</h3><p>高齢者等避難。</p></div>',
            '<p><a name="n2">第2報</a></p><p>避難指示。</p><p><a name="n1">第1報</a></p><p>高齢者等避難。</p>',
            '<dl><dt id="n2">第2報</dt><dd>避難指示。</dd><dt id="n1">第1報</dt><dd>高齢者等避難。</dd></dl>',
        ],
    )
    def test_the_part_of_a_page_that_an_anchor_names_ends_where_the_next_begins(self, body: str) -> None:
        text = f"<h1>大雨</h1><p>はじめに。</p>{body}"
        assert html_list.part(text, "n2") == ("第2報", "避難指示。")
        assert html_list.part(text, "n1") == ("第1報", "高齢者等避難。")
        assert html_list.part(text, "n9") is None


def test_a_list_without_end_is_cut_to_its_newest_entries_and_the_rest_is_counted() -> None:
    rows = [row(url=f"/a/{n}.html", publish_datetime=f"2026-06-{1 + n % 28:02}") for n in range(ENTRIES_AT_MOST + 5)]
    found = smart(*rows)
    assert (len(found.entries), found.left_out) == (ENTRIES_AT_MOST, 5)
    assert {entry.url for entry in found.entries} > {f"{CITY}/a/{n}.html" for n in range(27, ENTRIES_AT_MOST, 28)}


def test_a_link_to_the_list_itself_in_any_spelling_is_no_article_and_www_makes_no_second_one() -> None:
    links = (
        "/list",
        f"{CITY}/list/",
        "list?v=2",
        f"{CITY}/1.html",
        "https://city.example/1.html",
        "http://www.city.example/1.html",
    )
    body = "".join(f'<li class="page"><a href="{link}">断水</a></li>' for link in links)
    for emergency in (False, True):
        found = html_list.read(fetched(body), ("www.city.example", "city.example"), SELECT, emergency=emergency)
        assert ([entry.url for entry in found.entries], found.passed) == ([f"{CITY}/1.html"], 3)


def test_a_list_of_endless_addresses_is_cut_by_its_size() -> None:
    rows = [row(url=f"/a/{n}/{'a' * 9_000}.html") for n in range(200)]
    found = smart(*rows)
    assert (len(found.entries) + found.left_out, 0 < len(found.entries) < 120) == (200, True)


def test_an_unreadable_date_does_not_hide_the_next() -> None:
    (entry,) = smart(row(publish_datetime="未定", update_datetime="2026-06-13T10:13:08+09:00")).entries
    assert entry.date == JUNE
    body = '<li class="page"><a href="1.html">断水</a><time class="date" datetime="soon">2026年6月13日10時13分8秒</time></li>'
    (entry,) = html_list.read(fetched(body.replace("10時13分8秒", " 10:13:08")), HOSTS, SELECT).entries
    assert entry.date == JUNE


@pytest.mark.parametrize("number", [9223372036854775808, "9" * 400, 10**400])
def test_a_number_that_no_page_has_is_none(number: Any) -> None:
    body = json.dumps([row(url="/a.html", page_no="@")]).replace('"@"', json.dumps(number)).encode()
    try:
        (entry,) = smart_cms.read(fetched(body), HOSTS).entries
    except FetchError as error:
        assert error.code == "malformed"  # noqa: PT017 - a number that JSON readers refuse
    else:
        assert entry.page_no is None or entry.page_no < 10**12


def test_an_address_without_end_is_no_article() -> None:
    assert smart(row(url="/" + "a" * 20_000), row()).skipped == 1


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=Shift_JIS", "application/json", "\x00;;"]))
def test_any_bytes_are_a_list_or_malformed(body: bytes, content_type: str) -> None:
    assert_read_or_malformed(lambda: smart_cms.read(fetched(body, content_type), HOSTS))
    assert_read_or_malformed(lambda: smart_cms.read(fetched(b"[" + body + b"]", content_type), HOSTS))
    assert_read_or_malformed(lambda: feed.read(fetched(body, content_type), HOSTS))
    assert_read_or_malformed(lambda: feed.read(fetched(b"<rss>" + body + b"</rss>", content_type), HOSTS))
    assert_read_or_malformed(lambda: html_list.read(fetched(body, content_type), HOSTS, SELECT))
