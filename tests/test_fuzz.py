"""Bytes that nobody foresaw, from the site, the ledger or an editor, end in a value or in an error of ours that says what is wrong.

Good examples are damaged by chance: the same damage in every run of `make test`; in `make soak` FUZZ_SECONDS of other damage
for each target.
"""

import json
import os
import random
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import ConfigError, Selectors, parse
from pipeline.form import filled_in
from pipeline.ledger import store
from pipeline.ledger.store import LedgerError
from pipeline.refusal import Refusal
from pipeline.sources import article_page, feed, html_list, smart_cms
from pipeline.sources.answer import Fetched, FetchError
from tests.town import CONFIG

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
FEW = 60  # damaged examples of each target in `make test`
URL, HOSTS = "https://www.example.jp/kurashi/1.html", ("www.example.jp",)
EVIL = (
    b"", b"\0", b"<", b">", b"&", b'"', b"{", b"[", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B", b"9" * 400, b"-1", b"null", b"true",
    b"1e999", b"]]>", b"<!--", b"<![CDATA[", b"&#xD800;", b"&#0;", b"http://[", b"//", b"\r\n", b"2026-13-45", b"\xe3\x81", b"\\ud800",
)  # fmt: skip
PAGE = """<html><head><meta charset="utf-8"><title>ごみの収集 - 市</title><link rel="canonical" href="https://www.example.jp/kurashi/1.html">
</head><body><div id="pankuzu"><a href="/">ホーム</a></div><h1>ごみの収集</h1><p class="update">更新日：2026年11月24日</p><div id="honbun"><p>収集日が
変わります。</p><img src="/a.png" width="800" height="600" alt="表"><table><tr><td>月曜</td></tr></table></div><p>お問い合わせ 総務課 06-1234-5678</p></body></html>"""
FEED = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>新着</title><item><title>ごみの収集</title>
<link>https://www.example.jp/kurashi/1.html</link><pubDate>Tue, 24 Nov 2026 09:00:00 +0900</pubDate></item></channel></rss>"""
LIST = json.dumps(
    [
        {
            "page_name": "ごみの収集",
            "url": "https://www.example.jp/kurashi/1.html",
            "publish_datetime": "2026-11-24T09:00:00+09:00",
            "page_no": 1,
        }
    ]
)
HTML = '<ul><li class="page"><span class="date">11月24日</span><a href="/kurashi/1.html">ごみの収集</a></li><li class="page"><a href="#n2">報</a></li></ul>'
FORM = "承認\na1b2c3d4e5f6\nhttps://www.example.jp/kurashi/1.html\n題\n本文\n8(1)\ntrue\n断水のため\n2026-11-24T09:00"
LEDGER = '{"article":"a1b2c3d4e5f6","at":"2026-11-24T09:00:00+09:00","decision":"hold","policy":"7","prev":"0","reason":"closed-hours","run":"r1","type":"decided"}\n'


def fetched(body: bytes) -> Fetched:
    return Fetched(URL, URL, 200, body, "text/html; charset=utf-8")


def configured(body: bytes, _: Path) -> object:
    try:
        raw: dict[str, Any] = tomllib.loads(body.decode())
    except ValueError:  # `load` says so by name, and `test_bad_config` sees it
        return None
    return parse(raw)


def recorded(body: bytes, folder: Path) -> object:
    (folder / "ledger-2026.jsonl").write_bytes(body)
    return list(store.read(folder))


def handed_in(body: bytes, _: Path) -> object:
    names = ("ACTION", "ID", "URL", "TITLE", "TEXT", "BASIS", "EMERGENCY", "WHY", "AT")
    return filled_in(
        {f"FORM_{name}": value for name, value in zip(names, body.decode("utf-8", "replace").split("\n"), strict=False)}
    )


TARGETS: dict[str, tuple[bytes, Callable[[bytes, Path], object]]] = {
    "page": (PAGE.encode(), lambda body, _: article_page.read(fetched(body), HOSTS)),
    "feed": (FEED.encode(), lambda body, _: feed.read(fetched(body), HOSTS)),
    "list in JSON": (LIST.encode(), lambda body, _: smart_cms.read(fetched(body), HOSTS)),
    "list page": (HTML.encode(), lambda body, _: html_list.read(fetched(body), HOSTS, Selectors("li.page", date=".date"))),
    "form": (FORM.encode(), handed_in),
    "configuration": (CONFIG.read_bytes(), configured),
    "ledger": (LEDGER.encode() * 3, recorded),
}  # fmt: skip


def damaged(example: bytes, chance: random.Random) -> bytes:
    """A few places changed: taken away, doubled, turned round, or replaced by something evil."""
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(example) + 1)
        end = min(len(example), start + chance.choice((0, 1, 2, 8, 60)))
        middle = chance.choice(
            (b"", example[start:end] * 2, example[start:end][::-1], chance.choice(EVIL), chance.randbytes(4))
        )
        example = example[:start] + middle + example[end:]
    return example


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_is_damaged_nothing_ends_in_an_exception_that_is_not_ours(tmp_path: Path, target: str) -> None:
    example, read = TARGETS[target]
    number, until = 0, time.monotonic() + SECONDS
    while number < FEW or time.monotonic() < until:
        seed = f"{target} {number}" if not SECONDS else f"{target} {time.time_ns()}"
        body = damaged(example, random.Random(seed))  # noqa: S311 - the same damage for the same seed
        number += 1
        try:
            read(body, tmp_path)
        except (FetchError, ConfigError, LedgerError, Refusal):
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed!r}: {body!r}") from error
