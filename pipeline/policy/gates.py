"""When what may go out goes out: the gates that no poster's yes opens. Rules in the manner of `decide`."""

from datetime import datetime, timedelta

from pipeline.config import JST, duration
from pipeline.decision import Decision, Reason
from pipeline.policy import hours
from pipeline.policy.case import Case, Rule, said_by
from pipeline.policy.second_report import gone_out_lately

QUOTA_PAUSE = timedelta(hours=1)  # after "monthly limit": it can be transient while another delivery reserves it
# Broadcasts about one address within an hour before its changes are gathered, and for how long.
FLOOD_FROM, FLOOD_WITHIN, GATHERED_FOR = 3, timedelta(hours=1), timedelta(minutes=10)


def is_not_paused(case: Case) -> Decision | None:
    """Art. 5: the operator can stop everything (`paused = true`)."""
    return case.decision("hold", Reason.PAUSED) if case.config.paused else None


def its_time_has_come(case: Case) -> Decision | None:
    """Art. 7: a poster may choose a time within the posting hours."""
    at = case.known.post.not_before if case.known.post else None
    return case.decision("hold", Reason.SCHEDULED, until=at) if at is not None and case.now < at else None


def hours_are_open(case: Case) -> Decision | None:
    """Art. 7: Monday to Friday, 9:00 to 17:30, no holidays; otherwise held until the next opening."""
    rules = case.config.policy.hours
    if case.known.urgent:
        return None
    if not hours.is_open(case.now, rules):
        reason = Reason.EMERGENCY_WORDS if case.word else Reason.CLOSED_HOURS
        return case.decision("hold", reason, case.word, hours.next_opening(case.now, rules))
    closing = hours.closes_at(case.now, rules)
    if case.now >= closing - duration(case.config.delivery.close_margin) and not case.word:
        return case.decision("hold", Reason.CLOSE_MARGIN, until=hours.next_opening(closing, rules))
    return None


def not_too_often(case: Case) -> Decision | None:
    """Frequency (Art. 7): a pause between normal broadcasts and at most so many a day; what waits is bundled."""
    if case.jumps_the_queue:
        return None
    all_sent = (b for b in case.knowledge.broadcasts.values() if b.outcome != "rejected" and not b.emergency)
    sent = [b.at for b in all_sent if b.shadow == case.config.shadow]
    free = max(sent) + duration(case.config.delivery.min_interval) if sent else case.now
    if free > case.now:
        return case.decision("hold", Reason.MIN_INTERVAL, until=hours.next_opening(free, case.config.policy.hours))
    today = case.now.astimezone(JST).date()
    if sum(at.astimezone(JST).date() == today for at in sent) >= case.config.delivery.max_per_day:
        tomorrow = datetime.combine(today + timedelta(days=1), datetime.min.time(), JST)
        return case.decision("hold", Reason.MAX_PER_DAY, until=hours.next_opening(tomorrow, case.config.policy.hours))
    return None


def does_not_flood(case: Case) -> Decision | None:
    """Art. 7 proviso: from the fourth broadcast within an hour about one address its changes are gathered for ten minutes.
    A new emergency word or level goes out at once."""
    known = case.known
    if known.post is not None or known.approved_by or not (known.urgent or case.word):
        return None
    lately = [b for b in gone_out_lately(case.knowledge, case.now, FLOOD_WITHIN) if known.id in b.articles]
    until = known.found + GATHERED_FOR - timedelta(seconds=30)  # a pass comes every few minutes, never to the second
    if len(lately) < FLOOD_FROM or case.now >= until or set(said_by(case)) - set(known.words):
        return None
    return case.decision("hold", Reason.GATHERING, f"{len(lately)}", until)


def quota_has_room(case: Case) -> Decision | None:
    """Art. 5: the month's messages are used up; tried again when there may be room. An emergency is always tried: LINE's
    own refusal costs nothing."""
    if case.known.urgent:
        return None
    refused = (b.answered for b in case.knowledge.broadcasts.values() if (b.outcome, b.code) == ("rejected", "quota"))
    last = max(filter(None, refused), default=None)
    again = last + QUOTA_PAUSE if last else case.now
    if again > case.now:
        return case.decision("hold", Reason.QUOTA, until=again)
    return case.decision("hold", Reason.QUOTA) if case.line == "full" else None


def line_is_there(case: Case) -> Decision | None:
    """Art. 5: without LINE, or with the wrong account (Art. 3), everything waits for the next run; an emergency only then."""
    missing = case.line == "down" or (case.line == "partly" and not case.known.urgent)
    return case.decision("hold", Reason.LINE_UNAVAILABLE) if missing else None


GATES: tuple[Rule, ...] = (is_not_paused, hours_are_open, not_too_often, does_not_flood, quota_has_room, line_is_there)
