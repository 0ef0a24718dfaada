"""The preview as a file: what would be sent, and why each article is sent, held or not. Nothing is written but the page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.decision import Alert, Reason
from pipeline.line.delivery import Broadcast
from pipeline.masking import write_masked
from pipeline.policy.content import basis_of
from pipeline.policy.hours import next_opening
from pipeline.report import words
from pipeline.report.outcome import ArticleRow, Report
from pipeline.report.preview import PreviewMessage, PreviewRow, preview_page

Embed = Callable[[Sequence[str]], Mapping[str, str]]

WAITING_SHOWN = 12  # of what waits for a person; the rest stands in the table
TITLE = 60
ORDER = ("send", "hold", "review", "skip")  # of the articles on the page: what goes out first


def worth_looking_ahead(report: Report, config: Config) -> datetime | None:
    """The next opening, when something is held for it: a second dry run as of then shows it as residents will see it."""
    opening = next_opening(report.now, config.policy.hours)
    held = any(
        row.decision == "hold" and row.until is not None and row.until == opening for row in report.rows.values()
    )
    return opening if held and not report.in_window else None


def write_preview(config: Config, report: Report, out: Path, embed: Embed, ahead: Report | None = None) -> Path:
    """The page of a dry run; `ahead` is a second one, as of the next opening. Returns where it was written.

    Args:
        embed: addresses of pictures → those that can be had, as data: URIs; of the others the page shows a labelled box.
    """
    waiting = {row.id: report.show(row.id).messages for row in _waiting(report)}
    planned = [broadcast.messages for one in (report, ahead) if one for broadcast in one.broadcasts]
    messages = (message for messages in (*planned, *waiting.values()) for message in messages)
    pictures = embed([address for message in messages for address in _addresses(message)])
    shown = [_message(config, report, broadcast, pictures) for broadcast in report.broadcasts]
    if ahead:
        shown += [_message(config, ahead, broadcast, pictures, held=True) for broadcast in ahead.broadcasts]
    shown += [
        PreviewMessage(
            title=_kind_of_waiting(row),
            messages=tuple(waiting[row.id]),
            at=words.instant(row.until) if row.reason == Reason.SCHEDULED else "",
            decision="hold" if row.reason == Reason.SCHEDULED else "review",
            policy=words.policy(row.policy),
            basis=words.policy(basis_of(row.url, False, config.policy.content)) if row.url else "",
            pictures=pictures,
            reason=_row(row).reason,
        )
        for row in _waiting(report)
        if waiting[row.id]
    ]
    listed = [row for decision in ORDER for row in report.rows.values() if row.decision == decision]
    page = preview_page(
        words.sentence("preview-title", city=config.site.name, now=words.day(report.now)),
        shown,
        [_row(row) for row in listed],
        [*_notes(config, report), *_left_out(len(report.rows) - len(listed))],
        city=config.site.name,
    )
    return write_masked(out / "index.html", page)


def _message(
    config: Config, report: Report, broadcast: Broadcast, pictures: Mapping[str, str], held: bool = False
) -> PreviewMessage:
    rows = [report.rows[article] for article in broadcast.articles if article in report.rows]
    bases = [basis_of(row.url, broadcast.emergency, config.policy.content) for row in rows if row.url]
    title = "preview-next" if held else "preview-now"
    return PreviewMessage(
        title=words.sentence(title, opening=words.instant(report.now)),
        messages=broadcast.messages,
        at=words.instant(report.now),
        decision="hold" if held else "send",
        policy=words.policies(broadcast.policy),
        basis=words.policies(bases),
        pictures=pictures,
        alts=broadcast.alts,
        silent=broadcast.silent,
    )


def _row(row: ArticleRow) -> PreviewRow:
    why = words.because(row.reason, row.detail)
    return PreviewRow(
        title=row.title,
        url=row.url,
        decision=row.decision,
        reason=words.sentence(f"preview-reason{'-seen' if why['detail'] else ''}", **why),
        policy=words.policy(row.policy),
        until=words.instant(row.until),
        id=row.id,
    )


def _notes(config: Config, report: Report) -> list[str]:
    """What a reader must know before the messages: nothing known yet, closed hours, sources that could not be read."""
    notes = []
    known = report.knowledge
    if known is not None and (known.started is None or known.started >= report.now):
        notes.append(words.sentence("preview-first-run"))
    opening = next_opening(report.now, config.policy.hours)
    if not report.in_window and opening:
        notes.append(words.sentence("preview-closed", opening=words.instant(opening)))
    for source in report.sources:
        if not source.ok:
            code, _, detail = (source.error or "").partition(": ")
            problem = words.problem(code)
            notes.append(words.sentence("preview-source-failed", url=source.url, problem=problem, detail=detail))
    return notes + [_note(alert) for alert in report.alerts if alert.code != "source-failed"]


def _note(alert: Alert) -> str:
    """Without commands: who reads the page has the form or answers the mail. What waits is shown below, with its reason."""
    told = words.told(alert)
    about = "" if alert.waits else " ／ ".join(told.things)
    said = told.what + told.means + told.do
    return words.sentence(f"preview-note{'-about' if about else ''}", title=told.title, said=said, about=about)


def _left_out(count: int) -> list[str]:
    return [words.sentence("preview-pages-left", count=str(count))] if count else []


def _waiting(report: Report) -> list[ArticleRow]:
    """What a person decides on, or may still stop; the first of them, when they are many."""
    told = (Reason.EMERGENCY_WORDS, Reason.SCHEDULED)
    waits = (row for row in report.rows.values() if row.decision == "review" or row.reason in told)
    return list(islice(waits, WAITING_SHOWN))


def _kind_of_waiting(row: ArticleRow) -> str:
    if row.reason == Reason.SCHEDULED:
        return words.sentence("preview-scheduled", at=words.instant(row.until), title=row.title[:TITLE])
    return words.sentence("preview-waiting", title=row.title[:TITLE])


def _addresses(part: Any) -> Iterator[str]:
    """The addresses of all image components in a message."""
    if isinstance(part, Mapping):
        if part.get("type") == "image" and isinstance(part.get("url"), str):
            yield part["url"]
        for child in part.values():
            yield from _addresses(child)
    elif isinstance(part, list | tuple):
        for child in part:
            yield from _addresses(child)
