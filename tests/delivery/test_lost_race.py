"""Somebody else writes at the worst moment."""

from pathlib import Path

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.delivery.conftest import Inside
from tests.doubles.line import LineFault
from tests.zygote.client import Process

A = ARTICLES[20]


def test_what_was_planned_before_a_lost_race_is_planned_again(inside_git: Inside) -> None:
    """While the first run waits for LINE's answer to its emergency, a second one finishes that broadcast and sends the
    rest, too. The first run comes back, finds that it was not alone, and must not send the rest once more."""
    inside_git.town.configure()
    inside_git.town.with_emergency_source(('min_interval = "60m"', 'min_interval = "0m"'))
    inside_git.town.publish(A)
    inside_git.city.emergency(EMERGENCY, inside_git.town.now)
    inside_git.line.fail(LineFault.hang_before())
    elsewhere = inside_git.town.clone("elsewhere") / "state"
    first = inside_git.town.start("run", "--json")
    assert inside_git.line.wait_until_hanging(timeout=60)
    assert inside_git.run(elsewhere).exit == 0
    inside_git.line.release()
    assert first.wait() == 0, first.err
    assert (inside_git.times_sent(EMERGENCY.title), inside_git.times_sent(A.title)) == (1, 1)
    inside_git.check()


def taken_over(inside: Inside) -> tuple[Process, Path]:
    """A run whose request hangs at LINE, and the state of a second one that took the broadcast over: LINE accepted it,
    without a clear answer."""
    inside.town.configure()
    inside.town.publish(A)
    inside.line.fail(LineFault.hang_before())
    elsewhere = inside.town.clone("elsewhere") / "state"
    first = inside.town.start("run", "--json")
    assert inside.line.wait_until_hanging(timeout=60)
    inside.line.fail(LineFault.error_after(), times=4)
    assert inside.run(elsewhere).exit == 1
    return first, elsewhere


def test_an_acceptance_counts_whoever_owns_the_broadcast(inside_git: Inside) -> None:
    first, elsewhere = taken_over(inside_git)
    inside_git.line.release()  # the first run is told 409
    assert first.wait() == 0, first.err
    asked = len(inside_git.requests)
    assert inside_git.run(elsewhere).exit == 0
    assert len(inside_git.requests) == asked
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


def test_a_refusal_counts_only_for_the_run_that_owns_the_broadcast(inside_git: Inside) -> None:
    """All that the first run hears is a refusal; but since it was taken over, that proves nothing any more."""
    first, elsewhere = taken_over(inside_git)
    token, inside_git.line.long_lived_token = inside_git.line.long_lived_token, "renewed"
    inside_git.line.release()  # the first run is told 401
    assert first.wait() == 1, first.err
    inside_git.line.long_lived_token = token
    assert inside_git.knowledge.queue() == []
    assert inside_git.run(elsewhere).exit == 0
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()
