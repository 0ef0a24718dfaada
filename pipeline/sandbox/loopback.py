"""A small HTTP/1.1 server on 127.0.0.1 with a log of what was asked, and with faults on demand."""

import json
import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from msgspec import Struct, structs

from pipeline.sandbox.fault import Fault

LOOPBACK = "127.0.0.1"
POLL = 0.02  # seconds between two looks at a hanging client


class Request(Struct, frozen=True):
    """What was asked: `path` with its query; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def route(self) -> str:
        return urlsplit(self.path).path

    def mentions(self, text: str) -> bool:
        """Whether the body holds the text, written as it is or in JSON's escapes."""
        raw = self.body.decode("utf-8", "replace")
        return text in raw or json.dumps(text)[1:-1] in raw


class Answer(Struct, frozen=True):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


class Exchange(Struct, frozen=True):
    """One line of the log; status 0: there was no answer."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes = b""


class _Armed:
    """A fault that waits for its request; `left` None: every one."""

    def __init__(self, prefix: str, fault: Fault, left: int | None) -> None:
        self.prefix, self.fault, self.left = prefix, fault, left


class LoopbackServer:
    """The common ground of the embedded city and the embedded LINE. Subclasses say what they answer."""

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.lock = threading.RLock()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.requests: list[Exchange] = []
        self.max_in_flight = 0
        self.latency = 0.0  # seconds before each answer, for benchmarks and to see concurrency
        self.errors: list[str] = []
        self._port, self._tls = port, tls
        self._in_flight = self._hanging = 0
        self._changed = threading.Condition(self.lock)
        self._armed: list[_Armed] = []
        self._stopping, self._released = threading.Event(), threading.Event()
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

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
        self._stopping.clear()
        self._server = _Server(self, self._port, self._tls)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True, name=self.url).start()
        return self

    def stop(self) -> None:
        """Close the port and every connection at once, hanging ones too."""
        if self._server is None:
            return
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        with self.lock:
            open_connections = list(self._connections)
        for connection in open_connections:
            _close(connection)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def clear_requests(self) -> None:
        """Forget the log and the concurrency seen."""
        with self.lock:
            self.requests.clear()
            self.max_in_flight = 0

    def release(self) -> None:
        """Let everything that hangs now go on; later hangs hang again."""
        with self.lock:
            self._released.set()
            self._released = threading.Event()

    def wait_until_hanging(self, count: int = 1, timeout: float = 10) -> bool:
        """Wait until so many requests hang here, for example to kill their client then; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._hanging >= count, timeout)

    def wait_until_quiet(self, timeout: float = 10) -> bool:
        """Wait until no request is being served, so that the log is complete; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout)

    def recover(self) -> None:
        """Forget every fault and release what hangs."""
        with self.lock:
            self._armed.clear()
        self.release()

    def arm(self, prefix: str, fault: Fault, times: int | None) -> None:
        with self.lock:
            self._armed.append(_Armed(prefix, fault, times))

    def fault_for(self, request: Request) -> Fault | None:
        """The oldest fault that fits, counted down."""
        with self.lock:
            for armed in self._armed:
                fits = request.path.startswith(armed.prefix) and request.mentions(armed.fault.containing)
                if not fits or armed.left == 0:
                    continue
                if armed.left is not None:
                    armed.left -= 1
                return armed.fault
        return None

    def serve(self, request: Request, connection: socket.socket) -> Answer | None:
        """The answer, or None when the connection is to be closed without one."""
        with self.lock:
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
        answer: Answer | None = None
        try:
            if self.latency:
                self._stopping.wait(self.latency)
            answer = self._act(request, connection)
        finally:
            # Before the bytes leave: a client that waits for them and asks again is one request at a time.
            with self.lock:
                self._in_flight -= 1
                status = answer.status if answer else 0
                self.requests.append(Exchange(request.method, request.path, status, request.headers, request.body))
                self._changed.notify_all()
        return answer

    def _act(self, request: Request, connection: socket.socket) -> Answer | None:
        fault = self.fault_for(request)
        if fault is None:
            return self.answer(request)
        if fault.kind in ("recode", "cut"):
            answer = self.answer(request)
            if fault.kind == "cut":
                return structs.replace(answer, cut=True)
            recoded = answer.body.decode().encode(fault.encoding, "xmlcharrefreplace")
            return structs.replace(answer, body=recoded)
        late = self.answer(request) if fault.when == "after" else None
        if fault.kind == "drop":
            return None
        if fault.kind == "hang":
            return (late or self.answer(request)) if self._hold(connection, fault) else None
        return self.dress(Answer(fault.status_code, fault.body, fault.headers))

    def dress(self, answer: Answer) -> Answer:
        """What this server puts on every answer, made-up errors too."""
        return answer

    def _hold(self, connection: socket.socket, fault: Fault) -> bool:
        """Wait until released; False when the client or the server is gone by then."""
        with self._changed:
            released = self._released
            self._hanging += 1
            self._changed.notify_all()
        try:
            return self._wait(connection, fault, released)
        finally:
            with self.lock:
                self._hanging -= 1

    def _wait(self, connection: socket.socket, fault: Fault, released: threading.Event) -> bool:
        while not self._stopping.is_set():
            # Nobody sends a second request before the first answer: something to read is the end of the connection.
            if select.select([connection], [], [], 0)[0]:
                return False
            if released.wait(POLL) or (fault.until is not None and fault.until.is_set()):
                return True
        return False

    def track(self, connection: socket.socket, *, is_open: bool) -> None:
        with self.lock:
            (self._connections.add if is_open else self._connections.discard)(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: LoopbackServer, port: int, tls: ssl.SSLContext | None) -> None:
        self.owner = owner
        super().__init__((LOOPBACK, port), _Handler)
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
        """A client that hangs up is everyday life; anything else is a mistake of ours that tests must see."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.owner.errors.append(f"{client_address}: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.owner.track(self.connection, is_open=True)

    def finish(self) -> None:
        self.server.owner.track(self.connection, is_open=False)
        super().finish()

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
        answer = self.server.owner.serve(Request(self.command, self.path, headers, body), self.connection)
        if answer is None:
            self.close_connection = True
            _close(self.connection)
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        has_body = answer.status not in (204, 304)
        if has_body:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.wfile.flush()
        if answer.cut:
            self.close_connection = True
            _close(self.connection)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange  # noqa: N815 - the names are the base class's


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already
