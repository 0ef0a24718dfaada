"""A row of an emergency list whose link leads to no page of the site is a report of its own, and the card links to the list."""

import pytest

from tests.emergency.scene import LIST, Scene, row
from tests.town import Town

ORDER = "【警戒レベル4】避難指示を発令しました"


@pytest.mark.parametrize(
    "href",
    [
        "javascript:void(0)",
        "javascript:openWin('/kinkyu/1.html')",
        "#",
        "tel:0669021231",
    ],
)
def test_a_row_that_leads_to_a_script_or_to_nothing_goes_out_once(town: Town, href: str) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(href, ORDER))
    (card,) = scene.run(code=0)
    assert ORDER in card
    assert f"{town.city.host}{LIST}" in card
    assert scene.run(code=0) == []
    scene.show(row(href, f"{ORDER}（第2報）"))
    assert len(scene.run(code=0)) == 1


def test_the_heads_of_a_table_are_no_rows_that_were_skipped(town: Town) -> None:
    source = f'kind = "html"\nurl = "{LIST}"\nemergency = true\nselect = {{ item = "tr", link = "a", date = "td.d" }}\n'
    scene = Scene(town, source=source)
    heads = "<tr><th>日付</th><th>件名</th></tr>"
    scene.html(LIST, "緊急情報", f"<table>{heads}</table>")
    scene.start()
    scene.write("/kinkyu/1.html", ORDER, "門真地区が対象です。")
    entry = f"<tr><td class='d'>令和8年11月24日</td><td><a href='/kinkyu/1.html'>{ORDER}</a></td></tr>"
    scene.html(LIST, "緊急情報", f"<table>{heads}{entry}</table>")
    (card,) = scene.run(code=0)
    assert "門真地区が対象です。" in card
    assert "list-notes" not in scene.alerts
