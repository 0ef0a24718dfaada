"""Which article a sighting is about. Pure.

Identity is the canonical URL that a page names, so a shortcut and its master are one article – where that names the same
article: templates copy it, and broken ones name an index.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from pipeline.article import Page, PageProblem, article_id
from pipeline.decision import Reason
from pipeline.ledger.knowledge import Knowledge, Known, Twin, twin
from pipeline.policy.same_article import is_index, named_alike
from pipeline.policy.second_report import mark_of
from pipeline.policy.sighting import is_newer
from pipeline.policy.survey import Sighting, Survey


class Subject(Struct, frozen=True):
    """The article of one sighting.

    Attributes:
        known: None for a new one.
        shortcut: the address in the list, where the article has another.
        doubt: the titles, when the page names another article as its original.
        is_told: nothing new is said: True under another address, False under its own; None when it is news.
    """

    id: str
    url: str
    known: Known | None = None
    shortcut: str = ""
    doubt: str = ""
    is_told: bool | None = None


class Identities:
    """The articles of the sightings of one run, in their order."""

    def __init__(self, knowledge: Knowledge, seen: Survey, pages: Mapping[str, Page | PageProblem]) -> None:
        self._knowledge, self._pages = knowledge, pages
        self._moved = {change.url: change.article for change in seen.changes if change.url}
        self._titles = {s.entry.url: s.entry.title for s in (*seen.baseline, *seen.sightings)}
        self._found: dict[str, Sighting] = {}  # by the id of the article
        self._twins: dict[Twin, str] = {}

    def subject(self, s: Sighting) -> Subject:
        """Raises nothing; each sighting is asked about once."""
        answer = self._pages.get(s.entry.url)
        page = answer if isinstance(answer, Page) else None
        subject = self._named(s, page) or self._twin(s, page) or self._at(s, s.entry.url)
        if subject.id in self._found:
            return _told(subject)
        if subject.known and subject.shortcut and not self._says_something(s, subject.known, page):
            return _told(subject)
        self._found[subject.id] = s
        if date := newest_of(s, page):
            self._twins.setdefault(twin(s.entry.url, s.entry.title, date), subject.id)
        return subject

    def _at(self, s: Sighting, url: str) -> Subject:
        known = self._knowledge.find(url) or self._knowledge.articles.get(self._moved.get(url, ""))
        shortcut = s.entry.url if url != s.entry.url else ""
        if known is None:
            return Subject(article_id(url), url, None, shortcut)
        return Subject(known.id, url if url in self._moved else known.url, known, shortcut)

    def _named(self, s: Sighting, page: Page | None) -> Subject | None:
        """Another article that the page names as its original; None when it names itself, or nothing to be believed."""
        if page is None or not s.unseen or page.canonical == s.entry.url or "#" in s.entry.url:
            return None
        named = self._at(s, page.canonical)
        there = self._pages.get(page.canonical)
        title = named.known.title if named.known else self._titles.get(page.canonical, "")
        title = title or (there.title if isinstance(there, Page) else "")
        if s.emergency:
            mark = named.known.mark if named.known else mark_of(self._mate(named.id)) or mark_of(there)
            return named if mark == mark_of(page) else None
        if title and named_alike(page.title or s.entry.title, title):
            return named
        if not title or is_index(page.canonical):
            return None
        return Subject(article_id(s.entry.url), s.entry.url, doubt=f"{page.title} ≠ {title} ({page.canonical})")

    def _mate(self, article: str) -> Page | PageProblem | None:
        other = self._found.get(article)
        return self._pages.get(other.entry.url) if other else None

    def _twin(self, s: Sighting, page: Page | None) -> Subject | None:
        """The same title, date and text on the same host: the article under another spelling of its address."""
        date = newest_of(s, page)
        if not s.unseen or s.emergency or date is None or page is None:
            return None
        key = twin(s.entry.url, s.entry.title, date)
        article = self._twins.get(key) or self._knowledge.twins.get(key, "")
        known = self._knowledge.articles.get(article)
        mark = known.mark if known else mark_of(self._mate(article))
        stood_there = known is not None and known.state == "baseline" and not mark  # its text was never read
        if not article or (mark != mark_of(page) and not stood_there):
            return None
        return Subject(article, known.url if known else s.entry.url, known, s.entry.url)

    def _says_something(self, s: Sighting, known: Known, page: Page | None) -> bool:
        """Whether a new address of a known article (a shortcut) says anything new about it."""
        if known.reason == Reason.REFUSED or known.id in self._knowledge.flying:
            return False
        if s.emergency and not known.emergency:
            return True
        return known.state not in ("queued", "review") and is_newer(newest_of(s, page), known.seen)


def newest_of(s: Sighting, page: Page | None) -> datetime | None:
    return max(filter(None, (page.date if page else None, s.entry.date)), default=None)


def _told(subject: Subject) -> Subject:
    return Subject(subject.id, subject.url, subject.known, subject.shortcut, "", bool(subject.shortcut))
