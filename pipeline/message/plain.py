"""The plainest message that says what happened: title and address as text, for an emergency whose card LINE refuses."""

from collections.abc import Sequence
from typing import Any

from pipeline.article import Item
from pipeline.characters import cut, utf16
from pipeline.message import limits, uri
from pipeline.message.card import theme
from pipeline.templates import TEMPLATES


def plain(items: Sequence[Item]) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """The messages, and the ids of items that found no place in them."""
    texts: list[str] = []
    left: list[str] = []
    for item in items:
        text = _text(item)
        if len(texts) < limits.MESSAGES:
            texts.append(text)
        elif utf16(joined := f"{texts[-1]}\n\n{text}") <= limits.TEXT:
            texts[-1] = joined
        else:
            left.append(item.id)
    return tuple({"type": "text", "text": text} for text in texts), tuple(left)


def _text(item: Item) -> str:
    address = uri.link(item.url)
    if utf16(address) > limits.TEXT // 2:  # no text message holds it; the card could
        address = ""
    title = item.title or theme(TEMPLATES)["words"]["untitled_emergency"]
    head = f"{title}\n{item.text}" if item.text and not item.url else title
    return "\n".join(filter(None, (cut(head.strip(), limits.TEXT - utf16(address) - 1), address)))
