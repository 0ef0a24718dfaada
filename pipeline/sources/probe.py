"""The cheap question before the thorough one: has this list changed?

Nearly every run ends with "no". Importing `requests` to hear that costs more time and memory than all the rest of such
a run (benchmarks/README.md), so the first question goes out with what Python brings. Its answer is read and judged by
the polite client like every other; whatever is not plain (a proxy, compression, cookies, TLS that fails) `requests` asks.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from pipeline.sources.answer import NoAnswer, trouble
from pipeline.sources.deadline import Deadline, Limits

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Probed:
    """One answer whose body has not been read yet."""

    def __init__(self, response: HTTPResponse, deadline: Deadline) -> None:
        self.status, self.headers = response.status, response.headers
        self._response, self._deadline = response, deadline

    def read(self, size: int) -> bytes:
        """The next bytes that have come, at most `size`; b"" at the end. Raises NoAnswer when the end came too soon."""
        try:
            part = self._response.read1(size)
        except (HTTPException, OSError) as error:
            self._deadline.require()
            raise trouble(error) from None
        if not part:
            self._deadline.require()
            if self._response.length:
                raise NoAnswer(f"the body ended {self._response.length} bytes too soon")
        return part


@contextmanager
def probe(url: str, headers: Mapping[str, str], limits: Limits, deadline: Deadline) -> Iterator[Probed | None]:
    """Ask; None when `requests` has to.

    Raises:
        NoAnswer: the server was there and did not answer.
    """
    if any(name.lower() in _PROXIES for name in os.environ):
        yield None
        return
    parts = urlsplit(url)
    try:
        connection = _connected(parts.scheme, parts.hostname or "", parts.port, limits, deadline)
    except OSError:
        deadline.require()
        yield None
        return
    try:
        connection.sock.settimeout(limits.silence)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET", target, headers={"Accept-Encoding": "identity", **headers})
            response = connection.getresponse()
        except (HTTPException, OSError) as error:
            deadline.require()
            raise trouble(error) from None
        told = response.headers
        wants_more = "Content-Encoding" in told or ("Location" in told and "Set-Cookie" in told)
        yield None if wants_more else Probed(response, deadline)
    finally:
        connection.close()


def _connected(scheme: str, host: str, port: int | None, limits: Limits, deadline: Deadline) -> HTTPConnection:
    secure = scheme == "https"
    name: Any = host.encode() if host.isascii() else host  # a str loads the tables of internationalised names
    sock = socket.create_connection((name, port or (443 if secure else 80)), timeout=limits.connect)
    deadline.watch(sock)
    if not secure:
        connection = HTTPConnection(host, port)
        connection.sock = sock
        return connection
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not named:
        import certifi

        named = certifi.where()
    trust = ssl.create_default_context(cafile=named)
    secured = HTTPSConnection(host, port, context=trust)  # or it would load the system's certificates, for nothing
    secured.sock = trust.wrap_socket(sock, server_hostname=name)
    return secured
