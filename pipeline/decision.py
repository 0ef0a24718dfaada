"""What is decided about an article, and the codes of the reasons. The words for them live in `templates/reasons/`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Verdict = Literal["send", "hold", "skip", "review", "baseline"]
Basis = Literal["8(1)", "8(2)", "8(3)", "8(4)"]


class Reason(StrEnum):
    """Why: one code, one entry in the catalogue of words, one article of the policy (`ARTICLE`)."""

    # send
    DUE = "due"
    EMERGENCY = "emergency"
    APPROVED = "approved"
    RIDE_ALONG = "ride-along"
    # hold: goes out by itself when the obstacle is gone
    CLOSED_HOURS = "closed-hours"
    CLOSE_MARGIN = "close-margin"
    MIN_INTERVAL = "min-interval"
    MAX_PER_DAY = "max-per-day"
    EMERGENCY_WORDS = "emergency-words"
    WAITS_FOR_NEWS = "waits-for-news"
    NEXT_BROADCAST = "next-broadcast"
    PAGE_UNREACHABLE = "page-unreachable"
    QUOTA = "quota"
    LINE_UNAVAILABLE = "line-unavailable"
    PAUSED = "paused"
    # review: waits for a person
    STALE = "stale"
    UNDATED = "undated"
    FUTURE_DATE = "future-date"
    BURST = "burst"
    UNTRUSTED_SOURCE = "untrusted-source"
    GAP = "gap"
    PERSONAL_DATA = "personal-data"
    NO_TITLE = "no-title"
    LONG_TITLE = "long-title"
    PAGE_MALFORMED = "page-malformed"
    PAGE_FORBIDDEN = "page-forbidden"
    REPEATED_EMERGENCY = "repeated-emergency"
    UPDATE_REVIEW = "update-review"
    LINE_REJECTED = "line-rejected"
    SECOND_PERSON = "second-person"
    OPERATOR_APPROVAL = "operator-approval"
    # skip: will not go out
    BASELINE = "baseline"
    EXCLUDED_PATH = "excluded-path"
    EXCLUDED_TITLE = "excluded-title"
    EXCLUDED_TAG = "excluded-tag"
    SNS_OFF = "sns-off"
    GONE = "gone"
    REDIRECTED = "redirected"
    DUPLICATE = "duplicate"
    UPDATE_IGNORED = "update-ignored"
    UPDATE_EXPIRED = "update-expired"
    REFUSED = "refused"


# The article of the policy that a reason stands on. Interlocks that the policy does not spell out stand on the
# article they protect: what may be posted (8), when (7), who decides (5, 6).
ARTICLE: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.DUE: "7",
        Reason.EMERGENCY: "7 proviso",
        Reason.APPROVED: "6",
        Reason.RIDE_ALONG: "8(1)",
        Reason.CLOSED_HOURS: "7",
        Reason.CLOSE_MARGIN: "7",
        Reason.MIN_INTERVAL: "7",
        Reason.MAX_PER_DAY: "7",
        Reason.EMERGENCY_WORDS: "7 proviso",
        Reason.WAITS_FOR_NEWS: "8(1)",
        Reason.NEXT_BROADCAST: "7",
        Reason.PAGE_UNREACHABLE: "8(1)",
        Reason.QUOTA: "5",
        Reason.LINE_UNAVAILABLE: "5",
        Reason.PAUSED: "5",
        Reason.STALE: "8",
        Reason.UNDATED: "8",
        Reason.FUTURE_DATE: "8",
        Reason.BURST: "8",
        Reason.UNTRUSTED_SOURCE: "8(1)",
        Reason.GAP: "8(1)",
        Reason.PERSONAL_DATA: "12",
        Reason.NO_TITLE: "8",
        Reason.LONG_TITLE: "8",
        Reason.PAGE_MALFORMED: "8(1)",
        Reason.PAGE_FORBIDDEN: "8(1)",
        Reason.REPEATED_EMERGENCY: "8(3)",
        Reason.UPDATE_REVIEW: "8(4)",
        Reason.LINE_REJECTED: "8(4)",
        Reason.SECOND_PERSON: "6",
        Reason.OPERATOR_APPROVAL: "8(4)",
        Reason.BASELINE: "8(1)",
        Reason.EXCLUDED_PATH: "8(4)",
        Reason.EXCLUDED_TITLE: "8(4)",
        Reason.EXCLUDED_TAG: "8(4)",
        Reason.SNS_OFF: "8(4)",
        Reason.GONE: "8(1)",
        Reason.REDIRECTED: "8(1)",
        Reason.DUPLICATE: "8(1)",
        Reason.UPDATE_IGNORED: "8(1)",
        Reason.UPDATE_EXPIRED: "8(1)",
        Reason.REFUSED: "6",
    }
)


class Decision(Struct, frozen=True):
    """What happens to one article now. `until` is the instant when a hold ends by itself; `detail` what the rule saw."""

    article: str
    verdict: Verdict
    reason: Reason
    until: datetime | None = None
    detail: str = ""

    @property
    def policy(self) -> str:
        """The policy's article."""
        return ARTICLE[self.reason]


class Alert(Struct, frozen=True):
    """Something a person should know; the words come from the catalogue, `detail` says what exactly was seen, for
    engineers.

    `about` is the part that stays the same while the condition lasts (a person is told once); `waits`: it stands until
    a person has acted, and is told at every run (exit code 3); `things`: what it concerns, one by one, for the staff.
    """

    code: str
    detail: str = ""
    about: str = ""
    waits: bool = False
    things: tuple[str, ...] = ()
