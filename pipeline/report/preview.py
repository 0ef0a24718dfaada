"""The page on which a person sees what residents would see, before they do: one file, offline, nothing loaded from anywhere."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from pipeline.characters import utf16
from pipeline.message import limits
from pipeline.report import Json, flex_html
from pipeline.templates import TEMPLATES, environment, words


class PreviewMessage(Struct, frozen=True):
    """One broadcast as it would go out: its messages, when, under which rule, why it waits, and whether without sound.

    `pictures` maps a picture's address to a data: URI, `alts` to its alternative text; a picture without data is shown
    as a labelled box.
    """

    title: str
    messages: tuple[Json, ...]
    at: str = ""
    decision: str = "send"
    policy: str = ""
    basis: str = ""
    pictures: Mapping[str, str] = {}
    alts: Mapping[str, str] = {}
    reason: str = ""
    silent: bool = False


class PreviewRow(Struct, frozen=True):
    """One article and what becomes of it. `decision` is send, hold, skip, review or baseline; `reason` is in words."""

    title: str
    url: str
    decision: str
    reason: str
    policy: str
    until: str = ""
    id: str = ""


class Meter(Struct, frozen=True):
    """A size against its limit."""

    name: str
    found: int
    limit: int


def preview_page(
    title: str,
    messages: Sequence[PreviewMessage],
    rows: Sequence[PreviewRow],
    notes: Sequence[str] = (),
    *,
    city: str,
    unfolded: bool = False,
) -> str:
    """The whole page as HTML. `unfolded` shows the cards of a carousel beside each other instead of behind each other."""
    script = _asset("preview/script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    broadcasts = [(broadcast, [_shown(message, broadcast) for message in broadcast.messages]) for broadcast in messages]
    return (
        environment("html")
        .get_template("preview/page.html.j2")
        .render(
            title=title,
            city=city,
            broadcasts=broadcasts,
            rows=rows,
            notes=notes,
            unfolded=unfolded,
            script=Markup(script),  # noqa: S704 - our own file
            style=Markup(_asset("preview/style.css")),  # noqa: S704 - as above
            script_hash=f"sha256-{digest}",
        )
    )


def flex_words() -> flex_html.Words:
    """What the renderer says of itself, from the templates."""
    return words("preview/words.toml", flex_html.Words)


def meters(message: Mapping[str, Any]) -> tuple[Meter, ...]:
    """The sizes of one message against LINE's limits."""
    found = [Meter("altText", utf16(str(message.get("altText", ""))), limits.ALT_TEXT)]
    contents = message.get("contents")
    if not isinstance(contents, Mapping):
        return (Meter("text", utf16(str(message.get("text", ""))), limits.TEXT),)
    bubbles = contents.get("contents", []) if contents.get("type") == "carousel" else [contents]
    if contents.get("type") == "carousel":
        found.append(Meter("bubbles", len(bubbles), limits.BUBBLES))
        found.append(Meter("carousel", limits.escaped_bytes(contents), limits.CAROUSEL_BYTES))
    largest = max((limits.escaped_bytes(bubble) for bubble in bubbles), default=0)
    return (*found, Meter("bubble", largest, limits.BUBBLE_BYTES))


def _shown(message: Json, broadcast: PreviewMessage) -> Json:
    """One message as the page shows it."""
    drawn = flex_html.draw(message, flex_words(), broadcast.pictures, broadcast.alts)
    return {
        "html": drawn.html,
        "alt": str(message.get("altText", message.get("text", ""))),
        "json": json.dumps(message.get("contents", message), ensure_ascii=False, indent=2),
        "meters": meters(message),
        "warnings": drawn.warnings,
        "broken": [str(problem) for problem in limits.violations([message])],
    }


@cache
def _asset(name: str) -> str:
    return Path(TEMPLATES, name).read_text(encoding="utf-8").strip()
