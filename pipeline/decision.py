"""What is decided about an article, and the codes of the reasons. The words for them live in `templates/reasons/`."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

Verdict = Literal["send", "hold", "skip", "review", "baseline"]
Shows = Literal["all", "title", "neutral"]
Basis = Literal["8(1)", "8(2)", "8(3)", "8(4)"]


class Reason(StrEnum):
    """Why: one code, one entry in the catalogue of words, and the article of the policy that it stands on.

    Interlocks that the policy does not spell out stand on the article they protect: what may be posted (8), when (7), who
    decides (5, 6).
    """

    policy: str

    def __new__(cls, code: str, policy: str = "") -> "Reason":
        """`policy` belongs to the definitions below; `Reason(code)` looks one of them up."""
        member = str.__new__(cls, code)
        member._value_, member.policy = code, policy
        return member

    # send
    DUE = "due", "7"
    EMERGENCY = "emergency", "7 proviso"
    APPROVED = "approved", "6"
    RIDE_ALONG = "ride-along", "8(1)"
    # hold: goes out by itself when the obstacle is gone
    CLOSED_HOURS = "closed-hours", "7"
    CLOSE_MARGIN = "close-margin", "7"
    MIN_INTERVAL = "min-interval", "7"
    MAX_PER_DAY = "max-per-day", "7"
    EMERGENCY_WORDS = "emergency-words", "7 proviso"
    WAITS_FOR_NEWS = "waits-for-news", "8(1)"
    NEXT_BROADCAST = "next-broadcast", "7"
    SCHEDULED = "scheduled", "7"
    PAGE_UNREACHABLE = "page-unreachable", "8(1)"
    QUOTA = "quota", "5"
    LINE_UNAVAILABLE = "line-unavailable", "5"
    PAUSED = "paused", "5"
    SHADOW = "shadow", "5"
    GATHERING = "gathering", "7 proviso"
    # review: waits for a person
    STALE = "stale", "8"
    UNDATED = "undated", "8"
    FUTURE_DATE = "future-date", "8"
    BURST = "burst", "8"
    UNTRUSTED_SOURCE = "untrusted-source", "8(1)"
    GAP = "gap", "8(1)"
    PERSONAL_DATA = "personal-data", "12"
    NO_TITLE = "no-title", "8"
    LONG_TITLE = "long-title", "8"
    PAGE_MALFORMED = "page-malformed", "8(1)"
    PAGE_FORBIDDEN = "page-forbidden", "8(1)"
    REPEATED_EMERGENCY = "repeated-emergency", "8(3)"
    UPDATE_REVIEW = "update-review", "8(4)"
    LINE_REJECTED = "line-rejected", "8(4)"
    SECOND_PERSON = "second-person", "6"
    OTHER_ORIGINAL = "other-original", "8(1)"
    GARBLED = "garbled", "8"
    DETAILS = "details", "8(3)"
    READ_OTHERWISE = "read-otherwise", "8(3)"
    UNEXPECTED = "unexpected", "8"
    OPERATOR_APPROVAL = "operator-approval", "8(4)"
    # skip: will not go out
    BASELINE = "baseline", "8(1)"
    EXCLUDED_PATH = "excluded-path", "8(4)"
    EXCLUDED_TITLE = "excluded-title", "8(4)"
    EXCLUDED_TAG = "excluded-tag", "8(4)"
    SNS_OFF = "sns-off", "8(4)"
    GONE = "gone", "8(1)"
    REDIRECTED = "redirected", "8(1)"
    DUPLICATE = "duplicate", "8(1)"
    UPDATE_IGNORED = "update-ignored", "8(1)"
    UPDATE_EXPIRED = "update-expired", "8(1)"
    REFUSED = "refused", "6"


class Decision(Struct, frozen=True):
    """What happens to one article now. `until` is the instant when a hold ends by itself; `detail` what the rule saw;
    `shows` how much of it goes out: everything, its title and link, or a neutral sentence and the link. `mark` is that of the
    text that a person is asked about, `stands` the title of what stands in the article's place."""

    article: str
    verdict: Verdict
    reason: Reason
    until: datetime | None = None
    detail: str = ""
    shows: Shows = "all"
    mark: str = ""
    stands: str = ""

    @property
    def policy(self) -> str:
        """The policy's article."""
        return self.reason.policy


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
