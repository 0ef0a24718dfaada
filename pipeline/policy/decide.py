"""Whether and when each waiting article goes out: a chain of rules, the first that answers decides.

Pure: everything a rule may look at is in its `Case`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Page, PageProblem
from pipeline.config import JST, Config, duration
from pipeline.decision import Basis, Decision, Reason, Shows, Verdict
from pipeline.ledger.events import Chosen
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy import hours
from pipeline.policy.case import Case, LineState, Rule, said_by, title_of
from pipeline.policy.content import is_garbled, mark
from pipeline.policy.gates import GATES, its_time_has_come
from pipeline.policy.posters import same_person
from pipeline.policy.same_article import is_index, named_alike, plain
from pipeline.policy.second_report import gone_out_lately, mark_of, told_lately

UPDATE_LIVES = timedelta(hours=24)  # an update that found no broadcast to ride along with is dropped
LONGEST_TITLE = 200  # characters; a longer "title" is a mistake in the page
FUTURE_TOLERANCE = timedelta(days=1)
CAPACITY = 59  # bubbles in one broadcast: 5 carousels of 12, one bubble for the list card (LINE's limits)


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


def chain(case: Case, rules: Sequence[Rule]) -> list[tuple[str, Decision | None]]:
    """Every rule asked and its answer, for `explain`; the first answer is the one that counts."""
    return [(rule.__name__, _counts(rule, case, _ask(rule, case))) for rule in rules]


def _first_answer(case: Case, rules: Sequence[Rule]) -> Decision:
    return next(answer for rule in rules if (answer := _counts(rule, case, _ask(rule, case))) is not None)


def _ask(rule: Rule, case: Case) -> Decision | None:
    """A mistake of ours about one article must not keep the others from being decided on."""
    try:
        return rule(case)
    except Exception as error:
        return case.decision("hold", Reason.UNEXPECTED, f"{rule.__name__}: {type(error).__name__}: {error}")


def _counts(rule: Rule, case: Case, answer: Decision | None) -> Decision | None:
    """The answer, unless it is a doubt that only costs the details."""
    costs_details = rule in DOUBTS and case.goes_anyway and answer is not None and answer.verdict != "skip"
    return None if costs_details else answer


def doubt_of(case: Case) -> tuple[Shows, str]:
    """How much of an emergency goes out, and the reason of the doubt that costs the rest ("" for none)."""
    if not case.goes_anyway:
        return "all", ""
    answers = [answer for rule in DOUBTS if (answer := _ask(rule, case)) is not None and answer.verdict != "skip"]
    if not answers:
        return "all", ""
    bare = replace(case, page=None, known=replace(case.known, title=title_of(case)))
    about_title = not title_of(case) or any(_ask(rule, bare) for rule in ABOUT_TITLE)
    return "neutral" if about_title else "title", str(answers[0].reason)


def page_is_there(case: Case) -> Decision | None:
    """Art. 8(1): what goes out stands on the homepage. An emergency goes out with its title when its page cannot be had."""
    problem = case.page
    if not isinstance(problem, PageProblem):
        return None
    decided: dict[str, tuple[Verdict, Reason]] = {
        "gone": ("skip", Reason.GONE),
        "redirected": ("skip", Reason.REDIRECTED),
        "malformed": ("review", Reason.PAGE_MALFORMED),
        "robots": ("review", Reason.PAGE_FORBIDDEN),  # does not become readable by itself
    }
    verdict, reason = decided.get(problem.code, ("hold", Reason.PAGE_UNREACHABLE))
    if verdict != "skip" and case.is_emergency and case.known.post and case.known.title:
        return None
    if verdict == "hold" and problem.code != "other-title" and case.asks_at_night:
        return None  # a person is asked about it now, not when its page can be had
    return replace(case.decision(verdict, reason, problem.detail), stands=problem.title)


def is_one_article(case: Case) -> Decision | None:
    """Art. 8(1): one article under several addresses goes out once. An original with another title is none, and a person
    looks; an emergency is the same only with the same title and text."""
    owner = case.knowledge.articles.get(case.knowledge.aliases.get(case.known.url, ""))
    if owner is not None and owner.id != case.known.id and case.known.post is None and _is_out(owner, case.knowledge):
        return case.decision("skip", Reason.DUPLICATE, owner.url)  # a poster posted a shortcut to it
    page = case.page
    if not isinstance(page, Page):
        return None
    alone = case.goes_anyway or case.known.post is not None or case.known.approved_by
    if not alone and mark_of(page) in told_lately(case.knowledge, case.now):
        return case.decision("skip", Reason.DUPLICATE, case.known.url)  # these words went out as an emergency
    if page.canonical == case.known.url or is_index(page.canonical):
        return None
    master = case.knowledge.find(page.canonical)
    if master is None or master.id == case.known.id:
        return None
    if case.known.post is not None:
        return None
    if case.goes_anyway:
        same = master.mark == mark_of(page) and _is_out(master, case.knowledge)
        return case.decision("skip", Reason.DUPLICATE, page.canonical) if same else None
    if named_alike(page.title, master.title):
        return case.decision("skip", Reason.DUPLICATE, page.canonical)
    if case.known.approved_by:
        return None
    return case.decision("review", Reason.OTHER_ORIGINAL, f"{page.title} ≠ {master.title} ({page.canonical})")


def _is_out(known: Known, knowledge: Knowledge) -> bool:
    return bool(known.broadcast) or known.id in knowledge.flying


def text_is_readable(case: Case) -> Decision | None:
    """Art. 8: what was read in the wrong encoding is not shown to anybody."""
    title, page = title_of(case), case.page
    text = f"{title}\n{page.text}" if isinstance(page, Page) else title
    allowed = Reason.GARBLED in case.known.cleared and "\ufffd" not in text
    return case.decision("review", Reason.GARBLED) if is_garbled(text) and not allowed else None


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
    known, page = case.known, case.page
    if known.approved_by or known.post is not None or (case.is_emergency and known.kind == "update"):
        return None
    date = (page.date if isinstance(page, Page) else None) or known.date
    if date is None:
        return None if case.is_emergency else case.decision("review", Reason.UNDATED)
    if date > case.now + FUTURE_TOLERANCE:
        return case.decision("review", Reason.FUTURE_DATE, date.astimezone(JST).date().isoformat())
    could_go = (
        known.found if case.is_emergency else hours.next_opening(known.found, case.config.policy.hours) or known.found
    )
    age = (known.found - date) + max(timedelta(0), case.now - could_go)
    if age > duration(case.config.delivery.stale_after):
        return case.decision("review", Reason.STALE, date.astimezone(JST).date().isoformat())
    return None


def holds_no_personal_data(case: Case) -> Decision | None:
    """Art. 12: personal data is never sent without a person having looked at it: a yes for another reason is none to this,
    nor one to another text."""
    known, post, page = case.known, case.known.post, case.page
    mark = mark_of(page)
    if Reason.PERSONAL_DATA in known.cleared and (mark == known.cleared_mark or not (mark and known.cleared_mark)):
        return None
    texts = [known.title, *((post.text, post.quoted_from) if post else ())]
    if isinstance(page, Page):
        texts += [page.title, page.text, page.department, page.contact, page.picture.alt if page.picture else ""]
        texts += [attachment.title for attachment in page.attachments]
    found = _personal_data("\n".join(texts), case.config.policy.personal_data.own_domains)
    if not found:
        return None
    return replace(case.decision("review", Reason.PERSONAL_DATA, found), mark=mark)


@lru_cache(100)  # each pass asks about what waits, and twice about what goes
def _personal_data(text: str, own_domains: tuple[str, ...]) -> str:
    from pipeline.policy.personal_data import personal_data  # only here: its patterns take long to compile

    return personal_data(text, own_domains)


def update_is_wanted(case: Case) -> Decision | None:
    """Edits (Art. 8(1)): a republished page goes out as [delivery] updates says. An emergency's new words are news, and so is
    what a title says with an emergency word."""
    known, mode = case.known, case.config.delivery.updates
    if known.kind != "update" or known.approved_by or case.is_emergency or case.says_emergency or mode == "announce":
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
    lately = gone_out_lately(case.knowledge, case.now)
    same = next((broadcast.id for broadcast in lately if mark in broadcast.fingerprints), "")
    return case.decision("review", Reason.REPEATED_EMERGENCY, same) if same else None


def goes_out(case: Case) -> Decision:
    """Art. 7 and 8: nothing speaks against it."""
    if case.known.approved_by:
        return replace(case.decision("send", Reason.APPROVED, case.known.approved_by), shows=doubt_of(case)[0])
    shows, doubt = doubt_of(case)
    reason = Reason.EMERGENCY if case.is_emergency else Reason.DUE
    return replace(case.decision("send", reason, doubt), shows=shows)


def rides_along(case: Case) -> Decision:
    """An update goes along with news."""
    return case.decision("send", Reason.RIDE_ALONG)


# A poster's yes overrides what a person can judge: trust, date, title, repetition, edits; personal data only when it
# was asked about. It never overrides that the page must be there, nor the gates: hours (but with --emergency), frequency, LINE.
RULES: tuple[Rule, ...] = (
    page_is_there,
    is_one_article,
    waits_for_a_person,
    text_is_readable,
    holds_no_personal_data,
    second_person,
    operator_agrees,
    title_is_usable,
    its_time_has_come,
    is_fresh,
    emergency_is_not_repeated,
    update_is_wanted,
    *GATES,
    goes_out,
)
RIDING: tuple[Rule, ...] = (*GATES, rides_along)
# What these find costs an emergency its details; what is found in the title alone, also the title.
DOUBTS: tuple[Rule, ...] = (page_is_there, text_is_readable, holds_no_personal_data, title_is_usable, is_fresh)
ABOUT_TITLE: tuple[Rule, ...] = (text_is_readable, holds_no_personal_data, title_is_usable)


def fingerprint(case: Case) -> str:
    """What makes two emergencies the same: title and text; title and address, where only those go out."""
    if case.known.post:
        return mark(title_of(case), case.page.text if isinstance(case.page, Page) else case.known.post.text)
    if isinstance(case.page, Page) and doubt_of(case)[0] == "all":
        return mark(title_of(case), case.page.text)
    return mark(title_of(case), case.known.url)


def chosen_of(case: Case, decision: Decision, basis: Basis) -> Chosen:
    """What is recorded of an article that goes out."""
    known, page = case.known, case.page
    read = page if isinstance(page, Page) else None
    return Chosen(
        known.id, decision.reason, decision.policy, basis, (read.date if read else None) or known.date,
        read.department if read else "", decision.shows, "" if decision.shows == "all" else doubt_of(case)[1], mark_of(page),
        said_by(case) if known.urgent or case.word else (), read.read_as if read else "",
    )  # fmt: skip


def is_original(case: Case, page: Page) -> bool:
    """Whether the address that the page names is another one of this article: what a list shows there is no news then."""
    if page.canonical == case.known.url or is_index(page.canonical) or case.goes_anyway:
        return False
    master = case.knowledge.find(page.canonical)
    return master is None or master.id == case.known.id or named_alike(page.title, master.title)


def _each_once(decisions: Sequence[Decision], cases: Sequence[Case]) -> list[Decision]:
    """Of articles whose pages name the same original only the first goes out; nor the same emergency twice."""
    result: dict[str, Decision] = {}
    gone_out: set[str] = set()
    urgent_first = sorted(zip(decisions, cases, strict=True), key=lambda pair: not pair[1].known.urgent)
    for given, case in urgent_first:
        decision = given
        if decision.verdict == "send" and case.page is not None:
            title = plain(title_of(case))
            own, named = f"{case.known.url} {title}", ""
            if isinstance(case.page, Page) and not is_index(case.page.canonical):
                named = f"{case.page.canonical} {title}"
            mark = fingerprint(case) if case.is_emergency and not (case.known.approved_by or case.known.post) else ""
            if {own, named} & gone_out and not (case.is_emergency and mark not in gone_out):
                decision = case.decision("skip", Reason.DUPLICATE, case.known.url)
            elif mark in gone_out:
                decision = case.decision("review", Reason.REPEATED_EMERGENCY, case.known.url)
            else:
                gone_out |= {own, named, mark} - {""}
        result[case.known.id] = decision
    return [result[case.known.id] for case in cases]


def _within_capacity(decisions: list[Decision], cases: Sequence[Case]) -> list[Decision]:
    """What does not fit into one broadcast goes with the next one."""
    room, result = CAPACITY, []
    for decision, case in zip(decisions, cases, strict=True):
        counts = decision.verdict == "send" and not case.known.urgent
        result.append(case.decision("hold", Reason.NEXT_BROADCAST) if counts and not room else decision)
        room -= counts and room > 0
    return result
