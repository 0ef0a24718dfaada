"""The values that travel through the stations: entry → listing → page → item. All frozen, none knows where it came from or goes to."""

import hashlib
import re
from datetime import datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from pipeline.config import is_loopback
from pipeline.late import late

Kind = Literal["new", "update", "manual", "correction"]
TITLE_AT_MOST = 1_000  # characters; LINE's own limits are below it, and a ledger line stays a line


# An address in which nothing can be spelt in two ways; nearly all of a list's thousand are such.
_ONE_SPELLING = late(r"(?:https://[^/?#]+|http://127\.0\.0\.1:\d+)(?:/[^/?#;]+)*/\d+\.html?", re.IGNORECASE)
_INDEX = late(r"(?:index|default)\.(?:html?|php|aspx?|jsp|cgi)", re.IGNORECASE)
_STATIC = late(r".*\.(?:html?|pdf)", re.IGNORECASE)
# What is hung on a page's address so that caches take it for another one: on a file nearly anything, on a folder what has a
# number for a value, on a program only what cannot be a number of an article.
_ON_FILES = late(
    r"(?:v|ver|version|rev|ts?|time|timestamp|date|d|r|rnd|rand|random|_|cb|cache|cachebuster|nocache|upd(?:ate)?)(?:=[\w.:+%-]*)?|\d+",
    re.IGNORECASE,
)
_ON_FOLDERS = late(r"(?:v|ver|version|ts?|timestamp|_|cb|cachebuster|nocache)=[\d.]+", re.IGNORECASE)
_ON_PROGRAMS = late(r"(?:_|cb|cachebuster|nocache|timestamp)=\d{8,}", re.IGNORECASE)


@lru_cache(10_000)  # each pass asks for that of every entry of every list
def article_id(url: str) -> str:
    """The stable id: twelve hex digits of the SHA-256 of what identifies the page, versioned ("1:") so that it can change
    one day."""
    return hashlib.sha256(f"1:{identity(url)}".encode()).hexdigest()[:12]


@lru_cache(10_000)  # of each entry it is asked for when it is read and when it is looked for
def identity(url: str) -> str:
    """What all spellings of a canonical address have in common; not meant to be asked for. Anything else stays as it is.

    The same page with or without its final slash or `index.html`, with doubled slashes, with another order of the query,
    with a `?v=` that changes, by http or https.
    """
    if _ONE_SPELLING.fullmatch(url) or not url.startswith(("http://", "https://")):
        return url
    parts = urlsplit(url)
    *folders, name = re.sub("/{2,}", "/", parts.path).rstrip("/").split("/")
    path = "/".join((*folders, "" if _INDEX.fullmatch(name) else name))
    if "." not in path.rpartition("/")[2] and not path.endswith("/"):
        path += "/"
    buster = _ON_FILES if _STATIC.fullmatch(name) else _ON_FOLDERS if "." not in name and path != "/" else _ON_PROGRAMS
    query = "&".join(sorted(field for field in parts.query.split("&") if field and not buster.fullmatch(field)))
    scheme = parts.scheme if is_loopback(url) else "https"
    return urlunsplit((scheme, parts.netloc, path, query, parts.fragment))


class Entry(Struct, frozen=True, omit_defaults=True):
    """One line of a list of articles, as the site shows it.

    `url` is absolute and canonical (tracking query dropped), and with its fragment is the entry's identity: an emergency
    list may show several reports on one page (`o.html#n2`), and its own page, with a fragment made of the title, for a
    report that stands in the list itself; everywhere else the fragment is dropped. `text` is that report's own text: its
    page is not read, and a change of it is a change of the entry. `title` is cleaned for display and at most
    `TITLE_AT_MOST` characters long; `date` is aware, or None when the list has none or an implausible one; `page_no` is
    the CMS's page number.
    """

    url: str
    title: str
    date: datetime | None = None
    page_no: int | None = None
    tags: tuple[str, ...] = ()
    sns_display: int | None = None
    text: str = ""


ListingState = Literal["ok", "unchanged", "failed"]


class Listing(Struct, frozen=True):
    """What one source answered.

    `unchanged`: the server said 304, or the same bytes as before; entries are then empty. `failed`: error holds
    "code: what, where, what to do next"; never to be read as "no news".
    `digest` is the SHA-256 of the decoded body; `undated` counts entries whose date could not be read;
    `skipped` counts rows of which nothing could be read; category indexes, pages for old mobile phones and links to
    elsewhere are no articles and count as `passed`. `left_out` counts entries beyond what one pass takes; `heading` is
    what the page of an html list calls itself; `whole`: the list was sent, also where it is "unchanged"; `hidden`: the
    server went on saying 304 about other bytes; `zones` counts dates with an impossible offset, read as Japanese time.
    """

    source: str
    state: ListingState
    entries: tuple[Entry, ...] = ()
    emergency: bool = False
    fallback: bool = False
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    error_code: str = ""
    error: str = ""
    not_before: datetime | None = None  # Retry-After, when the site asked us to wait
    undated: int = 0
    skipped: int = 0
    passed: int = 0
    left_out: int = 0
    heading: str = ""
    whole: bool = False
    hidden: bool = False
    zones: int = 0


class Picture(Struct, frozen=True):
    """A picture that LINE can show: https, JPEG or PNG; width and height in pixels; alt from the page's figure."""

    url: str
    alt: str = ""
    width: int = 0
    height: int = 0


class Attachment(Struct, frozen=True):
    """A file linked from a page, for example a PDF."""

    title: str
    url: str


class Page(Struct, frozen=True):
    """An article page as read.

    `url` is the address asked for, `canonical` the article's identity; `text` is the body as readable paragraphs,
    one a line; `date_only` says that `date` has no time of day; `department` is the first line of お問い合わせ先, `tel` its telephone
    number (digits and hyphens, never a mobile number).
    `contact` is all that the block of お問い合わせ先 says, which is no part of `text`.
    `picture` is a candidate that has been checked, or None. `read_as` tells which version of the reader read which bytes
    (version/digest): another version may find another text in the same page. `etag` and `last_modified` are the answer's.
    """

    url: str
    canonical: str
    title: str
    date: datetime | None = None
    date_only: bool = False
    department: str = ""
    tel: str = ""
    contact: str = ""
    breadcrumb: tuple[str, ...] = ()
    text: str = ""
    picture: Picture | None = None
    attachments: tuple[Attachment, ...] = ()
    read_as: str = ""
    etag: str = ""
    last_modified: str = ""


PageProblemCode = Literal["gone", "redirected", "unreachable", "refused", "malformed", "robots", "other-title"]


class PageProblem(Struct, frozen=True):
    """Why a page could not be read. `gone` (404/410) and `redirected` are about the article, `robots` and `malformed` are for a
    person; the others are about now. `other-title`: what stands there is not the article that was announced; `title` is
    what it calls itself."""

    url: str
    code: PageProblemCode
    detail: str = ""
    title: str = ""


class Item(Struct, frozen=True, omit_defaults=True):
    """One thing to be shown to residents: a bubble.

    `style` picks the template: article, emergency, correction, text (a manual text without a page). `date` is the
    instant shown; `label` the category; `text` the readable body, from which the lead is cut; `url` may be empty
    only for text; `corrects` is the title of the article that a correction is about; `quoted_from` names the source
    of a manual post that quotes (Art. 10).
    """

    id: str
    style: Literal["article", "emergency", "correction", "text"]
    title: str
    url: str = ""
    date: datetime | None = None
    date_only: bool = False
    updated: bool = False
    label: str = ""
    department: str = ""
    tel: str = ""
    text: str = ""
    picture: Picture | None = None
    corrects: str = ""
    quoted_from: str = ""
