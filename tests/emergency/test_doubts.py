"""A doubt about an emergency costs its details, never its departure: title and link go out at once, and a person is asked."""

from collections.abc import Callable

import pytest

from tests.doubles.fault import Fault
from tests.emergency.scene import HTML, LIST, Scene, row
from tests.town import Town

A = "/kinkyu/1.html"
ORDER = "【警戒レベル4】避難指示を発令しました"
PHONE = "門真太郎（090-1234-5678）までご連絡ください。"


def personal_data(scene: Scene) -> None:
    scene.write(A, ORDER, PHONE)


def garbled(scene: Scene) -> None:
    scene.write(A, ORDER, "�����Ă��������B避難してください。")


def bytes_of_no_encoding(scene: Scene) -> None:
    page = f"<html><head><meta charset='utf-8'><title>{ORDER}</title></head><body><h1>{ORDER}</h1><p>".encode()
    scene.town.city.put(A, page + b"\xe9\x81\xbf\xff\xfe\x80\x81" * 20 + b"</p></body></html>", HTML)


def unreachable(scene: Scene) -> None:
    scene.write(A, ORDER, "本文です。")
    scene.town.city.fail(A, Fault.status(503))


def not_there(scene: Scene) -> None:
    """The list is written before the page."""


def forbidden_by_robots(scene: Scene) -> None:
    scene.write(A, ORDER, "本文です。")
    scene.town.city.put("/robots.txt", f"User-agent: *\nDisallow: {A}\n".encode(), "text/plain")


def maintenance(scene: Scene) -> None:
    scene.write(A, "ただいまメンテナンス中です", "しばらくお待ちください。本文です。")


def no_page(scene: Scene) -> None:
    scene.town.city.put(A, b"%PDF-1.4", "application/pdf")


def leads_to_the_list(scene: Scene) -> None:
    scene.town.city.redirect(A, LIST)


@pytest.mark.parametrize(
    "doubt",
    [
        personal_data, garbled, bytes_of_no_encoding, unreachable, not_there, forbidden_by_robots, maintenance, no_page,
        leads_to_the_list,
    ],
    ids=lambda doubt: doubt.__name__,
)  # fmt: skip
def test_title_and_link_go_out_at_once_and_a_person_is_asked(town: Town, doubt: Callable[[Scene], None]) -> None:
    scene = Scene(town)
    scene.show()
    if doubt is forbidden_by_robots:  # which is read once a day
        doubt(scene)
    scene.start()
    scene.show(row(A, ORDER))
    doubt(scene)
    (card,) = scene.run(code=3)
    assert ORDER in card
    assert f"{town.city.host}{A}" in card
    assert "090" not in card
    assert "本文" not in card
    assert "\ufffd" not in card
    assert ORDER in scene.alerts["details"]
    assert f"kadoma-line approve {scene.article}" in scene.alerts["details"]
    assert scene.run(code=3) == [], "once, and a person is still asked"


@pytest.mark.parametrize("title", ["避難" * 150, "連絡先：門真太郎 090-1234-5678"], ids=["over-long", "personal data"])
def test_where_the_title_is_the_doubt_a_neutral_sentence_goes_out(town: Town, title: str) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, title))
    scene.write(A, title, "避難してください。")
    (card,) = scene.run(code=3)
    assert "緊急のお知らせがあります" in card
    assert f"{town.city.host}{A}" in card
    assert title not in card
    assert scene.run(code=3) == []


def test_the_details_follow_when_a_poster_says_so(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    personal_data(scene)
    scene.run(code=3)
    scene.decide("approve", scene.article, "--why", "代表電話のため")
    (card,) = scene.run(code=0)
    assert PHONE in card
    assert scene.run(code=0) == []


def test_a_new_report_does_not_wait_for_what_is_asked_about_the_last_one(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    unreachable(scene)
    scene.run(code=3)
    town.city.recover()
    assert scene.run(code=3) == [], "readable now: whether the details follow, a person says"
    scene.write(A, ORDER, "第2報です。")
    (card,) = scene.run(code=0)
    assert "第2報です。" in card


def test_what_cannot_be_read_again_is_never_silent(town: Town) -> None:
    scene = Scene(town)
    scene.show()
    scene.start()
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "第1報です。")
    scene.run(code=0)
    scene.write(A, ORDER, "第2報です。")
    town.city.fail(A, Fault.status(503), times=4)
    assert scene.run(code=1) == []
    assert ORDER in scene.alerts["emergency-unread"]
    town.city.recover()
    (card,) = scene.run(code=0)
    assert "第2報です。" in card
