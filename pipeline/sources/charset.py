"""Bytes to text: what the bytes are counts more than what the server says they are."""

import codecs
import re
from functools import cache

from pipeline.late import late

_HEADER = late(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = late(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML = late(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_JIS = late(rb"\x1b\$[@B]|\x1b\$\(D|\x1b\([JI]")
_HEAD = 4096  # bytes in which a page declares itself; HTML asks for the first 1,024

# An emoji written as the two halves of UTF-16 (&#55357;&#56845;), which neither HTML nor XML allows.
_HALVES = late(r"&#(?:x(d[89ab][0-9a-f]{2})|(5\d{4}));&#(?:x(d[c-f][0-9a-f]{2})|(5\d{4}));", re.IGNORECASE)

# How bodies begin: with a byte order mark, or as HTML and JSON do in UTF-16 without one.
_BEGINNINGS = {
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le", b"\0<": "utf-16-be", b"[\0": "utf-16-le", b"\0[": "utf-16-be",
}  # fmt: skip
_CESU = late(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf]")  # the halves of an emoji, each in UTF-8
_CHANCE = 20  # characters; a few half-width kana are what somebody wrote
_THREE_BYTES, _IBM_CELLS = 0x8F, 106
# What Windows and every browser read where the standard's tables have a look-alike.
_AS_WINDOWS = str.maketrans("〜−‖¢£¬¦", "～－∥￠￡￢￤")
_JAPANESE = ("euc_jp", "cp932")  # in this order: EUC-JP is often valid Shift_JIS (as half-width kana), not the reverse
# What a declaration can tell us. Everything else (ISO-8859-1 above all) is a server's default, fits any bytes, or is no
# encoding of text at all (a page may declare "punycode").
_DECLARABLE = {
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ms_kanji": "cp932", "cp932": "cp932", "ms932": "cp932", "windows-932": "cp932", "csshiftjis": "cp932",
    "euc-jp": "euc_jp", "x-euc-jp": "euc_jp", "euc_jp": "euc_jp", "eucjp": "euc_jp", "cp51932": "euc_jp", "eucjp-ms": "euc_jp",
    "eucjp-win": "euc_jp", "iso-2022-jp": "iso2022_jp_ext", "iso-2022-jp-ms": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5", "euc-kr": "cp949",
}  # fmt: skip


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a response body; never fails.

    Byte order mark, then UTF-8 if it is valid UTF-8 (no Japanese text in another encoding is, by chance), then what
    the header and the page declare, strictly, then the usual Japanese encodings. A UTF-8 page with a few broken
    bytes keeps its readable part.
    """
    return whole(_decoded(body, content_type))


def whole(text: str) -> str:
    """The text with each emoji in two halves made one."""
    return _HALVES.sub(_whole, text) if "&#" in text else text


def _decoded(body: bytes, content_type: str) -> str:
    for begins, name in _BEGINNINGS.items():
        if body.startswith(begins):
            return body.decode(name, "replace")
    told = [name for sign, name in ((_CESU, "cesu-8"), (_JIS, "iso2022_jp_ext")) if sign.search(body)]
    for name in (*told, "utf-8"):
        if (text := _strict(body, name)) is not None:
            return text
    patched = body.decode("utf-8", "replace")
    if patched.count("\ufffd") * 20 <= sum(character > "\x7f" for character in patched):
        return patched
    read = [text for name in (*_declared(body, content_type), *_JAPANESE) if (text := _strict(body, name)) is not None]
    if read:
        return next((text for text in read if not _is_no_text(text)), read[0])
    # Broken in every encoding: the one that loses least.
    return min((body.decode(name, "replace") for name in ("utf-8", *_JAPANESE)), key=lambda text: text.count("\ufffd"))


def _is_no_text(text: str) -> bool:
    """Whether a strict reading is one by chance: nearly all half-width kana, or characters of nobody."""
    beyond = [character for character in text if character > "\x7f"]
    halves = sum("\uff61" <= character <= "\uff9f" for character in beyond)
    return any("\ue000" <= character <= "\uf8ff" for character in beyond) or (halves * 2 > len(beyond) > _CHANCE)


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
        if name == "cesu-8":
            return body.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        text = body.decode(name, "strict" if name == "cp932" else _VENDOR)
    except UnicodeError:
        return None
    return text.translate(_AS_WINDOWS) if name in ("euc_jp", "iso2022_jp_ext") else text


def _vendor(error: UnicodeError) -> tuple[str, int]:
    """Reads what Windows has beside JIS X 0208 (① ㎝ ㈱ Ⅱ 髙) in EUC-JP and ISO-2022-JP: the same cells, as cp932 has them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    start, is_euc = error.start, error.encoding == "euc_jp"
    if is_euc and error.object[start] == _THREE_BYTES:
        return _ibm_cell(error, error.object[start + 1 : start + 3]), start + 3
    pair = bytes(byte & 0x7F for byte in error.object[start : start + 2])
    is_high = error.object[start] > 0x7F  # noqa: PLR2004 - EUC-JP sets the highest bit, ISO-2022-JP does not
    if len(pair) < 2 or not all(0x21 <= byte <= 0x7E for byte in pair) or is_high != is_euc:  # noqa: PLR2004
        raise error
    row, cell = pair
    first = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)  # noqa: PLR2004 - JIS to Shift_JIS
    second = cell + (0x1F + (cell >= 0x60) if row % 2 else 0x7E)  # noqa: PLR2004
    try:
        return bytes((first, second)).decode("cp932"), start + 2
    except UnicodeError:
        raise error from None


def _ibm_cell(error: UnicodeDecodeError, pair: bytes) -> str:
    """A character of IBM's that eucJP-ms has behind JIS X 0212, from 0x8FF3F3 on."""
    place = (pair[0] - 0xF3) * 94 + pair[1] - 0xF3 if len(pair) == 2 and min(pair) > 0xA0 else -1  # noqa: PLR2004
    cells = _ibm_cells()
    if not 0 <= place < len(cells):
        raise error
    return cells[place]


@cache
def _ibm_cells() -> str:
    """IBM's characters in the order of cp932, without those that JIS X 0208 and 0212 have elsewhere. eucJP-ms counts № in,
    and ￢ and ￤ out."""
    pairs = (bytes((lead, trail)) for lead in (0xFA, 0xFB, 0xFC) for trail in range(0x40, 0xFD))
    cells = (pair.decode("cp932", "ignore") for pair in pairs)
    own = (cell for cell in cells if cell == "№" or (cell not in "￢￤" and not cell.encode("euc_jp", "ignore")))
    return "".join(own)[:_IBM_CELLS]


_VENDOR = "kadoma-line-vendor"
codecs.register_error(_VENDOR, _vendor)


def _whole(halves: re.Match[str]) -> str:
    high, low = (int(halves[n], 16) if halves[n] else int(halves[n + 1]) for n in (1, 3))
    pair = high.to_bytes(2, "big") + low.to_bytes(2, "big")
    return pair.decode("utf-16-be", "replace")
