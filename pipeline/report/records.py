"""The ledger told to people: is it intact, and what was sent on whose decision in which bytes."""

from collections.abc import Sequence
from pathlib import Path

from pipeline import templates
from pipeline.config import Config
from pipeline.exits import DONE, FAILED
from pipeline.ledger import store
from pipeline.ledger.events import AnyEvent, Approved, Found, Intent, Posted
from pipeline.ledger.fold import fold
from pipeline.ledger.history import Flaw
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge
from pipeline.ledger.story import story
from pipeline.ledger.verify import Verdict
from pipeline.report import Json, words
from pipeline.report.find import find
from pipeline.report.residents import lines, recorded
from pipeline.report.safe import line


def verdict_of(verdict: Verdict) -> Json:
    """The document of `ledger verify --json`."""
    return {
        "ok": verdict.ok,
        "files": verdict.files,
        "events": verdict.events,
        "bodies": verdict.bodies,
        "versions": verdict.versions,
        "articles": verdict.state,
        "findings": [_finding(finding) for finding in verdict.findings if not finding.note],
        "notes": [_finding(finding) for finding in verdict.findings if finding.note],
        "exit": DONE if verdict.ok else FAILED,
    }


def records_of(config: Config, state: Path, events: Sequence[AnyEvent], wanted: str) -> Json | None:
    """The document of `ledger show`: the broadcasts under a broadcast's id, LINE's request id, an article's id or address."""
    knowledge = fold(events)
    known = find(config, knowledge, wanted)
    chosen = [
        broadcast
        for broadcast in knowledge.archive.values()
        if wanted in (broadcast.id, broadcast.request_id or None)
        or (known is not None and known.id in broadcast.articles)
    ]
    if not chosen and known is None:
        return None
    article: Json | None = None
    if known:
        article = {
            "id": known.id,
            "title": known.title,
            "url": known.url,
            "state": known.state,
            "trial": knowledge.tried(known),
        }
    return {
        "article": article,
        "broadcasts": [_record(broadcast, state, events, knowledge) for broadcast in chosen],
    }


def _finding(finding: Flaw) -> Json:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    said = templates.words("report/ledger.toml", dict[str, str])[finding.code].format(
        place=place, detail=line(finding.detail)
    )
    return {"code": finding.code, "file": finding.file, "line": finding.line, "detail": finding.detail, "message": said}


def _record(broadcast: BroadcastKnown, state: Path, events: Sequence[AnyEvent], knowledge: Knowledge) -> Json:
    settled = broadcast.settled
    return {
        "id": broadcast.id,
        "at": broadcast.at.isoformat(),
        "run": broadcast.run,
        "outcome": broadcast.outcome,
        "trial": broadcast.shadow,
        "answered": broadcast.answered.isoformat() if broadcast.answered else None,
        "request_id": broadcast.request_id,
        "retry_key": broadcast.key,
        "attempts": broadcast.attempts,
        "emergency": broadcast.emergency,
        "policy_version": broadcast.policy_version,
        "articles": [
            {
                "id": chosen.article,
                "title": knowledge.articles[chosen.article].title if chosen.article in knowledge.articles else "",
                "reason": chosen.reason,
                "label": words.reason(chosen.reason).label,
                "policy": chosen.policy,
                "basis": chosen.basis,
                "decided_by": _deciders(events, chosen.article, broadcast),
            }
            for chosen in broadcast.chosen
        ],
        "settled_by": settled.actor if settled else "",
        "settled_delivered": settled.delivered if settled else None,
        "body": str(store.body_file(state, broadcast.id)),
        "sha256": broadcast.sha256,
        "body_is_intact": store.body_digest(state, broadcast.id) == broadcast.sha256,
        "messages": lines(recorded(state, broadcast.id)),
    }


def _deciders(events: Sequence[AnyEvent], article: str, broadcast: BroadcastKnown) -> list[Json]:
    """The people who posted or approved an article before it went out; empty: the rules decided by themselves."""
    people: list[Json] = []
    for _, event in story(events, article):
        if event.at > broadcast.at or (isinstance(event, Intent) and event.broadcast == broadcast.id):
            break
        if isinstance(event, Found):
            people = []  # what was approved before is another version of the page
        elif isinstance(event, Posted | Approved):
            did = "posted" if isinstance(event, Posted) else "approved"
            people.append(
                {
                    "did": did,
                    "actor": event.actor,
                    "department": event.department,
                    "at": event.at.isoformat(),
                    "why": event.why,
                    "approver": event.approver,
                }
            )
    return people
