"""What cannot be sent is never silent: an error that nobody foresaw ends a pass, is told with what did not go out, and ends no
watch."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from pipeline import run
from pipeline.article import Listing
from pipeline.config import load
from pipeline.line.client import BROADCAST
from pipeline.message import render
from pipeline.policy import decide, identity, survey
from pipeline.report.outcome import Report
from pipeline.watch import Watch, watch
from pipeline.world import World
from tests.doubles.line import LineFault
from tests.emergency.scene import PASS, Scene, row
from tests.town import Town

A, B = "/kinkyu/1.html", "/kinkyu/2.html"
ORDER = "【警戒レベル4】避難指示を発令しました"


class Broken:
    """A station that raises at some of its calls, as a mistake of ours would."""

    def __init__(self, real: Any, calls: Sequence[int]) -> None:
        self.real, self.calls, self.count = real, calls, 0

    def __call__(self, *arguments: Any) -> Any:
        self.count += 1
        if self.count in self.calls:
            raise ZeroDivisionError("a mistake of ours")
        return self.real(*arguments)


@pytest.fixture
def scene(town: Town) -> Scene:
    made = Scene(town)
    made.show()
    made.start()
    made.show(row(A, ORDER))
    made.write(A, ORDER, "門真地区が対象です。")
    return made


def passes(scene: Scene, span: timedelta) -> list[Report]:
    """A watch within this process, whose clock only waiting moves."""
    town = scene.town
    told: list[Report] = []

    def sleep(seconds: float) -> None:
        town.now += timedelta(seconds=seconds)

    world = World(town.environment, lambda: town.now, sleep)
    watch(Watch(span, PASS), lambda: load(town.config), town.state, world, told.append)
    return told


def test_an_unforeseen_error_ends_the_pass_and_not_the_watch(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "decide", Broken(decide.decide, [1]))
    first, second, third = passes(scene, 2 * PASS)
    assert (first.exit, second.exit, third.exit) == (1, 0, 0)
    (alert,) = first.alerts
    assert (alert.code, alert.detail) == ("unexpected", "ZeroDivisionError: a mistake of ours")
    assert ORDER in alert.things[0], "what did not go out is named"
    assert "門真地区が対象です。" in scene.read()[0]
    assert len(scene.read()) == 1


def test_a_broken_configuration_that_somebody_pushes_ends_no_watch(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = scene.town.config.read_text(encoding="utf-8")
    reports: list[Report] = []

    def told(report: Report) -> None:
        reports.append(report)
        scene.town.config.write_text("[site", encoding="utf-8")
        scene.write(A, ORDER, "全域が対象です。")

    def sleep(seconds: float) -> None:
        scene.town.now += timedelta(seconds=seconds)

    world = World(scene.town.environment, lambda: scene.town.now, sleep)
    watch(Watch(PASS, PASS), lambda: load(scene.town.config), scene.town.state, world, told)
    scene.town.config.write_text(good, encoding="utf-8")
    assert len(reports) == 2
    assert "全域が対象です。" in scene.read()[1]


def test_a_report_that_cannot_be_told_ends_no_watch(scene: Scene) -> None:
    town = scene.town
    calls: list[Report] = []

    def told(report: Report) -> None:
        calls.append(report)
        raise BrokenPipeError

    def sleep(seconds: float) -> None:
        town.now += timedelta(seconds=seconds)

    watch(
        Watch(PASS, PASS), lambda: load(town.config), town.state, World(town.environment, lambda: town.now, sleep), told
    )
    assert len(calls) == 2


def test_a_page_over_which_we_stumble_hides_neither_its_article_nor_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.show(row(A, ORDER), row(B, "避難所を開設しました"))
    scene.write(B, "避難所を開設しました", "市民プラザです。")
    monkeypatch.setattr(identity, "newest_of", Broken(identity.newest_of, [1]))
    passes(scene, timedelta(0))
    sent = "\n".join(scene.read())
    assert ORDER in sent
    assert "市民プラザです。" in sent


def test_a_list_over_which_we_stumble_is_told_and_the_others_are_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drift(listing: Listing, before: object) -> str:
        if not listing.emergency:
            raise ZeroDivisionError
        return ""

    monkeypatch.setattr(survey, "drift", drift)
    (report,) = passes(scene, timedelta(0))
    assert report.exit == 1
    assert [alert.code for alert in report.alerts] == ["source-failed"]
    assert ORDER in scene.read()[0]


def test_an_emergency_that_cannot_be_rendered_goes_out_in_plain_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "render", Broken(render.render, range(1, 9)))
    (report,) = passes(scene, timedelta(0))
    assert [broadcast.outcome for broadcast in report.broadcasts] == ["accepted"]
    assert ORDER in scene.read()[0]


@pytest.mark.parametrize(
    "fault",
    [LineFault.error_before(503), LineFault.drop_before(), LineFault.forbidden(), LineFault.error(429, "x")],
    ids=["503", "no answer", "403", "429"],
)
def test_in_a_new_process_an_emergency_goes_to_the_account_of_the_last_broadcast_when_line_does_not_tell_it(
    scene: Scene, fault: LineFault
) -> None:
    town = scene.town
    assert len(scene.run(code=0)) == 1
    town.line.fail(fault, times=None, path="/v2/bot/info")
    scene.write(A, ORDER, "第2報です。")
    (card,) = scene.run(code=0)
    assert "第2報です。" in card
    assert scene.run(code=0) == []

    town.environment |= {"LINE_CHANNEL_ACCESS_TOKEN": "of-another-channel"}
    scene.write(A, ORDER, "第3報です。")
    tries = [request.path for request in town.line.requests].count(BROADCAST)
    scene.run(code=1)
    assert any(code.startswith("line-") for code in scene.alerts)
    assert [request.path for request in town.line.requests].count(BROADCAST) == tries, (
        "nobody vouches for these (Art. 3)"
    )


def test_when_line_is_down_the_reports_are_told_and_go_out_as_they_then_stand(scene: Scene) -> None:
    line = scene.town.line
    line.fail(LineFault.error_before(503), times=None, path="/v2/bot/info")
    (report,) = passes(scene, timedelta(0))
    assert (report.exit, scene.read()) == (1, [])
    scene.write(A, ORDER, "第2報です。")
    line.recover()
    passes(scene, timedelta(0))
    (card,) = scene.read()
    assert "第2報です。" in card


def test_what_an_emergency_list_shows_at_its_first_reading_is_told_when_it_may_be_news(town: Town) -> None:
    scene = Scene(town, date=".date")
    scene.show(
        row(A, "断水のお知らせ", "<span class='date'>2026年11月24日 21時40分</span>"),
        row(B, "断水は終わりました", "<span class='date'>2026年11月2日</span>"),
        row("/kinkyu/3.html", "気象庁"),
    )
    for number, title in enumerate(("断水のお知らせ", "断水は終わりました", "気象庁"), 1):
        scene.write(f"/kinkyu/{number}.html", title, "本文です。")
    assert scene.run(code=0) == []
    told = scene.alerts["emergency-known"]
    assert "断水のお知らせ" in told
    assert "断水は終わりました" not in told
    assert "気象庁" not in told
    assert scene.run(code=0) == []
    assert "emergency-known" not in scene.alerts
