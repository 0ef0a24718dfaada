"""What can go wrong on the other side of the wire, as small frozen values."""

import functools
import gzip
import struct
import zlib
from datetime import timedelta
from threading import Event
from typing import Literal, Self

import msgspec
from msgspec import Struct

from pipeline.sandbox.city import HTML

MEGABYTE = 1_000_000
CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body><h1>Access Denied</h1><p>Please enable cookies and JavaScript.</p></body></html>"
)
ENTITY_BOMB = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE rdf [\n<!ENTITY a0 "新着">\n'
    + "\n".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "\n]>\n<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
    "<channel rdf:about='/'><title>&a9;</title></channel></rdf:RDF>"
)


class Fault(Struct, frozen=True):
    """One way to fail.

    `answer` replaces the answer; `recode` re-encodes the true one and keeps its claim of UTF-8; `cut` promises more
    bytes than come; `hang` says nothing until released, then goes on; `drop` closes the connection without a word.
    `when`: before the server has acted on the request, or after it. `containing`: only requests whose
    body has this text.
    """

    kind: Literal["answer", "recode", "cut", "hang", "drop"]
    when: Literal["before", "after"] = "before"
    status_code: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    encoding: str = ""
    containing: str = ""
    until: Event | None = None

    def after(self) -> Self:
        """The same, but once the server has already acted: the request counts, only the answer is lost."""
        return msgspec.structs.replace(self, when="after")

    @classmethod
    def status(cls, code: int, body: str = "", retry_after: timedelta | None = None) -> Self:
        """An error page; 503 usually with Retry-After."""
        headers = [("Content-Type", HTML)]
        if retry_after is not None:
            headers.append(("Retry-After", str(int(retry_after.total_seconds()))))
        page = body or f"<html><body><h1>{code}</h1></body></html>"
        return cls("answer", status_code=code, body=page.encode(), headers=tuple(headers))

    @classmethod
    def challenge(cls) -> Self:
        """A web application firewall that refuses plain clients."""
        return cls.status(403, CHALLENGE)

    @classmethod
    def redirect_to(cls, url: str, code: int = 302) -> Self:
        return cls("answer", status_code=code, headers=(("Location", url), ("Content-Type", HTML)))

    @classmethod
    def cookie_loop(cls, path: str) -> Self:
        """302 to the same address with a cookie, however often it is brought back."""
        headers = (("Location", path), ("Set-Cookie", "waf=1; Path=/"), ("Content-Type", HTML))
        return cls("answer", status_code=302, headers=headers)

    @classmethod
    def raw(cls, body: bytes | str, content_type: str = HTML, content_encoding: str = "") -> Self:
        """200 with exactly these bytes, whatever they are."""
        headers = [("Content-Type", content_type)]
        if content_encoding:
            headers.append(("Content-Encoding", content_encoding))
        return cls("answer", body=body.encode() if isinstance(body, str) else body, headers=tuple(headers))

    @classmethod
    def malformed_json(cls) -> Self:
        return cls.raw('[{"page_no": 40123, "page_name": "途中で', "application/json")

    @classmethod
    def html_instead(cls) -> Self:
        """A friendly maintenance page with status 200, where JSON or XML was expected."""
        return cls.raw("<!DOCTYPE html><html><body><h1>ただいまメンテナンス中です</h1></body></html>")

    @classmethod
    def shift_jis(cls) -> Self:
        """The true answer in Shift_JIS, still announced as UTF-8."""
        return cls("recode", encoding="cp932")

    @classmethod
    def gzip_bomb(cls, megabytes: int = 100, content_type: str = HTML) -> Self:
        """Few bytes on the wire, many once decoded."""
        return cls.raw(packed_spaces(megabytes), content_type, "gzip")

    @classmethod
    def big(cls, megabytes: int = 10, content_type: str = HTML) -> Self:
        return cls.raw(b"<html><body>" + b" " * (megabytes * MEGABYTE), content_type)

    @classmethod
    def entity_bomb(cls) -> Self:
        """A billion laughs."""
        return cls.raw(ENTITY_BOMB, "application/xml; charset=utf-8")

    @classmethod
    def hang(cls, until: Event | None = None) -> Self:
        """Nothing until `until` is set or `release()` is called, then the true answer, unless the client is gone."""
        return cls("hang", until=until)

    @classmethod
    def drop(cls) -> Self:
        return cls("drop")

    @classmethod
    def cut_short(cls) -> Self:
        """The true answer's first half, then the connection is closed."""
        return cls("cut")


@functools.cache
def packed_spaces(megabytes: int) -> bytes:
    """As one gzip member. What follows a full flush knows nothing of what came before, so one megabyte is packed for all."""
    block = b" " * MEGABYTE
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    check = functools.reduce(lambda before, _: zlib.crc32(block, before), range(megabytes), 0)
    end = packer.flush() + struct.pack("<II", check, megabytes * MEGABYTE)
    return gzip.compress(b"")[:10] + packed * megabytes + end
