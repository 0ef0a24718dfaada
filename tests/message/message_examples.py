"""Articles for the tests of messages: random ones over all planes of Unicode, and the gallery's lifelike ones."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st

from pipeline.article import Item, Picture
from pipeline.config import JST, Config, load

CONFIG: Config = load(Path(__file__).parents[1] / "kadoma.toml")

_any = st.characters(exclude_categories=())  # surrogates and unassigned code points too
_hard = st.sampled_from(
    [
        "👨‍👩‍👧‍👦",
        "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "🇯🇵",
        "葛󠄀",
        "ｶﾞ",
        "\u202e",
        "\u200b",
        "\u0301",
        '"',
        "\\",
        "{{",
        "}}",
        "{%",
        "\n",
        "。",
        "\u3000",
        "<b>",
    ]
)
text = st.lists(st.one_of(_any, _hard), max_size=30).map("".join)
long_text = st.builds(lambda part, times: part * times, text, st.integers(1, 300))
url = st.one_of(
    st.just(""),
    text,
    text.map(lambda path: f"https://www.city.kadoma.osaka.jp/{path}"),
    st.just("https://a.jp/" + "あ" * 900),
)
pictures = st.builds(Picture, url=url, alt=text, width=st.integers(-1, 9999), height=st.integers(-1, 9999))
dates = st.integers(-62_000_000_000, 253_000_000_000).map(
    lambda second: datetime(1970, 1, 1, tzinfo=JST) + timedelta(seconds=second)
)
items = st.builds(
    Item,
    id=st.integers(0, 2**48).map(lambda number: f"{number:012x}"),
    style=st.sampled_from(["article", "article", "emergency", "correction", "text"]),
    title=st.one_of(text, long_text),
    url=url,
    date=st.one_of(st.none(), dates),
    date_only=st.booleans(),
    updated=st.booleans(),
    label=text,
    department=text,
    tel=st.one_of(text, st.just("06-6902-1231")),
    text=st.one_of(text, long_text),
    picture=st.one_of(st.none(), pictures),
    corrects=st.one_of(text, long_text),
    quoted_from=text,
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
