"""Every template with lifelike hard cases, for whoever reviews a change of the templates."""

import base64
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from pipeline import templates
from pipeline.article import Item
from pipeline.config import Config, QuickReply
from pipeline.message.render import render
from pipeline.report.preview import PreviewMessage, preview_page
from pipeline.templates import TEMPLATES


class Example(Struct, frozen=True):
    """One row of the gallery. Its items come after those of the case that `after` names."""

    name: str
    items: tuple[Item, ...]
    after: str = ""


class Gallery(Struct, frozen=True):
    """templates/preview/gallery.toml."""

    title: str
    basis: str
    policy: str
    quick_replies: tuple[QuickReply, ...]
    pictures: Mapping[str, str]
    cases: tuple[Example, ...]


def gallery() -> Gallery:
    """The made-up articles that the templates are shown with."""
    found = templates.words("preview/gallery.toml", Gallery)
    items = {case.name: case.items for case in found.cases}
    return replace(
        found, cases=tuple(replace(case, items=items.get(case.after, ()) + case.items) for case in found.cases)
    )


def gallery_page(config: Config, *, unfolded: bool = True) -> str:
    """The gallery as one HTML page, made by the same way as a real preview."""
    shown = gallery()
    policy = replace(config.policy, url=config.policy.url or shown.policy)
    line = replace(config.line, quick_replies=config.line.quick_replies or shown.quick_replies)
    config = replace(config, policy=policy, line=line)
    pictures = {url: _data_uri(name) for url, name in shown.pictures.items()}
    messages = []
    for case in shown.cases:
        rendered = render(case.items, config)
        alts = {item.picture.url: item.picture.alt for item in case.items if item.picture}
        sample = PreviewMessage(
            case.name, rendered.messages, "", "gallery", basis=shown.basis, pictures=pictures, alts=alts
        )
        messages.append(sample)
    return preview_page(shown.title, messages, (), city=config.site.name, unfolded=unfolded)


def _data_uri(name: str) -> str:
    drawing = (TEMPLATES / "preview" / "samples" / name).read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode('ascii')}"
