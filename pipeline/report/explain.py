"""Why, about one article: found where and when, each rule asked and its answer, what happened, request id, who decided."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from pipeline.config import Config
from pipeline.decision import Decision, Reason
from pipeline.ledger.events import AnyEvent, Approved, Decided, Intent, Outcome
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Known
from pipeline.ledger.story import story
from pipeline.policy.case import Case
from pipeline.policy.decide import RIDING, RULES, chain
from pipeline.report import Json, render, words
from pipeline.report.find import find
from pipeline.report.place import Place
from pipeline.report.status import status_of

Story = Sequence[tuple[int, AnyEvent]]


class Inquiry(Struct, frozen=True):
    """The rules as they were asked at one moment; `matches`: they answer what was decided then."""

    at: datetime
    answers: Sequence[tuple[str, Decision | None]]
    matches: bool = True


def explanation_of(
    config: Config, events: Sequence[AnyEvent], text: str, now: datetime, place: Place | None = None
) -> Json | None:
    """The document of `explain --json`; None for an article that was never seen."""
    knowledge = fold(events)
    known = find(config, knowledge, text)
    if known is None:
        return None
    happened = story(events, known.id)
    standing = status_of(config, knowledge, now, place)
    waiting = [row for row in standing["waiting"] if row["id"] == known.id]
    unfinished = [row for row in standing["broadcasts"] if known.id in row["articles"]]
    asked = _asked(config, events, happened, known, None if unfinished else now)
    approved = [event for _, event in happened if isinstance(event, Approved)]
    requests = [sent.request_id for sent in knowledge.archive.values() if known.id in sent.articles and sent.request_id]
    return {
        "id": known.id,
        "url": known.url,
        "title": known.title,
        "kind": known.kind,
        "state": known.state,
        "trial": knowledge.tried(known),
        "found": known.found.isoformat(),
        "source": known.source,
        "aliases": [url for url, article in knowledge.aliases.items() if article == known.id and url != known.url],
        "decision": known.decision,
        "reason": known.reason,
        "until": known.until.isoformat() if known.until else None,
        "approved_by": [event.actor for event in approved],
        "request_id": requests[-1] if requests else "",
        "events": [_event(event, known.id) for _, event in happened],
        "rules": _rules(asked) if asked else [],
        "rules_at": asked.at.isoformat() if asked else None,
        "rules_match": asked.matches if asked else True,
        "waiting": waiting[0] if waiting else None,
        "broadcast": unfinished[0] if unfinished else None,
    }


def explanation(document: Json, *, colour: bool = False) -> str:
    """The same for people."""
    return render.text("explain", colour=colour, article=document)


def _asked(
    config: Config, events: Sequence[AnyEvent], happened: Story, known: Known, now: datetime | None
) -> Inquiry | None:
    """The chain for an article that waits, as it stands `now`; for one that is decided or on its way, as it stood then."""
    if now is not None and known.state in ("queued", "review"):
        return Inquiry(now, chain(Case(now, config, fold(events), known), RULES))
    decisive = [(position, event) for position, event in happened if isinstance(event, Intent | Decided)]
    if not decisive:
        return None
    position, event = decisive[-1]
    knowledge = fold(events[:position])
    before = knowledge.articles.get(known.id)
    if before is None or before.state not in ("queued", "review"):
        return None
    chosen = (event,) if isinstance(event, Decided) else event.chosen
    reason = next(one.reason for one in chosen if one.article == known.id)
    answers = chain(Case(event.at, config, knowledge, before), RIDING if reason == Reason.RIDE_ALONG else RULES)
    first = next((answer for _, answer in answers if answer), None)
    return Inquiry(event.at, answers, first is not None and first.reason == reason)


def _rules(asked: Inquiry) -> list[Json]:
    """Question and answer, up to the one that decides."""
    rows: list[Json] = []
    for name, answer in asked.answers:
        told = words.reason(answer.reason) if answer else None
        rows.append(
            {
                "rule": name,
                "question": words.catalogue().rules.get(name, name),
                "decision": answer.verdict if answer else None,
                "reason": str(answer.reason) if answer else None,
                "policy": answer.policy if answer else None,
                "label": told.label if told else None,
                "until": answer.until.isoformat() if answer and answer.until else None,
                "detail": words.detail(answer.reason, answer.detail) if answer else "",
            }
        )
        if answer:
            break
    return rows


def _event(event: AnyEvent, article: str) -> Json:
    """One event as JSON, with the words for its codes; of an intent only what concerns the article."""
    fields = (name for name in event.__struct_fields__ if name not in ("prev", "check"))
    plain: Json = {"type": event.__struct_config__.tag} | {
        name: msgspec.to_builtins(getattr(event, name)) for name in fields
    }
    if isinstance(event, Intent):
        chosen = next(chosen for chosen in event.chosen if chosen.article == article)
        plain |= {"reason": chosen.reason, "policy": chosen.policy, "basis": chosen.basis, "count": len(event.chosen)}
        del plain["chosen"], plain["fingerprints"]
    if isinstance(event, Decided):
        plain["detail"] = words.detail(event.reason, event.detail)
    if isinstance(event, Outcome):
        plain["message"] = words.seen(event.message)
    if isinstance(event, Decided | Intent):
        plain["label"] = words.reason(plain["reason"]).label
    return plain
