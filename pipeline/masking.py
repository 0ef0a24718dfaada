"""Secrets of the environment, kept out of everything that is printed, written or sent to be read.

One filter, in front of stdout, stderr, the step summary, GitHub's issues and the pages: whatever an exception or a library
says, a secret in any encoding that we use comes out as ***.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

NAMES = re.compile(
    r"\w*(TOKEN|SECRET|PASSWORD|DEPLOY_KEY|API_KEY)"
)  # of variables that hold one, ours and other programs'
SHORTEST = 6  # characters; what is shorter would mask words, and protects nothing
MASK = "***"

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
    return text


@contextmanager
def masking(environment: Mapping[str, str]) -> Iterator[None]:
    """Mask what is written to stdout and stderr."""
    learn(*(value for name, value in environment.items() if NAMES.fullmatch(name)))
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Filter(before[0]), _Filter(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _spellings(secret: str) -> Iterator[str]:
    """As it is, line by line, percent-encoded, in JSON and repr, in base64 at each of its three offsets."""
    for part in {secret.strip(), *secret.split()}:
        if len(part) < SHORTEST:
            continue
        yield from (part, quote(part, safe=""), quote_plus(part), json.dumps(part)[1:-1], repr(part)[1:-1])
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + part.encode()).decode()
            begin = (0, 2, 3)[offset]  # what the bytes before it change
            inner = encoded[begin : len(encoded.rstrip("=")) - (1 if encoded.endswith("=") else 0)]
            if len(inner) >= SHORTEST:
                yield inner


class _Filter:
    """A stream that masks; everything else about it is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(masked(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
