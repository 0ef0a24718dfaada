import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import Attachment, Page, Picture
from pipeline.config import JST
from pipeline.sources import article_page
from pipeline.sources.answer import Fetched, FetchError

HOSTS = ("www.city.example",)
CITY = "https://www.city.example"
URL = f"{CITY}/kurashi/13690.html"

PAGE = """<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8">
<meta name="nsls:timestamp" content="Fri, 12 Jun 2026 06:30:00 GMT">
<link rel="canonical" href="https://www.city.example/soshiki/13690.html">
<meta property="og:image" content="//www.city.example/ogp_noimage.png">
<meta property="og:description" content="   粗大ごみの   申込 ">
<title>記事名／市名-City-</title><script>var cms_api_domain="x";</script></head><body>
<header><h1 class="logo"><img alt="市"></h1></header>
<dl id="pankuzu"><dt>現在位置</dt><dd><ul class="list"><li><a>ホーム</a></li><li class="icon"><a>くらし</a></li><li><span>記事名</span></li></ul></dd></dl>
<article id="contents" role="main">
<h1 class="title"><span class="bg"><span class="bg2">粗大ごみ &lt;重要&gt; の<ruby>収集<rp>(</rp><rt>しゅうしゅう</rt><rp>)</rp></ruby></span></span></h1>
<div id="social-update-area"><p class="update">更新日：2026年06月13日</p><p class="page-number-display">ページID 13690</p></div>
<div id="contents-in"><div class="free-layout-area"><h2>申込方法</h2><div class="wysiwyg"><p>電話で<br>
お申し込み&nbsp;ください。<!-- 内部メモ --></p>
<ul><li>月曜日</li><li><p>火曜日</p></li><li></li></ul>
<table><tr><th>品目</th><td>料金</td></tr><tr><th>机</th><td><p>500円</p></td></tr></table><script>alert(1)</script><style>p{}</style></div>
<p class="file-link-item"><a class="pdf" href="//www.city.example/material/files/group/18/x.pdf">申込書 (PDFファイル: 6.6MB)</a></p>
<a href="/material/files/group/18/x.pdf">もう一度</a><a href="https://elsewhere.example/y.pdf">よその</a><a href="javascript:x.pdf">罠</a>
<figure class="img-item"><img alt="収集車の写真" src="//www.city.example/material/images/group/18/x.png"></figure></div>
<div id="pdf-download"><a href="/reader.pdf">Adobe Reader</a></div>
<div class="toiawase">この記事に関するお問い合わせ先<div class="name"><p>総務部防災危機管理課<br>電話番号：042-000-0000<br><a href="/inquiry.php/98">フォーム</a></p></div></div>
</div></article></body></html>"""


def read(body: str | bytes, url: str = URL, content_type: str = "text/html; charset=utf-8") -> Page:
    raw = body.encode() if isinstance(body, str) else body
    return article_page.read(Fetched(url, url, 200, raw, content_type), HOSTS)


def without(*parts: str) -> str:
    page = PAGE
    for part in parts:
        assert part in page
        page = page.replace(part, "")
    return page


TIMESTAMP = '<meta name="nsls:timestamp" content="Fri, 12 Jun 2026 06:30:00 GMT">'


def test_a_page_of_the_cms_is_read_completely() -> None:
    assert read(PAGE) == Page(
        url=URL,
        canonical=f"{CITY}/soshiki/13690.html",
        title="粗大ごみ <重要> の収集（しゅうしゅう）",
        date=datetime(2026, 6, 12, 15, 30, tzinfo=JST),
        date_only=False,
        department="総務部防災危機管理課",
        tel="042-000-0000",
        contact="この記事に関するお問い合わせ先\n総務部防災危機管理課\n電話番号：042-000-0000\nフォーム",
        breadcrumb=("ホーム", "くらし", "記事名"),
        text="申込方法\n電話で\nお申し込み ください。\n・月曜日\n・火曜日\n品目　料金\n机　500円\n申込書 (PDFファイル: 6.6MB)\nもう一度よその罠",
        picture=Picture(f"{CITY}/material/images/group/18/x.png", "収集車の写真"),
        attachments=(Attachment("申込書 (PDFファイル: 6.6MB)", f"{CITY}/material/files/group/18/x.pdf"),),
    )


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "iso2022_jp"])
def test_another_encoding_served_as_utf_8_is_read_all_the_same(encoding: str) -> None:
    assert read(PAGE.encode(encoding)) == read(PAGE)


def test_without_a_timestamp_the_printed_date_counts_and_has_no_time() -> None:
    page = read(without(TIMESTAMP))
    assert (page.date, page.date_only) == (datetime(2026, 6, 13, tzinfo=JST), True)


@pytest.mark.parametrize("absurd", ["Fri, 12 Jun 0000 06:30:00 GMT", "9999-01-01", "令和99年1月1日", ""])
def test_an_absurd_timestamp_gives_way_to_the_printed_date(absurd: str) -> None:
    page = read(PAGE.replace("Fri, 12 Jun 2026 06:30:00 GMT", absurd))
    assert (page.date, page.date_only) == (datetime(2026, 6, 13, tzinfo=JST), True)


def test_a_page_may_have_no_date_at_all() -> None:
    page = read(without(TIMESTAMP, '<p class="update">更新日：2026年06月13日</p>'))
    assert (page.date, page.date_only) == (None, False)


@pytest.mark.parametrize(
    "href",
    ["https://elsewhere.example/13690.html", "javascript:alert(1)", "https://www.city.example/", "http://[broken", ""],
)
def test_a_canonical_address_that_cannot_be_the_articles_is_ignored(href: str) -> None:
    assert read(PAGE.replace(f"{CITY}/soshiki/13690.html", href)).canonical == URL


def test_a_canonical_address_is_made_canonical() -> None:
    assert read(PAGE.replace(f"{CITY}/soshiki", "http://WWW.city.example:80/a/..")).canonical == URL.replace(
        "/kurashi", ""
    )


def test_after_a_redirect_without_a_canonical_link_the_last_address_is_the_identity() -> None:
    body = b"<h1>x</h1>"
    page = article_page.read(Fetched(URL, f"{CITY}/new/2.html", 200, body), HOSTS)
    assert (page.url, page.canonical) == (URL, f"{CITY}/new/2.html")


def test_the_shared_picture_wins_over_the_figure_and_takes_its_alt_from_the_body() -> None:
    shared = PAGE.replace("//www.city.example/ogp_noimage.png", "/material/images/group/18/y.jpg")
    assert read(shared).picture == Picture(f"{CITY}/material/images/group/18/y.jpg", "")
    shared = shared.replace("18/x.png", "18/y.jpg")
    assert read(shared).picture == Picture(f"{CITY}/material/images/group/18/y.jpg", "収集車の写真")


def test_a_page_with_nothing_but_the_placeholder_or_a_foreign_picture_has_none() -> None:
    assert read(PAGE.replace("//www.city.example/material/images", "https://elsewhere.example/images")).picture is None


def test_a_title_without_end_is_cut_when_it_is_read_and_far_beyond_what_is_sent_by_itself() -> None:
    assert read(f"<main><h1>{'長' * 5000}</h1></main>").title == "長" * 499 + "…"
    assert read(f"<title>{' ' * 32_000}題{' ' * 32_000}｜市</title>").title == "題"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<h1>門真市</h1><main><h1>本文の見出し</h1></main>", "本文の見出し"),
        ('<meta property="og:title" content="共有の見出し"><h1></h1>', "共有の見出し"),
        ("<h1>ただの見出し</h1>", "ただの見出し"),
        ("<title>記事名／市名-City-</title>", "記事名"),
        ("<title>記事名 | 市名</title><article id=contents><h1> </h1></article>", "記事名"),
    ],
)
def test_pages_of_other_systems_have_their_title_somewhere(body: str, title: str) -> None:
    assert read(body).title == title


def test_a_page_of_another_system_is_read_by_what_html_offers() -> None:
    page = read(
        '<meta property="article:published_time" content="2026-06-01T09:00:00+09:00">'
        '<meta property="article:modified_time" content="2026-06-13T09:00:00+09:00"><meta property="og:image" content="/a.jpg">'
        "<nav class=breadcrumb><ol><li>ホーム<li>防災</ol></nav><header>市</header>"
        "<main><nav>目次</nav><h1>断水</h1><p>本文<p>二行目<aside>広告</aside></main><footer>住所</footer>"
    )
    assert (page.title, page.text, page.breadcrumb) == ("断水", "本文\n二行目", ("ホーム", "防災"))
    assert page.date == datetime(2026, 6, 13, 9, 0, tzinfo=JST)
    assert page.picture == Picture(f"{CITY}/a.jpg")


def test_a_time_element_dates_a_page() -> None:
    page = read('<main><h1>断水</h1><time datetime="2026-06-13">きのう</time></main>')
    assert (page.date, page.date_only) == (datetime(2026, 6, 13, tzinfo=JST), True)


def test_a_page_without_text_has_its_description() -> None:
    assert read('<title>x</title><meta name="description" content=" 要約 です ">').text == "要約 です"


@pytest.mark.parametrize("body", ["", "<p>本文だけ</p>", "<h1> \u200b </h1><title>／市名</title>", "\0\0\0"])
def test_a_page_without_a_title_is_malformed(body: str) -> None:
    with pytest.raises(FetchError, match="no title") as caught:
        read(body)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "application/json; charset=utf-8"])
def test_what_is_no_html_is_malformed(content_type: str) -> None:
    with pytest.raises(FetchError, match=content_type.partition(";")[0]):
        read(PAGE, content_type=content_type)


def test_nesting_without_end_is_survived() -> None:
    page = read("<h1>x</h1><main>" + "<div>" * 10_000 + "深い" + "</div>" * 10_000)
    assert (page.title, page.text) == ("x", "深い")


TAGS = ["main", "h1", "ruby", "rt", "table", "tr", "td", "li", "br", "a href='//[x'", "a href=/x.pdf", "img src=/x.png", "figure", "script", "!--", "base href='::'",
        "meta property=og:image content='http://[::1'", "link rel=canonical href='https://[x'", "template", "svg", "time datetime=9999-99-99"]  # fmt: skip


@given(
    st.lists(
        st.sampled_from(
            [*(f"<{tag}>" for tag in TAGS), "</main>", "</td>", "-->", "門真", "&#0;", "&#xD800;", "<", "\0"]
        ),
        max_size=25,
    )
)
def test_any_markup_is_a_page_or_malformed(pieces: list[str]) -> None:
    _page_or_malformed(f"<title>x</title>{''.join(pieces)}".encode(), "text/html")


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=Shift_JIS", "text/html; charset=\x00"]))
def test_any_bytes_are_a_page_or_malformed(body: bytes, content_type: str) -> None:
    _page_or_malformed(body, content_type)
    _page_or_malformed(b"<h1>x</h1><article>" + body, content_type)


def _page_or_malformed(body: bytes, content_type: str) -> None:
    try:
        page = read(body, content_type=content_type)
    except FetchError as error:
        assert error.code == "malformed"  # noqa: PT017 - both outcomes are right
    else:
        assert page.title
        assert page.canonical.startswith(CITY)


def test_of_a_page_without_end_so_much_is_kept_as_can_be_checked_while_a_run_waits() -> None:
    endless = read(PAGE.replace("<p>電話で<br>", "<p>電話で<br>" + "</p><p>".join(["山田太郎様の件。"] * 30_000)))
    assert len(endless.text) == 200_000


@pytest.mark.parametrize(
    "text", ["https://www.city.example.jp/1.html", "/etc/passwd", "<?xml version='1.0'?><html><p>本文</p></html>"]
)
def test_the_parser_says_nothing_on_stderr_about_odd_pages(text: str) -> None:
    code = "import sys; from pipeline.sources.soup import parse; parse(sys.argv[1])"
    assert subprocess.run([sys.executable, "-c", code, text], capture_output=True, check=True).stderr == b""
