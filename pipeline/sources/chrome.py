"""What stands around an article on its page and is not its text, in any system: menus, buttons, notices, related pages."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from bs4 import Tag

from pipeline.sources.soup import Index, Span, names_of

# Words of ids and classes (which are divided at "-", "_", digits and capitals) that name no part of an article.
_WORDS = frozenset((
    "nav", "navi", "gnav", "gnavi", "lnav", "lnavi", "rnavi", "snav", "sidenav", "globalnav", "gnavbg",
    "breadcrumb", "breadcrumbs", "crumb", "crumbs", "pankuzu", "topicpath", "tpath", "topicspath", "footstep",
    "ashiato", "sns", "share", "tweet", "twitter", "facebook", "mixi", "hatena", "printbtn",
    "printlink", "pagetop", "ptop", "gotop", "totop", "modori", "footer", "foot", "copyright",
    "fsearch", "searchbox", "feedback", "enquete", "enq", "questionnaire", "recommend", "osusume", "ranking",
    "kanren", "skiplink", "blockskip", "blockjump", "banner", "bnr", "fontsize", "moji", "haikei", "readspeaker",
    "rsbtn", "adobe", "acrobat", "dladobereader", "toc", "mokuji", "pager", "pagination", "paging", "modal",
    "drawer", "cookie", "pageid", "idnumber", "skip", "hide", "tagcloud",
))  # fmt: skip
# Words that an article's parts may have as well: chrome when most of their text are links.
_MENU_WORDS = frozenset((
    "menu", "submenu", "gmenu", "sidr", "sidebar", "side", "header", "related", "relation", "route", "plugin",
    "viewer", "social", "print", "printing", "search",
))  # fmt: skip
# The face and the name beside a speech balloon.
_BALLOON = frozenset(("balloon", "speech", "fukidashi"))
_SPEAKER = frozenset(("user", "name", "person", "speaker", "icon", "avatar"))
_TAGS = frozenset(("nav", "header", "footer", "aside", "form", "figcaption"))
_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "menu"))
_DIVIDE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_UNSEEN = re.compile(r"sr-only|visually-?hidden|screen-reader-text")

# Words are compared without blanks.
_WHEN = r"[\[［]?[\d年月日令和平成元./()（）\-]{8,24}[\]］]?(?:[月火水木金土日]曜日|[（(][月火水木金土日][）)])?[\d:時分]{0,8}"
_NETWORKS = "X|旧?Twitter|Facebook|LINE|はてなブックマーク"
# What a short element says when it is a button, a mark or a label of the template: one or more of these.
_SAYS = re.compile(
    rf"""(?:[\[［【（(＜<■▲▼・]*(?:
        ここ(?:から|まで)(?:が)?本文です | 本文ここ(?:から|まで) | (?:この)?ページの本文です | 本文へ(?:移動|スキップ)?
      | (?:この)?(?:ページ|記事)?を?印刷(?:用)?(?:ページ)?を?(?:表示)?(?:する)? | 大きな文字で印刷 | 文字を大きくして印刷
      | (?:一つ)?前[のに]?(?:見ていた)?(?:ページ)?[にへ]?戻る | (?:この)?(?:ページ)?の?(?:先頭|トップ|上部)[へに](?:戻る)?
      | (?:PAGE)?TOP | トップ(?:ページ)?[へに]戻る | 一覧[へに]戻る | 表のサイズを切り替える
      | (?:ページ|記事)?(?:ID|番号)[:：]?[A-Z]?\d[\d-]* | ページ(?:ID|番号) | (?:現在の?(?:位置|ページ|地))[:：]?
      | (?:(?:{_NETWORKS})(?:[（(].{{1,10}}[）)])?[でにをへ]?)?(?:シェア|ツイート|ポスト|共有|投稿|送る|いいね!?)(?:する)? | Tweet | Share
      | (?:{_WHEN})?(?:投稿者|作成者|執筆者|Author|by)[:：]?[A-Za-z0-9_.-]{{1,20}} | (?:カテゴリー?|タグ)[:：].{{1,20}}
      | (?:最終)?(?:更新|掲載|公開|登録|作成|発行|投稿)(?:年月)?日?[付時]?[:：]?{_WHEN}(?:更新|掲載|公開)?
      | {_WHEN}に?(?:更新|掲載|公開) | Last(?:updated|modified)[:：]?[A-Z0-9,./-]{{6,24}}
      | (?:音声で|この(?:ページ|記事)を)?読み上げ(?:る)?
      | 文字の?(?:サイズ|大きさ)(?:の?変更)?[:：]?(?:標準|特大|拡大|縮小|[小中大])*
      | [（(]?(?:新しい|別の?)ウ[ィイ]ンドウ[でが](?:開きます|開く)
    )[。．\]］】）)＞>■▲▼]*[\s/／|｜]*)+""",
    re.VERBOSE | re.IGNORECASE,
)
_SHORT = 60
_LABEL = 8  # characters of a label on a line of its own
# Headings of what follows an article; what stands below them goes as well.
_AFTERWARDS = re.compile(
    r"""[■◆●▼【＜<]*(?:
        関連(?:する)?(?:情報|ページ|リンク|記事|サイト|コンテンツ|ファイル|書類|ダウンロードファイル)(?:一覧|集)? | リンク集
      | こちらの(?:ページ|記事)も(?:読まれて|見て|ご覧).{0,8} | よく(?:見られている|閲覧される|読まれている)(?:ページ|情報|記事)
      | この(?:ページ|記事)を見(?:ている|た)人は.* | この(?:ページ|記事)に(?:知りたい|お探しの)情報.*
      | (?:この)?(?:ページ|記事)(?:に関する|について)?の?(?:ご?感想|アンケート|ご?意見).{0,20} | このページについて.{0,6}お聞かせください
      | この(?:ページ|記事)の?(?:情報|内容)?は.{2,20}か[。？?]? | (?:新着|最新)(?:情報|記事|の投稿) | 最近の(?:投稿|記事)
    )[】＞>]*""",
    re.VERBOSE,
)
_CONTENTS = re.compile(r"(?:ページ内)?(?:目次|もくじ)")
_READER = re.compile(
    r"Adobe.{0,3}(?:Acrobat.{0,3})?Reader|(?:閲覧|プラグイン)ソフト|ビューアー?(?:が|を|の)"
    r"|Java ?Script(?:が|を).{0,12}(?:無効|有効|使用|オフ|オン)",
    re.IGNORECASE,
)
_NOTICE = 300  # characters; a longer text about a program for files is the article itself
_FLOW = frozenset(("p", "li", "dt", "dd", "a", "span", "small", "td", "div", "strong", *(f"h{n}" for n in range(2, 7))))
_GROUPS = frozenset(("ul", "ol", "div", "p", "dl"))
_NO_HEADING = 7
_MENU_LINKS, _MENU_WORD = 20, 8
# Ids and classes that systems give the part with the article.
_CONTENT = re.compile(
    r"(?:[a-z0-9]{1,6}[-_])?(?:main|page|site|article|entry|post|detail)?[-_]?(?:contents?|body|honbun|article|voice)"
    r"(?:[-_]?(?:in|inner|area|body|box|pane|wrap|main))?",
    re.IGNORECASE,
)
_PARAGRAPHS = frozenset(("p", "h2", "h3", "h4", "table", "ul", "ol", "dl", "blockquote", "pre"))
_LITTLE = 30  # characters: less is no article
_NEARLY_ALL = 0.8
_LINK_WEIGHT = 0.2


def chrome(index: Index, heading: Tag | None) -> list[Tag]:
    """The tags that are not the article's. Never one that holds the title, nor one that holds most of the page's text."""
    most = index.size(index.soup) / 2
    found: list[Tag] = []
    end = 0
    for tag in index.tags:
        if index.span[id(tag)][0] <= end or (heading is not None and index.inside(heading, tag)):
            continue
        size = index.size(tag)
        is_menu = index.linked(tag) * 2 > size
        is_chrome = (_is_named(tag, is_menu=is_menu) and (is_menu or size < most)) or _says(index, tag)
        is_chrome = is_chrome or _is_leading_menu(index, tag, heading) or _is_way_down(index, tag)
        gone = [tag] if is_chrome else list(_below(index, tag))
        if gone:
            found += gone
            end = max(index.span[id(one)][1] for one in gone)
    return found


def body_of(index: Index, dropped: Sequence[Span]) -> Tag | None:
    """Where the article is, in any system: what HTML or usual names call the content, the narrowest that holds nearly all
    of the text that is left without the chrome; else the narrowest tag around that text."""
    page = index.first("body") or index.soup
    left = _Left(index, dropped)
    named = [tag for tag in (index.first("main"), index.roles.get("main")) if tag]
    named += index.names["article"] if len(index.names["article"]) == 1 else []
    ids = {id(tag) for tag in named}
    outer = next((tag for tag in named if left.prose(tag) > _LITTLE), None)
    bound = outer or page
    most = 0.0
    choice: Tag | None = outer
    for tag in index.tags:
        is_content = id(tag) in ids or any(map(_CONTENT.fullmatch, names_of(tag)))
        if not is_content or not index.inside(tag, bound) or index.covered(tag, dropped):
            continue
        prose = left.prose(tag)
        if prose > most * _NEARLY_ALL and prose > _LITTLE:
            choice, most = tag, max(most, prose)
    return choice or _narrowest(page, left)


def _narrowest(page: Tag, left: "_Left") -> Tag:
    """Down from the page, as long as one part holds nearly all of the text and nothing but parts stands beside it."""
    tag = page
    while True:
        children = [child for child in tag.children if isinstance(child, Tag)]
        if any(
            child.name in _PARAGRAPHS and id(child) not in left.index.layout and left.prose(child) for child in children
        ):
            return tag
        whole = left.prose(tag)
        inner = max(children, key=left.prose, default=None)
        if inner is None or left.prose(inner) < whole * _NEARLY_ALL or not whole or _level(inner) < _NO_HEADING:
            return tag
        tag = inner


class _Left:
    """How much text is left in a tag when the chrome is gone, links hardly counted."""

    def __init__(self, index: Index, dropped: Sequence[Span]) -> None:
        self.index = index
        gone = {index.span[id(tag)]: tag for tag in index.tags}
        self.starts = [start for start, _ in dropped]
        self.sums = [0, *accumulate(self._weight(gone[span]) for span in dropped)]

    def prose(self, tag: Tag) -> float:
        start, end = self.index.span[id(tag)]
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        return max(0.0, self._weight(tag) - (self.sums[last] - self.sums[first]))

    def _weight(self, tag: Tag) -> float:
        linked = self.index.linked(tag)
        return self.index.size(tag) - linked + linked * _LINK_WEIGHT


def _is_named(tag: Tag, *, is_menu: bool) -> bool:
    if tag.name in _TAGS or tag.get("role") in _ROLES:
        return True
    names = " ".join(names_of(tag))
    words = {word.lower() for word in _DIVIDE.findall(names)}
    if words & _BALLOON and words & _SPEAKER:
        return True
    if words & _WORDS and "section" not in words:  # NetCrew's #section_footer is the department's block
        return True
    return bool(is_menu and words & _MENU_WORDS) or _UNSEEN.search(names) is not None


def _says(index: Index, tag: Tag) -> bool:
    """Whether the words themselves are those of a template."""
    if tag.name not in _FLOW or not index.is_small(tag, _NOTICE):
        return False
    words = index.said(tag)
    if len(words) <= _SHORT and _SAYS.fullmatch(words):
        return True
    return tag.name in ("p", "li", "dd", "a") and _READER.search(words) is not None


def without_marks(lines: Sequence[str]) -> list[str]:
    """Lines of text without what a template writes, wherever it stands: buttons, marks, dates with their labels, in lines
    of their own, in two, or at the ends of others."""
    kept: list[str] = []
    for line in lines:
        if kept and len(kept[-1]) <= _LABEL and _is_mark(kept[-1] + line):
            del kept[-1]
            continue
        parts = line.split("\u3000")
        while parts and _is_mark(parts[0]):
            del parts[0]
        while parts and _is_mark(parts[-1]):
            del parts[-1]
        if parts and not _is_mark("".join(parts)):
            kept.append("\u3000".join(parts))
    return kept


def _is_mark(part: str) -> bool:
    words = "".join(part.split())
    return len(words) <= _SHORT and _SAYS.fullmatch(words) is not None


def _is_leading_menu(index: Index, tag: Tag, heading: Tag | None) -> bool:
    """Short links and nothing else right behind the title: kinds to choose from."""
    if heading is None or not index.follows(tag, heading):
        return False
    return 0 < index.size(tag) <= len(_links_alone(index, tag)) * _MENU_WORD


def _is_way_down(index: Index, tag: Tag) -> bool:
    """Links to places further down on the page, and nothing else: tabs, a table of contents."""
    links = _links_alone(index, tag) if tag.name in _GROUPS else []
    return bool(links) and all(str(link.get("href", "")).startswith("#") for link in links)


def _links_alone(index: Index, tag: Tag) -> list[Tag]:
    """The links of a tag that holds several and says nothing else."""
    if not index.is_small(tag, _NOTICE) or index.linked(tag) < index.size(tag):
        return []
    links = tag.find_all("a", limit=_MENU_LINKS)
    return links if len(links) > 1 else []


def _below(index: Index, tag: Tag) -> Iterator[Tag]:
    """A heading of what follows an article, and what stands below it."""
    if tag.name not in _FLOW or not index.is_small(tag, _SHORT):
        return
    words = index.said(tag)
    if _CONTENTS.fullmatch(words):
        yield tag
        following = tag.find_next_sibling()
        if isinstance(following, Tag) and following.name in ("ul", "ol", "div", "nav"):
            yield following
    elif _AFTERWARDS.fullmatch(words):
        yield tag
        for sibling in tag.next_siblings:
            if isinstance(sibling, Tag):
                if _level(sibling) < _NO_HEADING and _level(sibling) <= _level(tag):
                    return
                yield sibling


def _level(tag: Tag) -> int:
    return int(tag.name[1]) if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6") else _NO_HEADING
