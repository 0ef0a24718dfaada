"""The second report goes out like the first: within one pass, once, with the text as it then stands, whatever the list shows."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.emergency.scene import LIST, NIGHT, PASS, Scene, row
from tests.town import Town

A, B = "/kinkyu/1.html", "/kinkyu/2.html"
ORDER = "【警戒レベル4】避難指示を発令しました"
FIXED = "<time datetime='2026-11-24T22:05:00+09:00'>11月24日</time>"


@pytest.mark.parametrize(
    ("selector", "date"),
    [("", ""), (".date", ""), (".date", "<span class='date'>2026年11月24日</span>"), ("time", FIXED)],
    ids=["no date", "a date that is not there", "a day", "a datetime that never moves"],
)
def test_edits_in_place_are_reports_whatever_date_the_list_shows(town: Town, selector: str, date: str) -> None:
    scene = Scene(town, date=selector)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER, date))
    scene.write(A, ORDER, "門真地区が対象です。")
    (first,) = scene.run(code=0)
    assert "門真地区が対象です。" in first
    assert scene.run(code=0) == [], "nothing twice"

    scene.write(A, ORDER, "門真地区と大和田地区が対象です。")
    (second,) = scene.run(code=0)
    assert "門真地区と大和田地区が対象です。" in second
    assert scene.run(code=0) == []

    scene.show(row(A, "【解除】避難指示を解除しました", date))
    scene.write(A, "【解除】避難指示を解除しました", "避難指示を解除しました。")
    (third,) = scene.run(code=0, later=timedelta(hours=3))
    assert "避難指示を解除しました。" in third
    assert scene.run(code=0) == []


def test_the_page_changes_and_the_list_does_not(town: Town) -> None:
    scene = Scene(town)
    scene.show(row(A, ORDER))
    scene.write(A, "緊急情報はありません", "現在、緊急情報はありません。")
    scene.start()
    assert scene.run(code=0) == []
    scene.write(A, "大雨特別警報が発表されました", "命を守る行動をとってください。")
    (report,) = scene.run(code=0)
    assert "命を守る行動をとってください。" in report


def test_a_page_that_stood_there_before_us_is_news_when_it_changes(town: Town) -> None:
    scene = Scene(town)
    scene.show(row(A, "緊急情報"))
    scene.write(A, "緊急情報", "現在、緊急情報はありません。")
    scene.start()
    assert scene.run(code=0) == []
    scene.write(A, "緊急情報", "避難所を開設しました。")
    (report,) = scene.run(code=0)
    assert "避難所を開設しました。" in report
    assert scene.run(code=0) == []


def test_what_also_stands_in_the_site_wide_list_stays_an_emergency(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    article = replace(
        ARTICLES[20], path=A, page_no=40201, title=ORDER, body_html="<p>第1報です。</p>", is_shortcut_of=""
    )
    town.city.publish(article, NIGHT)
    scene.show(row(A, ORDER))
    (first,) = scene.run(code=0)
    assert "第1報です。" in first
    town.city.edit(A, at=town.now + PASS, title=f"{ORDER}（第2報）", body_html="<p>第2報です。</p>")
    scene.show(row(A, f"{ORDER}（第2報）"))
    (second,) = scene.run(code=0)
    assert "第2報です。" in second
    town.city.edit(A, at=town.now + PASS, title=f"{ORDER}（第3報）", body_html="<p>第3報です。</p>")
    scene.show()  # it is in the site-wide list alone now
    (third,) = scene.run(code=0)
    assert "第3報です。" in third
    assert scene.run(code=0) == []


def test_an_entry_at_the_end_of_an_oldest_first_list_is_news(town: Town) -> None:
    scene = Scene(town, date=".date")
    rows = [
        row(f"/kinkyu/{n}.html", f"過去の情報{n}", f"<span class='date'>2026年11月{n}日</span>") for n in range(1, 8)
    ]
    for number in range(1, 8):
        scene.write(f"/kinkyu/{number}.html", f"過去の情報{number}", "終わりました。")
    scene.show(*rows)
    scene.start()
    scene.write("/kinkyu/9.html", ORDER, "門真地区が対象です。")
    scene.show(*rows[1:], row("/kinkyu/9.html", ORDER, "<span class='date'>2026年11月1日</span>"))
    (report,) = scene.run()
    assert ORDER in report


def test_a_copied_original_makes_no_report_a_duplicate(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    copied = f"<link rel='canonical' href='{town.city.url}{A}'>"
    scene.show(row(A, "避難所を開設しました"))
    scene.write(A, "避難所を開設しました", "市民プラザです。", head=copied)
    assert len(scene.run(code=0)) == 1
    scene.show(row(A, "避難所を開設しました"), row(B, "避難所を開設しました"))
    scene.write(B, "避難所を開設しました", "門真小学校です。", head=copied)
    (second,) = scene.run(code=0)
    assert "門真小学校です。" in second
    assert f"{town.city.host}{B}" in second
    assert scene.run(code=0) == []


def test_a_shortcut_in_the_emergency_list_to_a_page_of_the_site_wide_list_goes_out_once(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    article = replace(ARTICLES[20], path="/kurashi/bosai/40201.html", page_no=40201, title=ORDER, is_shortcut_of="")
    town.city.publish(article, NIGHT)
    scene.show(row(A, ORDER))
    town.city.publish(replace(article, path=A, page_no=40202, is_shortcut_of=article.path), NIGHT)
    assert len(scene.run(code=0)) == 1
    town.now = NIGHT + timedelta(hours=12)
    assert scene.run(code=0) == []


def test_the_list_says_more_than_its_page(town: Town) -> None:
    scene = Scene(town)
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "門真地区が対象です。")
    scene.start()
    scene.show(row(A, f"{ORDER}（第2報・全域）"))
    (report,) = scene.run(code=3)
    assert "第2報・全域" in report
    assert "門真地区が対象です。" not in report


def test_going_back_to_words_of_today_is_asked_about_once(town: Town) -> None:
    scene = Scene(town)
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "現在ありません。")
    scene.start()
    for text in ("第一の知らせ", "第二の知らせ"):
        scene.write(A, ORDER, text)
        assert len(scene.run(code=0)) == 1
    scene.write(A, ORDER, "第一の知らせ")
    assert scene.run(code=3) == []
    assert scene.result.json["articles"][0]["reason"] == "repeated-emergency"
    size = len(town.events())
    scene.run(code=3)
    assert len(town.events()) == size, "and not again"
    scene.write(A, ORDER, "第三の知らせ")
    (third,) = scene.run(code=0)
    assert "第三の知らせ" in third, "what waits for a person stops no later report"


def test_an_emergency_source_that_fails_at_first_hides_nothing(town: Town) -> None:
    scene = Scene(town)
    town.city.fail(LIST, Fault.status(500), times=3)
    town.run(code=1)
    scene.write(A, ORDER, "門真地区が対象です。")
    scene.show(row(A, ORDER))
    (report,) = scene.run(code=0)
    assert "門真地区が対象です。" in report


@pytest.mark.parametrize("redirects", [False, True])
def test_a_report_that_moved_to_another_address_as_it_stands_is_no_news_and_its_next_words_are(
    town: Town, redirects: bool
) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "門真地区が対象です。")
    assert len(scene.run(code=0)) == 1
    moved = "/kinkyu/moved.html"
    scene.show(row(moved, ORDER))
    scene.write(moved, ORDER, "門真地区が対象です。")
    if redirects:
        town.city.redirect(A, moved)
    assert scene.run(code=0) == []
    assert scene.run(code=0) == []
    scene.write(moved, ORDER, "全域が対象です。")
    (card,) = scene.run(code=0)
    assert "全域が対象です。" in card
    assert moved in card


def test_an_empty_page_is_quiet(town: Town) -> None:
    """An unchanged night: no events, no commits, whatever is read again."""
    scene = Scene(town)
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "門真地区が対象です。")
    scene.start()
    scene.run(code=0)  # that it stood there at the first reading has been told
    events = town.events()
    assert scene.run(code=0) == []
    assert town.events() == events
    assert [request.path for request in town.city.requests].count(LIST) == 3
