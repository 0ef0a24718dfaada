"""A disaster night: twenty reports in twelve hours at three addresses, edited in place; LINE's quota endpoint is down for two
hours, the site for twenty minutes, and a job is killed twice."""

import signal
from datetime import timedelta

from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.emergency.scene import LIST, NIGHT, PASS, Scene, row
from tests.town import Town

ADDRESSES = tuple(f"/kinkyu/{number}.html" for number in (1, 2, 3))
TOPICS = ("【警戒レベル4】避難指示", "避難所の開設状況", "断水と給水所")
REPORTS = 20
NIGHT_LASTS = timedelta(hours=12)


def test_every_report_goes_out_once_in_the_pass_after_it_could_be_read(git_town: Town) -> None:
    town = git_town
    scene = Scene(town)
    scene.show()
    scene.start()
    shown: dict[str, str] = {}
    written: list[tuple[str, str]] = []  # address, text
    sent_at: dict[str, timedelta] = {}

    def publish(number: int) -> str:
        place = number % 3
        text = f"第{number + 1}報：{TOPICS[place]}の状況です。"
        title = TOPICS[place] if number < 12 else f"{TOPICS[place]}（第{number + 1}報）"  # at first the titles stay
        scene.write(ADDRESSES[place], title, text)
        written.append((ADDRESSES[place], text))
        shown[ADDRESSES[place]] = title
        scene.show(*(row(address, shown[address]) for address in shown))
        return text

    quota_is_down = False
    for number in range(REPORTS):
        town.now = NIGHT + (number + 1) * NIGHT_LASTS / REPORTS - PASS
        hour = (town.now - NIGHT) / timedelta(hours=1)
        if not quota_is_down and 2 <= hour < 4:
            town.line.fail(LineFault.error_before(503), times=None, path="/v2/bot/message/quota")
            quota_is_down = True
        elif quota_is_down and hour >= 4:
            town.line.recover()
            quota_is_down = False
        text = publish(number)
        if number == 10:
            town.city.fail("/", Fault.status(503), times=None)
            for _ in range(3):
                assert scene.run(code=1) == []
            town.city.recover()
        if number in (7, 15):  # a job is killed, once before and once after LINE has accepted
            town.now += PASS
            town.line.fail(LineFault.hang_before() if number == 7 else LineFault.hang_after())
            job = town.start("run", "--json")
            assert town.line.wait_until_hanging()
            job.send_signal(signal.SIGKILL)
            job.wait()
            town.line.release()
            town.line.wait_until_quiet()
            scene.run()
        else:
            scene.run()
        sent_at[text] = town.now - NIGHT
        assert scene.read()[-1].count(text) == 1, f"{text} is the last that residents got"
    scene.run(code=0)

    cards = scene.read()
    assert [sum(text in card for card in cards) for _, text in written] == [1] * REPORTS
    assert len(cards) == REPORTS
    assert town.call("ledger", "verify", code=0)
    assert LIST in {request.path for request in town.city.requests}
