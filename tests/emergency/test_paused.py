"""`paused = true` is the operator's word: nothing is sent, and an emergency that is held by it is told."""

from msgspec.structs import replace

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import LineFault
from tests.emergency.scene import Scene, row
from tests.town import Town

A = "/kinkyu/1.html"
ORDER = "【警戒レベル4】避難指示を発令しました"


def _switch(town: Town, before: str, after: str) -> None:
    file = town.config
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def test_an_emergency_whose_sending_was_cut_short_by_a_pause_is_told_and_finished_after_it(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "東町が対象です。")
    town.line.fail(LineFault.error_before(500), times=None)
    assert scene.run(code=1) == []
    town.line.recover()
    _switch(town, "paused = false", "paused = true")
    assert scene.run(code=3) == []
    assert ORDER in scene.alerts["paused"]
    _switch(town, "paused = true", "paused = false")
    assert len(scene.run(code=0)) == 1


def test_what_a_title_says_is_an_emergency_is_told_too(town: Town) -> None:
    scene = Scene(town)
    scene.start()
    _switch(town, "paused = false", "paused = true")
    town.city.publish(replace(ARTICLES[5], title="避難指示を発令しました"), town.now)
    assert scene.run(code=3) == []
    assert "避難指示を発令しました" in scene.alerts["paused"]


def test_an_emergency_that_is_held_because_all_is_paused_is_told_and_goes_out_once_when_it_is_not(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    _switch(town, "paused = false", "paused = true")
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "東町が対象です。")
    assert scene.run(code=3) == []
    told = scene.alerts["paused"]
    assert ORDER in told
    assert f"{town.city.host}{A}" in told
    assert "paused を false" in told
    assert scene.result.err.count("配信の停止中に緊急情報があります") == 1
    assert scene.run(code=3) == []
    assert "配信の停止中に緊急情報があります" not in scene.result.err, "told once"

    _switch(town, "paused = true", "paused = false")
    (card,) = scene.run(code=0)
    assert "東町が対象です。" in card
    assert "paused" not in scene.alerts
