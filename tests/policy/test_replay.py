"""Any prefix of a ledger gives a valid state, and replaying gives the same state."""

from collections.abc import Set
from datetime import datetime, timedelta

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from pipeline.config import JST
from pipeline.decision import Reason
from pipeline.ledger.events import (
    Alias,
    AnyEvent,
    Approved,
    Attempt,
    Baseline,
    Changed,
    Chosen,
    Decided,
    Found,
    Intent,
    Outcome,
    Posted,
    Read,
    Refused,
    Settled,
    decode,
    encode,
)
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Knowledge
from pipeline.policy.decide import RULES, decide
from tests.policy.office import config

RULES_OF_THE_CITY = config()
names = st.sampled_from(["a", "b", "c", "d"])
broadcasts = st.sampled_from(["b1", "b2"])
instants = st.integers(0, 60 * 24 * 30).map(
    lambda minutes: datetime(2026, 11, 1, tzinfo=JST) + timedelta(minutes=minutes)
)
dates = st.none() | instants
people = {"actor": st.sampled_from(["kiki", "miryoku"]), "department": st.just("総務部危機管理課"), "at": instants}
reasons = st.sampled_from([str(reason) for reason in Reason])
addresses = names.map(lambda name: f"https://www.city.kadoma.osaka.jp/{name}.html")
chosen = st.lists(
    st.builds(Chosen, article=names, reason=reasons, policy=st.just("7"), basis=st.just("8(1)"), date=dates),
    min_size=1,
    max_size=3,
).map(tuple)
events: st.SearchStrategy[list[AnyEvent]] = st.lists(
    st.one_of(
        st.builds(Baseline, at=instants, article=names, url=addresses, title=st.just("題"), source=st.just("s"), date=dates, page_no=st.none() | st.integers(1, 9)),
        st.builds(Found, at=instants, article=names, url=addresses, title=st.just("題"), source=st.just("s"), date=dates, emergency=st.booleans(), kind=st.sampled_from(["new", "update"])),
        st.builds(Changed, at=instants, article=names, title=st.just("新しい題"), date=dates, url=st.just("") | addresses),
        st.builds(Alias, at=instants, article=names, url=addresses),
        st.builds(Decided, at=instants, article=names, decision=st.sampled_from(["hold", "skip", "review"]), reason=reasons, policy=st.just("7"), until=dates),
        st.builds(Posted, article=names, basis=st.sampled_from(["8(1)", "8(4)"]), title=st.just("題"), text=st.just("文"), emergency=st.booleans(), **people),
        st.builds(Approved, article=names, emergency=st.booleans(), **people),
        st.builds(Refused, article=names, **people),
        st.builds(Intent, at=instants, broadcast=broadcasts, key=st.just("k"), sha256=st.just(""), chosen=chosen, policy_version=st.just("")),
        st.builds(Attempt, at=instants, broadcast=broadcasts, run=st.just("r")),
        st.builds(Outcome, at=instants, broadcast=broadcasts, outcome=st.sampled_from(["accepted", "rejected", "unknown"]), bad=st.just(()) | names.map(lambda name: (name,))),
        st.builds(Settled, broadcast=broadcasts, delivered=st.booleans(), **people),
        st.builds(Read, at=instants, source=st.just("s"), state=st.sampled_from(["ok", "failed"]), entries=st.integers(0, 9), doubt=st.sampled_from(["", "entries 9 → 1"])),
    ),
    max_size=30,
)  # fmt: skip


def is_valid(knowledge: Knowledge, now: datetime, strangers: Set[str] = frozenset()) -> None:
    """`strangers`: what an intent named before it was found, which no run writes; that it is queued afterwards is as it should be."""
    for article in knowledge.waiting:
        assert knowledge.articles[article].state in ("queued", "review", "sent", "skipped")
    for known in knowledge.articles.values():
        assert (known.state in ("queued", "review")) <= (known.id in knowledge.waiting), known
    queue = {known.id for known in knowledge.queue()}
    for broadcast in knowledge.unfinished():
        same = {
            one
            for one in broadcast.articles
            if one not in knowledge.articles or knowledge.articles[one].intent == broadcast.id
        }
        assert queue.isdisjoint(same), "never twice at once"
        both = (queue & {*broadcast.articles}) - strangers
        assert all(knowledge.articles[one].emergency for one in both), "but for newer words"
    plan = decide(now, RULES_OF_THE_CITY, knowledge, {})
    assert {decision.article for decision in plan.decisions} == queue, "every article that waits is decided on"
    assert all(decision.policy == decision.reason.policy for decision in plan.decisions)


@settings(max_examples=300, deadline=None)
@given(events, instants)
def test_any_prefix_of_a_ledger_gives_a_valid_state(written: list[AnyEvent], now: datetime) -> None:
    knowledge = Knowledge()
    strangers: set[str] = set()
    is_valid(knowledge, now)
    for event in written:
        if isinstance(event, Intent):
            strangers |= {chosen.article for chosen in event.chosen} - knowledge.articles.keys()
        fold([event], knowledge)
        is_valid(knowledge, now, strangers)


@settings(max_examples=200, deadline=None)
@given(events, st.integers(0, 30))
def test_replaying_what_was_written_gives_the_same_state(written: list[AnyEvent], cut: int) -> None:
    lines = [encode(event) for event in written]
    whole = fold(decode(line) for line in lines)
    assert msgspec.to_builtins(fold(written)) == msgspec.to_builtins(whole)
    in_two = fold(map(decode, lines[cut:]), fold(map(decode, lines[:cut])))
    assert msgspec.to_builtins(in_two) == msgspec.to_builtins(whole)


def test_rules_are_asked_in_one_order_and_the_last_one_always_answers() -> None:
    assert [rule.__name__ for rule in RULES][-1] == "goes_out"
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
