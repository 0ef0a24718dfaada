"""A page of any municipal system is read right, whether the system is recognised or not."""

import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline.article import Page, Picture
from pipeline.config import ConfigError, PageSelectors, load
from pipeline.config import parse as parse_config
from pipeline.sources import article_page
from pipeline.sources.answer import Fetched
from pipeline.sources.soup import Index, parse
from pipeline.sources.systems import system_of
from pipeline.sources.titles import bare
from tests.sources.municipal_pages import PAGES, TITLE, WAY

HOSTS = ("www.city.example",)
URL = "https://www.city.example/kurashi/suido/12345.html"
NONE = PageSelectors()
UNDATED, NOBODY = ("i-SITE", "baserCMS"), ("i-SITE", "baserCMS", "WordPress")


def read(body: str, select: PageSelectors = NONE, *, recognise: bool = True) -> Page:
    answer = Fetched(URL, URL, 200, body.encode(), "text/html; charset=utf-8")
    with patch.object(article_page, "system_of", system_of if recognise else lambda _: None):
        return article_page.read(answer, HOSTS, select)


@pytest.mark.parametrize("name", PAGES)
def test_each_system_is_told_by_its_markup(name: str) -> None:
    system = system_of(Index(parse(PAGES[name])))
    assert system is not None
    assert system.name == name


@pytest.mark.parametrize("recognise", [True, False])
@pytest.mark.parametrize("name", PAGES)
def test_the_same_article_reads_the_same_in_every_system(name: str, recognise: bool) -> None:
    page = read(PAGES[name], recognise=recognise)
    assert page.title == TITLE
    assert page.text.split("\n") == [
        "市では、古くなった水道管を入れ替えます。工事の間は水が出なくなりますので、あらかじめ水をためておいてください。",
        "日時",
        "・11月28日（土）午後1時から4時まで",
        "断水区域図（PDF：120KB）",
        "ご不便をおかけしますが、ご協力をお願いします。",
    ]
    assert page.breadcrumb == (*(place for _, place in WAY), TITLE)
    assert (str(page.date)[:10] if page.date else None) == (None if name in UNDATED else "2026-11-20")
    assert "".join(page.department.split()) == ("" if name in NOBODY else "水道部水道課")
    assert page.tel == ("" if name in NOBODY else "06-0000-1111")
    assert (page.picture, len(page.attachments)) == (None, 1)


@pytest.mark.parametrize("name", PAGES)
def test_each_system_has_an_example_of_a_citys_configuration_that_reads_its_pages(name: str) -> None:
    config = load(Path("examples/cms") / f"{name.lower().replace(' ', '-')}.toml")
    assert config.site.sources[0].kind == (
        "smart-cms" if name == "SMART CMS" else "html" if name == "i-SITE" else "feed"
    )
    assert read(PAGES[name], config.site.page).title == TITLE


def test_no_example_is_of_a_system_that_nothing_is_known_of() -> None:
    names = {name.lower().replace(" ", "-") for name in PAGES}
    assert {file.stem for file in Path("examples/cms").glob("*.toml")} == names


def test_the_configurations_selectors_have_the_last_word_on_each_field() -> None:
    body = (
        PAGES["NetCrew"]
        .replace('id="main_body"', 'id="main_body" class="zenbun"')
        .replace("<h2>日時", '<h2 class="dai">日時')
    )
    select = PageSelectors(
        title=(".nothing", "h2.dai"),
        body=(".detail_free",),
        date=(".open_page_id", "#nothing"),
        contact=("#footer",),
        department=("#footer p:first-child",),
        breadcrumb=("#gnavi",),
        drop=(".detail_free ul", ".detail_free > p:last-of-type"),
    )
    page = read(body.replace("ページID：0012345", "2026年1月2日"), select)
    assert (page.title, page.text) == ("日時", "断水区域図（PDF：120KB）")
    assert (str(page.date)[:10], page.tel) == ("2026-01-02", "06-0000-9999")
    assert page.department == "みどり市役所"
    assert page.breadcrumb == ("くらし", "子育て", "市政")


def test_a_selector_that_is_none_is_refused_by_name() -> None:
    raw = tomllib.loads(Path("tests/kadoma.toml").read_text(encoding="utf-8"))
    raw["site"]["page"] = {"body": ["#honbun", "p["]}
    with pytest.raises(ConfigError, match=r"site\.page\.body\[1\]: found 'p\['; allowed: a CSS selector"):
        parse_config(raw)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("断水のお知らせ／みどり市-Midori City-", "断水のお知らせ"),
        ("断水のお知らせ | みどり市", "断水のお知らせ"),
        ("断水のお知らせ | 水道 | みどり市", "断水のお知らせ"),
        ("みどり市：断水のお知らせ", "断水のお知らせ"),
        ("みどり県／断水のお知らせ", "断水のお知らせ"),
        ("断水のお知らせ - みどり県公式ウェブサイト", "断水のお知らせ"),
        ("断水のお知らせ – Midori City", "断水のお知らせ"),
        ("断水のお知らせ　みどり市", "断水のお知らせ"),
        ("みどり市公式ホームページ｜断水のお知らせ", "断水のお知らせ"),
        ("断水のお知らせ » みどり町役場", "断水のお知らせ"),
        ("みどり 断水のお知らせ", "断水のお知らせ"),
        ("令和8年度　市民税のお知らせ", "令和8年度　市民税のお知らせ"),
        ("日程：12月1日", "日程：12月1日"),
        ("都市計画の見直し：素案の縦覧", "都市計画の見直し：素案の縦覧"),
        ("12月1日-3日の催し", "12月1日-3日の催し"),
    ],
)
def test_a_documents_title_loses_the_sites_name_in_front_and_behind(written: str, title: str) -> None:
    assert bare(written, {"みどり"}) == title


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        (
            "<title>断水 | みどり市</title><h1><a href='/'>みどり市</a></h1><h2 class='page_title'>断水</h2><h2>日時</h2>",
            "断水",
        ),
        ("<meta property='og:title' content='断水 | みどり市'><h1>断水のお知らせ</h1>", "断水のお知らせ"),
        ("<title>断水 | みどり市</title><h1>みどり市公式サイト</h1><p>本文</p>", "断水"),
        ("<title>断水 | 子育て</title><h1>子育てナビ</h1><main><h1>断水のお知らせ</h1></main>", "断水のお知らせ"),
        ("<meta property='og:site_name' content='みどり'><h1>断水｜みどり</h1>", "断水"),
    ],
)
def test_the_title_is_the_articles_heading_and_not_the_logo(markup: str, title: str) -> None:
    assert read(markup).title == title


@pytest.mark.parametrize(
    "address",
    ["/design_img/", "/shared/images/emblem.jpg", "/img/ogp-midori.png", "/images/sns/a.png", "/logo.jpg", "/wp-content/themes/x/a.jpg",
     "/ogp_noimage.png", "/common/a.png", "/_template_/_site_/_default_/_res/images/a.png"],
)  # fmt: skip
def test_the_sites_own_picture_is_no_picture_of_the_article(address: str) -> None:
    assert read(f"<meta property='og:image' content='{address}'><h1>断水</h1>").picture is None
    assert read("<meta property='og:image' content='/uploads/2026/kouji.jpg'><h1>断水</h1>").picture is not None


@pytest.mark.parametrize("recognise", [True, False])
@pytest.mark.parametrize("name", PAGES)
def test_the_first_picture_of_the_body_is_the_articles_in_every_system(name: str, recognise: bool) -> None:
    odd = "".join(f"<img src='{source}' alt='{alt}'{size}>" for source, alt, size in NO_PICTURES)
    photo = '<p><a href="/img/large.jpg"><img src="zu.jpg" width="300" alt="断水区域"></a></p><p><img src="/img/2.jpg" alt="別の写真"></p>'
    banner = '<p><a href="/event/"><img src="/img/event.jpg" alt="まつり"></a></p>'
    page = read(PAGES[name].replace("<h2>日時", f"<p>{odd}</p>{banner}{photo}<h2>日時"), recognise=recognise)
    assert page.picture == Picture("https://www.city.example/kurashi/suido/zu.jpg", "断水区域")


NO_PICTURES = [
    ("/shared/images/new.png", "", ""), ("/img/icon_pdf.png", "", ""), ("/img/x.gif", "", ""), ("/img/qr.png", "", ""), ("/img/a1.png", "二次元コード", ""),
    ("/img/s.jpg", "", " width=40"), ("/img/t.jpg", "", " height='60px'"), ("data:image/gif;base64,R0", "", ""), ("https://cdn.example/p.jpg", "", ""), ("", "", ""),
]  # fmt: skip


def test_a_picture_that_a_script_will_show_is_read_and_one_for_every_page_is_not() -> None:
    lazy = "<main><h1>断水</h1><p><img src='data:image/gif;base64,R0' data-src='/img/p.jpg' alt='区域'></p></main>"
    assert read(lazy).picture == Picture("https://www.city.example/img/p.jpg", "区域")
    shared = PAGES["NetCrew"].replace("/shared/images/sns/logo.png", "/uploaded/life/city.jpg")
    assert read(shared).picture is None


@pytest.mark.parametrize("name", ["printArea", "search-result", "related", "sidebar2", "menu"])
def test_an_article_in_a_part_with_a_menus_name_is_read_all_the_same(name: str) -> None:
    menu = "<ul>" + "<li><a href=/x>くらしの情報と手続き</a></li>" * 20 + "</ul>"
    page = f"<title>断水</title><nav>{menu}</nav><h1>断水のお知らせ</h1><div class='{name}'><p>11月28日に断水します。水をためてください。</p></div>"
    assert read(page).text == "11月28日に断水します。水をためてください。"


def test_visible_text_is_read_however_deep_it_is_nested() -> None:
    deep = "<strong><span>" * 600 + "最後の一文です。" + "</span></strong>" * 600
    assert read(f"<main><h1>断水</h1><p>{deep}</p></main>").text == "最後の一文です。"


HEAD = "<title>断水 | みどり市</title><h1>断水のお知らせ</h1>"
NESTED = ["<div class=contact>", "<div class=date>", "<div class=breadcrumb>", "<div class=content>", "<ul><li>", "<table><tr><td>", "<div><h1>", "<ruby><rt>", "<h1>あ", "<h2>関連情報<div>", "<p>お問い合わせ<div>", "<main>",
          "<article id=contents><div id=contents-in class=update>"]  # fmt: skip
REPEATED = ["<p>関連情報</p>", "<div><h2>このページに関するお問い合わせ</h2><p>1</p></div>", "<p>更新日：2026年11月1日</p>", "<nav><a>x</a></nav>",
            "<p>目次</p><ul><li>a</ul>", "<div class=breadcrumb><a>ホーム</a> &gt; x</div>", "<a href=/x>あ</a>", "<div><p>x</div>", "お問い合わせ<br>水道課<br>"]  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        *(lambda n, tag=tag: HEAD + tag * n + "更新日：2026年11月1日 市民課" for tag in NESTED),
        *(lambda n, part=part: HEAD + part * n for part in REPEATED),
        lambda n: f"<title>{' ' * n * 30}断水{' | ' * n}</title>",
        lambda n: HEAD + "<p>a" + "\u0301\u0323" * n * 40 + "</p>",
        lambda n: HEAD + "<div>" * n + "<p>本文</p>" * n + "</div>" * n,
    ],
)
def test_a_page_of_four_times_the_size_takes_about_four_times_the_time(page: Callable[[int], str]) -> None:
    def seconds(times: int) -> float:
        body = page(times)
        start = time.process_time()
        read(body)
        return time.process_time() - start

    short = max(min(seconds(150) for _ in range(2)), 0.02)
    # A square would take sixteen times as long, each time; one try in five may be unlucky on a busy machine, not all.
    assert any(seconds(600) < short * 4 * 2.5 for _ in range(5))
