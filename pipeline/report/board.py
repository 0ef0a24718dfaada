"""The board: one issue that always tells what waits, what is held, what residents got lately, and how the lists are.

An issue and not a page of its own: whoever gets the alerts has it already, on the telephone too, it needs nothing to be set
up, and its rewriting sends no mail.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.ledger.knowledge import Knowledge
from pipeline.report import render, words
from pipeline.report.github import GitHub, tolerated
from pipeline.report.issues import LABEL, labels_of, ours
from pipeline.report.place import Place
from pipeline.report.residents import lines, recorded
from pipeline.report.status import LISTED, status_of

CODE = "board"
SHOWN_FOR = timedelta(days=30)
IN_FULL = 5  # newest broadcasts whose cards are shown; of the others the notification
FITS = 60_000  # characters; an issue holds 65,536
WRITTEN_AT = re.compile(r"(?m)^\*\*.*?\*\*")  # the first words in bold: when it was written


def board(config: Config, knowledge: Knowledge, state: Path, now: datetime, place: Place) -> str:
    """The text of the issue."""
    lately = [
        one
        for one in reversed(knowledge.archive.values())
        if one.outcome == "accepted" and not one.shadow and now - one.at < SHOWN_FOR
    ]
    asked = next((one for one in lately if one.used is not None or one.limit is not None), None)
    values: dict[str, Any] = {
        "status": status_of(config, knowledge, now, place),
        "listed": LISTED,
        "count": len(lately),
        "quota": {"limit": asked.limit, "used": asked.used, "at": asked.at} if asked else None,
        "actions": place.actions,
        "by_reply": place.by_reply,
        "issues": f"{place.actions.rpartition('/actions')[0]}/issues?q=is%3Aopen+label%3A{LABEL}",
        "city": config.site.name,
        "account": config.line.account,
    }
    rows = [
        {
            "id": one.id, "at": one.at, "emergency": one.emergency, "cards": number < IN_FULL,
            "messages": lines(recorded(state, one.id)),
        }
        for number, one in enumerate(lately)
    ]  # fmt: skip
    while True:
        text = render.markdown("board", sent=rows, **values)
        if len(text) <= FITS or not rows:
            return text[:FITS]
        rows = rows[: len(rows) // 2]


def keep(github: GitHub, config: Config, knowledge: Knowledge, state: Path, now: datetime, *, place: Place) -> None:
    """Make the issue tell what stands. GitHub's failures are logged: the next news writes it again."""
    title, body = words.sentence("board-title", city=config.site.name), board(config, knowledge, state, now, place)
    with tolerated("the next news writes the board again"):
        there = ours(github, config).get(CODE)
        if there is None or _said(there.body) != _said(body):
            github.write_issue(there, title, body, labels_of(config, CODE))


def _said(body: str) -> str:
    """What it says besides when it was written."""
    return WRITTEN_AT.sub("", body.strip(), 1)
