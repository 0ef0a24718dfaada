"""Art. 7: when the account may post. Pure functions of an instant and the configured hours; JST throughout."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from pipeline.config import JST, WEEKDAYS, Hours, clock_time
from pipeline.config_rules import LEAP_YEAR, LONGEST_CLOSURE, closed_days, is_yearly

HOLIDAYS_A_YEAR = 16  # of the 国民の祝日に関する法律; substitute holidays make it more, and old data know fewer


def is_open(now: datetime, hours: Hours) -> bool:
    """Whether `now` (aware) lies in the posting hours; the closing minute itself is outside."""
    local = now.astimezone(JST)
    # The clock first: at night nobody needs to know whether today is a holiday.
    return clock_time(hours.open) <= local.time() < clock_time(hours.close) and is_open_day(local.date(), hours)


def next_opening(now: datetime, hours: Hours) -> datetime | None:
    """`now` while open, else the next instant at which the hours begin; None when no opening is in sight."""
    if is_open(now, hours):
        return now
    local = now.astimezone(JST)
    first = 0 if local.time() < clock_time(hours.open) else 1
    for days in range(first, LONGEST_CLOSURE):
        day = local.date() + timedelta(days=days)
        if is_open_day(day, hours):
            return datetime.combine(day, clock_time(hours.open), JST)
    return None


def closes_at(now: datetime, hours: Hours) -> datetime:
    """The closing instant of the day of `now`."""
    day = now.astimezone(JST).date()
    if hours.close == "24:00":
        return datetime.combine(day + timedelta(days=1), time.min, JST)
    return datetime.combine(day, clock_time(hours.close), JST)


def is_open_day(day: date, hours: Hours) -> bool:
    """A configured weekday that is neither a holiday nor closed by the configuration."""
    return (
        WEEKDAYS[day.weekday()] in hours.days
        and not _is_closed(day, hours.closed)
        and not (hours.holidays and is_holiday(day))
    )


@lru_cache(maxsize=4096)
def is_holiday(day: date) -> bool:
    """A holiday of the 国民の祝日に関する法律, substitute (振替休日) and citizens' holidays (国民の休日) included."""
    import jpholiday  # asked only within the hours of a posting day

    return bool(jpholiday.is_holiday(day))


def holidays_of(year: int) -> int:
    """How many holidays of a year the data know; fewer than HOLIDAYS_A_YEAR: they are too old for it."""
    import jpholiday  # as above

    return len(jpholiday.year_holidays(year))


def _is_closed(day: date, closed: tuple[str, ...]) -> bool:
    in_a_leap_year = day.replace(year=LEAP_YEAR)
    return any((in_a_leap_year if is_yearly(text) else day) in closed_days(text) for text in closed)
