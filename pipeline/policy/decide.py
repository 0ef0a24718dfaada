"""Whether and when each waiting article goes out: a chain of rules, the first that answers decides.

Pure: everything a rule may look at is in its `Case`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from pipeline.article import Page, PageProblem, article_id
from pipeline.config import JST, Config, duration
from pipeline.decision import Decision, Reason, Verdict
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy import hours
from pipeline.policy.content import emergency_word
from pipeline.policy.posters import same_person

UPDATE_LIVES = timedelta(hours=24)  # an update that found no broadcast to ride along with is dropped
QUOTA_PAUSE = timedelta(hours=1)  # after "monthly limit": it can be transient while another delivery reserves it
LONGEST_TITLE = 200  # characters; a longer "title" is a mistake in the page
FUTURE_TOLERANCE = timedelta(days=1)
LIST_BEFORE_PAGE = timedelta(minutes=30)  # a list can be written before the page; an emergency is not dropped for that
CAPACITY = 59  # bubbles in one broadcast: 5 carousels of 12, one bubble for the list card (LINE's limits)


# full: the monthly limit is reached; partly: LINE is there, but something that normal broadcasts ask of it is not
LineState = Literal["ok", "full", "partly", "down"]


class Case(Struct, frozen=True):
    """One article before the rules. `page` is None as long as it was not fetched."""

    now: datetime
    config: Config
    knowledge: Knowledge
    known: Known
    page: Page | PageProblem | None = None
    line: LineState = "ok"

    def decision(self, verdict: Verdict, reason: Reason, detail: str = "", until: datetime | None = None) -> Decision:
        return Decision(self.known.id, verdict, reason, until, detail)

    @property
    def is_emergency(self) -> bool:
        """From an emergency source, or posted as one."""
        return self.known.emergency

    @property
    def word(self) -> str:
        """The first emergency word of the title, as the list has it or as the page now says ("" for none)."""
        return emergency_word(f"{self.known.title}\n{title_of(self)}", self.config.policy.hours.emergency_words)

    @property
    def jumps_the_queue(self) -> bool:
        """Exempt from the frequency rules."""
        return self.known.urgent or self.known.kind == "correction" or bool(self.word)


Rule = Callable[[Case], Decision | None]


class Plan(Struct, frozen=True):
    """`missing`: addresses whose pages must be fetched (again) before these decisions can stand."""

    decisions: tuple[Decision, ...]
    missing: tuple[str, ...]

    def due(self, knowledge: Knowledge, urgent: bool) -> list[Decision]:
        """What goes out now, oldest first; urgent articles make a broadcast of their own."""
        sent = [decision for decision in self.decisions if decision.verdict == "send"]
        return [decision for decision in sent if knowledge.articles[decision.article].urgent == urgent]


def decide(
    now: datetime,
    config: Config,
    knowledge: Knowledge,
    pages: Mapping[str, Page | PageProblem],
    line: LineState = "ok",
) -> Plan:
    """Decide on every article in the queue or in review.

    `pages` are those fetched in this run, by the address asked for; an article is only sent with a page of this run,
    so that what goes out is what stands there now.
    """
    cases = [Case(now, config, knowledge, known, pages.get(known.url), line) for known in knowledge.queue()]
    decisions = [_first_answer(case, RULES) for case in cases]
    news = [d for d, case in zip(decisions, cases, strict=True) if d.verdict == "send" and not case.known.urgent]
    decisions = [
        _first_answer(case, RIDING) if d.reason == Reason.WAITS_FOR_NEWS and news else d
        for d, case in zip(decisions, cases, strict=True)
    ]
    decisions = _within_capacity(_each_once(decisions, cases), cases)
    missing = tuple(
        case.known.url
        for d, case in zip(decisions, cases, strict=True)
        if d.verdict == "send" and case.known.url and case.page is None
    )
    return Plan(tuple(decisions), missing)


def chain(case: Case) -> list[tuple[str, Decision | None]]:
    """Every rule asked and its answer, for `explain`; the first answer is the one that counts."""
    return [(rule.__name__, rule(case)) for rule in RULES]


def _first_answer(case: Case, rules: Sequence[Rule]) -> Decision:
    return next(answer for rule in rules if (answer := rule(case)) is not None)


def page_is_there(case: Case) -> Decision | None:
    """Art. 8(1): what goes out stands on the homepage. An emergency goes out with its title when its page cannot be had."""
    if not isinstance(case.page, PageProblem):
        if isinstance(case.page, Page) and case.page.canonical != case.known.url and case.known.post is None:
            master = case.knowledge.find(case.page.canonical)
            if master is not None and master.id != case.known.id:
                return case.decision("skip", Reason.DUPLICATE, case.page.canonical)
        return None
    problem = case.page
    if problem.code == "gone" and case.is_emergency and case.now - case.known.found < LIST_BEFORE_PAGE:
        return case.decision("hold", Reason.PAGE_UNREACHABLE, problem.detail)
    if problem.code == "gone":
        return case.decision("skip", Reason.GONE, problem.detail)
    if problem.code == "redirected":
        return case.decision("skip", Reason.REDIRECTED, problem.detail)
    if case.is_emergency and case.known.title:
        return None
    if problem.code == "malformed":
        return case.decision("review", Reason.PAGE_MALFORMED, problem.detail)
    if problem.code == "robots":  # does not become readable by itself
        return case.decision("review", Reason.PAGE_FORBIDDEN, problem.detail)
    return case.decision("hold", Reason.PAGE_UNREACHABLE, problem.detail)


def second_person(case: Case) -> Decision | None:
    """Art. 6: a manual emergency post waits for a second poster."""
    post = case.known.post
    if post is None or not case.known.urgent or not case.config.policy.approval.two_persons_for_emergency:
        return None
    if case.known.approved_by and not same_person(case.known.approved_by, post.actor):
        return None
    return case.decision("review", Reason.SECOND_PERSON, post.actor)


def operator_agrees(case: Case) -> Decision | None:
    """Art. 8(4): what is neither on the homepage nor an emergency goes out when the operator (Art. 5) finds it fit.
    A correction need not wait: it puts right what went out already."""
    post, policy = case.known.post, case.config.policy
    if post is None or post.basis != "8(4)" or post.corrects or policy.responsible.operator not in policy.posters:
        return None
    if policy.responsible.operator in (post.department, *case.known.approved_for):
        return None
    return case.decision("review", Reason.OPERATOR_APPROVAL, post.department)


def waits_for_a_person(case: Case) -> Decision | None:
    """Once in review, only a person's decision gets an article out of it."""
    if case.known.state != "review" or not case.known.reason:
        return None
    return Decision(case.known.id, "review", Reason(case.known.reason), None, case.known.detail)


def title_is_usable(case: Case) -> Decision | None:
    """Art. 8: an article without a title, or with a whole text in its place, is a mistake in the page."""
    title = title_of(case)
    if not title and case.known.url and case.page is None:
        return None  # a page posted by its address: it is read before it goes out
    if not title:
        return case.decision("review", Reason.NO_TITLE)
    if len(title) > LONGEST_TITLE and not case.known.approved_by:
        return case.decision("review", Reason.LONG_TITLE, f"{len(title)} > {LONGEST_TITLE}")
    return None


def is_fresh(case: Case) -> Decision | None:
    """Art. 8: old pages never go out by themselves. The age counts up to the moment when the article first could go out:
    hours that were closed do not make it old."""
    known = case.known
    if known.approved_by or known.post is not None:
        return None
    if known.date is None:
        return None if case.is_emergency else case.decision("review", Reason.UNDATED)
    if known.date > case.now + FUTURE_TOLERANCE:
        return case.decision("review", Reason.FUTURE_DATE, known.date.astimezone(JST).date().isoformat())
    could_go = (
        known.found if case.is_emergency else hours.next_opening(known.found, case.config.policy.hours) or known.found
    )
    age = (known.found - known.date) + max(timedelta(0), case.now - could_go)
    if age > duration(case.config.delivery.stale_after):
        return case.decision("review", Reason.STALE, known.date.astimezone(JST).date().isoformat())
    return None


def holds_no_personal_data(case: Case) -> Decision | None:
    """Art. 12: personal data is never sent without a person having looked at it: a yes for another reason is none to this."""
    if Reason.PERSONAL_DATA in case.known.cleared:
        return None
    from pipeline.policy.personal_data import personal_data  # only here, because its patterns take 10 ms to compile

    texts = [case.known.title, case.known.post.text if case.known.post else ""]
    if isinstance(case.page, Page):
        texts += [case.page.title, case.page.text, *(attachment.title for attachment in case.page.attachments)]
    found = personal_data("\n".join(texts), case.config.policy.personal_data.own_domains)
    return case.decision("review", Reason.PERSONAL_DATA, found) if found else None


def update_is_wanted(case: Case) -> Decision | None:
    """Edits (Art. 8(1)): a republished page goes out as [delivery] updates says. An emergency's new words are news."""
    known, mode = case.known, case.config.delivery.updates
    if known.kind != "update" or known.approved_by or case.is_emergency or mode == "announce":
        return None
    if mode == "ignore":
        return case.decision("skip", Reason.UPDATE_IGNORED)
    if mode == "review":
        return case.decision("review", Reason.UPDATE_REVIEW)
    if case.now - known.found >= UPDATE_LIVES:
        return case.decision("skip", Reason.UPDATE_EXPIRED)
    return case.decision("hold", Reason.WAITS_FOR_NEWS, until=known.found + UPDATE_LIVES)


def emergency_is_not_repeated(case: Case) -> Decision | None:
    """Art. 8(3): the same emergency text within 24 hours is more likely a fault than news."""
    if not case.is_emergency or case.known.approved_by:
        return None
    mark = fingerprint(case)
    for broadcast in case.knowledge.broadcasts.values():
        if (
            broadcast.outcome != "rejected"
            and case.now - broadcast.at < timedelta(hours=24)
            and mark in broadcast.fingerprints
        ):
            return case.decision("review", Reason.REPEATED_EMERGENCY, broadcast.id)
    return None


def is_not_paused(case: Case) -> Decision | None:
    """Art. 5: the operator can stop everything (`paused = true`)."""
    return case.decision("hold", Reason.PAUSED) if case.config.paused else None


def hours_are_open(case: Case) -> Decision | None:
    """Art. 7: Monday to Friday, 9:00 to 17:30, no holidays; otherwise held until the next opening."""
    rules = case.config.policy.hours
    if case.known.urgent:
        return None
    if not hours.is_open(case.now, rules):
        reason = Reason.EMERGENCY_WORDS if case.word else Reason.CLOSED_HOURS
        return case.decision("hold", reason, case.word, hours.next_opening(case.now, rules))
    closing = hours.closes_at(case.now, rules)
    if case.now >= closing - duration(case.config.delivery.close_margin) and not case.word:
        return case.decision("hold", Reason.CLOSE_MARGIN, until=hours.next_opening(closing, rules))
    return None


def not_too_often(case: Case) -> Decision | None:
    """Frequency (Art. 7): a pause between normal broadcasts and at most so many a day; what waits is bundled."""
    if case.jumps_the_queue:
        return None
    sent = [b.at for b in case.knowledge.broadcasts.values() if not b.emergency and b.outcome != "rejected"]
    free = max(sent) + duration(case.config.delivery.min_interval) if sent else case.now
    if free > case.now:
        return case.decision("hold", Reason.MIN_INTERVAL, until=hours.next_opening(free, case.config.policy.hours))
    today = case.now.astimezone(JST).date()
    if sum(at.astimezone(JST).date() == today for at in sent) >= case.config.delivery.max_per_day:
        tomorrow = datetime.combine(today + timedelta(days=1), datetime.min.time(), JST)
        return case.decision("hold", Reason.MAX_PER_DAY, until=hours.next_opening(tomorrow, case.config.policy.hours))
    return None


def quota_has_room(case: Case) -> Decision | None:
    """Art. 5: the month's messages are used up; tried again when there may be room. An emergency is always tried: LINE's
    own refusal costs nothing."""
    if case.known.urgent:
        return None
    refused = [
        b.answered
        for b in case.knowledge.broadcasts.values()
        if b.outcome == "rejected" and b.code == "quota" and b.answered
    ]
    again = max(refused) + QUOTA_PAUSE if refused else case.now
    if again > case.now:
        return case.decision("hold", Reason.QUOTA, until=again)
    return case.decision("hold", Reason.QUOTA) if case.line == "full" else None


def line_is_there(case: Case) -> Decision | None:
    """Art. 5: without LINE, or with the wrong account (Art. 3), everything waits for the next run; an emergency only then."""
    missing = case.line == "down" or (case.line == "partly" and not case.known.urgent)
    return case.decision("hold", Reason.LINE_UNAVAILABLE) if missing else None


def goes_out(case: Case) -> Decision:
    """Art. 7 and 8: nothing speaks against it."""
    if case.known.approved_by:
        return case.decision("send", Reason.APPROVED, case.known.approved_by)
    return case.decision("send", Reason.EMERGENCY if case.is_emergency else Reason.DUE)


def rides_along(case: Case) -> Decision:
    """An update goes along with news."""
    return case.decision("send", Reason.RIDE_ALONG)


# A poster's yes overrides what a person can judge: trust, date, title, repetition, edits; personal data only when it
# was asked about. It never overrides that the page must be there, nor the gates: hours (but with --emergency), frequency, LINE.
GATES: tuple[Rule, ...] = (is_not_paused, hours_are_open, not_too_often, quota_has_room, line_is_there)
RULES: tuple[Rule, ...] = (
    page_is_there,
    waits_for_a_person,
    holds_no_personal_data,
    second_person,
    operator_agrees,
    title_is_usable,
    is_fresh,
    emergency_is_not_repeated,
    update_is_wanted,
    *GATES,
    goes_out,
)
RIDING: tuple[Rule, ...] = (*GATES, rides_along)


def title_of(case: Case) -> str:
    """The title as it stands there now."""
    return case.page.title if isinstance(case.page, Page) else case.known.title


def fingerprint(case: Case) -> str:
    """What makes two emergency texts the same: title and body, without white space."""
    text = case.page.text if isinstance(case.page, Page) else case.known.post.text if case.known.post else ""
    return article_id("".join((title_of(case) + text).split()))


def _each_once(decisions: Sequence[Decision], cases: Sequence[Case]) -> list[Decision]:
    """Of articles whose pages name the same canonical address only the first goes out; nor the same emergency twice."""
    result: list[Decision] = []
    gone_out: set[str] = set()
    for given, case in zip(decisions, cases, strict=True):
        decision = given
        if decision.verdict == "send" and case.page is not None and case.known.post is None:
            url = case.page.canonical if isinstance(case.page, Page) else case.known.url
            mark = fingerprint(case) if case.is_emergency and not case.known.approved_by else ""
            if url in gone_out:
                decision = case.decision("skip", Reason.DUPLICATE, url)
            elif mark in gone_out:
                decision = case.decision("review", Reason.REPEATED_EMERGENCY, case.known.url)
            gone_out |= {url, mark} - {""}
        result.append(decision)
    return result


def _within_capacity(decisions: list[Decision], cases: Sequence[Case]) -> list[Decision]:
    """What does not fit into one broadcast goes with the next one."""
    room, result = CAPACITY, []
    for decision, case in zip(decisions, cases, strict=True):
        counts = decision.verdict == "send" and not case.known.urgent
        result.append(case.decision("hold", Reason.NEXT_BROADCAST) if counts and not room else decision)
        room -= counts and room > 0
    return result
