"""Secrets of the environment, kept out of everything that is printed, written or sent to be read.

One filter, in front of stdout, stderr, the step summary, GitHub's issues and the pages: whatever an exception or a library
says, a secret in any encoding that we use comes out as ***.
"""

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

from pipeline.late import late

# Of variables that hold one, ours and other programs'.
NAMES = late(
    r"TOKEN|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIAL|(DEPLOY|API|ACCESS|PRIVATE|SSH|SIGNING)_?KEY|_PAT$", re.IGNORECASE
)
LOGIN = late(r"(?<=://)(?!git@)[^\s/@]{1,500}(?=@)")  # of an address: git and proxies have passwords there
SHORTEST = 6  # characters; what is shorter would mask words, and protects nothing
MASK = "***"
# By hand: `html` would bring its 2,000 entities into every run.
IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
URL_SAFE = str.maketrans("+/", "-_")  # of base64

_forms: dict[str, None] = {}  # every spelling of every secret, longest first


def learn(*secrets: str) -> None:
    """From now on these are masked: the environment's, and tokens that are issued while we run."""
    forms = {form for secret in secrets for form in _spellings(secret)} | _forms.keys()
    _forms.clear()
    _forms.update(dict.fromkeys(sorted(forms, key=len, reverse=True)))


def masked(text: str) -> str:
    for form in _forms:
        if form in text:
            text = text.replace(form, MASK)
    return LOGIN.sub(MASK, text) if "@" in text else text


def short(text: str, most: int) -> str:
    """One line of at most so many characters; masked before it is cut, as half a secret would not be known again."""
    return " ".join(masked(text).split())[:most]


def write_masked(file: Path, page: str) -> Path:
    """Write a page that people open; returns where."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(masked(page), encoding="utf-8")
    return file


@contextmanager
def masking(environment: Mapping[str, str]) -> Iterator[None]:
    """Mask what is written to stdout and stderr."""
    learn(*(value for name, value in environment.items() if NAMES.search(name)))
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Filter(before[0]), _Filter(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _spellings(secret: str) -> Iterator[str]:
    """As it is, line by line, percent-encoded, in HTML, JSON and repr, in hexadecimal, in base64 at each of its three offsets."""
    for part in {secret.strip(), *secret.split()}:
        if len(part) < SHORTEST:
            continue
        raw = part.encode(errors="surrogateescape")
        percent = (quote(raw, safe=""), quote(raw), quote_plus(raw))
        yield from (part, *percent, *(re.sub("%..", lambda found: found[0].lower(), one) for one in percent), raw.hex())
        yield from (
            json.dumps(part)[1:-1],
            json.dumps(part, ensure_ascii=False)[1:-1],
            repr(part)[1:-1],
            repr(raw)[2:-1],
        )
        escaped = part.translate(IN_HTML)
        for double, single in (('"', "'"), ("&quot;", "&#x27;"), ("&#34;", "&#39;")):
            yield escaped.replace('"', double).replace("'", single)
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + raw).decode()
            begin = (0, 2, 3)[offset]  # what the bytes before it change
            inner = encoded[begin : len(encoded.rstrip("=")) - (1 if encoded.endswith("=") else 0)]
            if len(inner) >= SHORTEST:
                yield from (inner, inner.translate(URL_SAFE))


class _Filter:
    """A stream that masks; everything else about it is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(masked(text))

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
