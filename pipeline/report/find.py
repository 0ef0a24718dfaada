"""What a person means who names something: an article by its id or by an address in any spelling, a broadcast likewise."""

from pipeline.config import Config
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge, Known
from pipeline.sources.urls import fragment, site_url


def find(config: Config, knowledge: Knowledge, text: str) -> Known | None:
    """The article under an address in any spelling (shortcuts too) or under its id."""
    text = text.strip()
    if text in knowledge.articles:
        return knowledge.articles[text]
    bare = any(text.startswith(host) for host in config.site.hosts)  # as people copy it from a leaflet
    try:
        address = site_url(f"https://{text}" if bare else text, config.site.url, config.site.hosts)
    except ValueError:
        return None
    part = fragment(text)  # one of several reports on a page
    return (knowledge.find(f"{address}#{part}") if part else None) or knowledge.find(address)


def find_broadcast(config: Config, knowledge: Knowledge, text: str) -> BroadcastKnown | None:
    """The broadcast under its id, or the newest that carried the article under this address or id."""
    if text.strip() in knowledge.broadcasts:
        return knowledge.broadcasts[text.strip()]
    known = find(config, knowledge, text)
    carried = [one for one in knowledge.broadcasts.values() if known is not None and known.id in one.articles]
    return max(carried, key=lambda broadcast: (broadcast.outcome == "unknown", broadcast.at), default=None)
