"""Titles without the name of the site, which systems put before or behind them with any separator."""

import re
from collections.abc import Container

# What stands behind the last of these is the site, whatever it is called.
_STRONG = re.compile(r" ?[|｜／»«≫≪]+ ?")
_SEPARATOR = re.compile(r" ?[|｜／»«≫≪＞＜•·]+ ?| [-‐–—―−/:><~〜] |[：:] ?|\u3000| ?[-–—―−](?=[^-–—―−]*$)")
# The name of a city, or what a site calls itself.
_SITE = re.compile(
    r"(?:[^\s|｜／：:]{1,10}(?:[市区町村県府都道]|役所|役場|県庁|府庁|都庁|市議会|町議会))(?:役所|役場)?(?:公式)?(?:サイト|HP)?(?:[-(（].{1,20})?"
    r"|.{0,30}(?:ホームページ|(?:ウェブ|Web ?|公式|オフィシャル|ポータル)サイト|公式HP)(?:へようこそ)?(?:[(（].{1,20}[)）])?"
    r"|(?:City|Town|Village) of [A-Za-z ]{2,30}"
    r"|[A-Za-z ]{2,30} (?:City|Town|Village)(?: .{0,20})?|.{0,30}(?:Official )?(?:Web ?site|Home ?page)",
    re.IGNORECASE,
)
_BLANK = re.compile("[ \u3000]")
_LONGEST = 500  # characters of a title that are looked at
_PARTS = 3  # how many names may stand around a title: department, sub-site, site


def squeezed(text: str) -> str:
    """The text for comparing: without blanks, in one case."""
    return "".join(text.split()).casefold()


def is_site_name(text: str, names: Container[str] = ()) -> bool:
    """Whether this is what a site is called, by `names` (squeezed) or by its form."""
    return squeezed(text) in names or _SITE.fullmatch(text.strip()) is not None


def bare(title: str, names: Container[str] = ()) -> str:
    """The title without the site's name in front and behind.

    What stands behind the last ｜ or ／ is the site, unless the site stands in front.
    """
    text = title[:_LONGEST].strip()
    for _ in range(_PARTS):
        places = list(_SEPARATOR.finditer(text))
        strong = list(_STRONG.finditer(text))
        last = next(reversed(strong or places), None)
        if places and is_site_name(text[: places[0].start()], names) and text[places[0].end() :].strip():
            text = text[places[0].end() :]
        elif last and (strong or is_site_name(text[last.end() :], names)):
            text = text[: last.start()]
        else:
            break
    return without_names(text.strip(), names)


def without_names(heading: str, names: Container[str]) -> str:
    """A heading without a name that is certainly the site's; a heading is the author's, so its separators mean something."""
    for found in (*_SEPARATOR.finditer(heading[:_LONGEST]), *_BLANK.finditer(heading[:_LONGEST])):
        before, behind = heading[: found.start()].strip(), heading[found.end() :].strip()
        if before and squeezed(behind) in names:
            return before
        if behind and squeezed(before) in names:
            return behind
    return heading
