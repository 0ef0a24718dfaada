"""What the city's CMS writes beside lists and pages: feed, home page, error page."""

from html import escape

from pipeline.sandbox.markup import CITY, Published, document


def rss(listed: list[Published], url: str) -> str:
    """RSS 1.0 (RDF) as feed.php writes it: empty descriptions, dc:date in local time."""
    links = [(url + one.article.path, one) for one in listed]
    items = "".join(
        f'<item rdf:about="{escape(link)}">\n<title>{escape(one.article.title)}</title>\n<link>{escape(link)}</link>\n'
        f"<description></description>\n<dc:date>{one.jst.isoformat(timespec='seconds')}</dc:date>\n</item>\n"
        for link, one in links
    )
    sequence = "".join(f'<rdf:li rdf:resource="{escape(link)}" />\n' for link, _ in links)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="ja">\n'
        f'<channel rdf:about="{url}/cgi-bin/feed.php">\n<title>{CITY} 新着情報</title>\n<link>{url}/</link>\n'
        f"<description></description>\n<items><rdf:Seq>\n{sequence}</rdf:Seq></items>\n</channel>\n{items}</rdf:RDF>\n"
    )


def home(host: str) -> str:
    """The home page: its list of news is an empty template that a script fills."""
    block = (
        f'<div class="pageListDynBlock" data-url="//{host}/index.update.json" data-limit="10">'
        '<ul class="pageListDynBlockTemplate"><li class="page"></li></ul></div>'
    )
    return document(f"{CITY}", "", f'<div id="shinchaku"><h2>新着情報</h2>{block}</div>', host)


def not_found(host: str) -> str:
    return document(f"ページが見つかりません／{CITY}", "", "<h1>お探しのページは見つかりません</h1>", host)
