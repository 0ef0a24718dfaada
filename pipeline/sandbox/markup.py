"""What the city's CMS writes: list JSON, RSS and pages in the shape of SMART CMS (see docs on the city's site)."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipeline.config import JST
from pipeline.sandbox.articles import SampleArticle
from pipeline.templates import environment

CITY = "門真市"
NOIMAGE = "/theme/base/img_common/ogp_noimage.png"


class Published(Struct, frozen=True):
    """An article on the site and the instant of its last publication."""

    article: SampleArticle
    at: datetime
    order: int = 0  # settles equal instants: the later publication is the newer one

    @property
    def jst(self) -> datetime:
        return self.at.astimezone(JST)


def http_date(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def entry(published: Published, url: str) -> dict[str, Any]:
    """One object of `index.update.json`."""
    article = published.article
    shown = article.sns_display
    return {
        "page_no": article.page_no,
        "page_name": article.title,
        "url": url + article.path,
        "category_no": article.category_no,
        "is_category_index": article.is_category_index,
        "is_keitai_page": article.is_keitai_page,
        "is_shortcut": bool(article.is_shortcut_of),
        "keyword": "",
        "description": "",
        "publish_datetime": published.jst.isoformat(timespec="seconds"),
        "thumbnail_image": None,
        "reserve": {
            "light_page": None,
            "newpage_category": None,
            "sns_display": {"number": shown, "value": ("", "表示しない", "表示する")[shown]} if shown else None,
        },
        "tag": [
            {"tag_no": number, "tag_name": name, "image_file_name": "", "image_url": None}
            for number, name in enumerate(article.tags, 1)
        ],
    }


def update_json(listed: list[Published], url: str) -> str:
    return json.dumps([entry(one, url) for one in listed], ensure_ascii=False)


def document(title: str, head: str, body: str, host: str) -> str:
    """Any page, in the site's frame."""
    return _page("frame", title=title, head=head, body=body, host=host)


def static_list(title: str, pages: list[Published], folders: list[str], host: str, *, with_time: bool) -> str:
    """A list page of the static kind."""
    shown = {"heading": title, "pages": pages, "folders": folders, "with_time": with_time}
    return _page("list", title=f"{title}／{CITY}", host=host, **shown)


def page(published: Published, host: str, url: str) -> str:
    """An article's page."""
    article, stamp = published.article, http_date(published.at)
    shown = {"article": article, "at": published.jst, "stamp": stamp, "noimage": NOIMAGE, "url": url}
    return _page("article", title=f"{article.title}／{CITY}", host=host, **shown)


def _page(template: str, **values: Any) -> str:
    made = environment("html", Path(__file__).parent).get_template(f"{template}.html.j2")
    return made.render(city=CITY, **values) + "\n"
