"""Items → messages. Whatever the articles hold, the broadcast comes out; only a broken template is an error."""

import json
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipeline.article import Item
from pipeline.characters import cut, utf16
from pipeline.config import Config
from pipeline.message import limits, uri
from pipeline.message.card import account, card, colour, theme
from pipeline.templates import TEMPLATES, environment

Json = dict[str, Any]
URGENT_APART = 3
_ENDS = ("。", "！", "？", "!", "?", "…")


class RenderError(Exception):
    """A template is broken. The message names it with the line, what is wrong, and what to do."""


class Rendered(Struct, frozen=True):
    """Messages ready to send.

    `shown` and `left` are ids of items: in these messages, and for the next broadcast.
    """

    messages: tuple[Json, ...]
    shown: tuple[str, ...]
    left: tuple[str, ...]


class _Chunk(Struct):
    """The cards of one message; `listed` when the link to the city's list follows them."""

    items: Sequence[Item]
    listed: bool = False


def render(items: Sequence[Item], config: Config, templates: Path = TEMPLATES) -> Rendered:
    """The items as messages: one alone as a bubble, several as carousels, emergencies first and by themselves.

    What is too big loses text first, then its picture, then is spread over more messages; what finds no place in five
    messages is left for the next broadcast.

    Raises:
        RenderError: a template is broken; no article can cause that.
    """
    return _Renderer(config, templates).render(items)


def is_silent(items: Sequence[Item], config: Config) -> bool:
    """Whether the telephone makes no sound: everything is of a kind that the city sends without, an emergency never is."""
    kinds = {"update" if item.style == "article" and item.updated else item.style for item in items}
    return bool(kinds) and kinds <= set(config.line.silent)


class _Renderer:
    def __init__(self, config: Config, templates: Path) -> None:
        self.config = config
        self.root = templates
        self.look = theme(templates)

    def render(self, items: Sequence[Item]) -> Rendered:
        urgent = [item for item in items if item.style == "emergency"]
        others = [item for item in items if item.style != "emergency"]
        first: list[Json] = []
        urgent_left: Sequence[Item] = ()
        if len(urgent) <= URGENT_APART:  # one below the other: nobody has to swipe to see the second
            first = [message for item in urgent for message in self.fitted([item], 1, listed=False)[0]]
        else:
            first, urgent_left = self.fitted(urgent, limits.MESSAGES - bool(others), listed=False)
        second, others_left = self.fitted(others, limits.MESSAGES - len(first), listed=len(others) > limits.BUBBLES)
        left = {item.id for item in (*urgent_left, *others_left)}
        messages = [*first, *second]
        if first and self.config.line.quick_replies:
            messages[-1]["quickReply"] = self.quick_reply()  # LINE shows those of the last message alone
        return Rendered(
            messages=tuple(messages),
            shown=tuple(item.id for item in (*urgent, *others) if item.id not in left),
            left=tuple(item.id for item in items if item.id in left),
        )

    def quick_reply(self) -> Json:
        site, replies = self.config.site.url, self.config.line.quick_replies
        actions = [{"type": "uri", "label": one.label, "uri": uri.link(uri.joined(site, one.url))} for one in replies]
        return {"items": [{"type": "action", "action": action} for action in actions]}

    def fitted(self, items: Sequence[Item], room: int, *, listed: bool) -> tuple[list[Json], Sequence[Item]]:
        """As many of the items as fit into `room` messages, and those left over."""
        count = min(len(items), room * limits.BUBBLES - listed)
        while count > 0:
            least = -(-(count + listed) // limits.BUBBLES)
            for number in range(least, room + 1):
                chunks = _spread(items[:count], number, listed=listed)
                built = [self.message(chunk, part, len(chunks)) for part, chunk in enumerate(chunks, 1)]
                messages = [message for message in built if message is not None]
                if len(messages) == len(chunks):
                    return messages, items[count:]
            count -= 1
        return [], items

    def message(self, chunk: _Chunk, part: int, parts: int) -> Json | None:
        """One message, its cards as full as there is room; None when even the barest are too big."""
        digest = len(chunk.items) + chunk.listed > 1
        for level in range(self.levels(digest=digest)):
            cards = self.cards(chunk, level, digest=digest)
            shown = [*cards, self.list_card()] if chunk.listed else cards
            bubbles = [self.bubble(one, number, len(shown)) for number, one in enumerate(shown, 1)]
            contents: Json = {"type": "carousel", "contents": bubbles} if digest else bubbles[0]
            largest = max(limits.escaped_bytes(bubble) for bubble in bubbles)
            fits = not digest or limits.escaped_bytes(contents) <= limits.CAROUSEL_BYTES
            if largest <= limits.BUBBLE_BYTES and fits:
                return self.wrapped(cards, contents, part, parts)
        return None

    def levels(self, *, digest: bool) -> int:
        """How often a message may be made smaller: each length of the texts, and at last without pictures."""
        return max(len(steps) for key, steps in self.look["units"].items() if key.endswith(_mode(digest))) + 1

    def cards(self, chunk: _Chunk, level: int, *, digest: bool) -> list[Json]:
        """All with a picture or none: LINE makes the cards of a row equally high, and beside a picture the others would be
        white."""
        pictured = level < self.levels(digest=digest) - 1 and not chunk.listed
        cards = [self.card(item, level, digest=digest, pictured=pictured) for item in chunk.items]
        return cards if all(one["picture"] for one in cards) else [one | {"picture": None} for one in cards]

    def card(self, item: Item, level: int, *, digest: bool, pictured: bool) -> Json:
        steps = self.look["units"][f"{item.style}_{_mode(digest)}"]
        units = steps[min(level, len(steps) - 1)]
        return card(item, self.look, units, digest=digest, pictured=pictured and item.style in ("article", "text"))

    def list_card(self) -> Json:
        title = self.look["words"]["more"]
        address = uri.link(self.config.site.url)
        nothing = {"department": "", "tel": "", "call": "", "quoted": ""}
        shown = {"style": "list", "title": title, "short_title": title, "url": address}
        return shown | {"colour": colour("", self.look)} | nothing

    def bubble(self, shown: Json, number: int, total: int) -> Json:
        mode, style = _mode(total > 1), shown["style"]
        sizes, lines = self.look["size"], self.look["lines"]
        return self.load(
            f"message/{style}.json.j2",
            item=shown,
            colour=self.look["colour"],
            size=sizes[mode] | sizes.get(style, {}),
            lines={"title": lines.get(f"title_{style}", lines[f"title_{mode}"]), "apart": lines["apart"]},
            number=number,
            total=total,
        )

    def wrapped(self, cards: Sequence[Json], contents: Json, part: int, parts: int) -> Json:
        """The message around its cards. The titles in altText are whole unless they are too long together."""
        for units in self.look["units"]["alt_titles"]:
            titled = [shown | {"title": cut(shown["whole_title"], units)} for shown in cards]
            message = self.load(
                "message/message.json.j2",
                cards=titled,
                contents=contents,
                part=part,
                parts=parts,
                sentences=_sentences,
            )
            if utf16(str(message.get("altText", ""))) <= limits.ALT_TEXT:
                break
        for problem in limits.violations([message]):
            names = ", ".join(sorted({shown["style"] for shown in cards}))
            raise RenderError(f"templates/message, {names}: {problem}; correct the template")
        return message

    def load(self, name: str, **values: Any) -> Json:
        """The rendered template as JSON."""
        import jinja2  # only when there is something to render

        values |= {"account": account(self.config), "quoted": _quoted}
        try:
            text = environment("json", self.root).get_template(name).render(values)
        except jinja2.TemplateSyntaxError as error:
            raise RenderError(f"{error.name}:{error.lineno}: {error.message}; correct the template") from None
        except jinja2.TemplateNotFound as error:
            raise RenderError(f"{error.name}: no such template in {self.root}; restore the file") from None
        except (jinja2.TemplateError, TypeError) as error:
            raise RenderError(f"{_frame(error, self.root) or name}: {error}; correct the template") from None
        try:
            told = json.loads(text)
        except ValueError as error:
            near = " ".join(text[: getattr(error, "pos", 0)].split())[-60:]
            raise RenderError(f"{name}: no valid JSON: {error}; correct the template after … {near}") from None
        if not isinstance(told, dict):
            raise RenderError(f"{name}: no JSON object but {' '.join(text.split())[:60]}; correct the template")
        return told


def _mode(digest: bool) -> str:
    return "digest" if digest else "single"


def _spread(items: Sequence[Item], number: int, *, listed: bool) -> list[_Chunk]:
    """The items over `number` messages as evenly as possible, so that no message ends with a single forlorn card."""
    total = len(items) + listed
    edges = [round(total * part / number) for part in range(number + 1)]
    chunks = [_Chunk(items[start:end]) for start, end in pairwise(edges)]
    chunks[-1].listed = listed
    return chunks


def _quoted(title: str) -> str:
    """In Japanese a title that holds 「」 itself is quoted with 『』."""
    return f"『{title}』" if "「" in title or "」" in title else f"「{title}」"


def _sentences(text: str) -> str:
    """The lines as one text that can be read aloud: each ends like a sentence, the ・ of a list goes."""
    lines = (line.lstrip("・ \u3000") for line in text.split("\n"))
    return "".join(line if line.rstrip("」』）").endswith(_ENDS) else f"{line}。" for line in lines if line)


def _frame(error: BaseException, root: Path) -> str:
    """Template and line of an error while rendering; Jinja2 puts them into the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(".j2"):
            return f"{Path(frame.filename).relative_to(root)}:{frame.lineno}"
    return ""
