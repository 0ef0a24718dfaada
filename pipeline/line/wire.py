"""One request to LINE and its answer, within a time that counts for all of it.

Not through line-bot-sdk: its client has no deadline for a whole answer, and its models refuse what LINE may add any day.
"""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from msgspec import Struct

MOST = 1_000_000  # bytes of an answer that are read; LINE's have a few hundred


class LineSilent(Exception):
    """There was no whole answer. `sent`: something of the request may have reached LINE, which may have acted on it."""

    def __init__(self, words: str, sent: bool) -> None:
        super().__init__(words)
        self.sent = sent


class Reply(Struct, frozen=True):
    """Any answer. Names of headers are in lower case; `reason` is what stands behind the status."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, within: tuple[float, float]
) -> Reply:
    """Ask once; redirects are answers like any other.

    Args:
        within: seconds until the connection stands, TLS included; and for request and answer together, however slowly
            they drip.

    Raises:
        LineSilent: with the cause in words.
    """
    parts, (connect, read) = urlsplit(url), within
    try:
        connection = _connection(parts.scheme, parts.netloc, connect)
    except OSError as error:
        raise LineSilent(f"the certificate authorities cannot be read ({error})", sent=False) from None
    with contextlib.closing(connection):
        with _Cutoff(lambda: connection.sock, connect) as over:
            try:
                _connect(connection)
            except Exception as error:  # a name that is none, a certificate that cannot be read: nothing left us
                raise LineSilent(f"no connection ({over.words(error)})", sent=False) from None
        sock = connection.sock  # the connection forgets it as soon as an answer is to end with it
        with _Cutoff(lambda: sock, read) as over:
            try:
                sock.settimeout(read)
                connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, dict(headers))
                response = connection.getresponse()
                whole = response.read(MOST)
            except Exception as error:  # whatever the library makes of odd bytes: the request has left
                raise LineSilent(over.words(error), sent=True) from None
            if over.passed or (response.length and len(whole) < MOST):
                raise LineSilent(over.words(None), sent=True)
    told = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, response.reason, told, whole)


def _connection(scheme: str, netloc: str, timeout: float) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(netloc, timeout=timeout, context=_trust(_authorities()))
    return HTTPConnection(netloc, timeout=timeout)


def _connect(connection: HTTPConnection) -> None:
    """The handshake is made here, where the deadline knows its socket."""
    HTTPConnection.connect(connection)
    if isinstance(connection, HTTPSConnection):
        connection.sock = _trust(_authorities()).wrap_socket(
            connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
        )
        connection.sock.do_handshake()


class _Cutoff:
    """Shuts a connection down from another thread when its seconds are over: whatever waits for it then ends with an error."""

    def __init__(self, sock: Callable[[], socket.socket], seconds: float) -> None:
        self.passed = False
        self._sock, self._seconds = sock, seconds
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def words(self, error: Exception | None) -> str:
        if self.passed or isinstance(error, TimeoutError):
            return f"no whole answer within {self._seconds:g} s"
        return f"{type(error).__name__}: {error}" if error else "the answer ended too soon"

    def __enter__(self) -> "_Cutoff":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.passed = True
        with contextlib.suppress(OSError, TypeError):  # it is not there yet, or not any more
            socket.socket.shutdown(self._sock(), socket.SHUT_RDWR)


def _authorities() -> tuple[str, ...]:
    """Files of certificate authorities that the environment names (an office network that looks into TLS), or certifi's."""
    named = [os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")]
    if any(named):
        return tuple(filter(None, named))
    import certifi  # not where the environment names others

    return (certifi.where(),)


@lru_cache(4)  # a file of the environment may be another one tomorrow under the same name
def _trust(authorities: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authorities[0])
    for more in authorities[1:]:
        context.load_verify_locations(more)
    return context
