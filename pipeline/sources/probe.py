"""The cheap question before the thorough one: has this list changed?

Nearly every run ends with "no". Importing `requests` to hear that costs more time and memory than all the rest of such
a run (benchmarks/README.md), so the first question goes out with what Python brings. The answer is judged by the
polite client like every other; when there is none, or it is compressed, `requests` asks.
"""

import os
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import urlsplit

_CHUNK = 1 << 20
_PATIENCE = 3  # time-outs that one whole body may take
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def probe(url: str, headers: Mapping[str, str], timeout: float, limit: int) -> tuple[int, HTTPMessage, bytes] | None:
    """(status, headers, body up to one byte more than `limit`; no body unless the status is 200), or None."""
    if any(name.lower() in _PROXIES for name in os.environ):
        return None
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.netloc, timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Accept-Encoding": "identity", **headers})
        answer = connection.getresponse()
        if answer.status != 200:  # noqa: PLR2004
            return answer.status, answer.headers, b""
        body, deadline = b"", time.monotonic() + _PATIENCE * timeout
        while len(body) <= limit and (part := answer.read1(_CHUNK)):
            body += part
            if time.monotonic() > deadline:  # a server that drips does not hold us for ever
                return None
        is_whole = not answer.length or len(body) > limit
        return (200, answer.headers, body) if is_whole and "Content-Encoding" not in answer.headers else None
    except (HTTPException, OSError, ValueError):
        return None
    finally:
        connection.close()


def _connection(scheme: str, netloc: str, timeout: float) -> HTTPConnection:
    if scheme != "https":
        return HTTPConnection(netloc, timeout=timeout)
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not named:
        import certifi

        named = certifi.where()
    return HTTPSConnection(netloc, timeout=timeout, context=ssl.create_default_context(cafile=named))
