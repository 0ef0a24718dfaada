from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import JST
from pipeline.sources.dates import has_odd_zone, read_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-13T10:13:08+09:00", "2026-06-13T10:13:08"),
        ("2026-06-13T01:13:08Z", "2026-06-13T10:13:08"),
        ("2026-06-13T01:13:08.123+0000", "2026-06-13T10:13:08.123000"),
        ("2026-06-13 10:13", "2026-06-13T10:13:00"),
        ("更新日時 2026-6-3 1:05", "2026-06-03T01:05:00"),
        ("Fri, 12 Jun 2026 06:30:00 GMT", "2026-06-12T15:30:00"),
        ("Fri, 12 Jun 2026 15:30:00 +0900", "2026-06-12T15:30:00"),
        ("12 Jun 2026 15:30:00 JST", "2026-06-12T15:30:00"),
        ("2026年06月12日 午後5時30分", "2026-06-12T17:30:00"),
        ("2026年6月12日（金曜日）午後5時半", "2026-06-12T17:30:00"),
        ("2026年6月12日17時30分", "2026-06-12T17:30:00"),
        ("2026年6月12日 17時", "2026-06-12T17:00:00"),
        ("2026年6月12日　１：１２", "2026-06-12T01:12:00"),
        ("２０２６年６月１２日午前９時５分", "2026-06-12T09:05:00"),
        ("2026年6月12日 午後0時15分", "2026-06-12T12:15:00"),
        ("2026年6月12日 午後12時15分", "2026-06-12T12:15:00"),
        ("2026年6月12日 24時", "2026-06-13T00:00:00"),
        ("2026/6/13 9:00 AM", "2026-06-13T09:00:00"),
        ("R8.6.13 13:05", "2026-06-13T13:05:00"),
        ("2026-11-26T10:00:00.0000000+09:00", "2026-11-26T10:00:00"),
        ("2026-11-26 10:00:00 +0900", "2026-11-26T10:00:00"),
        ("2026-11-26T10:00:00+9:00", "2026-11-26T10:00:00"),
        ("2026年6月13日 10:00-11:30", "2026-06-13T10:00:00"),  # a span of time, not a zone in the Pacific
    ],
)
def test_a_date_with_a_time_is_that_instant_in_japan(text: str, expected: str) -> None:
    read = read_date(text)
    assert read is not None
    assert (read[0].replace(tzinfo=None).isoformat(), read[0].utcoffset(), read[1]) == (
        expected,
        timedelta(hours=9),
        False,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sat, 13 Jun 2026 10:13:08 +09:00", "2026-06-13T10:13:08"),
        ("土, 13 6月 2026 10:13:08 +0900", "2026-06-13T10:13:08"),
        ("20260613T101308+0900", "2026-06-13T10:13:08"),
        ("20260613101308", "2026-06-13T10:13:08"),
        ("令和八年六月十三日 10:13", "2026-06-13T10:13:00"),
        ("二〇二六年十二月二十一日 10:13", "2026-12-21T10:13:00"),
        ("Sat, 13 Jun 2026 10:13:08 GMT+09:00", "2026-06-13T10:13:08"),
        ("Sat, 13 Jun 2026 10:13:08 GMT+9", "2026-06-13T10:13:08"),
        ("Sat, 13 Jun 2026 10:13:08 +0900 (JST)", "2026-06-13T10:13:08"),
        ("Sat, 13 Jun 2026 10:13:08", "2026-06-13T10:13:08"),
        ("Sat, 13 Jun 2026 10:13:08 Asia/Tokyo", "2026-06-13T10:13:08"),
        ("sat, 13 jun 2026 01:13:08 utc", "2026-06-13T10:13:08"),
        ("Sat, 13 Jun 2026 01:13:08 -0000", "2026-06-13T10:13:08"),
        ("Fri, 12 Jun 2026 20:13:08 EST", "2026-06-13T10:13:08"),
        ("Tue, 01 December 2026 10:00", "2026-12-01T10:00:00"),
        ("1 DEC 2026 10:00:00 JST", "2026-12-01T10:00:00"),
        ("13-Jun-26 10:00:00 +0900", "2026-06-13T10:00:00"),
        ("Thu Nov 26 10:00:00 JST 2026", "2026-11-26T10:00:00"),
        ("Thu Nov 26 10:00:00 2026", "2026-11-26T10:00:00"),
        ("Nov 26, 2026 3:05 p.m.", "2026-11-26T15:05:00"),
        ("13 Foo 2026, 2026年6月13日 9時", "2026-06-13T09:00:00"),
    ],
)
def test_rfc_822_is_read_as_people_write_it(text: str, expected: str) -> None:
    read = read_date(text)
    assert read is not None
    assert (read[0].isoformat(), read[1]) == (f"{expected}+09:00", False)


@pytest.mark.parametrize(
    "text",
    [
        "Sat, 13 Jun 2026 10:13:08 +1700",
        "2026-06-13T10:13:08+17:00",
        "2026-06-13T10:13:08+99:00",
        "2026-06-13T10:13:08+14:01",
        "2026-06-13T10:13:08-15:00",
        "13 Jun 2026 10:13:08 +1401",
        "13 Jun 2026 10:13:08 -9000",
    ],
)
def test_an_offset_that_no_place_on_earth_has_is_japans_and_is_noted(text: str) -> None:
    read = read_date(text)
    assert read is not None
    assert (read[0].isoformat(), has_odd_zone(text)) == ("2026-06-13T10:13:08+09:00", True)
    assert not has_odd_zone("Sat, 13 Jun 2026 10:13:08 -0500")
    assert not has_odd_zone("2026年6月13日 10:00")


@pytest.mark.parametrize("text", ["2026-06-13T15:13:08+14:00", "13 Jun 2026 15:13:08 +1400"])
def test_the_offset_of_the_line_islands_is_one(text: str) -> None:
    read = read_date(text)
    assert read is not None
    assert (read[0].isoformat(), has_odd_zone(text)) == ("2026-06-13T10:13:08+09:00", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("更新日：2026年06月12日", date(2026, 6, 12)),
        ("2026-06-13", date(2026, 6, 13)),
        ("令和8(2026)年1月31日", date(2026, 1, 31)),
        ("令和８（２０２６）年１月３１日", date(2026, 1, 31)),
        ("令和8年（2026年）1月31日", date(2026, 1, 31)),
        ("2026年(令和8年)1月31日", date(2026, 1, 31)),
        ("2026(令和8)年1月31日", date(2026, 1, 31)),
        ("令和8年6月13日", date(2026, 6, 13)),
        ("令和 8 年 6 月 13 日", date(2026, 6, 13)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("㋿元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("R8.6.13", date(2026, 6, 13)),
        ("H30/12/28", date(2018, 12, 28)),
        ("2026/6/13", date(2026, 6, 13)),
        ("2026.6.13", date(2026, 6, 13)),
        ("（2026．6．13）", date(2026, 6, 13)),
        ("2026年6月12日 26時", date(2026, 6, 12)),
        ("2026年6月12日 午前12時", date(2026, 6, 12)),
        ("2026年6月12日 3時間の講座", date(2026, 6, 12)),
        ("2026-06-13T25:61", date(2026, 6, 13)),
    ],
)
def test_a_date_without_a_usable_time_is_midnight_and_says_so(text: str, expected: date) -> None:
    assert read_date(text) == (datetime(expected.year, expected.month, expected.day, tzinfo=JST), True)


@pytest.mark.parametrize(
    "text",
    ["", "お知らせ", "0000-00-00", "0000年01月01日", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999年12月31日",
     "令和99年1月1日", "令和0年1月1日", "平成32年1月1日", "昭和63年12月31日", "昭和65年1月1日", "1988-12-31", "2101-01-01", "2026年13月1日",
     "2026年2月29日", "2026-02-30", "令和8(2025)年1月31日", "12026年1月1日", "20260613", "2026/6-13", "Fri, 99 Jun 2026 06:30:00 GMT",
     "BR8.6.13x2026"],
)  # fmt: skip
def test_an_absurd_date_is_no_date(text: str) -> None:
    assert read_date(text) is None


INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31), timezones=st.just(JST))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(INSTANTS, st.integers(-12 * 60, 14 * 60))
def test_every_machine_written_instant_is_read_back(instant: datetime, offset: int) -> None:
    whole = instant.replace(microsecond=0)
    elsewhere = whole.astimezone(timezone(timedelta(minutes=offset)))
    assert read_date(instant.isoformat()) == (instant, False)
    assert read_date(elsewhere.isoformat()) == (whole, False)
    assert read_date(format_datetime(elsewhere)) == (whole, False)
    assert read_date(format_datetime(whole.astimezone(UTC), usegmt=True)) == (whole, False)


@given(INSTANTS)
def test_every_japanese_spelling_is_read_back(instant: datetime) -> None:
    day, whole = instant.replace(hour=0, minute=0, second=0, microsecond=0), instant.replace(second=0, microsecond=0)
    west, month, last = f"{day.year}", day.month, day.day
    spellings = [f"{west}年{month:02}月{last:02}日", f"{west}/{month}/{last}", f"{west}.{month}.{last}"]
    if day.year >= 2020:
        era = day.year - 2018
        spellings += [
            f"令和{era}年{month}月{last}日",
            f"令和{era}({west})年{month}月{last}日",
            f"R{era}.{month}.{last}",
        ]
    half = "午前" if whole.hour < 12 else "午後"
    for spelling in spellings:
        assert read_date(spelling) == (day, True)
        assert read_date(spelling.translate(str.maketrans("0123456789", "０１２３４５６７８９"))) == (day, True)
        assert read_date(f"{spelling} {whole.hour}:{whole.minute:02}") == (whole, False)
        assert read_date(f"{spelling}（火曜日）{half}{whole.hour % 12}時{whole.minute}分") == (whole, False)


@given(st.text(alphabet=st.sampled_from("0123456789年月日時分令和平成元RH.-/:()（） TZ+午前後０９"), max_size=40))
def test_whatever_is_written_is_a_plausible_date_or_none(text: str) -> None:
    read = read_date(text)
    if read:
        assert 1989 <= read[0].year <= 2100
        assert read[0].utcoffset() == timedelta(hours=9)
