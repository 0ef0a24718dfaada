"""Everything that ever happened, as typed events: one JSON object a line, keys sorted.

Every event carries `at` (JST, by the clock of the run), `run` (the run's id) and `prev` (the first 32 hex digits of
the SHA-256 of the line before it, across files), which makes a rewritten history visible. `check` (the first 8 of the line
without it) does the same for the last line, which no other follows.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from pipeline.article import Kind
from pipeline.decision import Basis, Decision, Shows, Verdict

BroadcastId = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z-]{1,100}\Z")]  # the name of a file, too: never a path


class Event(Struct, frozen=True, tag_field="type", tag=str.lower, omit_defaults=True, kw_only=True):
    at: datetime
    run: str = ""
    prev: str = ""
    check: str = ""


class Listed(Event, frozen=True):
    """What a list and the page behind it show of an article."""

    article: str
    url: str
    title: str
    source: str
    date: datetime | None = None
    page_no: int | None = None
    emergency: bool = False
    mark: str = ""  # of title and text as they were read (`policy.content.mark`): another one is a new report
    read_as: str = ""  # by which version of the reader, from which bytes (`article.Page`)
    etag: str = ""  # validators of an emergency's page
    last_modified: str = ""


class Baseline(Listed, frozen=True):
    """An article that stood there when its source was first read: known, never sent by itself."""


class Found(Listed, frozen=True):
    """A new article, or with kind "update" a known one (or an old page seen for the first time) with a newer date."""

    kind: Kind = "new"
    listed: str = ""  # the address in the list where it differs: a shortcut
    seen: datetime | None = None  # the list's date where the page has another one (none, or without time of day)
    heading: str = ""  # the title in the list where the page has another one


class Changed(Event, frozen=True):
    """A known article is shown differently: a newer date, another title, or (`url`) under a new address; or its text was
    read for the first time (`mark`), or it stood on an emergency list when that was first read (`emergency`)."""

    article: str
    title: str = ""
    date: datetime | None = None
    url: str = ""
    mark: str = ""
    emergency: bool = False
    read_as: str = ""


class Alias(Event, frozen=True):
    """The list shows a known article under another address: a shortcut."""

    article: str
    url: str
    title: str = ""


class Signed(Event, frozen=True, kw_only=True):
    """What a person decided, and who answers for it (Art. 6)."""

    actor: str
    department: str
    why: str = ""
    approver: str = ""  # the reviewer who let the workflow run through, another poster
    origin: str = ""  # the workflow run or comment that asked for it: what is asked for twice is done once


class Posted(Signed, frozen=True):
    """A manual post by a poster; `url` or `text` is what goes out, `basis` the number under Art. 8."""

    article: str
    basis: Basis
    title: str
    url: str = ""
    text: str = ""
    emergency: bool = False
    corrects: str = ""
    quoted_from: str = ""
    picture: str = ""  # on the city's own host
    picture_size: tuple[int, int] = (0, 0)
    not_before: datetime | None = None  # a time that the poster chose, within Art. 7


class Decided(Event, frozen=True):
    """A decision that differs from the one before it. Sending is not recorded here but as the intent."""

    article: str
    decision: Verdict
    reason: str
    policy: str
    until: datetime | None = None
    detail: str = ""
    mark: str = ""  # of the text that a person is asked about
    stands: str = ""  # the title of the page that stands in the article's place

    @classmethod
    def of(cls, decision: Decision, at: datetime, run: str) -> "Decided":
        """The event of a decision."""
        return cls(
            at=at, run=run, article=decision.article, decision=decision.verdict, reason=decision.reason,
            policy=decision.policy, until=decision.until, detail=decision.detail, mark=decision.mark,
            stands=decision.stands,
        )  # fmt: skip


class Approved(Signed, frozen=True):
    """A poster's yes to an article that waits; `emergency` releases it outside the hours (Art. 7 proviso)."""

    article: str
    emergency: bool = False


class Refused(Signed, frozen=True):
    """A poster's no."""

    article: str


class Chosen(Struct, frozen=True, omit_defaults=True):
    """Why one article is in a broadcast; `shows` how much of it, and `doubt` why not all; `mark` what was read of it ("" when
    its page was not), `words` the emergency words and levels in that."""

    article: str
    reason: str
    policy: str
    basis: Basis
    date: datetime | None = None
    department: str = ""  # that the page named
    shows: Shows = "all"
    doubt: str = ""
    mark: str = ""
    words: tuple[str, ...] = ()
    read_as: str = ""


class Intent(Event, frozen=True):
    """About to broadcast: `state/broadcasts/<broadcast>.json` holds the exact body, `sha256` its digest.

    `used`/`limit`: LINE's consumption and quota before the request, evidence should the outcome stay unknown.
    """

    broadcast: BroadcastId
    key: str
    sha256: str
    chosen: tuple[Chosen, ...]
    policy_version: str
    emergency: bool = False
    messages: int = 1
    used: int | None = None
    limit: int | None = None
    fingerprints: tuple[str, ...] = ()  # of emergency texts, to notice the same one again
    shadow: bool = False  # made in a trial run: never sent to LINE, whatever becomes of the run
    channel: str = ""  # a digest of the account and the credentials that LINE has said to be its own (Art. 3)


class Attempt(Event, frozen=True):
    """A later run takes over an open intent: from here on only that run may say that LINE refused it."""

    broadcast: BroadcastId


class Outcome(Event, frozen=True):
    """What LINE said: accepted (200, or 409 for a repeat), rejected (nothing was sent), unknown (a person must settle it)."""

    broadcast: BroadcastId
    outcome: Literal["accepted", "rejected", "unknown"]
    code: str = ""
    status: int = 0
    request_id: str = ""
    message: str = ""
    bad: tuple[str, ...] = ()  # articles that LINE cannot take, found by splitting


class Settled(Signed, frozen=True):
    """A person settles a broadcast whose outcome is unknown."""

    broadcast: BroadcastId
    delivered: bool


class Read(Event, frozen=True):
    """What reading a source gave: validators for the next conditional request, and what drift is measured against."""

    source: str
    state: Literal["ok", "failed"]
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    entries: int = 0
    undated: int = 0
    error_code: str = ""
    not_before: datetime | None = None
    doubt: str = ""  # why nothing new from this source may go out by itself
    heading: str = ""  # what the page of an html list usually calls itself
    other: str = ""  # what it calls itself instead
    skipped: int = 0  # rows of which nothing could be read
    left_out: int = 0  # entries beyond what one pass takes
    zones: int = 0  # dates with an impossible offset
    whole: bool = False  # the whole list was sent, not only "not modified"
    hidden: bool = False  # the server had gone on saying "not modified" about other bytes


class Robots(Event, frozen=True):
    """The robots.txt of a host, valid for a day (RFC 9309) from `at`.

    `text` is empty when the host has none: everything is allowed. With `same` it is the text noted last, not written
    again. `allowed` are the addresses of lists found allowed under it, so that a run without news needs no parser.
    """

    host: str
    text: str = ""
    same: bool = False
    allowed: tuple[str, ...] = ()
    delay: float = 0.0  # Crawl-delay, seconds


class Alerted(Event, frozen=True):
    """A condition began, changed or ended (`digest` empty)."""

    code: str
    digest: str = ""


class Told(Event, frozen=True):
    """People were told where they look (a GitHub issue) that a condition began, changed or ended (`digest` empty)."""

    code: str
    digest: str = ""


class Measured(Event, frozen=True):
    """What LINE's statistics say of one broadcast: aggregates, None where LINE keeps them back (fewer than 20 people)."""

    broadcast: BroadcastId
    delivered: int | None = None
    opened: int | None = None
    tapped: int | None = None


class Friends(Event, frozen=True):
    """How many friends the account had at the end of a day "2026-11-24": aggregates of LINE's statistics."""

    day: str
    followers: int | None = None
    reach: int | None = None
    blocks: int | None = None


class Mode(Event, frozen=True):
    """From here on the pipeline runs in the shadow (nothing is sent), or for real again."""

    shadow: bool


class Torn(Event, frozen=True):
    """A torn last line, left by a crash, was set aside to `saved`."""

    file: str
    saved: str


AnyEvent = (
    Baseline | Found | Changed | Alias | Posted | Decided | Approved | Refused | Intent | Attempt | Outcome | Settled
    | Read | Robots | Alerted | Told | Measured | Friends | Mode | Torn
)  # fmt: skip

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """One line of the ledger, without the line end."""
    return _encoder.encode(event)


def decode(line: bytes) -> AnyEvent:
    """Raises ValueError, with what is wrong, for anything that is no event."""
    try:
        event: AnyEvent = _decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None
    return event
