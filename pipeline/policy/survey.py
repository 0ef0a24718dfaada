"""What is new in the lists. Pure: (now, config, knowledge, listings) → Survey → with the pages read, events (`discovery`).

Whatever a `Read` event stands for (validators: the list is not sent again as long as it stays the same) is known or
noted in the same batch, so that no article hides behind a 304.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Entry, Kind, Listing, article_id
from pipeline.config import JST, Config, duration
from pipeline.decision import Alert, Reason, Verdict
from pipeline.ledger.events import Changed, Read
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known, SourceKnown
from pipeline.policy.content import excluded
from pipeline.policy.same_article import alike, named_alike
from pipeline.policy.second_report import REPEATED_WITHIN
from pipeline.policy.sighting import Glimpse, is_newer, is_retitled, meaning_of
from pipeline.policy.trust import drift, failed_read, failure, good_read, is_about_pages, notes

TOLD_BY_PAGES = 60  # undated entries of an emergency list that failed until now: with more, a person looks
READ_AGAIN = 30  # pages of known emergencies in one pass; fewer where the site wants pauses
READING_AGAIN_LASTS = 120.0  # seconds
NEW_AT_MOST = 200  # entries never seen that one pass takes from a list; the next pass goes on
WAITING_AT_MOST = 2_000  # articles that wait already: no site fills the ledger with what nobody will look through
HELD_UP = timedelta(minutes=15)  # by an open broadcast; then newer words of an emergency go out in one of their own
SHOWN = 5  # titles named in an alert


class Sighting(Struct, frozen=True):
    """An entry that is not known as it stands: never seen, or known with an older date. `compare`: a known one whose page
    must be read to tell. `since`: when its list was first asked, in vain until now; a page that is dated long before that
    stood there."""

    entry: Entry
    source: str
    kind: Kind
    unseen: bool
    emergency: bool = False
    compare: bool = False
    since: datetime | None = None
    verdict: Verdict | None = None  # decided already by the list alone
    reason: Reason | None = None
    detail: str = ""

    @property
    def is_news_by_its_list(self) -> bool:
        """Neither decided already, nor of an emergency, nor to be compared."""
        return self.verdict is None and not (self.emergency or self.compare)

    @property
    def is_told_by_its_page(self) -> bool:
        return self.compare or self.since is not None

    def put(self, verdict: Verdict, reason: Reason, detail: str) -> "Sighting":
        return replace(self, verdict=verdict, reason=reason, detail=detail)

    def stopped(self, reason: Reason, detail: str) -> "Sighting":
        """Doubted: what would be news waits for a person, an edit is left out."""
        if self.verdict is not None:
            return self
        if self.unseen or self.emergency or self.kind != "update":
            return self.put("review", reason, detail)
        return self.put("skip", Reason.UPDATE_IGNORED, str(reason))


class Survey(Struct, frozen=True):
    """`wanted`: addresses whose pages are needed before anything can be said about them."""

    baseline: tuple[Sighting, ...]
    sightings: tuple[Sighting, ...]
    changes: tuple[Changed, ...]
    reads: tuple[Read, ...]
    failed: Mapping[str, tuple[str, str]]
    alerts: tuple[Alert, ...]

    @property
    def wanted(self) -> list[str]:
        """News before what is only compared: a site that stops answering is given up after a few."""
        undecided = [s for s in self.sightings if s.verdict is None]
        looked_at = [s for s in undecided if not s.compare] + [s for s in undecided if s.compare]
        first = [s for s in self.baseline if s.emergency][:READ_AGAIN]
        return [s.entry.url for s in (*looked_at, *first) if not s.entry.text]


def survey(now: datetime, config: Config, knowledge: Knowledge, listings: Sequence[Listing]) -> Survey:
    """Compare the lists with what is known; emergency lists first, so that what stands in both is an emergency."""
    look = _Look(now, config, knowledge)
    failed: dict[str, tuple[str, str]] = {}
    reads: list[Read] = []
    sightings = look.edited_in_flight()
    alerts: list[Alert] = []
    for listing in sorted(listings, key=lambda listing: not listing.emergency):
        before = knowledge.sources.get(listing.source)
        problem = failure(now, listing, before)
        if not problem:
            try:
                new, told, doubt = _shown(look, listing, before)
            except Exception as error:  # a mistake of ours must not keep the other lists from being looked at
                problem = ("malformed", f"{listing.source}: {type(error).__name__}: {error}; report it")
        if problem:
            failed[listing.source] = problem
            code = before.error_code if problem[0] == "later" and before else problem[0]
            alerts.append(Alert("source-failed", f"{listing.source}: {problem[1]}", about=f"{listing.source} {code}"))
            reads += failed_read(now, listing, before, problem[0])
            continue
        new, taken = _bounded(new, listing, knowledge)
        alerts += [
            Alert("list-notes", f"{listing.source}: {note}", about=f"{listing.source} {note.partition(' ')[0]}")
            for note in notes(now, taken, before)
        ]
        reads += good_read(now, taken, before, doubt)
        alerts += told
        sightings += new
    sightings += look.off_the_list()
    sightings, burst = without_bursts(sightings, config.delivery.burst_limit)
    shown = tuple(_few(now, knowledge, sightings))
    return Survey(tuple(look.baseline), shown, tuple(look.changes), tuple(reads), failed, (*alerts, *burst))


def _bounded(new: list[Sighting], listing: Listing, knowledge: Knowledge) -> tuple[list[Sighting], Listing]:
    """What one pass takes of a list. With more, it is to be read again, not to be found unchanged."""
    waiting = 0 if listing.emergency else len(knowledge.waiting)
    room = max(0, min(NEW_AT_MOST, WAITING_AT_MOST - waiting))
    unseen = [sighting for sighting in new if sighting.unseen]
    left = {id(sighting) for sighting in unseen[room:]}
    if not left:
        return new, listing
    told = listing.left_out + len(left)
    again = replace(listing, left_out=told, etag="", last_modified="", digest="")
    return [sighting for sighting in new if id(sighting) not in left], again


def _shown(look: "_Look", listing: Listing, before: SourceKnown | None) -> tuple[list[Sighting], list[Alert], str]:
    """What is new in one list, what to tell of it, and why it is not trusted."""
    alerts: list[Alert] = []
    doubt = drift(listing, before)
    new = look.at(listing, before)
    strangers = [sighting for sighting in new if sighting.unseen]
    if strangers and len(strangers) == len(listing.entries) and before and before.entries and not listing.emergency:
        detail = f"0/{len(strangers)}{_missing(before, strangers)}: {_titles(strangers)}"
        new = [sighting.stopped(Reason.GAP, detail) for sighting in new]
        alerts.append(Alert(str(Reason.GAP), f"{listing.source}: {detail}"))
    if doubt and not is_about_pages(doubt):  # about pages: the new ones must be read to tell
        new = [sighting.stopped(Reason.UNTRUSTED_SOURCE, doubt) for sighting in new]
    if doubt:
        alerts.append(doubted(listing.source, doubt))
    return new, alerts, doubt


class _Look:
    """One look at all lists: what stood there before we came, what is new, what changed."""

    def __init__(self, now: datetime, config: Config, knowledge: Knowledge) -> None:
        self._now, self._config, self._knowledge = now, config, knowledge
        self.baseline: list[Sighting] = []
        self.changes: list[Changed] = []
        flying = ((article, knowledge.broadcasts[one]) for article, one in knowledge.flying.items())
        self._in_flight = {article for article, sent in flying if not _is_held_up(sent, now)}
        self._taken: set[str] = set()  # addresses that an earlier list of this run has shown
        # SMART CMS numbers its pages in order of creation, across the whole site; other CMSs promise nothing.
        self._numbered = any(source.kind == "smart-cms" for source in config.site.sources)

    def edited_in_flight(self) -> list[Sighting]:
        """Articles that were edited while a broadcast with them was open, now that it was accepted."""
        edited = filter(None, map(self._knowledge.articles.get, self._knowledge.edited))
        # An emergency is read again anyway.
        return [_of_known(known, known.title) for known in edited if known.state == "sent" and not known.emergency]

    def at(self, listing: Listing, before: SourceKnown | None) -> list[Sighting]:
        """What is new in one list."""
        came = self._came(listing, before)
        slid_in = self._slid_in_from_below(listing, before)
        found: list[Sighting] = []
        for entry in listing.entries:
            if entry.url in self._taken:
                continue
            known = self._known(entry)
            meaning = meaning_of(
                Glimpse(
                    self._now, self._config, entry, listing, known, came, tried=before is not None and self._knowledge.started is not None,
                    slid_in=entry.url in slid_in, existed=self._existed(entry),
                    in_flight=known is not None and known.id in self._in_flight,
                    waits=known is not None and self._knowledge.waits(known),
                )
            )  # fmt: skip
            if meaning.what == "nothing" and not listing.emergency:
                continue
            emergency = listing.emergency or bool(known and known.emergency)
            sighting = Sighting(
                entry, listing.source, meaning.kind, known is None, emergency, compare=meaning.what == "compare",
                since=came if listing.emergency and known is None and entry.date is None else None,
            )  # fmt: skip
            if meaning.what in ("baseline", "news", "compare") or listing.emergency:
                self._taken |= {entry.url, known.url if known else entry.url}
            if meaning.what == "baseline":
                self.baseline.append(sighting)
            elif meaning.what == "changed" and known is not None:
                title = entry.title if known.url == entry.url else ""
                self.changes.append(Changed(at=self._now, article=known.id, title=title, date=entry.date))
            elif meaning.what == "settled" and known is not None:
                self.changes.append(Changed(at=self._now, article=known.id, emergency=True))
            elif meaning.what in ("news", "compare"):
                out = None if emergency else excluded(entry, self._config.policy.content)
                found.append(sighting.put("skip", *out) if out else sighting)
        if sum(s.since is not None for s in found) > TOLD_BY_PAGES:
            return [replace(s, since=None) for s in found]
        return found

    def off_the_list(self) -> list[Sighting]:
        """Emergencies of the last day that no list shows any more: 解除 is written where the report stood."""
        broadcasts = self._knowledge.broadcasts.values()
        lately = [sent for sent in broadcasts if sent.emergency and self._now - sent.at < REPEATED_WITHIN]
        ids = sorted({article for sent in lately for article in sent.articles} - self._in_flight)
        gone = [known for known in map(self._knowledge.articles.get, ids) if known and known.url not in self._taken]
        return [
            replace(_of_known(known, known.heading), compare=True)
            for known in gone
            if known.emergency and not known.post and "#" not in known.url
        ]

    def _came(self, listing: Listing, before: SourceKnown | None) -> datetime | None:
        """When we came to this list, if this is the first time that it has anything to say: what is older stood there.

        On the first run of all everything stood there. A fallback is read because others failed: what they can have
        shown while they worked is not news, but for the days in which it would still be fresh.
        """
        knowledge = self._knowledge
        if before is not None and before.read and (before.entries or listing.emergency):
            return None
        if before is not None and listing.emergency and knowledge.started is not None:
            return before.first_tried  # an undated entry may be older, but it never becomes known in silence
        if knowledge.started is None:
            return datetime.max.replace(tzinfo=JST)
        if not listing.fallback:
            return before.first_tried if before else self._now
        others = [known.good for source, known in knowledge.sources.items() if known.good and source != listing.source]
        return max([knowledge.started, *(good - duration(self._config.delivery.stale_after) for good in others)])

    def _slid_in_from_below(self, listing: Listing, before: SourceKnown | None) -> set[str]:
        """Entries that a list of fixed length shows again at its end because newer ones were taken out above them."""
        if before is None or not before.read or len(listing.entries) > before.entries or listing.emergency:
            return set()
        ends: list[Entry] = []
        for entry in reversed(listing.entries):
            if self._knowledge.find(entry.url) is not None:
                oldest = entry.date
                return {end.url for end in ends if end.date is not None and oldest is not None and end.date <= oldest}
            ends.append(entry)
        return set()

    def _existed(self, entry: Entry) -> bool:
        return self._numbered and entry.page_no is not None and entry.page_no <= self._knowledge.highest_page

    def _known(self, entry: Entry) -> Known | None:
        """The article of an entry. An address that only a page named as its original is that of another article when the list
        gives it another title."""
        known = self._knowledge.find(entry.url)
        is_alias = known is not None and known.url != entry.url and known.id != article_id(entry.url)
        if known is not None and is_alias and not named_alike(entry.title, known.heading or known.title):
            return None
        return known or self._moved(entry)

    def _moved(self, entry: Entry) -> Known | None:
        """The known article that this is under a new address: the CMS's page number and the title tell."""
        number = entry.page_no
        if not self._numbered or number is None or not entry.url.endswith(f"/{number}.html"):
            return None
        known = self._knowledge.articles.get(self._knowledge.pages.get(number, ""))
        if known is None or known.post or not known.url.endswith(f"/{number}.html"):
            return None
        if not alike(entry.title, known.title):
            return None
        self.changes.append(Changed(at=self._now, article=known.id, url=entry.url))
        return known


def _of_known(known: Known, title: str) -> Sighting:
    """A known article that no list of this pass shows as news."""
    entry = Entry(known.url, title, known.seen, known.page_no)
    return Sighting(entry, known.source, "update", unseen=False, emergency=known.emergency)


def _is_held_up(sent: BroadcastKnown, now: datetime) -> bool:
    """Whether nobody knows what became of an emergency's broadcast: what is newer does not wait for that."""
    return sent.emergency and (sent.outcome == "unknown" or now - sent.at >= HELD_UP)


def _few(now: datetime, knowledge: Knowledge, sightings: Sequence[Sighting]) -> list[Sighting]:
    """No more pages are read again in one pass than the site bears: what stirred last in each, the others by turns."""
    again = [s for s in sightings if s.compare]
    delay = max((robots.delay for robots in knowledge.robots.values()), default=0.0)
    half = min(READ_AGAIN, max(4, int(READING_AGAIN_LASTS / delay)) if delay else READ_AGAIN) // 2
    if len(again) <= 2 * half:
        return list(sightings)

    def stirred(s: Sighting) -> tuple[bool, datetime]:
        known = knowledge.find(s.entry.url)
        if known is None:
            return True, now
        moved = is_retitled(s.entry.title, known) or is_newer(s.entry.date, known.seen)
        return moved, max(filter(None, (s.entry.date, known.found, known.seen)))

    again.sort(key=stirred, reverse=True)
    first, others = again[:half], again[half:]
    turn = int(now.timestamp()) // 60 % len(others)
    chosen = [*first, *(others + others)[turn : turn + half]]
    return [s for s in sightings if not s.compare or s in chosen]


def without_bursts(sightings: Sequence[Sighting], limit: int, read: bool = False) -> tuple[list[Sighting], list[Alert]]:
    """More than `limit` at once are not news but a list that was rebuilt. News, edits and emergencies are counted each for
    themselves: a rebuilt site does not hold back the one emergency, nor a mass of edits the one new article. Those that only
    their pages tell are counted once these are `read`."""
    groups: dict[tuple[bool, bool], list[Sighting]] = {}
    for sighting in sightings:
        if sighting.verdict is None and sighting.is_told_by_its_page == read:
            groups.setdefault((sighting.emergency, sighting.unseen), []).append(sighting)
    bursts = [group for group in groups.values() if len(group) > limit]
    stopped = {id(s): s.stopped(Reason.BURST, f"{len(group)} > {limit}") for group in bursts for s in group}
    alerts = [Alert(str(Reason.BURST), f"{len(group)} > {limit}: {_titles(group)}") for group in bursts]
    return [stopped.get(id(sighting), sighting) for sighting in sightings], alerts


def doubted(source: str, doubt: str) -> Alert:
    return Alert(str(Reason.UNTRUSTED_SOURCE), f"{source}: {doubt}", about=f"{source} doubt")


def _missing(before: SourceKnown, strangers: Sequence[Sighting]) -> str:
    """Between which instants an article may have come and gone unseen."""
    oldest = min(filter(None, (sighting.entry.date for sighting in strangers)), default=None)
    if before.good is None or oldest is None or oldest <= before.good:
        return ""
    return f" ({before.good.astimezone(JST):%Y-%m-%d %H:%M} – {oldest.astimezone(JST):%Y-%m-%d %H:%M})"


def _titles(sightings: Iterable[Sighting]) -> str:
    titles = [sighting.entry.title[:40] for sighting in sightings]
    more = f" … (+{len(titles) - SHOWN})" if len(titles) > SHOWN else ""
    return " / ".join(titles[:SHOWN]) + more
