"""The cheap question before the thorough one: has this list changed?

Nearly every run ends with "no". Importing `requests` to hear that costs more time and memory than all the rest of such
a run (benchmarks/README.md), so the first question goes out with what Python brings. Its answer is read and judged by
the polite client like every other.
"""

import os
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from pipeline.sources.answer import NoAnswer

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Probed:
    """One answer whose body has not been read yet."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self._connection, self._response = connection, response

    def read(self, size: int) -> bytes:
        """The next bytes that have come, at most `size`; b"" at the end. Raises NoAnswer when the end came too soon."""
        try:
            part = self._response.read1(size)
        except (HTTPException, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from None
        if not part and self._response.length:
            raise NoAnswer(f"the body ended {self._response.length} bytes too soon")
        return part

    def close(self) -> None:
        self._connection.close()


def probe(url: str, headers: Mapping[str, str], connect_timeout: float, read_timeout: float) -> Probed | None:
    """Ask; None when `requests` has to: it knows proxies, compression and cookies, and says what is wrong with a certificate.

    Raises:
        NoAnswer: the server was there and did not answer.
    """
    if any(name.lower() in _PROXIES for name in os.environ):
        return None
    parts = urlsplit(url)
    try:
        connection = _connected(parts.scheme, parts.netloc, connect_timeout)
    except OSError:
        return None
    try:
        connection.sock.settimeout(read_timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Accept-Encoding": "identity", **headers})
        response = connection.getresponse()
    except (HTTPException, OSError) as error:
        connection.close()
        raise NoAnswer(f"{type(error).__name__}: {error}") from None
    if "Content-Encoding" in response.headers or ("Location" in response.headers and "Set-Cookie" in response.headers):
        connection.close()
        return None
    return Probed(connection, response)


def _connected(scheme: str, netloc: str, timeout: float) -> HTTPConnection:
    connection = HTTPConnection(netloc, timeout=timeout)
    if scheme == "https":
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        if not named:
            import certifi

            named = certifi.where()
        connection = HTTPSConnection(netloc, timeout=timeout, context=ssl.create_default_context(cafile=named))
    connection.connect()
    return connection
