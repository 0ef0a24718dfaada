"""Art. 7 against a second, independent calendar, and as a property of the decisions."""

from datetime import date, datetime, time, timedelta

import holidays
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from pipeline.article import Entry
from pipeline.config import JST, Hours
from pipeline.ledger.events import Posted
from pipeline.policy.hours import closes_at, is_holiday, is_open, next_opening
from tests.policy.office import DAY, HOUR, KINKYU, NEWS, TUESDAY, Office, config, url

JAPAN = holidays.country_holidays("JP", years=range(2000, 2028))
DEFAULT = Hours()

# Days on which jpholiday and holidays differ, each with the reason. Compared are the years that are law: a new law comes to
# the two calendars on different days, and the one that knows it first must not wait for the other.
DIFFERENCES: dict[date, str] = {}

instants = st.integers(0, int(timedelta(days=7 * 365).total_seconds())).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=JST) + timedelta(seconds=seconds)
)


def independently_open(at: datetime) -> bool:
    """Art. 7 as it is written, with the other calendar."""
    local = at.astimezone(JST)
    return local.weekday() < 5 and local.date() not in JAPAN and time(9, 0) <= local.time() < time(17, 30)


def test_every_day_of_the_years_that_are_law_agrees_with_the_second_calendar_but_for_a_known_list() -> None:
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range((date(2028, 1, 1) - date(2000, 1, 1)).days)]
    assert {day for day in days if is_holiday(day) != (day in JAPAN)} == set(DIFFERENCES)


@settings(max_examples=500, deadline=None)
@given(instants)
def test_the_posting_hours_are_those_of_the_policy(at: datetime) -> None:
    assert is_open(at, DEFAULT) == independently_open(at)
    opening = next_opening(at, DEFAULT)
    assert opening is not None
    assert independently_open(opening)
    assert opening == at or (opening.time() == time(9, 0) and not independently_open(opening - timedelta(seconds=1)))
    between = at
    while between < opening:  # no opening was missed
        assert not independently_open(between)
        between += timedelta(minutes=30)


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        ("2026-11-24T08:59:59+09:00", False),
        ("2026-11-24T09:00:00+09:00", True),
        ("2026-11-24T17:29:59.999999+09:00", True),
        ("2026-11-24T17:30:00+09:00", False),
        ("2026-11-24T00:30:00+00:00", True),  # 09:30 in Japan
        ("2026-11-23T10:00:00+09:00", False),  # 勤労感謝の日
        ("2026-05-06T10:00:00+09:00", False),  # 振替休日
        ("2026-09-22T10:00:00+09:00", False),  # 国民の休日
        ("2026-11-28T10:00:00+09:00", False),  # Saturday
        ("2026-12-29T10:00:00+09:00", True),  # year-end days are ordinary days unless the configuration closes them
    ],
)
def test_the_edges_of_the_hours(at: str, opened: bool) -> None:
    assert is_open(datetime.fromisoformat(at), DEFAULT) is opened


@pytest.mark.parametrize("closed", ["12-29/01-03", "2026-12-29/2027-01-03", "2026-12-29"])
def test_the_configuration_closes_more_days(closed: str) -> None:
    hours = replace(DEFAULT, closed=(closed,))
    assert not is_open(datetime(2026, 12, 29, 10, 0, tzinfo=JST), hours)
    assert is_open(datetime(2026, 12, 28, 10, 0, tzinfo=JST), hours)
    assert is_open(datetime(2027, 1, 4, 10, 0, tzinfo=JST), hours)


def test_hours_to_midnight_and_hours_that_never_open() -> None:
    late = replace(DEFAULT, open="00:00", close="24:00")
    assert is_open(datetime(2026, 11, 24, 23, 59, 59, tzinfo=JST), late)
    assert closes_at(TUESDAY, late) == datetime(2026, 11, 25, 0, 0, tzinfo=JST)
    assert next_opening(TUESDAY, replace(DEFAULT, days=())) is None


_kinds = st.sampled_from(["new", "edit", "word", "emergency", "approved", "post", "correction"])
_steps = st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(days=3)), _kinds), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(instants, _steps)
def test_art_07_whatever_is_published_whenever_no_normal_broadcast_leaves_outside_the_hours(
    begin: datetime, steps: list[tuple[timedelta, str]]
) -> None:
    office = Office(config(updates="announce", min_interval="0m"), now=begin, known=3)
    office.lists.shown[KINKYU] = []
    office.run()
    for number, (later, kind) in enumerate(steps, 201):
        office.now += later
        if kind == "edit":
            office.edit(url(101 + number % 3))
        elif kind in ("post", "correction"):
            corrects = "x" if kind == "correction" else ""
            office.tell(
                Posted(
                    at=office.now, article=f"p{number}", actor="kiki", department="総務部危機管理課", basis="8(2)",
                    title=f"手動 {number}", text="本文", corrects=corrects,
                )
            )  # fmt: skip
        else:
            title = {"word": f"断水のお知らせ {number}", "emergency": f"避難指示 {number}"}.get(kind, "")
            office.publish(number, title, source=KINKYU if kind == "emergency" else NEWS)
        office.run()
        if kind == "approved":
            office.approve(url(number))
            office.run()
    for at, urgent, _ in office.passes.outcomes.broadcasts:
        assert urgent or independently_open(at), at
    emergencies = [one for one in office.passes.outcomes.sent if one.urgent]
    assert len(emergencies) == sum(kind == "emergency" for _, kind in steps), "and every emergency left at once"


def test_a_broadcast_that_would_end_after_closing_waits_for_the_next_day() -> None:
    office = Office(now=datetime(2026, 11, 24, 17, 26, tzinfo=JST))
    office.publish(201)
    assert office.run() == []
    assert office.why(url(201)) == ("queued", "close-margin")
    assert office.known(url(201)).until == datetime(2026, 11, 25, 9, 0, tzinfo=JST)
    assert office.run(15 * HOUR + timedelta(minutes=34)) == [["お知らせ その201"]]


def test_what_was_published_on_different_closed_days_makes_one_broadcast() -> None:
    office = Office(now=datetime(2026, 11, 20, 18, 0, tzinfo=JST))  # Friday evening before a long weekend
    for number in range(4):
        office.publish(201 + number)
        assert office.run(DAY if number else timedelta(0)) == []
    office.now = datetime(2026, 11, 24, 9, 0, tzinfo=JST)
    assert [len(titles) for titles in office.run()] == [4]


def test_more_than_one_broadcast_can_show_goes_with_the_next_one() -> None:
    office = Office(config(burst_limit=99, min_interval="0m"))
    for number in range(65):
        office.news.insert(0, Entry(url(200 + number), f"記事{number}", TUESDAY, 200 + number))
    assert [len(titles) for titles in office.run()] == [59]
    assert {office.why(url(200 + number))[1] for number in range(65)} >= {"next-broadcast"}
    assert [len(titles) for titles in office.run(HOUR)] == [6]
