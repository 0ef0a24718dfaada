"""What residents see, before it is sent or from the bytes that were: as messages, and as lines of text for people to read."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from pipeline.article import Page, PageProblem
from pipeline.config import Config
from pipeline.ledger import store
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.report import Json
from pipeline.report.flex_text import cards

Messages = Sequence[Json]


class Shown(Struct, frozen=True):
    """What residents see of one thing, and the department that answers for it."""

    messages: Messages = ()
    department: str = ""


def planned(known: Known, page: Page | PageProblem | None, config: Config, knowledge: Knowledge) -> Shown:
    """An article as it would go out alone; without messages when a template is broken, which has an alert of its own."""
    from pipeline.message.item import item_of  # only where something is rendered
    from pipeline.message.render import RenderError, render

    item = item_of(known, page, config, knowledge)
    try:
        return Shown(render([item], config).messages, item.department)
    except RenderError:
        return Shown(department=item.department)


def recorded(state: Path, broadcast: str) -> Messages:
    """The messages of a broadcast, from its recorded bytes; empty when they cannot be read."""
    try:
        messages: Messages = json.loads(store.body_file(state, broadcast).read_bytes())["messages"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return messages


def lines(messages: Messages) -> list[Json]:
    """Message by message: the notification's line, and each card's lines."""
    return [
        {
            "alt": message.get("altText") or message.get("text", ""),
            "cards": [[line for line in card if line.strip()] for card in cards(message)],
        }
        for message in messages
    ]
