"""Art. 8(1): what goes out is the article that the list announced. A maintenance or error page that answers 200 in its
place has a title of its own. Pure."""

import unicodedata
from collections.abc import Mapping

from pipeline.article import Page, PageProblem

ALIKE = 0.5  # of the pairs of characters: an edited title stays far above it, the title of another page far below


def believable(pages: Mapping[str, Page | PageProblem], titles: Mapping[str, str]) -> dict[str, Page | PageProblem]:
    """The pages, but for those that show something else than the article: these become problems.

    Args:
        pages: by the address asked for.
        titles: address → the title that is known; an address without one is believed.
    """
    return {url: _believed(url, page, titles.get(url, "")) for url, page in pages.items()}


def alike(one: str, other: str) -> bool:
    """Whether two titles may be those of one article: the same, one in the other, or edited."""
    first, second = _plain(one), _plain(other)
    if first in second or second in first:
        return True
    pairs, others = _pairs(first), _pairs(second)
    return 2 * len(pairs & others) >= ALIKE * (len(pairs) + len(others))


def _believed(url: str, page: Page | PageProblem, title: str) -> Page | PageProblem:
    if isinstance(page, PageProblem) or alike(page.title, title):
        return page
    return PageProblem(
        url,
        "refused",
        f"{url} shows 「{page.title[:60]}」 where 「{title[:60]}」 should be: a maintenance page? The next run looks again; "
        "if this is the article under a new title, approve it",
    )


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(1, len(text) - 1))}
