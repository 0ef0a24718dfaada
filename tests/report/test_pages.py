"""`preview`: the page of what would be sent, in words, whatever state the town is in."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.config import load
from pipeline.report.gallery import gallery
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from pipeline.sources.pictures import embedded
from tests.doubles.fault import Fault
from tests.town import Town


def preview(town: Town, code: int = 0) -> str:
    result = town.call("preview", "--out", str(town.folder / "preview"), code=code)
    file = Path(result.out.strip())
    assert file == town.folder / "preview" / "index.html"
    return file.read_text(encoding="utf-8")


def test_before_any_state_exists_the_page_says_what_the_first_run_will_do(town: Town) -> None:
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=20))
    page = preview(town)
    assert "最初の実行では、いま掲載されている記事を「掲載済み」として記録し、何も送信しません。" in page
    assert "掲載済みの記事（10件）" in page
    assert "いま送るものはありません。" in page
    assert not town.state.exists()


def test_in_posting_hours_the_page_shows_what_goes_out_now_and_sends_nothing(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:22])
    town.now += timedelta(hours=2)
    page = preview(town)
    assert "いま送信するもの" in page
    assert ARTICLES[20].title in page
    assert "投稿時間内：投稿時間内であり、送信を妨げる事情がありません。" in page
    assert "第8条第1号" in page
    assert "最初の実行では" not in page
    assert town.line.requests == []


def test_outside_the_hours_the_page_shows_what_goes_out_at_the_next_opening(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    page = preview(town)
    assert "次の投稿時間（11月24日（火）9:00）に送信する予定のもの" in page
    assert "現在は投稿時間外です。" in page
    assert ARTICLES[20].title in page
    assert "投稿時間外：投稿時間外のため、次の投稿時間まで送信しません。" in page


def test_an_emergency_is_shown_as_going_out_now(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.city.emergency(EMERGENCY, town.now)
    page = preview(town)
    assert "いま送信するもの" in page
    assert "第7条ただし書" in page
    assert "第8条第3号" in page


def test_when_the_site_is_down_the_page_says_so_and_the_exit_code_is_that_of_the_run(town: Town) -> None:
    town.with_baseline()
    town.city.fail("/", Fault.status(503))
    page = preview(town, code=1)
    assert "新着一覧を読めませんでした" in page
    assert f"{town.city.url}/index.update.json" in page


def test_an_article_that_waits_is_on_the_page_with_its_reason(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    page = preview(town, code=3)
    assert f"確認待ち：{ARTICLES[20].title}" in page  # drawn as residents would see it
    assert "日付が古い：掲載日から日数がたっているため、自動では送信しません。（記事の日付 2026年11月15日）" in page


def test_articles_stand_in_the_order_of_what_becomes_of_them(town: Town) -> None:
    town.configure(("exclude_titles = []", 'exclude_titles = ["入札"]'))
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title="入札の結果"), ARTICLES[21])
    town.publish(ARTICLES[22], at=town.now - timedelta(days=9))
    town.now += timedelta(hours=2)
    table = preview(town, code=3).partition("記事ごとの判断")[2]
    places = [table.index(words) for words in (ARTICLES[21].title, ARTICLES[22].title, "入札の結果")]
    assert places == sorted(places)
    assert re.findall('data-name="いつ">(.*?)</td>', table) == ["すぐに", "", ""]
    assert "対象外の題名：設定で対象外とした語が題名に含まれているため、送信しません。（該当する設定 入札）" in table


def test_a_hostile_title_is_only_text_on_the_page(town: Town) -> None:
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title="<img src=x onerror=alert(1)></title><script>alert(1)</script>"))
    page = preview(town)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert "<script>alert" not in page


def test_the_gallery_is_written_without_site_state_or_secrets(town: Town) -> None:
    result = town.call(
        "preview",
        "--template-gallery",
        "--out",
        str(town.folder / "g"),
        code=0,
        environment={"LINE_CHANNEL_ACCESS_TOKEN": ""},
    )
    page = Path(result.out.strip()).read_text(encoding="utf-8")
    assert all(case.name in page for case in gallery().cases)
    assert town.city.requests == []
    assert not town.state.exists()


class TestPictures:
    """They are embedded, so that the page needs no network; what cannot be had is a labelled box."""

    @pytest.fixture
    def address(self, town: Town) -> str:
        town.publish(ARTICLES[20])
        pictured = next(article for article in ARTICLES if article.picture)
        town.publish(pictured)
        assert pictured.picture
        return town.city.url + pictured.picture.path

    def test_a_picture_of_the_city_is_embedded(self, town: Town, address: str) -> None:
        pictures = embedded(load(town.config).site, [address])
        assert list(pictures) == [address]
        assert pictures[address].startswith("data:image/")

    def test_a_picture_on_another_host_is_not_asked_for(self, town: Town) -> None:
        assert embedded(load(town.config).site, ["https://evil.example/x.png"]) == {}

    def test_a_picture_that_cannot_be_had_is_left_out(self, town: Town, address: str) -> None:
        town.city.fail("/material", Fault.status(404))
        assert embedded(load(town.config).site, [address]) == {}

    def test_something_else_under_a_picture_s_address_is_not_embedded(self, town: Town) -> None:
        town.city.put("/x.png", b"<script>alert(1)</script>", "image/png")
        assert embedded(load(town.config).site, [f"{town.city.url}/x.png"]) == {}


def test_a_post_for_later_is_shown_with_its_text_wherever_it_waits(town: Town) -> None:
    town.with_baseline()
    town.now += timedelta(hours=2)
    words = ("--title", "植樹祭を開きます", "--text", "苗木を配ります。", "--at", "2026-12-25T10:00")
    assert "2026年12月25日（金）10:00" in town.call("post", "--actor", "miryoku", *words, code=0).out
    assert "苗木を配ります。" in town.call("run", code=0).out
    assert "苗木を配ります。" in town.call("status", code=0).out
    page = preview(town)
    assert "指定の日時（12月25日（金）10:00）に送信する予定のもの：植樹祭を開きます" in page
    assert "苗木を配ります。" in page
