"""Each interlock by itself: what must not go out, does not; and what was not meant by it, does."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.config import JST
from pipeline.ledger.events import Posted
from pipeline.policy.survey import Survey, survey
from pipeline.report import words
from tests.policy.office import (
    DAY,
    HOUR,
    KINKYU,
    NIGHT,
    TUESDAY,
    Office,
    config,
    content,
    problem,
    unreachable,
    url,
)


def codes(seen: Survey) -> set[str]:
    return {alert.code for alert in seen.alerts}


def told(office: Office, address: str) -> str:
    """What a person reads of what the rule saw."""
    known = office.known(address)
    return words.detail(known.reason, known.detail)


class TestStale:
    def test_an_article_older_than_a_week_waits_for_a_person(self) -> None:
        office = Office()
        old = office.publish(201, at=TUESDAY - timedelta(days=7, minutes=1))
        fresh = office.publish(202, at=TUESDAY - timedelta(days=6))
        assert office.run() == [["お知らせ その202"]]
        assert office.why(old) == ("review", "stale")
        assert told(office, old) == "記事の日付 2026年11月17日"
        assert office.why(fresh)[0] == "sent"

    def test_closed_days_do_not_make_an_article_old(self) -> None:
        """Published before the holidays, it goes out after them, however long they were."""
        raw = config(stale_after="2d")
        office = Office(raw, now=datetime(2026, 5, 1, 18, 0, tzinfo=JST))  # before five closed days
        office.publish(201)
        office.run()
        office.now = datetime(2026, 5, 7, 9, 0, tzinfo=JST)
        assert office.run() == [["お知らせ その201"]]

    def test_the_date_of_the_page_counts_where_the_list_has_a_newer_one(self) -> None:
        office = Office()
        address = office.publish(201)
        office.write(address, title="お知らせ その201", date=TUESDAY - timedelta(days=500))
        assert office.run() == []
        assert office.why(address) == ("review", "stale")

    @pytest.mark.parametrize(("date", "reason"), [(None, "undated"), (TUESDAY + timedelta(days=2), "future-date")])
    def test_without_a_believable_date_nobody_knows_whether_it_is_new(self, date: datetime | None, reason: str) -> None:
        office = Office()
        address = office.publish(201)
        office.edit(address)
        office.news[0] = replace(office.news[0], date=date)
        assert office.run() == []
        assert office.why(address) == ("review", reason)

    def test_what_waited_for_line_or_the_operator_for_a_week_waits_for_a_person(self) -> None:
        office = Office()
        address = office.publish(201)
        office.lists.texts[address] = unreachable(address)
        office.run()
        assert office.why(address) == ("queued", "page-unreachable")
        del office.lists.texts[address]
        assert office.run(8 * DAY) == []
        assert office.why(address) == ("review", "stale")


class TestBurst:
    def test_thirteen_at_once_wait_and_none_of_their_pages_is_asked(self) -> None:
        office = Office()
        addresses = [office.publish(200 + number) for number in range(13)]
        assert office.run() == []
        assert {office.why(address) for address in addresses} == {("review", "burst")}
        assert told(office, addresses[0]) == "13（上限 12）"
        assert office.lists.asked == []

    def test_twelve_go_out_together(self) -> None:
        office = Office()
        for number in range(12):
            office.publish(200 + number)
        assert [len(titles) for titles in office.run()] == [12]

    def test_a_burst_holds_back_neither_the_one_emergency_nor_does_a_mass_of_edits_the_one_new_article(self) -> None:
        office = Office(known=20)
        office.lists.shown[KINKYU] = []
        office.run()
        for number in range(20):
            office.edit(url(101 + number))
        office.publish(201, "新しい記事")
        office.publish(301, "避難指示", source=KINKYU)
        assert office.run(HOUR) == [["避難指示"], ["新しい記事"]]
        assert office.why(url(101)) == ("skipped", "update-ignored")

    def test_a_mass_of_emergencies_waits_too(self) -> None:
        office = Office()
        office.lists.shown[KINKYU] = []
        office.run()
        for number in range(13):
            office.publish(300 + number, f"避難指示 {number}", source=KINKYU)
        assert office.run() == []

    def test_the_funagata_night_sends_nothing(self) -> None:
        """2026-01-03, 01:12: the list is rebuilt and shows forty pages dated 2024-07-25."""
        office = Office(now=datetime(2025, 12, 27, 12, 0, tzinfo=JST))
        office.now = datetime(2026, 1, 3, 1, 12, tzinfo=JST)
        for number in range(40):
            office.publish(50 + number, at=datetime(2024, 7, 25, 9, number, tzinfo=JST))
        for later in (timedelta(0), 10 * HOUR, 3 * DAY, 10 * DAY):
            assert office.run(later) == []
        assert {known.state for known in office.knowledge.articles.values()} == {"baseline", "review"}

    @pytest.mark.parametrize("delivery", [{"stale_after": "3650d"}, {"burst_limit": 999}])
    def test_each_interlock_alone_would_have_stopped_that_night(self, delivery: dict[str, object]) -> None:
        office = Office(config(**delivery), now=datetime(2025, 12, 27, 12, 0, tzinfo=JST))
        office.now = datetime(
            2026, 1, 5, 9, 0, tzinfo=JST
        )  # even within the posting hours, and with known articles in the list
        for number in range(40):
            office.publish(500 + number, at=datetime(2024, 7, 25, 9, number, tzinfo=JST))
        assert office.run() == []


class TestDrift:
    def test_a_list_that_lost_more_than_half_is_not_trusted(self) -> None:
        office = Office()
        del office.news[3:]
        address = office.publish(201)
        assert office.run() == []
        assert office.why(address) == ("review", "untrusted-source")
        assert told(office, address) == "一覧の記事 10件 → 4件"

    def test_the_doubt_lasts_while_the_list_stays_short(self) -> None:
        office = Office()
        del office.news[3:]
        office.run()
        address = office.publish(201)
        assert office.run() == []
        assert office.why(address) == ("review", "untrusted-source")
        seen = survey(office.now, office.config, office.knowledge, office.lists.listings(office.knowledge))
        assert codes(seen) == {"untrusted-source"}, "the alert stands although the list has not changed since"

    def test_it_ends_when_the_list_is_as_it_was(self) -> None:
        office = Office()
        gone = office.news[3:]
        del office.news[3:]
        office.run()
        office.news.extend(gone)
        office.publish(201)
        assert office.run() == [["お知らせ その201"]]

    def test_or_when_a_poster_approves_what_it_showed(self) -> None:
        office = Office(config(min_interval="0m"))
        del office.news[2:]
        office.run()
        address = office.publish(201)
        office.run()
        office.approve(address)
        office.publish(202)
        assert office.run() == [["お知らせ その201", "お知らせ その202"]], "with four entries of ten"

    def test_dates_that_stop_parsing_are_not_trusted_even_where_pages_have_them(self) -> None:
        office = Office()
        address = office.publish(201)
        office.write(address, title="お知らせ その201")
        office.news[:] = [replace(entry, date=None) for entry in office.news]
        assert office.run() == []
        assert office.why(address) == ("review", "untrusted-source")
        assert told(office, address) == "日付のない記事 10件中0件 → 11件中11件"

    def test_several_new_pages_without_body_are_not_trusted(self) -> None:
        office = Office()
        addresses = [office.publish(number) for number in (201, 202, 203)]
        for address in addresses[:2]:
            office.write(address, title="お知らせ", text="")
        assert office.run() == []
        assert {office.why(address) for address in addresses} == {("review", "untrusted-source")}
        assert told(office, addresses[0]) == "題名か本文のないページ 3件中2件"

    def test_pages_without_title_count_like_pages_without_body_and_the_doubt_lasts_until_one_is_sound(self) -> None:
        office = Office(config(min_interval="0m"))
        for number in (201, 202):
            office.lists.texts[office.publish(number)] = problem(url(number), "malformed")
        office.run()
        office.write(office.publish(203), title="お知らせ その203", text="")
        office.run()
        assert office.why(url(203)) == ("review", "untrusted-source"), "one is enough while in doubt"
        office.publish(204)
        assert office.run() == [["お知らせ その204"]]

    def test_a_single_page_without_body_is_its_authors_slip(self) -> None:
        office = Office()
        address = office.publish(201)
        office.publish(202)
        office.write(address, title="お知らせ その201", text="")
        assert [len(titles) for titles in office.run()] == [2]

    def test_what_is_left_out_anyway_is_not_put_before_a_person(self) -> None:
        office = Office(content(exclude_titles=["入札"]))
        del office.news[3:]
        address = office.publish(201, "入札結果")
        office.run()
        assert office.why(address) == ("skipped", "excluded-title")

    def test_an_emergency_list_comes_and_goes_as_it_must(self) -> None:
        office = Office()
        office.lists.shown[KINKYU] = []
        for number in range(6):
            office.publish(300 + number, f"避難所 {number}", at=TUESDAY - DAY, source=KINKYU)
        office.run()
        office.lists.shown[KINKYU].clear()
        office.publish(310, "避難指示を発令しました", source=KINKYU)
        assert office.run() == [["避難指示を発令しました"]]


class TestGap:
    def test_a_list_of_nothing_but_strangers_waits_and_names_what_may_be_missing(self) -> None:
        office = Office()
        office.news.clear()
        addresses = [office.publish(200 + number, at=TUESDAY + (number + 1) * DAY) for number in range(9)]
        office.now += 10 * DAY
        seen = survey(office.now, office.config, office.knowledge, office.lists.listings(office.knowledge))
        assert codes(seen) == {"gap"}
        assert "お知らせ その208" in seen.alerts[0].detail
        assert "(2026-11-24 10:00 – 2026-11-25 10:00)" in seen.alerts[0].detail, (
            "what was published then may be missing"
        )
        assert office.run() == []
        assert {office.why(address) for address in addresses} == {("review", "gap")}
        assert told(office, addresses[0]).startswith(
            "一覧の9件すべてが初めて見る記事です。2026-11-24 10:00 から 2026-11-25 10:00 までに公開された記事を見落とした"
        )

    def test_one_known_entry_is_enough(self) -> None:
        office = Office()
        del office.news[1:]
        for number in range(8):
            office.publish(200 + number)
        assert [len(titles) for titles in office.run()] == [8]


class TestFrequency:
    def test_an_hour_between_normal_broadcasts_and_what_waits_is_bundled(self) -> None:
        office = Office()
        office.publish(201)
        office.run()
        for number, minutes in ((202, 10), (203, 40)):
            office.publish(number)
            assert office.run(timedelta(minutes=minutes)) == []
            assert office.why(url(number)) == ("queued", "min-interval")
        assert office.run(timedelta(minutes=10)) == [["お知らせ その202", "お知らせ その203"]]

    def test_six_a_day(self) -> None:
        office = Office(config(min_interval="0m"), now=datetime(2026, 11, 24, 9, 0, tzinfo=JST))
        for number in range(6):
            office.publish(201 + number)
            assert len(office.run(HOUR)) == 1
        office.publish(210)
        assert office.run(HOUR) == []
        assert office.why(url(210)) == ("queued", "max-per-day")
        assert office.known(url(210)).until == datetime(2026, 11, 25, 9, 0, tzinfo=JST)
        office.lists.shown[KINKYU] = []
        office.run()
        office.publish(301, "避難所を開設しました", source=KINKYU)
        assert office.run() == [["避難所を開設しました"]], "an emergency does not count the others"

    def test_emergencies_and_corrections_are_exempt(self) -> None:
        office = Office()
        office.lists.shown[KINKYU] = []
        office.publish(201)
        assert len(office.run()) == 1
        office.publish(301, "避難所を開設しました", source=KINKYU)  # an emergency by its source, not by its words
        fix = Posted(
            at=office.now, article="fix", actor="kiki", department="総務部危機管理課", basis="8(4)", title="訂正", text="…", corrects=office.id(url(201))
        )  # fmt: skip
        office.tell(fix)
        assert office.run(timedelta(minutes=5)) == [["避難所を開設しました"], ["訂正"]]

    def test_the_same_emergency_twice_within_a_day_waits(self) -> None:
        office = Office()
        office.lists.shown[KINKYU] = []
        office.run()
        for number in (301, 302):
            address = office.publish(number, "避難指示", source=KINKYU)
            office.write(address, title="避難指示", text="ただちに避難してください。")
        assert office.run() == [["避難指示"]], "also within one run"
        assert sorted(office.why(url(number, "kinkyu"))[0] for number in (301, 302)) == ["review", "sent"]
        address = office.publish(303, "避難指示", source=KINKYU)
        office.write(address, title="避難指示", text="ただちに 避難してください。")
        assert office.run(23 * HOUR) == []
        assert office.why(address) == ("review", "repeated-emergency")
        address = office.publish(304, "避難指示", source=KINKYU)
        office.write(address, title="避難指示", text="ただちに避難してください。")
        assert office.run(2 * HOUR) == [["避難指示"]]

    def test_new_words_of_an_emergency_go_out_at_once(self) -> None:
        office = Office(now=NIGHT)
        office.lists.shown[KINKYU] = []
        office.run()
        address = office.publish(301, "避難指示", source=KINKYU)
        assert office.run() == [["避難指示"]]
        for hour in (1, 2):
            office.edit(address, at=office.now + HOUR, source=KINKYU)
            office.write(address, title="避難指示", text=f"対象の地域が増えました（第{hour}報）。")
            assert office.run(HOUR) == [["避難指示"]], hour

    def test_news_clocks_that_go_back_hold_nothing_for_long(self) -> None:
        office = Office()
        office.publish(201)
        office.run()
        office.now -= timedelta(minutes=10)
        office.publish(202)
        assert office.run() == []
        assert office.known(url(202)).until == TUESDAY + HOUR


class TestEmergencyWords:
    def test_within_the_hours_they_jump_the_queue(self) -> None:
        office = Office()
        office.publish(201)
        office.run()
        office.publish(202, "大規模な断水が発生しています")
        assert office.run(timedelta(minutes=5)) == [["大規模な断水が発生しています"]]

    def test_also_where_only_the_page_has_the_word_and_in_the_last_minutes(self) -> None:
        office = Office(now=datetime(2026, 11, 24, 17, 28, tzinfo=JST))
        address = office.publish(201, "水道のお知らせ")
        office.write(address, title="水道のお知らせ（断水）")
        assert len(office.run()) == 1

    def test_outside_they_are_held_until_one_poster_releases_them(self) -> None:
        office = Office(now=NIGHT)
        address = office.publish(201, "大規模な断水が発生しています")
        assert office.run() == []
        assert office.why(address) == ("queued", "emergency-words")
        office.approve(address)
        assert office.run() == [], "a yes without --emergency does not open the hours"
        office.approve(address, emergency=True)
        assert office.run() == [["大規模な断水が発生しています"]]
