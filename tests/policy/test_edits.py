"""Edited, moved, withdrawn: what was known changes before or after its slot."""

import itertools
from datetime import datetime, time, timedelta

import pytest
from msgspec.structs import replace

from pipeline.article import Entry, PageProblemCode
from pipeline.config import JST
from pipeline.ledger.events import Chosen, Intent, Outcome, Refused
from pipeline.policy.sighting import is_newer
from tests.policy.office import (
    CITY,
    DAY,
    HOUR,
    KINKYU,
    NIGHT,
    TUESDAY,
    Office,
    config,
    problem,
    unreachable,
    url,
)


class TestEdits:
    def test_an_update_rides_along_with_news_and_never_causes_a_broadcast(self) -> None:
        office = Office()
        office.edit(url(103))
        assert office.run(HOUR) == []
        assert office.why(url(103)) == ("queued", "waits-for-news")
        office.publish(201, "新しい記事")
        assert office.run(HOUR) == [["お知らせ その103", "新しい記事"]]
        assert [one.reason for one in office.passes.outcomes.sent] == ["ride-along", "due"]

    def test_an_update_that_found_no_news_within_a_day_expires(self) -> None:
        office = Office()
        office.edit(url(103))
        office.run(HOUR)
        assert office.run(DAY) == []
        assert office.why(url(103)) == ("skipped", "update-expired")
        office.publish(201, "新しい記事")
        assert office.run(HOUR) == [["新しい記事"]]

    @pytest.mark.parametrize(
        ("mode", "sent", "why"),
        [
            ("announce", [["お知らせ その103"]], ("sent", "")),
            ("review", [], ("review", "update-review")),
            ("ignore", [], ("baseline", "baseline")),
        ],
    )
    def test_the_other_ways_with_updates(self, mode: str, sent: list[list[str]], why: tuple[str, str]) -> None:
        office = Office(config(updates=mode))
        office.edit(url(103), at=TUESDAY + HOUR)
        assert office.run(HOUR) == sent
        assert office.why(url(103))[0] == why[0]
        assert not why[1] or office.why(url(103)) == why

    @pytest.mark.parametrize(
        ("mode", "why"),
        [
            ("ride-along", ("queued", "waits-for-news")),
            ("announce", ("sent", "")),
            ("review", ("review", "update-review")),
            ("ignore", ("skipped", "update-ignored")),
        ],
    )
    def test_an_old_page_that_is_shown_for_the_first_time_goes_the_same_way(
        self, mode: str, why: tuple[str, str]
    ) -> None:
        office = Office(config(updates=mode))
        address = office.publish(42)
        assert len(office.run()) == (mode == "announce")
        assert office.known(address).kind == "update"
        assert office.why(address)[0] == why[0]
        assert not why[1] or office.why(address) == why

    def test_a_page_whose_date_moves_daily_comes_back_once_a_week_at_most(self) -> None:
        office = Office(config(updates="announce", stale_after="99d"))
        days = []
        for day in range(28):
            office.edit(url(103), at=office.now + DAY)
            if office.run(DAY):
                days.append(day)
        assert len(days) == 4
        assert all(later - earlier >= 7 for earlier, later in itertools.pairwise(days))

    def test_an_unseen_page_with_a_number_from_before_the_start_is_an_update(self) -> None:
        office = Office()
        office.publish(42)
        office.publish(999)
        office.run()
        assert office.known(url(42)).kind == "update"
        assert office.known(url(999)).kind == "new"

    def test_a_page_that_becomes_known_later_does_not_make_newer_ones_old(self) -> None:
        office = Office()
        del office.news[2]
        office.news.append(Entry(url(999), "日付をさかのぼった頁", TUESDAY - timedelta(days=5), 999))
        office.run(HOUR)
        assert office.why(url(999)) == ("baseline", "baseline")
        office.publish(201)
        assert office.run() == [["お知らせ その201"]]

    def test_but_not_where_the_numbers_are_not_the_cms_own(self) -> None:
        raw = config()
        source = replace(raw.site.sources[1], fallback=False)
        office = Office(replace(raw, site=replace(raw.site, sources=(source,))))
        office.publish(1)
        assert office.run() == [["お知らせ その1"]]

    def test_nor_for_an_emergency_page_that_was_prepared_in_advance(self) -> None:
        office = Office()
        office.publish(42, "【準備済み】避難指示を発令しました")
        assert office.run() == [["【準備済み】避難指示を発令しました"]]

    def test_a_new_title_alone_and_a_new_address_are_no_news(self) -> None:
        office = Office()
        office.news[0] = replace(office.news[0], title="お知らせ その110（改題）")
        office.news[1] = replace(office.news[1], url=f"{CITY}/kosodate/{office.news[1].page_no}.html")
        assert office.run() == []
        assert {known.state for known in office.knowledge.articles.values()} == {"baseline"}
        assert office.knowledge.find(f"{CITY}/kosodate/109.html") is office.knowledge.find(url(109))

    def test_an_article_that_moves_before_its_slot_goes_out_from_its_new_address(self) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201)
        office.run()
        moved = f"{CITY}/kosodate/201.html"
        office.news[0] = replace(office.news[0], url=moved)
        office.unpublish(address)
        office.now = datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        assert office.run() == [["お知らせ その201"]]
        assert office.known(moved).url == moved

    def test_an_edit_before_the_slot_is_in_what_goes_out_and_does_not_come_again(self) -> None:
        office = Office(config(updates="announce"), now=NIGHT)
        address = office.publish(201)
        office.run()
        office.edit(address, title="お知らせ その201（訂正済み）", at=NIGHT + HOUR)
        office.run(HOUR)
        office.now = datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        assert office.run() == [["お知らせ その201（訂正済み）"]]
        office.publish(202, at=office.now + HOUR)
        assert office.run(2 * HOUR) == [["お知らせ その202"]], "the list changed again, and the edit was already told"

    def test_an_edit_that_only_the_page_showed_when_it_went_out_does_not_come_again(self) -> None:
        office = Office(config(updates="announce"), now=NIGHT)
        address = office.publish(201)
        office.run()
        edited = datetime(2026, 11, 25, 8, 59, tzinfo=JST)
        office.write(address, title="お知らせ その201", date=edited)
        office.now = datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        assert len(office.run()) == 1
        office.edit(address, at=edited)
        assert office.run(HOUR) == []

    def test_an_edit_while_its_broadcast_was_open_is_an_update_afterwards(self) -> None:
        office = Office(config(updates="announce"))
        address = office.publish(201)
        office.lists.texts[address] = unreachable(address)
        office.run()
        del office.lists.texts[address]
        chosen = Chosen(office.id(address), "due", "7", "8(1)", TUESDAY)
        office.tell(Intent(at=office.now, broadcast="b", key="k", sha256="", chosen=(chosen,), policy_version=""))
        office.edit(address, at=TUESDAY + HOUR)
        assert office.run(HOUR) == [], "the outcome is not known yet"
        office.tell(Outcome(at=office.now, broadcast="b", outcome="accepted"))
        assert office.run(HOUR) == [["お知らせ その201"]]
        assert office.known(address).kind == "update"
        assert office.run(HOUR) == []

    def test_a_date_only_page_is_no_update_of_itself(self) -> None:
        """The list has 10:00, the page 更新日：2026年11月24日."""
        office = Office(config(updates="announce"))
        address = office.publish(201)
        office.write(
            address, title="お知らせ その201", date=datetime.combine(TUESDAY.date(), time.min, JST), date_only=True
        )
        assert len(office.run()) == 1
        office.publish(202, at=TUESDAY + HOUR)
        assert office.run(2 * HOUR) == [["お知らせ その202"]]

    def test_dates_without_time_are_compared_by_the_day(self) -> None:
        midnight = datetime.combine(TUESDAY.date(), time.min, JST)
        assert not is_newer(TUESDAY, midnight)
        assert not is_newer(midnight, TUESDAY)
        assert is_newer(midnight + DAY, TUESDAY)
        assert is_newer(TUESDAY + timedelta(seconds=1), TUESDAY)

    def test_what_a_poster_refused_does_not_come_back_as_an_update(self) -> None:
        office = Office(config(updates="announce"), now=NIGHT)
        address = office.publish(201)
        office.run()
        office.tell(Refused(at=office.now, article=office.id(address), actor="kiki", department="総務部危機管理課"))
        office.edit(address, at=office.now + HOUR)
        office.now = TUESDAY + DAY
        assert office.run() == []
        assert office.why(address) == ("skipped", "refused")


class TestBeforeTheSlot:
    @pytest.mark.parametrize("code", ["gone", "redirected"])
    def test_an_article_unpublished_before_its_slot_is_dropped(self, code: PageProblemCode) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201)
        office.run()
        office.unpublish(address, code)
        office.now = datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        assert office.run() == []
        assert office.why(address) == ("skipped", code)

    def test_and_comes_back_when_it_is_published_again(self) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201)
        entry = office.news[0]
        office.run()
        office.unpublish(address)
        office.now = datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        office.run()
        del office.lists.texts[address]
        office.news.insert(0, entry)
        assert office.run(HOUR) == [["お知らせ その201"]]

    def test_a_page_that_cannot_be_had_now_waits_and_is_not_forgotten(self) -> None:
        office = Office()
        address = office.publish(201)
        office.lists.texts[address] = unreachable(address)
        assert office.run() == []
        assert office.why(address) == ("queued", "page-unreachable")
        del office.lists.texts[address]
        assert office.run(HOUR) == [["お知らせ その201"]], "although the list is unchanged"

    @pytest.mark.parametrize(("code", "reason"), [("robots", "page-forbidden"), ("malformed", "page-malformed")])
    def test_a_page_that_is_forbidden_or_broken_is_for_a_person_and_goes_out_once_it_can_be_read(
        self, code: PageProblemCode, reason: str
    ) -> None:
        office = Office()
        address = office.publish(201)
        office.lists.texts[address] = problem(address, code)
        for _ in range(2):
            assert office.run() == []
            assert office.why(address) == ("review", reason)
            office.approve(address)
        del office.lists.texts[address]
        assert office.run(HOUR) == [["お知らせ その201"]]

    def test_an_emergency_whose_page_is_forbidden_goes_out_with_its_title(self) -> None:
        office = Office(now=NIGHT)
        office.lists.shown[KINKYU] = []
        office.run()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.lists.texts[address] = problem(address, "robots")
        assert office.run() == [["避難指示"]]

    def test_an_emergency_page_that_is_written_after_its_list_costs_the_details_not_the_departure(self) -> None:
        office = Office()
        office.lists.shown[KINKYU] = []
        office.run()
        address = office.publish(301, "避難指示", source=KINKYU)
        office.lists.texts[address] = problem(address, "gone")
        assert office.run() == [["避難指示"]]
        assert office.why(address) == ("review", "details")
        del office.lists.texts[address]
        assert office.run(timedelta(minutes=5)) == []
        office.approve(address)
        assert office.run(timedelta(minutes=5)) == [["避難指示"]], "the details, when a person says so"
        assert office.run(timedelta(minutes=5)) == []
