"""What is not for LINE, what has no usable title, and the gates that hold everything."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.article import Entry, Listing, Page
from pipeline.ledger.events import Chosen, Intent, Outcome
from pipeline.policy.case import LineState
from pipeline.policy.decide import decide
from pipeline.policy.survey import survey
from tests.policy.office import (
    CITY,
    FEED,
    HOUR,
    KINKYU,
    NEWS,
    NIGHT,
    TUESDAY,
    Office,
    content,
    unreachable,
    url,
)


class TestTheOperatorAndLine:
    """Gates that nothing passes, not even a poster's yes."""

    def decisions(self, office: Office, line: LineState = "ok", paused: bool = False) -> set[tuple[str, str]]:
        plan = decide(
            office.now, replace(office.config, paused=paused), office.knowledge, office.lists.pages([url(201)]), line
        )
        return {(decision.verdict, decision.reason) for decision in plan.decisions}

    def waiting(self) -> Office:
        office = Office(now=NIGHT)
        office.publish(201)
        office.run()
        office.approve(url(201), emergency=True)
        return office

    def test_paused_holds_everything_even_an_emergency(self) -> None:
        assert self.decisions(self.waiting(), paused=True) == {("hold", "paused")}

    def test_without_line_or_quota_everything_waits_and_nothing_is_lost(self) -> None:
        office = self.waiting()
        assert self.decisions(office, line="down") == {("hold", "line-unavailable")}
        assert self.decisions(office, line="full") == {("send", "approved")}, "LINE's refusal costs nothing"
        assert self.decisions(office) == {("send", "approved")}

    def test_after_the_monthly_limit_normal_articles_wait_an_hour_and_an_emergency_is_tried_again_at_once(self) -> None:
        office = Office()
        addresses = [office.publish(201), office.publish(202, "断水")]
        office.lists.texts = {address: unreachable(address) for address in addresses}
        office.run()
        office.lists.texts.clear()
        chosen = Chosen(office.id(url(201)), "due", "7", "8(1)", TUESDAY)
        office.tell(
            Intent(at=office.now, broadcast="b", key="k", sha256="", chosen=(chosen,), policy_version=""),
            Outcome(at=office.now, broadcast="b", outcome="rejected", code="quota"),
        )
        office.approve(url(202), emergency=True)
        assert office.run(timedelta(minutes=1)) == [["断水"]]
        assert office.why(url(201)) == ("queued", "quota")
        assert office.run(HOUR) == [["お知らせ その201"]]


class TestContent:
    @pytest.mark.parametrize(
        ("setting", "entry", "reason"),
        [
            ({"exclude_paths": ["/nyusatsu/"]}, {"url": f"{CITY}/nyusatsu/201.html"}, "excluded-path"),
            ({"exclude_titles": ["その201"]}, {}, "excluded-title"),
            ({"exclude_tags": ["入札"]}, {"tags": ("入札", "お知らせ")}, "excluded-tag"),
            ({}, {"sns_display": 1}, "sns-off"),
            ({"sns_display": "require"}, {"sns_display": None}, "sns-off"),
        ],
    )
    def test_what_is_not_for_line_is_left_out(
        self, setting: dict[str, object], entry: dict[str, Any], reason: str
    ) -> None:
        office = Office(content(**setting))
        address = office.publish(201, **entry)
        assert office.run() == []
        assert office.why(address) == ("skipped", reason)

    @pytest.mark.parametrize(
        ("setting", "shown"), [("honour-off", None), ("honour-off", 2), ("require", 2), ("ignore", 1), ("ignore", None)]
    )
    def test_what_the_cms_shows_goes_out(self, setting: str, shown: int | None) -> None:
        office = Office(content(sns_display=setting))
        office.publish(201, sns_display=shown)
        assert len(office.run()) == 1

    def test_what_is_switched_on_later_goes_out(self) -> None:
        office = Office()
        address = office.publish(201, sns_display=1)
        office.run()
        office.news[0] = replace(office.news[0], sns_display=2)
        assert office.run(HOUR) == [["お知らせ その201"]]
        assert office.known(address).kind == "new"


def test_a_feed_may_be_named_first() -> None:
    """Nothing here depends on the order in which sources are configured."""
    office = Office()
    office.lists.shown = {FEED: [], NEWS: office.news}
    office.publish(201)
    assert office.run() == [["お知らせ その201"]]
    assert survey(office.now, office.config, office.knowledge, [Listing(NEWS, "unchanged")]).sightings == ()


class TestTitles:
    def test_an_article_without_title_waits_whatever_a_poster_says(self) -> None:
        office = Office()
        address = office.publish(201)
        office.write(address, title="")
        for _ in range(2):
            assert office.run() == []
            assert office.why(address) == ("review", "no-title")
            office.approve(address)

    def test_an_emergency_whose_title_nobody_knows_goes_out_at_once_and_again_when_its_page_can_be_had(self) -> None:
        office, address = Office(), url(201)
        office.lists.shown[KINKYU] = []
        office.run()
        office.lists.shown[KINKYU] = [Entry(address, "", office.now)]
        office.lists.texts[address] = unreachable(address)
        assert office.run() == [[""]]
        office.lists.texts[address] = Page(address, address, "断水のお知らせ", office.now, text="断水しています。")
        assert len(office.run(HOUR)) == 1

    def test_a_whole_text_in_place_of_the_title_waits_for_a_poster(self) -> None:
        office = Office()
        address = office.publish(201, "長" * 201)
        assert office.run() == []
        assert office.why(address) == ("review", "long-title")
        office.approve(address)
        assert len(office.run()) == 1
