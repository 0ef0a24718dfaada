"""What is known of an article, and its page, become the item that is shown."""

from pipeline.article import Item, Page, PageProblem, Picture
from pipeline.config import Config
from pipeline.decision import Shows
from pipeline.ledger.events import Posted
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy.content import category_of


def _picture(post: Posted | None) -> Picture | None:
    """The one that a poster chose; it was looked at then."""
    if post is None or not post.picture:
        return None
    width, height = post.picture_size
    return Picture(post.picture, post.title, width, height)


def item_of(
    known: Known, page: Page | PageProblem | None, config: Config, knowledge: Knowledge, shows: Shows = "all"
) -> Item:
    """One item. The page's words win over the list's. An emergency with a doubt is shown with its title and link alone, or
    ("neutral") with a sentence in place of the title."""
    post = known.post
    read = page if isinstance(page, Page) else None
    category = category_of(known.url, config.policy.content) if known.url else None
    corrected = knowledge.articles.get(post.corrects) if post and post.corrects else None
    if shows != "all":
        title = (read.title if read else "") or known.title
        return Item(
            known.id, "emergency", title if shows == "title" else "", known.url, (read.date if read else None) or known.date,
            date_only=bool(read and read.date and read.date_only), label=category.label if category else "",
        )  # fmt: skip
    return Item(
        id=known.id,
        style="correction" if corrected else "emergency" if known.urgent else "article" if known.url else "text",
        title=(post.title if post and post.title else "") or (read.title if read else "") or known.title,
        url=known.url or (corrected.url if corrected else ""),
        date=(read.date if read else None) or known.date,
        date_only=bool(read and read.date and read.date_only),
        updated=known.kind == "update",
        label=category.label if category else "",
        department=(read.department if read else "") or (post.department if post else ""),
        text=(post.text if post and post.text else "") or (read.text if read else ""),
        picture=_picture(post) or (read.picture if read else None),
        corrects=corrected.title if corrected else "",
        quoted_from=post.quoted_from if post else "",
    )
