"""What municipal content management systems do with an article page, as data.

One line of selectors a field, the most certain first; a field without any is found by the rules that hold everywhere
(`chrome`, `contact`, `article_page`), as is a page of a system that stands not here. A city's own `[site.page]` goes
before both. Read off pages of some forty cities; the products by their markup.
"""

from msgspec import Struct

from pipeline.config import PageSelectors
from pipeline.sources.soup import Index


class System(Struct, frozen=True):
    """`marks`: any of these selectors tells the system by its markup; `generator`: its name in the page's own meta.

    `shared_is_the_sites`: the picture that its pages name for sharing is one for the whole site.
    """

    name: str
    select: PageSelectors
    marks: tuple[str, ...] = ()
    generator: str = ""
    shared_is_the_sites: bool = False


SYSTEMS = (
    System(
        "SMART CMS",
        marks=("article#contents #contents-in",),
        select=PageSelectors(
            title=("article#contents h1",),
            body=("#contents-in",),
            date=("#social-update-area .update", ".update"),
            contact=(".toiawase",),
            department=(".toiawase .name",),
            breadcrumb=("#pankuzu .list", "#pankuzu"),
            drop=("#pdf-download", ".page-number-display", "#social-update-area", "#sns-list", "#ashiato"),
        ),
    ),
    System(
        "NetCrew",
        marks=("#main_a #main_body", "#main_header h1"),
        shared_is_the_sites=True,
        select=PageSelectors(
            title=("#main_header h1",),
            body=("#main_body",),
            date=("#article_update", "#content_header .date", "#content_header span"),
            contact=("#section_footer",),
            department=(
                "#section_footer_info",
                "#content_header .sec",
            ),
            breadcrumb=("div.pankuzu", "ul.pankuzu"),
            drop=(
                "#section_footer",
                "#content_footer",
                "#content_header",
                "#sp_page_index_link_wrap",
                ".toc_link_wrap",
            ),
        ),
    ),
    System(
        "CMS-8341",
        marks=("#tmp_contents",),
        shared_is_the_sites=True,
        select=PageSelectors(
            title=("#tmp_contents h1", ".page_title h1"),
            body=("#tmp_contents",),
            date=("#tmp_update",),
            contact=("#tmp_inquiry", "#tmp_author"),
            breadcrumb=("#tmp_pankuzu",),
            drop=(
                "#tmp_wrap_ut",
                "#tmp_wrap_custom_update",
                ".plugin",
                ".infor_want_know",
                ".box_article",
                "#tag_list",
            ),
        ),
    ),
    System(
        "4Uweb",
        marks=(".wysiwyg_wp", ".wysiwyg_area"),
        select=PageSelectors(
            title=(".h1bg h1", ".main-title h1", "#content_ttl_area h1"),
            date=("#tmp_update", ".date-title", "p.update", ".page_number"),
            contact=("#tmp_inquiry", ".contact_box", ".contact"),
            breadcrumb=("#tmp_pankuzu", ".pankuzu", "#topic_path"),
            drop=(".dladobereader", ".for_voice"),
        ),
    ),
    System(
        "ALAYA",
        marks=("#mol_contents",),
        shared_is_the_sites=True,
        select=PageSelectors(
            title=(".main_naka_h1 h1", "#sub_h1_box h1"),
            body=("#mol_contents",),
            date=(".syosai_hiduke", ".page_day01"),
            contact=(".syosai_sonota", ".mol_con"),
            breadcrumb=("ul.pankuzu", "#pankuzu"),
            drop=("span.window",),
        ),
    ),
    System(
        "TsuNaGo",
        marks=("main#page #voice",),
        select=PageSelectors(
            title=("#voice h1",),
            body=("#voice",),
            date=("#voice .update",),
            contact=("#reference",),
            department=("#reference .department",),
            breadcrumb=("#tpath",),
            drop=("#voice .box",),
        ),
    ),
    System(
        "i-SITE",
        generator="i-SITE",
        marks=("#ContentPane .Contents",),
        select=PageSelectors(
            title=("h1.speak",), body=("#ContentPane",), breadcrumb=(".BreadCrumbs_Standard",), drop=("#viewer_link",)
        ),
    ),
    System(
        "baserCMS",
        generator="basercms",
        select=PageSelectors(
            title=("header.h3tl h3", "#main h1", "#main h2"), body=(".contentWrap",), breadcrumb=("#Crumbs",)
        ),
    ),
    # By the products' own published templates; no page of theirs was seen.
    System(
        "Joruri",
        marks=(".contentGpArticleDoc", "#contentBody .publishedAt"),
        generator="Joruri",
        select=PageSelectors(
            title=("#pageTitle h1", ".pageTitle h1"),
            body=(".contentGpArticleDoc .body", ".contentGpArticleDoc"),
            date=(".updatedAt", ".publishedAt"),
            contact=(".inquiry",),
            department=(".inquiry .section", ".inquiry .department"),
            breadcrumb=("#breadCrumbs", ".breadCrumbs"),
            drop=(".publishedAt", ".updatedAt", ".adobeReader", ".rels", ".maps", ".tags"),
        ),
    ),
    System(
        "SHIRASAGI",
        marks=("#ss-page-name",),
        generator="SHIRASAGI",
        select=PageSelectors(
            title=("#ss-page-name",),
            body=("article.body", "#main .body", ".article-body"),
            date=(".released time", ".released"),
            contact=("footer.contact", ".contact"),
            department=(".contact .group",),
            breadcrumb=(".crumbs",),
            drop=(".contact", ".related-pages", ".categories"),
        ),
    ),
    # Themes differ in all but this.
    System("WordPress", generator="WordPress", select=PageSelectors(drop=("#toc_container",))),
)


def system_of(index: Index) -> System | None:
    """The system whose mark the page carries."""
    generator = index.meta("generator").casefold()
    for system in SYSTEMS:
        if (system.generator and system.generator.casefold() in generator) or index.select(system.marks):
            return system
    return None
