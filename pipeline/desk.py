"""The poster's desk: what authorised people (Art. 6) decide and post by hand."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from msgspec import Struct
from msgspec.structs import replace

from pipeline.article import Picture, article_id
from pipeline.config import Config
from pipeline.decision import Basis, Reason
from pipeline.ledger.events import AnyEvent, Approved, Posted, Refused, Settled
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.ledger.ledger import Ledger
from pipeline.policy.content import quotes
from pipeline.policy.hours import is_open
from pipeline.policy.posters import department_of, same_person
from pipeline.policy.same_article import plain
from pipeline.refusal import Refusal
from pipeline.report.find import find, find_broadcast

Action = Literal["approve", "reject", "emergency", "delivered", "not-delivered"]

AGAIN = timedelta(hours=24)  # within which the same post by hand needs a reason
SAYS_SOMETHING = 15  # letters of a text that is the same text under another title as well; 「詳しくは…」 is not
ADDRESS = re.compile(r"https?://[^\s<>「」『』（）、。]+")
FARTHEST = timedelta(days=90)  # ahead that a time may be chosen


class Draft(Struct, frozen=True):
    """A manual post as it was asked for; `picture` was looked at, `at` is aware."""

    basis: Basis
    title: str = ""
    url: str = ""
    text: str = ""
    emergency: bool = False
    why: str = ""
    corrects: str = ""
    quoted_from: str = ""
    picture: Picture | None = None
    at: datetime | None = None


class Signature(TypedDict):
    """Who answers for an event."""

    actor: str
    department: str
    approver: str
    origin: str


class Desk:
    """Decisions of one poster, recorded durably. Articles and broadcasts are named by their ids or addresses.

    Args:
        actor: GitHub login of who decides.
        approver: login of the reviewer who let the actor's workflow run through; as another poster, the second person.
        origin: the workflow run or comment that asks; what it asked for already is not done again.

    Raises:
        Refusal: the actor or the approver may not post (Art. 6); and whatever else cannot be done.
    """

    def __init__(self, config: Config, ledger: Ledger, actor: str, approver: str = "", origin: str = "") -> None:
        self._ledger, self._config, self._actor, self._approver = ledger, config, actor, approver
        self._department = department_of(actor, config.policy.posters)
        self._signature = Signature(actor=actor, department=self._department, approver=approver, origin=origin)
        other = approver and not same_person(approver, actor)
        self._second = department_of(approver, config.policy.posters) if other else ""

    def decide(self, action: Action, about: Sequence[str], why: str = "") -> list[Known]:
        """What form and replies ask for."""
        match action:
            case "approve" | "emergency":
                return self.approve(about, action == "emergency", why)
            case "reject":
                return self.reject(about, why)
            case "delivered" | "not-delivered":
                return self.resolve(about, action == "delivered", why)

    def approve(self, ids: Sequence[str], emergency: bool = False, why: str = "") -> list[Known]:
        """Release articles that wait; with `emergency` also outside the posting hours (Art. 7 proviso)."""

        def events(knowledge: Knowledge, now: datetime) -> list[AnyEvent]:
            decided: list[AnyEvent] = []
            for known in self._waiting(knowledge, ids):
                self._may_approve(known, emergency)
                post = known.post
                reason = why or (known.detail if known.reason == Reason.EMERGENCY_WORDS else "")
                reason = reason or (post.why if post and post.emergency else "")  # which this person has read
                if emergency and not reason:
                    raise Refusal("no-reason")
                decided += self._approvals(now, known.id, post, emergency, reason)
            return decided

        return self._record("approved", ids, events)

    def _may_approve(self, known: Known, emergency: bool) -> None:
        """Two persons (Art. 6) and the operator (Art. 8(4)), where a post needs them. Raises Refusal."""
        post, policy = known.post, self._config.policy
        if post is None:
            return
        alone = same_person(post.actor, self._actor) and not self._second
        if alone and (emergency or known.urgent) and policy.approval.two_persons_for_emergency:
            raise Refusal("second-person", id=known.id, actor=self._actor)
        operator = policy.responsible.operator
        if (known.state, known.reason) == ("review", Reason.OPERATOR_APPROVAL) and operator not in (
            self._department,
            self._second,
        ):
            raise Refusal("operator-approval", id=known.id, operator=operator)

    def reject(self, ids: Sequence[str], why: str = "") -> list[Known]:
        """Articles that shall not go out."""

        def events(knowledge: Knowledge, now: datetime) -> list[AnyEvent]:
            return [
                Refused(at=now, article=known.id, why=why, **self._signature) for known in self._waiting(knowledge, ids)
            ]

        return self._record("rejected", ids, events)

    def post(self, draft: Draft) -> Known:
        """Put a manual post into the queue; the next run decides on it like on everything else."""
        self._check(draft)
        now = self._ledger.now()
        article = (
            article_id(draft.url)
            if draft.url and not draft.corrects
            else article_id(f"{self._signature['origin'] or now.isoformat()} {draft.title} {draft.text}")
        )

        def events(knowledge: Knowledge, now: datetime) -> list[AnyEvent]:
            wrong = self._found(knowledge, draft.corrects) if draft.corrects else None
            if wrong is not None and not wrong.broadcast:
                raise Refusal("never-sent", id=wrong.id)
            self._may_change(knowledge, article)
            if not draft.why and (before := _same_before(draft, self._config, knowledge, now)):
                raise Refusal("posted-before", id=before.id, title=before.title)
            picture = draft.picture
            posted = Posted(
                at=now, article=article, basis=draft.basis, title=draft.title, url=draft.url, text=draft.text, why=draft.why,
                emergency=draft.emergency, corrects=wrong.id if wrong else "", quoted_from=draft.quoted_from,
                picture=picture.url if picture else "", picture_size=(picture.width, picture.height) if picture else (0, 0),
                not_before=draft.at, **self._signature,
            )  # fmt: skip
            return [
                posted,
                *(self._approvals(now, article, posted, draft.emergency, draft.why) if self._second else ()),
            ]

        return self._record("posted", [article], events)[0]

    def resolve(self, broadcasts: Sequence[str], delivered: bool, why: str = "") -> list[Known]:
        """Settle broadcasts whose outcome is unknown; not delivered puts their articles back in the queue."""

        def events(knowledge: Knowledge, now: datetime) -> list[AnyEvent]:
            settled: list[AnyEvent] = []
            for one in broadcasts:
                known = find_broadcast(self._config, knowledge, one)
                if known is None:
                    raise Refusal("unknown-broadcast", id=one)
                if known.outcome != "unknown":
                    raise Refusal("settled-broadcast", id=known.id, state=known.outcome)
                settled.append(Settled(at=now, broadcast=known.id, delivered=delivered, why=why, **self._signature))
            return settled

        return self._record("delivered" if delivered else "not delivered", broadcasts, events)

    def _approvals(self, now: datetime, article: str, post: Posted | None, emergency: bool, why: str) -> list[AnyEvent]:
        """The yes of one's own, unless it is one's own post; and the reviewer's, last, because the last one counts."""
        own = Approved(at=now, article=article, emergency=emergency, why=why, **self._signature)
        reviewers = [replace(own, actor=self._approver, department=self._second)] if self._second else []
        ones_own_post = post is not None and same_person(post.actor, self._actor)
        return [*reviewers] if reviewers and ones_own_post else [own, *reviewers]

    def _check(self, draft: Draft) -> None:
        if not draft.url and not (draft.text and draft.title):
            raise Refusal("no-content")
        if draft.emergency and not draft.why:
            raise Refusal("no-reason")
        if draft.basis == "8(1)" and not draft.url and not draft.corrects:
            raise Refusal("no-url")
        if draft.at is not None:
            self._may_be_then(draft.at)
        if (found := quotes(draft.text)) and not draft.quoted_from:
            raise Refusal("no-quotation-source", found=found)

    def _may_be_then(self, at: datetime) -> None:
        """A time that a poster chose lies in the posting hours (Art. 7). Raises Refusal."""
        now = self._ledger.now()
        if not now < at < now + FARTHEST:
            raise Refusal("time-passed", when=at.isoformat())
        if not is_open(at, self._config.policy.hours):
            raise Refusal("closed-then", when=at.isoformat())

    def _waiting(self, knowledge: Knowledge, ids: Sequence[str]) -> list[Known]:
        queue = {known.id for known in knowledge.queue()}
        found = list({(known := self._found(knowledge, one)).id: known for one in ids}.values())
        for known in found:
            self._may_change(knowledge, known.id)
            if known.id not in queue:
                raise Refusal("not-waiting", id=known.id, state="tried" if knowledge.tried(known) else known.state)
        return found

    def _found(self, knowledge: Knowledge, wanted: str) -> Known:
        known = find(self._config, knowledge, wanted)
        if known is None:
            raise Refusal("unknown-article", id=wanted)
        return known

    @staticmethod
    def _may_change(knowledge: Knowledge, article: str) -> None:
        """What is on its way is left alone. Raises Refusal."""
        if article in knowledge.flying:
            raise Refusal("open-broadcast", id=article)

    def _record(
        self, verb: str, about: Sequence[str], events: Callable[[Knowledge, datetime], list[AnyEvent]]
    ) -> list[Known]:
        """Record what shall happen, unless it was done already; returns the articles that it is about."""
        ledger = self._ledger
        done: list[str] = []

        def asked() -> list[AnyEvent]:
            nonlocal done
            if before := ledger.knowledge.deeds.get(self._signature["origin"]):
                done = list(before.articles)
                return []
            made = [replace(event, run=ledger.run) for event in events(ledger.knowledge, ledger.now())]
            done = [article for event in made if (article := getattr(event, "article", ""))]
            return made

        ledger.record_decided(f"{verb}: {', '.join(about)} by {self._actor} ({self._department}, Art. 6)", asked)
        known = ledger.knowledge.articles
        return [known[article] for article in dict.fromkeys(done) if article in known]


def _same_before(draft: Draft, config: Config, knowledge: Knowledge, now: datetime) -> Known | None:
    """The same page or the same words, posted by hand or sent by itself within a day: more likely a slip than news."""
    if draft.corrects:
        return None
    named = {known.id for one in (draft.url, *ADDRESS.findall(draft.text)) if (known := find(config, knowledge, one))}
    title, text = plain(draft.title), plain(draft.text)
    for known in knowledge.articles.values():
        sent = knowledge.archive.get(known.broadcast)
        moments = [*([known.post.at] if known.post and known.state != "skipped" else ()), *([sent.at] if sent else ())]
        if not any(now - at < AGAIN for at in moments) or (knowledge.tried(known) and not config.shadow):
            continue
        if known.id in named:
            return known
        if draft.url:
            continue
        same_title = title in (plain(known.title), plain(known.heading))
        same_text = known.post is not None and text == plain(known.post.text)
        if (same_text and (same_title or len(text) >= SAYS_SOMETHING)) or (same_title and known.url):
            return known
    return None
