"""Which conditions stand now that a person should know of. Pure."""

from collections.abc import Sequence

from pipeline.config import Config
from pipeline.decision import Alert, Reason
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy.survey import Survey

OF_THEIR_OWN = (Reason.BURST, Reason.GAP, Reason.UNTRUSTED_SOURCE)  # kinds of waiting that say something about the site
SHOWN = 5

# Every code that an alert may have; each has its entry in templates/reasons. line-*: why LINE did not take a broadcast.
CODES = (
    "source-failed", "untrusted-source", "gap", "burst", "waiting", "emergency-words", "quota", "unknown-broadcast", "ledger",
    "render", "credentials", "line-account", "line-unauthorized", "line-forbidden", "line-invalid", "line-rate", "line-server",
    "line-unreachable", "line-unavailable", "line-refused", "line-clock", "line-line",
)  # fmt: skip


def standing(
    config: Config, knowledge: Knowledge, seen: Survey | None, failures: Sequence[tuple[str, str]]
) -> list[Alert]:
    """All alerts that stand after a run, one for each code."""
    alerts = [*(seen.alerts if seen else ()), *(Alert(code, words, about=code) for code, words in failures)]
    waiting = [known for known in knowledge.queue() if known.state == "review"]
    for reason in OF_THEIR_OWN:
        alerts += _waiting(str(reason), [known for known in waiting if known.reason == reason])
    alerts += _waiting("waiting", [known for known in waiting if known.reason not in OF_THEIR_OWN])
    alerts += _waiting(
        "emergency-words", [known for known in knowledge.queue() if known.reason == Reason.EMERGENCY_WORDS]
    )
    if any(known.reason == Reason.QUOTA for known in knowledge.queue()):
        alerts.append(Alert("quota", config.line.account))
    for broadcast in knowledge.unfinished():
        if broadcast.outcome == "unknown":
            alerts.append(
                Alert("unknown-broadcast", f"{broadcast.id}: {broadcast.detail}", about=broadcast.id, waits=True)
            )
    return _one_of_each(alerts)


def _waiting(code: str, articles: Sequence[Known]) -> list[Alert]:
    if not articles:
        return []
    more = f" … (+{len(articles) - SHOWN})" if len(articles) > SHOWN else ""
    titles = " / ".join(f"{known.id} {known.title[:40]}" for known in articles[:SHOWN]) + more
    return [Alert(code, titles, about=" ".join(sorted(known.id for known in articles)), waits=True)]


def _one_of_each(alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts with the same code become one. What waits for a person says what the condition is about; what was seen in the
    lists is told with it."""
    merged: dict[str, Alert] = {}
    for alert in alerts:
        before = merged.get(alert.code)
        if before is None:
            merged[alert.code] = alert
        elif before.code == "source-failed" or before.waits == alert.waits:
            merged[alert.code] = Alert(
                alert.code, f"{before.detail}\n{alert.detail}", f"{before.about} {alert.about}", alert.waits
            )
        else:
            waiting, seen = (alert, before) if alert.waits else (before, alert)
            merged[alert.code] = Alert(alert.code, f"{seen.detail}\n{waiting.detail}", waiting.about, waits=True)
    return list(merged.values())
