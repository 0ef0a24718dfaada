"""Art. 8(1): what goes out is the article that the list announced. A maintenance or error page that answers 200 in its
place has a title of its own; a page may name another one as its original, truly or by a copied template. Pure."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from urllib.parse import urlsplit

from pipeline.article import Page, PageProblem
from pipeline.late import late

# Titles in a list that any page may have behind them: with them nothing can be compared.
SAYS_LITTLE = late(
    r"(?:詳しく|詳細|くわしく|こちら|緊急|重要|災害|防災|最新|お知らせ|情報|ページ|について|一覧|をご覧ください|への?|は|な|の|を)*"
)
ALIKE = 0.5  # of the pairs of characters: an edited title stays far above it, the title of another page far below
INDEX = late(r"(?:^|/)(?:(?:index|default|top)\.\w+)?$", re.IGNORECASE)  # of a path
_NUMBER = late(r"\d+")
# A page that somebody posted by its address alone has no title to compare with: then these words tell.
NO_ARTICLE = late(
    r"メンテナンス|工事中|休止中|停止中のお知らせ|ログイン|見つかりません|エラー|アクセスが集中|"
    r"maintenance|login|log in|sign in|not found|error|denied|forbidden|unavailable|just a moment",
    re.IGNORECASE,
)


def believable(
    pages: Mapping[str, Page | PageProblem], titles: Mapping[str, Iterable[str]], posted: Container[str] = ()
) -> dict[str, Page | PageProblem]:
    """The pages, but for those that show something else than the article: these become problems.

    Args:
        pages: by the address asked for.
        titles: address → the titles under which it is known.
        posted: addresses whose title is a poster's own. There, and where a title says little, only a page that says itself
            that it is no article is not believed.
    """
    names = {url: list(filter(None, titles.get(url, ()))) for url in pages}
    return {url: _believed(url, page, names[url], url in posted) for url, page in pages.items()}


def alike(one: str, other: str, *, contained: bool = True) -> bool:
    """Whether two titles may be those of one article: the same, one in the other (unless not `contained`), or edited."""
    first, second = plain(one), plain(other)
    if first == second or (contained and (first in second or second in first)):
        return True
    pairs, others = _pairs(first), _pairs(second)
    return 2 * len(pairs & others) >= ALIKE * (len(pairs) + len(others))


def named_alike(one: str, other: str) -> bool:
    """Whether one page may name the other as its original: alike titles, and no numbers (a day, a number of an issue) of
    their own that tell them apart."""
    numbers = [_NUMBER.findall(unicodedata.normalize("NFKC", title)) for title in (one, other)]
    return alike(one, other) and (not all(numbers) or numbers[0] == numbers[1])


def plain(text: str) -> str:
    """A title without white space, signs, case and width of letters."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def is_index(url: str) -> bool:
    """Whether an address is that of the home page or of a list, in any spelling."""
    return INDEX.search(urlsplit(url).path) is not None


def _believed(url: str, page: Page | PageProblem, titles: list[str], posted: bool) -> Page | PageProblem:
    if isinstance(page, PageProblem) or any(alike(page.title, title) for title in titles):
        return page
    telling = [title for title in titles if not SAYS_LITTLE.fullmatch(plain(title))]
    if (posted or not telling) and not NO_ARTICLE.search(page.title):
        return page
    wanted = titles[0][:60] if titles else ""
    told = f"{url} shows 「{page.title[:60]}」 where 「{wanted}」 should be: a maintenance page? The next run looks again; "
    return PageProblem(url, "other-title", f"{told}if this is the article under a new title, approve it", page.title)


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(1, len(text) - 1))}
