"""Which picture of a page is the article's: not the site's own, no button, no code to scan, no way to another page."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bs4 import Tag

from pipeline.article import Picture
from pipeline.characters import clean
from pipeline.sources.soup import Index, Span

_MOST = 300  # pictures of a body that are looked at
_SITE_FILE = re.compile(
    r"(?:^|[-_.])(?:logo|ogp?|og-?image|no-?image|emblem|favicon|icon|share|sns|default|common|banner|bnr|spacer|blank|header"
    r"|btn|button|bullet|arrow|line|new|title|ttl|qr(?:code)?|adobe|reader|pixel|dummy|loading)\d*(?:$|[-_.])|ogp|logo|qr-?code"
)
_SITE_FOLDERS = frozenset((
    "shared", "common", "template", "templates", "theme", "themes", "design", "design_img", "sns", "icon",
    "icons", "logo", "ogp", "favicon", "btn", "button", "parts", "banner", "emoji",
))  # fmt: skip
_NO_PHOTO = re.compile(r"(?:QR|ＱＲ|キューアール|[2２二]次元)コード|アイコン|バナー|ロゴ|Adobe|NEW|新着", re.IGNORECASE)
_SHOWN = ("", ".jpg", ".jpeg", ".jpe", ".png")  # LINE shows JPEG and PNG
_PICTURE_FILES = (".jpg", ".jpeg", ".jpe", ".png", ".gif")  # a link to one shows the same picture, larger
_LAZY = ("data-src", "data-original", "data-lazy-src", "src")  # what a script will show, before the placeholder
_SMALLEST = (150, 100)  # pixels as the page shows it; what is smaller is a sign or a row of thumbnails

OnSite = Callable[[str], str | None]


def picture(
    index: Index, body: Tag | None, around: Sequence[Span], on_site: OnSite, *, shared_is_the_sites: bool = False
) -> Picture | None:
    """The picture that the page names for sharing, when it is not the site's; else the first one of the body. The alt is that
    of the same picture in the body.

    Args:
        index: the page.
        body: where the article is.
        around: what is not the article's.
        on_site: the whole address when it is one on the site's hosts.
        shared_is_the_sites: whether the system names one picture for all of its pages.
    """
    alts = dict(_pictures(index, body, around, on_site))
    first = next(iter(alts), None)
    shared = index.meta("og:image")
    address = on_site(shared) if shared else None
    if address and address not in alts and (shared_is_the_sites or is_site_picture(address)):
        address = None
    address = address or first
    return Picture(address, alts.get(address, "")) if address else None


def is_site_picture(address: str) -> bool:
    """Whether a picture's address is that of the site's own logo, placeholder or decoration; a folder is no picture."""
    *folders, name = urlsplit(address).path.lower().split("/")
    is_site_file = not name or _SITE_FILE.search(name.replace("noimage", "-noimage-")) is not None
    return is_site_file or not _SITE_FOLDERS.isdisjoint(folder.strip("_") for folder in folders)


def _pictures(index: Index, body: Tag | None, around: Sequence[Span], on_site: OnSite) -> Iterator[tuple[str, str]]:
    """Address and alt of what the body shows, in its order."""
    for image in islice(index.names["img"], _MOST) if body else ():
        if not body or not index.inside(image, body) or index.covered(image, around) or _is_small(image):
            continue
        address = _address(image, on_site)
        alt = clean(str(image.get("alt") or ""))
        if not address or _suffix(address) not in _SHOWN or is_site_picture(address) or _NO_PHOTO.search(alt):
            continue
        link = image.find_parent("a", href=True)
        if not link or _suffix(on_site(str(link["href"])) or "") in _PICTURE_FILES:
            yield address, alt


def _address(image: Tag, on_site: OnSite) -> str | None:
    return next((found for name in _LAZY if (found := on_site(str(image.get(name) or "data:")))), None)


def _suffix(address: str) -> str:
    return PurePosixPath(urlsplit(address).path).suffix.lower()


def _is_small(image: Tag) -> bool:
    sizes = (re.match(r"\s*(\d{1,5})(?:px)?\s*$", str(image.get(side) or "")) for side in ("width", "height"))
    return any(found and int(found[1]) < least for found, least in zip(sizes, _SMALLEST, strict=True))
