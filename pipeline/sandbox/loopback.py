"""A small HTTP/1.1 server on 127.0.0.1 with a log of what was asked: the common ground of the embedded city and LINE."""

import socket
import ssl
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict

LOOPBACK = "127.0.0.1"
POLL = 0.5  # seconds until a stopped server has noticed, where nothing wakes it up


class Request(Struct, frozen=True):
    """What was asked: `path` with its query; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def route(self) -> str:
        return urlsplit(self.path).path


class Response(Struct, frozen=True):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Exchange(Request, frozen=True):
    """One line of the log: what was asked; status 0: there was no answer."""

    status: int = 0


class LoopbackServer(ABC):
    """Subclasses say what they answer."""

    handler: ClassVar[type["Handler"]]

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.lock = threading.RLock()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.requests: list[Exchange] = []
        self.errors: list[str] = []
        self._port, self._tls = port, tls
        self._server: _Server | None = None

    @abstractmethod
    def answer(self, request: Request) -> Response: ...

    def serve(self, request: Request, connection: socket.socket) -> Response | None:  # noqa: ARG002 - for subclasses
        """The answer, or None when the connection is to be closed without one."""
        response = self.answer(request)
        self.log(request, response)
        return response

    def dress(self, response: Response) -> Response:
        """What this server puts on every answer."""
        return response

    def log(self, request: Request, response: Response | None) -> None:
        with self.lock:
            self.requests.append(Exchange(**asdict(request), status=response.status if response else 0))

    @property
    def host(self) -> str:
        """ "127.0.0.1:PORT"."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    def start(self) -> Self:
        """Listen. Started again after stop(), the port is the same one: an outage, not a move."""
        if self._server is not None:
            raise RuntimeError(f"{self.url} is already running")
        self._server = _Server(self, self._port, self._tls)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True, name=self.url).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            with suppress(OSError):  # so that the thread which waits for connections looks up at once
                self._server.socket.shutdown(socket.SHUT_RDWR)
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: LoopbackServer, port: int, tls: ssl.SSLContext | None) -> None:
        self.owner = owner
        super().__init__((LOOPBACK, port), owner.handler)
        if tls is not None:
            # The handshake happens in the connection's own thread, so that a silent client cannot block the port.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        # Not HTTPServer's: it looks the host's name up, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """A client that hangs up is everyday life; anything else is a mistake of ours that must be seen."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.owner.errors.append(f"{client_address}: {error!r}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def version_string(self) -> str:
        return "Apache"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the server's own clock."""
        return super().date_time_string(self.server.owner.now().timestamp() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The log is `requests`, not stderr."""

    def _exchange(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died in the middle: half a request is none
            self.close_connection = True
            return
        response = self.server.owner.serve(Request(self.command, self.path, headers, body), self.connection)
        if response is None:
            self.hang_up()
            return
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        has_body = response.status not in (204, 304)
        if has_body:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.send_body(response)
        self.wfile.flush()

    def send_body(self, response: Response) -> None:
        self.wfile.write(response.body)

    def hang_up(self) -> None:
        self.close_connection = True
        close(self.connection)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange  # noqa: N815 - the names are the base class's


LoopbackServer.handler = Handler


def close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already


def certificate(folder: Path) -> tuple[Path, Path] | None:
    """A certificate for this machine and its key, made for one day by the `openssl` command; None where it cannot."""
    file, key = folder / "loopback.crt", folder / "loopback.key"
    try:
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "1", "-subj", "/CN=loopback", "-addext", f"subjectAltName=IP:{LOOPBACK}",
                "-keyout", str(key), "-out", str(file),
            ],
            capture_output=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return file, key
