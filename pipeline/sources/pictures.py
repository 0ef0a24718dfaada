"""Pictures that LINE can show: looked at by their first bytes, never downloaded whole."""

import logging
from collections.abc import Callable
from io import BytesIO

import msgspec

from pipeline.article import Picture
from pipeline.sources.answer import FetchError
from pipeline.sources.fetch import Client

LARGEST_SIDE = 1024  # pixels; LINE, Flex image: "max image size: 1024px x 1024px"
SMALLEST = (240, 120)  # pixels; icons and buttons would be a blur across a card
LARGEST_FILE = 1_000_000  # bytes; LINE recommends 1 MB for Flex images, although it takes 10
FIRST_BYTES = 65_536  # a JPEG says its size after its EXIF data, which may have 64 KB

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
        found = client.peek(picture.url, limit=FIRST_BYTES, check=require)
    except FetchError as error:
        _log.info("no picture: %s", error)
        return None
    is_small = found.total is not None and found.total <= LARGEST_FILE
    size = measure(found.body) if is_small else None
    return msgspec.structs.replace(picture, url=found.final_url, width=size[0], height=size[1]) if size else None


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
