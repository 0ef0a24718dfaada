"""LINE's Messaging API. Of LINE's answers only the fields that we need are read, as plain JSON, and everything else may be
as LINE likes: it adds fields and kinds without notice. line-bot-sdk builds and checks what is sent; importing it costs
about a second and 75 MB: only when something is sent."""

import hashlib
import json
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from msgspec import Struct

from pipeline import config as configuration
from pipeline.late import late
from pipeline.line.answers import Json, LineError, clock_of, count, json_object, one_line, text_of, trouble_of, words_of
from pipeline.line.wire import LineSilent, Reply, exchange
from pipeline.message.roundtrip import through_sdk
from pipeline.runner import masked
from pipeline.world import CLOCK

log = logging.getLogger("kadoma_line")

MONTHLY = late(r"month|quota", re.IGNORECASE)  # of two kinds of 429, told apart by words that LINE may change
REFUSED = {400: "invalid", 401: "unauthorized", 403: "forbidden", 413: "refused", 415: "refused", 429: "rate"}
BROADCAST = "/v2/bot/message/broadcast"
VALIDATE = "/v2/bot/message/validate/broadcast"
_SENDABLE = late(r"[!-~]+")  # what a header can hold
TOKEN_REFILL = 61  # seconds: broadcasts come from a bucket that gains one token a minute
RATE_WAITS = 2
BACKOFF = 1.0  # seconds before the first repeat; doubled each time, half of it random
BACKOFF_MOST = 20.0
CLOCK_TOLERANCE = timedelta(minutes=15)  # how wrong our clock may be: posting hours and retry keys rest on it


class LostInTranslation(Exception):
    """The SDK would drop or change part of a message; the message names the place."""


class Quota(Struct, frozen=True):
    """Messages a month: `limit` None means no cap, or none that LINE told; `used` is approximate, includes what staff send
    by hand, and is None when LINE did not tell it."""

    limit: int | None
    used: int | None

    @property
    def has_room(self) -> bool:
        return self.limit is None or self.used is None or self.used < self.limit


class Reception(Struct, frozen=True):
    """How the channel receives (Art. 9): the address of an active webhook or "", the chat mode; `date` is LINE's clock."""

    webhook: str
    chat_mode: str
    date: str


class Answer(Struct, frozen=True):
    """What is known after a broadcast request and its repeats.

    accepted: 200 with LINE's request id, or 409 with the id of the accepted request. rejected: every single try was refused,
    so nothing was sent; code: invalid | quota | rate | unauthorized | forbidden | refused. unknown: at least one try may
    have been accepted, also by an answer that is not LINE's; code: server | unclear | unreachable.
    """

    outcome: Literal["accepted", "rejected", "unknown"]
    code: str = ""
    status: int = 0
    request_id: str = ""
    message: str = ""


class LineClient:
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
        self._within = (
            configuration.duration(line.connect_timeout).total_seconds(),
            configuration.duration(line.read_timeout).total_seconds(),
        )
        self._held_token = ""

    @property
    def channel(self) -> str:
        """A digest of the account and the credentials: what LINE has said of them once stays true. Raises LineError."""
        secrets = [self._secret(name) for name in ("LINE_CHANNEL_ID", "LINE_CHANNEL_SECRET")]
        if not all(secrets):
            secrets = [self._secret("LINE_CHANNEL_ACCESS_TOKEN")]
        return hashlib.sha256("\n".join((self._line.api, self._line.account, *secrets)).encode()).hexdigest()[:16]

    def check_account(self, hard: bool = False) -> None:
        """Art. 3: any account but the configured one is refused. So is a clock that differs from LINE's. Raises LineError.

        Args:
            hard: try twice as often; an emergency waits for the answer.
        """
        reply, info = self._get("/v2/bot/info", attempts=self._line.attempts * (2 if hard else 1))
        self._check_clock(reply.headers.get("date", ""))
        ids = [text_of(info.get(name)) for name in ("basicId", "premiumId")]
        if not any(ids):
            raise LineError(
                "line",
                "LINE does not tell which account the credentials belong to, and Art. 3 allows no other than "
                f"{self._line.account}; the next run asks again",
            )
        if self._line.account not in ids:
            found = one_line(f"{ids[0] or ids[1]} ({text_of(info.get('displayName'))})")
            raise LineError(
                "account",
                f"the credentials belong to {found}, not to {self._line.account}: Art. 3 refuses; set the secrets of the right "
                "channel",
            )

    def reception(self) -> Reception:
        """Whether anything is received or replied to. Raises LineError."""
        reply, info = self._get("/v2/bot/info")
        _, endpoint = self._get("/v2/bot/channel/webhook/endpoint", through=404)  # none was ever set
        webhook = text_of(endpoint.get("endpoint")) if endpoint.get("active") is True else ""
        return Reception(
            one_line(webhook), one_line(text_of(info.get("chatMode"))), one_line(reply.headers.get("date", ""))
        )

    def quota(self, patient: bool = True) -> Quota:
        """The month's limit and what is used of it; not `patient`: asked once. Raises LineError."""
        attempts = self._line.attempts if patient else 1
        _, quota = self._get("/v2/bot/message/quota", attempts=attempts)
        _, used = self._get("/v2/bot/message/quota/consumption", attempts=attempts)
        limit = None if quota.get("type") == "none" else count(quota.get("value"))
        return Quota(limit, count(used.get("totalUsage")))

    def message_event(self, request_id: str) -> Json | None:
        """What LINE's statistics say of one broadcast: `delivered`, `opened`, `tapped` (None under 20 people).

        None: not ready (about a day later). Raises LineError.
        """
        _, told = self._get(f"/v2/bot/insight/message/event?{urlencode({'requestId': request_id})}", through=404)
        overview = told.get("overview")
        if not isinstance(overview, dict):
            return None
        names = {"delivered": "delivered", "opened": "uniqueImpression", "tapped": "uniqueClick"}
        counted = {ours: count(overview.get(theirs)) for ours, theirs in names.items()}
        return None if counted["delivered"] is None else counted

    def followers(self, day: date) -> Json | None:
        """Friends at the end of a day: `followers`, `reach`, `blocks`. None: not ready. Raises LineError."""
        names = {"followers": "followers", "reach": "targetedReaches", "blocks": "blocks"}
        return self._statistics("followers", day, names)

    def delivery(self, day: date) -> Json | None:
        """How many messages went out on a day by `broadcast` through the API. None: not ready. Raises LineError."""
        return self._statistics("message/delivery", day, {"broadcast": "apiBroadcast"})

    def _statistics(self, what: str, day: date, names: Mapping[str, str]) -> Json | None:
        _, told = self._get(f"/v2/bot/insight/{what}?date={day:%Y%m%d}")
        if told.get("status") != "ready":
            return None
        return {ours: count(told.get(theirs)) for ours, theirs in names.items()}

    def wire(self, messages: Sequence[Mapping[str, Any]], silent: bool = False) -> bytes:
        """The exact bytes that the SDK sends for these messages; `silent`: telephones make no sound. Raises LostInTranslation."""
        request, lost = through_sdk(messages, silent)
        if lost:
            raise LostInTranslation(f"the SDK does not keep {', '.join(lost[:3])}; correct the template")
        return json.dumps(request).encode()

    def validate(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """LINE's own check of messages, which costs nothing: "" when they are good, else LINE's words. Raises LineError."""
        body = json.dumps({"messages": list(messages)}).encode()
        reply = self._ask("POST", VALIDATE, body, through=400)
        return words_of(reply) if reply.status == 400 else ""  # noqa: PLR2004

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
            if answer.code not in ("server", "unclear", "unreachable", "rate"):
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
        try:
            reply = self._exchange("POST", BROADCAST, body, {"X-Line-Retry-Key": key})
        except LineSilent as error:
            # A connection that never came about carried nothing; anything later may have been accepted.
            return Answer("unknown" if error.sent else refused, "unreachable", 0, "", one_line(str(error)))
        status, request_id = reply.status, one_line(reply.headers.get("x-line-request-id", ""))
        accepted_id = one_line(reply.headers.get("x-line-accepted-request-id", ""))
        if status == 200 and request_id:  # noqa: PLR2004 - every answer of LINE has an id; others come from in between
            return Answer("accepted", "", status, request_id)
        words = words_of(reply)
        if status == 409 and accepted_id:  # noqa: PLR2004 - a repeat of an accepted request
            return Answer("accepted", "repeat", status, accepted_id, words)
        if status in REFUSED:
            code = "quota" if status == 429 and MONTHLY.search(words) else REFUSED[status]  # noqa: PLR2004
            return Answer(refused, code, status, request_id, words)
        return Answer("unknown", "server" if status >= 500 else "unclear", status, request_id, f"{status}: {words}")  # noqa: PLR2004

    def evidence(self, sent: datetime) -> str:
        """What LINE's statistics say about a day, for a person who must settle a broadcast; in words, never an exception."""
        day = sent.astimezone(configuration.JST).date()
        try:
            quota, told = self.quota(), self.delivery(day)
        except LineError as error:
            return f"; LINE's statistics cannot be had ({error.code})"
        count = "not ready" if told is None else told["broadcast"]
        return f", now {quota.used}/{quota.limit}; deliveries on {day:%Y%m%d}: apiBroadcast {count}"

    def _check_clock(self, date: str) -> None:
        if configuration.is_loopback(self._line.api) and CLOCK not in self._environment:
            return  # the same machine, the same clock, whatever a test tells one of the two processes
        there = clock_of(date)
        if there is not None and abs(there - self._now()) > CLOCK_TOLERANCE:
            raise LineError(
                "clock",
                f"this machine's clock says {self._now().isoformat(timespec='seconds')}, LINE's {there.isoformat()}: "
                "set the clock, posting hours (Art. 7) and repeats rest on it",
            )

    def _token(self) -> str:
        """A stateless token (15 minutes) from channel id and secret, or the long-lived one. Raises LineError."""
        if self._held_token:
            return self._held_token
        channel, secret = self._secret("LINE_CHANNEL_ID"), self._secret("LINE_CHANNEL_SECRET")
        token = "" if channel and secret else self._secret("LINE_CHANNEL_ACCESS_TOKEN")
        if channel and secret:
            form = {"grant_type": "client_credentials", "client_id": channel, "client_secret": secret}
            reply = self._ask("POST", "/oauth2/v3/token", urlencode(form).encode(), through=400, login=False)
            if reply.status == 400:  # noqa: PLR2004 - OAuth's answer to a wrong id or secret
                raise LineError("unauthorized", f"LINE refuses the channel id or secret (400: {words_of(reply)})")
            token = text_of(json_object(reply, "the token").get("access_token"))
            if not _SENDABLE.fullmatch(token):
                raise LineError("line", "LINE's answer holds no token that can be used; the next run asks again")
            masked(token, self._environment)
        if not token:
            raise LineError(
                "credentials",
                "no credentials for LINE: set LINE_CHANNEL_ID and LINE_CHANNEL_SECRET (or LINE_CHANNEL_ACCESS_TOKEN)",
            )
        self._held_token = token
        return token

    def _secret(self, name: str) -> str:
        """A secret without the line end or blanks that copying left around it. Raises LineError for one that no header holds."""
        secret = self._environment.get(name, "").strip()
        if secret and not _SENDABLE.fullmatch(secret):
            raise LineError("credentials", f"{name} holds a line break, a blank or a letter beyond ASCII; set it again")
        return secret

    def _get(self, path: str, through: int = 0, attempts: int = 0) -> tuple[Reply, Json]:
        """An answer and its JSON object ({} for the status `through`). Raises LineError."""
        reply = self._ask("GET", path, through=through, attempts=attempts)
        return reply, {} if reply.status == through else json_object(reply, path.partition("?")[0])

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        through: int = 0,
        login: bool = True,
        attempts: int = 0,
    ) -> Reply:
        """A request that sends nothing to residents: repeated on server errors and lost answers.

        Args:
            through: a status that is an answer like 200.
            login: False where the token itself is asked for.

        Raises:
            LineError: there is no answer that can be used.
        """
        attempts = attempts or self._line.attempts
        for number in range(1, attempts + 1):
            try:
                reply = self._exchange(method, path, body, login=login)
            except LineSilent as error:
                words = one_line(str(error))
                trouble = LineError(
                    "unreachable", f"LINE does not answer at {self._line.api}: {words}; the next run tries again"
                )
            else:
                if reply.status in (200, through):
                    return reply
                trouble = trouble_of(reply.status, words_of(reply))
                if reply.status in REFUSED and reply.status != 429:  # noqa: PLR2004 - asking again changes nothing
                    raise trouble
            if number == attempts or self._stop():
                raise trouble
            self._sleep(_backoff(number))
        raise AssertionError  # pragma: no cover - attempts is at least one

    def _exchange(
        self, method: str, path: str, body: bytes | None, more: Mapping[str, str] | None = None, login: bool = True
    ) -> Reply:
        headers = {"User-Agent": "kadoma-line", **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/json" if login else "application/x-www-form-urlencoded"
        if login:
            headers["Authorization"] = f"Bearer {self._token()}"
        return exchange(method, f"{self._line.api}{path}", headers, body, self._within)


def _backoff(number: int) -> float:
    pause = float(min(BACKOFF * 2 ** (number - 1), BACKOFF_MOST))
    return pause / 2 + random.uniform(0, pause / 2)  # noqa: S311 - spreads repeats, guards nothing
