"""In a disaster lists are primitive: reports as anchors of one page, or stacked on the list page itself."""

from tests.emergency.scene import LIST, Scene, row
from tests.town import Town

PAGE = "/kinkyu/o.html"
STACK = 'kind = "html"\nurl = "/kinkyu/index.html"\nemergency = true\nselect = { item = "div.report", title = "h2", date = "" }\n'


def test_reports_that_are_anchors_of_one_page_go_out_one_by_one(town: Town) -> None:
    scene = Scene(town)

    def publish(*reports: tuple[str, str]) -> None:
        parts = "".join(f"<h2 id='n{n}'>{title}</h2><p>{text}</p>" for n, (title, text) in enumerate(reports, start=1))
        scene.html(PAGE, "災害情報", parts)
        scene.show(*(row(f"{PAGE}#n{n}", title) for n, (title, _) in enumerate(reports, start=1)))

    first, second = ("第1報 避難指示", "門真地区が対象です。"), ("第2報 避難所開設", "市民プラザです。")
    scene.show()
    scene.start()
    publish(first)
    (card,) = scene.run(code=0)
    assert "門真地区が対象です。" in card
    publish(first, second)
    (card,) = scene.run(code=0)
    assert "市民プラザです。" in card
    assert "門真地区が対象です。" not in card
    assert f"{PAGE}#n2" in card
    assert scene.run(code=0) == []
    publish(("第1報 避難指示", "全域が対象です。"), second)
    (card,) = scene.run(code=0)
    assert "全域が対象です。" in card
    assert scene.run(code=0) == []


def test_reports_stacked_on_the_list_page_without_any_link_go_out_one_by_one(town: Town) -> None:
    scene = Scene(town, source=STACK)

    def publish(*reports: tuple[str, str]) -> None:
        blocks = "".join(
            f"<div class='report'><h2>{title}</h2><p>{text}</p></div>" for title, text in reversed(reports)
        )
        scene.html(LIST, "緊急情報", blocks)

    first, second = ("避難指示を発令しました", "門真地区が対象です。"), ("避難所を開設しました", "市民プラザです。")
    publish()
    scene.start()
    publish(first)
    (card,) = scene.run(code=0)
    assert "門真地区が対象です。" in card
    assert f"{town.city.host}{LIST}" in card
    publish(first, second)
    (card,) = scene.run(code=0)
    assert "市民プラザです。" in card
    assert scene.run(code=0) == []
    publish(("避難指示を発令しました", "全域が対象です。"), second)
    (card,) = scene.run(code=0)
    assert "全域が対象です。" in card
    assert "市民プラザです。" not in card
    assert scene.run(code=0) == []
