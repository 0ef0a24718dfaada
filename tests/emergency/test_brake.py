"""A page whose clock moves does not ring the city's telephones every five minutes, and holds nothing new back."""

from tests.emergency.scene import Scene, row
from tests.town import Town

A = "/kinkyu/1.html"
ORDER = "避難指示の状況"


def test_from_the_fourth_broadcast_within_an_hour_changes_are_gathered_and_a_person_can_mute_them(town: Town) -> None:
    scene = Scene(town)
    scene.show(row(A, ORDER))
    scene.write(A, ORDER, "準備中")
    scene.start()
    sent = []
    for minute in range(0, 35, 5):
        scene.write(A, ORDER, f"{minute}分現在の状況です。")
        sent.append(len(scene.run()))
    assert sent == [1, 1, 1, 0, 0, 1, 0]
    assert ORDER in scene.alerts["gathering"]

    scene.write(A, ORDER, "大雨特別警報が発表されました。35分現在の状況です。")
    (card,) = scene.run(code=0)
    assert "大雨特別警報" in card, "a new word goes out at once"

    scene.write(A, ORDER, "40分現在の状況です。")
    assert scene.run(code=3) == []
    scene.decide("reject", scene.article, "--why", "時計だけが動いている")
    for minute in (45, 50, 55):
        scene.write(A, ORDER, f"{minute}分現在の状況です。")
        assert scene.run(code=0) == []
    scene.write(A, ORDER, "【警戒レベル５】緊急安全確保")
    assert len(scene.run(code=0)) == 1
