"""LINE adds fields and kinds without notice, something in between answers in its place, and parts of it are out of order."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import certifi
import pytest
import trustme

from pipeline.config import load
from pipeline.line.answers import LineError
from pipeline.line.client import LineClient
from pipeline.run import run
from pipeline.sandbox.articles import ARTICLES
from pipeline.world import CLOCK, World
from tests.delivery.conftest import Inside
from tests.doubles.line import BROADCAST, CHANNEL_ID, CHANNEL_SECRET, VALIDATE, LineFault, LineServer
from tests.town import Town

A, B = ARTICLES[20:22]
INFO, QUOTA, USED = "/v2/bot/info", "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"
ACCOUNT = '{"basicId":"@kadoma_city","displayName":"門真市"}'


def says(body: str | bytes, status: int = 200) -> LineFault:
    kind = (("Content-Type", "application/json"),)
    return LineFault(
        "answer", status_code=status, body=body if isinstance(body, bytes) else body.encode(), headers=kind
    )


def emergency(inside: Inside) -> None:
    inside.city.emergency(A, inside.town.now)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (INFO, ACCOUNT),
        (INFO, ACCOUNT[:-1] + ',"chatMode":"ai","markAsReadMode":7,"userId":null,"new":[{}]}'),
        (INFO, b"\xef\xbb\xbf" + ACCOUNT.encode()),
        (INFO, '{"basicId":null,"premiumId":"@kadoma_city"}'),
        (QUOTA, '{"type":"unheard-of"}'),
        (QUOTA, '{"type":"unheard-of","value":"30000"}'),
        (QUOTA, '{"type":"limited","value":-5}'),
        (QUOTA, '{"type":"limited","value":36893488147419103232}'),
        (QUOTA, '{"type":["limited"],"value":{"n":1}}'),
        (QUOTA, "{}"),
        (USED, '{"totalUsage":null}'),
        (USED, '{"totalUsage":"17"}'),
        (USED, '{"totalUsage":99999999999999999999999}'),
        (USED, '{"totalUsage":[1]}'),
        (USED, '{"totalUsage":1e400}'),
    ],
)
def test_what_line_adds_leaves_out_or_writes_differently_holds_nothing(
    inside: Inside, path: str, body: str | bytes
) -> None:
    inside.town.publish(A)
    inside.line.fail(says(body), times=None, path=path)
    report = inside.run()
    assert (report.exit, inside.times_sent(A.title)) == (0, 1)
    inside.check()


NO_OBJECT = {
    "a page": "<!DOCTYPE html><title>ただいまメンテナンス中</title>",
    "nothing": "",
    "a list": "[1, 2]",
    "half": '{"basicId":',
    "no UTF-8": b'{"basicId":"\xff\xfe"}',
    "a deep one": "[" * 100_000,
    "null": "null",
}


@pytest.mark.parametrize("path", [INFO, QUOTA])
@pytest.mark.parametrize("body", NO_OBJECT.values(), ids=NO_OBJECT.keys())
def test_an_answer_that_is_not_line_s_is_told_in_words_and_the_next_run_sends(
    inside: Inside, body: str | bytes, path: str
) -> None:
    inside.town.publish(A)
    inside.line.fail(says(body), path=path)
    report = inside.run()
    assert report.exit == 1
    assert [code for code, _ in report.failures] == ["line-line"]
    assert path in report.failures[0][1]
    assert inside.requests == []
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1


@pytest.mark.parametrize(
    "body", ['{"access_token":"TOKEN","token_type":"Bearer"}', '{"access_token":"TOKEN","expires_in":"soon"}']
)
def test_a_token_without_its_life_is_a_token(inside: Inside, body: str) -> None:
    inside.town.environment = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}
    inside.town.publish(A)
    inside.line.fail(says(body.replace("TOKEN", inside.line.long_lived_token)), path="/oauth2")
    assert (inside.run().exit, inside.times_sent(A.title)) == (0, 1)


def test_a_token_that_line_issues_again_is_used_again_in_the_same_process(inside: Inside) -> None:
    """It is masked from its first use on, wherever it is shown, and nowhere else."""
    inside.town.environment = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}
    inside.line.fail(says(f'{{"access_token":"{inside.line.long_lived_token}"}}'), times=None, path="/oauth2")
    for article in (A, B):
        inside.town.publish(article)
        inside.town.now += timedelta(minutes=61)
        assert (inside.run().exit, inside.times_sent(article.title)) == (0, 1)


@pytest.mark.parametrize("body", ["<html>", '{"token":"x"}', '{"access_token":7}', '{"access_token":"a\\r\\nb"}'])
def test_an_answer_without_a_token_is_told_in_words(inside: Inside, body: str) -> None:
    inside.town.environment = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}
    inside.town.publish(A)
    inside.line.fail(says(body), times=None, path="/oauth2")
    report = inside.run()
    assert (report.exit, [code for code, _ in report.failures]) == (1, ["line-line"])


def test_a_secret_that_was_copied_with_its_line_end_works_and_one_with_a_break_inside_is_named(town: Town) -> None:
    town.with_baseline()
    town.publish(A)
    town.now += timedelta(hours=2)
    secret = town.environment["LINE_CHANNEL_ACCESS_TOKEN"]
    town.environment["LINE_CHANNEL_ACCESS_TOKEN"] = f"{secret[:9]}\n{secret[9:]}"
    refused = town.run(code=2)
    assert "LINE_CHANNEL_ACCESS_TOKEN" in refused.err
    assert secret[:9] not in refused.err + refused.out
    town.environment["LINE_CHANNEL_ACCESS_TOKEN"] = f" {secret}\r\n"
    town.run(code=0)
    assert len(town.line.accepted) == 1


@pytest.mark.parametrize(
    "body",
    ["<html>", '{"status":"unready"}', '{"status":"preparing"}', "[]", '{"status":"ready","apiBroadcast":"many"}'],
)
def test_statistics_that_cannot_be_read_do_not_keep_a_broadcast_from_a_person(inside: Inside, body: str) -> None:
    inside.town.publish(A)
    inside.line.fail(LineFault.drop_after(), times=None)
    inside.run()
    inside.line.recover()
    inside.line.fail(says(body), times=None, path="/v2/bot/insight")
    inside.line.fail(says("<html>"), times=None, path=USED)
    inside.town.now += timedelta(hours=24)
    report = inside.run()
    assert report.exit == 3
    assert [alert.code for alert in report.alerts] == ["unknown-broadcast"]


AFTER = [201, 204, 301, 302, 404, 408, 410, 418, 425, 451, 499, 504]


@pytest.mark.parametrize("status", AFTER)
def test_whatever_answer_hides_an_acceptance_nothing_is_sent_twice(inside: Inside, status: int) -> None:
    """Only 400, 401, 403, 413, 415 and 429 say that nothing was sent."""
    inside.town.publish(A)
    inside.line.fail(LineFault.error(status, "Request Timeout").after())
    assert inside.run().exit == 0
    inside.at(24, 12)
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    assert len(set(inside.requests)) == 1
    inside.check()


@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "not accepted"])
def test_an_answer_without_line_s_id_is_no_answer_of_line(
    inside: Inside, accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 was answered although nothing was sent; 409 with the accepted id, or 200 with an id, settles it."""
    inside.town.publish(A)
    monkeypatch.setattr(inside.line, "dress", lambda answer: answer)
    fault = says("{}")
    inside.line.fail(fault.after() if accepted else fault)
    assert inside.run().exit == 0
    assert (inside.times_sent(A.title), len(inside.requests)) == (1, 2)
    (known,) = inside.knowledge.broadcasts.values()
    assert known.request_id == inside.line.accepted[0].request_id


# https on loopback


class _Handshakes(ssl.SSLContext):
    """A server whose first handshakes fail."""

    failing = 0

    def wrap_socket(self, sock: object, *arguments: object, **more: object) -> ssl.SSLSocket:
        wrapped: ssl.SSLSocket = super().wrap_socket(sock, *arguments, **more)  # type: ignore[arg-type]
        accept, context = wrapped.accept, self

        def failing_accept() -> tuple[ssl.SSLSocket, object]:
            connection, address = accept()
            if context.failing:
                context.failing -= 1
                connection.close()
            return connection, address

        wrapped.accept = failing_accept  # type: ignore[method-assign]
        return wrapped


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Town, _Handshakes]]:
    """A town whose LINE speaks https."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = _Handshakes(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    town = Town(tmp_path)
    town.line.stop()
    town.line = LineServer(now=lambda: town.now, tls=context).start()
    town.configure()
    yield town, context
    town.stop()


def test_a_tls_handshake_that_fails_is_a_network_failure_and_is_repeated(tls: tuple[Town, _Handshakes]) -> None:
    town, server = tls
    town.with_baseline()
    town.publish(A)
    town.now += timedelta(hours=2)
    server.failing = 1
    town.run(code=0)
    assert len(town.line.accepted) == 1
    town.publish(B)
    town.now += timedelta(hours=2)
    server.failing = 100
    told = town.run(code=1).json
    assert [alert["code"] for alert in told["alerts"]] == ["line-unreachable"]
    server.failing = 0
    town.now += timedelta(minutes=10)
    town.run(code=0)
    assert len(town.line.accepted) == 2


def test_a_certificate_that_nobody_vouches_for_gets_no_credentials(
    tls: tuple[Town, _Handshakes], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = tls
    town.with_baseline()
    town.publish(A)
    town.now += timedelta(hours=2)
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert "CERTIFICATE_VERIFY_FAILED" in town.run(code=1).out
    assert town.line.requests == []


# Emergencies

HANG = LineFault.hang_before()
OUT_OF_ORDER = {
    "quota 500": (LineFault.error_before(), QUOTA),
    "quota is a page": (says("<html>"), QUOTA),
    "quota full": (says('{"type":"limited","value":0,"totalUsage":9}'), QUOTA),
    "quota forbidden": (LineFault.forbidden(), QUOTA),
    "quota drops": (LineFault.drop_before(), QUOTA),
    "consumption 500": (LineFault.error_before(), USED),
    "consumption hangs": (HANG, USED),
    "check 500": (LineFault.error_before(), VALIDATE),
    "check refuses": (LineFault.error(400, "no"), VALIDATE),
    "check 401": (LineFault.unauthorized(), VALIDATE),
}


@pytest.mark.parametrize("out_of_order", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_an_emergency_waits_for_nothing_but_the_right_account(
    inside: Inside, out_of_order: tuple[LineFault, str]
) -> None:
    fault, path = out_of_order
    emergency(inside)
    inside.line.fail(fault, times=None, path=path)
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.run()
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_what_is_no_emergency_waits_while_quota_cannot_be_had(inside: Inside) -> None:
    emergency(inside)
    inside.town.publish(B)
    inside.line.fail(LineFault.error_before(), times=None, path=QUOTA)
    assert inside.run().exit == 1
    assert (inside.times_sent(A.title), inside.times_sent(B.title)) == (1, 0)
    inside.line.recover()
    assert inside.run().exit == 0
    assert (inside.times_sent(A.title), inside.times_sent(B.title)) == (1, 1)


def test_an_emergency_is_tried_again_in_each_run_while_line_says_that_the_month_is_full(inside: Inside) -> None:
    emergency(inside)
    inside.line.quota = 1
    report = inside.run()
    assert (report.exit, [alert.code for alert in report.alerts]) == (1, ["quota"])
    inside.line.quota = None
    inside.at(24, 10, 5)
    assert (inside.run().exit, inside.times_sent(A.title)) == (0, 1)


def test_an_emergency_whose_card_is_refused_goes_out_as_title_and_link(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.city.emergency(A, town.now)
    town.line.fail(LineFault.reject_containing('"flex"'), times=None)
    first, second = town.run(code=0).json["broadcasts"]
    assert [first["outcome"], second["outcome"]] == ["rejected", "accepted"]
    assert first["retry_key"] != second["retry_key"]
    (sent,) = town.line.accepted
    assert sent.messages == ({"type": "text", "text": f"{A.title}\n{town.city.url}{A.path}"},)
    town.run(code=0)
    assert len(town.line.accepted) == 1
    assert A.title in town.call("ledger", "show", second["id"], code=0).out


def test_an_emergency_refused_even_as_plain_text_asks_a_person(inside: Inside) -> None:
    emergency(inside)
    inside.line.fail(LineFault.error(400, "no"), times=None)
    report = inside.run()
    assert (report.exit, [alert.code for alert in report.alerts]) == (3, ["waiting"])
    assert len(inside.requests) == 2


def test_an_emergency_goes_to_nobody_while_the_account_is_not_known(inside: Inside) -> None:
    """Art. 3: the right account, or none."""
    emergency(inside)
    inside.line.fail(LineFault.error_before(), times=None, path=INFO)
    assert inside.run().exit == 1
    assert inside.requests == []
    inside.line.recover()
    assert (inside.run().exit, inside.times_sent(A.title)) == (0, 1)


# LINE refuses everything


@pytest.mark.parametrize("path", [BROADCAST, VALIDATE])
@pytest.mark.parametrize("articles", [ARTICLES[20:24], ARTICLES[20:21]], ids=["four", "one"])
def test_when_line_refuses_every_article_line_is_suspected_and_no_article(
    inside: Inside, path: str, articles: tuple[object, ...]
) -> None:
    inside.town.publish(*articles)  # type: ignore[arg-type]
    inside.line.fail(LineFault.error(400, "no"), times=None, path=path)
    if path == BROADCAST and len(articles) == 1:  # then only a harmless word can tell
        inside.line.fail(LineFault.reject_containing('"OK"'), times=None, path=VALIDATE)
    report = inside.run()
    assert (report.exit, [alert.code for alert in report.alerts]) == (1, ["line-suspect"])
    assert {known.state for known in inside.knowledge.queue()} == {"queued"}
    inside.line.recover()
    inside.at(24, 11)
    assert inside.run().exit == 0
    assert [inside.times_sent(article.title) for article in articles] == [1] * len(articles)  # type: ignore[attr-defined]
    inside.check()


def test_in_a_watch_that_has_seen_the_account_an_emergency_does_not_wait_for_it_again(inside: Inside) -> None:
    """Credentials do not change while a process lives; what is no emergency waits all the same."""
    world = World({**inside.town.environment, CLOCK: ""}, lambda: inside.town.now, inside.sleep)

    def one_pass() -> int:
        return run(load(inside.town.config), inside.town.state, world).exit

    inside.town.publish(B)
    assert one_pass() == 0
    inside.line.fail(LineFault.error_before(), times=None, path=INFO)
    emergency(inside)
    assert one_pass() == 0
    assert (inside.times_sent(B.title), inside.times_sent(A.title)) == (1, 1)
    inside.line.recover()
    inside.line.basic_id = "@somebody_else"  # LINE's word always counts
    inside.city.emergency(ARTICLES[22], inside.town.now)
    assert one_pass() == 1
    assert inside.times_sent(ARTICLES[22].title) == 0


STATISTICS = [
    ('{"overview":{"delivered":320,"uniqueImpression":82,"uniqueClick":null},"messages":[],"new":1}', {"delivered": 320, "opened": 82, "tapped": None}),
    ('{"overview":{"delivered":"320","uniqueImpression":-1}}', {"delivered": 320, "opened": None, "tapped": None}),
    ('{"overview":{"delivered":null}}', None),
    ('{"overview":null}', None),
    ("{}", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "told"), STATISTICS)
def test_statistics_of_a_broadcast_are_counts_or_not_there_yet(
    inside: Inside, body: str, told: dict[str, int | None] | None
) -> None:
    inside.line.fail(says(body), path="/v2/bot/insight/message/event?requestId=r%2F1")
    assert client(inside).message_event("r/1") == told


def test_friends_and_deliveries_of_a_day_are_counts_or_not_there_yet(inside: Inside) -> None:
    asked = client(inside)
    yesterday = inside.town.now.date() - timedelta(days=1)
    assert asked.followers(yesterday) == {"followers": 12_345, "reach": 12_345, "blocks": 1_234}
    assert asked.delivery(yesterday) == {"broadcast": None}
    assert asked.followers(inside.town.now.date()) is None
    assert asked.delivery(inside.town.now.date()) is None
    inside.line.fail(says("<html>"), path="/v2/bot/insight")
    with pytest.raises(LineError, match="no JSON object"):
        asked.followers(yesterday)


def client(inside: Inside) -> LineClient:
    return LineClient(load(inside.town.config).line, inside.town.environment, lambda: inside.town.now, inside.sleep)
