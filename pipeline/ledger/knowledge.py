"""What is known: of articles, sources, broadcasts, persons' deeds. Nothing but what the events add up to (fold.py) is kept."""

from datetime import datetime
from sys import intern
from typing import Literal

from msgspec import Struct

from pipeline.article import Kind, article_id
from pipeline.decision import Verdict
from pipeline.ledger.events import Chosen, Outcome, Posted, Robots, Settled

ArticleState = Literal["baseline", "queued", "review", "skipped", "sent"]
Twin = tuple[str, datetime, str]  # host, date, title: of parts that are kept anyway, for each article that ever was


class Known(Struct, omit_defaults=True):
    """What is known of one article."""

    id: str
    url: str
    title: str
    source: str
    found: datetime
    state: ArticleState
    kind: Kind = "new"
    date: datetime | None = None
    seen: datetime | None = (
        None  # the newest date that a list or the page as sent has shown: only a newer one is an edit
    )
    page_no: int | None = None
    emergency: bool = False
    decision: Verdict | None = None
    reason: str = ""
    until: datetime | None = None
    detail: str = ""
    approved_by: str = ""
    approved_for: tuple[str, ...] = ()  # the departments whose posters said yes
    approved_emergency: bool = False
    cleared: tuple[str, ...] = ()  # the reasons for which it waited when a poster said yes
    broadcast: str = ""
    post: Posted | None = None
    requeued: datetime | None = None  # back in the queue after a rejected or undelivered broadcast
    mark: str = ""  # what was read of it last and decided on, or has gone out; "" while its page was never read
    heading: str = ""  # its title in the list
    words: tuple[str, ...] = ()  # emergency words and levels in what went out last
    asked: str = ""  # the mark of the text that a person is asked about
    cleared_mark: str = ""  # and of the one that a poster said yes to
    stands: str = ""  # the title of the page that stands in its place
    muted: datetime | None = None  # a poster wants no more changes of this address
    intent: str = ""  # the broadcast that it was last put into; "" once an emergency says something newer
    read_as: str = ""  # which version of the reader found `mark`, in which bytes
    etag: str = ""
    last_modified: str = ""

    @property
    def urgent(self) -> bool:
        """May leave at any time (Art. 7 proviso): an emergency, or released as one by a poster."""
        return self.emergency or self.approved_emergency


class SourceKnown(Struct, omit_defaults=True):
    """What is known of one source. `entries` and `undated` are those of the last good reading, `usual_…` those of the
    last one without doubt: what drift is measured against."""

    first_tried: datetime
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    entries: int = 0
    undated: int = 0
    failures: int = 0
    error_code: str = ""
    not_before: datetime | None = None
    checked: datetime | None = None
    good: datetime | None = None  # the last good reading that was noted
    read: bool = False
    doubt: str = ""
    usual_entries: int = 0
    usual_undated: int = 0
    heading: str = ""  # the usual one
    other: str = ""  # the one that has stood in its place since `renamed`
    renamed: datetime | None = None
    skipped: int = 0
    left_out: int = 0
    zones: int = 0
    whole: datetime | None = None  # when the whole list was last sent
    hid: datetime | None = None  # when the server was last found to say "not modified" about other bytes
    ever: bool = False  # an entry was read from it at some time


class BroadcastKnown(Struct, omit_defaults=True):
    """One broadcast from its intent to its end, however many runs it took: open until LINE's answer is known, or a person
    has settled it. `owner` is the run that may say that LINE refused it; `request_id` LINE's, "" until it is known."""

    id: str
    key: str
    sha256: str
    at: datetime
    run: str
    owner: str
    chosen: tuple[Chosen, ...]
    policy_version: str = ""
    emergency: bool = False
    messages: int = 1
    used: int | None = None
    limit: int | None = None
    outcome: Literal["open", "accepted", "rejected", "unknown"] = "open"
    code: str = ""
    detail: str = ""
    request_id: str = ""
    attempts: int = 1
    answered: datetime | None = None
    settled: Settled | None = None
    fingerprints: tuple[str, ...] = ()
    shadow: bool = False

    @property
    def articles(self) -> tuple[str, ...]:
        return tuple(chosen.article for chosen in self.chosen)


class Deed(Struct, frozen=True):
    """What a person's workflow run or comment has done already; the articles that it was about."""

    at: datetime
    articles: tuple[str, ...] = ()


class Knowledge(Struct):
    """Everything that decisions need to know, and every broadcast that ever was.

    `articles` holds all that were ever seen, by id (nothing is forgotten); `aliases` their ids by the addresses of shortcuts
    to them, `pages` by the CMS's page number, `twins` by host, date and title; `waiting` the ids in the queue or in review;
    `highest_page` the highest number of the first baseline: unseen lower ones are old pages; `broadcasts` the recent and the
    unfinished ones, `archive` all; `flying` the broadcasts of unknown outcome, by their articles as they stand; `honest` tells
    by host whether the validators of pages were seen to move with their text; `channel` is the digest of the account and the
    credentials that the last broadcast went through.
    """

    started: datetime | None = None
    first_baseline: datetime | None = None
    last: datetime | None = None
    last_run: str = ""
    highest_page: int = 0
    articles: dict[str, Known] = {}
    aliases: dict[str, str] = {}
    pages: dict[int, str] = {}
    twins: dict[Twin, str] = {}
    waiting: dict[str, None] = {}
    edited: dict[str, None] = {}  # edited while a broadcast with them was open: an update as soon as that is settled
    sources: dict[str, SourceKnown] = {}
    robots: dict[str, Robots] = {}
    broadcasts: dict[str, BroadcastKnown] = {}
    archive: dict[str, BroadcastKnown] = {}
    shadow: bool = False
    channel: str = ""
    flying: dict[str, str] = {}
    honest: dict[str, bool] = {}
    alerts: dict[str, str] = {}
    told: dict[str, str] = {}  # alerts as the issues tell them
    deeds: dict[str, Deed] = {}  # by the origin of their events

    def find(self, url: str) -> Known | None:
        """The article under its canonical URL or the address of a shortcut to it."""
        return self.articles.get(self.aliases.get(url) or article_id(url))

    def tried(self, known: Known) -> bool:
        """Whether it went out in a trial run alone: recorded as sent, and nobody has got it."""
        last = self.archive.get(known.broadcast)
        return known.state == "sent" and last is not None and last.shadow

    def queue(self) -> list[Known]:
        """Articles that may go out by themselves or after a person's yes, oldest first, none of them in an open broadcast."""
        return [known for article in self.waiting if self.waits(known := self.articles[article])]

    def waits(self, known: Known) -> bool:
        """In the queue or in review, and on its way in no broadcast."""
        return known.state in ("queued", "review") and known.id not in self.flying

    def takes(self, said: Outcome) -> bool:
        """Whether what LINE said is news. Accepted is a fact that always wins, also over what a person has said meanwhile; a
        refusal counts only from the run that owns the open broadcast."""
        there = self.broadcasts.get(said.broadcast)
        if there is None or there.outcome == "accepted":
            return False
        return said.outcome == "accepted" or (there.outcome == "open" and there.owner == said.run)

    def unfinished(self) -> list[BroadcastKnown]:
        """Broadcasts whose outcome is not known: still to be repeated (open) or for a person (unknown)."""
        return [broadcast for broadcast in self.broadcasts.values() if broadcast.outcome in ("open", "unknown")]

    def unsettled(self) -> list[BroadcastKnown]:
        """Those of them that only a person can settle."""
        return [broadcast for broadcast in self.unfinished() if broadcast.outcome == "unknown"]


def host(url: str) -> str:
    return intern("".join(url.split("/")[2:3]))


def twin(url: str, title: str, date: datetime) -> Twin:
    """What two spellings of one address have in common, to the second: some lists have fractions and others of the same site none."""
    return host(url), date.replace(microsecond=0) if date.microsecond else date, title
