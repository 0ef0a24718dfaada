"""One request and its answer, by `http.client`; redirects, repeats and limits are the polite client's matter (fetch.py).

Not `requests`: to import it costs more than all the rest of a run without news (benchmarks/README.md), and its time-outs
count from byte to byte, so that a server that drips holds a run for hours.
"""

import os
import socket
import ssl
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from pipeline.sources.answer import Barred, DamagedBody, NoAnswer

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

LOOK = 1.0  # seconds between two looks whether the run shall stop
# OpenSSL's numbers (X509_V_ERR_…) for what is wrong with a certificate, as a web team can act on it.
_CERTIFICATE = {
    9: "it is not valid yet", 10: "it has expired", 18: "it is signed by itself", 19: "its authority is not a known one",
    20: "the chain is incomplete: the server does not send an intermediate certificate, or its authority is unknown",
    21: "the chain is incomplete: the server does not send an intermediate certificate",
    23: "it was revoked", 62: "it is made out to another name", 64: "it is made out to another address",
}  # fmt: skip
# OpenSSL's reasons that another attempt will not change.
_NO_COMMON_WAY = (
    "PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHERS", "DH_KEY_TOO_SMALL",
    "LEGACY_RENEGOTIATION", "WRONG_VERSION_NUMBER", "WRONG_SIGNATURE_TYPE", "INSUFFICIENT_SECURITY", "CERTIFICATE_REQUIRED",
)  # fmt: skip


class Limits(Struct, frozen=True):
    """Seconds: to connect, without a single byte, and the instant (monotonic) at which the whole request has to be over."""

    connect: float
    silence: float
    until: float


class Session:
    """Requests with common headers and cookies, each on a connection of its own; safe to use from two threads.

    Args:
        headers: sent with every request.
        stopping: whether the run shall end.
    """

    def __init__(
        self, headers: Mapping[str, str], monotonic: Callable[[], float], stopping: Callable[[], bool]
    ) -> None:
        self._headers = {"Accept-Encoding": "gzip", **headers, "Connection": "close"}
        self._monotonic, self._stopping = monotonic, stopping
        self._jar: CookieJar | None = None

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], limits: Limits) -> "Iterator[Response]":
        """Ask for a canonical address; redirects come back as they are.

        Raises:
            Barred, NoAnswer: there was no answer.
        """
        parts = urlsplit(url)
        connection, target, more = self._way(parts, limits)
        try:
            connection.response_class = _timed(limits, self._monotonic, self._stopping)
            _connect(connection, parts)
            connection.sock.settimeout(limits.silence)
            connection.request("GET", target, headers={**self._headers, **more, **self._cookie_header(url), **headers})
            with connection.getresponse() as response:
                self._keep_cookies(url, response)
                yield Response(response)
        except (HTTPException, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()

    @property
    def cookies(self) -> tuple[tuple[str, str | None], ...]:
        """Names and values as they stand."""
        return tuple(sorted((cookie.name, cookie.value) for cookie in self._jar or ()))

    def _way(self, parts: SplitResult, limits: Limits) -> tuple[HTTPConnection, str, dict[str, str]]:
        """The connection, what to ask on it, and headers that the way needs."""
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = _proxy(parts)
        netloc = proxy.netloc.rpartition("@")[2] if proxy else parts.netloc
        more = _login(proxy) if proxy else {}
        if parts.scheme == "https":
            secure = HTTPSConnection(netloc, timeout=limits.connect, context=self._context)
            if proxy:
                secure.set_tunnel(parts.hostname or "", parts.port or 443, more)
            return secure, target, {}
        return HTTPConnection(netloc, timeout=limits.connect), parts.geturl() if proxy else target, more

    @cached_property
    def _context(self) -> ssl.SSLContext:
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        if not named:
            import certifi

            named = certifi.where()
        return ssl.create_default_context(cafile=named)

    def _cookie_header(self, url: str) -> dict[str, str]:
        if self._jar is None:
            return {}
        from urllib.request import Request

        request = Request(url)  # noqa: S310 - carries the cookies, is never opened
        self._jar.add_cookie_header(request)
        return dict(request.unredirected_hdrs)

    def _keep_cookies(self, url: str, response: HTTPResponse) -> None:
        if "Set-Cookie" not in response.headers:
            return
        from http.cookiejar import CookieJar
        from urllib.request import Request

        self._jar = CookieJar() if self._jar is None else self._jar
        self._jar.extract_cookies(response, Request(url))  # noqa: S310 - says where the cookies came from


class Response:
    """One answer whose body has not been read yet."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self._response = response
        self._coding = self.headers.get("Content-Encoding", "").strip().lower()
        self._gzip: Any = None
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next bytes that have come, decoded, at most `size`; b"" at the end.

        Raises:
            DamagedBody: the compression is none, or one that nobody asked for.
            NoAnswer: the connection ended before the body did.
        """
        if self._coding in ("", "identity"):
            return self._raw(size)
        if self._coding not in ("gzip", "x-gzip"):
            raise DamagedBody(f"it comes as {self._coding!r}, which nobody asked for: we accept gzip or nothing")
        while raw := self._rest or self._raw(size):
            if self._gzip is None or self._gzip.eof:  # a file may have several members
                self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                data: bytes = self._gzip.decompress(raw, size)
            except zlib.error as error:
                raise DamagedBody(str(error)) from None
            self._rest = self._gzip.unconsumed_tail or self._gzip.unused_data
            if data:
                return data
        if self._gzip is not None and not self._gzip.eof:
            raise NoAnswer("the compressed body ended too soon")
        return b""

    def _raw(self, size: int) -> bytes:
        part = self._response.read1(size)
        if not part and self._response.length:
            raise NoAnswer(f"the body ended {self._response.length} bytes too soon")
        return part


class _Timed(RawIOBase):
    """What a socket receives, until the deadline: no single byte keeps it open, and the end of the run ends it."""

    def __init__(
        self,
        sock: socket.socket,
        held: RawIOBase,
        limits: Limits,
        monotonic: Callable[[], float],
        stopping: Callable[[], bool],
    ) -> None:
        self._sock, self._held = (
            sock,
            held,
        )  # `held` keeps the socket open when the connection is closed before it is read
        self._limits, self._monotonic, self._stopping = limits, monotonic, stopping

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._held.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        silent_at = self._monotonic() + self._limits.silence
        while True:
            now = self._monotonic()
            if self._stopping():
                raise NoAnswer("the run was asked to stop")
            if now >= self._limits.until:
                raise NoAnswer("the whole answer took too long")
            if now >= silent_at:
                raise NoAnswer(f"nothing came for {self._limits.silence:.0f} s")
            self._sock.settimeout(min(LOOK, self._limits.until - now, silent_at - now))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue


def _timed(limits: Limits, monotonic: Callable[[], float], stopping: Callable[[], bool]) -> type[HTTPResponse]:
    class Timed(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp = BufferedReader(_Timed(sock, self.fp.detach(), limits, monotonic, stopping))

    return Timed


def _connect(connection: HTTPConnection, parts: SplitResult) -> None:
    """Raises Barred for what will not go away by itself, NoAnswer for the rest; both with the cause in words."""
    proxied = f"the proxy {connection.host}:{connection.port}" if connection.host != parts.hostname else ""
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        cause = _CERTIFICATE.get(error.verify_code, "")
        raise Barred(f"its certificate was not accepted: {cause} ({error.verify_message})") from None
    except ssl.SSLError as error:
        if any(name in (error.reason or "") for name in _NO_COMMON_WAY):
            raise Barred(f"server and client have no protocol or cipher in common ({error.reason})") from None
        raise NoAnswer(f"TLS: {error.reason or error}") from None
    except socket.gaierror as error:
        raise NoAnswer(f"{proxied or parts.hostname}: no such name ({error.strerror})") from None
    except OSError as error:
        if str(error).startswith("Tunnel connection failed"):
            raise Barred(f"{proxied or 'the proxy'} refuses ({str(error).partition(': ')[2]})") from None
        raise NoAnswer(f"{proxied}{': ' * bool(proxied)}{type(error).__name__}: {error}") from None


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy of the environment for this address. Raises Barred for one that cannot be used."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    named = getproxies()
    address = named.get(parts.scheme) or named.get("all")
    if not address or proxy_bypass(parts.hostname or ""):
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise Barred(f"the proxy of the environment has to be http://host:port, not {proxy.scheme}://…")
    return proxy


def _login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
