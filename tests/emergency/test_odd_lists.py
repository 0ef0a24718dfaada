"""However primitive the list of emergencies is, each report goes out once; and a list that is not what it was is told."""

import pytest

from tests.doubles.fault import Fault
from tests.emergency.scene import HTML, LIST, Scene, row
from tests.town import Town

PAGE = "/kinkyu/o.html"
STACKED = f'kind = "html"\nurl = "{LIST}"\nemergency = true\nselect = {{ item = "div.report", date = ".date" }}\n'


def test_reports_as_anchors_of_one_page_go_out_one_by_one(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    first = '<h2 id="n1">第1報　高齢者等避難</h2><p>高齢者等は避難してください。</p>'
    scene.show(row("o.html#n1", "第1報　高齢者等避難"))
    scene.html(PAGE, "大雨に関する情報", first)
    (report,) = scene.run(code=0)
    assert "高齢者等は避難してください。" in report
    assert scene.run(code=0) == []

    scene.show(row("o.html#n2", "第2報　避難指示"), row("o.html#n1", "第1報　高齢者等避難"))
    scene.html(PAGE, "大雨に関する情報", f'<h2 id="n2">第2報　避難指示</h2><p>全員避難してください。</p>{first}')
    (report,) = scene.run(code=0)
    assert "全員避難してください。" in report
    assert "高齢者等は" not in report
    assert scene.run(code=0) == []
    assert "第2報　避難指示" in town.call("explain", f"{town.city.url}{PAGE}#n2", code=0).out


def test_reports_stacked_on_the_list_itself_go_out_one_by_one_and_link_to_it(town: Town) -> None:
    def block(title: str, text: str) -> str:
        return f'<div class="report"><h2>{title}</h2><p class="date">11月24日</p><p>{text}</p></div>'

    scene = Scene(town, source=STACKED)
    scene.html(LIST, "緊急情報", "<p>現在、緊急情報はありません。</p>")
    scene.start()
    first = block("第1報　断水", "東町で断水しています。")
    scene.html(LIST, "緊急情報", first)
    (report,) = scene.run(code=0)
    assert "東町で断水しています。" in report
    assert f"{town.city.url}{LIST}".encode() in town.line.accepted[-1].body

    scene.html(LIST, "緊急情報", block("第2報　給水所", "市役所で給水します。") + first)
    (report,) = scene.run(code=0)
    assert "市役所で給水します。" in report
    assert "東町" not in report

    scene.html(LIST, "緊急情報", block("第2報　給水所", "市役所と公民館で給水します。") + first)
    (report,) = scene.run(code=0)
    assert "市役所と公民館で給水します。" in report
    assert scene.run(code=0) == []


def test_base_href_and_a_final_slash_lead_to_the_report(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.html(LIST, "緊急情報", f"<ul>{row('dansui', '断水のお知らせ')}</ul>", head='<base href="/bosai/">')
    town.city.redirect("/bosai/dansui", "/bosai/dansui/")
    scene.write("/bosai/dansui/", "断水のお知らせ", "東町で断水しています。")
    (report,) = scene.run(code=0)
    assert "東町で断水しています。" in report
    assert scene.run(code=0) == []


@pytest.mark.parametrize("title", ["ただいまメンテナンス中です", "ログイン"])
def test_another_page_in_the_place_of_the_list_is_told_and_ends_when_the_list_is_back(town: Town, title: str) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    town.city.fail(LIST, Fault.raw(f"<title>{title}</title><h1>{title}</h1><p>しばらくお待ちください。"))
    assert scene.run(code=1) == []
    assert "other-page" in str(scene.result.json["sources"])
    assert "source-failed" in scene.alerts
    town.city.recover()
    scene.run(code=0)
    assert ended(town, "source-failed")


def test_a_list_that_was_moved_into_a_frame_is_told(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    frames = "<frameset cols='20%,80%'><frame src='menu.html'><frame src='list.html'></frameset>"
    town.city.put(LIST, f"<html><head><title>緊急情報｜門真市</title></head>{frames}</html>".encode(), HTML)
    assert scene.run(code=1) == []
    assert "menu.html" in scene.alerts["source-failed"]


def test_rows_that_cannot_be_read_are_told_and_the_others_go_out(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(
        row(PAGE, "断水のお知らせ"),
        '<li class="page"><a>準備中</a></li>',
        '<li class="page"><a href="http://[">x</a></li>',
    )
    scene.write(PAGE, "断水のお知らせ", "東町で断水しています。")
    assert len(scene.run(code=0)) == 1
    assert "skipped 2/3" in scene.alerts["list-notes"]
    assert scene.result.json["sources"][-1]["skipped"] == 2
    scene.show(row(PAGE, "断水のお知らせ"))
    scene.run(code=0)
    assert ended(town, "list-notes")


def test_an_emergency_list_of_which_nothing_was_ever_read_is_told_until_something_is(town: Town) -> None:
    scene = Scene(town)
    scene.html(LIST, "緊急情報", "<div class='news'><a href='o.html'>断水</a></div>")
    scene.result = town.run(code=0)
    assert "nothing 0" in scene.alerts["list-notes"]
    scene.show(row(PAGE, "断水のお知らせ"))
    scene.write(PAGE, "断水のお知らせ", "東町で断水しています。")
    assert len(scene.run(code=0)) == 1
    assert ended(town, "list-notes")
    scene.show()
    scene.run(code=0)
    assert "list-notes" not in scene.alerts


def ended(town: Town, code: str) -> bool:
    """Whether the condition was told as over."""
    told = [event.get("digest", "") for event in town.events() if event["type"] == "alerted" and event["code"] == code]
    return bool(told) and told[-1] == ""
