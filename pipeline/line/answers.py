"""What LINE's answers say, read as plain JSON: only the fields that we need, whatever else stands there, and words for people."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from pipeline.late import late
from pipeline.line.wire import Reply
from pipeline.masking import short

ID = late(r"([UCR])[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)  # of a user, group or room
LARGEST = 2**53  # a number beyond it is none of LINE's, and the ledger could not hold it

Json = dict[str, Any]


class LineError(Exception):
    """LINE cannot be used now; nothing was sent. `code`: credentials | unauthorized | forbidden | account | clock | line | unreachable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def trouble_of(status: int, words: str) -> LineError:
    """The error for an answer that is none."""
    if status == 401:  # noqa: PLR2004
        return LineError(
            "unauthorized", f"LINE refuses the credentials (401: {words}); issue the channel secret or token again"
        )
    if status == 403:  # noqa: PLR2004
        return LineError(
            "forbidden", f"LINE forbids this to the channel (403: {words}); look at its plan and permissions"
        )
    return LineError("line", f"LINE answered {status}: {words}; the next run tries again")


def json_object(reply: Reply, what: str) -> Json:
    """The JSON object of an answer. Raises LineError for anything else: a page of something in between, half an answer."""
    try:
        told = json.loads(reply.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        seen = one_line(reply.body[:2000].decode(errors="replace"))[:80]
        raise LineError("line", f"LINE's answer to {what} is no JSON object ({seen!r}); the next run asks again")
    return told


def count(value: object) -> int | None:
    """A number of people or messages; None for anything that cannot be one."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:  # noqa: PLR2004
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return None
    return int(value)


def clock_of(date: str) -> datetime | None:
    """LINE's clock, by the Date header of an answer; None where there is none that can be read."""
    from email.utils import parsedate_to_datetime  # only when LINE is asked

    try:
        there = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return there if there.tzinfo else there.replace(tzinfo=UTC)


def text_of(value: object) -> str:
    """Text as it is, to be compared or used; "" for anything else."""
    return value if isinstance(value, str) else ""


def words_of(reply: Reply) -> str:
    """LINE's message and details in one line; they can hold no-break spaces."""
    body = reply.body.decode("utf-8-sig", errors="replace")
    try:
        told = json.loads(body)
        details = "; ".join(
            f"{detail.get('message', '')} ({detail.get('property', '')})" for detail in told.get("details") or []
        )
        text = f"{told.get('message') or told.get('error_description') or told.get('error') or ''} {details}"
    except (ValueError, AttributeError, TypeError, RecursionError):
        text = body or reply.reason
    return one_line(text)


def one_line(text: str) -> str:
    """Fit for people, log and ledger; ids of people or groups never get there (Art. 12), whatever LINE quotes back."""
    return ID.sub(r"\1…", short(text.replace("\u00a0", " "), 600))[:500]
