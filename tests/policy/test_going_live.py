"""Art. 5: the operator decides when a trial run ends; nothing of its past goes out then."""

from datetime import datetime, timedelta

from pipeline.config import JST
from pipeline.ledger.events import Decided, Found, Mode, Posted
from pipeline.ledger.fold import fold

AT = datetime(2026, 11, 24, 18, 0, tzinfo=JST)


def test_what_waited_in_the_shadow_is_left_out_when_the_account_goes_live() -> None:
    known = fold(
        [
            Mode(at=AT, shadow=True),
            Found(at=AT, article="held", url="https://a.example/1", title="保留の記事", source="s"),
            Decided(at=AT, article="held", decision="hold", reason="closed-hours", policy="7"),
            Posted(at=AT, article="posted", actor="a", department="d", basis="8(4)", title="題", text="文"),
            Mode(at=AT + timedelta(hours=1), shadow=False),
            Found(at=AT + timedelta(hours=2), article="new", url="https://a.example/2", title="本番の記事", source="s"),
        ]
    )
    assert [one.id for one in known.queue()] == ["new"]
    assert {one.reason for one in known.articles.values() if one.state == "skipped"} == {"shadow"}


def test_a_trial_that_goes_on_and_an_account_that_is_live_lose_nothing() -> None:
    found = Found(at=AT, article="held", url="https://a.example/1", title="保留の記事", source="s")
    for mode in (True, False):
        known = fold([Mode(at=AT, shadow=mode), found, Mode(at=AT, shadow=mode)])
        assert [one.id for one in known.queue()] == ["held"]
