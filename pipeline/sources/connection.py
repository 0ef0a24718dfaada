"""One GET at a time through `requests`; redirects, repeats and limits are the polite client's matter (fetch.py)."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, HTTPError

from pipeline.sources.answer import DamagedBody, trouble
from pipeline.sources.deadline import Deadline, Limits

CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
_request = threading.local()  # the deadline of the request that a thread is at


class Streamed:
    """One answer whose body has not been read yet."""

    def __init__(self, response: requests.Response, deadline: Deadline) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw, self._deadline = response.raw, deadline
        self._coding = response.headers.get("Content-Encoding", "").strip().casefold()

    def read(self, size: int) -> bytes:
        """The next bytes that have come, decoded, at most `size`; b"" at the end.

        Raises:
            DamagedBody: the compression is none, or one that nobody asked for.
            NoAnswer: the connection ended before the body did.
        """
        if self._coding not in CODINGS:
            raise DamagedBody(f"it comes as {self._coding!r}, which nobody asked for: we accept gzip or nothing")
        try:
            part = bytes(self._raw.read1(size, decode_content=True))
        except DecodeError as error:
            raise DamagedBody(str(error)) from None
        except (HTTPError, OSError) as error:
            self._deadline.require()
            raise trouble(error) from None
        if not part:
            self._deadline.require()
        return part


class Session:
    """Connections to a few hosts, used again and again; safe to use from two threads.

    Args:
        headers: sent with every request.
        stopping: whether the run shall end.
    """

    def __init__(
        self, headers: Mapping[str, str], monotonic: Callable[[], float], stopping: Callable[[], bool]
    ) -> None:
        self._monotonic, self._stopping = monotonic, stopping
        self._session = _Unled()
        self._session.auth = lambda request: request  # or requests would send passwords of this machine's .netrc
        self._session.headers.update({**headers, "Accept-Encoding": "gzip"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Watched())

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], limits: Limits) -> Iterator[Streamed]:
        """Ask for a canonical address; redirects come back as they are.

        Raises:
            Barred, NoAnswer: there was no answer.
        """
        timeout = (limits.connect, limits.silence)
        with Deadline(limits, self._monotonic, self._stopping) as deadline:
            _request.deadline = deadline
            try:
                response = self._session.get(
                    url, headers=dict(headers), timeout=timeout, allow_redirects=False, stream=True
                )
            except (requests.RequestException, HTTPError, OSError) as error:
                deadline.require()
                raise trouble(error) from None
            with response:
                yield Streamed(response, deadline)

    @property
    def cookies(self) -> tuple[tuple[str, str | None], ...]:
        """Names and values as they stand."""
        return tuple(sorted((cookie.name, cookie.value) for cookie in self._session.cookies))

    def close(self) -> None:
        self._session.close()


class _Unled(requests.Session):
    """Never looks where a redirect leads: that would read its body, however large, before anybody decided to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature of requests
        return None


class _Plain(HTTPConnection):
    """A connection whose socket is watched from its first byte on, and again when it is used again."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        _request.deadline.watch(sock)
        return sock

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:
            _request.deadline.watch(self.sock)
        super().request(*arguments, **options)


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS: the order of the bases makes both of them take part."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Watched(HTTPAdapter):
    """The adapter of requests, on connections that obey the deadline; through a proxy too."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager
