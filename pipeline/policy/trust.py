"""Whether a source can be trusted, and when it is asked again (Art. 8(1): what goes out stands on the homepage). Pure.

A list that failed is never "no news"; a list that is not as it was is read, but nothing new from it goes out by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from pipeline.article import Listing, Page, PageProblem
from pipeline.ledger.events import Read, Robots
from pipeline.ledger.knowledge import SourceKnown
from pipeline.policy.same_article import alike

READ_EVERY = timedelta(days=1)  # new validators without news are noted at most daily: no commit at every run
# A failing site is asked less often: from the third failure in a row 10, 20, 40 and at most 60 minutes apart.
BACKOFF_FROM, BACKOFF, BACKOFF_MOST = 3, timedelta(minutes=10), timedelta(minutes=60)
LONGEST_KEPT = 32_000  # characters of a robots.txt; a longer one is asked for again by every run
DISTRUST_304 = timedelta(days=7)
RENAMED_AFTER = timedelta(days=1)
BARE = "bare pages"
SEVERAL = 2  # pages of one run without title or body: one alone is a slip of its author


def failure(now: datetime, listing: Listing, before: SourceKnown | None) -> tuple[str, str] | None:
    """Code and words of why the list says nothing, or None. Only an emergency list may be empty, and only under its usual
    heading: a maintenance or login page that answers 200 in its place says nothing about emergencies."""
    if listing.state == "failed":
        return listing.error_code, listing.error
    if listing.state == "unchanged" or listing.entries:
        return None
    if not listing.emergency and before is not None and before.entries:
        told = f"the list has no entry where there were {before.entries}"
        return "empty", f"{told}; look at the page, then at the source's settings"
    if listing.emergency and is_another_page(now, listing, before):
        told = f"the list calls itself 「{listing.heading}」 where 「{usual_heading(now, before)}」 should be"
        return "other-page", f"{told}; is it a maintenance or login page? Look at it in a browser"
    return None


def usual_heading(now: datetime, before: SourceKnown | None) -> str:
    """What an html list calls itself ("" if that is not known): another heading is the usual one after a day with entries
    under it."""
    if before is None:
        return ""
    return before.other if before.renamed and now - before.renamed >= RENAMED_AFTER else before.heading


def is_another_page(now: datetime, listing: Listing, before: SourceKnown | None) -> bool:
    """Whether an html list calls itself otherwise than it did: by its heading, which may say in passing that there is
    nothing now, or by its title, in which the site's name alone makes no likeness."""
    usual = usual_heading(now, before)
    if not usual or not listing.heading:
        return False
    (heading, _, title), (heading_then, _, title_then) = (text.partition("\n") for text in (listing.heading, usual))
    if title and title_then and not alike(title, title_then, contained=False):
        return True
    if heading and heading_then:
        return not alike(heading, heading_then)
    return not (title and title_then) and (heading, title) != (heading_then, title_then)


def notes(now: datetime, listing: Listing, before: SourceKnown | None) -> list[str]:
    """What a person should know of a list that was read, and what none of its articles tells."""
    read = before if listing.state == "unchanged" and before else listing
    entries = read.entries if isinstance(read, SourceKnown) else len(read.entries)
    told = []
    if not entries and not (before and (before.ever or before.usual_entries)):
        told.append(f"nothing {read.skipped}")
    elif read.skipped and (listing.emergency or read.skipped >= entries):
        told.append(f"skipped {read.skipped}/{read.skipped + entries}")
    if entries and listing.emergency and is_another_page(now, listing, before):
        told.append(f"heading {' '.join(listing.heading.split())}")
    if read.left_out:
        told.append(f"left-out {read.left_out}")
    if read.zones:
        told.append(f"zones {read.zones}")
    if listing.hidden or not trusts_304(now, before):
        told.append("hidden-by-304")
    return told


def trusts_304(now: datetime, before: SourceKnown | None) -> bool:
    """A server that said "not modified" about other bytes is asked without conditions for a while."""
    return before is None or before.hid is None or now - before.hid >= DISTRUST_304


def drift(listing: Listing, before: SourceKnown | None) -> str:
    """How the list differs from what it usually is ("" while it does not). The doubt lasts until the list is as usual
    again, or a person has approved what it showed. An emergency list comes and goes as it must."""
    if before is None or not before.read or listing.emergency:
        return ""
    if listing.state == "unchanged":
        return before.doubt
    count, usual = len(listing.entries), before.usual_entries
    if count * 2 < usual:
        return f"entries {usual} → {count}"
    if listing.undated * 2 > count and before.usual_undated * 2 <= usual:
        return f"undated {before.usual_undated}/{usual} → {listing.undated}/{count}"
    return before.doubt if is_about_pages(before.doubt) else ""


def bare_pages(pages: Sequence[Page | PageProblem], doubt: str) -> str:
    """The doubt that new pages of one source leave: several of them, and more than half, have no title or no body.
    Once in doubt, a single one keeps it, and only sound pages end it."""
    bare = sum(_is_bare(page) for page in pages)
    least = 1 if is_about_pages(doubt) else SEVERAL
    if bare >= least and bare * 2 > len(pages):
        return f"{BARE} {bare}/{len(pages)}"
    return doubt if not pages else ""


def is_about_pages(doubt: str) -> bool:
    return doubt.startswith(BARE)


def good_read(now: datetime, listing: Listing, before: SourceKnown | None, doubt: str) -> list[Read]:
    """What to note of a list that could be read; nothing as long as nothing changed."""
    read: Listing | SourceKnown
    same = listing.emergency and before is not None and listing.digest == before.digest != ""
    if (listing.state == "unchanged" or same) and before is not None:
        moved = (listing.etag, listing.last_modified) != (before.etag, before.last_modified)
        overdue = before.checked is None or now - before.checked >= READ_EVERY
        if not (before.failures or (listing.whole and not same) or (moved and overdue)):
            return []
        entries, read = before.entries, before
    else:
        entries, read = len(listing.entries), listing
    renamed = listing.emergency and is_another_page(now, listing, before)
    usual = usual_heading(now, before)
    return [
        Read(
            at=now, source=listing.source, state="ok", etag=listing.etag, last_modified=listing.last_modified,
            digest=listing.digest, entries=entries, undated=read.undated, doubt=doubt,
            heading=usual if renamed else read.heading, other=listing.heading if renamed else "",
            skipped=read.skipped, left_out=read.left_out, zones=read.zones, whole=listing.whole, hidden=listing.hidden,
        )
    ]  # fmt: skip


def failed_read(now: datetime, listing: Listing, before: SourceKnown | None, code: str) -> list[Read]:
    """What to note of a list that could not be read: the old validators stay, and when to ask again."""
    if code == "later" and before is not None and listing.not_before == before.not_before:
        return []  # not asked this time, as the site wished the last time
    wished, failures = listing.not_before, (before.failures if before else 0) + 1
    if listing.emergency:  # one request a pass; what the site wishes counts, for a while
        not_before = min(wished, now + BACKOFF) if wished else None
    elif failures < BACKOFF_FROM:
        not_before = wished
    else:
        wait = min(BACKOFF * 2 ** min(failures - BACKOFF_FROM, 8), BACKOFF_MOST)
        not_before = max(wished or now, now + wait)
    return [Read(at=now, source=listing.source, state="failed", error_code=code, not_before=not_before)]


def robots_news(known: Mapping[str, Robots], found: Mapping[str, Robots]) -> list[Robots]:
    """What to note of robots.txt, so that the next runs of the day need not ask: a text only when it is another one, and
    never one so long that it would fill the ledger."""
    news = []
    for host, file in found.items():
        before = known.get(host)
        is_known = before is not None and (before.at, before.allowed) == (file.at, file.allowed)
        if not is_known and len(file.text) <= LONGEST_KEPT:
            same = before is not None and before.text == file.text
            news.append(replace(file, text="" if same else file.text, same=same))
    return news


def wait_until(now: datetime, before: SourceKnown | None) -> datetime | None:
    """Until when a source is left alone. A promise from a clock that ran ahead of ours holds nothing back."""
    if before is None or before.checked is None or before.checked > now:
        return None
    return before.not_before


def _is_bare(page: Page | PageProblem) -> bool:
    """An article has a title, and a text, a file or a picture. Gone and unreachable pages say nothing; a text that only
    repeats the title (a description that the CMS fills in) is none."""
    if isinstance(page, PageProblem):
        return page.code == "malformed"
    return not page.title or not (page.text.replace(page.title, "").strip() or page.attachments or page.picture)
