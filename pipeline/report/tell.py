"""What a run did, in words: on the command line, and on the summary page of the step on GitHub. (Words: templates/report.)"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.ledger.knowledge import Knowledge
from pipeline.masking import masked
from pipeline.policy.hours import next_opening
from pipeline.report import Json, words
from pipeline.report.outcome import Report
from pipeline.report.place import Place
from pipeline.report.residents import lines, recorded

SUMMARY = "GITHUB_STEP_SUMMARY"
LARGEST_SUMMARY = 1_000_000  # bytes; GitHub shows none of a step's summary when it is larger than 1 MiB
SHOWN_AS_WAITING = ("waiting", "emergency-words", "unknown-broadcast")  # alerts whose subject has a section of its own
LISTED = 50  # rows of one kind; the rest is counted


def run(report: Report, config: Config, place: Place | None = None, *, colour: bool = False) -> str:
    """The text of `kadoma-line run`: one line when nothing happened."""
    if not has_news(report):
        return _quiet(report, config)
    from pipeline.report import render  # and with it jinja2: only where there is news

    return render.text("run", colour=colour, **_values(report, config, place or Place()))


def summary(report: Report, config: Config, state: Path, place: Place) -> str:
    """The step summary: Markdown in which nothing from outside is more than text."""
    if not has_news(report):
        return f"## {words.instant(report.now)}\n\n{_quiet(report, config)}\n"
    from pipeline.report import render  # as above

    values = _values(report, config, place)
    values["messages"] = {done.id: lines(done.messages or recorded(state, done.id)) for done in report.broadcasts}
    return render.markdown("summary", **values)


def append_summary(text: str, environment: Mapping[str, str]) -> None:
    """Add to the summary page of the step, if there is one."""
    file = environment.get(SUMMARY)
    if not file:
        return
    body = masked(text).encode()
    with Path(file).open("ab") as page:
        room = LARGEST_SUMMARY - page.tell()
        if len(body) > room:
            body = body[: max(0, room)].rpartition(b"\n")[0] + b"\n"
        page.write(body + b"\n" if body.strip() else b"")


def has_news(report: Report) -> bool:
    """Whether a run has anything to tell besides that it looked."""
    failed = report.failures or report.interrupted or any(not source.ok for source in report.sources)
    return bool(report.rows or report.broadcasts or report.alerts or failed)


def opening_of(report: Report, config: Config) -> datetime | None:
    """When the posting hours begin again; None while they are open, or when no opening is in sight."""
    return None if report.in_window else next_opening(report.now, config.policy.hours)


def _quiet(report: Report, config: Config) -> str:
    said = words.catalogue().quiet
    opening = opening_of(report, config)
    when = said["opening"].format(opening=words.instant(opening)) if opening else ""
    return said["run"].format(sources=len(report.sources)) + (said["in_window"] if report.in_window else when)


def _values(report: Report, config: Config, place: Place) -> Json:
    """What the templates of a run may use."""
    from pipeline.report.status import status_of  # as above

    knowledge = report.knowledge
    rows = [_row(row, knowledge) for row in report.rows.values()]
    standing = status_of(config, knowledge, report.now, place) if knowledge else None
    told = {row["id"]: row["title"] for row in rows}
    if knowledge:
        told |= {name: known.title for done in report.broadcasts for name in done.articles
                 if (known := knowledge.articles.get(name))}  # fmt: skip
    alerts = [words.told(alert, place) for alert in report.alerts]
    waiting = {row["id"]: row for row in standing["waiting"]} if standing else {}
    return {
        "report": report,
        "city": config.site.name,
        "rows": {
            verdict: [row for row in rows if row["decision"] == verdict] for verdict in words.catalogue().verdicts
        },
        "listed": LISTED,
        "titles": told,
        "alerts": alerts,
        "notices": [told for told in alerts if standing is None or told.code not in SHOWN_AS_WAITING],
        "sources": [_source(source) for source in report.sources],
        "standing": standing,
        "waiting": waiting,
        "held": [row for row in rows if row["decision"] == "hold" and row["id"] not in waiting],
        "opening": opening_of(report, config),
        "quota": _quota(report),
        "form": place.form,
    }


def _row(row: Any, knowledge: Knowledge | None) -> Json:
    known = knowledge.articles.get(row.id) if knowledge else None
    return {
        "id": row.id, "title": row.title, "url": row.url, "decision": row.decision, "policy": row.policy, "until": row.until,
        "words": known.post.text if known and known.post else "", **words.because(row.reason, row.detail),
    }  # fmt: skip


def _source(source: Any) -> Json:
    code, _, detail = (source.error or "").partition(": ")
    return {
        "url": source.url,
        "ok": source.ok,
        "entries": source.entries,
        "problem": words.problem(code),
        "detail": detail,
    }


def _quota(report: Report) -> Json | None:
    """The month's messages as LINE counted them: in this run, or before the latest broadcast that the ledger still knows."""
    if report.quota is not None and report.quota.used is not None:
        return {"used": report.quota.used, "limit": report.quota.limit, "at": None}
    counted = [b for b in report.knowledge.broadcasts.values() if b.used is not None] if report.knowledge else []
    latest = max(counted, key=lambda broadcast: broadcast.at, default=None)
    return {"used": latest.used, "limit": latest.limit, "at": latest.at} if latest else None
