"""Which conditions stand now that a person should know of. Pure."""

import hashlib
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from pipeline.config import Config
from pipeline.decision import Alert, Reason
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known
from pipeline.policy.content import emergency_word
from pipeline.policy.survey import Survey
from pipeline.report import words

# Kinds of waiting that are told by themselves: what says something about the site, and an emergency's details.
OF_THEIR_OWN = (Reason.BURST, Reason.GAP, Reason.UNTRUSTED_SOURCE, Reason.DETAILS)
HELD = (Reason.EMERGENCY_WORDS, Reason.GATHERING, Reason.UNEXPECTED)  # told although nobody must act


def standing(
    config: Config, knowledge: Knowledge, seen: Survey | None, failures: Sequence[tuple[str, str]]
) -> list[Alert]:
    """All alerts that stand after a run, one for each code."""
    alerts = [_with_things(alert) for alert in (seen.alerts if seen else ())]
    alerts += [Alert(code, seen_there, about=code) for code, seen_there in failures]
    waiting = [known for known in knowledge.queue() if known.state == "review"]
    for reason in OF_THEIR_OWN:
        alerts += _waiting(str(reason), [known for known in waiting if known.reason == reason])
    alerts += _waiting("waiting", [known for known in waiting if known.reason not in OF_THEIR_OWN])
    for reason in HELD:
        alerts += _waiting(str(reason), [known for known in knowledge.queue() if known.reason == reason])
    alerts += _waiting("other-title", [known for known in knowledge.queue() if known.stands])
    alerts += _waiting("paused", _stopped(config, knowledge))
    if any(known.reason == Reason.QUOTA for known in knowledge.queue()):
        alerts.append(Alert("quota", about=config.line.account))
    alerts += [unknown(broadcast, knowledge) for broadcast in knowledge.unsettled()]
    return one_of_each(alerts)


def _stopped(config: Config, knowledge: Knowledge) -> list[Known]:
    """Emergencies, and what may be one, that only the operator's `paused` holds; also one on its way in a broadcast."""
    if not config.paused:
        return []
    open_ = [broadcast for broadcast in knowledge.unfinished() if broadcast.outcome == "open" and not broadcast.shadow]
    flying = [
        known for broadcast in open_ for article in broadcast.articles if (known := knowledge.articles.get(article))
    ]
    held = [known for known in knowledge.queue() if known.reason == Reason.PAUSED]
    words = config.policy.hours.emergency_words
    return [known for known in (*held, *flying) if known.urgent or emergency_word(known.title, words)]


def unknown(broadcast: BroadcastKnown, knowledge: Knowledge) -> Alert:
    """A broadcast that a person must settle: what it carried, and LINE's figures."""
    known = [knowledge.articles[article] for article in broadcast.articles if article in knowledge.articles]
    titles = "".join(f"「{article.title}」" for article in known)
    thing = f"{broadcast.id}　{titles}　{words.seen(broadcast.detail)}"
    return Alert("unknown-broadcast", f"{broadcast.id}: {broadcast.detail}", broadcast.id, waits=True, things=(thing,))


def _with_things(alert: Alert) -> Alert:
    """A list that failed, or of which a person should know something: its address, and what, by code."""
    if alert.code == "list-notes":
        source, _, note = alert.detail.partition(": ")
        return replace(alert, things=(f"{words.seen(note)}　{source}",))
    if alert.code != "source-failed":
        return alert
    source, _, code = alert.about.partition(" ")
    return replace(alert, things=(f"{words.problem(code)}　{source}",))


def _waiting(code: str, articles: Sequence[Known]) -> list[Alert]:
    if not articles:
        return []
    things = tuple(
        f"{known.id}　{words.reason(known.reason).label}　「{known.title[:60]}」　{known.url}" for known in articles
    )
    return [Alert(code, about=" ".join(sorted(known.id for known in articles)), waits=True, things=things)]


def one_of_each(alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts with the same code become one. What waits for a person says what the condition is about; what was seen in the
    lists is told with it."""
    merged: dict[str, Alert] = {}
    for alert in alerts:
        before = merged.get(alert.code)
        if before is None:
            merged[alert.code] = alert
            continue
        about = f"{before.about} {alert.about}"
        if before.code != "source-failed" and before.waits != alert.waits:
            about = alert.about if alert.waits else before.about
        detail = "\n".join(filter(None, (before.detail, alert.detail)))
        waits = before.waits or alert.waits
        merged[alert.code] = Alert(alert.code, detail, about, waits, (*before.things, *alert.things))
    return list(merged.values())


def digest_of(about: str) -> str:
    """What is remembered of a condition: it changes when there is something else to tell."""
    return hashlib.sha256(about.encode()).hexdigest()[:12]


def changed(remembered: Mapping[str, str], standing: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Of two sets of digests by code: what has begun or changed, and what is over."""
    begun = [code for code, digest in standing.items() if remembered.get(code) != digest]
    return begun, [code for code in remembered if code not in standing]
