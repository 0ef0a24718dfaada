"""What it means that a list shows an entry: a chain of rules, the first that answers decides.

Pure: everything a rule may look at is in its `Glimpse`.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Literal

from msgspec import Struct

from pipeline.article import Entry, Kind, Listing
from pipeline.config import JST, Config, duration
from pipeline.decision import Reason
from pipeline.ledger.knowledge import Known
from pipeline.policy.content import emergency_word, excluded
from pipeline.policy.same_article import plain

UNSEEN_FOR = timedelta(days=1)  # an emergency that old is over, should its list have failed when it was first asked
UPDATE_EVERY = timedelta(days=7)  # a page whose date moves daily does not come back daily
# Left out, not for good: found again when the list shows them after the obstacle is gone.
COME_BACK = {Reason.GONE, Reason.REDIRECTED, Reason.EXCLUDED_PATH, Reason.EXCLUDED_TITLE, Reason.EXCLUDED_TAG, Reason.SNS_OFF}  # fmt: skip


class Glimpse(Struct, frozen=True):
    """One entry of a list, beside what is known of it.

    Attributes:
        known: the article, also under another address; None when it was never seen.
        came: when we came to this list, if this is the first time that it has anything to say; what is older stood there.
        tried: the list was asked before and failed each time; an emergency without a date is none that stood there before us.
        slid_in: shown again at the end of a list of fixed length, because newer ones were taken out above it.
        existed: its page number is one from before we started.
        in_flight: a broadcast with it is open, and what is new of it waits for its end.
        waits: it is decided on anyway.
    """

    now: datetime
    config: Config
    entry: Entry
    listing: Listing
    known: Known | None
    came: datetime | None
    tried: bool = False
    slid_in: bool = False
    existed: bool = False
    in_flight: bool = False
    waits: bool = False

    @property
    def word(self) -> str:
        """The first emergency word of the entry's title ("" for none)."""
        return emergency_word(self.entry.title, self.config.policy.hours.emergency_words)

    @property
    def is_excluded(self) -> bool:
        return not self.listing.emergency and excluded(self.entry, self.config.policy.content) is not None


class Meaning(Struct, frozen=True):
    """`baseline`: it stood there before us. `settled`: the same of a known one, on an emergency list. `changed`: noted,
    decided on already. `news`: to be decided on as a `kind`. `compare`: news if its page says anything else than before
    (`policy.report`)."""

    what: Literal["nothing", "baseline", "settled", "changed", "news", "compare"]
    kind: Kind = "new"


NOTHING, BASELINE, SETTLED, CHANGED = Meaning("nothing"), Meaning("baseline"), Meaning("settled"), Meaning("changed")
COMPARE = Meaning("compare", "update")
NEW, UPDATE = Meaning("news"), Meaning("news", "update")

Unseen = Callable[[Glimpse], Meaning | None]
Seen = Callable[[Glimpse, Known], Meaning | None]


def meaning_of(glimpse: Glimpse) -> Meaning:
    """The answer of the first rule that has one."""
    known = glimpse.known
    if known is None:
        return next(answer for rule in UNSEEN if (answer := rule(glimpse)) is not None)
    return next(answer for one in SEEN if (answer := one(glimpse, known)) is not None)


# Never seen


def it_stood_there(g: Glimpse) -> Meaning | None:
    """What a list shows when it is read for the first time is known, not news; so is what comes up again from below."""
    date, came = g.entry.date, g.came
    if came is not None and g.listing.emergency and g.tried:
        # What stood there while it failed is news, for a day and undated.
        return BASELINE if date is not None and date < came - UNSEEN_FOR else None
    return BASELINE if g.slid_in or (came and (date is None or date <= came)) else None


def it_is_an_old_page(g: Glimpse) -> Meaning | None:
    """A page from before we started, shown for the first time. Emergency pages are prepared in advance."""
    return UPDATE if g.existed and not (g.listing.emergency or g.word) else None


def it_is_new(_: Glimpse) -> Meaning:
    return NEW


# Known


def it_stood_on_the_emergency_list(g: Glimpse, known: Known) -> Meaning | None:
    """When an emergency list is read for the first time, what stands there and does not wait is known as it stands."""
    if not g.listing.emergency or g.came is None or known.state in ("queued", "review"):
        return None
    return NOTHING if known.emergency else SETTLED


def it_becomes_an_emergency(g: Glimpse, known: Known) -> Meaning | None:
    """A known article that now stands on an emergency list: it waits no longer; and it is news, but for what went out as it
    stands."""
    if not g.listing.emergency or known.emergency or known.source == g.listing.source or g.in_flight:
        return None
    if g.waits:
        return Meaning("news", known.kind) if g.came is None else None
    return COMPARE if known.mark and known.state in ("sent", "queued") else UPDATE


def it_is_an_emergency(g: Glimpse, known: Known) -> Meaning | None:
    """An emergency is read again in each pass as long as its list shows it. In another list it stays one: there a newer date
    or another title is the reason to look."""
    if g.in_flight or (known.post is not None and known.state in ("queued", "review")):
        return None
    if g.listing.emergency:
        return COMPARE
    if not known.emergency:
        return None
    return COMPARE if is_newer(g.entry.date, known.seen) or is_retitled(g.entry.title, known) else NOTHING


def it_waits(g: Glimpse, known: Known) -> Meaning | None:
    """What is decided on anyway goes out as it then stands. A poster's own post keeps the poster's words."""
    if not g.waits and not g.in_flight:
        return None
    return CHANGED if known.post is None and is_newer(g.entry.date, known.seen) else NOTHING


def it_gained_an_emergency_word(g: Glimpse, known: Known) -> Meaning | None:
    """A title that says something new about an emergency does not wait for a newer date."""
    if not is_retitled(g.entry.title, known):
        return None
    return COMPARE if g.word and not g.is_excluded else None


def it_was_refused(_: Glimpse, known: Known) -> Meaning | None:
    """A poster said no; only a poster brings it back."""
    return NOTHING if (known.state, known.reason) == ("skipped", Reason.REFUSED) else None


def it_comes_back(g: Glimpse, known: Known) -> Meaning | None:
    """It was left out for a reason that is over."""
    if (known.state, known.kind) != ("skipped", "new") or known.reason not in COME_BACK or g.is_excluded:
        return None
    date, stale_after = g.entry.date, duration(g.config.delivery.stale_after)
    return NEW if is_newer(date, known.seen) or (date is not None and g.now - date <= stale_after) else NOTHING


def it_is_as_it_was(g: Glimpse, known: Known) -> Meaning | None:
    return NOTHING if not is_newer(g.entry.date, known.seen) or g.is_excluded else None


def updates_are_not_wanted(g: Glimpse, known: Known) -> Meaning | None:
    """A page whose date moves daily does not come back daily."""
    lately = known.kind == "update" and g.now - known.found < UPDATE_EVERY and not g.word
    ignored = lately or g.config.delivery.updates == "ignore"
    return NOTHING if ignored and not g.listing.emergency else None


def it_was_edited(g: Glimpse, known: Known) -> Meaning:
    return COMPARE if g.word and known.mark else UPDATE


UNSEEN: tuple[Unseen, ...] = (it_stood_there, it_is_an_old_page, it_is_new)
SEEN: tuple[Seen, ...] = (
    it_stood_on_the_emergency_list,
    it_becomes_an_emergency,
    it_is_an_emergency,
    it_waits,
    it_was_refused,
    it_gained_an_emergency_word,
    it_comes_back,
    it_is_as_it_was,
    updates_are_not_wanted,
    it_was_edited,
)


def is_retitled(title: str, known: Known) -> bool:
    """Whether the list gives an article another title than before; old ledgers do not know what the list said."""
    return bool(known.heading and title) and title != known.heading and plain(title) != plain(known.heading)


def is_newer(date: datetime | None, than: datetime | None) -> bool:
    """Whether an article was edited since. A date without time of day is compared by the day: the same publication stands
    in one list with the minute, in another (or on its page) without."""
    if date is None or than is None or date == than:
        return False
    one, other = date.astimezone(JST), than.astimezone(JST)
    if time.min in (one.time(), other.time()):
        return one.date() > other.date()
    return one > other
