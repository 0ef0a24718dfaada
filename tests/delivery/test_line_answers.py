"""What LINE can answer, and what becomes of the articles."""

from datetime import timedelta

import pytest

from pipeline.line.client import TOKEN_REFILL
from pipeline.sandbox.articles import ARTICLES
from tests.delivery.conftest import Inside
from tests.doubles.line import BROADCAST, VALIDATE, LineFault

A, B, C, D = ARTICLES[20:24]
FAULTS = {
    "500 before accepting": LineFault.error_before(),
    "500 after accepting": LineFault.error_after(),
    "503 before accepting": LineFault.error_before(503),
    "hangs before accepting": LineFault.hang_before(),
    "hangs after accepting": LineFault.hang_after(),
    "drops the connection before accepting": LineFault.drop_before(),
    "drops the connection after accepting": LineFault.drop_after(),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_passing_fault_is_got_over_within_the_run(inside: Inside, fault: LineFault) -> None:
    inside.town.publish(A)
    inside.line.fail(fault)
    report = inside.run()
    assert (report.exit, [b.outcome for b in report.broadcasts]) == (0, ["accepted"])
    assert len(set(inside.requests)) == 1
    assert report.broadcasts[0].request_id == inside.line.accepted[0].request_id
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_a_hanging_line_is_given_as_long_as_the_configuration_says(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.hang_before())
    inside.run()
    assert "no whole answer within 1 s" in caplog.text


@pytest.mark.parametrize("validate_too", [True, False], ids=["validate refuses too", "only broadcast refuses"])
def test_one_article_that_line_cannot_take_goes_to_review_and_the_others_go_out(
    inside: Inside, validate_too: bool
) -> None:
    inside.town.publish(A, B, C, D)
    inside.line.fail(LineFault.reject_containing(B.title), times=None, path=BROADCAST)
    if validate_too:
        inside.line.fail(LineFault.reject_containing(B.title), times=None, path=VALIDATE)
    report = inside.run()
    assert report.exit == 3
    assert [inside.times_sent(article.title) for article in (A, B, C, D)] == [1, 0, 1, 1]
    waiting = [known for known in inside.knowledge.queue() if known.state == "review"]
    assert [(known.title, known.reason) for known in waiting] == [(B.title, "line-rejected")]
    assert "A message (messages[0]) in the request body is invalid" in waiting[0].detail
    assert "/contents/0/body/contents/0/text" in waiting[0].detail
    asked = len(inside.requests)
    assert inside.run().exit == 3
    assert len(inside.requests) == asked
    inside.check()


def test_words_of_line_with_no_break_spaces_are_kept_readable(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.bad_request_nbsp())
    inside.run()
    (known,) = inside.knowledge.queue()
    assert known.detail == "The request body has 1 error(s)"


def test_at_the_monthly_limit_articles_wait_and_people_are_told_once(inside: Inside) -> None:
    inside.line.quota = inside.line.followers - 1
    inside.town.publish(A)
    first = inside.run()
    assert (first.exit, [alert.code for alert in first.alerts]) == (0, ["quota"])
    assert [row.reason for row in first.rows.values()] == ["quota"]
    asked = len(inside.requests)
    inside.at(24, 10, 30)
    second = inside.run()
    assert (second.exit, second.alerts, len(inside.requests)) == (0, [], asked)
    inside.line.quota = None
    inside.at(24, 11, 5)
    third = inside.run()
    assert (third.exit, inside.times_sent(A.title)) == (0, 1)
    inside.check()


def test_a_full_quota_is_noticed_before_anything_is_sent(inside: Inside) -> None:
    inside.line.quota, inside.line.staff_usage = 200, 200
    inside.town.publish(A)
    assert [row.reason for row in inside.run().rows.values()] == ["quota"]
    assert inside.requests == []


def test_a_short_rate_limit_is_waited_for_in_the_run(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.rate_limit())
    assert inside.run().exit == 0
    assert TOKEN_REFILL in inside.waits
    assert len(set(inside.requests)) == 1
    assert inside.times_sent(A.title) == 1


def test_a_long_rate_limit_is_left_to_the_next_run(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.rate_limit(), times=3)
    report = inside.run()
    assert (report.exit, [b.outcome for b in report.broadcasts]) == (1, ["rejected"])
    assert inside.waits.count(TOKEN_REFILL) == 2
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


@pytest.mark.parametrize("path", [BROADCAST, "/v2/bot/info"])
@pytest.mark.parametrize("fault", [LineFault.unauthorized(), LineFault.forbidden()], ids=["401", "403"])
def test_refused_credentials_fail_the_run_and_articles_wait(inside: Inside, fault: LineFault, path: str) -> None:
    inside.town.publish(A)
    inside.line.fail(fault, path=path)
    report = inside.run()
    assert report.exit == 1
    assert {code for code, _ in report.failures} <= {"line-unauthorized", "line-forbidden"}
    assert [row.decision for row in report.rows.values()] == ["hold"]
    assert inside.times_sent(A.title) == 0
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


@pytest.mark.parametrize("fault", [LineFault.error(400, "no"), LineFault.monthly_limit(), LineFault.unauthorized()])
def test_a_refusal_after_an_unclear_try_proves_nothing(inside: Inside, fault: LineFault) -> None:
    """The first try may have been accepted: the articles do not go back into the queue."""
    inside.town.publish(A)
    inside.line.fail(LineFault.error_after())
    inside.line.fail(fault)
    report = inside.run()
    assert (report.exit, [b.outcome for b in report.broadcasts]) == (1, ["unknown"])
    assert inside.knowledge.queue() == []
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_another_account_gets_nothing(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.basic_id = "@somebody_else"
    report = inside.run()
    assert report.exit == 1
    assert "Art. 3" in dict(report.failures)["line-account"]
    assert inside.requests == []
    assert [row.reason for row in report.rows.values()] == ["line-unavailable"]


def test_an_open_broadcast_is_not_repeated_to_another_account(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.error_before(), times=4)
    inside.run()
    inside.line.basic_id = "@somebody_else"
    assert inside.run().exit == 1
    assert len(inside.requests) == 4


def test_without_credentials_nothing_is_sent(inside: Inside) -> None:
    inside.town.publish(A)
    inside.town.environment = {}
    assert inside.run().exit == 2
    assert inside.requests == []


def test_when_the_time_of_a_run_is_up_nothing_more_is_tried_and_the_next_run_goes_on(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.town.publish(A)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.world.RUN_AT_MOST", timedelta(0))
        inside.run()
    assert inside.requests == []
    assert [known.title for known in inside.knowledge.queue()] == [A.title]
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_an_outage_of_line_holds_and_loses_nothing(inside: Inside) -> None:
    inside.town.publish(A)
    inside.line.stop()
    report = inside.run()
    assert report.exit == 1
    assert [row.reason for row in report.rows.values()] == ["line-unavailable"]
    inside.line.start()
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()
