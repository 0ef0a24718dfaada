"""Dates as Japanese cities write them, read into aware instants."""

import re
import unicodedata
from datetime import datetime, timedelta, timezone

from pipeline.config import JST
from pipeline.late import late

# Anything outside is a typing error; dates in the future are the policy's matter.
FIRST_YEAR, LAST_YEAR = 1989, 2100

# First year, and the last year that was counted (令和: none yet).
ERAS = {"令和": (2019, 99), "平成": (1989, 31), "昭和": (1926, 64), "R": (2019, 99), "H": (1989, 31), "S": (1926, 64)}

_YEAR = r"""(?:
      (?P<era>令和|平成|昭和|(?<![A-Za-z])[RHSrhs])\s*(?P<era_year>元|\d{1,2})\s*(?:\(\s*(?P<also>\d{4})\s*年?\s*\)\s*)?
    | (?<!\d)(?P<year>\d{4})\s*(?:\([^()]{1,8}\)\s*)?
)"""
_DATE = late(
    _YEAR
    + r"""(?:
      \s*年\s*(?P<month_a>\d{1,2})\s*月\s*(?P<day_a>\d{1,2})\s*日
    | \s*(?P<between>[-/.])\s*(?P<month_b>\d{1,2})\s*(?P=between)\s*(?P<day_b>\d{1,2})(?!\d)
    )""",
    re.VERBOSE,
)
_SECOND_YEAR = late(r"年\s*(\([^()月日]{1,8}\))(?=\s*\d{1,2}\s*月)")  # 令和8年(2026年)1月31日
_TIME = late(
    r"""(?:\s*\([月火水木金土日祝・]{1,3}(?:曜日?)?(?:・祝)?\)|\s*[月火水木金土日]曜日?)?
        (?P<t>T|,?\s*)
        (?P<half>午前|午後|[AaPp][Mm])?\s*
        (?P<hour>\d{1,2})
        (?: :(?P<minute_a>\d{2})(?!\d) (?: :(?P<second>\d{2}) (?:[.,]\d+)? )?
          | \s*時\s*(?:(?P<minute_b>\d{1,2})\s*分|(?P<half_past>半))?(?!間)
        )
        (?:\s*(?P<after>[AaPp]\.?[Mm]\b\.?))?
        (?:\s*\(?(?P<zone>(?i:GMT|UTC?)?\s?[+-]\d{1,2}(?::?\d{2})?(?!\d)|[A-Za-z]{1,4}(?![A-Za-z])))?""",
    re.VERBOSE,
)
# RFC 822 and its kind: 13 Jun 2026, 01 December 2026, 13-Jun-26, December 1, 2026; and ctime: Nov 26 10:00:00 JST 2026.
_NAMED = late(
    r"""(?<!\d)(?P<day_a>\d{1,2})(?:st|nd|rd|th)?[\s./-]{0,3}(?P<month_a>[A-Za-z]{3,9})[\s.,/-]{1,3}(?P<year_a>\d{4}|\d{2})(?!\d)
      | (?P<month_b>[A-Za-z]{3,9})\.?\s(?:\s?)(?P<day_b>\d{1,2})(?:st|nd|rd|th)?(?:,\s?|\s)(?P<year_b>\d{4})(?!\d)
      | (?P<month_c>[A-Za-z]{3})\s\s?(?P<day_c>\d{1,2})\s(?P<clock>\d{2}:\d{2}:\d{2}\s(?:[A-Z]{1,4}\s)?)(?P<year_c>\d{4})""",
    re.VERBOSE,
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
# Hours east of Greenwich of the names in RFC 822; JST is what people write all the same. Anything else is no zone.
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "JST": 9, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7,
}  # fmt: skip
_OFFSET = late(r"(?<=\d)\s*(?:GMT|UTC?)?\s?[+-]\d{1,2}:?\d{2}(?!\d)")
_FARTHEST = timedelta(hours=14)  # the Line Islands; Kadoma's neighbours that are farther away are typing errors
_ISO = late(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_COMPACT = late(r"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_MONTH_OF_JAVA = late(r"(\d{1,2}) (\d{1,2})月 (\d{4})(?!\d)")  # 火, 24 11月 2026 10:00:00 +0900
_KANJI = late(r"[〇零一二三四五六七八九十]{1,4}(?=[年月日])")
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_DATE_ALONE = len("2026-06-13")
_LONGEST = 1000  # characters looked at: a date stands at the beginning or nowhere
_NOON = 12


def read_date(text: str) -> tuple[datetime, bool] | None:
    """The first date in the text, in Japan Standard Time, and whether it is a date only (then at midnight).

    A time of day without a zone is Japanese time, and so is one with an offset that no place on Earth has. Reads ISO 8601;
    RFC 822 as people write it (01 December 2026, DEC, +09:00, GMT+09:00, JST, none); 2026年06月12日 and
    令和8(2026)年1月31日 with or without a time (午後5時30分, 17時30分, 1:12), 令和元年5月1日, R8.6.13, 2026/6/13,
    2026.6.13, and full-width digits. None when there is none or it is absurd: month 13, 令和99年, the year 9999,
    an era and a year that contradict each other.
    """
    try:
        read = _iso_date(text) or _mail_or_written(unicodedata.normalize("NFKC", text[:_LONGEST]))
        if read is None:
            return None
        instant = read[0].astimezone(JST)
    except (ValueError, OverflowError):
        return None
    return (instant, read[1]) if FIRST_YEAR <= instant.year <= LAST_YEAR else None


def has_odd_zone(text: str) -> bool:
    """Whether the date names an offset that no place on Earth has (+1700)."""
    found = _OFFSET.search(text[-10:]) if not text.endswith("+09:00") else None
    return found is not None and abs(_offset(found[0])) > _FARTHEST and read_date(text) is not None


def _iso_date(text: str) -> tuple[datetime, bool] | None:
    """What machines write, read fast: a list has a thousand of them."""
    if not _ISO.fullmatch(text):
        compact = _COMPACT.fullmatch(text)
        if not compact:
            return None
        year, month, day, hour, minute, second, zone = compact.groups(default="")
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone}"
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = instant.utcoffset()
    is_odd = offset is None or abs(offset) > _FARTHEST
    return (instant.replace(tzinfo=JST) if is_odd else instant), len(text) == _DATE_ALONE


def _mail_or_written(text: str) -> tuple[datetime, bool] | None:
    text = _MONTH_OF_JAVA.sub(r"\3-\2-\1", _KANJI.sub(_arabic, text))
    for found in _NAMED.finditer(text):
        if read := _named_date(found):
            return read
    return _written_date(text)


def _arabic(found: re.Match[str]) -> str:
    """二十四 → 24, 二〇二六 → 2026."""
    tens, ten, ones = found[0].partition("十")
    if not ten:
        return tens.translate(_KANJI_DIGITS)
    return f"{tens.translate(_KANJI_DIGITS) or '1'}{ones.translate(_KANJI_DIGITS) or '0'}"


def _named_date(found: re.Match[str]) -> tuple[datetime, bool] | None:
    form = next(form for form in "abc" if found[f"month_{form}"])
    name, day, year = (found[f"{part}_{form}"].lower() for part in ("month", "day", "year"))
    month = next((n for n, full in enumerate(_MONTHS, 1) if full.startswith(name)), 0)
    if not month:
        return None
    number = int(year) if len(year) > 2 else 2000 + int(year)  # noqa: PLR2004 - RFC 822 had two digits
    time = _TIME.match(found["clock"]) if form == "c" else _TIME.match(found.string, found.end())
    return _with_time(datetime(number, month, int(day), tzinfo=JST), time)


def _written_date(text: str) -> tuple[datetime, bool] | None:
    found = _DATE.search(_SECOND_YEAR.sub(r"\1年", text))
    if not found:
        return None
    year = _year(found)
    month, day = int(found["month_a"] or found["month_b"]), int(found["day_a"] or found["day_b"])
    if year is None:
        return None
    return _with_time(datetime(year, month, day, tzinfo=JST), _TIME.match(found.string, found.end()))


def _year(found: re.Match[str]) -> int | None:
    if found["year"]:
        return int(found["year"])
    first, last = ERAS[found["era"].upper()]
    count = 1 if found["era_year"] == "元" else int(found["era_year"])
    year = first + count - 1
    if not 1 <= count <= last or (found["also"] and int(found["also"]) != year):
        return None
    return year


def _with_time(midnight: datetime, time: re.Match[str] | None) -> tuple[datetime, bool]:
    instant = _at(midnight, time) if time else None
    return (instant, False) if instant else (midnight, True)


def _at(midnight: datetime, time: re.Match[str]) -> datetime | None:
    """The instant of that day, or None when the time makes no sense or is ambiguous (午前12時): the day still does."""
    half = (time["half"] or time["after"] or "").lower().replace(".", "")
    hour = int(time["hour"])
    minute = 30 if time["half_past"] else int(time["minute_a"] or time["minute_b"] or 0)
    second = int(time["second"] or 0)
    if half and (hour > _NOON or (hour == _NOON and half in ("午前", "am"))):
        return None
    if half in ("午後", "pm"):
        hour = hour % _NOON + _NOON
    if (hour, minute, second) == (24, 0, 0):
        return midnight + timedelta(days=1)
    try:
        local = midnight.replace(hour=hour, minute=minute, second=min(second, 59))  # 60: a leap second
    except ValueError:
        return None
    return local.replace(tzinfo=_zone(time))


def _zone(time: re.Match[str]) -> timezone:
    """The zone that is named; Japan's for none, for one that is none, and for what ends a span of time (10:00-11:30)."""
    zone = (time["zone"] or "").replace(" ", "")
    if not zone or zone.isalpha():
        hours = _ZONES.get(zone.upper(), 9)
        return JST if hours == 9 else timezone(timedelta(hours=hours))  # noqa: PLR2004 - of JST
    is_span = "-" in zone and ":" in zone and not time["second"] and time["t"] != "T"
    offset = _offset(zone)
    return JST if is_span or abs(offset) > _FARTHEST else timezone(offset)


def _offset(written: str) -> timedelta:
    """How far east of Greenwich +09:00, -0500, GMT+9 is."""
    sign = -1 if "-" in written else 1
    digits = re.sub(r"\D", "", written)
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])  # noqa: PLR2004 - +9, +09
    return sign * timedelta(hours=int(hours), minutes=int(minutes))
