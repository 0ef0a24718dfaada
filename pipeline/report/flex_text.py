"""Flex Message → lines of text, for terminals and logs: what a resident reads, card by card."""

from collections.abc import Iterator, Mapping
from typing import Any

Component = Mapping[str, Any]
Card = tuple[str, ...]


def cards(message: Component) -> tuple[Card, ...]:
    """Each card of a message as its lines: texts as they stand, a button as [label] address, a picture as its address."""
    contents = message.get("contents")
    if not isinstance(contents, Mapping):
        return ((*str(message.get("text", "")).splitlines(),),)
    bubbles = contents.get("contents", ()) if contents.get("type") == "carousel" else (contents,)
    return tuple(tuple(_lines(bubble)) for bubble in bubbles)


def _lines(bubble: Component) -> Iterator[str]:
    for block in ("header", "hero", "body", "footer"):
        if isinstance(part := bubble.get(block), Mapping):
            yield from _component(part)


def _component(part: Component) -> Iterator[str]:
    kind, action = part.get("type"), part.get("action", {})
    if kind == "box":
        parts = [line for child in part.get("contents", ()) for line in _component(child)]
        if part.get("layout") == "vertical":
            yield from parts
        elif parts:
            yield "  ".join(parts)
    elif kind == "text":
        text = part.get("text") or "".join(str(span.get("text", "")) for span in part.get("contents", ()))
        called = str(action.get("uri", "")).startswith("tel:")
        yield from str(f"☎ {text}" if called else text).splitlines()
    elif kind == "button":
        yield f"[{action.get('label', '')}] {action.get('uri', '')}"
    elif kind == "image":
        yield f"({part.get('url', '')})"
