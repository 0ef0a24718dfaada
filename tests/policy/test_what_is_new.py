"""What counts as new when lists overlap, break, slide, or are first read later. An article is never silently forgotten."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from pipeline.article import Entry, Listing, PageProblem
from pipeline.ledger.events import Read
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Knowledge, SourceKnown
from pipeline.policy.discovery import discoveries, judged
from pipeline.policy.survey import survey
from pipeline.policy.trust import failed_read, wait_until
from tests.policy.office import CITY, DAY, FEED, HOUR, KINKYU, NEWS, NIGHT, TUESDAY, Office, config, url


def failed(source: str = NEWS, code: str = "unreachable") -> Listing:
    return Listing(source, "failed", fallback=source == FEED, error_code=code, error=f"{code}: {source}")


class TestTheFirstReading:
    def test_the_first_run_takes_everything_as_known_whatever_its_date(self) -> None:
        office = Office(known=0)
        for number, later in enumerate((-DAY, timedelta(0), HOUR, 3 * DAY)):
            office.publish(101 + number, at=TUESDAY + later)
        office.news.append(Entry(url(105), "日付のない記事"))
        assert office.run() == []
        assert {known.state for known in office.knowledge.articles.values()} == {"baseline"}

    def test_a_source_added_later_is_taken_as_known_but_for_what_is_published_from_then_on(self) -> None:
        office = Office()
        other = f"{CITY}/kosodate/index.update.json"
        for number in range(20):
            office.publish(301 + number, at=TUESDAY - timedelta(hours=number), source=other)
        assert office.run() == []
        office.publish(401, at=TUESDAY + HOUR, source=other)
        assert office.run(HOUR) == [["お知らせ その401"]]

    def test_a_source_that_failed_at_first_shows_what_was_published_since(self) -> None:
        office = Office()
        other = f"{CITY}/kosodate/index.update.json"
        office.lists.shown[other] = []
        office.lists.states[other] = failed(other)
        office.run()
        for hours in (-2, 1):
            office.publish(301 + hours, at=TUESDAY + timedelta(hours=hours), source=other)
        del office.lists.states[other]
        assert office.run(2 * HOUR) == [["お知らせ その302"]]

    def test_a_list_that_was_empty_at_first_is_no_burst_when_it_fills(self) -> None:
        office = Office()
        other = f"{CITY}/kosodate/index.update.json"
        office.lists.shown[other] = []
        office.run()
        for number in range(20):
            office.publish(301 + number, at=TUESDAY - timedelta(hours=number + 1), source=other)
        office.publish(401, at=TUESDAY + HOUR, source=other)
        assert office.run(HOUR) == [["お知らせ その401"]]

    def test_what_stands_on_an_emergency_list_at_first_is_known_and_what_comes_later_goes_out_even_undated(
        self,
    ) -> None:
        office = Office(now=NIGHT)
        office.publish(301, "古い緊急情報", at=NIGHT - DAY, source=KINKYU)
        assert office.run() == []
        office.publish(302, "避難指示", source=KINKYU)
        office.lists.shown[KINKYU][0] = replace(office.lists.shown[KINKYU][0], date=None)
        assert office.run(HOUR) == [["避難指示"]]


class TestTheFallback:
    def test_it_shows_what_the_first_list_cannot(self) -> None:
        office = Office()
        office.lists.shown[FEED] = [*office.news]
        office.lists.states[NEWS] = failed()
        address = office.publish(201, at=TUESDAY + HOUR, source=FEED)
        assert office.run(HOUR) == [["お知らせ その201"]]
        del office.lists.states[NEWS]
        office.news.insert(0, office.lists.shown[FEED][0])
        assert office.run(2 * HOUR) == [], "the first list shows the same article"
        assert office.known(address).state == "sent"

    def test_what_only_the_fallback_ever_lists_is_not_news_when_it_is_first_read(self) -> None:
        office = Office(now=TUESDAY - 60 * DAY)
        office.now = TUESDAY
        office.publish(201)
        assert len(office.run()) == 1
        office.lists.shown[FEED] = [
            Entry(url(400 + number), "一覧の頁", TUESDAY - timedelta(days=20 + number)) for number in range(30)
        ]
        office.lists.states[NEWS] = failed()
        assert office.run(HOUR) == []
        assert {office.why(url(400 + number))[0] for number in range(30)} == {"baseline"}


class TestFixedLength:
    def test_old_entries_that_slide_in_from_below_are_known(self) -> None:
        office = Office()
        del office.news[2]
        office.news.append(Entry(url(90), "前の記事", TUESDAY - timedelta(days=5), 90))
        assert office.run() == []
        assert office.why(url(90)) == ("baseline", "baseline")

    def test_a_late_entry_that_is_newer_than_the_known_last_one_is_news(self) -> None:
        office = Office()
        del office.news[2]
        office.news.append(Entry(url(201), "新しい記事", TUESDAY - HOUR, 201))
        assert office.run() == [["新しい記事"]]


class TestFailures:
    @pytest.mark.parametrize("code", ["unreachable", "refused", "malformed", "empty"])
    def test_a_failed_list_is_told_and_its_validators_are_kept(self, code: str) -> None:
        office = Office()
        before = office.knowledge.sources[NEWS].digest
        office.lists.states[NEWS] = Listing(NEWS, "ok", (), digest="empty") if code == "empty" else failed(code=code)
        seen = survey(office.now, office.config, office.knowledge, office.lists.listings(office.knowledge))
        assert seen.failed[NEWS][0] == code
        assert [alert.code for alert in seen.alerts] == ["source-failed"]
        office.publish(201)
        office.run()
        assert office.knowledge.sources[NEWS].digest == before
        del office.lists.states[NEWS]
        assert office.run(HOUR) == [["お知らせ その201"]]

    def test_from_the_third_failure_on_the_site_is_asked_less_often_but_at_least_hourly(self) -> None:
        waits = []
        knowledge = Knowledge()
        for _ in range(12):
            reads = failed_read(TUESDAY, failed(), knowledge.sources.get(NEWS), "unreachable")
            waits.append((reads[0].not_before or TUESDAY) - TUESDAY)
            fold(reads, knowledge)
        minutes = [int(wait.total_seconds() // 60) for wait in waits]
        assert minutes == [0, 0, 10, 20, 40, *[60] * 7]

    def test_an_emergency_list_is_asked_in_every_pass_and_what_the_site_wishes_holds_it_ten_minutes_at_most(
        self,
    ) -> None:
        known = SourceKnown(TUESDAY, failures=50)
        listing = replace(failed(KINKYU), emergency=True)
        (read,) = failed_read(TUESDAY, listing, known, "unreachable")
        assert read.not_before is None
        wished = replace(listing, not_before=TUESDAY + timedelta(hours=3))
        (read,) = failed_read(TUESDAY, wished, known, "later")
        assert read.not_before == TUESDAY + timedelta(minutes=10)

    def test_a_promise_to_wait_made_by_a_clock_that_ran_ahead_holds_nothing_back(self) -> None:
        known = SourceKnown(TUESDAY, checked=TUESDAY + 400 * DAY, not_before=TUESDAY + 401 * DAY)
        assert wait_until(TUESDAY, known) is None
        assert wait_until(TUESDAY + 400 * DAY, known) == TUESDAY + 401 * DAY


class TestOneArticleUnderSeveralAddresses:
    def test_a_shortcut_and_its_master_in_one_run_are_one_article(self) -> None:
        office = Office()
        shortcut = office.publish(201, "催し")
        master = office.publish(202, "催し")
        office.write(shortcut, canonical=master, title="催し")
        assert office.run() == [["催し"]]
        assert office.knowledge.find(shortcut) is office.knowledge.find(master)

    def test_a_shortcut_to_something_known_is_no_news_unless_its_master_was_edited(self) -> None:
        office = Office(config(updates="announce"))
        shortcut = office.publish(201, "お知らせ その103")
        office.write(shortcut, canonical=url(103), title="お知らせ その103", date=TUESDAY - timedelta(days=3, hours=2))
        office.news[0] = replace(office.news[0], date=TUESDAY - timedelta(days=3, hours=2))
        assert office.run() == []
        assert office.why(url(103)) == ("baseline", "baseline")

    def test_a_canonical_address_that_is_learned_late_sends_neither_of_two_shortcuts_twice(self) -> None:
        office = Office()
        shortcuts = [office.publish(number, "催し") for number in (201, 202)]
        for address in shortcuts:
            office.lists.texts[address] = PageProblem(address, "unreachable", "…")
        office.run()
        for address in shortcuts:
            office.write(address, canonical=url(200), title="催し")
        assert office.run(HOUR) == [["催し"]]
        assert sorted(office.why(address)[0] for address in shortcuts) == ["sent", "skipped"]
        assert "duplicate" in [office.why(address)[1] for address in shortcuts]

    def test_a_second_list_that_shows_the_same_article_adds_nothing(self) -> None:
        office = Office(config(updates="announce"))
        address = office.publish(201)
        office.lists.shown[f"{CITY}/kurashi/index.update.json"] = [*office.news]
        assert office.run() == [["お知らせ その201"]]
        assert office.run(HOUR) == []
        assert office.known(address).source == NEWS

    def test_what_stands_in_the_news_and_on_the_emergency_list_is_an_emergency(self) -> None:
        for order in ((NEWS, KINKYU), (KINKYU, NEWS)):
            office = Office(now=NIGHT)
            office.lists.shown[KINKYU] = []
            office.run()
            address = office.publish(201, "避難所を開設しました")
            office.publish(201, "避難所を開設しました", source=KINKYU, url=address)
            office.lists.shown = {source: office.lists.shown[source] for source in order}
            assert office.run() == [["避難所を開設しました"]]

    def test_a_held_article_that_appears_on_the_emergency_list_goes_out_at_once(self) -> None:
        office = Office(now=NIGHT)
        office.lists.shown[KINKYU] = []
        address = office.publish(201, "避難所を開設しました")
        office.run()
        assert office.why(address) == ("queued", "emergency-words")
        office.publish(201, "避難所を開設しました", source=KINKYU, url=address)
        assert office.run(HOUR) == [["避難所を開設しました"]]

    def test_a_new_shortcut_on_the_emergency_list_to_a_known_page_is_an_emergency(self) -> None:
        office = Office(now=NIGHT)
        office.lists.shown[KINKYU] = []
        office.run()
        shortcut = office.publish(301, "避難所", source=KINKYU)
        office.write(shortcut, canonical=url(103), title="避難所", date=NIGHT - 30 * DAY)
        office.edit(shortcut, source=KINKYU)
        office.write(shortcut, canonical=url(103), title="避難所", date=NIGHT)
        assert office.run() == [["避難所"]]


_number = st.integers(1, 12)
_entry = st.tuples(_number, st.integers(-30, 5), st.booleans())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(_entry, max_size=15, unique_by=lambda row: row[0]), min_size=1, max_size=6), st.integers(1, 20)
)
def test_whenever_a_reading_is_noted_every_entry_of_the_list_is_known(
    readings: list[list[tuple[int, int, bool]]], limit: int
) -> None:
    """Validators and digest make the next run skip an unchanged list: whatever it held must be in the same batch."""
    knowledge, rules = Knowledge(), config(burst_limit=limit)
    for hour, rows in enumerate(readings):
        now = TUESDAY + timedelta(hours=hour)
        entries = tuple(
            Entry(url(number), f"記事{number}", None if undated else now + timedelta(days=days), number)
            for number, days, undated in rows
        )
        undated = sum(entry.date is None for entry in entries)
        listing = Listing(NEWS, "ok", entries, digest=str(hour), undated=undated)
        seen = survey(now, rules, knowledge, [listing])
        pages = {one: PageProblem(one, "unreachable", "…") for one in seen.wanted}
        events = discoveries(now, "r", knowledge, judged(seen, knowledge, pages), pages)
        if any(isinstance(event, Read) and event.state == "ok" for event in events):
            assert isinstance(events[-1], Read), "validators last"
            fold(events, knowledge)
            assert [entry.url for entry in entries if knowledge.find(entry.url) is None] == []
        else:
            fold(events, knowledge)
