"""What is known of an article, and its page, become the item that is shown."""

from msgspec.structs import replace

from pipeline.article import Item, Page, PageProblem, Picture
from pipeline.config import Config
from pipeline.decision import Shows
from pipeline.ledger.events import Posted
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy.content import category_of


def item_of(
    known: Known, page: Page | PageProblem | None, config: Config, knowledge: Knowledge, shows: Shows = "all"
) -> Item:
    """One item. The page's words win over the list's, a poster's over the page's. An emergency with a doubt is shown with
    its title and link alone, or ("neutral") without a title: then the template has a sentence for it."""
    item = _listed(known, config)
    if isinstance(page, Page):
        item = _read(item, page)
    if shows != "all":
        title = item.title if shows == "title" else ""
        return replace(
            item, style="emergency", title=title, text="", department="", tel="", picture=None, updated=False
        )
    return _posted(item, known.post, knowledge) if known.post else item


def _listed(known: Known, config: Config) -> Item:
    category = category_of(known.url, config.policy.content) if known.url else None
    return Item(
        id=known.id,
        style="emergency" if known.urgent else "article" if known.url else "text",
        title=known.title,
        url=known.url,
        date=known.date,
        updated=known.kind == "update",
        label=category.label if category else "",
    )


def _read(item: Item, page: Page) -> Item:
    return replace(
        item,
        title=page.title or item.title,
        date=page.date or item.date,
        date_only=bool(page.date and page.date_only),
        department=page.department,
        tel=page.tel,
        text=page.text,
        picture=page.picture,
    )


def _posted(item: Item, post: Posted, knowledge: Knowledge) -> Item:
    corrected = knowledge.articles.get(post.corrects) if post.corrects else None
    return replace(
        item,
        style="correction" if corrected else item.style,
        title=post.title or item.title,
        url=item.url or (corrected.url if corrected else ""),
        department=item.department or post.department,
        text=post.text or item.text,
        picture=Picture(post.picture, post.title, *post.picture_size) if post.picture else item.picture,
        corrects=corrected.title if corrected else "",
        quoted_from=post.quoted_from,
    )
