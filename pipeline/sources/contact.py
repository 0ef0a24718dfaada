"""お問い合わせ先: the telephone number that a department's block names."""

import re
import unicodedata

_LONGEST = 2000  # characters of a block that are looked at; a longer one is none
_DASH = "[-‐-―−ーｰ]"
_GAP = rf"[ ]?(?:{_DASH}|[()])[ ]?"
# 06-6902-1231, (06)6902-1231, 072(885)1231, 0120-123-456, 050-1234-5678 or ten digits; NFKC has made the digits plain.
_NUMBER = re.compile(
    rf"(?<![0-9])(?:(0[0-9]{{1,4}}){_GAP}([0-9]{{1,4}}){_GAP}([0-9]{{3,4}})|0[1-9][0-9]{{8}})(?![0-9])"
)
# An office's: nine digits after the 0, free of charge, or over the internet. 060 to 090 with eight digits is somebody's own.
_OFFICE = re.compile(r"0[1-9][0-9]{8}|0800[0-9]{7}|050[0-9]{8}")
_FACSIMILE = re.compile(r"(?:fax|ファッ?ク(?:ス|シミリ))[^0-9\n]{0,12}$", re.IGNORECASE)


def telephone(block: str) -> str:
    """The first telephone number of a block, digits with single hyphens ("06-6902-1231"); "" when it names none.

    Never a mobile number, which is somebody's own, nor the one for facsimiles.
    """
    text = unicodedata.normalize("NFKC", block[:_LONGEST])
    for found in _NUMBER.finditer(text):
        number = "-".join(part for part in found.groups() if part) or found[0]
        before = text[max(0, found.start() - 20) : found.start()]
        if _OFFICE.fullmatch(number.replace("-", "")) and not _FACSIMILE.search(before):
            return number
    return ""
