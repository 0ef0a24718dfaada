"""The shadow: LINE as a pass sees it while `shadow = true`. Takes everything, tells nobody, and needs no credentials."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline.line.client import Answer, LineClient, Quota

CODE = "shadow"  # of the outcome in the ledger


class Shadow(LineClient):
    """Everything short of LINE: the same bytes by the same SDK, recorded as they would have been sent."""

    @property
    def channel(self) -> str:
        return ""

    def check_account(self, hard: bool = False) -> None:
        """Nothing is sent, so no account is asked for."""

    def quota(self, patient: bool = True) -> Quota:  # noqa: ARG002 - as above
        return Quota(None, None)

    def validate(self, messages: Sequence[Mapping[str, Any]]) -> str:  # noqa: ARG002 - as above
        return ""

    def broadcast(self, body: bytes, key: str, first: bool, may_go: Callable[[], bool]) -> Answer:  # noqa: ARG002 - as above
        return Answer("accepted", CODE) if may_go() else Answer("rejected", "closed")

    def evidence(self, sent: datetime) -> str:  # noqa: ARG002 - as above
        return ""
