"""Bytes that nobody foresaw, from the site, LINE, the ledger or an editor, end in a value or in an error of ours that says what is wrong.

Good examples are damaged by chance: the same damage in every run of `make test`; in `make soak` FUZZ_SECONDS of other damage
for each target.
"""

import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.config import ConfigError, Selectors, load
from pipeline.desk import Desk
from pipeline.form import filled_in, hand_in
from pipeline.ledger import store
from pipeline.ledger.events import Baseline, Chosen, Found, Intent, Outcome, Robots
from pipeline.ledger.ledger import Rehearsal, known
from pipeline.ledger.store import LedgerError
from pipeline.ledger.verify import verify
from pipeline.line.answers import LineError
from pipeline.line.client import LineClient
from pipeline.refusal import Refusal
from pipeline.sources import article_page, feed, html_list, smart_cms
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.fetch import Client as Asker
from pipeline.sources.robots import Rules
from tests.town import CONFIG, TUESDAY

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
FORM = "投稿\na1b2c3d4e5f6\n/kurashi/1.html\n題\n本文\n8(1)\nfalse\n断水のため\n2026-11-24T09:00\n広報かどま"
ROBOTS = "User-agent: *\nDisallow: /kurashi/*.pdf$\nAllow: /\nCrawl-delay: 2\n\nUser-agent: kadoma-line\nDisallow: /admin\nSitemap: /sitemap.xml\n"
LINE = b"""HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 23:00:00 GMT\r\nContent-Type: application/json\r\nx-line-request-id: r1\r\nContent-Length: 320\r\n\r\n\
{"basicId":"@kadoma_city","chatMode":"bot","endpoint":"https://x","active":true,"type":"limited","value":30000,"totalUsage":17,
"status":"ready","followers":12,"targetedReaches":9,"blocks":1,"apiBroadcast":4,"overview":{"delivered":320,"uniqueImpression":82},
"access_token":"t0ken","expires_in":900,"message":"no","details":[{"message":"bad","property":"messages[0]"}]}"""


def fetched(body: bytes) -> Fetched:
    return Fetched(URL, URL, 200, body, "text/html; charset=utf-8")


def configured(body: bytes, folder: Path) -> object:
    (folder / "kadoma.toml").write_bytes(body)
    return load(folder / "kadoma.toml")


def obeyed(body: bytes, _: Path) -> object:
    """Of a host that has it already; and what a first reading takes out of it."""
    site = load(CONFIG).site

    class Served(Asker):
        def get(self, url: str, **_: Any) -> Fetched:
            return replace(fetched(body), url=url)

    for files in ({}, {HOSTS[0]: Robots(at=TUESDAY, host=HOSTS[0], text=fetched(body).text)}):
        Rules(Served(site, lambda: TUESDAY), files, lambda: TUESDAY).require(URL, remembered=True)
    return None


@cache
def ledger() -> bytes:
    """Lines that follow one another."""
    import tempfile

    at, chosen = TUESDAY, (Chosen("a2", "due", "7", "8(1)", date=TUESDAY),)
    with tempfile.TemporaryDirectory() as folder:
        store.append(
            Path(folder),
            [
                Baseline(at=at, run="r1", article="a1", url=URL, title="ごみの収集", source=URL, date=at, page_no=7),
                Found(at=at, run="r1", article="a2", url=f"{URL}#2", title="断水", source=URL, kind="new", seen=at),
                Intent(
                    at=at,
                    run="r1",
                    broadcast="b1",
                    key="k1",
                    sha256="0" * 64,
                    chosen=chosen,
                    policy_version="1",
                    used=3,
                ),
                Outcome(at=at, run="r1", broadcast="b1", outcome="accepted", status=200, request_id="q1"),
            ],
        )
        return (Path(folder) / "ledger-2026.jsonl").read_bytes()


def recorded(body: bytes, folder: Path) -> object:
    (folder / "ledger-2026.jsonl").write_bytes(body)
    verify(folder)  # tells whatever it finds
    return known(folder)


def handed_in(body: bytes, folder: Path) -> object:
    names = ("ACTION", "ID", "URL", "TITLE", "TEXT", "BASIS", "EMERGENCY", "WHY", "AT", "QUOTED_FROM")
    parts = body.decode(errors="surrogateescape").split("\n")  # as the environment has it
    config = load(CONFIG)
    with Rehearsal(folder / "empty", "r1", lambda: TUESDAY) as office:
        form = filled_in({f"FORM_{name}": value for name, value in zip(names, parts, strict=False)})
        return hand_in(form, config, Desk(config, office, "kiki"), lambda picture: picture)


class Teller:
    """LINE, whose next answers are whatever bytes it was given. Real sockets: what a library makes of them counts, too."""

    said = b""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(self.said)
            except OSError:
                if self._listener.fileno() < 0:
                    return

    def close(self) -> None:
        self._listener.close()


def answered(body: bytes, _: Path) -> object:
    """Each question once. What the answer to a broadcast is worth, `Answer` says, and never an exception."""
    line = replace(load(CONFIG).line, api=teller().url, attempts=1, read_timeout="1s")
    teller().said = body
    day = TUESDAY.date()
    for secrets in ({"LINE_CHANNEL_ID": "1", "LINE_CHANNEL_SECRET": "s3cret"}, {"LINE_CHANNEL_ACCESS_TOKEN": "t0ken"}):
        asked = LineClient(line, secrets, lambda: TUESDAY, lambda _: None)
        for question in (
            asked.check_account, asked.reception, asked.quota, lambda one=asked: one.message_event("r1"),
            lambda one=asked: one.followers(day), lambda one=asked: one.delivery(day), lambda one=asked: one.validate([]),
        ):  # fmt: skip
            with suppress(LineError):
                question()
    told = asked.broadcast(b"{}", "k1", first=True, may_go=lambda: True)
    assert told.outcome != "accepted" or told.request_id
    return asked.evidence(TUESDAY)


@cache
def teller() -> Teller:
    return Teller()


TARGETS: dict[str, tuple[bytes, Callable[[bytes, Path], object]]] = {
    "page": (PAGE.encode(), lambda body, _: article_page.read(fetched(body), HOSTS)),
    "feed": (FEED.encode(), lambda body, _: feed.read(fetched(body), HOSTS)),
    "list in JSON": (LIST.encode(), lambda body, _: smart_cms.read(fetched(body), HOSTS)),
    "list page": (HTML.encode(), lambda body, _: html_list.read(fetched(body), HOSTS, Selectors("li.page", date=".date"))),
    "form": (FORM.encode(), handed_in),
    "configuration": (CONFIG.read_bytes(), configured),
    "ledger": (b"", recorded),
    "robots.txt": (ROBOTS.encode(), obeyed),
    "answers of LINE": (LINE, answered),
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
    example = example or ledger()
    number, until = 0, time.monotonic() + SECONDS
    while number < FEW or time.monotonic() < until:
        seed = f"{target} {number}" if not SECONDS else f"{target} {time.time_ns()}"
        body = damaged(example, random.Random(seed))  # noqa: S311 - the same damage for the same seed
        number += 1
        try:
            read(body, tmp_path)
        except (FetchError, ConfigError, LedgerError, LineError, Refusal):
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed!r}: {body!r}") from error
