"""LINE's rules for messages, written from its documentation alone.

Knows nothing of the product's own limits, so that the one can check the other. Stricter than LINE where LINE's
behaviour is not documented: an unknown Flex property is an error, and sizes are counted in the escaped form.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

MAX_MESSAGES = 5
MAX_BODY = 2_000_000
MAX_ALT_TEXT = 1500
MAX_TEXT = 5000
MAX_BUBBLES = 12
MAX_BUBBLE_BYTES = 30_000
MAX_CAROUSEL_BYTES = 50_000
MAX_LABEL = 40
MAX_QUICK_REPLIES = 13
MAX_QUICK_LABEL = 20
QUICK_ACTIONS = ("uri", "message", "postback", "clipboard", "datetimepicker", "camera", "cameraRoll", "location")
MAX_URI = 10_000  # since 2026-10-27; older documents say 1,000
MAX_IMAGE_URL = 2000
MAX_SENDER_NAME = 20
MAX_RATIO_NUMBER = 100_000
MAX_TALLNESS = 3  # height ≤ 3 × width

MESSAGE_TYPES = ("text", "image", "flex")
BUBBLE_SIZES = ("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")  # two regional indicators are one flag
_EXTENDS = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")  # joiner, skin tones, tags
BLOCKS = {"header": ("box",), "hero": ("box", "image", "video"), "body": ("box",), "footer": ("box",)}


class Detail(Struct, frozen=True):
    """One entry of `details` in LINE's 400."""

    message: str
    property: str


class Problem(Struct, frozen=True):
    """Why a body is refused: LINE's `message` and `details`."""

    message: str
    details: tuple[Detail, ...] = ()


def utf16(text: str) -> int:
    """Length as LINE counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """Grapheme clusters, near enough to Unicode's rules for emoji, flags, variation selectors and combining marks."""
    count, joined, flags = 0, False, 0
    for character in text:
        flags = flags + 1 if _FLAG.match(character) else 0
        extends = _EXTENDS.match(character) or unicodedata.category(character) in ("Mn", "Me", "Mc")
        if count == 0 or not (joined or extends or (flags and flags % 2 == 0)):
            count += 1
        joined = character == "\u200d"
    return count


def check(body: Any) -> Problem | None:
    """The first kind of problem of a broadcast's parsed body, or None when LINE would take it."""
    if not isinstance(body, dict):
        return Problem("The request body could not be parsed as JSON")
    outer: list[Detail] = []
    messages = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_MESSAGES:
        outer.append(Detail(f"Size must be between 1 and {MAX_MESSAGES}", "messages"))
        messages = []
    if not isinstance(body.get("notificationDisabled", False), bool):
        outer.append(Detail("Must be a boolean", "notificationDisabled"))
    for number, message in enumerate(messages):
        outer += _message(message, f"messages[{number}]")
    if outer:
        return Problem(f"The request body has {len(outer)} error(s)", tuple(outer))
    for number, message in enumerate(messages):
        if message["type"] == "flex":
            flex = _Flex()
            flex.container(message["contents"])
            if flex.details:
                invalid = f"A message (messages[{number}]) in the request body is invalid"
                return Problem(invalid, tuple(flex.details))
    return None


def _message(message: Any, where: str) -> list[Detail]:
    """What is wrong with a message object outside its Flex container."""
    if not isinstance(message, dict) or message.get("type") not in MESSAGE_TYPES:
        return [Detail(f"Must be one of the following values: [{', '.join(MESSAGE_TYPES)}]", f"{where}.type")]
    details: list[Detail] = []
    if message["type"] == "text":
        details += _length(message.get("text"), MAX_TEXT, f"{where}.text")
    elif message["type"] == "image":
        for key in ("originalContentUrl", "previewImageUrl"):
            if not _is_url(message.get(key), ("https",), MAX_IMAGE_URL):
                details.append(Detail("Must be a valid HTTPS URL", f"{where}.{key}"))
    else:
        details += _length(message.get("altText"), MAX_ALT_TEXT, f"{where}.altText")
        if not isinstance(message.get("contents"), dict):
            details.append(Detail("May not be empty", f"{where}.contents"))
    if "quickReply" in message:
        details += _quick_reply(message["quickReply"], f"{where}.quickReply")
    sender = message.get("sender", {})
    name = sender.get("name", "") if isinstance(sender, dict) else None
    if not isinstance(name, str) or utf16(name) > MAX_SENDER_NAME or "line" in name.lower():
        details.append(Detail("Invalid sender name", f"{where}.sender.name"))
    return details


def _quick_reply(value: Any, where: str) -> list[Detail]:
    """Buttons below the last message: 1 to 13, each an action with a label of at most 20 letters."""
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_QUICK_REPLIES:
        return [Detail(f"Size must be between 1 and {MAX_QUICK_REPLIES}", f"{where}.items")]
    details: list[Detail] = []
    for number, item in enumerate(items):
        here = f"{where}.items[{number}]"
        action = item.get("action") if isinstance(item, dict) else None
        if not isinstance(item, dict) or item.get("type") != "action" or not isinstance(action, dict):
            details.append(Detail("invalid property", f"{here}.type"))
            continue
        label = action.get("label")
        if not isinstance(label, str) or not 1 <= graphemes(label) <= MAX_QUICK_LABEL:
            details.append(Detail(f"Length must be between 1 and {MAX_QUICK_LABEL}", f"{here}.action.label"))
        if action.get("type") not in QUICK_ACTIONS:
            details.append(Detail("invalid property", f"{here}.action.type"))
        if action.get("type") == "uri" and not _is_url(action.get("uri"), ("https", "http", "line", "tel"), MAX_URI):
            details.append(Detail("invalid uri scheme", f"{here}.action.uri"))
    return details


def _length(value: Any, limit: int, where: str) -> list[Detail]:
    if not isinstance(value, str) or not value.strip():
        return [Detail("May not be empty", where)]
    if utf16(value) > limit:
        return [Detail(f"Length must be between 0 and {limit}", where)]
    return []


def _is_url(value: Any, schemes: tuple[str, ...], limit: int) -> bool:
    """An absolute URL of one of the schemes, percent-encoded and within the limit."""
    if not isinstance(value, str) or len(value) > limit or not re.fullmatch(r"[!-~]+", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in schemes and (bool(parts.hostname) or parts.scheme in ("tel", "line"))


Rule = Callable[[Any], bool]


def _pattern(expression: str) -> Rule:
    compiled = re.compile(expression)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(*values: str) -> Rule:
    return lambda value: isinstance(value, str) and value in values


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_anything(value: Any) -> bool:
    """For properties that are looked into elsewhere."""
    return value is not None


def _is_ratio(value: Any) -> bool:
    match = re.fullmatch(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", value) if isinstance(value, str) else None
    if match is None:
        return False
    width, height = float(match[1]), float(match[2])
    return 1 <= width <= MAX_RATIO_NUMBER and 1 <= height <= MAX_RATIO_NUMBER and height <= MAX_TALLNESS * width


_PX = r"\d+(\.\d+)?px"
_px, _length_css = _pattern(_PX), _pattern(rf"{_PX}|\d+(\.\d+)?%")
_color = _pattern(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?")
_steps = r"none|xs|sm|md|lg|xl|xxl"
_margin = _pattern(rf"{_steps}|{_PX}")
_padding = _pattern(rf"{_steps}|{_PX}|\d+(\.\d+)?%")
_offset = _padding
_sizes = r"xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl"
_font_size = _pattern(rf"{_sizes}|{_PX}")
_image_size = _pattern(rf"{_sizes}|full|{_PX}|\d+(\.\d+)?%")
_align, _gravity = _one_of("start", "end", "center"), _one_of("top", "bottom", "center")

_PLACED: Mapping[str, Rule] = {
    "margin": _margin,
    "position": _one_of("relative", "absolute"),
    "offsetTop": _offset,
    "offsetBottom": _offset,
    "offsetStart": _offset,
    "offsetEnd": _offset,
}
_LETTERS: Mapping[str, Rule] = {
    "text": _is_text,
    "size": _font_size,
    "color": _color,
    "weight": _one_of("regular", "bold"),
    "style": _one_of("normal", "italic"),
    "decoration": _one_of("none", "underline", "line-through"),
}
COMPONENTS: Mapping[str, Mapping[str, Rule]] = {
    "box": {
        **_PLACED,
        "layout": _one_of("horizontal", "vertical", "baseline"),
        "contents": lambda value: isinstance(value, list),
        "flex": _is_count,
        "spacing": _margin,
        "backgroundColor": _color,
        "borderColor": _color,
        "borderWidth": _pattern(rf"none|light|normal|medium|semi-bold|bold|{_PX}"),
        "cornerRadius": _margin,
        "width": _length_css,
        "maxWidth": _length_css,
        "height": _length_css,
        "maxHeight": _length_css,
        "paddingAll": _padding,
        "paddingTop": _padding,
        "paddingBottom": _padding,
        "paddingStart": _padding,
        "paddingEnd": _padding,
        "action": _is_anything,
        "justifyContent": _one_of("center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly"),
        "alignItems": _one_of("center", "flex-start", "flex-end"),
        "background": lambda value: isinstance(value, dict) and value.get("type") == "linearGradient",
    },
    "text": {
        **_PLACED,
        **_LETTERS,
        "flex": _is_count,
        "align": _align,
        "gravity": _gravity,
        "wrap": _is_bool,
        "lineSpacing": _px,
        "maxLines": _is_count,
        "action": _is_anything,
        "contents": lambda value: isinstance(value, list),
        "adjustMode": _one_of("shrink-to-fit"),
        "scaling": _is_bool,
    },
    "span": _LETTERS,
    "image": {
        **_PLACED,
        "url": _is_anything,
        "flex": _is_count,
        "align": _align,
        "gravity": _gravity,
        "size": _image_size,
        "aspectRatio": _is_ratio,
        "aspectMode": _one_of("fit", "cover"),
        "backgroundColor": _color,
        "action": _is_anything,
        "animated": _is_bool,
    },
    "icon": {
        **_PLACED,
        "url": _is_anything,
        "size": _font_size,
        "aspectRatio": _is_ratio,
        "scaling": _is_bool,
    },
    "video": {
        "url": _is_anything,
        "previewUrl": _is_anything,
        "altContent": _is_anything,
        "aspectRatio": _is_ratio,
        "action": _is_anything,
    },
    "button": {
        **_PLACED,
        "flex": _is_count,
        "color": _color,
        "style": _one_of("primary", "secondary", "link"),
        "action": _is_anything,
        "gravity": _gravity,
        "height": _one_of("md", "sm"),
        "adjustMode": _one_of("shrink-to-fit"),
        "scaling": _is_bool,
    },
    "separator": {"margin": _margin, "color": _color},
    "filler": {"flex": _is_count},
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "box": ("layout", "contents"),
    "span": ("text",),
    "image": ("url",),
    "icon": ("url",),
    "video": ("url", "previewUrl", "altContent"),
    "button": ("action",),
}
IN_BOX = ("box", "text", "image", "icon", "button", "separator", "filler")
IN_BASELINE = ("text", "icon", "filler")
ACTIONS: Mapping[str, str] = {"uri": "uri", "message": "text", "postback": "data", "clipboard": "clipboardText"}


class _Flex:
    """Walks one container; property names in details are JSON pointers into it, as LINE writes them."""

    def __init__(self) -> None:
        self.details: list[Detail] = []

    def fail(self, message: str, where: str) -> None:
        self.details.append(Detail(message, where or "/"))

    def container(self, contents: dict[str, Any]) -> None:
        if contents.get("type") == "bubble":
            self.bubble(contents, "")
            return
        if contents.get("type") != "carousel":
            self.fail("invalid property", "/type")
            return
        bubbles = contents.get("contents")
        if not isinstance(bubbles, list) or not 1 <= len(bubbles) <= MAX_BUBBLES:
            self.fail(f"size must be between 1 and {MAX_BUBBLES}", "/contents")
            return
        self.unknown(contents, ("type", "contents"), "")
        for number, bubble in enumerate(bubbles):
            self.bubble(bubble, f"/contents/{number}")
        sizes = {bubble.get("size", "mega") for bubble in bubbles if isinstance(bubble, dict)}
        if len(sizes) > 1:
            self.fail("all bubbles must have the same size", "/contents")
        self.weigh(contents, MAX_CAROUSEL_BYTES, "")

    def weigh(self, value: Any, limit: int, where: str) -> None:
        if len(json.dumps(value, separators=(",", ":"))) > limit:
            self.fail(f"Too large flex message. The maximum size of JSON data is {limit // 1000} KB", where)

    def unknown(self, value: dict[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in value:
            if key not in known:
                self.fail("unknown field", f"{where}/{key}")

    def bubble(self, bubble: Any, where: str) -> None:
        if not isinstance(bubble, dict) or bubble.get("type") != "bubble":
            self.fail("invalid property", f"{where}/type")
            return
        self.unknown(bubble, ("type", "direction", "styles", "size", "action", *BLOCKS), where)
        if "size" in bubble and bubble["size"] not in BUBBLE_SIZES:
            self.fail("invalid property", f"{where}/size")
        if not any(block in bubble for block in BLOCKS):
            self.fail("At least one block must be specified", where)
        for block, allowed in BLOCKS.items():
            if block in bubble:
                self.component(bubble[block], allowed, f"{where}/{block}")
        if "action" in bubble:
            self.action(bubble["action"], f"{where}/action", is_labelled=False)
        self.weigh(bubble, MAX_BUBBLE_BYTES, where)

    def component(self, value: Any, allowed: tuple[str, ...], where: str) -> None:
        kind = str(value.get("type")) if isinstance(value, dict) else ""
        if kind not in allowed:
            self.fail("invalid property" if kind in COMPONENTS else "unknown component type", f"{where}/type")
            return
        rules = COMPONENTS[kind]
        self.unknown(value, ("type", *rules), where)
        for key in REQUIRED.get(kind, ()):
            if value.get(key) is None:
                self.fail("must be specified", f"{where}/{key}")
        for key, rule in rules.items():
            if key in value and value[key] is not None and not rule(value[key]):
                is_empty = key == "text" and value[key] == ""
                self.fail("must be non-empty text" if is_empty else "invalid property", f"{where}/{key}")
        self.inside(value, kind, where)

    def inside(self, value: dict[str, Any], kind: str, where: str) -> None:
        children = value.get("contents")
        if kind == "text" and not children and value.get("text") is None:
            self.fail("must be specified", f"{where}/text")
        if isinstance(children, list):
            in_box = IN_BASELINE if value.get("layout") == "baseline" else tuple(set(IN_BOX) - {"icon"})
            for number, child in enumerate(children):
                self.component(child, ("span",) if kind == "text" else in_box, f"{where}/contents/{number}")
        for key in ("url", "previewUrl"):
            if value.get(key) is not None and not _is_url(value[key], ("https",), MAX_IMAGE_URL):
                self.fail("invalid uri", f"{where}/{key}")
        if value.get("action") is not None:
            self.action(value["action"], f"{where}/action", is_labelled=kind == "button")
        if kind == "video" and value.get("altContent") is not None:
            self.component(value["altContent"], ("box", "image"), f"{where}/altContent")

    def action(self, value: Any, where: str, *, is_labelled: bool) -> None:
        kind = str(value.get("type")) if isinstance(value, dict) else ""
        if kind not in ACTIONS:
            self.fail("invalid property", f"{where}/type")
            return
        label = value.get("label")
        if label is None and is_labelled:
            self.fail("must be specified", f"{where}/label")
        if label is not None and (not _is_text(label) or graphemes(label) > MAX_LABEL):
            self.fail("invalid property", f"{where}/label")
        if not _is_text(value.get(ACTIONS[kind])):
            self.fail("must be specified", f"{where}/{ACTIONS[kind]}")
        elif kind == "uri" and not _is_url(value["uri"], ("https", "http", "line", "tel"), MAX_URI):
            scheme = re.match(r"(https?|line|tel):", value["uri"])
            self.fail("invalid uri" if scheme else "invalid uri scheme", f"{where}/uri")
