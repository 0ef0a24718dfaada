"""What a person means who names something: an article by its id or by an address in any spelling, a broadcast likewise."""

import re
import unicodedata

from pipeline.config import Config
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known
from pipeline.sources.urls import WRAPPED, fragment, typed_url

# As an id stands on a screen: full-width, in capitals, with its label.
IDENTIFIER = re.compile(r"(?:(?:配信)?ID)?\s*[:#]?\s*([0-9a-f]{12}|b\d{8}-\d{6}-[0-9a-f]{2,12})", re.IGNORECASE)
BETWEEN = re.compile(r"[\s、，;；]+|,(?=\s|$|/|https?:|b?[0-9a-fA-F]{8})")  # an address may hold a comma
LABEL = re.compile(r"(?:配信)?(?:ID|ＩＤ)[:：]?", re.IGNORECASE)


def named(text: str) -> list[str]:
    """The ids and addresses in a field that takes several."""
    return [one for one in BETWEEN.split(text) if one and not LABEL.fullmatch(one)]


def find(config: Config, knowledge: Knowledge, text: str) -> Known | None:
    """The article under an address in any spelling (shortcuts too) or under its id."""
    name = _identifier(text)
    if name in knowledge.articles:
        return knowledge.articles[name]
    try:
        address = typed_url(text, config.site.url, config.site.hosts)
    except ValueError:
        return None
    part = fragment(text.strip(WRAPPED))  # one of several reports on a page
    return (knowledge.find(f"{address}#{part}") if part else None) or knowledge.find(address)


def find_broadcast(config: Config, knowledge: Knowledge, text: str) -> BroadcastKnown | None:
    """The broadcast under its id, or the newest that carried the article under this address or id."""
    name = _identifier(text)
    if name in knowledge.broadcasts:
        return knowledge.broadcasts[name]
    known = find(config, knowledge, text)
    carried = [one for one in knowledge.broadcasts.values() if known is not None and known.id in one.articles]
    return max(carried, key=lambda broadcast: (broadcast.outcome == "unknown", broadcast.at), default=None)


def _identifier(text: str) -> str:
    found = IDENTIFIER.fullmatch(unicodedata.normalize("NFKC", text).strip(WRAPPED))
    return found[1].lower() if found else text.strip()
