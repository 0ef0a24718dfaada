"""Items → messages. Whatever the articles hold, the broadcast comes out; only a broken template is an error."""

import json
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipeline.article import Item
from pipeline.config import Config
from pipeline.message import limits, uri
from pipeline.message.card import account, card, colour, theme
from pipeline.templates import ORIGIN, TEMPLATES, environment, split_origins
from pipeline.text import cut, utf16

Json = dict[str, Any]
URGENT_APART = 3
_ENDS = ("。", "！", "？", "!", "?", "…")


class RenderError(Exception):
    """A template is broken. The message names it with the line, what is wrong, and what to do."""


class Rendered(Struct, frozen=True):
    """Messages ready to send.

    `shown` and `left` are ids of items: in these messages, and for the next broadcast. `notes` are codes with an id:
    lead-shortened, picture-dropped, title-cut, link-dropped.
    """

    messages: tuple[Json, ...]
    shown: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]


class _Chunk(Struct):
    """The cards of one message; `listed` when the link to the city's list follows them."""

    items: Sequence[Item]
    listed: bool = False


def body(messages: Sequence[Mapping[str, Any]]) -> bytes:
    """The request body, the same bytes for the same messages: they are recorded, and a repeat must not differ."""
    request = {"messages": list(messages), "notificationDisabled": False}
    return json.dumps(request, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def render(items: Sequence[Item], config: Config, templates: Path = TEMPLATES) -> Rendered:
    """The items as messages: one alone as a bubble, several as carousels, emergencies first and by themselves.

    What is too big loses text first, then its picture, then is spread over more messages; what finds no place in five
    messages is left for the next broadcast.

    Raises:
        RenderError: a template is broken; no article can cause that.
    """
    return _Renderer(config, templates).render(items)


class _Renderer:
    def __init__(self, config: Config, templates: Path) -> None:
        self.config = config
        self.root = templates
        self.look = theme(templates)
        self.notes: dict[str, None] = {}

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
        return Rendered(
            messages=(*first, *second),
            shown=tuple(item.id for item in (*urgent, *others) if item.id not in left),
            left=tuple(item.id for item in items if item.id in left),
            notes=tuple(note for note in self.notes if note.partition(":")[2] not in left),
        )

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
            cards = [self.card(item, level, digest=digest) for item in chunk.items]
            bubbles = [self.bubble(shown, digest=digest) for shown in cards]
            if chunk.listed:
                bubbles.append(self.bubble(self.list_card(), digest=digest))
            contents: Json = {"type": "carousel", "contents": bubbles} if digest else bubbles[0]
            plain, _ = split_origins(contents)
            sizes = [limits.escaped_bytes(bubble) for bubble in (plain["contents"] if digest else [plain])]
            if max(sizes) <= limits.BUBBLE_BYTES and (
                not digest or limits.escaped_bytes(plain) <= limits.CAROUSEL_BYTES
            ):
                self.note(chunk.items, cards, level)
                return self.wrapped(cards, contents, part, parts)
        return None

    def levels(self, *, digest: bool) -> int:
        """How often a message may be made smaller: each length of the texts, and at last without pictures."""
        return max(len(steps) for key, steps in self.look["units"].items() if key.endswith(_mode(digest))) + 1

    def card(self, item: Item, level: int, *, digest: bool) -> Json:
        steps = self.look["units"][f"{item.style}_{_mode(digest)}"]
        units = steps[min(level, len(steps) - 1)]
        pictured = item.style == "article" and level < self.levels(digest=digest) - 1
        return card(item, self.look, units, digest=digest, pictured=pictured)

    def list_card(self) -> Json:
        title = self.look["words"]["more"]
        address = uri.link(self.config.site.url)
        nothing = {"department": "", "quoted": ""}
        return {"style": "list", "title": title, "url": address, "colour": colour("", self.look)} | nothing

    def note(self, items: Sequence[Item], cards: Sequence[Json], level: int) -> None:
        for item, shown in zip(items, cards, strict=True):
            if level and item.text:
                self.notes[f"lead-shortened:{item.id}"] = None
            if item.picture and item.style == "article" and not shown["picture"]:
                self.notes[f"picture-dropped:{item.id}"] = None
            if shown["title"] != shown["whole_title"]:
                self.notes[f"title-cut:{item.id}"] = None
            if item.url and not shown["url"]:
                self.notes[f"link-dropped:{item.id}"] = None

    def bubble(self, shown: Json, *, digest: bool) -> Json:
        mode, style = _mode(digest), shown["style"]
        sizes, lines = self.look["size"], self.look["lines"]
        return self.load(
            f"message/{style}.json.j2",
            item=shown,
            colour=self.look["colour"],
            size=sizes[mode] | sizes.get(style, {}),
            lines={"title": lines.get(f"title_{style}", lines[f"title_{mode}"]), "apart": lines["apart"]},
            account=account(self.config),
            quoted=_quoted,
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
                account=account(self.config),
                quoted=_quoted,
                sentences=_sentences,
            )
            if utf16(str(message.get("altText", ""))) <= limits.ALT_TEXT:
                break
        plain: Json
        plain, origins = split_origins(message)
        for problem in limits.violations([plain]):
            raise RenderError(f"{_origin(origins, problem.path)}: {problem}; correct the template")
        return plain

    def load(self, name: str, **values: Any) -> Json:
        """The rendered template as JSON, with its origins."""
        import jinja2  # only when there is something to render

        try:
            text = environment("json", self.root).get_template(name).render(values)
        except jinja2.TemplateSyntaxError as error:
            raise RenderError(f"{error.name}:{error.lineno}: {error.message}; correct the template") from None
        except jinja2.TemplateNotFound as error:
            raise RenderError(f"{error.name}: no such template in {self.root}; restore the file") from None
        except (jinja2.TemplateError, TypeError) as error:
            where = _frame(error, self.root) or name
            raise RenderError(f"{where}: {error}; correct the template") from None
        try:
            loaded = json.loads(text)
        except json.JSONDecodeError as error:
            raise RenderError(f"{_near(text, error.pos) or name}: no valid JSON from here on: {error.msg}") from None
        if not isinstance(loaded, dict):
            raise RenderError(f"{name}: a {type(loaded).__name__} instead of a JSON object; correct the template")
        return loaded


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


def _origin(origins: Mapping[str, str], path: str) -> str:
    """Where in the templates a path such as messages[0].contents.body.contents[1].warp was written.

    What is missing was written nowhere: then the first key of the component that it is missing in.
    """
    path = path.partition(".")[2] or path
    if path in origins:
        return origins[path]
    while path := path[: max(path.rfind("."), path.rfind("["), 0)]:
        inside = (origin for key, origin in origins.items() if key.startswith((f"{path}.", f"{path}[")))
        if found := next(inside, origins.get(path)):
            return found
    return next(iter(origins.values()), "message")


def _near(text: str, position: int) -> str:
    """The last key before the position says which line of which template it was."""
    start = text.rfind(f'"{ORIGIN}', 0, position)
    return text[start:].split('"')[3] if start >= 0 else ""


def _frame(error: BaseException, root: Path) -> str:
    """Template and line of an error while rendering; Jinja2 puts them into the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(".j2"):
            return f"{Path(frame.filename).relative_to(root)}:{frame.lineno}"
    return ""
