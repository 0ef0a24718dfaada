"""Dates as Japanese cities write them, read into aware instants."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from pipeline.config import JST

# Anything outside is a typing error; dates in the future are the policy's matter.
FIRST_YEAR, LAST_YEAR = 1989, 2100

# First year, and the last year that was counted (令和: none yet).
ERAS = {"令和": (2019, 99), "平成": (1989, 31), "昭和": (1926, 64), "R": (2019, 99), "H": (1989, 31), "S": (1926, 64)}

_YEAR = r"""(?:
      (?P<era>令和|平成|昭和|(?<![A-Za-z])[RHSrhs])\s*(?P<era_year>元|\d{1,2})\s*(?:\(\s*(?P<also>\d{4})\s*年?\s*\)\s*)?
    | (?<!\d)(?P<year>\d{4})\s*(?:\([^()]{1,8}\)\s*)?
)"""
_DATE = re.compile(
    _YEAR
    + r"""(?:
      \s*年\s*(?P<month_a>\d{1,2})\s*月\s*(?P<day_a>\d{1,2})\s*日
    | \s*(?P<between>[-/.])\s*(?P<month_b>\d{1,2})\s*(?P=between)\s*(?P<day_b>\d{1,2})(?!\d)
    )""",
    re.VERBOSE,
)
_SECOND_YEAR = re.compile(r"年\s*(\([^()月日]{1,8}\))(?=\s*\d{1,2}\s*月)")  # 令和8年(2026年)1月31日
_TIME = re.compile(
    r"""(?:\s*\([月火水木金土日祝・]{1,3}(?:曜日?)?(?:・祝)?\)|\s*[月火水木金土日]曜日?)?
        (?:T|\s*)
        (?P<half>午前|午後|[AaPp][Mm])?\s*
        (?P<hour>\d{1,2})
        (?: :(?P<minute_a>\d{2})(?!\d) (?: :(?P<second>\d{2}) (?:[.,]\d+)? )?
          | \s*時\s*(?:(?P<minute_b>\d{1,2})\s*分|(?P<half_past>半))?(?!間)
        )
        \s*(?P<zone>Z|[+-]\d{2}:?\d{2}(?!\d)|JST|GMT|UTC)?""",
    re.VERBOSE,
)
_MAIL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2,8},\s*)?\d{1,2}[ -][A-Z][a-z]{2}[ -](?:[12]\d{3}|\d{2})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"(?:\s*(?:[+-]\d{4}|[A-Z]{1,4}))?"
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_LONGEST = 1000  # characters looked at: a date stands at the beginning or nowhere
_NOON = 12


def read_date(text: str) -> tuple[datetime, bool] | None:
    """The first date in the text, in Japan Standard Time, and whether it is a date only (then at midnight).

    A time of day without a zone is Japanese time. Reads ISO 8601, RFC 2822 (mail, HTTP), 2026年06月12日 and
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


def _iso_date(text: str) -> tuple[datetime, bool] | None:
    """What machines write, read fast: a list has a thousand of them."""
    if not _ISO.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=JST)), len(text) == len("2026-06-13")


def _mail_or_written(text: str) -> tuple[datetime, bool] | None:
    return _mail_date(text) or _written_date(text)


def _mail_date(text: str) -> tuple[datetime, bool] | None:
    found = _MAIL_DATE.search(text)
    if not found:
        return None
    instant = parsedate_to_datetime(re.sub(r"\s*JST$", " +0900", found[0]))
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)), False


def _written_date(text: str) -> tuple[datetime, bool] | None:
    found = _DATE.search(_SECOND_YEAR.sub(r"\1年", text))
    if not found:
        return None
    year = _year(found)
    month, day = int(found["month_a"] or found["month_b"]), int(found["day_a"] or found["day_b"])
    if year is None:
        return None
    midnight = datetime(year, month, day, tzinfo=JST)
    time = _TIME.match(found.string, found.end())
    instant = _at(midnight, time) if time else None
    return (instant, False) if instant else (midnight, True)


def _year(found: re.Match[str]) -> int | None:
    if found["year"]:
        return int(found["year"])
    first, last = ERAS[found["era"].upper()]
    count = 1 if found["era_year"] == "元" else int(found["era_year"])
    year = first + count - 1
    if not 1 <= count <= last or (found["also"] and int(found["also"]) != year):
        return None
    return year


def _at(midnight: datetime, time: re.Match[str]) -> datetime | None:
    """The instant of that day, or None when the time makes no sense or is ambiguous (午前12時): the day still does."""
    half = (time["half"] or "").lower()
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
    zone = time["zone"] or "JST"
    if zone == "JST":
        return local
    return local.replace(tzinfo=_zone(zone))


def _zone(text: str) -> timezone:
    """The zone of Z, GMT, UTC, +09:00 or +0900. Raises ValueError for an offset of a day or more."""
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
