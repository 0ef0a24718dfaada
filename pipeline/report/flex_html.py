"""Flex Message → HTML, so that a person can look at a message in a browser before it goes out.

Every value is escaped or checked against a pattern. What this renderer does not know it says in the picture itself:
a preview that silently leaves something out would be worse than none.
"""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape
from msgspec import Struct

from pipeline.report.flex_text import Component

# Widths and lengths as LINE draws them.
_FONT = {"xxs": 11, "xs": 13, "sm": 14, "md": 16, "lg": 19, "xl": 22, "xxl": 29, "3xl": 35, "4xl": 48, "5xl": 74}
_SPACE = {"none": 0, "xs": 2, "sm": 4, "md": 8, "lg": 12, "xl": 16, "xxl": 20}
_BORDER = {"none": 0, "light": 0.5, "normal": 1, "medium": 2, "semi-bold": 3, "bold": 4}
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")
_LENGTH = re.compile(r"\d+(?:\.\d+)?(?:px|%)")
_RATIO = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")
_ALIGN = {"start": "left", "end": "right", "center": "center"}
_SCHEMES = ("https://", "http://", "tel:", "line://")
_NOTHING = Markup("")
_DEFAULT_PADDING = {"header": "20px", "body": "20px", "footer": "10px"}  # of a block that sets none

# The properties that are drawn; every other one is a warning.
_DRAWN = {
    "bubble": "type size header hero body footer styles action",
    "box": "type layout contents flex spacing margin paddingAll paddingTop paddingBottom paddingStart paddingEnd width"
    " height maxWidth maxHeight backgroundColor borderColor borderWidth cornerRadius justifyContent alignItems action",
    "text": "type text contents size color weight style decoration align gravity wrap maxLines lineSpacing flex margin"
    " adjustMode scaling action",
    "span": "type text size color weight style decoration",
    "button": "type action style color height flex margin gravity adjustMode scaling",
    "image": "type url size aspectRatio aspectMode backgroundColor animated flex margin align gravity action",
    "separator": "type margin color",
    "filler": "type flex",
}
_KNOWN = {kind: frozenset(names.split()) for kind, names in _DRAWN.items()}


class Drawn(Struct, frozen=True):
    """The message as HTML, and what the renderer did not know (it stands in the HTML too)."""

    html: Markup
    warnings: tuple[str, ...]


class Words(Struct, frozen=True):
    """What the renderer itself says, from the templates."""

    unknown: str = "{what}"
    no_picture: str = "{alt}"
    card: str = "{number}/{total}"
    cards: str = "{total}"
    replies: str = ""


def draw(
    message: Component, words: Words, pictures: Mapping[str, str] | None = None, alts: Mapping[str, str] | None = None
) -> Drawn:
    """One message of a broadcast as HTML; `pictures` gives data: URIs for picture addresses, `alts` their alt texts."""
    painter = _Painter(words, pictures or {}, alts or {})
    return Drawn(painter.message(message), tuple(painter.warnings))


class _Painter:
    def __init__(self, words: Words, pictures: Mapping[str, str], alts: Mapping[str, str]) -> None:
        self.words, self.pictures, self.alts = words, pictures, alts
        self.warnings: list[str] = []

    def message(self, message: Component) -> Markup:
        drawn = self.contents(message)
        items = message.get("quickReply", {}).get("items", ())
        replies = Markup("").join(
            Markup("<li>{}</li>").format(self.linked(item, escape(item.get("action", {}).get("label", ""))))
            for item in items
        )
        listed = Markup('<ul class="fx-replies" aria-label="{}">{}</ul>').format(self.words.replies, replies)
        return drawn + listed if items else drawn

    def contents(self, message: Component) -> Markup:
        if message.get("type") == "text":
            return Markup('<p class="fx-plain">{}</p>').format(str(message.get("text", "")))
        contents = message.get("contents")
        kind = contents.get("type") if isinstance(contents, Mapping) else None
        if isinstance(contents, Mapping) and kind == "bubble":
            return self.bubble(contents)
        if isinstance(contents, Mapping) and kind == "carousel":
            bubbles = contents.get("contents", [])
            cards = Markup("").join(
                Markup('<li aria-label="{}">{}</li>').format(
                    self.words.card.format(number=number, total=len(bubbles)), self.bubble(bubble)
                )
                for number, bubble in enumerate(bubbles, 1)
            )
            return Markup('<div class="fx-scroll" role="group" tabindex="0" aria-label="{}"><ul>{}</ul></div>').format(
                self.words.cards.format(total=len(bubbles)), cards
            )
        return self.warn(f"type: {message.get('type')!r}, {kind!r}")

    def bubble(self, bubble: Component) -> Markup:
        parts = [self.unknown(bubble, "bubble")]
        if "action" in bubble:  # the button leads there too: one stop for the keyboard is enough
            hidden = Markup('tabindex="-1" aria-hidden="true" ') + self.target(bubble)
            parts.append(self.element("div", "fx-cover", [], Markup(""), hidden))
        styles = bubble.get("styles", {})
        for name in ("header", "hero", "body", "footer"):
            block = bubble.get(name)
            if block is None:
                continue
            ground = str(styles.get(name, {}).get("backgroundColor", ""))
            colour = f"background:{ground}" if _COLOUR.fullmatch(ground) else ""
            inner = self.component(block, "vertical", _DEFAULT_PADDING.get(name, ""))
            parts.append(Markup('<div class="fx-{}" style="{}">{}</div>').format(name, colour, inner))
        size = str(bubble.get("size", "mega"))
        return Markup('<div class="fx-bubble fx-{}">{}</div>').format(size, Markup("").join(parts))

    def component(self, part: Any, layout: str, padding: str = "") -> Markup:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "box":
            drawn = self.box(part, layout, padding)
        elif kind in ("text", "button", "image", "separator", "filler"):
            drawn = getattr(self, kind)(part, layout)
        else:
            return self.warn(f"type: {kind!r}")
        return self.unknown(part, kind) + drawn

    def separator(self, part: Component, layout: str) -> Markup:
        css = [*self.place(part, layout), self.colour(part, "color", "background", "#D4D6DA")]
        return self.element("div", f"fx-separator fx-in-{layout}", css, Markup(""))

    def filler(self, part: Component, _: str) -> Markup:
        return self.element("div", "fx-filler", [f"flex:{_number(part, 1)}"], Markup(""))

    def box(self, part: Component, layout: str, padding: str) -> Markup:
        own = str(part.get("layout"))
        css = self.place(part, layout)
        css.append(f"padding:{padding}" if padding and not any(key.startswith("padding") for key in part) else "")
        css += [self.space(part, key, name) for key, name in _LENGTHS.items()]
        css.append(self.colour(part, "backgroundColor", "background"))
        if "borderWidth" in part:
            css.append(f"border-style:solid;{self.space(part, 'borderWidth', 'border-width', _BORDER)}")
            css.append(self.colour(part, "borderColor", "border-color"))
        for key, name in (("justifyContent", "justify-content"), ("alignItems", "align-items")):
            value = str(part.get(key, ""))
            css.append(f"{name}:{value}" if re.fullmatch("[a-z-]+", value) else "")
        inner = Markup("").join(self.component(child, own) for child in part.get("contents", ()))
        known = own in ("vertical", "horizontal", "baseline")
        complaint = Markup("") if known else self.warn(f"layout: {own!r}")
        return complaint + self.element("div", f"fx-box fx-{own}", css, inner, self.target(part))

    def text(self, part: Component, layout: str) -> Markup:
        css = [*self.place(part, layout), *self.letters(part)]
        css.append(f"text-align:{_ALIGN[part['align']]}" if part.get("align") in _ALIGN else "")
        css.append(f"align-self:{_GRAVITY[part['gravity']]}" if part.get("gravity") in _GRAVITY else "")
        spacing = str(part.get("lineSpacing", ""))
        if _LENGTH.fullmatch(spacing):  # between lines alone: LINE draws none above the first and below the last
            margin = next((one.removeprefix("margin-top:") for one in css if one.startswith("margin-top:")), "0px")
            css.append(f"line-height:calc(1.4em + {spacing})")
            css.append(f"margin-top:calc({margin} - {spacing} / 2);margin-bottom:calc({spacing} / -2)")
        lines = part.get("maxLines", 0)
        css.append(f"-webkit-line-clamp:{int(lines)}" if lines else "")
        classes = ["fx-text", "fx-wrap" if part.get("wrap") else "fx-one-line", "fx-clamp" if lines else ""]
        classes.append("fx-shrink" if part.get("adjustMode") == "shrink-to-fit" else "")
        inner: Any = part.get("text", "")
        if "contents" in part:
            inner = Markup("").join(self.span(span) for span in part["contents"])
        return self.element("p", " ".join(filter(None, classes)), css, self.linked(part, escape(inner)))

    def span(self, part: Component) -> Markup:
        return self.unknown(part, "span") + self.element("span", "", self.letters(part), escape(part.get("text", "")))

    def button(self, part: Component, layout: str) -> Markup:
        style = str(part.get("style", "link"))
        css = [*self.place(part, layout), self.font_size("md", part)]
        css.append(self.colour(part, "color", "color" if style == "link" else "background"))
        classes = f"fx-button fx-button-{style} fx-button-{part.get('height', 'md')}"
        label = part.get("action", {}).get("label", "")
        shrinks = "fx-one-line fx-shrink" if part.get("adjustMode") == "shrink-to-fit" else ""
        inner = self.linked(part, Markup('<span class="fx-label {}">{}</span>').format(shrinks, label))
        return self.element("div", classes, css, inner)

    def image(self, part: Component, layout: str) -> Markup:
        url = str(part.get("url", ""))
        ratio = _RATIO.fullmatch(str(part.get("aspectRatio", "1:1")))
        css = [*self.place(part, layout), self.colour(part, "backgroundColor", "background")]
        css.append(f"aspect-ratio:{ratio[1]}/{ratio[2]}" if ratio else "")
        alt = self.alts.get(url, "")
        source = self.pictures.get(url, "")
        if re.fullmatch(r"data:image/(?:png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+", source):
            fit = "cover" if part.get("aspectMode") == "cover" else "contain"
            inner = Markup('<img alt="{}" src="{}" style="object-fit:{}">').format(alt, source, fit)
        else:
            inner = Markup('<span class="fx-missing">{}</span>').format(self.words.no_picture.format(alt=alt or url))
        size = "fx-full" if part.get("size") == "full" else ""
        complaint = Markup("") if ratio else self.warn("aspectRatio")
        return complaint + self.element("div", f"fx-image {size}", css, self.linked(part, inner))

    def linked(self, part: Component, inner: Markup) -> Markup:
        """The content as a link when it has an action."""
        target = self.target(part)
        return Markup("<a {}>{}</a>").format(target, inner) if target else inner

    def target(self, part: Component) -> Markup:
        """What makes an element a link, "" without an action; only of schemes that LINE opens too."""
        action = part.get("action", {})
        address = str(action.get("uri", ""))
        if action and (action.get("type") != "uri" or not address.startswith(_SCHEMES)):
            self.warnings.append(f"action: {action.get('type')!r} {address!r}")
            return Markup("")
        said = Markup('href="{}" target="_blank" rel="noopener noreferrer" aria-label="{}"')
        return said.format(address, str(action.get("label", address))) if action else Markup("")

    def place(self, part: Component, layout: str) -> list[str]:
        """Share of the free room and the margin to the neighbour before."""
        horizontal = layout in ("horizontal", "baseline")
        share = _number(part, 1 if horizontal else 0)
        css = [f"flex:{share} 1 0" if share and horizontal else f"flex:{share or '0 0 auto'}"]
        css.append(self.space(part, "margin", "margin-left" if horizontal else "margin-top"))
        return css

    def letters(self, part: Component) -> list[str]:
        css = [self.font_size(str(part.get("size", "md" if part.get("type") == "text" else "")), part)]
        css.append(self.colour(part, "color", "color"))
        css.append("font-weight:700" if part.get("weight") == "bold" else "")
        css.append("font-style:italic" if part.get("style") == "italic" else "")
        css.append(f"text-decoration:{part['decoration']}" if part.get("decoration") in _DECORATION else "")
        return css

    def font_size(self, size: str, part: Component) -> str:
        if not size:
            return ""
        length = f"{_FONT[size]}px" if size in _FONT else size
        if not _LENGTH.fullmatch(length):
            self.warnings.append(f"size: {size!r}")
            return ""
        return f"font-size:calc({length} * var(--scale))" if part.get("scaling") else f"font-size:{length}"

    def space(self, part: Component, key: str, name: str, words: Mapping[str, float] = _SPACE) -> str:
        if key not in part:
            return ""
        value = str(part[key])
        length = f"{words[value]}px" if value in words else value
        if _LENGTH.fullmatch(length):
            return f"{name}:{length}"
        self.warnings.append(f"{key}: {value!r}")
        return ""

    def colour(self, part: Component, key: str, name: str, default: str = "") -> str:
        value = str(part.get(key, default))
        if _COLOUR.fullmatch(value):
            return f"{name}:{value}"
        if value:
            self.warnings.append(f"{key}: {value!r}")
        return ""

    def element(self, tag: str, classes: str, css: list[str], inner: Markup, target: Markup = _NOTHING) -> Markup:
        style, name = ";".join(filter(None, css)), Markup("a" if target else tag)  # noqa: S704 -- tags are literals above
        return Markup("<{0} class='{1}' style='{2}' {4}>{3}</{0}>").format(name, classes.strip(), style, inner, target)

    def unknown(self, part: Component, kind: str) -> Markup:
        return Markup("").join(self.warn(f"{kind}.{key}") for key in part if key not in _KNOWN[kind])

    def warn(self, what: str) -> Markup:
        self.warnings.append(what)
        return Markup('<p class="fx-warning">{}</p>').format(self.words.unknown.format(what=what))


_GRAVITY = {"top": "flex-start", "bottom": "flex-end", "center": "center"}
_DECORATION = ("underline", "line-through", "none")
_LENGTHS = {  # of a box
    "spacing": "gap",
    "paddingAll": "padding",
    "paddingTop": "padding-top",
    "paddingBottom": "padding-bottom",
    "paddingStart": "padding-left",
    "paddingEnd": "padding-right",
    "width": "width",
    "height": "height",
    "maxWidth": "max-width",
    "maxHeight": "max-height",
    "cornerRadius": "border-radius",
}


def _number(part: Component, default: int) -> int:
    value = part.get("flex", default)
    return value if isinstance(value, int) else default
