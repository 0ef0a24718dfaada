"""An embedded LINE on loopback: the endpoints that the pipeline uses, on a good day. No message ever leaves this machine."""

import json
import ssl
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from pipeline.config import JST
from pipeline.sandbox.loopback import LoopbackServer, Request, Response

BROADCAST = "/v2/bot/message/broadcast"
VALIDATE = "/v2/bot/message/validate/broadcast"
TOKEN = "/oauth2/v3/token"  # noqa: S105 - a path
# Made up, for this machine only.
CHANNEL_ID = "1650000000"
CHANNEL_SECRET = "5a4d8b0c0f5e4c3b9a1d2e3f40516273"  # noqa: S105


class Accepted(Struct, frozen=True):
    """A broadcast that LINE took: the residents got it."""

    request_id: str
    retry_key: str
    body: bytes
    messages: tuple[dict[str, Any], ...]
    at: datetime


class EmbeddedLine(LoopbackServer):
    """The server. `now` is its clock; `accepted` what residents got, all of them: `followers`."""

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(JST),
        followers: int = 12_345,
    ) -> None:
        super().__init__(port=port, tls=tls)
        self.now = now
        self.followers = followers
        self.basic_id = "@kadoma_city"
        self.accepted: list[Accepted] = []
        self.endpoints: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", TOKEN): self.token,
            ("POST", BROADCAST): self.broadcast,
            ("POST", VALIDATE): lambda _: json_response({}),
            ("GET", "/v2/bot/message/quota"): lambda _: json_response({"type": "none"}),
            ("GET", "/v2/bot/message/quota/consumption"): lambda _: json_response({"totalUsage": self.usage}),
            ("GET", "/v2/bot/info"): self.info,
        }

    @property
    def usage(self) -> int:
        """Messages of this month: one a follower and broadcast."""
        month = self.now().astimezone(JST).strftime("%Y%m")
        with self.lock:
            return self.followers * sum(one.at.astimezone(JST).strftime("%Y%m") == month for one in self.accepted)

    def answer(self, request: Request) -> Response:
        """Every answer has a request id of its own, unless it already carries one."""
        endpoint = self.endpoints.get((request.method, request.route))
        with self.lock:
            return self.dress(endpoint(request) if endpoint else error(404, "Not found"))

    def dress(self, response: Response) -> Response:
        if any(name == "x-line-request-id" for name, _ in response.headers):
            return response
        return structs.replace(response, headers=(*response.headers, ("x-line-request-id", self.request_id())))

    def request_id(self) -> str:
        """A new one."""
        return str(uuid.uuid4())

    def token(self, _: Request) -> Response:
        """The stateless token: fifteen minutes, any number of them at once, none can be revoked."""
        return json_response(
            {"token_type": "Bearer", "access_token": f"stateless-{uuid.uuid4().hex}", "expires_in": 900}
        )

    def broadcast(self, request: Request) -> Response:
        return self.accept(request, json.loads(request.body))

    def accept(self, request: Request, body: dict[str, Any]) -> Response:
        request_id, retry_key = self.request_id(), request.headers.get("x-line-retry-key", "")
        self.accepted.append(Accepted(request_id, retry_key, request.body, tuple(body["messages"]), self.now()))
        response = json_response({})
        return structs.replace(response, headers=(*response.headers, ("x-line-request-id", request_id)))

    def info(self, _: Request) -> Response:
        return json_response({"basicId": self.basic_id, "displayName": "門真市"})


def json_response(value: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode(), (("Content-Type", "application/json"),))


def error(status: int, message: str) -> Response:
    return json_response({"message": message}, status)
