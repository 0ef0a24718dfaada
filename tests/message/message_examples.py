"""Articles for the tests of messages: random ones over all planes of Unicode, and the gallery's lifelike ones."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st

from pipeline.article import Item, Picture
from pipeline.config import JST, Config, load

CONFIG: Config = load(Path(__file__).parents[1] / "kadoma.toml")

_HARD = (
    "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🇯🇵", "葛󠄀", "ｶﾞ", "\u202e", "\u200b", "\u0301", '"', "\\", "{{", "}}", "{%", "\n", "。", "\u3000", "<b>",
)  # fmt: skip
_any = st.characters(exclude_categories=())  # surrogates and unassigned code points too
text = st.lists(st.one_of(_any, st.sampled_from(_HARD)), max_size=30).map("".join)
long_text = st.builds(lambda part, times: part * times, text, st.integers(1, 300))
# Where articles are written, and where they are not: ASCII, 仮名と漢字, the rest of plane 0 with its surrogates, all planes.
_PLANES = (range(0x80), range(0x3000, 0xA000), range(0x10000), range(0x10000, 0x110000))


def random_article(chance: random.Random) -> Item:
    """An article of any plane, whose every property can be anything; the same for the same state of chance. (Hypothesis would
    spend as much on making such articles as the tests spend on rendering them.)"""

    def text() -> str:
        letters = (
            chance.choice(_HARD) if chance.random() < 0.4 else chr(chance.choice(chance.choice(_PLANES)))
            for _ in range(chance.randint(0, 30))
        )
        return "".join(letters)

    def long_text() -> str:
        return text() * (chance.randint(1, 300) if chance.random() < 0.1 else 1)

    def url() -> str:
        return chance.choice(("", text(), f"{CONFIG.site.url}/{text()}", "https://a.jp/" + "あ" * 900))

    second = timedelta(seconds=chance.randint(-62_000_000_000, 253_000_000_000))
    picture = Picture(url=url(), alt=text(), width=chance.randint(-1, 9999), height=chance.randint(-1, 9999))
    return Item(
        id=f"{chance.getrandbits(48):012x}",
        style=chance.choice(("article", "article", "emergency", "correction", "text")),
        title=long_text(),
        url=url(),
        date=chance.choice((None, datetime(1970, 1, 1, tzinfo=JST) + second)),
        date_only=chance.random() < 0.5,
        updated=chance.random() < 0.5,
        label=text(),
        department=text(),
        tel=chance.choice((text(), "06-6902-1231")),
        text=long_text(),
        picture=chance.choice((None, picture)),
        corrects=long_text(),
        quoted_from=text(),
    )


def article(number: int = 1, **changes: Any) -> Item:
    """A plain article; every property may be changed."""
    values: dict[str, Any] = {
        "id": f"{number:012x}",
        "style": "article",
        "title": f"お知らせ{number}",
        "url": f"https://www.city.kadoma.osaka.jp/kurashi/{number}.html",
        "date": datetime(2026, 11, 24, 9, 5, tzinfo=JST),
        "label": "くらし",
        "department": "総務部収納課",
        "text": "本文です。",
    }
    return Item(**(values | changes))
