"""Bytes to text: what the bytes are counts more than what the server says they are."""

import re

_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_JIS = re.compile(rb"\x1b\$[@B]|\x1b\([BJI]")
_HEAD = 4096  # bytes in which a page declares itself; HTML asks for the first 1,024

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_JAPANESE = ("euc_jp", "cp932")  # in this order: EUC-JP is often valid Shift_JIS (as half-width kana), not the reverse
# What a declaration can tell us. Everything else (ISO-8859-1 above all) is a server's default, fits any bytes, or is no
# encoding of text at all (a page may declare "punycode").
_DECLARABLE = {
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ms_kanji": "cp932", "cp932": "cp932", "euc-jp": "euc_jp", "x-euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_ext",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5", "euc-kr": "cp949",
}  # fmt: skip


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a response body; never fails.

    Byte order mark, then UTF-8 if it is valid UTF-8 (no Japanese text in another encoding is, by chance), then what
    the header and the page declare, strictly, then the usual Japanese encodings. A UTF-8 page with a few broken
    bytes keeps its readable part.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    if _JIS.search(body, 0, _HEAD * 4):
        text = _strict(body, "iso2022_jp_ext")
        if text is not None:
            return text
    text = _strict(body, "utf-8")
    if text is not None:
        return text
    patched = body.decode("utf-8", "replace")
    if patched.count("\ufffd") * 20 <= sum(character > "\x7f" for character in patched):
        return patched
    for name in (*_declared(body, content_type), *_JAPANESE):
        text = _strict(body, name)
        if text is not None:
            return text
    # Broken in every encoding: the one that loses least.
    return min((body.decode(name, "replace") for name in ("utf-8", *_JAPANESE)), key=lambda text: text.count("\ufffd"))


def _declared(body: bytes, content_type: str) -> list[str]:
    header = _HEADER.search(content_type)
    names = [header[1]] if header else []
    for pattern in (_XML, _META):
        inside = pattern.search(body, 0, _HEAD)
        if inside:
            names.append(inside[1].decode("ascii", "replace"))
    return [_DECLARABLE[name.lower()] for name in names if name.lower() in _DECLARABLE]


def _strict(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except UnicodeError:
        return None
