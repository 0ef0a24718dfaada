"""What stands now: the queue, what is held until when, what waits for whom, open broadcasts, the sources. Pure."""

import shlex
from datetime import datetime

from pipeline.config import Config
from pipeline.decision import Decision, Reason
from pipeline.exits import DONE, WAITS
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known, SourceKnown
from pipeline.policy.decide import decide
from pipeline.policy.hours import is_open, next_opening
from pipeline.policy.posters import PIPELINE
from pipeline.report import Json, render, words
from pipeline.report.place import Place
from pipeline.sources.urls import site_url

LISTED = 10  # rows of one kind that people read; the rest is counted


def status_of(config: Config, knowledge: Knowledge, now: datetime, place: Place | None = None) -> Json:
    """The document of `status --json`. What the next run would decide counts, unless an obstacle of the last one lasts."""
    place = place or Place()
    fresh = {decision.article: decision for decision in decide(now, config, knowledge, {}).decisions}
    rows = {known.id: _row(known, _lasting(known, fresh[known.id], now)) for known in knowledge.queue()}
    waiting = [
        _waiting(row, knowledge.articles[article], config, place)
        for article, row in rows.items()
        if row["decision"] == "review" or row["reason"] == Reason.EMERGENCY_WORDS
    ]
    waits = {row["id"] for row in waiting}
    broadcasts = [_broadcast(broadcast, knowledge, config, place) for broadcast in knowledge.unfinished()]
    unknown = any(broadcast["outcome"] == "unknown" for broadcast in broadcasts)
    hours = config.policy.hours
    opening = None if is_open(now, hours) else next_opening(now, hours)
    return {
        "now": now.isoformat(),
        "in_window": is_open(now, hours),
        "next_opening": opening.isoformat() if opening else None,
        "paused": config.paused,
        "shadow": config.shadow,
        "form": place.form,
        "begin": place.command("kadoma-line run"),
        "queue": [row for row in rows.values() if row["decision"] in ("send", "skip") and row["id"] not in waits],
        "held": [row for row in rows.values() if row["decision"] == "hold" and row["id"] not in waits],
        "waiting": waiting,
        "groups": _groups(waiting, place),
        "broadcasts": broadcasts,
        "last_run": {"id": knowledge.last_run, "at": knowledge.last.isoformat()} if knowledge.last else None,
        "sources": _sources(config, knowledge, now),
        "responsible": responsible(config),
        "exit": WAITS if waiting or unknown else DONE,
    }


def status(document: Json, *, colour: bool = False) -> str:
    """The same for people."""
    rows = {row["id"]: row for row in document["waiting"]}
    return render.text("status", colour=colour, status=document, rows=rows, listed=LISTED)


def responsible(config: Config) -> Json:
    """Who answers for the account, and who is asked (Art. 5)."""
    answers = config.policy.responsible
    return {"person": answers.person, "operator": answers.operator, "contact": config.policy.contact.name}


def _groups(rows: list[Json], place: Place) -> list[Json]:
    """What can be decided with one command: the same reason, the same people."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for row in rows:
        groups.setdefault((row["reason"], row["not_by"]), []).append(row)
    shared = ("reason", "policy", "label", "text", "do", "who", "not_by")
    return [
        {name: members[0][name] for name in shared}
        | {"articles": [row["id"] for row in members], "commands": _desk([row["id"] for row in members], reason, place)}
        for (reason, _), members in groups.items()
    ]


def _desk(articles: list[str], reason: str, place: Place) -> list[str]:
    """The commands that release, and that take out of the queue; of many articles, those that are shown."""
    articles = articles[:LISTED]
    urgent = " --emergency" if reason == Reason.EMERGENCY_WORDS else ""
    return [
        place.command(f"kadoma-line approve {shlex.join(articles)}{urgent}", by_a_person=True),
        place.command(f"kadoma-line reject {shlex.join(articles)}", by_a_person=True),
    ]


def _lasting(known: Known, fresh: Decision, now: datetime) -> Decision:
    """LINE and the pages cannot be asked here; what kept an article from going out in the last run is told again."""
    kept = known.decision == "hold" and known.state == "queued"
    if fresh.verdict == "send" and kept and (known.until is None or known.until > now):
        return Decision(known.id, "hold", Reason(known.reason), known.until, known.detail)
    return fresh


def _row(known: Known, decision: Decision) -> Json:
    return {
        "id": known.id,
        "url": known.url,
        "title": known.title,
        "kind": known.kind,
        "urgent": known.urgent,
        "found": known.found.isoformat(),
        "decision": decision.verdict,
        "reason": str(decision.reason),
        "policy": decision.policy,
        "until": decision.until.isoformat() if decision.until else None,
        **words.because(decision.reason, decision.detail),
        "words": known.post.text if known.post else "",
    }


def _waiting(row: Json, known: Known, config: Config, place: Place) -> Json:
    second = row["reason"] == Reason.SECOND_PERSON and known.post is not None
    not_by = known.post.actor if second and known.post else ""
    operator = row["reason"] == Reason.OPERATOR_APPROVAL
    return row | {
        "who": posters(config, not_by, config.policy.responsible.operator if operator else ""),
        "not_by": not_by,
        "commands": _desk([known.id], row["reason"], place),
    }


def posters(config: Config, but: str = "", only: str = "") -> list[Json]:
    """Who may decide (Art. 6): departments with their logins; all but one person, or one department only."""
    people = {
        department: [login for login in logins if login.casefold() not in (PIPELINE, but.casefold())]
        for department, logins in config.policy.posters.items()
        if only in ("", department)
    }
    return [{"department": department, "logins": logins} for department, logins in people.items() if logins]


def _broadcast(broadcast: BroadcastKnown, knowledge: Knowledge, config: Config, place: Place) -> Json:
    name = shlex.quote(broadcast.id)
    titles = [knowledge.articles[article].title for article in broadcast.articles if article in knowledge.articles]
    commands = [
        place.command(f"kadoma-line resolve {name} --{answer}", by_a_person=True)
        for answer in ("delivered", "not-delivered")
    ]
    return {
        "id": broadcast.id,
        "at": broadcast.at.isoformat(),
        "outcome": broadcast.outcome,
        "emergency": broadcast.emergency,
        "articles": list(broadcast.articles),
        "titles": titles,
        "attempts": broadcast.attempts,
        "evidence": words.seen(broadcast.detail),
        "used": broadcast.used,
        "limit": broadcast.limit,
        "who": posters(config) if broadcast.outcome == "unknown" else [],
        "commands": commands if broadcast.outcome == "unknown" else [],
    }


def _sources(config: Config, knowledge: Knowledge, now: datetime) -> list[Json]:
    rows = []
    for source in config.site.sources:
        try:
            address = site_url(source.url, config.site.url, config.site.hosts)
        except ValueError:
            address = source.url
        known = knowledge.sources.get(address) or SourceKnown(first_tried=now)
        rows.append(
            {
                "url": address,
                "emergency": source.emergency,
                "fallback": source.fallback,
                "read": known.read,
                "entries": known.entries,
                "failures": known.failures,
                "error": known.error_code if known.failures else "",
                "doubt": words.seen(known.doubt),
                "noted": known.checked.isoformat() if known.checked else None,
                "not_before": known.not_before.isoformat() if known.failures and known.not_before else None,
            }
        )
    return rows
