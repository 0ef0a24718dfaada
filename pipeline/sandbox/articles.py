"""Thirty invented articles of a lifelike Kadoma City and two emergencies, read from `articles.toml`."""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

TEL = "06-6902-1231"  # the city hall's main number, the only one used
UNSET, HIDDEN, SHOWN = 0, 1, 2  # reserve.sns_display: never set, 表示しない, 表示する


class Photo(Struct, frozen=True):
    """A picture of the page; PNG or JPEG by its name."""

    path: str
    alt: str
    width: int = 640
    height: int = 420


class File(Struct, frozen=True):
    """A file behind the page."""

    path: str
    title: str
    size: str = "121.1KB"


class SampleArticle(Struct, frozen=True, forbid_unknown_fields=True):
    """One page as its department wrote it.

    `page_no` is what the CMS's list says, which for a shortcut is not the number in `path`. `og_image` is what the page
    names for social media: its photo, the CMS's placeholder, or nothing. `has_date` False: the page shows no date, only
    the list does.
    """

    path: str
    page_no: int
    title: str
    body_html: str
    department: str
    breadcrumb: tuple[str, ...] = ()
    tel: str = TEL
    tags: tuple[str, ...] = ("お知らせ",)
    category_no: int = 2147
    is_shortcut_of: str = ""
    picture: Photo | None = None
    pdf: tuple[File, ...] = ()
    og_image: Literal["picture", "placeholder", "none"] = "placeholder"
    sns_display: int = SHOWN
    has_date: bool = True
    is_category_index: bool = False
    is_keitai_page: bool = False


class _Samples(Struct, frozen=True, forbid_unknown_fields=True):
    articles: tuple[SampleArticle, ...]
    emergencies: tuple[SampleArticle, ...]


_samples = msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=_Samples)
ARTICLES, EMERGENCIES = _samples.articles, _samples.emergencies
EMERGENCY = EMERGENCIES[0]
