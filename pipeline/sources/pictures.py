"""Pictures that LINE can show: looked at by their first bytes, downloaded whole only to be embedded in a preview."""

import base64
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO

import msgspec

from pipeline.article import Picture
from pipeline.config import JST, Site
from pipeline.sources.answer import FetchError
from pipeline.sources.fetch import Client
from pipeline.sources.robots import Rules
from pipeline.sources.urls import on_hosts

LARGEST_SIDE = 1024  # pixels; LINE, Flex image: "max image size: 1024px x 1024px"
SMALLEST = (240, 120)  # pixels; icons and buttons would be a blur across a card
LARGEST_FILE = 1_000_000  # bytes; LINE recommends 1 MB for Flex images, although it takes 10
AT_MOST = 24  # embedded in one page

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_log = logging.getLogger("kadoma_line")


def check(client: Client, picture: Picture, require: Callable[[str], None] | None = None) -> Picture | None:
    """The picture with width and height, or None when LINE could not show it; never an exception.

    Args:
        client: asks once, and not for long.
        picture: a candidate on the site's hosts.
        require: raises FetchError for an address that must not be asked (robots.txt).
    """
    if not picture.url.startswith("https://"):
        return None  # LINE loads pictures by https only
    try:
        found = client.peek(picture.url, check=require)
    except FetchError as error:
        _log.info("no picture: %s", error)
        return None
    is_small = found.total is not None and found.total <= LARGEST_FILE
    size = measure(found.body) if is_small else None
    return msgspec.structs.replace(picture, url=found.final_url, width=size[0], height=size[1]) if size else None


def look(site: Site, picture: Picture) -> Picture | None:
    """`check`, outside a run: the site is asked as politely as in one."""
    with _visit(site) as (client, require):
        return check(client, picture, require)


def embedded(site: Site, addresses: Iterable[str]) -> dict[str, str]:
    """Pictures of the site's hosts as data: URIs, for a page that loads nothing; without what cannot be had."""
    wanted = [address for address in dict.fromkeys(addresses) if on_hosts(address, site.hosts)]
    if not wanted:
        return {}
    with _visit(site) as (client, require):
        found = {address: _data_uri(client, address, require) for address in wanted[:AT_MOST]}
    return {address: uri for address, uri in found.items() if uri}


@contextmanager
def _visit(site: Site) -> Iterator[tuple[Client, Callable[[str], None]]]:
    client = Client(site, lambda: datetime.now(JST), time.sleep)
    try:
        yield client, Rules(client, {}, lambda: datetime.now(JST)).require
    finally:
        client.close()


def _data_uri(client: Client, address: str, require: Callable[[str], None]) -> str:
    try:
        body = client.get(address, limit=LARGEST_FILE, check=require).body
    except FetchError:
        return ""
    kind = "image/png" if body.startswith(_PNG) else "image/jpeg" if body.startswith(_JPEG) else ""
    return f"data:{kind};base64,{base64.b64encode(body).decode('ascii')}" if kind else ""


def measure(first_bytes: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG that LINE can show and that is large enough to look at, else None."""
    if not first_bytes.startswith((_PNG, _JPEG)):
        return None
    import imagesize

    try:
        width, height = imagesize.get(BytesIO(first_bytes))
    except Exception:  # a damaged picture; imagesize raises what its struct and seek calls raise
        return None
    is_good = SMALLEST[0] <= width <= LARGEST_SIDE and SMALLEST[1] <= height <= LARGEST_SIDE
    return (int(width), int(height)) if is_good else None
