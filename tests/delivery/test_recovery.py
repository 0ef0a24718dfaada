"""A run begins by finishing what an earlier one left open: the same bytes under the same key, or a person decides."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.delivery.conftest import Inside
from tests.doubles.line import LineFault

A, B = ARTICLES[20], ARTICLES[21]
ATTEMPTS = 4  # tries of one run


def left_open(inside: Inside, fault: LineFault, times: int = ATTEMPTS) -> str:
    """A is published, and a run gets no clear answer; returns the broadcast's id."""
    inside.town.publish(A)
    inside.line.fail(fault, times=times)
    report = inside.run()
    assert (report.exit, [b.outcome for b in report.broadcasts]) == (1, ["unknown"])
    return report.broadcasts[0].id


def test_an_open_broadcast_is_repeated_as_the_same_bytes_under_the_same_key(inside: Inside) -> None:
    left_open(inside, LineFault.error_before())
    assert inside.line.accepted == []
    assert inside.run().exit == 0
    assert len(inside.requests) == ATTEMPTS + 1
    assert len(set(inside.requests)) == 1
    assert inside.times_sent(A.title) == 1
    inside.check()


@pytest.mark.parametrize("fault", [LineFault.error_after(), LineFault.drop_after()], ids=["500", "connection dropped"])
def test_what_line_accepted_without_saying_so_is_not_sent_again(inside: Inside, fault: LineFault) -> None:
    left_open(inside, fault)
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    (known,) = inside.knowledge.broadcasts.values()
    assert known.request_id == inside.line.accepted[0].request_id
    inside.check()


@pytest.mark.parametrize(
    "refusal",
    [LineFault.error(400, "no"), LineFault.unauthorized(), LineFault.monthly_limit()],
    ids=["400", "401", "429"],
)
def test_a_refusal_of_the_repeat_does_not_say_that_the_first_request_was_refused(
    inside: Inside, refusal: LineFault
) -> None:
    left_open(inside, LineFault.drop_after())
    inside.line.fail(refusal)
    assert inside.run().exit == 1
    assert inside.knowledge.queue() == []
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_after_closing_an_open_broadcast_waits_for_the_next_opening(inside: Inside) -> None:
    inside.at(24, 17, 20)
    left_open(inside, LineFault.error_before())
    asked = len(inside.requests)
    for hour in (18, 23):
        inside.at(24, hour)
        assert inside.run().exit == 0
    assert len(inside.requests) == asked
    inside.at(25, 9)
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1


def test_an_open_emergency_is_repeated_at_night(inside: Inside) -> None:
    inside.at(24, 23)
    inside.city.emergency(EMERGENCY, inside.town.now)
    inside.line.fail(LineFault.error_before(), times=ATTEMPTS)
    assert inside.run().exit == 1
    inside.at(25, 1)
    assert inside.run().exit == 0
    assert inside.times_sent(EMERGENCY.title) == 1


def test_while_everything_is_paused_an_open_broadcast_waits_too(inside: Inside) -> None:
    broadcast = left_open(inside, LineFault.error_before())
    asked = len(inside.requests)
    inside.town.configure(("paused = false", "paused = true"))
    inside.run()
    assert (len(inside.requests), inside.knowledge.broadcasts[broadcast].outcome) == (asked, "open")
    inside.town.configure()
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1


def test_while_a_broadcast_is_open_its_articles_are_in_no_other_one(inside: Inside) -> None:
    inside.town.configure(('min_interval = "60m"', 'min_interval = "0m"'))
    left_open(inside, LineFault.error_before(), times=2 * ATTEMPTS)
    inside.town.publish(B)
    assert inside.run().exit == 1
    assert (inside.times_sent(A.title), inside.times_sent(B.title)) == (0, 1)
    assert inside.run().exit == 0
    assert (inside.times_sent(A.title), inside.times_sent(B.title)) == (1, 1)
    inside.check()


def test_after_23_hours_nothing_is_repeated_and_a_person_gets_the_evidence(inside: Inside) -> None:
    inside.line.staff_usage = 700
    broadcast = left_open(inside, LineFault.drop_after())
    asked = len(inside.requests)
    inside.at(25, 9, 5)
    report = inside.run()
    assert report.exit == 3
    assert len(inside.requests) == asked
    known = inside.knowledge.broadcasts[broadcast]
    assert known.outcome == "unknown"
    for evidence in (
        "used before 700/None",
        f"now {700 + inside.line.followers}/None",
        "deliveries on 20261124",
        "12345",
    ):
        assert evidence in known.detail
    assert [alert.code for alert in report.alerts] == ["unknown-broadcast"]
    assert broadcast in report.alerts[0].detail
    inside.town.now += timedelta(days=2)
    assert inside.run().exit == 3
    assert len(inside.requests) == asked


def test_just_before_23_hours_are_over_it_is_still_repeated(inside: Inside) -> None:
    inside.at(24, 10, 5)
    left_open(inside, LineFault.drop_after())
    inside.at(25, 9, 4)
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1


def test_without_line_an_old_broadcast_waits_for_the_evidence(inside: Inside) -> None:
    broadcast = left_open(inside, LineFault.error_before())
    asked = len(inside.requests)
    inside.at(25, 9, 30)
    inside.line.fail(LineFault.forbidden(), path="/v2/bot/info")
    assert inside.run().exit == 1
    assert inside.knowledge.broadcasts[broadcast].outcome == "open"
    assert inside.run().exit == 3
    assert inside.knowledge.broadcasts[broadcast].outcome == "unknown"
    assert len(inside.requests) == asked


def unknown(inside: Inside, fault: LineFault) -> str:
    broadcast = left_open(inside, fault)
    inside.at(25, 9, 30)
    assert inside.run().exit == 3
    return broadcast


def test_not_delivered_puts_the_articles_back_with_a_fresh_key(inside: Inside) -> None:
    broadcast = unknown(inside, LineFault.error_before())
    inside.town.call(
        "resolve", broadcast, "--not-delivered", "--actor", "miryoku", "--why", "LINE shows no delivery", code=0
    )
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    keys = [key for key, _ in inside.requests]
    assert len(set(keys)) == 2
    inside.check()


def test_delivered_settles_it_and_nothing_is_sent_again(inside: Inside) -> None:
    broadcast = unknown(inside, LineFault.drop_after())
    inside.town.call("resolve", broadcast, "--delivered", "--actor", "miryoku", code=0)
    asked = len(inside.requests)
    assert inside.run().exit == 0
    assert len(inside.requests) == asked
    assert inside.times_sent(A.title) == 1
    settled = [event for event in inside.town.events() if event["type"] == "settled"]
    assert [(event["broadcast"], event["actor"], event["delivered"]) for event in settled] == [
        (broadcast, "miryoku", True)
    ]


def test_what_is_not_unknown_cannot_be_settled(inside: Inside) -> None:
    broadcast = left_open(inside, LineFault.error_before())
    refused = inside.town.call("resolve", broadcast, "--not-delivered", "--actor", "miryoku", code=2)
    assert "結果を確認中" in refused.err


def test_an_answer_that_could_not_be_pushed_is_not_asked_for_again(inside_git: Inside, tmp_path: Path) -> None:
    inside_git.town.publish(A)
    hook = inside_git.town.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nif [ -e intent ]; then exit 1; fi\ntouch intent\n")
    hook.chmod(0o755)
    report = inside_git.run()
    assert report.exit == 1
    assert [b.outcome for b in report.broadcasts] == ["accepted"]
    hook.unlink()
    assert inside_git.run().exit == 0
    assert len(inside_git.requests) == 1
    inside_git.check()


def test_an_answer_that_was_not_pushed_wins_over_a_person_who_could_not_know_it(inside_git: Inside) -> None:
    inside_git.town.publish(A)
    hook = inside_git.town.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nif [ -e intent ]; then exit 1; fi\ntouch intent\n")
    hook.chmod(0o755)
    broadcast = inside_git.run().broadcasts[0].id  # accepted, but nobody else knows
    hook.unlink()
    inside_git.at(25, 9, 30)
    elsewhere = inside_git.town.clone("elsewhere") / "state"
    assert inside_git.run(elsewhere).exit == 3
    here, inside_git.town.state = inside_git.town.state, elsewhere
    inside_git.town.call("resolve", broadcast, "--not-delivered", "--actor", "miryoku", code=0)
    inside_git.town.state = here
    assert inside_git.run().exit == 0
    assert len(inside_git.requests) == 1
    inside_git.check()


def test_a_machine_that_slept_through_the_life_of_a_key_does_not_use_it_again(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.error_after())
    inside.sleep = lambda seconds: setattr(inside.town, "now", inside.town.now + timedelta(hours=25))  # type: ignore[method-assign]
    inside.run()
    assert len(inside.requests) == 1
    assert inside.run().exit == 3
    assert len(inside.requests) == 1


@pytest.mark.parametrize(("true", "ours"), [(26, 1), (1, 26)], ids=["behind", "ahead"])
def test_with_a_wrong_clock_nothing_is_sent_repeated_or_given_up(inside: Inside, true: int, ours: int) -> None:
    """Behind, a key that LINE has forgotten would look young enough to be used again."""
    broadcast = left_open(inside, LineFault.error_after())
    asked, began = len(inside.requests), inside.town.now
    inside.line.now = lambda: began + timedelta(hours=true)
    inside.town.now += timedelta(hours=ours)
    report = inside.run()
    assert report.exit == 1
    assert "line-clock" in dict(report.failures)
    assert len(inside.requests) == asked
    assert inside.knowledge.broadcasts[broadcast].outcome == "open"


def test_close_to_closing_time_no_normal_broadcast_begins(inside: Inside) -> None:
    inside.at(24, 17, 26)
    inside.town.publish(A)
    inside.city.emergency(EMERGENCY, inside.town.now)
    report = inside.run()
    assert [row.reason for row in report.rows.values() if row.title == A.title] == ["close-margin"]
    assert (inside.times_sent(A.title), inside.times_sent(EMERGENCY.title)) == (0, 1)


def test_repeats_end_with_the_posting_hours(inside: Inside) -> None:
    inside.at(24, 17, 24)
    inside.town.publish(A)
    inside.line.fail(LineFault.rate_limit(), times=None)
    inside.sleep = lambda seconds: setattr(inside.town, "now", inside.town.now + timedelta(minutes=7))  # type: ignore[method-assign]
    inside.run()
    assert len(inside.requests) == 1


def test_a_body_that_was_changed_is_never_sent(inside: Inside) -> None:
    broadcast = left_open(inside, LineFault.error_before())
    asked = len(inside.requests)
    body = inside.town.state / "broadcasts" / f"{broadcast}.json"
    body.write_bytes(body.read_bytes().replace(b"text", b"tixt", 1))
    report = inside.run()
    assert report.exit == 1
    assert broadcast in dict(report.failures)["ledger"]
    assert len(inside.requests) == asked
