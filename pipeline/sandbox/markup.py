"""What the city's CMS writes: list JSON, RSS and pages in the shape of SMART CMS (see docs on the city's site)."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from msgspec import Struct

from pipeline.config import JST
from pipeline.sandbox.articles import SampleArticle

CITY = "門真市"
NOIMAGE = "/theme/base/img_common/ogp_noimage.png"
DESCRIPTION_LENGTH = 100


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
    return (
        '<!DOCTYPE html>\n<html lang="ja">\n<head>\n<meta charset="UTF-8">\n'
        f"<title>{title}</title>\n{head}"
        f'<script>var cms_api_domain="{host}";</script>\n<script src="//{host}/smart-lgov/js/common.js"></script>\n'
        f'</head>\n<body>\n<header id="headlogo"><a href="//{host}/index.html">{CITY}</a></header>\n{body}\n'
        f"<footer><address>{CITY}役所 〒571-8585 門真市中町1-1</address></footer>\n</body>\n</html>\n"
    )


def static_list(title: str, pages: list[Published], folders: list[str], host: str, *, with_time: bool) -> str:
    """A list page of the static kind: `li.page > a` and `li.dir > a`."""
    items = "".join(f'<li class="dir"><a href="//{host}{folder}index.html">{folder}</a></li>\n' for folder in folders)
    for one in pages:
        when = one.jst
        day = f"{when.year}年{when.month}月{when.day}日"
        date = f'<span class="date">{day} {when.hour}時{when.minute}分</span>' if with_time else ""
        items += f'<li class="page"><a href="//{host}{one.article.path}">{escape(one.article.title)}</a>{date}</li>\n'
    body = f'<article id="contents"><h1 class="title">{title}</h1>\n<ul>\n{items}</ul></article>'
    return document(f"{title}／{CITY}", "", body, host)


def page(published: Published, host: str, url: str) -> str:
    """An article's page."""
    article = published.article
    title = escape(article.title)
    dated = article.has_date
    update = f'<p class="update">更新日：{published.jst:%Y年%m月%d日}</p>\n' if dated else ""
    return document(
        f"{title}／{CITY}",
        _head(published, host, url),
        f'{_breadcrumb(article, host)}<article id="contents" role="main">\n'
        f'<h1 class="title"><span class="bg"><span class="bg2">{title}</span></span></h1>\n'
        f'<div id="social-update-area"><ul class="social"></ul>{update}'
        f'<p class="page-number-display">ページID：{article.page_no}</p></div>\n'
        f'<div id="contents-in">\n<div class="free-layout-area">\n{_body(article, host)}{_inquiry(article, host)}'
        "</div>\n</div>\n</article>",
        host,
    )


def _head(published: Published, host: str, url: str) -> str:
    article = published.article
    stamp = f'<meta name="nsls:timestamp" content="{http_date(published.at)}">\n' if article.has_date else ""
    image = ""
    if article.og_image == "picture" and article.picture is not None:
        image = f'<meta property="og:image" content="//{host}{article.picture.path}">\n'
    elif article.og_image == "placeholder":
        image = f'<meta property="og:image" content="//{host}{NOIMAGE}">\n'
    lead = escape(article.title[:DESCRIPTION_LENGTH])
    return (
        f'{stamp}<link rel="canonical" href="{url}{article.is_shortcut_of or article.path}">\n'
        f'<meta property="og:title" content="{escape(article.title)}">\n{image}'
        f'<meta property="og:description" content="   {lead}   ">\n'
    )


def _breadcrumb(article: SampleArticle, host: str) -> str:
    links = f'<li><a href="//{host}/index.html">ホーム</a></li>'
    links += "".join(f'<li class="icon"><a href="//{host}/index.html">{name}</a></li>' for name in article.breadcrumb)
    here = f'<li class="icon"><span>{escape(article.title)}</span></li>'
    return f'<dl id="pankuzu"><dt>現在位置</dt><dd><ul class="list">{links}{here}</ul></dd></dl>\n'


def _body(article: SampleArticle, host: str) -> str:
    parts = []
    if article.body_html:
        parts.append(f'<div class="wysiwyg">{article.body_html}</div>\n')
    if article.picture is not None:
        photo = article.picture
        parts.append(
            f'<figure class="img-item"><img alt="{escape(photo.alt)}" src="//{host}{photo.path}">'
            f"<figcaption>{escape(photo.alt)}</figcaption></figure>\n"
        )
    parts += [
        f'<p class="file-link-item"><a class="pdf" href="//{host}{file.path}">'
        f"{escape(file.title)} (PDFファイル: {file.size})</a></p>\n"
        for file in article.pdf
    ]
    if article.pdf:
        parts.append('<div id="pdf-download"><p>PDFファイルを閲覧するには、専用のソフトが必要です。</p></div>\n')
    return "".join(parts)


def _inquiry(article: SampleArticle, host: str) -> str:
    form = f"//{host}/cgi-bin/inquiry.php/12?page_no={article.page_no}"
    return (
        '<div class="toiawase"><p class="caption">この記事に関するお問い合わせ先</p>\n'
        f'<div class="name"><p>{article.department}<br>電話番号：{article.tel}<br>'
        f'<a href="{form}">お問い合わせフォーム</a></p></div></div>\n'
    )
