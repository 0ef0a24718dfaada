"""Whether an emergency's page, read again, is a new report: a chain of rules, the first that answers decides. Pure.

What is new goes out, nothing twice: a report is known by its mark, which is made of its title and text.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from pipeline.article import Entry, Page, PageProblem
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known
from pipeline.policy.content import mark, signals
from pipeline.policy.same_article import plain
from pipeline.policy.sighting import COME_BACK, is_newer, is_retitled

REPEATED_WITHIN = timedelta(hours=24)  # the same words again sooner are a fault rather than news
MUTED_FOR = timedelta(hours=24)

# noted: remembered as it stands, without going out; renamed: what waits has another title now; asked: a person says
Novelty = Literal["nothing", "noted", "renamed", "asked", "news"]


class Reading(Struct, frozen=True):
    """A known article beside what its list and its page say now. `told`: the marks of what went out lately;
    `waits`: it is in the queue or in review, and on its way in no broadcast."""

    now: datetime
    entry: Entry
    known: Known
    page: Page | PageProblem | None
    told: AbstractSet[str]
    words: tuple[str, ...]
    waits: bool = False

    @property
    def mark(self) -> str:
        return mark_of(self.page)

    @property
    def is_retitled(self) -> bool:
        return is_retitled(self.entry.title, self.known)

    @property
    def keeps_its_title(self) -> bool:
        """Neither its list nor its page calls it otherwise than before."""
        now, before = plain(self.page.title) if isinstance(self.page, Page) else "", plain(self.known.title)
        return bool(before) and (now in before or before in now) and not self.is_retitled

    @property
    def newly_says(self) -> set[str]:
        """The emergency words and levels that what went out did not hold."""
        page = self.page
        text = f"{page.title}\n{page.text}" if isinstance(page, Page) else ""
        return set(signals(text, self.words)) - set(self.known.words)


def novelty_of(reading: Reading) -> Novelty:
    """The answer of the first rule that has one."""
    return next(answer for rule in RULES if (answer := rule(reading)) is not None)


def mark_of(page: Page | PageProblem | None) -> str:
    """The mark of a page; "" for one that was not read."""
    return mark(page.title, page.text) if isinstance(page, Page) else ""


def gone_out_lately(knowledge: Knowledge, now: datetime, within: timedelta = REPEATED_WITHIN) -> list[BroadcastKnown]:
    """What went out, or may have, within the last day."""
    return [b for b in knowledge.broadcasts.values() if b.outcome != "rejected" and now - b.at < within]


def told_lately(knowledge: Knowledge, now: datetime) -> frozenset[str]:
    """The marks of every emergency among it."""
    return frozenset(print_ for broadcast in gone_out_lately(knowledge, now) for print_ in broadcast.fingerprints)


def it_was_withdrawn(r: Reading) -> Novelty | None:
    """It was left out before it could go out, and its list shows it again."""
    return "news" if r.known.state == "skipped" and r.known.reason in COME_BACK else None


def it_waits(r: Reading) -> Novelty | None:
    """What waits to go out is read again right before, so that it goes out as it then stands."""
    if r.known.state != "queued" or not r.waits:
        return None
    return "renamed" if r.is_retitled else "nothing"


def it_cannot_be_read(r: Reading) -> Novelty | None:
    """Then the list alone can say something new."""
    if isinstance(r.page, Page):
        return None
    return "news" if r.is_retitled else "nothing"


def it_is_read_for_the_first_time(r: Reading) -> Novelty | None:
    """It went out as title and link, or an old ledger does not know its text: only another title is a new report."""
    if r.known.mark or not isinstance(r.page, Page):
        return None
    return "noted" if r.keeps_its_title else "news"


def it_says_the_same(r: Reading) -> Novelty | None:
    """The same words again are a new report only when the list dates them anew and they did not go out lately."""
    if r.mark != r.known.mark:
        return None
    again = r.known.emergency and is_newer(r.entry.date, r.known.seen) and r.known.state in ("sent", "baseline")
    return "news" if again and r.mark not in r.told else "nothing"


def it_is_muted(r: Reading) -> Novelty | None:
    """A person wants no more changes of this address: only a new emergency word or level is news then."""
    if r.known.muted is None or r.now - r.known.muted >= MUTED_FOR or not isinstance(r.page, Page):
        return None
    return None if r.newly_says else "nothing"


def the_reader_is_another_one(r: Reading) -> Novelty | None:
    """An upgrade finds another text in the same page. Where its bytes are others too, a person says whether that is a new
    report; a new title, or a word that what went out did not hold, is one."""
    if not isinstance(r.page, Page):
        return None
    (version, _, bytes_), (version_then, _, bytes_then) = r.page.read_as.partition("/"), r.known.read_as.partition("/")
    if version == version_then:
        return None
    if bytes_ == bytes_then != "":
        return "noted"
    return "asked" if r.keeps_its_title and not (r.known.words and r.newly_says) else None


def a_person_is_asked(r: Reading) -> Novelty | None:
    """It went back to words that went out lately, and a person has been asked about that already."""
    return "nothing" if r.known.state == "review" and r.mark in r.told else None


def it_says_something_else(_: Reading) -> Novelty:
    return "news"


RULES: tuple[Callable[[Reading], Novelty | None], ...] = (
    it_was_withdrawn,
    it_waits,
    it_cannot_be_read,
    it_is_read_for_the_first_time,
    it_says_the_same,
    the_reader_is_another_one,
    it_is_muted,
    a_person_is_asked,
    it_says_something_else,
)
