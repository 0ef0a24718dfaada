"""Current knowledge is what the events add up to: a pure fold. Any prefix of a ledger gives a valid state."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from sys import intern
from typing import Any

from msgspec.structs import replace

from pipeline.ledger.events import (
    Alerted,
    Alias,
    AnyEvent,
    Approved,
    Attempt,
    Baseline,
    Changed,
    Decided,
    Found,
    Intent,
    Mode,
    Outcome,
    Posted,
    Read,
    Refused,
    Robots,
    Settled,
    Told,
)
from pipeline.ledger.knowledge import BroadcastKnown, Deed, Knowledge, Known, SourceKnown, host, twin

MEMORY_OF_BROADCASTS = timedelta(days=2)  # the frequency rules look back one day


def fold(events: Iterable[AnyEvent], knowledge: Knowledge | None = None) -> Knowledge:
    """Add events to what is known (in place, and returned)."""
    knowledge = knowledge or Knowledge()
    for event in events:
        apply(knowledge, event)
    return knowledge


def apply(k: Knowledge, event: AnyEvent) -> None:
    """What one event changes. An event about something unknown changes nothing: `ledger verify` reports it."""
    k.last = event.at
    k.last_run = event.run or k.last_run
    handler = _HANDLERS.get(type(event))
    if handler is not None:
        handler(k, event)
    if origin := getattr(event, "origin", ""):
        _remember(k, origin, event)


def _remember(k: Knowledge, origin: str, e: Any) -> None:
    broadcast = k.broadcasts.get(e.broadcast) if isinstance(e, Settled) else None
    about = broadcast.articles if broadcast else () if isinstance(e, Settled) else (e.article,)
    before = k.deeds[origin].articles if origin in k.deeds else ()
    k.deeds[origin] = Deed(e.at, tuple(dict.fromkeys((*before, *about))))


def _baseline(k: Knowledge, e: Baseline) -> None:
    k.started = k.started or e.at
    k.first_baseline = k.first_baseline or e.at
    if e.at == k.first_baseline:
        k.highest_page = max(k.highest_page, e.page_no or 0)
    if e.article not in k.articles:  # `intern`: one text for the thousands of articles of a source
        k.articles[e.article] = Known(
            e.article, e.url, e.title, intern(e.source), e.at, "baseline",
            date=e.date, seen=e.date, page_no=e.page_no, decision="baseline", reason="baseline",
            emergency=e.emergency, mark=e.mark, heading=e.title, read_as=e.read_as, etag=e.etag,
            last_modified=e.last_modified,
        )  # fmt: skip
        _number(k, e)


def _found(k: Knowledge, e: Found) -> None:
    k.started = k.started or e.at
    before = k.articles.get(e.article)
    if before and before.mark and (before.etag or before.last_modified) and e.mark not in ("", before.mark):
        moved = (before.etag, before.last_modified) != (e.etag, e.last_modified)
        k.honest[host(e.url)] = moved and k.honest.get(host(e.url), True)
    if e.emergency:  # newer words, which do not wait for what becomes of the older ones
        k.flying.pop(e.article, None)
    k.articles[e.article] = Known(
        e.article, e.url, e.title, intern(e.source), e.at, "queued",
        kind=e.kind, date=e.date, seen=e.seen or e.date, page_no=e.page_no, emergency=e.emergency,
        broadcast=before.broadcast if before else "", mark=e.mark or (before.mark if before else ""),
        heading=e.heading or e.title, words=before.words if before else (),
        read_as=e.read_as, etag=e.etag, last_modified=e.last_modified,
    )  # fmt: skip
    k.waiting[e.article] = None
    k.edited.pop(e.article, None)
    _number(k, e)
    if e.listed:
        k.aliases[e.listed] = e.article
    if e.url in k.aliases:  # it turned out to be an article of its own
        k.aliases[e.url] = e.article


def _number(k: Knowledge, e: Baseline | Found) -> None:
    if e.page_no:
        k.pages[e.page_no] = e.article
    title, date = e.title, e.date
    if isinstance(e, Found):  # as the list has them
        title, date = e.heading or e.title, e.seen or e.date
    if date is not None:
        k.twins.setdefault(twin(e.url, title, date), e.article)


def _changed(k: Knowledge, e: Changed) -> None:
    known = k.articles.get(e.article)
    if known is None:
        return
    if e.url:
        k.aliases[e.url], known.url = e.article, e.url
    if e.date is not None:
        known.seen = e.date
        if e.article in k.flying:
            k.edited[e.article] = None
        elif known.state in ("queued", "review"):
            known.date, known.title = e.date, e.title or known.title
    elif e.title and known.state in ("queued", "review"):
        known.title = known.heading = e.title
    known.mark, known.read_as = e.mark or known.mark, e.read_as or known.read_as
    known.emergency = known.emergency or e.emergency


def _alias(k: Knowledge, e: Alias) -> None:
    k.aliases[e.url] = e.article


def _posted(k: Knowledge, e: Posted) -> None:
    k.started = k.started or e.at
    before = k.articles.get(e.article)
    title = e.title or (before.title if before else "")
    k.articles[e.article] = Known(
        e.article, e.url, title, f"post:{e.actor}", e.at, "queued",
        kind="correction" if e.corrects else "manual", date=e.not_before or e.at, seen=e.at, emergency=e.emergency, post=e,
        heading=(before.heading or before.title) if before else "", mark=before.mark if before else "",
        intent=before.intent if before else "",
    )  # fmt: skip
    k.waiting[e.article] = None


def _decided(k: Knowledge, e: Decided) -> None:
    known = k.articles.get(e.article)
    if known is None or known.state == "sent":
        return
    known.decision, known.reason, known.until, known.detail = e.decision, e.reason, e.until, e.detail
    known.asked, known.stands = e.mark, e.stands
    if e.decision in ("review", "hold", "send"):
        known.state = "review" if e.decision == "review" else "queued"
        k.waiting[e.article] = None
    else:
        known.state = "skipped"
        k.waiting.pop(e.article, None)


def _approved(k: Knowledge, e: Approved) -> None:
    known = k.articles.get(e.article)
    if known is not None and known.state != "sent":
        if known.reason == "untrusted-source" and known.source in k.sources:  # the list is right as it is
            source = k.sources[known.source]
            source.doubt, source.usual_entries, source.usual_undated = "", source.entries, source.undated
        if known.reason:
            known.cleared, known.cleared_mark = (*known.cleared, known.reason), known.asked
        if known.reason == "details":
            known.cleared, known.cleared_mark = (*known.cleared, known.detail), known.mark  # the doubt about them
        known.title, known.stands = known.stands or known.title, ""  # what stands there is the article, a poster says
        known.state, known.decision, known.approved_by = "queued", None, e.actor  # whatever is decided next is news
        known.approved_for = (*known.approved_for, e.department)
        known.approved_emergency = known.approved_emergency or e.emergency
        k.waiting[e.article] = None


def _refused(k: Knowledge, e: Refused) -> None:
    known = k.articles.get(e.article)
    if known is not None and known.state != "sent":
        known.muted = e.at if known.reason == "gathering" else known.muted
        known.state, known.decision, known.reason, known.detail = "skipped", "skip", "refused", e.actor
        k.waiting.pop(e.article, None)


def _intent(k: Knowledge, e: Intent) -> None:
    k.archive[e.broadcast] = k.broadcasts[e.broadcast] = BroadcastKnown(
        e.broadcast, e.key, e.sha256, e.at, e.run, e.run, e.chosen, e.policy_version,
        emergency=e.emergency, messages=e.messages, used=e.used, limit=e.limit, fingerprints=e.fingerprints, shadow=e.shadow,
    )  # fmt: skip
    k.channel = e.channel or k.channel
    for chosen in e.chosen:
        k.flying[chosen.article] = e.broadcast
        if (known := k.articles.get(chosen.article)) is not None:
            known.intent = e.broadcast
    for old in [
        b.id
        for b in k.broadcasts.values()
        if b.outcome in ("accepted", "rejected") and e.at - b.at > MEMORY_OF_BROADCASTS
    ]:
        del k.broadcasts[old]


def _mode(k: Knowledge, e: Mode) -> None:
    """Going live sends nothing of the shadow's past: what waited then is settled, and a poster may post it by hand."""
    if k.shadow and not e.shadow:
        for article in k.waiting:
            known = k.articles[article]
            known.state, known.decision, known.reason, known.until = "skipped", "skip", "shadow", None
        k.waiting.clear()
        k.edited.clear()
    k.shadow = e.shadow


def _attempt(k: Knowledge, e: Attempt) -> None:
    broadcast = k.archive.get(e.broadcast)
    if broadcast is not None:
        broadcast.owner = e.run
        broadcast.attempts += 1


def _outcome(k: Knowledge, e: Outcome) -> None:
    """Accepted is a fact that nothing later undoes, and that wins over a person; a person wins over everything else."""
    broadcast = k.archive.get(e.broadcast)
    if broadcast is None:
        return
    accepted = e.outcome == "accepted"
    if broadcast.outcome == "accepted":
        if accepted and not broadcast.request_id:  # a person said so first
            broadcast.request_id, broadcast.answered = e.request_id, e.at
        return
    if broadcast.settled is not None and not accepted:
        return
    broadcast.outcome, broadcast.code, broadcast.detail = e.outcome, e.code, e.message
    broadcast.request_id, broadcast.answered = e.request_id or broadcast.request_id, e.at
    if e.outcome != "unknown":
        _landed(k, broadcast)
    if accepted:
        _delivered(k, broadcast)
    elif e.outcome == "rejected":
        _requeue(k, broadcast, e.at)
        for article in e.bad:
            known = k.articles.get(article)
            if known is not None and known.state != "sent":
                known.state, known.decision, known.reason, known.detail = "review", "review", "line-rejected", e.message
                k.waiting[article] = None
                known.approved_by = ""


def _settled(k: Knowledge, e: Settled) -> None:
    broadcast = k.archive.get(e.broadcast)
    if broadcast is None or broadcast.outcome == "accepted":
        return
    broadcast.settled, broadcast.answered = e, e.at
    broadcast.outcome = "accepted" if e.delivered else "rejected"
    _landed(k, broadcast)
    if e.delivered:
        _delivered(k, broadcast)
    else:
        _requeue(k, broadcast, e.at)


def _landed(k: Knowledge, broadcast: BroadcastKnown) -> None:
    for article in broadcast.articles:
        if k.flying.get(article) == broadcast.id:
            del k.flying[article]
            known = k.articles.get(article)
            others = [b.id for b in k.unfinished() if article in b.articles and not (known and _says_more(known, b))]
            if others:
                k.flying[article] = others[-1]


def _says_more(known: Known, broadcast: BroadcastKnown) -> bool:
    """Whether what is known of an emergency is newer than what the broadcast holds of it."""
    return known.emergency and known.intent != broadcast.id


def _delivered(k: Knowledge, broadcast: BroadcastKnown) -> None:
    for chosen in broadcast.chosen:
        known = k.articles.get(chosen.article)
        if known is not None and _says_more(known, broadcast):
            known.broadcast = known.broadcast or broadcast.id
        elif known is not None:
            known.state, known.broadcast, known.decision = "sent", broadcast.id, "send"
            known.seen = max(filter(None, (known.seen, chosen.date)), default=None)
            known.mark, known.words, known.cleared = chosen.mark, chosen.words, ()
            known.read_as = chosen.read_as or known.read_as
            k.waiting.pop(chosen.article, None)
            if chosen.shows != "all":  # whether its details follow, a person says
                known.state, known.decision, known.reason, known.detail = "review", "review", "details", chosen.doubt
                known.approved_by, known.until, known.kind = "", None, "update"
                k.waiting[chosen.article] = None


def _requeue(k: Knowledge, broadcast: BroadcastKnown, at: datetime) -> None:
    for article in broadcast.articles:
        known = k.articles.get(article)
        if known is not None and known.state != "sent" and not _says_more(known, broadcast):
            known.state, known.requeued = "queued", at
            k.waiting[article] = None
            k.edited.pop(article, None)  # it is read again before it goes out


def _read(k: Knowledge, e: Read) -> None:
    known = k.sources.setdefault(e.source, SourceKnown(e.at))
    known.checked, known.error_code, known.not_before = e.at, e.error_code, e.not_before
    if e.state == "failed":
        known.failures += 1
        return
    known.read, known.failures, known.good, known.doubt = True, 0, e.at, e.doubt
    known.etag, known.last_modified, known.digest = e.etag, e.last_modified, e.digest
    known.entries, known.undated, known.skipped = e.entries, e.undated, e.skipped
    known.left_out, known.zones, known.heading = e.left_out, e.zones, e.heading or known.heading
    known.renamed = (known.renamed if e.other == known.other else None) or e.at if e.other else None
    known.other = e.other
    known.ever = known.ever or e.entries > 0
    known.whole = e.at if e.whole else known.whole
    known.hid = e.at if e.hidden else known.hid
    if not e.doubt:
        known.usual_entries, known.usual_undated = e.entries, e.undated


def _robots(k: Knowledge, e: Robots) -> None:
    k.robots[e.host] = replace(e, text=k.robots[e.host].text, same=False) if e.same and e.host in k.robots else e


def _alerted(k: Knowledge, e: Alerted) -> None:
    _keep_digest(k.alerts, e)


def _told(k: Knowledge, e: Told) -> None:
    _keep_digest(k.told, e)


def _keep_digest(digests: dict[str, str], e: Alerted | Told) -> None:
    if e.digest:
        digests[e.code] = e.digest
    else:
        digests.pop(e.code, None)


_ALL: tuple[Callable[[Knowledge, Any], None], ...] = (
    _baseline, _found, _changed, _alias, _posted, _decided, _approved, _refused, _intent, _mode, _attempt, _outcome,
    _settled, _read, _robots, _alerted, _told,
)  # fmt: skip
_HANDLERS = {handler.__annotations__["e"]: handler for handler in _ALL}  # each says in its signature what it is for
