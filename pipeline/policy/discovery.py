"""What the lists showed, once the pages are read: judged again, and noted as events. Pure."""

import logging
from collections.abc import Container, Mapping
from datetime import datetime

from msgspec.structs import replace

from pipeline.article import Page, PageProblem, article_id
from pipeline.config import Config
from pipeline.decision import Alert, Decision, Reason
from pipeline.ledger.events import Alias, AnyEvent, Baseline, Changed, Decided, Found
from pipeline.ledger.knowledge import Knowledge, Known, host
from pipeline.policy.content import emergency_word, signals
from pipeline.policy.identity import Identities, Subject, newest_of
from pipeline.policy.same_article import believable, is_index
from pipeline.policy.second_report import Reading, mark_of, novelty_of, told_lately
from pipeline.policy.sighting import UNSEEN_FOR, is_newer, is_retitled
from pipeline.policy.survey import Sighting, Survey, doubted, without_bursts
from pipeline.policy.trust import bare_pages

log = logging.getLogger("kadoma_line")

READ_WHOLE_FOR = 10  # minutes of each half hour, others in each hour: pages are read whatever their validators say


def judged(seen: Survey, knowledge: Knowledge, pages: Mapping[str, Page | PageProblem]) -> Survey:
    """The survey once its pages are read: a source whose new pages lack title or body is not trusted either."""
    doubts: dict[str, str] = {}
    for read in seen.reads:
        before = knowledge.sources.get(read.source)
        new = [s.entry.url for s in seen.sightings if s.source == read.source and s.is_news_by_its_list]
        looked_at = [pages[url] for url in new if url in pages]
        if read.state == "ok" and before is not None and looked_at:
            doubts[read.source] = bare_pages(looked_at, before.doubt)

    def doubted_too(s: Sighting) -> Sighting:
        doubt = doubts.get(s.source, "") if s.is_news_by_its_list else ""
        return s.stopped(Reason.UNTRUSTED_SOURCE, doubt) if doubt else s

    settled = {doubted(source, "").about for source in doubts}
    others = [alert for alert in seen.alerts if alert.about not in settled]
    return replace(
        seen,
        reads=tuple(replace(read, doubt=doubts.get(read.source, read.doubt)) for read in seen.reads),
        sightings=tuple(map(doubted_too, seen.sightings)),
        alerts=(*others, *(doubted(source, doubt) for source, doubt in doubts.items() if doubt)),
    )


def as_announced(
    config: Config, knowledge: Knowledge, seen: Survey, pages: Mapping[str, Page | PageProblem], reader: str
) -> dict[str, Page | PageProblem]:
    """The pages, but for those that do not show what their list announces; a report that stands in the list itself is a
    page of its own, read by the `reader` of this version."""
    words = config.policy.hours.emergency_words
    titles: dict[str, tuple[str, ...]] = {}
    stated: dict[str, Page | PageProblem] = {}
    for s in (*seen.baseline, *seen.sightings):
        url, page, known = s.entry.url, pages.get(s.entry.url), knowledge.find(s.entry.url)
        titles[url] = (s.entry.title,)
        if s.entry.text:
            stated[url] = Page(url, url, s.entry.title, s.entry.date, text=s.entry.text, read_as=reader)
        elif s.emergency and isinstance(page, Page) and signals(page.title, words):
            titles[url] = (page.title,)  # another report in its place, whatever its title was
        is_renamed = s.emergency and s.compare and known and is_retitled(s.entry.title, known)
        if is_renamed and known and mark_of(page) == known.mark != "":
            told = f"{url} is not yet what its list announces: 「{s.entry.title}」"
            stated[url] = PageProblem(url, "unreachable", told)
    return believable(pages, titles) | stated


def compared(
    now: datetime,
    config: Config,
    knowledge: Knowledge,
    seen: Survey,
    pages: Mapping[str, Page | PageProblem],
    *,
    listed: Container[str],
) -> Survey:
    """The survey once the pages of known emergencies are read again: what says something new is news, the rest is not.
    `listed`: addresses that the emergency lists show now."""
    told, words = told_lately(knowledge, now), config.policy.hours.emergency_words

    def read_again(s: Sighting) -> Sighting | Changed | None:
        """The sighting when it is news or for a person, what is noted of its article, or nothing."""
        page, known = pages.get(s.entry.url), knowledge.find(s.entry.url)
        if known is None and s.emergency and (old := _moved(knowledge, page, told, listed)) is not None:
            return Changed(at=now, article=old.id, url=s.entry.url)
        if not s.compare or known is None or s.verdict is not None:
            return s
        answer = novelty_of(Reading(now, s.entry, known, page, told, words, knowledge.waits(known)))
        if answer == "asked":
            return s.put("review", Reason.READ_OTHERWISE, "")
        if answer == "noted":
            return Changed(at=now, article=known.id, mark=mark_of(page), read_as=read_as(page))
        if answer == "renamed":
            return Changed(at=now, article=known.id, title=s.entry.title)
        return s if answer == "news" else None

    dated = [(s, _stood_there(s, pages.get(s.entry.url))) for s in seen.sightings]
    stood_there = [s for s, stood in dated if stood]
    others = [(s, read_again(s)) for s, stood in dated if not stood]
    baseline = (*seen.baseline, *stood_there)
    # As many pages at once say something else when the site was rebuilt around them.
    news = [answer for _, answer in others if isinstance(answer, Sighting)]
    sightings, bursts = without_bursts(news, config.delivery.burst_limit, read=True)
    alerts = [*seen.alerts, *bursts]
    # What stands there now, nobody knows.
    silent = [
        s.entry.url for s, answer in others if answer is None and s.emergency and _is_unread(pages.get(s.entry.url))
    ]
    unread = [known for known in map(knowledge.find, silent) if known and known.state == "sent"]
    if things := tuple(f"「{known.title[:60]}」　{known.url}" for known in unread):
        alerts.append(Alert("emergency-unread", "; ".join(things), " ".join(sorted(things)), things=things))
    fresh = [s.entry for s in baseline if s.emergency and _is_fresh(now, config, s, pages.get(s.entry.url))]
    if things := tuple(f"「{entry.title[:60]}」　{entry.url}" for entry in fresh):
        about = " ".join(sorted(entry.url for entry in fresh))
        alerts.append(Alert("emergency-known", "; ".join(things), about, things=things))
    changes = (*seen.changes, *(answer for _, answer in others if isinstance(answer, Changed)))
    return replace(seen, baseline=baseline, sightings=tuple(sightings), changes=changes, alerts=tuple(alerts))


def _stood_there(s: Sighting, page: Page | PageProblem | None) -> bool:
    """Whether the page is dated long before its list was first asked."""
    return bool(s.since and isinstance(page, Page) and page.date and page.date < s.since - UNSEEN_FOR)


def _is_unread(page: Page | PageProblem | None) -> bool:
    return isinstance(page, PageProblem) and page.code != "gone"


def _moved(
    knowledge: Knowledge, page: Page | PageProblem | None, told: Container[str], listed: Container[str]
) -> Known | None:
    """The report that went out lately with the same title and text, if its own address has left the lists."""
    said = mark_of(page)
    if said not in told:
        return None
    sent = (one for one in knowledge.articles.values() if one.emergency and one.state == "sent" and one.mark == said)
    return next((one for one in sent if one.url not in listed and one.post is None), None)


def _is_fresh(now: datetime, config: Config, s: Sighting, page: Page | PageProblem | None) -> bool:
    """Whether what an emergency list shows at its first reading may be news all the same, as after a ledger was lost: it is
    of the last day; or undated, and says so."""
    date = newest_of(s, page if isinstance(page, Page) else None)
    if date is None:
        return emergency_word(s.entry.title, config.policy.hours.emergency_words) != ""
    return now - date < UNSEEN_FOR


def reads_whole(now: datetime) -> bool:
    """Whether pages are read at this minute whatever their validators say."""
    return (now.minute + READ_WHOLE_FOR * now.hour) % 30 < READ_WHOLE_FOR


def conditions(now: datetime, knowledge: Knowledge, seen: Survey) -> dict[str, tuple[str, str]]:
    """Pages that need not be sent again if they are as they were, by address: ETag and Last-Modified.

    Only where the host's validators were seen to move with the text of its pages, and not in a third of the passes: a
    server that says "not modified" about a new report must not hide it, however regular the passes are.
    """
    if reads_whole(now):
        return {}
    asked = {}
    for s in seen.sightings:
        known = knowledge.find(s.entry.url)
        if not s.compare or known is None or known.state not in ("sent", "baseline") or not known.mark:
            continue
        as_listed = known.url == s.entry.url and not s.entry.text and "#" not in known.url
        stirred = is_retitled(s.entry.title, known) or is_newer(s.entry.date, known.seen)
        if as_listed and not stirred and knowledge.honest.get(host(known.url)) and (known.etag or known.last_modified):
            asked[known.url] = (known.etag, known.last_modified)
    return asked


def yet_to_come(pages: Mapping[str, Page | PageProblem], listed: Container[str]) -> dict[str, Page | PageProblem]:
    """What an emergency list shows is not gone, whatever its page answers: lists are written before pages."""
    return {
        url: PageProblem(url, "unreachable", page.detail)
        if url in listed and isinstance(page, PageProblem) and page.code in ("gone", "redirected")
        else page
        for url, page in pages.items()
    }


def masters(knowledge: Knowledge, seen: Survey, pages: Mapping[str, Page | PageProblem]) -> list[str]:
    """Addresses that new pages name as their original and of which nothing is known: to be read before they are believed."""
    new = [pages.get(s.entry.url) for s in seen.sightings if s.unseen and not s.emergency]
    named = [page.canonical for page in new if isinstance(page, Page) and page.canonical not in (page.url, *pages)]
    return [url for url in dict.fromkeys(named) if not is_index(url) and knowledge.find(url) is None]


def discoveries(
    now: datetime, run: str, knowledge: Knowledge, seen: Survey, pages: Mapping[str, Page | PageProblem]
) -> list[AnyEvent]:
    """The events of what was found. Validators come last: a batch torn by a crash never hides an article behind a 304."""
    noted: list[AnyEvent] = [
        Baseline(
            at=now, run=run, article=article_id(s.entry.url), url=s.entry.url, title=s.entry.title, source=s.source,
            date=s.entry.date, page_no=s.entry.page_no, emergency=s.emergency, mark=mark_of(page), read_as=read_as(page),
            **(_validators(page) if s.emergency else {}),
        )
        for s, page in ((s, pages.get(s.entry.url)) for s in seen.baseline)
    ]  # fmt: skip
    noted += [replace(change, at=now, run=run) for change in seen.changes]
    identities = Identities(knowledge, seen, pages)
    for s in seen.sightings:
        page = pages.get(s.entry.url)
        subject, page = _read_or_not(identities, s, page)
        if subject.is_told:
            noted.append(Alias(at=now, run=run, article=subject.id, url=s.entry.url, title=s.entry.title))
        if subject.is_told is not None:
            continue
        noted.append(_found(s, subject, page, now, run))
        decided = s.put("review", Reason.OTHER_ORIGINAL, subject.doubt) if subject.doubt and s.verdict is None else s
        if decided.verdict is not None and decided.reason is not None:
            decision = Decision(subject.id, decided.verdict, decided.reason, detail=decided.detail)
            noted.append(Decided.of(decision, now, run))
    return [*noted, *(replace(read, run=run) for read in seen.reads)]


def _read_or_not(
    identities: Identities, s: Sighting, page: Page | PageProblem | None
) -> tuple[Subject, Page | PageProblem | None]:
    """A page over which we stumble must not hide its article, nor the others: then it stands for itself, unread."""
    try:
        return identities.subject(s), page
    except Exception as error:
        log.error("%s: %s: %s", s.entry.url, type(error).__name__, error)
        return Subject(article_id(s.entry.url), s.entry.url), None


def _found(s: Sighting, subject: Subject, answer: Page | PageProblem | None, now: datetime, run: str) -> Found:
    page, known, kind = answer if isinstance(answer, Page) else None, subject.known, s.kind
    if s.compare and known:
        kind = "update" if known.broadcast or known.intent or known.state == "baseline" else known.kind
    elif known and s.unseen:
        kind = "update"
    date = (page.date if page else None) or s.entry.date
    newest = newest_of(s, page)
    title = (page.title if page else "") or s.entry.title
    return Found(
        at=now, run=run, article=subject.id, url=subject.url, title=title, source=s.source, kind=kind, date=date,
        page_no=s.entry.page_no, emergency=s.emergency, listed=subject.shortcut, seen=newest if newest != date else None,
        mark=mark_of(page), heading=s.entry.title if s.entry.title != title else "", read_as=read_as(page),
        **(_validators(page) if s.emergency else {}),
    )  # fmt: skip


def read_as(page: Page | PageProblem | None) -> str:
    return page.read_as if isinstance(page, Page) else ""


def _validators(page: Page | PageProblem | None) -> dict[str, str]:
    return {"etag": page.etag, "last_modified": page.last_modified} if isinstance(page, Page) else {}
