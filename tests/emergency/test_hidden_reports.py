"""What could hide a report, or send it again: an outcome that nobody knows, an upgrade that reads pages differently, validators
that do not move, a list that failed before it was ever read, a heading that is not the usual one."""

import itertools
from datetime import datetime, timedelta

import pytest

from pipeline.config import JST
from pipeline.policy.discovery import reads_whole
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.emergency.scene import LIST, Scene, row
from tests.town import TUESDAY, Town

A = "/kinkyu/1.html"
ORDER = "【警戒レベル4】避難指示を発令しました"
NOON = datetime(2026, 11, 25, 12, 12, tzinfo=JST)  # well within the minutes in which validators count


def first_report(town: Town, *texts: str) -> Scene:
    """One report that went out."""
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, *(texts or ("第1報です。",)))
    assert len(scene.run(code=0)) == 1
    return scene


@pytest.mark.parametrize("delivered", [True, False])
def test_a_newer_report_does_not_wait_for_an_outcome_that_nobody_knows(town: Town, delivered: bool) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "第1報です。")
    town.line.fail(LineFault.drop_after() if delivered else LineFault.drop_before(), times=None)
    scene.run(code=1)
    town.line.recover()
    scene.run(code=3, later=timedelta(hours=24))
    (unknown,) = [event["broadcast"] for event in town.events() if event.get("outcome") == "unknown"]
    before = len(town.line.accepted)

    scene.write(A, ORDER, "第2報です。")
    (card,) = scene.run(code=3)
    assert "第2報です。" in card
    assert scene.run(code=3) == [], "nothing twice, and the first one waits for a person"
    scene.decide("resolve", unknown, "--delivered" if delivered else "--not-delivered", "--why", "LINEで確認")
    assert scene.run(code=0) == [], "what stands there now went out already"
    scene.write(A, ORDER, "第3報です。")
    assert len(scene.run(code=0)) == 1
    assert len(town.line.accepted) == before + 2


def test_a_broadcast_that_line_alone_refuses_to_settle_holds_nothing_newer_back(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "第1報です。")
    town.line.fail(LineFault.error_before(500), times=None, path="/v2/bot/message/broadcast")
    scene.run(code=1)
    scene.write(A, ORDER, "第2報です。")
    scene.run(code=1)
    assert len({event["broadcast"] for event in town.events() if event["type"] == "intent"}) == 1, "tried again first"
    scene.run(code=1, later=timedelta(minutes=11))
    assert len({event["broadcast"] for event in town.events() if event["type"] == "intent"}) == 2
    town.line.recover()
    first, second = scene.run(code=0)
    assert "第1報です。" in first
    assert "第2報です。" in second
    assert scene.run(code=0) == []


COUNTER = "<aside>アクセス数 {}</aside>"
UPGRADE = ("[line]\n", '[site.page]\nbody = ["main"]\ndrop = ["p.moto"]\n\n[line]\n')  # another text in the same page


def upgraded(scene: Scene) -> None:
    text = scene.town.config.read_text(encoding="utf-8")
    scene.town.config.write_text(text.replace(*UPGRADE, 1), encoding="utf-8")


def page(scene: Scene, text: str, seen: int = 1) -> None:
    scene.html(A, ORDER, f"<p>{text}</p><p class='moto'>発信元は危機管理課です。</p>{COUNTER.format(seen)}")


@pytest.fixture
def upgrade(town: Town) -> Scene:
    """A report went out; since then the program reads pages differently."""
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    page(scene, "第1報です。")
    assert len(scene.run(code=0)) == 1
    upgraded(scene)
    return scene


def test_an_upgrade_that_reads_the_same_page_differently_sends_nothing_again(upgrade: Scene) -> None:
    scene = upgrade
    assert scene.run(code=0) == []
    size = len(scene.town.events())
    assert scene.run(code=0) == []
    assert len(scene.town.events()) == size
    page(scene, "第2報です。")
    (card,) = scene.run(code=0)
    assert "第2報です。" in card


def test_a_page_that_changed_together_with_an_upgrade_is_asked_about_and_holds_no_later_report(upgrade: Scene) -> None:
    scene = upgrade
    page(scene, "第2報です。", seen=2)
    assert scene.run(code=3) == []
    assert scene.result.decisions()[ORDER] == ("review", "read-otherwise")
    assert ORDER in scene.alerts["waiting"]
    scene.decide("approve", scene.article)
    (card,) = scene.run(code=0)
    assert "第2報です。" in card
    page(scene, "第3報です。", seen=3)
    assert len(scene.run(code=0)) == 1


def test_a_new_word_or_title_goes_out_whatever_was_upgraded(upgrade: Scene) -> None:
    page(upgrade, "緊急安全確保を発令しました。")
    (card,) = upgrade.run(code=0)
    assert "緊急安全確保" in card


def conditional(town: Town) -> list[bool]:
    return ["if-none-match" in request.headers for request in town.city.requests if request.path == A]


def test_pages_are_asked_for_conditionally_once_their_validators_were_seen_to_move(town: Town) -> None:
    scene = first_report(town)
    town.now = NOON
    scene.run(code=0)
    assert not any(conditional(town)), "nobody knows yet what its validators are worth"
    scene.write(A, ORDER, "第2報です。")
    assert len(scene.run(code=0)) == 1
    assert scene.run(code=0) == []
    assert conditional(town)[-1]
    scene.write(A, ORDER, "第3報です。")
    (card,) = scene.run(code=0, later=timedelta(minutes=1))
    assert "第3報です。" in card


def test_an_etag_that_never_moves_hides_no_report(town: Town) -> None:
    town.city.frozen.add(A)
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    for number in range(1, 4):
        scene.write(A, ORDER, f"第{number}報です。")
        (card,) = scene.run(code=0)
        assert f"第{number}報です。" in card
        assert scene.run(code=0, later=timedelta(minutes=25)) == []


def test_undated_entries_of_a_list_that_failed_at_first_are_dated_by_their_pages(town: Town) -> None:
    """Forty old warnings are known; what is new, or of no known date, goes out."""
    scene = Scene(town)
    town.city.fail(LIST, Fault.status(500), times=3)
    town.run(code=1)
    old = [f"/kinkyu/{number}.html" for number in range(100, 140)]
    for address in old:
        scene.html(address, "過去の避難指示", "<p>終わりました。</p><p class='update'>更新日：2025年9月1日</p>")
    scene.html(A, ORDER, "<p>門真地区が対象です。</p><p class='update'>更新日：2026年11月24日</p>")
    scene.show(*(row(address, "過去の避難指示") for address in old), row(A, ORDER))
    (card,) = scene.run(code=0)
    assert "門真地区が対象です。" in card
    assert scene.run(code=0) == []


def test_another_heading_is_told_until_the_usual_one_is_back_or_a_day_is_over(town: Town) -> None:
    def stands() -> bool:
        scene.run(code=0)
        told = [event for event in town.events() if event["type"] == "alerted" and event["code"] == "list-notes"]
        return bool(told[-1].get("digest"))

    scene = first_report(town)
    scene.html(LIST, "ただいまメンテナンス中です", f"<ul>{row(A, ORDER)}</ul>")
    assert stands()
    assert "ただいまメンテナンス中です" in scene.alerts["list-notes"]
    assert stands()
    scene.show(row(A, ORDER))
    assert not stands()
    scene.html(LIST, "災害時の掲示板", f"<ul>{row(A, ORDER)}</ul>")
    assert stands()
    town.now += timedelta(days=1)
    assert not stands()
    scene.html(LIST, "災害時の掲示板", "<p>現在、情報はありません。</p>")
    scene.run(code=0)
    assert scene.result.json["sources"][-1]["ok"], "under its new name the list may be empty"


@pytest.mark.parametrize("every", [5, 10, 15, 30, 60])
def test_no_regular_passes_ask_with_conditions_alone_for_longer_than_three_hours(every: int) -> None:
    for first in range(every):
        passes = [TUESDAY.replace(hour=0, minute=first) + timedelta(minutes=every * n) for n in range(24 * 60 // every)]
        whole = [at for at in passes if reads_whole(at)]
        assert all(later - earlier <= timedelta(hours=3) for earlier, later in itertools.pairwise(whole))
        assert len(passes) / 4 <= len(whole) <= len(passes) / 2
