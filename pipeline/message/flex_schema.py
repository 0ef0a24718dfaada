"""What a Flex Message may consist of: each component, its properties, and the values they take.

Source: the Flex Message part of LINE's Messaging API reference (copy of 2026-08-07); the names of the properties are
compared with those of line-bot-sdk by a test. LINE answers an unknown value with 400, but the SDK drops an unknown
property silently, so a typo such as `warp` has to be found here.
"""

import re
from typing import Any

_KEYWORDS = "none|xs|sm|md|lg|xl|xxl"
_PX = r"\d+(\.\d+)?px"
_PERCENT = r"\d+(\.\d+)?%"
_SIZES = "xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl"


class Format:
    """What a value must look like: one of some words, a pattern, or a type; `words` says it to people."""

    def __init__(self, words: str, pattern: str, kind: type = str) -> None:
        self.words, self.kind = words, kind
        self.pattern = re.compile(pattern)

    def allows(self, value: Any) -> bool:
        if type(value) is not self.kind:  # True is an int to isinstance
            return False
        return self.pattern.fullmatch(str(value)) is not None


def _one_of(words: str) -> Format:
    return Format(words.replace("|", ", "), words)


TEXT = Format("text that is not empty", r"(?s).*\S.*")
URL = Format("an address", r"\S+")
COUNT = Format("a whole number from 0", r"\d+", int)
FLAG = Format("true or false", "True|False", bool)
COLOUR = Format("#RRGGBB or #RRGGBBAA", r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?")
SPACE = Format(f"{_KEYWORDS.replace('|', ', ')} or px", f"{_KEYWORDS}|{_PX}")
PADDING = Format(f"{_KEYWORDS.replace('|', ', ')}, px or %", f"{_KEYWORDS}|{_PX}|{_PERCENT}")
OFFSET = Format(PADDING.words, f"{_KEYWORDS}|-?{_PX}|-?{_PERCENT}")
LENGTH = Format("px or %", f"{_PX}|{_PERCENT}")
FONT = Format(f"{_SIZES.replace('|', ', ')} or px", f"{_SIZES}|{_PX}")
IMAGE_SIZE = Format(f"{_SIZES.replace('|', ', ')}, full, px or %", f"{_SIZES}|full|{_PX}|{_PERCENT}")
BORDER = Format("none, light, normal, medium, semi-bold, bold or px", f"none|light|normal|medium|semi-bold|bold|{_PX}")
ALIGN = _one_of("start|end|center")
GRAVITY = _one_of("top|bottom|center")
RATIO = Format("width:height", r"\d+(\.\d+)?:\d+(\.\d+)?")
QUICK = _one_of("action")
SHRINK = _one_of("shrink-to-fit")

# Values that are components or lists of them; `limits` walks into these.
ACTION, CONTENTS, BACKGROUND, SPANS = "action", "contents", "background", "spans"
BLOCK, HERO, STYLES, STYLE = "block", "hero", "styles", "style"

Property = Format | str
_PLACED: dict[str, Property] = {
    "position": _one_of("relative|absolute"),
    **dict.fromkeys(("offsetTop", "offsetBottom", "offsetStart", "offsetEnd"), OFFSET),
}
_LETTERS: dict[str, Property] = {
    "text": TEXT,
    "size": FONT,
    "color": COLOUR,
    "weight": _one_of("regular|bold"),
    "style": _one_of("normal|italic"),
    "decoration": _one_of("none|underline|line-through"),
}

COMPONENTS: dict[str, dict[str, Property]] = {
    "box": {
        **_PLACED,
        "layout": _one_of("horizontal|vertical|baseline"),
        "contents": CONTENTS,
        "flex": COUNT,
        "spacing": SPACE,
        "margin": SPACE,
        **dict.fromkeys(("paddingAll", "paddingTop", "paddingBottom", "paddingStart", "paddingEnd"), PADDING),
        **dict.fromkeys(("width", "maxWidth", "height", "maxHeight"), LENGTH),
        "backgroundColor": COLOUR,
        "borderColor": COLOUR,
        "borderWidth": BORDER,
        "cornerRadius": SPACE,
        "justifyContent": _one_of("center|flex-start|flex-end|space-between|space-around|space-evenly"),
        "alignItems": _one_of("center|flex-start|flex-end"),
        "background": BACKGROUND,
        "action": ACTION,
    },
    "text": {
        **_PLACED,
        **_LETTERS,
        "contents": SPANS,
        "flex": COUNT,
        "margin": SPACE,
        "align": ALIGN,
        "gravity": GRAVITY,
        "wrap": FLAG,
        "lineSpacing": Format("px", _PX),
        "maxLines": COUNT,
        "adjustMode": SHRINK,
        "scaling": FLAG,
        "action": ACTION,
    },
    "span": {**_LETTERS},
    "button": {
        **_PLACED,
        "action": ACTION,
        "flex": COUNT,
        "margin": SPACE,
        "height": _one_of("sm|md"),
        "style": _one_of("primary|secondary|link"),
        "color": COLOUR,
        "gravity": GRAVITY,
        "adjustMode": SHRINK,
        "scaling": FLAG,
    },
    "image": {
        **_PLACED,
        "url": URL,
        "flex": COUNT,
        "margin": SPACE,
        "align": ALIGN,
        "gravity": GRAVITY,
        "size": IMAGE_SIZE,
        "aspectRatio": RATIO,
        "aspectMode": _one_of("cover|fit"),
        "backgroundColor": COLOUR,
        "animated": FLAG,
        "action": ACTION,
    },
    "icon": {**_PLACED, "url": URL, "margin": SPACE, "size": FONT, "aspectRatio": RATIO, "scaling": FLAG},
    "separator": {"margin": SPACE, "color": COLOUR},
    "filler": {"flex": COUNT},
}
BUBBLE: dict[str, Property] = {
    "size": _one_of("nano|micro|deca|hecto|kilo|mega|giga"),
    "direction": _one_of("ltr|rtl"),
    "header": BLOCK,
    "hero": HERO,
    "body": BLOCK,
    "footer": BLOCK,
    "styles": STYLES,
    "action": ACTION,
}
BLOCK_STYLE: dict[str, Property] = {"backgroundColor": COLOUR, "separator": FLAG, "separatorColor": COLOUR}
GRADIENT: dict[str, Property] = {
    "angle": Format("degrees such as 90deg", r"\d+(\.\d+)?deg"),
    **dict.fromkeys(("startColor", "endColor", "centerColor"), COLOUR),
    "centerPosition": Format("%", _PERCENT),
}
OBJECTS: dict[str, dict[str, Property]] = {
    BACKGROUND: GRADIENT,
    STYLES: dict.fromkeys(("header", "hero", "body", "footer"), STYLE),
    STYLE: BLOCK_STYLE,
}
REQUIRED: dict[str, tuple[str, ...]] = {
    BACKGROUND: ("type", "angle", "startColor", "endColor"),
    "box": ("layout", "contents"),
    "span": ("text",),
    "button": ("action",),
    "image": ("url",),
    "icon": ("url",),
}
# What may stand in a block of a bubble, in a text, and in a box by its layout: a baseline box takes only what has a baseline.
CHILDREN: dict[str, tuple[str, ...]] = {
    BLOCK: ("box",),
    HERO: ("image", "box"),
    "span": ("span",),
    "baseline": ("text", "icon", "filler"),
    "horizontal": ("box", "text", "button", "image", "separator", "filler"),
    "vertical": ("box", "text", "button", "image", "separator", "filler"),
}
