"""LINE's Messaging API through line-bot-sdk. Importing the SDK costs about a second and 75 MB: only when something is sent."""

import json
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from msgspec import Struct

from pipeline import config as configuration
from pipeline.message.roundtrip import lost
from pipeline.runner import masked
from pipeline.world import CLOCK

log = logging.getLogger("kadoma_line")

RATE = "The API rate limit has been exceeded"
QUOTA = "You have reached your monthly limit"
BROADCAST = "/v2/bot/message/broadcast"
ID = re.compile(r"([UCR])[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)  # of a user, group or room
TOKEN_REFILL = 61  # seconds: broadcasts come from a bucket that gains one token a minute
RATE_WAITS = 2
BACKOFF = 1.0  # seconds before the first repeat; doubled each time, half of it random
BACKOFF_MOST = 20.0
CLOCK_TOLERANCE = timedelta(
    minutes=15
)  # how wrong our clock may be: posting hours and the life of retry keys rest on it


class LineError(Exception):
    """LINE cannot be used now; nothing was sent. `code`: credentials | unauthorized | forbidden | account | clock | line | unreachable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LostInTranslation(Exception):
    """The SDK would drop or change part of a message; the message names the place."""


class Quota(Struct, frozen=True):
    """Messages a month: `limit` None means no cap; `used` is approximate and includes what staff send by hand."""

    limit: int | None
    used: int

    @property
    def has_room(self) -> bool:
        return self.limit is None or self.used < self.limit


class Reception(Struct, frozen=True):
    """How the channel receives (Art. 9): the address of an active webhook or "", the chat mode; `date` is LINE's clock."""

    webhook: str
    chat_mode: str
    date: str


class Answer(Struct, frozen=True):
    """What is known after a broadcast request and its repeats.

    accepted: 200, or 409 for a repeat of an accepted one. rejected: every single try was refused, so nothing was sent;
    code: invalid | quota | rate | unauthorized | forbidden | refused. unknown: at least one try may have been accepted.
    """

    outcome: Literal["accepted", "rejected", "unknown"]
    code: str = ""
    status: int = 0
    request_id: str = ""
    message: str = ""


class Client:
    """One channel.

    Args:
        line: the configuration's [line].
        environment: LINE_CHANNEL_ID and LINE_CHANNEL_SECRET (stateless token), or LINE_CHANNEL_ACCESS_TOKEN.
        now: the clock.
        sleep: waits between repeats.
        stop: asked before each repeat of a question; True ends the waiting (a signal came, or the time is up).
    """

    def __init__(
        self,
        line: configuration.Line,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._line, self._environment, self._now, self._sleep, self._stop = line, environment, now, sleep, stop
        self._timeout = (
            configuration.duration(line.connect_timeout).total_seconds(),
            configuration.duration(line.read_timeout).total_seconds(),
        )
        self._ready: Any = None

    def check_account(self) -> None:
        """Art. 3: any account but the configured one is refused. So is a clock that differs from LINE's. Raises LineError."""
        told = self._ask(lambda: self._api().get_bot_info_with_http_info(_request_timeout=self._timeout))
        self._check_clock(_header(told.headers, "date"))
        info = told.data
        if self._line.account not in (info.basic_id, info.premium_id):
            raise LineError(
                "account",
                f"the credentials belong to {info.basic_id} ({info.display_name}), not to {self._line.account}: Art. 3 refuses; "
                "set the secrets of the right channel",
            )

    def reception(self) -> Reception:
        """Whether anything is received or replied to. Raises LineError."""
        from linebot.v3.messaging import ApiException

        told = self._ask(lambda: self._api().get_bot_info_with_http_info(_request_timeout=self._timeout))
        try:
            endpoint = self._ask(
                lambda: self._api().get_webhook_endpoint(_request_timeout=self._timeout),
                through=404,  # none was ever set
            )
            webhook = str(endpoint.endpoint) if endpoint.active else ""
        except ApiException:
            webhook = ""
        mode = told.data.chat_mode
        return Reception(webhook, str(getattr(mode, "value", mode)), _header(told.headers, "date"))

    def quota(self) -> Quota:
        """The month's limit and what is used of it. Raises LineError."""
        quota = self._ask(lambda: self._api().get_message_quota(_request_timeout=self._timeout))
        used = self._ask(lambda: self._api().get_message_quota_consumption(_request_timeout=self._timeout))
        return Quota(
            quota.value if str(getattr(quota.type, "value", quota.type)) == "limited" else None,
            int(used.total_usage or 0),
        )

    def wire(self, messages: Sequence[Mapping[str, Any]]) -> bytes:
        """The exact bytes that the SDK sends for these messages. Raises LostInTranslation."""
        if places := lost(messages):
            raise LostInTranslation(f"the SDK does not keep {', '.join(places[:3])}; correct the template")
        from linebot.v3.messaging import BroadcastRequest

        request = BroadcastRequest.from_dict({"messages": list(messages), "notificationDisabled": False})
        return json.dumps(self._api().api_client.sanitize_for_serialization(request)).encode()

    def validate(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """LINE's own check of messages, which costs nothing: "" when they are good, else LINE's words. Raises LineError."""
        from linebot.v3.messaging import ApiException, ValidateMessageRequest

        request = ValidateMessageRequest.from_dict({"messages": list(messages)})
        try:
            self._ask(lambda: self._api().validate_broadcast(request, _request_timeout=self._timeout), through=400)
        except ApiException as error:
            return _words(error.body, str(error.reason or ""))
        return ""

    def broadcast(self, body: bytes, key: str, first: bool, may_go: Callable[[], bool]) -> Answer:
        """Send the exact bytes under a retry key; repeats server errors and lost answers with the same key.

        Args:
            first: nobody can have sent this key before, so a refusal of every try means that nothing was sent.
            may_go: asked before every try; False ends the tries.
        """
        refused: Literal["rejected", "unknown"] = "rejected" if first else "unknown"
        answer = Answer(refused, "closed")
        waits = tries = 0
        while may_go():
            answer = self._try(body, key, refused)
            if answer.code not in ("server", "unreachable", "rate"):
                break
            refused = "unknown" if answer.outcome == "unknown" else refused
            waits += answer.code == "rate"
            tries += answer.code != "rate"
            if tries >= self._line.attempts or waits > RATE_WAITS:
                break
            pause = TOKEN_REFILL if answer.code == "rate" else _backoff(tries)
            log.warning("LINE: %s; the same request again in %.0f s", answer.message or answer.code, pause)
            self._sleep(pause)
        return answer

    def _try(self, body: bytes, key: str, refused: Literal["rejected", "unknown"]) -> Answer:
        """One request. The models of the SDK stay out of it: these bytes, and no others, belong to the retry key."""
        import urllib3

        api = self._api().api_client
        headers = {**api.default_headers, "Content-Type": "application/json", "X-Line-Retry-Key": key}
        headers["Authorization"] = f"Bearer {api.configuration.access_token}"
        try:
            response = api.rest_client.pool_manager.request(
                "POST", f"{self._line.api}{BROADCAST}", body=body, headers=headers, redirect=False, retries=False,
                timeout=urllib3.Timeout(connect=self._timeout[0], read=self._timeout[1]),
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # A connection that never came about carried nothing; anything later may have been accepted.
            unsent = isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
            words = f"{type(error).__name__}: {_one_line(str(error))}"
            return Answer(refused if unsent else "unknown", "unreachable", 0, "", words)
        status, request_id = int(response.status), _header(response.headers, "x-line-request-id")
        if status < 300:  # noqa: PLR2004 - 200
            return Answer("accepted", "", status, request_id)
        words = _words(response.data, str(response.reason or ""))
        if status == 409:  # noqa: PLR2004 - a repeat of an accepted request
            return Answer(
                "accepted",
                "repeat",
                status,
                _header(response.headers, "x-line-accepted-request-id") or request_id,
                words,
            )
        code = _code(status, words)
        return Answer("unknown" if code == "server" else refused, code, status, request_id, words)

    def evidence(self, sent: datetime) -> str:
        """What LINE's statistics say about a day, for a person who must settle a broadcast; in words, never an exception."""
        try:
            quota = self.quota()
            text = f", now {quota.used}/{quota.limit}"
            from linebot.v3.insight import ApiClient, Configuration, Insight

            settings = Configuration(
                access_token=self._ready.api_client.configuration.access_token, host=self._line.api
            )
            settings.retries = False
            day = f"{sent.astimezone(configuration.JST):%Y%m%d}"
            insight = Insight(ApiClient(settings))
            told = self._ask(lambda: insight.get_number_of_message_deliveries(day, _request_timeout=self._timeout))
            return f"{text}; deliveries on {day}: status {told.status}, apiBroadcast {told.api_broadcast}"
        except LineError as error:
            return f"; LINE's statistics cannot be had ({error.code})"

    def _check_clock(self, date: str) -> None:
        if configuration.is_loopback(self._line.api) and CLOCK not in self._environment:
            return  # the same machine, the same clock, whatever a test tells one of the two processes
        try:
            there = parsedate_to_datetime(date)
        except (ValueError, TypeError):  # no date: nothing to compare with
            return
        if abs(there - self._now()) > CLOCK_TOLERANCE:
            raise LineError(
                "clock",
                f"this machine's clock says {self._now().isoformat(timespec='seconds')}, LINE's {there.isoformat()}: "
                "set the clock, posting hours (Art. 7) and repeats rest on it",
            )

    def _api(self) -> Any:
        if self._ready is None:
            from linebot.v3.messaging import ApiClient, Configuration, MessagingApi

            settings = Configuration(access_token=self._token(), host=self._line.api)
            settings.retries = False  # urllib3 would repeat by itself, without our rules
            self._ready = MessagingApi(ApiClient(settings))
        return self._ready

    def _token(self) -> str:
        """A stateless token (15 minutes) from channel id and secret, or the long-lived one."""
        channel, secret = self._environment.get("LINE_CHANNEL_ID"), self._environment.get("LINE_CHANNEL_SECRET")
        if not (channel and secret):
            token = self._environment.get("LINE_CHANNEL_ACCESS_TOKEN", "")
            if not token:
                raise LineError(
                    "credentials",
                    "no credentials for LINE: set LINE_CHANNEL_ID and LINE_CHANNEL_SECRET (or LINE_CHANNEL_ACCESS_TOKEN)",
                )
            return token
        from linebot.v3 import oauth

        settings = oauth.Configuration(host=self._line.api)
        settings.retries = False
        api = oauth.ChannelAccessToken(oauth.ApiClient(settings))
        try:
            issued = self._ask(
                lambda: api.issue_stateless_channel_token_with_http_info_by_client_secret(
                    channel, secret, _request_timeout=self._timeout
                ),
                through=400,  # OAuth's answer to a wrong id or secret
            )
        except oauth.ApiException as error:
            words = _words(error.body, str(error.reason or ""))
            raise LineError("unauthorized", f"LINE refuses the channel id or secret (400: {words})") from None
        token = str(issued.data.access_token)
        masked(token, self._environment)
        return token

    def _ask(self, question: Callable[[], Any], through: int = 0) -> Any:
        """A request that sends nothing to residents: repeated on server errors. Raises LineError (`through`: ApiException as it is)."""
        import urllib3

        for number in range(1, self._line.attempts + 1):
            try:
                return question()
            except (urllib3.exceptions.HTTPError, OSError) as error:
                trouble = LineError(
                    "unreachable",
                    f"LINE does not answer at {self._line.api}: {_one_line(str(error))}; the next run tries again",
                )
            except Exception as error:
                status = int(getattr(error, "status", -1) or 0)
                if status < 0 or status == through:  # not from LINE, or wanted by the caller
                    raise
                trouble = _trouble(
                    status, _words(getattr(error, "body", None), str(getattr(error, "reason", "") or ""))
                )
                if status < 500:  # noqa: PLR2004 - asking again changes nothing
                    raise trouble from None
            if number == self._line.attempts or self._stop():
                raise trouble from None
            self._sleep(_backoff(number))
        raise AssertionError  # pragma: no cover - attempts is at least one


def _trouble(status: int, words: str) -> LineError:
    if status == 401:  # noqa: PLR2004
        return LineError(
            "unauthorized", f"LINE refuses the credentials (401: {words}); issue the channel secret or token again"
        )
    if status == 403:  # noqa: PLR2004
        return LineError(
            "forbidden", f"LINE forbids this to the channel (403: {words}); look at its plan and permissions"
        )
    return LineError("line", f"LINE answered {status}: {words}; the next run tries again")


def _code(status: int, words: str) -> str:
    if status >= 500 or status == 0:  # noqa: PLR2004
        return "server"
    if status == 429:  # noqa: PLR2004 - two kinds, told apart only by the words
        return "quota" if QUOTA in words else "rate"
    return {400: "invalid", 401: "unauthorized", 403: "forbidden"}.get(status, "refused")


def _backoff(number: int) -> float:
    pause = float(min(BACKOFF * 2 ** (number - 1), BACKOFF_MOST))
    return pause / 2 + random.uniform(0, pause / 2)  # noqa: S311 - spreads repeats, guards nothing


def _words(answer: Any, reason: str) -> str:
    """LINE's message and details in one line; they can hold no-break spaces."""
    body = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer or "")
    try:
        told = json.loads(body)
        details = "; ".join(
            f"{detail.get('message', '')} ({detail.get('property', '')})" for detail in told.get("details") or []
        )
        text = f"{told.get('message') or told.get('error_description') or told.get('error') or ''} {details}"
    except (ValueError, AttributeError):
        text = body or reason
    return _one_line(text)


def _one_line(text: str) -> str:
    """Fit for log and ledger; ids of people or groups never get there (Art. 12), whatever LINE quotes back."""
    return ID.sub(r"\1…", " ".join(text.replace("\u00a0", " ").split()))[:500]


def _header(headers: Any, name: str) -> str:
    return next((_one_line(str(value)) for key, value in dict(headers or {}).items() if key.lower() == name), "")
