"""The embedded LINE answers as the Messaging API is documented to."""

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from pipeline.config import JST
from tests.doubles import line_rules
from tests.doubles.line import (
    BROADCAST,
    CHANNEL_ID,
    CHANNEL_SECRET,
    LONG_LIVED_TOKEN,
    VALIDATE,
    LineFault,
    LineServer,
)

START = datetime(2026, 11, 24, 9, 0, tzinfo=JST)
KEY = "123e4567-e89b-12d3-a456-426614174000"
OTHER_KEY = "223e4567-e89b-12d3-a456-426614174000"
TIMEOUT = 10
WRONG = "not-a-token"
RATE = "The API rate limit has been exceeded. Try again later."
MONTHLY = "You have reached your monthly limit."


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Iterator[LineServer]:
    with LineServer(now=clock, followers=100) as running:
        yield running
    assert running.errors == []


def bubble(text: str = "お知らせ", **more: Any) -> dict[str, Any]:
    return {
        "type": "bubble",
        "size": "kilo",
        "hero": {"type": "image", "url": "https://example.jp/a.png", "size": "full", "aspectRatio": "20:13"},
        "body": {
            "type": "box",
            "layout": "vertical",
            "contents": [{"type": "text", "text": text, "wrap": True, "maxLines": 3, "scaling": True}],
        },
        "footer": {
            "type": "box",
            "layout": "vertical",
            "contents": [
                {
                    "type": "button",
                    "style": "link",
                    "action": {"type": "uri", "label": "くわしく見る", "uri": "https://example.jp/1.html"},
                }
            ],
        },
        **more,
    }


def flex(contents: dict[str, Any] | None = None, alt: str = "お知らせ 1件") -> dict[str, Any]:
    return {"messages": [{"type": "flex", "altText": alt, "contents": contents or bubble()}]}


def carousel(*bubbles: dict[str, Any]) -> dict[str, Any]:
    return {"type": "carousel", "contents": list(bubbles)}


def post(
    line: LineServer,
    body: Any,
    key: str = "",
    *,
    path: str = BROADCAST,
    token: str = LONG_LIVED_TOKEN,
    timeout: float = TIMEOUT,
) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if key:
        headers["X-Line-Retry-Key"] = key
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(line.url + path, data=data, headers=headers, timeout=timeout)


def get(line: LineServer, path: str, token: str = LONG_LIVED_TOKEN) -> requests.Response:
    return requests.get(line.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)


def issue(line: LineServer, **form: str) -> requests.Response:
    default = {"grant_type": "client_credentials", "client_id": CHANNEL_ID, "client_secret": CHANNEL_SECRET}
    return requests.post(line.url + "/oauth2/v3/token", data=default | form, timeout=TIMEOUT)


def problem(line: LineServer, body: Any) -> list[tuple[str, str]]:
    """What `validate` complains about, as (property, message)."""
    answer = post(line, body, path=VALIDATE)
    assert answer.status_code == 400, answer.text
    return [(one["property"], one["message"]) for one in answer.json().get("details", [])]


def test_a_valid_broadcast_is_accepted_and_recorded_to_the_byte(line: LineServer) -> None:
    answer = post(line, flex() | {"notificationDisabled": True}, KEY)
    (record,) = line.accepted
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["x-line-request-id"] == record.request_id
    assert (record.retry_key, record.at) == (KEY, START)
    assert json.loads(record.body)["notificationDisabled"]
    assert json.loads(record.body)["messages"] == list(record.messages) == flex()["messages"]


def test_every_answer_carries_a_request_id_of_its_own(line: LineServer) -> None:
    line.fail(LineFault.error_before())
    answers = [
        post(line, flex()),
        post(line, flex()),
        post(line, {}),
        get(line, "/nowhere"),
        issue(line),
        post(line, flex(), token=WRONG),
    ]
    assert [one.status_code for one in answers] == [500, 200, 400, 404, 200, 401]
    assert len({one.headers["x-line-request-id"] for one in answers}) == len(answers)


def test_a_repeated_key_is_409_with_the_first_request_id_until_24_hours_after_the_first(
    line: LineServer, clock: Clock
) -> None:
    first = post(line, flex(), KEY)
    clock.time += timedelta(hours=23, minutes=59)
    again = post(line, flex(), KEY.upper())
    assert (again.status_code, again.json()) == (409, {"message": "The retry key is already accepted"})
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert again.headers["x-line-request-id"] != first.headers["x-line-request-id"]
    assert len(line.accepted) == 1
    clock.time += timedelta(minutes=1)
    assert post(line, flex(), KEY).status_code == 200
    assert len(line.accepted) == 2


def test_the_24_hours_begin_with_the_first_request_even_if_it_was_refused(line: LineServer, clock: Clock) -> None:
    line.quota = 0
    assert post(line, flex(), KEY).status_code == 429
    line.quota = None
    clock.time += timedelta(hours=23)
    assert post(line, flex(), KEY).status_code == 200
    clock.time += timedelta(hours=1)
    assert post(line, flex(), KEY).status_code == 200


def test_another_body_under_the_same_key_is_refused_and_recorded_as_a_violation(line: LineServer) -> None:
    post(line, flex(), KEY)
    assert line.violations == []
    assert post(line, flex(alt="別の本文"), KEY).status_code == 400
    assert len(line.accepted) == len(line.violations) == 1
    assert KEY in line.violations[0]


@pytest.mark.parametrize("key", ["abc", KEY + "0", KEY.replace("-", ""), KEY.replace("e", "g")])
def test_a_malformed_retry_key_is_refused(line: LineServer, key: str) -> None:
    assert post(line, flex(), key).status_code == 400
    assert line.accepted == []


def test_of_two_simultaneous_requests_with_one_key_exactly_one_sends(line: LineServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: post(line, flex(), KEY).status_code, range(8)))
    assert codes == [200] + [409] * 7
    assert len(line.accepted) == 1


def test_a_bad_or_missing_token_is_401_in_lines_words(line: LineServer) -> None:
    wrong = post(line, flex(), token=WRONG)
    assert wrong.status_code == 401
    assert wrong.json()["message"].startswith("Authentication failed. Confirm that the access token")
    missing = requests.post(line.url + BROADCAST, json=flex(), timeout=TIMEOUT)
    assert (missing.status_code, "Authorization header required" in missing.json()["message"]) == (401, True)
    assert line.accepted == []


def test_a_stateless_token_works_for_fifteen_minutes_of_the_servers_clock(line: LineServer, clock: Clock) -> None:
    issued = issue(line).json()
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 900)
    clock.time += timedelta(minutes=14, seconds=59)
    assert post(line, flex(), token=issued["access_token"]).status_code == 200
    clock.time += timedelta(seconds=1)
    assert post(line, flex(), token=issued["access_token"]).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "1"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_token_is_not_issued_for_wrong_credentials(line: LineServer, form: dict[str, str], error: str) -> None:
    answer = issue(line, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    as_json = requests.post(line.url + "/oauth2/v3/token", json={"grant_type": "client_credentials"}, timeout=TIMEOUT)
    assert as_json.status_code == 400


def test_sixty_broadcasts_an_hour_and_then_one_a_minute(line: LineServer, clock: Clock) -> None:
    line.hourly = 3
    assert [post(line, flex()).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert post(line, flex()).json() == {"message": RATE}
    clock.time += timedelta(seconds=59)
    assert post(line, flex()).status_code == 429
    clock.time += timedelta(seconds=1)
    assert [post(line, flex()).status_code for _ in range(2)] == [200, 429]
    clock.time += timedelta(days=1)
    assert [post(line, flex()).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_validation_costs_neither_rate_nor_quota(line: LineServer) -> None:
    line.hourly, line.quota = 1, 100
    assert {post(line, flex(), path=VALIDATE).status_code for _ in range(5)} == {200}
    assert post(line, flex()).status_code == 200
    assert len(line.accepted) == 1


def test_the_quota_counts_followers_once_a_broadcast_and_starts_anew_each_month(line: LineServer, clock: Clock) -> None:
    line.quota, line.staff_usage = 350, 50
    assert get(line, "/v2/bot/message/quota").json() == {"type": "limited", "value": 350}
    five = {"messages": flex()["messages"] * 5}
    assert [post(line, five).status_code for _ in range(3)] == [200, 200, 200]
    assert get(line, "/v2/bot/message/quota/consumption").json() == {"totalUsage": 350}
    refused = post(line, flex(), KEY)
    assert (refused.status_code, refused.json()) == (429, {"message": MONTHLY})
    clock.time = datetime(2026, 12, 1, 0, 0, tzinfo=JST)
    assert get(line, "/v2/bot/message/quota/consumption").json() == {"totalUsage": 50}
    assert post(line, flex(), KEY).status_code == 200


def test_an_account_without_a_limit_says_so(line: LineServer) -> None:
    assert get(line, "/v2/bot/message/quota").json() == {"type": "none"}


def test_the_account_names_itself(line: LineServer) -> None:
    info = get(line, "/v2/bot/info").json()
    assert (info["basicId"], info["chatMode"], info["markAsReadMode"]) == ("@kadoma_city", "bot", "auto")
    assert "premiumId" not in info
    line.premium_id = "@kadoma"
    assert get(line, "/v2/bot/info").json()["premiumId"] == "@kadoma"


def test_insight_is_ready_the_next_day_and_counts_recipients(line: LineServer, clock: Clock) -> None:
    post(line, flex())
    post(line, flex())
    path = "/v2/bot/insight/message/delivery?date="
    assert get(line, path + "20261124").json() == {"status": "unready"}
    clock.time += timedelta(days=1)
    assert get(line, path + "20261124").json() == {"status": "ready", "apiBroadcast": 200}
    assert get(line, path + "20261123").json() == {"status": "ready"}
    assert get(line, path + "2026-11-24").status_code == 400
    assert get(line, "/v2/bot/insight/followers?date=20261124").json()["followers"] == 100


def test_the_webhook_endpoint_is_404_until_one_is_set(line: LineServer) -> None:
    path = "/v2/bot/channel/webhook/endpoint"
    assert get(line, path).status_code == 404
    assert get(line, path).json()["message"]
    line.webhook = "https://example.jp/hook"
    assert get(line, path).json() == {"endpoint": "https://example.jp/hook", "active": False}


def test_one_to_five_messages_are_taken(line: LineServer) -> None:
    message = flex()["messages"][0]
    for count, status in ((0, 400), (1, 200), (5, 200), (6, 400)):
        assert post(line, {"messages": [message] * count}).status_code == status
    assert post(line, {"messages": [message] * 6}).json() == {
        "message": "The request body has 1 error(s)",
        "details": [{"message": "Size must be between 1 and 5", "property": "messages"}],
    }


def test_a_body_of_more_than_two_megabytes_or_no_json_at_all_is_refused(line: LineServer) -> None:
    assert post(line, json.dumps(flex()).encode().ljust(2_000_001)).status_code == 413
    assert post(line, json.dumps(flex()).encode().ljust(2_000_000)).status_code == 200
    assert post(line, b'{"messages": [').status_code == 400
    assert post(line, b"[]").status_code == 400


@pytest.mark.parametrize(
    ("alt", "status"),
    [("", 400), (" ", 400), ("あ" * 1500, 200), ("あ" * 1501, 400), ("😀" * 750, 200), ("😀" * 751, 400)],
)
def test_alt_text_is_required_and_counted_in_utf_16_units(line: LineServer, alt: str, status: int) -> None:
    assert post(line, flex(alt=alt)).status_code == status


def test_text_messages_end_at_5000_units(line: LineServer) -> None:
    for text, status in (("あ" * 5000, 200), ("あ" * 5001, 400), ("", 400)):
        assert post(line, {"messages": [{"type": "text", "text": text}]}).status_code == status


def test_details_point_into_the_message_with_their_path(line: LineServer) -> None:
    bad = carousel(bubble(), bubble(text=""))
    answer = post(line, flex(bad))
    assert answer.json() == {
        "message": "A message (messages[0]) in the request body is invalid",
        "details": [{"message": "must be non-empty text", "property": "/contents/1/body/contents/0/text"}],
    }
    assert line.accepted == []


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid bubble with one value replaced, or removed when the value is `...`."""
    whole: Any = copy.deepcopy(bubble())
    *way, last = [int(step) if step.isdigit() else step for step in path.strip("/").split("/")]
    place = whole
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return dict(whole)


TEXT, ACTION = "/body/contents/0", "/footer/contents/0/action"


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("/type", "bubbles", "/type"),
        ("/size", "huge", "/size"),
        ("/body/layout", "diagonal", "/body/layout"),
        ("/body/layout", ..., "/body/layout"),
        ("/body/contents", ..., "/body/contents"),
        ("/body/contents", {}, "/body/contents"),
        ("/body/type", "text", "/body/type"),
        ("/body/padding_all", "md", "/body/padding_all"),
        ("/body/backgroundColor", "red", "/body/backgroundColor"),
        (f"{TEXT}/type", "txt", f"{TEXT}/type"),
        (f"{TEXT}/type", "span", f"{TEXT}/type"),
        (f"{TEXT}/type", "icon", f"{TEXT}/type"),
        (f"{TEXT}/text", ..., f"{TEXT}/text"),
        (f"{TEXT}/text", 5, f"{TEXT}/text"),
        (f"{TEXT}/wrap", "true", f"{TEXT}/wrap"),
        (f"{TEXT}/maxLines", "3", f"{TEXT}/maxLines"),
        (f"{TEXT}/maxLines", True, f"{TEXT}/maxLines"),
        (f"{TEXT}/maxLines", -1, f"{TEXT}/maxLines"),
        (f"{TEXT}/size", "large", f"{TEXT}/size"),
        ("/hero/url", "http://example.jp/a.png", "/hero/url"),
        ("/hero/url", "http://127.0.0.1/a.png", "/hero/url"),
        ("/hero/url", "https://example.jp/" + "a" * 1982, "/hero/url"),
        ("/hero/aspectRatio", "20x13", "/hero/aspectRatio"),
        ("/hero/aspectRatio", "0:13", "/hero/aspectRatio"),
        ("/hero/aspectRatio", "100:301", "/hero/aspectRatio"),
        ("/hero/aspectRatio", "100001:100000", "/hero/aspectRatio"),
        ("/footer/contents/0/action", ..., ACTION),
        (f"{ACTION}/type", "url", f"{ACTION}/type"),
        (f"{ACTION}/label", ..., f"{ACTION}/label"),
        (f"{ACTION}/label", "あ" * 41, f"{ACTION}/label"),
        (f"{ACTION}/uri", "javascript:alert(1)", f"{ACTION}/uri"),
        (f"{ACTION}/uri", "https://", f"{ACTION}/uri"),
        (f"{ACTION}/uri", "https://example.jp/門真", f"{ACTION}/uri"),
        (f"{ACTION}/uri", "https://example.jp/a b", f"{ACTION}/uri"),
        (f"{ACTION}/uri", "https://example.jp/" + "a" * 9982, f"{ACTION}/uri"),
    ],
)
def test_one_wrong_value_in_a_bubble_is_refused_where_it_stands(
    line: LineServer, path: str, value: Any, at: str
) -> None:
    assert at in [where for where, _ in problem(line, flex(changed(path, value)))]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/body/contents", []),
        (f"{TEXT}/size", "13px"),
        (f"{TEXT}/contents", [{"type": "span", "text": "あ"}]),
        (TEXT, {"type": "separator", "margin": "md"}),
        ("/hero/aspectRatio", "1:3"),
        ("/hero/url", "https://example.jp/" + "a" * 1981),
        (f"{ACTION}/label", "👨\u200d👩\u200d👧\u200d👦" * 40),
        (f"{ACTION}/uri", "tel:0669021231"),
        (f"{ACTION}/uri", "http://127.0.0.1:80/1.html?openExternalBrowser=1"),
        (f"{ACTION}/uri", "https://example.jp/" + "a" * 9981),
    ],
)
def test_a_value_at_the_limit_is_taken(line: LineServer, path: str, value: Any) -> None:
    assert post(line, flex(changed(path, value)), path=VALIDATE).text == "{}"


def test_twelve_bubbles_of_one_size_are_the_most(line: LineServer) -> None:
    assert post(line, flex(carousel(*[bubble()] * 12))).status_code == 200
    assert problem(line, flex(carousel(*[bubble()] * 13)))[0][0] == "/contents"
    assert problem(line, flex(carousel())) != []
    assert problem(line, flex(carousel(bubble(), bubble(size="mega")))) == [
        ("/contents", "all bubbles must have the same size")
    ]


def test_a_bubble_without_a_block_is_refused(line: LineServer) -> None:
    assert problem(line, flex({"type": "bubble"})) == [("/", "At least one block must be specified")]


def test_sizes_are_counted_in_the_escaped_form(line: LineServer) -> None:
    room = line_rules.MAX_BUBBLE_BYTES - len(json.dumps(bubble(""), separators=(",", ":")))
    fits = bubble("あ" * (room // 6))
    assert post(line, flex(fits)).status_code == 200
    assert "maximum size" in problem(line, flex(bubble("あ" * (room // 6 + 1))))[0][1]
    halves = carousel(*[bubble("あ" * 4500)] * 2)
    assert problem(line, flex(halves))[0] == ("/", "Too large flex message. The maximum size of JSON data is 50 KB")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("あいう", 3),
        ("か\u3099", 1),
        ("👨\u200d👩\u200d👧", 1),
        ("🇯🇵🇧🇷", 2),
        ("辻\U000e0100", 1),
        ("👍🏽👍", 2),
    ],
)
def test_labels_are_counted_in_graphemes(text: str, count: int) -> None:
    assert line_rules.graphemes(text) == count


def test_500_before_accepting_leaves_nothing_and_500_after_leaves_a_409_behind(line: LineServer) -> None:
    line.fail(LineFault.error_before())
    assert post(line, flex(), KEY).status_code == 500
    assert line.accepted == []
    assert post(line, flex(), KEY).status_code == 200
    line.fail(LineFault.error_after(502))
    assert post(line, flex(), OTHER_KEY).status_code == 502
    assert len(line.accepted) == 2
    again = post(line, flex(), OTHER_KEY)
    assert (again.status_code, again.headers["x-line-accepted-request-id"]) == (409, line.accepted[-1].request_id)


@pytest.mark.parametrize(("fault", "sent"), [(LineFault.hang_before(), 0), (LineFault.hang_after(), 1)])
def test_a_client_that_times_out_has_sent_only_if_line_had_accepted(
    line: LineServer, fault: LineFault, sent: int
) -> None:
    line.fail(fault)
    with pytest.raises(requests.ReadTimeout):
        post(line, flex(), KEY, timeout=0.2)
    assert line.wait_until_quiet()
    assert len(line.accepted) == sent
    assert post(line, flex(), KEY).status_code == (409 if sent else 200)
    assert len(line.accepted) == 1


def test_a_hang_that_is_released_is_answered_after_all(line: LineServer) -> None:
    for fault in (LineFault.hang_before(), LineFault.hang_after()):
        line.fail(fault)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(post, line, flex())
            assert line.wait_until_hanging()
            line.release()
            assert answer.result(TIMEOUT).status_code == 200
    assert len(line.accepted) == 2


@pytest.mark.parametrize(("fault", "sent"), [(LineFault.drop_before(), 0), (LineFault.drop_after(), 1)])
def test_a_dropped_connection_has_sent_only_if_line_had_accepted(line: LineServer, fault: LineFault, sent: int) -> None:
    line.fail(fault)
    with pytest.raises(requests.ConnectionError):
        post(line, flex(), KEY)
    assert len(line.accepted) == sent
    assert line.requests[-1].status == 0


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        (LineFault.rate_limit(), 429, RATE),
        (LineFault.monthly_limit(), 429, MONTHLY),
        (LineFault.bad_request_nbsp(), 400, "The\xa0request\xa0body has 1 error(s)"),
        (
            LineFault.unauthorized(),
            401,
            "Authentication failed. Confirm that the access token in the authorization header is valid.",
        ),
        (LineFault.forbidden(), 403, "Access to this API is not available for your account"),
    ],
)
def test_refusals_come_once_in_lines_words(line: LineServer, fault: LineFault, status: int, message: str) -> None:
    line.fail(fault)
    answer = post(line, flex())
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert post(line, flex()).status_code == 200
    assert len(line.accepted) == 1


def test_one_bad_article_can_be_made_to_block_every_broadcast_it_is_in(line: LineServer) -> None:
    line.fail(LineFault.reject_containing("悪い記事"), times=None)
    both = flex(carousel(bubble("悪い記事"), bubble("良い記事")))
    assert post(line, both).status_code == 400
    assert post(line, json.dumps(both, ensure_ascii=False).encode()).status_code == 400
    assert post(line, flex(bubble("良い記事"))).status_code == 200
    assert post(line, both, path=VALIDATE).status_code == 200
    line.recover()
    assert post(line, both).status_code == 200


def test_other_endpoints_fail_too_when_asked_to(line: LineServer) -> None:
    line.fail(LineFault.error_before(503), path="/v2/bot/info")
    assert [get(line, "/v2/bot/info").status_code for _ in range(2)] == [503, 200]
    assert post(line, flex()).status_code == 200


def test_a_server_that_stops_lets_hanging_clients_go_and_accepts_nothing_for_them(line: LineServer) -> None:
    line.fail(LineFault.hang_before())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, line, flex())
        assert line.wait_until_hanging()
        line.stop()
        with pytest.raises(requests.ConnectionError):
            answer.result(TIMEOUT)
    assert line.accepted == []


def test_the_real_line_bot_sdk_sends_repeats_and_issues_tokens_here(line: LineServer) -> None:
    from linebot.v3 import messaging, oauth

    issuer = oauth.ChannelAccessToken(oauth.ApiClient(oauth.Configuration(host=line.url)))
    token = issuer.issue_stateless_channel_token_by_client_secret(CHANNEL_ID, CHANNEL_SECRET, _request_timeout=TIMEOUT)
    api = messaging.MessagingApi(
        messaging.ApiClient(messaging.Configuration(host=line.url, access_token=token.access_token))
    )
    request = messaging.BroadcastRequest.from_dict(flex(carousel(bubble("一"), bubble("二"))))

    def send() -> Any:
        return api.broadcast_with_http_info(request, x_line_retry_key=KEY, _request_timeout=TIMEOUT)

    assert api.get_bot_info(_request_timeout=TIMEOUT).basic_id == "@kadoma_city"
    assert api.get_message_quota(_request_timeout=TIMEOUT).type == "none"
    sent = send()
    assert (sent.status_code, sent.headers["x-line-request-id"]) == (200, line.accepted[0].request_id)
    arrived = list(line.accepted[0].messages)
    for one in arrived[0]["contents"]["contents"]:
        assert one["hero"].pop("animated") is False  # the SDK adds this default by itself
    assert arrived == flex(carousel(bubble("一"), bubble("二")))["messages"]
    with pytest.raises(messaging.exceptions.ApiException) as refused:
        send()
    assert refused.value.status == 409
    assert refused.value.headers["x-line-accepted-request-id"] == line.accepted[0].request_id
    assert line.violations == []
