"""LINE's limits, each number with its source, and the check of messages against them before anything is sent.

[ref] Messaging API reference, copy of 2026-08-07 · [facts] what this project knows beyond it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from pipeline.characters import graphemes, utf16
from pipeline.config import QUICK_LABEL, QUICK_REPLIES
from pipeline.message import flex_schema as schema
from pipeline.message.flex_schema import Format, Part

MESSAGES = 5  # [ref] messages in one broadcast
BODY_BYTES = 2_000_000  # [ref] 2 MB for the whole request
ALT_TEXT = 1_500  # [ref] UTF-16 code units; older copies say 400
TEXT = 5_000  # [ref] UTF-16 code units of a text message
BUBBLES = 12  # [ref] bubbles in a carousel
BUBBLE_BYTES = 30_000  # [ref] 30 KB; [facts] counted in the escaped form that the SDK sends, KB read as 1,000
CAROUSEL_BYTES = 50_000  # [ref] 50 KB, counted in the same way
LABEL = 40  # [ref] grapheme clusters of an action's label in a Flex Message
URI = 10_000  # characters of an action's URI (LINE, since 2026-10-27; before: 1,000)
IMAGE_URL = 2_000  # [ref] characters of a picture's address
RATIO_MAX = 100_000  # [ref] each number of aspectRatio, from 1
RATIO_TALLEST = 3  # [ref] height at most three times the width
SCHEMES = ("https:", "http:", "line:", "tel:")  # [ref] schemes of a URI action

_URI_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")  # RFC 3986

WORDS = schema.FORMATS["TEXT"]


class Violation(Struct, frozen=True):
    """One thing that LINE would refuse or the SDK would lose. `path` begins at the message: messages[0].altText."""

    path: str
    rule: str
    found: str
    limit: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: found {self.found}; allowed: {self.limit}"


def escaped_bytes(value: Any) -> int:
    """The size on the wire as the SDK writes JSON: every character beyond ASCII as \\uXXXX, blanks after , and :."""
    return len(json.dumps(value))


def violations(messages: Sequence[Mapping[str, Any]]) -> list[Violation]:
    """Everything in the messages that is beyond LINE's limits or not a Flex Message; empty when they may be sent."""
    return list(_broadcast(messages))


def _broadcast(messages: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    if not 1 <= len(messages) <= MESSAGES:
        yield Violation("messages", "number of messages", str(len(messages)), f"1 to {MESSAGES}")
    yield from _at_most("messages", "bytes of the request", escaped_bytes(list(messages)), BODY_BYTES)
    for number, message in enumerate(messages):
        yield from _message(message, f"messages[{number}]")


def _message(message: Any, path: str) -> Iterator[Violation]:
    if not isinstance(message, Mapping):
        yield Violation(path, "message", repr(message)[:60], "an object")
        return
    kind = message.get("type")
    if "quickReply" in message:
        yield from _quick_reply(message["quickReply"], f"{path}.quickReply")
    if kind == "text":
        yield from _keys(message, path, {"text", "quickReply"}, ("text",))
        yield from _value(message.get("text"), f"{path}.text", WORDS)
        yield from _at_most(f"{path}.text", "UTF-16 units", utf16(str(message.get("text", ""))), TEXT)
        return
    if kind != "flex":
        yield Violation(f"{path}.type", "type of message", repr(kind), "flex, text")
        return
    yield from _keys(message, path, {"altText", "contents", "quickReply"}, ("altText", "contents"))
    yield from _value(message.get("altText", "-"), f"{path}.altText", WORDS)
    yield from _at_most(f"{path}.altText", "UTF-16 units", utf16(str(message.get("altText", ""))), ALT_TEXT)
    contents = message.get("contents")
    kind = contents.get("type") if isinstance(contents, Mapping) else None
    if isinstance(contents, Mapping) and kind == "bubble":
        yield from _bubble(contents, f"{path}.contents")
    elif isinstance(contents, Mapping) and kind == "carousel":
        yield from _carousel(contents, f"{path}.contents")
    else:
        yield Violation(f"{path}.contents.type", "container", repr(kind), "bubble, carousel")


def _quick_reply(reply: Any, path: str) -> Iterator[Violation]:
    items = reply.get("items") if isinstance(reply, Mapping) else None
    if not isinstance(items, list) or not 1 <= len(items) <= QUICK_REPLIES:
        yield Violation(f"{path}.items", "quick replies", repr(items)[:60], f"a list of 1 to {QUICK_REPLIES}")
        return
    yield from _keys(reply, path, {"items"}, ())
    for number, item in enumerate(items):
        here = f"{path}.items[{number}]"
        if not isinstance(item, Mapping) or not isinstance(item.get("action"), Mapping):
            yield Violation(here, "quick reply", repr(item)[:60], "an object with an action")
            continue
        yield from _keys(item, here, {"action"}, ())
        yield from _value(item.get("type"), f"{here}.type", schema.FORMATS["QUICK"])
        yield from _action(item["action"], f"{here}.action")
        label = str(item["action"].get("label", ""))
        if not 1 <= graphemes(label) <= QUICK_LABEL:
            yield Violation(f"{here}.action.label", "grapheme clusters", str(graphemes(label)), f"1 to {QUICK_LABEL}")


def _carousel(carousel: Mapping[str, Any], path: str) -> Iterator[Violation]:
    yield from _keys(carousel, path, {"contents"}, ("contents",))
    bubbles = carousel.get("contents")
    if not isinstance(bubbles, list) or not 1 <= len(bubbles) <= BUBBLES:
        found = str(len(bubbles)) if isinstance(bubbles, list) else repr(bubbles)
        yield Violation(f"{path}.contents", "number of bubbles", found, f"1 to {BUBBLES}")
    yield from _at_most(path, "bytes of the carousel", escaped_bytes(carousel), CAROUSEL_BYTES)
    bubbles = bubbles if isinstance(bubbles, list) else []
    sizes = sorted({str(bubble.get("size", "mega")) for bubble in bubbles if isinstance(bubble, Mapping)})
    if len(sizes) > 1:
        yield Violation(f"{path}.contents", "size of the bubbles", ", ".join(sizes), "one size for all")
    for number, bubble in enumerate(bubbles):
        yield from _bubble(bubble, f"{path}.contents[{number}]")


def _bubble(bubble: Any, path: str) -> Iterator[Violation]:
    kind = bubble.get("type") if isinstance(bubble, Mapping) else None
    if kind != "bubble":
        yield Violation(f"{path}.type", "container", repr(kind)[:60], "bubble")
        return
    yield from _properties(bubble, path, schema.OBJECTS["bubble"])
    yield from _at_most(path, "bytes of the bubble", escaped_bytes(bubble), BUBBLE_BYTES)


def _component(component: Any, path: str, allowed: Sequence[str]) -> Iterator[Violation]:
    if not isinstance(component, Mapping):
        yield Violation(path, "component", repr(component)[:60], ", ".join(allowed))
        return
    kind = component.get("type")
    if kind not in allowed:
        yield Violation(f"{path}.type", "component", repr(kind)[:60], ", ".join(allowed))
        return
    yield from _properties(component, path, schema.COMPONENTS[kind])
    if kind == "text" and "text" not in component and "contents" not in component:
        yield Violation(f"{path}.text", "text", "nothing", "text or contents")
    if kind == "image":
        yield from _image(component, path)


def _properties(value: Mapping[str, Any], path: str, known: Part) -> Iterator[Violation]:
    yield from _keys(value, path, known.properties, known.required)
    for key, part in value.items():
        rule = known.properties.get(key)
        here = f"{path}.{key}"
        if isinstance(rule, Format):
            yield from _value(part, here, rule)
        elif rule is not None:
            yield from _nested(part, here, rule, value)


def _nested(part: Any, path: str, rule: str, parent: Mapping[str, Any]) -> Iterator[Violation]:
    if rule in ("contents", "spans"):
        if not isinstance(part, list):
            yield Violation(path, "contents", repr(part)[:60], "a list of components")
            return
        layout = rule if rule == "spans" else str(parent.get("layout"))
        for number, child in enumerate(part):
            yield from _component(child, f"{path}[{number}]", schema.CHILDREN.get(layout, schema.CHILDREN["vertical"]))
    elif rule in schema.CHILDREN:
        yield from _component(part, path, schema.CHILDREN[rule])
    elif not isinstance(part, Mapping):
        yield Violation(path, rule, repr(part)[:60], "an object")
    elif rule == "action":
        yield from _action(part, path)
    else:
        yield from _properties(part, path, schema.OBJECTS[rule])


def _action(action: Mapping[str, Any], path: str) -> Iterator[Violation]:
    if action.get("type") != "uri":
        yield Violation(f"{path}.type", "action", repr(action.get("type")), "uri")
        return
    yield from _keys(action, path, {"label", "uri"}, ("uri",))
    uri = str(action.get("uri", ""))
    if not uri.lower().startswith(SCHEMES):
        yield Violation(f"{path}.uri", "scheme", repr(uri[:60]), ", ".join(SCHEMES))
    yield from _uri(uri, f"{path}.uri", URI)
    if "label" in action:
        yield from _value(action["label"], f"{path}.label", WORDS)
        yield from _at_most(f"{path}.label", "grapheme clusters", graphemes(str(action["label"])), LABEL)


def _image(image: Mapping[str, Any], path: str) -> Iterator[Violation]:
    url = str(image.get("url", ""))
    if not url.startswith("https://"):
        yield Violation(f"{path}.url", "address of a picture", repr(url[:60]), "https://…")
    yield from _uri(url, f"{path}.url", IMAGE_URL)
    ratio = str(image.get("aspectRatio", "1:1"))
    if schema.FORMATS["RATIO"].allows(ratio):
        width, height = (float(number) for number in ratio.split(":"))
        if not (1 <= width <= RATIO_MAX and 1 <= height <= RATIO_MAX and height <= RATIO_TALLEST * width):
            limit = f"numbers from 1 to {RATIO_MAX}, height at most {RATIO_TALLEST} times the width"
            yield Violation(f"{path}.aspectRatio", "aspect ratio", ratio, limit)


def _uri(uri: str, path: str, limit: int) -> Iterator[Violation]:
    if not _URI_CHARACTERS.fullmatch(uri):
        yield Violation(path, "characters of an address", repr(uri[:60]), "percent-encoded UTF-8 (RFC 3986)")
    yield from _at_most(path, "characters of the address", utf16(uri), limit)


def _keys(value: Mapping[str, Any], path: str, known: Any, required: Sequence[str]) -> Iterator[Violation]:
    for key in value:
        if key not in known and key != "type":
            yield Violation(f"{path}.{key}", "property", key, ", ".join(sorted(known)))
    for key in required:
        if key not in value:
            yield Violation(path, "property", f"no {key}", f"{key} is required")


def _value(value: Any, path: str, rule: Format) -> Iterator[Violation]:
    if not rule.allows(value):
        yield Violation(path, "value", repr(value)[:60], rule.words)


def _at_most(path: str, rule: str, found: int, limit: int) -> Iterator[Violation]:
    if found > limit:
        yield Violation(path, rule, f"{found:,}", f"at most {limit:,}")
