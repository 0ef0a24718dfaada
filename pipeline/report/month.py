"""月報: what one month of the ledger adds up to, for those who answer for the account (Art. 4, 5). Pure.

Aggregates only: of LINE's figures the ledger holds counts, nothing about persons (Art. 12).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil

from pipeline.config import JST, Config
from pipeline.ledger.events import (
    AnyEvent,
    Approved,
    Chosen,
    Decided,
    Friends,
    Measured,
    Mode,
    Posted,
    Refused,
    Settled,
    Signed,
)
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known
from pipeline.policy.content import category_of
from pipeline.policy.hours import is_open
from pipeline.report import Json, words
from pipeline.report.status import responsible

Articles = Mapping[str, Known]

COUNTED_FOR = timedelta(days=15)  # LINE counts what residents do with a message for 14 days, and tells it a day later
FIGURES, FRIENDS = ("delivered", "opened", "tapped"), ("followers", "reach", "blocks")
WAITING = ("hold", "review", "skip")  # verdicts under which something was held back


def sent_broadcasts(knowledge: Knowledge) -> list[BroadcastKnown]:
    """Every broadcast that reached residents: LINE accepted it, or a person found that it did."""
    return [broadcast for broadcast in knowledge.archive.values() if broadcast.outcome == "accepted"]


def sent_at(broadcast: BroadcastKnown) -> datetime:
    """When residents got it. A person settles days later: then the instant at which the request left."""
    known_by_line = broadcast.request_id and broadcast.answered
    return known_by_line or broadcast.at


def month_of(config: Config, events: Sequence[AnyEvent], month: str, now: datetime) -> Json:
    """The document of `report --json`.

    Args:
        month: "2026-11", in Japanese time.
        now: decides which of LINE's figures are final; a month that is not over is told as such.
    """
    first, end = span_of(month)
    account = _account(config, events, (first, end), now, lambda one: not one.shadow and first <= sent_at(one) < end)
    return {"month": month, "begun": now >= first, "complete": now >= end} | account


def trial_of(config: Config, events: Sequence[AnyEvent], now: datetime, shown: Callable[[str], Sequence[Json]]) -> Json:
    """The document of `report --shadow`: what the trial run would have sent, when, why, and in which words.

    Args:
        shown: a broadcast's id → what residents would have seen, message by message.
    """
    modes = [event for event in events if isinstance(event, Mode)]
    first = next((event.at for event in modes if event.shadow), now)
    end = next((event.at for event in modes if not event.shadow and event.at > first), now)
    document = _account(config, events, (first, end), now, lambda one: one.shadow)
    for row in document["broadcasts"]:
        row["shown"] = shown(row["id"])
    return document | {"from": first.isoformat(), "to": end.isoformat(), "over": end < now}


def _account(
    config: Config, events: Sequence[AnyEvent], span: tuple[datetime, datetime], now: datetime,
    counts: Callable[[BroadcastKnown], bool],
) -> Json:  # fmt: skip
    """What the broadcasts that count and the decisions of a span of time add up to."""
    (first, end), knowledge = span, fold(events)
    known, sent = knowledge.articles, [one for one in sent_broadcasts(knowledge) if counts(one)]
    measured = {event.broadcast: event for event in events if isinstance(event, Measured)}
    rows = [_row(config, one, known, measured.get(one.id)) for one in sent]
    chosen = [(one, article) for one in sent for article in one.chosen]
    within = [event for event in events if first <= event.at < end]
    return {
        "city": config.site.name,
        "account": config.line.account,
        "made": now.isoformat(),
        "broadcasts": rows,
        "totals": {
            "broadcasts": len(sent),
            "emergencies": sum(one.emergency for one in sent),
            "articles": len(chosen),
            "messages": sum(one.messages for one in sent),
        },
        "by_category": _counted(_category(config, known, article) for _, article in chosen),
        "by_department": _counted(_department(known, article) for _, article in chosen),
        "by_basis": _counted(words.policy(article.basis) for _, article in chosen),
        "hours": _hours(config, sent),
        "delay": _delay(chosen),
        "people": _people(within, known),
        "held_back": _held_back(within),
        "reactions": _reactions(rows),
        "friends": _friends(events, first.date(), min(end, now).date()),
        "responsible": responsible(config),
        "exit": 0,
    }


def span_of(month: str) -> tuple[datetime, datetime]:
    """The first instant of a month "2026-11" and of the next one, JST. Raises ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=JST)
    return first, (first + timedelta(days=32)).replace(day=1)


def unmeasured(events: Sequence[AnyEvent], first: datetime, end: datetime, now: datetime) -> list[BroadcastKnown]:
    """Broadcasts between two instants whose figures LINE may have and the ledger has not, or not the final
    ones; newest last."""
    measured = {event.broadcast: event.at for event in events if isinstance(event, Measured)}
    return [
        one
        for one in sent_broadcasts(fold(events))
        if one.request_id and first <= sent_at(one) < end and now - sent_at(one) >= timedelta(days=1)
        and not _is_final(measured.get(one.id), one)
    ]  # fmt: skip


def days_without_friends(events: Sequence[AnyEvent], first: date, end: date) -> list[date]:
    """Days from `first` to before `end` of which the ledger does not know how many friends there were."""
    there = {event.day for event in events if isinstance(event, Friends)}
    days = (first + timedelta(days=number) for number in range((end - first).days))
    return [day for day in days if day.isoformat() not in there]


def _is_final(measured: datetime | None, sent: BroadcastKnown) -> bool:
    return measured is not None and measured - sent_at(sent) >= COUNTED_FOR


def _row(config: Config, one: BroadcastKnown, known: Articles, measured: Measured | None) -> Json:
    final = measured is not None and _is_final(measured.at, one)
    return {
        "id": one.id,
        "at": sent_at(one).isoformat(),
        "emergency": one.emergency,
        "request_id": one.request_id,
        "settled_by": one.settled.actor if one.settled else "",
        "articles": [
            {
                "id": chosen.article,
                "title": _title(known, chosen.article),
                "url": _address(known, chosen),
                "category": _category(config, known, chosen),
                "department": _department(known, chosen),
                "basis": chosen.basis,
                "reason": chosen.reason,
            }
            for chosen in one.chosen
        ],
        "figures": {"state": "final" if final else "counting" if measured else "missing"} | _told(measured, FIGURES),
    }


def _told(event: Measured | Friends | None, names: Sequence[str]) -> Json:
    """LINE's figures; None where there are none."""
    return {name: getattr(event, name, None) for name in names}


def _title(known: Articles, article: str) -> str:
    return known[article].title if article in known else ""


def _address(known: Articles, chosen: Chosen) -> str:
    return known[chosen.article].url if chosen.article in known else ""


def _category(config: Config, known: Articles, chosen: Chosen) -> str:
    address = _address(known, chosen)
    category = category_of(address, config.policy.content) if address else None
    return category.label if category else words.sentence("other-category" if address else "no-page")


def _department(known: Articles, chosen: Chosen) -> str:
    post = known[chosen.article].post if chosen.article in known else None
    return chosen.department or (post.department if post else "") or words.sentence("no-department")


def _counted(names: Iterable[str]) -> list[Json]:
    return [
        {"name": name, "count": count}
        for name, count in sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _hours(config: Config, sent: Sequence[BroadcastKnown]) -> Json:
    """Art. 7: whether every broadcast that is no emergency began within the hours."""
    normal = [one for one in sent if not one.emergency]
    outside = [one.id for one in normal if not is_open(one.at, config.policy.hours)]
    return {"normal": len(normal), "within": len(normal) - len(outside), "outside": outside}


def _delay(chosen: Iterable[tuple[BroadcastKnown, Chosen]]) -> Json:
    """From the publication to the phone, in minutes. Midnight sharp stands for a date without time, which says nothing."""
    minutes: dict[bool, list[float]] = {False: [], True: []}
    for one, article in chosen:
        published = article.date.astimezone(JST) if article.date else None
        if (
            published
            and (published.hour, published.minute, published.second) != (0, 0, 0)
            and published <= sent_at(one)
        ):
            minutes[one.emergency].append((sent_at(one) - published).total_seconds() / 60)
    return {
        name: {"count": len(values), "median": _rank(values, 0.5), "p90": _rank(values, 0.9)}
        for name, values in (("articles", minutes[False]), ("emergencies", minutes[True]))
    }


def _rank(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile."""
    return round(sorted(values)[max(ceil(share * len(values)), 1) - 1], 1) if values else None


def _people(within: Iterable[AnyEvent], known: Articles) -> list[Json]:
    """What posters decided (Art. 6), in order."""
    deeds = {Posted: "posted", Approved: "approved", Refused: "rejected", Settled: "settled"}
    return [
        {
            "at": event.at.isoformat(),
            "deed": deeds[type(event)],
            "actor": event.actor,
            "department": event.department,
            "why": event.why,
            "about": getattr(event, "broadcast", "") or getattr(event, "article", ""),
            "title": _title(known, getattr(event, "article", "")),
        }
        for event in within
        if isinstance(event, Signed)
    ]


def _held_back(within: Iterable[AnyEvent]) -> list[Json]:
    """How many articles were held, asked about or left out, and for which reason; an article counts once a reason."""
    seen = {(e.decision, e.reason, e.article) for e in within if isinstance(e, Decided) and e.decision in WAITING}
    counts = Counter((decision, reason) for decision, reason, _ in seen)
    return [
        {"decision": decision, "reason": reason, "label": words.reason(reason).label, "count": count}
        for (decision, reason), count in sorted(
            counts.items(), key=lambda pair: (WAITING.index(pair[0][0]), -pair[1], pair[0])
        )
    ]


def _reactions(rows: Sequence[Json]) -> Json:
    """The sums of what LINE has told, and of how many broadcasts it has told nothing (yet, or for fewer than 20 people)."""
    figures = [row["figures"] for row in rows]
    told = {name: [one[name] for one in figures if one[name] is not None] for name in FIGURES}
    return {name: {"sum": sum(values), "broadcasts": len(values)} for name, values in told.items()} | {
        "missing": sum(one["state"] == "missing" for one in figures),
        "counting": sum(one["state"] == "counting" for one in figures),
    }


def _friends(events: Iterable[AnyEvent], first: date, end: date) -> list[Json]:
    """Day by day; a day of which nothing is known has no figures."""
    by_day = {event.day: event for event in events if isinstance(event, Friends)}
    days = [(first + timedelta(days=number)).isoformat() for number in range(max((end - first).days, 0))]
    return [{"day": day} | _told(by_day.get(day), FRIENDS) for day in days]
