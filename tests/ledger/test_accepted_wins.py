"""What LINE accepted is a fact: no later line of the ledger puts its articles back into the queue."""

from datetime import timedelta

import pytest

from pipeline.ledger.events import AnyEvent, Outcome, Settled
from pipeline.ledger.fold import fold
from tests.ledger.test_verify import NOW, accepted, found, intent

LATER = NOW + timedelta(days=2)


@pytest.mark.parametrize(
    "said",
    [
        Outcome(at=LATER, broadcast="b1", outcome="rejected", code="quota"),
        Outcome(at=LATER, broadcast="b1", outcome="unknown", code="key-expired"),
        Settled(at=LATER, broadcast="b1", delivered=False, actor="kiki", department="課"),
    ],
    ids=["rejected", "unknown", "not delivered"],
)
def test_whatever_is_said_after_the_acceptance_the_article_stays_sent(said: AnyEvent) -> None:
    knowledge = fold([found("a1"), intent(), accepted(), said])
    assert (knowledge.queue(), knowledge.unfinished()) == ([], [])
    assert (knowledge.broadcasts["b1"].outcome, knowledge.articles["a1"].state) == ("accepted", "sent")


def test_an_acceptance_that_becomes_known_late_wins_over_a_person_who_could_not_know_it() -> None:
    settled = Settled(at=NOW, broadcast="b1", delivered=False, actor="kiki", department="課")
    knowledge = fold([found("a1"), intent(), settled, accepted()])
    assert (knowledge.queue(), knowledge.articles["a1"].state) == ([], "sent")
