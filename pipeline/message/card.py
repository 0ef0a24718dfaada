"""What a template gets to see of an item: cleaned, cut to size, dates in words, addresses that LINE takes."""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.article import Item, Picture
from pipeline.characters import clean, clean_lines, cut
from pipeline.config import JST, Config
from pipeline.message import limits, uri
from pipeline.text import lead, opening

LABEL_UNITS = 16  # what a card in a row can show of a category on one line


@cache
def theme(templates: Path) -> dict[str, Any]:
    """templates/message/theme.toml, the one place for colours, sizes and lengths."""
    return tomllib.loads((templates / "message" / "theme.toml").read_text(encoding="utf-8"))


def account(config: Config) -> dict[str, str]:
    """What footers say (Art. 10, 11, 13)."""
    policy, contact = config.policy, config.policy.contact
    return {
        "site": config.site.name,
        "holder": policy.copyright.holder,
        "contact": contact.name,
        "tel": contact.tel,
        "call": uri.call(contact.tel),
        "policy": uri.link(uri.joined(config.site.url, policy.url)),
    }


def card(item: Item, look: Mapping[str, Any], units: int, *, digest: bool, pictured: bool) -> dict[str, Any]:
    """The item for a template; `units` is the room for its text, `pictured` whether there is room for a picture."""
    lines = clean_lines(item.text)
    title = (
        clean(item.title)
        or clean(cut(lines.partition("\n")[0], 80))
        or look["words"].get(f"untitled_{item.style}", look["words"]["untitled"])
    )
    label = cut(clean(item.label), LABEL_UNITS)
    shown_day = day(item.date, look["words"])
    shown_clock = "" if item.date_only else clock(item.date, look["words"])
    first = lead if item.style == "article" else opening  # an emergency and a poster's text are shown as they stand
    return {
        "style": item.style,
        "title": cut(title, look["units"]["title"]),
        "whole_title": title,
        "short_title": cut(title, look["units"]["spoken_title"]),
        "lead": first(lines, units, title) if units else "",
        "spoken": first(lines, look["units"]["alt_text"], title),
        "url": uri.link(item.url),
        "label": label,
        "colour": colour(label, look),
        "day": shown_day,
        "instant": " ".join(filter(None, (shown_day, shown_clock))),
        "updated": item.updated,
        "clock": shown_clock,
        "department": cut(clean(item.department), look["units"]["title"]),
        "tel": item.tel if uri.call(item.tel) else "",
        "call": uri.call(item.tel),
        "corrects": cut(clean(item.corrects), look["units"]["title"]),
        "quoted": cut(clean(item.quoted_from), look["units"]["title"]),
        "picture": _picture(item.picture, look["picture"], digest=digest) if pictured else None,
    }


def colour(label: str, look: Mapping[str, Any]) -> str:
    """The colour of a category: its own, or for another city's label always the same one of a palette."""
    labels: dict[str, str] = look["colour"]["labels"]
    palette: list[str] = look["colour"]["others"]["palette"]
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4])  # Python's own hash differs from run to run
    return labels.get(label or look["words"]["untitled"]) or palette[number % len(palette)]


def day(when: datetime | None, words: Mapping[str, Any]) -> str:
    """The date in words, "" without one."""
    if when is None:
        return ""
    local = when.astimezone(JST)
    weekday = words["weekdays"][local.weekday()]
    return str(words["day"].format(month=local.month, day=local.day, weekday=weekday))


def clock(when: datetime | None, words: Mapping[str, Any]) -> str:
    """The time of day in words, "" without one."""
    if when is None:
        return ""
    local = when.astimezone(JST)
    pattern = words["clock"] if local.minute else words["clock_sharp"]
    return str(pattern.format(half=words["halves"][local.hour // 12], hour=local.hour % 12, minute=local.minute))


def _picture(picture: Picture | None, look: Mapping[str, Any], *, digest: bool) -> dict[str, str] | None:
    """Address and frame. In a digest all frames are alike; alone, a picture keeps its shape as far as it fits a phone."""
    address = uri.picture(picture.url) if picture else ""
    if picture is None or not address:
        return None
    found = {"url": address, "alt": cut(clean(picture.alt), limits.LABEL)}  # no grapheme is less than one unit
    width, height = (round(number) for number in look["digest"])
    if picture.width < 1 or picture.height < 1:
        return found | {"ratio": f"{width}:{height}", "mode": "fit"}
    shape = picture.width / picture.height
    if not digest:
        if look["tallest"] <= shape <= look["widest"]:
            return found | {"ratio": f"{picture.width}:{picture.height}", "mode": "cover"}
        framed = min(max(shape, look["tallest"]), look["widest"])
        return found | {"ratio": f"{round(framed * 100)}:100", "mode": "fit"}
    frame = width / height
    lost = 1 - min(shape, frame) / max(shape, frame)
    return found | {"ratio": f"{width}:{height}", "mode": "cover" if lost <= look["crop"] else "fit"}
