"""The embedded LINE as strict as the documented Messaging API, with its limits, its memory of retry keys, and faults."""

import hashlib
import json
import re
import ssl
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import structs

from pipeline.config import JST
from pipeline.sandbox.line import (
    BROADCAST,
    CHANNEL_ID,
    CHANNEL_SECRET,
    TOKEN,
    VALIDATE,
    Accepted,
    EmbeddedLine,
    error,
    json_response,
)
from tests.doubles import line_rules
from tests.doubles.fault import Fault
from tests.doubles.loopback import FaultyServer, Request, Response

__all__ = [
    "BROADCAST",
    "CHANNEL_ID",
    "CHANNEL_SECRET",
    "LONG_LIVED_TOKEN",
    "VALIDATE",
    "Accepted",
    "LineFault",
    "LineServer",
]

RATE_LIMIT = "The API rate limit has been exceeded. Try again later."
MONTHLY_LIMIT = "You have reached your monthly limit."
UNAUTHORIZED = "Authentication failed. Confirm that the access token in the authorization header is valid."
NO_BEARER = "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'"
FORBIDDEN = "Access to this API is not available for your account"
ALREADY_ACCEPTED = "The retry key is already accepted"
KEY_LIFE = timedelta(hours=24)  # from the first request with the key
TOKEN_LIFE = timedelta(minutes=15)
HOURLY = 60  # broadcasts, and each insight endpoint
REFILL = timedelta(minutes=1)
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# Made up, for this machine only.
LONG_LIVED_TOKEN = "sandbox-long-lived-token"  # noqa: S105


class LineFault(Fault, frozen=True):
    """What LINE can do wrong, or refuse. `before`: nothing was accepted; `after`: it was, and the answer is lost."""

    @classmethod
    def error(cls, code: int, message: str) -> Self:
        body = json.dumps({"message": message}, ensure_ascii=False).encode()
        return cls("answer", status_code=code, body=body, headers=(("Content-Type", "application/json"),))

    @classmethod
    def error_before(cls, code: int = 500) -> Self:
        return cls.error(code, "Internal Server Error")

    @classmethod
    def error_after(cls, code: int = 500) -> Self:
        return cls.error_before(code).after()

    @classmethod
    def hang_before(cls) -> Self:
        """Released while the client still waits, the request is served; a client that is gone has sent nothing."""
        return cls.hang()

    @classmethod
    def hang_after(cls) -> Self:
        return cls.hang().after()

    @classmethod
    def drop_before(cls) -> Self:
        return cls.drop()

    @classmethod
    def drop_after(cls) -> Self:
        return cls.drop().after()

    @classmethod
    def rate_limit(cls) -> Self:
        return cls.error(429, RATE_LIMIT)

    @classmethod
    def monthly_limit(cls) -> Self:
        return cls.error(429, MONTHLY_LIMIT)

    @classmethod
    def bad_request_nbsp(cls) -> Self:
        """400 whose words are parted by a no-break space, as LINE's sometimes are."""
        return cls.error(400, "The\N{NO-BREAK SPACE}request\N{NO-BREAK SPACE}body has 1 error(s)")

    @classmethod
    def reject_containing(cls, text: str) -> Self:
        """400 for every body with this text in it; arm it with `times=None`."""
        details = [{"message": "invalid property", "property": "/contents/0/body/contents/0/text"}]
        body = {"message": "A message (messages[0]) in the request body is invalid", "details": details}
        return structs.replace(cls.error(400, ""), body=json.dumps(body).encode(), containing=text)

    @classmethod
    def unauthorized(cls) -> Self:
        return cls.error(401, UNAUTHORIZED)

    @classmethod
    def forbidden(cls) -> Self:
        return cls.error(403, FORBIDDEN)


class _Key:
    """What LINE remembers of a retry key."""

    def __init__(self, first: datetime, digest: str) -> None:
        self.first, self.digest, self.request_id = first, digest, ""


class _Bucket:
    """A token bucket: full at first, one token a minute."""

    def __init__(self, capacity: int, now: datetime) -> None:
        self.capacity, self.tokens, self.seen = capacity, float(capacity), now

    def take(self, now: datetime) -> bool:
        gained = max(now - self.seen, timedelta(0)) / REFILL
        self.tokens = min(float(self.capacity), self.tokens + gained)
        self.seen = max(now, self.seen)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class LineServer(FaultyServer, EmbeddedLine):
    """The server. Plain attributes are its settings and may be changed while it runs.

    `now` is its clock; `quota` None means no monthly limit; `staff_usage` is what staff sent by hand this month;
    `webhook` the address registered, or "" for none.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(JST),
        followers: int = 12_345,
        quota: int | None = None,
        hourly: int = HOURLY,
    ) -> None:
        super().__init__(port=port, tls=tls, now=now, followers=followers)
        self.quota = quota
        self.hourly = hourly
        self.long_lived_token = LONG_LIVED_TOKEN
        self.channel_id, self.channel_secret = CHANNEL_ID, CHANNEL_SECRET
        self.webhook, self.webhook_active = "", False
        self.staff_usage = 0
        self.premium_id, self.chat_mode, self.mark_as_read_mode = "", "bot", "auto"
        self.violations: list[str] = []
        self._tokens: dict[str, datetime] = {}
        self._keys: dict[str, _Key] = {}
        self._buckets: dict[str, _Bucket] = {}
        self.endpoints |= {
            ("POST", VALIDATE): self._validate,
            ("GET", "/v2/bot/message/quota"): self._quota,
            ("GET", "/v2/bot/insight/message/delivery"): self._deliveries,
            ("GET", "/v2/bot/insight/followers"): self._followers,
            ("GET", "/v2/bot/insight/message/event"): self._event,
            ("GET", "/v2/bot/channel/webhook/endpoint"): self._webhook,
        }

    def fail(self, fault: Fault, times: int | None = 1, path: str = BROADCAST) -> None:
        """The next `times` requests (None: all) whose path begins with `path` end in the fault."""
        self.arm(path, fault, times)

    @property
    def usage(self) -> int:
        """Messages of this month, by hand and by API."""
        return self.staff_usage + super().usage

    def issued_tokens(self) -> list[str]:
        """Every stateless token so far, for tests that look for leaks."""
        with self.lock:
            return list(self._tokens)

    def memory(self) -> object:
        """Everything that its answers can depend on, to be compared."""
        with self.lock:
            keys = {key: (known.first, known.digest, known.request_id) for key, known in self._keys.items()}
            return self.accepted, keys, {route: one.tokens for route, one in self._buckets.items()}, self.faults_left()

    def answer(self, request: Request) -> Response:
        route = (request.method, request.route)
        with self.lock:
            if route in self.endpoints and route[1] != TOKEN and (refusal := self._unauthorized(request)):
                return self.dress(refusal)
        return super().answer(request)

    def _unauthorized(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return error(401, NO_BEARER)
        expires = self._tokens.get(token)
        is_valid = token == self.long_lived_token or (expires is not None and expires > self.now())
        return None if is_valid else error(401, UNAUTHORIZED)

    def token(self, request: Request) -> Response:
        form = {key: values[-1] for key, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return json_response({"error": "invalid_request", "error_description": "unsupported content type"}, 400)
        if form.get("grant_type") != "client_credentials":
            return json_response(
                {"error": "unsupported_grant_type", "error_description": "unsupported grant_type"}, 400
            )
        if form.get("client_id") != self.channel_id:
            return json_response({"error": "invalid_client", "error_description": "invalid client_id"}, 400)
        if form.get("client_secret") != self.channel_secret:
            return json_response({"error": "invalid_client", "error_description": "invalid client_secret"}, 400)
        token = f"stateless-{uuid.uuid4().hex}"
        self._tokens[token] = self.now() + TOKEN_LIFE
        life = int(TOKEN_LIFE.total_seconds())
        return json_response({"token_type": "Bearer", "access_token": token, "expires_in": life})

    def _spend(self, route: str) -> bool:
        """Take a token of the endpoint's bucket; every request costs one, whatever becomes of it."""
        now = self.now()
        bucket = self._buckets.get(route)
        if bucket is None or bucket.capacity != self.hourly:
            bucket = self._buckets[route] = _Bucket(self.hourly, now)
        return bucket.take(now)

    def broadcast(self, request: Request) -> Response:
        if not self._spend(request.route):
            return error(429, RATE_LIMIT)
        now, retry_key = self.now(), request.headers.get("x-line-retry-key", "")
        key: _Key | None = None
        if retry_key:
            if not UUID.fullmatch(retry_key):
                return error(400, "The retry key is invalid; it must be a hexadecimal UUID")
            key, refusal = self._recall(retry_key.lower(), request.body, now)
            if refusal is not None:
                return refusal
        body, problem = self._read(request)
        if problem is not None:
            return problem
        if self.quota is not None and self.usage + self.followers > self.quota:
            return error(429, MONTHLY_LIMIT)
        response = self.accept(request, body)
        if key is not None:
            key.request_id = self.accepted[-1].request_id
        return response

    def _recall(self, retry_key: str, body: bytes, now: datetime) -> tuple[_Key, Response | None]:
        """What is remembered of the key, and the refusal when it may not be used again (like this)."""
        digest = hashlib.sha256(body).hexdigest()
        key = self._keys.get(retry_key)
        if key is None or now - key.first >= KEY_LIFE:
            # Forgotten: the same key sends again. That is what LINE does.
            key = self._keys[retry_key] = _Key(now, digest)
            return key, None
        if key.digest != digest:
            # LINE only says that repeats must carry the same body. Here another one is an error that tests see.
            self.violations.append(f"retry key {retry_key}: another body than in its first request at {key.first}")
            return key, error(400, "The request body differs from the first one with this retry key")
        if key.request_id:
            refusal = error(409, ALREADY_ACCEPTED)
            known = ("x-line-accepted-request-id", key.request_id)
            return key, structs.replace(refusal, headers=(*refusal.headers, known))
        return key, None

    def _validate(self, request: Request) -> Response:
        if "x-line-retry-key" in request.headers:
            return error(400, "X-Line-Retry-Key is not supported by this endpoint")
        _, problem = self._read(request)
        return problem or json_response({})

    def _read(self, request: Request) -> tuple[dict[str, Any], Response | None]:
        """The parsed body, and the refusal when LINE would not take it."""
        if len(request.body) > line_rules.MAX_BODY:
            return {}, error(413, "Request body too large; the limit is 2 MB")
        try:
            body = json.loads(request.body.decode())
        except ValueError:
            return {}, error(400, "The request body could not be parsed as JSON")
        problem = line_rules.check(body)
        if problem is None:
            return body, None
        return {}, json_response({key: value for key, value in msgspec.to_builtins(problem).items() if value}, 400)

    def info(self, _: Request) -> Response:
        info = {
            "userId": "U0123456789abcdef0123456789abcdef",
            "basicId": self.basic_id,
            "displayName": "門真市",
            "chatMode": self.chat_mode,
            "markAsReadMode": self.mark_as_read_mode,
        }
        return json_response(info | ({"premiumId": self.premium_id} if self.premium_id else {}))

    def _quota(self, _: Request) -> Response:
        return json_response({"type": "none"} if self.quota is None else {"type": "limited", "value": self.quota})

    def _insight_day(self, request: Request) -> tuple[str, Response | None]:
        if not self._spend(request.route):
            return "", error(429, RATE_LIMIT)
        day = parse_qs(urlsplit(request.path).query).get("date", [""])[-1]
        if not re.fullmatch(r"\d{8}", day):
            return "", error(400, "The value for the 'date' parameter is invalid")
        is_over = day < self.now().astimezone(JST).strftime("%Y%m%d")
        return day, None if is_over else json_response({"status": "unready"})

    def _deliveries(self, request: Request) -> Response:
        """Numbers of recipients; a way of sending that was not used that day is left out."""
        day, answer = self._insight_day(request)
        if answer is not None:
            return answer
        count = sum(one.at.astimezone(JST).strftime("%Y%m%d") == day for one in self.accepted)
        return json_response({"status": "ready"} | ({"apiBroadcast": count * self.followers} if count else {}))

    def _followers(self, request: Request) -> Response:
        _, answer = self._insight_day(request)
        numbers = {"followers": self.followers, "targetedReaches": self.followers, "blocks": self.followers // 10}
        return answer or json_response({"status": "ready"} | numbers)

    def _event(self, request: Request) -> Response:
        """What residents did with one broadcast: ready a day later; numbers under 20 are null."""
        if not self._spend(request.route):
            return error(429, RATE_LIMIT)
        wanted = parse_qs(urlsplit(request.path).query).get("requestId", [""])[-1]
        one = next((one for one in self.accepted if one.request_id == wanted), None)
        if one is None:
            return error(404, "Not found")
        if self.now() - one.at < timedelta(days=1):
            return json_response({"overview": None, "messages": [], "clicks": []})
        overview = {
            "requestId": wanted, "timestamp": int(one.at.timestamp()), "delivered": self.followers,
            "uniqueImpression": self.followers // 2, "uniqueClick": None, "uniqueMediaPlayed": None,
        }  # fmt: skip
        return json_response({"overview": overview, "messages": [], "clicks": []})

    def _webhook(self, _: Request) -> Response:
        if not self.webhook:
            return error(404, "Webhook endpoint is not set")
        return json_response({"endpoint": self.webhook, "active": self.webhook_active})
