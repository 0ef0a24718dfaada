"""The outbox: record the intent, only then broadcast, then record the outcome; and finish what a dead run left open.

The guarantee, in one place: a broadcast leaves only under an intent that is recorded (pushed), always as the same bytes
under the same retry key, and never later than 23 hours after the intent, because LINE forgets a key after 24. Only
a refusal of every try by the one run that may send puts its articles back in the queue.
"""

import hashlib
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from pipeline.article import Item, Page, PageProblem
from pipeline.config import Config
from pipeline.decision import Decision, Reason
from pipeline.ledger import store
from pipeline.ledger.events import Alias, Attempt, Decided, Intent, Outcome
from pipeline.ledger.knowledge import BroadcastKnown
from pipeline.ledger.ledger import Ledger, LostRace
from pipeline.line.answers import LineError
from pipeline.line.client import Answer, LineClient, LostInTranslation, Quota
from pipeline.line.shadow import CODE as SHADOW
from pipeline.line.shadow import Shadow
from pipeline.policy.case import Case, LineState
from pipeline.policy.content import basis_of
from pipeline.policy.decide import Plan, chosen_of, fingerprint, is_original
from pipeline.policy.hours import is_open
from pipeline.world import World

log = logging.getLogger("kadoma_line")

KEY_LIVES = timedelta(hours=23)  # LINE repeats nothing under a retry key for 24 h after the first request
SPLIT_AT_MOST = 6  # halvings when LINE refuses a broadcast that it had called valid
REFUSALS = 6  # broadcasts refused in a row after which LINE is asked no more in this pass
HARMLESS = ({"type": "text", "text": "OK"},)  # never sent: LINE's check refuses it only when LINE itself is the trouble

PagesRead = Mapping[str, Page | PageProblem]  # by the canonical URL under which the article is known
# The articles that go out together, the messages that hold them, and the ids of those that wait for the next broadcast.
Written = tuple[list[Item], tuple[dict[str, Any], ...], tuple[str, ...]]


class Broadcast(Struct, frozen=True):
    """One broadcast of this run, for the report."""

    id: str
    retry_key: str
    articles: tuple[str, ...]
    outcome: Literal["accepted", "rejected", "unknown", "planned"]
    messages: tuple[dict[str, Any], ...] = ()
    request_id: str = ""
    code: str = ""
    detail: str = ""
    emergency: bool = False
    policy: tuple[str, ...] = ()
    count: int = 1
    alts: Mapping[str, str] = {}  # a plan's pictures: address → alternative text
    silent: bool = False  # planned to come without sound


class Delivery:
    """The deliveries of one run.

    Attributes:
        broadcasts: what was done, in order.
        failures: (code, words) of what should have worked and did not.
        line: what LINE can take now; a plan is decided with it.
        quota: what LINE said of the month's messages, where it was asked.
    """

    def __init__(self, config: Config, ledger: Ledger, world: World, run: str, dry_run: bool) -> None:
        self._config, self._ledger, self._world, self._run, self._dry = config, ledger, world, run, dry_run
        self._checked: LineClient | None = None
        self._quota = Quota(None, 0)
        self.quota: Quota | None = None
        self._urgent = False
        self._refused: dict[str, str] = {}  # article → LINE's words
        self.broadcasts: list[Broadcast] = []
        self.failures: list[tuple[str, str]] = []
        self.line: LineState = "ok"

    # Recovery

    def recover(self) -> None:
        """Finish the open broadcasts of runs that died or got no clear answer, oldest first."""
        for _ in self._ledger.retrying():
            try:
                for broadcast in sorted(self._ledger.knowledge.unfinished(), key=lambda known: known.at):
                    told = any(done.id == broadcast.id for done in self.broadcasts)
                    if broadcast.outcome == "open" and not told and not self._dry and not self._world.stopping:
                        self._recover(broadcast)
            except LostRace:
                continue
            return

    def _recover(self, known: BroadcastKnown) -> None:
        if known.shadow:  # its run died; whatever the configuration says by now, this one is never sent
            self._settle(known, Answer("accepted", SHADOW))
            return
        self._urgent = known.emergency
        too_old = self._world.now() - known.at >= KEY_LIVES
        if not too_old and (self._config.paused or self._config.shadow or not self._may_go(known)):
            return
        client = self._client()
        if client is None:  # also when our clock is wrong: then nobody knows how old the key is
            self._tell(known, Answer("unknown", "unavailable"))
            return
        if too_old:
            self._give_to_a_person(known, client)
            return
        body = self._ledger.body(known)
        self._ledger.note([Attempt(at=self._world.now(), run=self._run, broadcast=known.id)])
        self._ledger.record(f"again: {_what(known)}")
        self._settle(known, client.broadcast(body, known.key, first=False, may_go=lambda: self._may_go(known)))

    def _give_to_a_person(self, known: BroadcastKnown, client: LineClient) -> None:
        """The retry key is too old to repeat: nobody can know any more, and a person decides with the evidence."""
        seen = f"used before {known.used}/{known.limit}{client.evidence(known.at)}"
        outcome = Outcome(
            at=self._world.now(), run=self._run, broadcast=known.id, outcome="unknown", code="key-expired", message=seen
        )
        self._ledger.note([outcome])
        self._ledger.record(f"unknown: {_what(known)}; a person decides")

    # New broadcasts

    def ready_for(self, plan: Plan) -> bool:
        """Whether the plan can stand: False when LINE turned out to be unusable or full, which `line` then says."""
        if self._dry or self.line != "ok" or not any(decision.verdict == "send" for decision in plan.decisions):
            return True
        articles = self._ledger.knowledge.articles
        urgent = [articles[one.article].urgent for one in plan.decisions if one.verdict == "send"]
        self._urgent = any(urgent)
        client = self._client()
        if client is None:
            self.line = "down"
            return False
        try:
            self.quota = self._quota = client.quota(patient=not self._urgent)
            self.line = "ok" if self._quota.has_room else "full"
        except LineError as error:
            if all(urgent):  # nothing waits for it
                log.warning("LINE does not tell its quota; an emergency goes out all the same: %s", error)
                return True
            self._failed(error)
            self.line = "partly"
        return self.line == "ok"

    def deliver(self, due: Sequence[Decision], pages: PagesRead, urgent: bool) -> None:
        """One broadcast of everything that is due together.

        Raises:
            LostRace: somebody else wrote first; nothing was sent.
        """
        self._urgent = urgent
        if due and not self._world.stopping:
            self._deliver(list(due), pages, SPLIT_AT_MOST)
            self._judge_refusals()

    def _deliver(self, due: list[Decision], pages: PagesRead, splits: int, plainly: bool = False) -> None:
        from pipeline.message.render import RenderError, is_silent  # only when there is something to render

        try:
            items, messages, left = self._written(due, pages, plainly)
            if self._dry and items:
                self._plan(due, items, messages)
            client = self._client() if items and not self._dry else None
            if client is None:
                return
            body = client.wire(messages, silent=is_silent(items, self._config))
        except LineError as error:
            self._failed(error)
            return
        except store.LedgerError:
            raise
        except Exception as error:  # one article's or the template's: neither the others nor an emergency wait for it
            is_plain = isinstance(error, RenderError | LostInTranslation)
            words = str(error) if is_plain else f"{type(error).__name__}: {error}"
            if self._urgent and not plainly:
                log.error("an emergency goes out in plain words: %s", words)
            if not self._deliver_otherwise(due, pages, splits, plainly, hopeless=is_plain):
                self.failures.append(("render", words))
            return
        self._decided(Decision(article, "hold", Reason.NEXT_BROADCAST) for article in left)
        chosen = {item.id for item in items}
        due = [decision for decision in due if decision.article in chosen]
        known = self._intend(due, pages, messages, body, client.channel)
        answer = client.broadcast(body, known.key, first=True, may_go=lambda: self._may_go(known))
        self._settle(known, answer)
        if answer.code == "invalid" and answer.outcome == "rejected":
            found = self._deliver_otherwise(due, pages, splits, plainly, hopeless=self._refuses_everything())
            if not found and len(due) == 1:
                self._refused[due[0].article] = answer.message

    def _deliver_otherwise(
        self, due: list[Decision], pages: PagesRead, splits: int, plainly: bool, *, hopeless: bool
    ) -> bool:
        """An emergency goes out in plain words, anything else in halves, which finds the one article at fault; False where
        neither is left."""
        if self._urgent and not plainly:
            self._deliver(due, pages, splits, plainly=True)
        elif len(due) > 1 and splits and not hopeless:
            for half in (due[: len(due) // 2], due[len(due) // 2 :]):
                self._deliver(half, pages, splits - 1, plainly)
        else:
            return False
        return True

    def _refuses_everything(self) -> bool:
        last = self.broadcasts[-REFUSALS:]
        return len(last) == REFUSALS and all(done.code == "invalid" for done in last)

    def _judge_refusals(self) -> None:
        """An article that LINE cannot take waits for a person, as long as LINE takes anything at all. When it refuses every
        article of a pass, or even a harmless word, LINE is to be suspected: everything waits for the next run."""
        refused, self._refused = self._refused, {}
        if not refused:
            return
        taken = any(done.outcome == "accepted" for done in self.broadcasts)
        if taken or (len(refused) == 1 and self._takes_anything()):
            self._give_back(refused)
        else:
            self.failures.append(("line-suspect", next(iter(refused.values()))))

    def _takes_anything(self) -> bool:
        client = self._client()
        try:
            return client is not None and not client.validate(HARMLESS)
        except LineError:
            return False

    def _written(self, due: Sequence[Decision], pages: PagesRead, plainly: bool) -> Written:
        """What is due, in LINE's messages."""
        from pipeline.message.item import item_of  # as above

        knowledge = self._ledger.knowledge
        known = [(knowledge.articles[decision.article], decision.shows) for decision in due]
        items = [item_of(one, pages.get(one.url), self._config, knowledge, shows) for one, shows in known]
        if not plainly:
            return self._fitting(items)
        from pipeline.message.plain import plain  # as above

        messages, left = plain(items)
        return [item for item in items if item.id not in left], messages, left

    def _fitting(self, items: list[Item]) -> Written:
        """Render; and let LINE's own check find articles that it cannot take, so that none blocks the others."""
        from pipeline.message.render import render  # as above

        rendered = render(items, self._config)
        # An emergency does not wait for LINE's check: our own limits were kept, and a refusal costs nothing.
        client = None if self._dry or self._urgent else self._client()
        words = client.validate(rendered.messages) if client else ""
        if client and words:
            alone = {item.id: client.validate(render([item], self._config).messages) for item in items}
            refused = {name: why for name, why in alone.items() if why}
            good = [item for item in items if item.id not in refused]
            if good:
                self._give_back(refused)
            else:
                self._refused |= refused
            if len(good) == len(items):  # only together are they refused: fewer at once
                good = items[: len(items) // 2]
            return self._fitting(good) if good else ([], (), ())
        shown = set(rendered.shown)
        return [item for item in items if item.id in shown], rendered.messages, rendered.left

    def _intend(
        self, due: Sequence[Decision], pages: PagesRead, messages: Sequence[object], body: bytes, channel: str
    ) -> BroadcastKnown:
        """Record, durably, what is about to be sent. From here on the retry key belongs to these bytes."""
        now, knowledge = self._world.now(), self._ledger.knowledge
        if {decision.article for decision in due} - {known.id for known in knowledge.queue()}:
            raise LostRace  # decided before somebody else took one of them
        broadcast = f"b{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
        chosen, aliases, prints = [], [], []
        for decision in due:
            known = knowledge.articles[decision.article]
            page = pages.get(known.url)
            basis = known.post.basis if known.post else basis_of(known.url, known.urgent, self._config.policy.content)
            case = Case(now, self._config, knowledge, known, page)
            chosen.append(chosen_of(case, decision, basis))
            if isinstance(page, Page) and is_original(case, page):
                aliases.append(Alias(at=now, run=self._run, article=known.id, url=page.canonical, title=page.title))
            if self._urgent:
                prints.append(fingerprint(case))
        intent = Intent(
            at=now, run=self._run, broadcast=broadcast, key=str(uuid.uuid4()), sha256=hashlib.sha256(body).hexdigest(),
            chosen=tuple(chosen), policy_version=self._config.policy.version, emergency=self._urgent, messages=len(messages),
            used=self._quota.used, limit=self._quota.limit, fingerprints=tuple(prints), shadow=self._config.shadow,
            channel=channel,
        )  # fmt: skip
        self._ledger.note([*aliases, intent])
        recorded = knowledge.broadcasts[broadcast]
        self._ledger.record(f"{'would' if intent.shadow else 'about to'} send: {_what(recorded)}", {broadcast: body})
        return recorded

    def _may_go(self, known: BroadcastKnown) -> bool:
        """Asked in the last moment, before every try: recording the intent and waiting took their time, and a machine can
        have slept. Art. 7, and the life of the retry key."""
        now = self._world.now()
        open_now = self._urgent or is_open(now, self._config.policy.hours)
        return open_now and now - known.at < KEY_LIVES and not self._must_stop()

    def _must_stop(self) -> bool:
        return self._world.stopping or self._world.out_of_time

    def _settle(self, known: BroadcastKnown, answer: Answer) -> None:
        """Record what LINE answered. No clear answer is no event: the broadcast stays open, and the next run repeats it."""
        self._tell(known, answer)
        if answer.outcome == "unknown":
            return
        outcome = Outcome(
            at=self._world.now(), run=self._run, broadcast=known.id, outcome=answer.outcome, code=answer.code, status=answer.status,
            request_id=answer.request_id, message=answer.message,
        )  # fmt: skip
        if answer.outcome == "rejected":
            news = f"not sent: {_what(known)} ({answer.code})"
        else:
            news = f"shadow: {_what(known)}" if known.shadow else f"sent: {_what(known)} request {answer.request_id}"
        self._ledger.insist(news, outcome)

    def _tell(self, known: BroadcastKnown, answer: Answer) -> None:
        outcome = "planned" if answer.code == SHADOW else answer.outcome
        self.broadcasts.append(
            Broadcast(
                known.id, known.key, known.articles, outcome, (), answer.request_id, answer.code, answer.message, known.emergency,
                tuple(dict.fromkeys(f"Art. {chosen.basis}" for chosen in known.chosen)), known.messages,
            )
        )  # fmt: skip
        # Held, told when the refusals are judged, or an alert of its own; but an emergency that is full up is a failure.
        told_otherwise = answer.code in ("closed", "invalid") or (answer.code == "quota" and not known.emergency)
        if outcome == "unknown" or (outcome == "rejected" and not told_otherwise):
            words = answer.message or f"broadcast {known.id}: no clear answer; the next run repeats it"
            self.failures.append(("quota" if answer.code == "quota" else f"line-{answer.code}", words))

    def _plan(self, due: Sequence[Decision], items: Sequence[Item], messages: tuple[dict[str, Any], ...]) -> None:
        from pipeline.message.render import is_silent  # as above

        policies = {decision.article: decision.policy for decision in due}
        self.broadcasts.append(
            Broadcast(
                f"planned-{len(self.broadcasts) + 1}", "", tuple(item.id for item in items), "planned", messages,
                emergency=self._urgent, policy=tuple(dict.fromkeys(policies[item.id] for item in items)), count=len(messages),
                alts={item.picture.url: item.picture.alt for item in items if item.picture}, silent=is_silent(items, self._config),
            )
        )  # fmt: skip

    def _give_back(self, refused: Mapping[str, str]) -> None:
        """Articles that LINE cannot take wait for a person."""
        self._decided(Decision(article, "review", Reason.LINE_REJECTED, detail=why) for article, why in refused.items())

    def _decided(self, decisions: Iterable[Decision]) -> None:
        self._ledger.note([Decided.of(decision, self._world.now(), self._run) for decision in decisions])

    def _client(self) -> LineClient | None:
        """LINE, once its account is known to be the configured one (Art. 3); None when it cannot be used now."""
        if self._checked is None and self.line != "down":
            world = self._world
            kind = Shadow if self._config.shadow else LineClient
            client = kind(self._config.line, world.environment, world.now, world.sleep, self._must_stop)
            seen = False
            try:
                # The same credentials belong to the same account: what LINE has said of them before is still true.
                seen = self._urgent and client.channel == self._ledger.knowledge.channel != ""
                client.check_account(hard=self._urgent and not seen)
            except LineError as error:
                if not (seen and error.code in ("line", "unreachable", "forbidden")):
                    self._failed(error)
                    self.line = "down"
                    return None
                log.warning(
                    "LINE does not tell the account; an emergency goes to the one of the last broadcast: %s", error
                )
            self._checked = client
        return self._checked

    def _failed(self, error: LineError) -> None:
        if error.code not in (code for code, _ in self.failures):
            self.failures.append((error.code if error.code == "credentials" else f"line-{error.code}", str(error)))


def _what(known: BroadcastKnown) -> str:
    """ "3 articles (Art. 7, 8(1))" for commit messages."""
    count = len(known.chosen)
    numbers = dict.fromkeys(number for chosen in known.chosen for number in (chosen.policy, chosen.basis))
    return f"{count} article{'s' * (count != 1)} (Art. {', '.join(numbers)})"
