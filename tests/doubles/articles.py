"""The sample articles by what is odd about them, and two entries that are not articles."""

from pipeline.sandbox.articles import ARTICLES, EMERGENCIES, EMERGENCY, SampleArticle

_by_number = {one.page_no: one for one in ARTICLES}
FLU = _by_number[40102]
MASTER = _by_number[40098]
SHORTCUT = _by_number[41815]
REPUBLISHED = _by_number[8820]
UNDATED = _by_number[40111]
PDF_ONLY = _by_number[40113]
PLACEHOLDER = _by_number[40115]
LONG_TITLE = _by_number[40117]
EMOJI = _by_number[40119]
VARIANTS = _by_number[40121]
ENTITIES = _by_number[40123]

CATEGORY_INDEX = SampleArticle(
    "/kurashi/gomi/index.html",
    812,
    "ごみ・リサイクル",
    "",
    "環境水道部クリーンセンター業務課",
    ("くらし",),
    tags=(),
    is_category_index=True,
)
KEITAI_PAGE = SampleArticle(
    "/keitai/kurashi/40118.html",
    40118,
    "携帯版：夜間・休日の診療",
    "<p>保健福祉センター診療所</p>",
    "保健福祉部健康増進課",
    ("携帯版",),
    tags=(),
    is_keitai_page=True,
)
__all__ = [
    "ARTICLES", "CATEGORY_INDEX", "EMERGENCIES", "EMERGENCY", "EMOJI", "ENTITIES", "FLU", "KEITAI_PAGE", "LONG_TITLE",
    "MASTER", "PDF_ONLY", "PLACEHOLDER", "REPUBLISHED", "SHORTCUT", "UNDATED", "VARIANTS",
]  # fmt: skip
