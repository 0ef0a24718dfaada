"""A row of an emergency list whose link leads to no page of the site is a report of its own, and the card links to the list."""

import json

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


JMA = "https://www.jma.go.jp/bosai/warning/"
SMART = "/kinkyu/index.update.json"
FEED = "/kinkyu/feed.xml"


@pytest.mark.parametrize("words", [ORDER, "大雨特別警報"])
def test_a_row_that_leads_to_another_site_goes_out_once_as_its_own_words_with_a_link_to_the_list(
    town: Town, words: str
) -> None:
    scene = Scene(town)
    static = [row(JMA, "気象庁"), row("https://www.osaka-bousai.net/", "おおさか防災ネット")]
    scene.show(*static)
    scene.start()
    assert scene.run(code=0) == [], "what stood there from the first run on is known"
    scene.show(row(f"{JMA}?area=27223", words), *static)
    (card,) = scene.run(code=0)
    assert words in card
    assert f"{town.city.host}{LIST}" in card
    assert "jma.go.jp" not in card
    assert scene.run(code=0) == []
    scene.show(row(JMA, f"{words}（解除）"), row(JMA, f"{words}（第2報）"), *static)
    (card,) = scene.run(code=0)
    assert f"{words}（解除）" in card
    assert f"{words}（第2報）" in card
    scene.show(row(JMA, "現在、発表されている情報はありません。"), *static)
    assert scene.run(code=0) == []


@pytest.mark.parametrize("kind", ["smart-cms", "feed"])
def test_an_entry_that_leads_to_another_site_goes_out_with_a_link_that_people_can_read(town: Town, kind: str) -> None:
    address = SMART if kind == "smart-cms" else FEED
    scene = Scene(town, source=f'kind = "{kind}"\nurl = "{address}"\nemergency = true\n')

    def show(*titles: str) -> None:
        at = "2026-11-24T22:00:00+09:00"
        rows = [{"url": JMA, "page_name": title, "publish_datetime": at} for title in titles]
        items = "".join(f"<item><title>{t}</title><link>{JMA}</link><pubDate>{at}</pubDate></item>" for t in titles)
        body = json.dumps(rows) if kind == "smart-cms" else f"<rss version='2.0'><channel>{items}</channel></rss>"
        town.city.put(address, body.encode(), "application/json" if kind == "smart-cms" else "application/rss+xml")

    show("気象庁")
    scene.start()
    show(ORDER, "気象庁")
    (card,) = scene.run(code=0)
    assert ORDER in card
    assert f"{town.city.host}{'/kinkyu/' if kind == 'smart-cms' else '/'}" in card
    assert ".json" not in card
    assert ".xml" not in card
    assert scene.run(code=0) == []
