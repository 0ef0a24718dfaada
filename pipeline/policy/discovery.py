"""What the lists showed, once the pages are read: judged again, and noted as events. Pure.

Identity is the canonical URL that a page names, so a shortcut and its master are one article.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Page, PageProblem, article_id
from pipeline.decision import Decision, Reason
from pipeline.ledger.events import Alias, AnyEvent, Baseline, Decided, Found
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy.sighting import is_newer
from pipeline.policy.survey import Sighting, Survey, doubted
from pipeline.policy.trust import bare_pages


class Subject(Struct, frozen=True):
    """Which article a sighting is about. `known` None: a new one; `shortcut`: the address in the list, where it is another."""

    id: str
    url: str
    known: Known | None
    shortcut: str = ""


def judged(seen: Survey, knowledge: Knowledge, pages: Mapping[str, Page | PageProblem]) -> Survey:
    """The survey once its pages are read: a source whose new pages lack title or body is not trusted either."""
    result = seen
    for read in seen.reads:
        before = knowledge.sources.get(read.source)
        new = [s for s in seen.sightings if s.source == read.source and s.verdict is None and not s.emergency]
        looked_at = [pages[s.entry.url] for s in new if s.entry.url in pages]
        if read.state == "failed" or before is None or not looked_at:
            continue
        doubt = bare_pages(looked_at, before.doubt)
        result = replace(
            result,
            reads=tuple(replace(one, doubt=doubt) if one is read else one for one in result.reads),
            sightings=tuple(
                s.stopped(Reason.UNTRUSTED_SOURCE, doubt) if doubt and s in new else s for s in result.sightings
            ),
            alerts=(
                *(alert for alert in result.alerts if alert.about != f"{read.source} doubt"),
                *([doubted(read.source, doubt)] if doubt else ()),
            ),
        )
    return result


def discoveries(
    now: datetime, run: str, knowledge: Knowledge, seen: Survey, pages: Mapping[str, Page | PageProblem]
) -> list[AnyEvent]:
    """The events of what was found. Validators come last: a batch torn by a crash never hides an article behind a 304."""
    events: list[AnyEvent] = [
        Baseline(
            at=now, run=run, article=article_id(s.entry.url), url=s.entry.url, title=s.entry.title,
            source=s.source, date=s.entry.date, page_no=s.entry.page_no,
        )
        for s in seen.baseline
    ]  # fmt: skip
    events += [replace(change, at=now, run=run) for change in seen.changes]
    moved = {change.url: change.article for change in seen.changes if change.url}
    found: set[str] = set()
    for s in seen.sightings:
        answer = pages.get(s.entry.url)
        page = answer if isinstance(answer, Page) else None
        subject = _subject(s, page, knowledge, moved)
        if subject.id in found or not _says_something(s, subject, page, knowledge):
            if subject.shortcut:
                events.append(Alias(at=now, run=run, article=subject.id, url=subject.shortcut, title=s.entry.title))
            continue
        found.add(subject.id)
        events.append(_found(s, subject, page, now, run))
        if s.verdict is not None and s.reason is not None:
            events.append(Decided.of(Decision(subject.id, s.verdict, s.reason, detail=s.detail), now, run))
    return [*events, *(replace(read, run=run) for read in seen.reads)]


def _subject(s: Sighting, page: Page | None, knowledge: Knowledge, moved: Mapping[str, str]) -> Subject:
    url = page.canonical if page and s.unseen else s.entry.url
    known = knowledge.find(url) or knowledge.articles.get(moved.get(url, ""))
    shortcut = s.entry.url if url != s.entry.url else ""
    if known is None:
        return Subject(article_id(url), url, None, shortcut)
    return Subject(known.id, url if url in moved else known.url, known, shortcut)


def _says_something(s: Sighting, subject: Subject, page: Page | None, knowledge: Knowledge) -> bool:
    """Whether a new address of a known article (a shortcut) says anything new about it."""
    known = subject.known
    if known is None or not subject.shortcut:
        return True
    if known.reason == Reason.REFUSED or any(known.id in broadcast.articles for broadcast in knowledge.unfinished()):
        return False
    if s.emergency and not known.emergency:
        return True
    return known.state not in ("queued", "review") and is_newer(_newest(s, page), known.seen)


def _found(s: Sighting, subject: Subject, page: Page | None, now: datetime, run: str) -> Found:
    date = (page.date if page else None) or s.entry.date
    newest = _newest(s, page)
    return Found(
        at=now, run=run, article=subject.id, url=subject.url, title=(page.title if page else "") or s.entry.title,
        source=s.source, kind="update" if subject.known and s.unseen else s.kind, date=date, page_no=s.entry.page_no,
        emergency=s.emergency, listed=subject.shortcut, seen=newest if newest != date else None,
    )  # fmt: skip


def _newest(s: Sighting, page: Page | None) -> datetime | None:
    return max(filter(None, (page.date if page else None, s.entry.date)), default=None)
