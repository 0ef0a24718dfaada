"""The product's loopback server with faults on demand, and with everything that tests ask of it."""

import json
import select
import socket
import threading
from typing import Any, Self

from msgspec import structs

from pipeline.sandbox.loopback import Exchange, Handler, LoopbackServer, Request, Response, close
from tests.doubles.fault import Fault

__all__ = ["Exchange", "FaultyServer", "Request", "Response"]

LOOK = 0.02  # seconds between two looks at whether a request that hangs may go on, or its client is gone


class CutResponse(Response, frozen=True):
    """Promises its whole body and sends half of it."""


class _Armed:
    """A fault that waits for its request; `left` None: every one."""

    def __init__(self, prefix: str, fault: Fault, left: int | None) -> None:
        self.prefix, self.fault, self.left = prefix, fault, left

    def fits(self, request: Request) -> bool:
        raw, text = request.body.decode("utf-8", "replace"), self.fault.containing
        mentioned = text in raw or json.dumps(text)[1:-1] in raw  # as it is, or in JSON's escapes
        return self.left != 0 and request.path.startswith(self.prefix) and mentioned


class _TrackedHandler(Handler):
    def setup(self) -> None:
        super().setup()
        self._owner().track(self.connection, is_open=True)

    def finish(self) -> None:
        self._owner().track(self.connection, is_open=False)
        super().finish()

    def send_body(self, response: Response) -> None:
        if not isinstance(response, CutResponse):
            super().send_body(response)
            return
        self.wfile.write(response.body[: len(response.body) // 2])
        self.wfile.flush()
        self.hang_up()

    def _owner(self) -> "FaultyServer":
        owner = self.server.owner
        assert isinstance(owner, FaultyServer)
        return owner


class FaultyServer(LoopbackServer):
    """Counts what it serves at once, and fails as armed. Comes before the embedded city or LINE in a class's bases."""

    handler = _TrackedHandler

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.max_in_flight = 0
        self.latency = 0.0  # seconds before each answer, for benchmarks and to see concurrency
        self._in_flight = self._hanging = 0
        self._changed = threading.Condition(self.lock)
        self._armed: list[_Armed] = []
        self._stopping, self._released = threading.Event(), threading.Event()
        self._connections: set[socket.socket] = set()

    def start(self) -> Self:
        self._stopping.clear()
        return super().start()

    def stop(self) -> None:
        """Close the port and every connection at once, hanging ones too."""
        self._stopping.set()
        super().stop()
        with self.lock:
            open_connections = list(self._connections)
        for connection in open_connections:
            close(connection)

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
                if armed.fits(request):
                    armed.left = None if armed.left is None else armed.left - 1
                    return armed.fault
        return None

    def faults_left(self) -> list[tuple[str, Fault, int | None]]:
        """What is still armed: path, fault, and how often."""
        return [(armed.prefix, armed.fault, armed.left) for armed in self._armed if armed.left != 0]

    def serve(self, request: Request, connection: socket.socket) -> Response | None:
        with self.lock:
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
        response: Response | None = None
        try:
            if self.latency:
                self._stopping.wait(self.latency)
            response = self._act(request, connection)
        finally:
            # Before the bytes leave: a client that waits for them and asks again is one request at a time.
            with self.lock:
                self._in_flight -= 1
                self.log(request, response)
                self._changed.notify_all()
        return response

    def _act(self, request: Request, connection: socket.socket) -> Response | None:
        fault = self.fault_for(request)
        if fault is None:
            return self.answer(request)
        if fault.kind in ("recode", "cut"):
            response = self.answer(request)
            if fault.kind == "cut":
                return CutResponse(response.status, response.body, response.headers)
            recoded = response.body.decode().encode(fault.encoding, "xmlcharrefreplace")
            return structs.replace(response, body=recoded)
        late = self.answer(request) if fault.when == "after" else None
        if fault.kind == "drop":
            return None
        if fault.kind == "hang":
            return (late or self.answer(request)) if self._hold(connection, fault) else None
        return self.dress(Response(fault.status_code, fault.body, fault.headers))

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
            if released.wait(LOOK) or (fault.until is not None and fault.until.is_set()):
                return True
        return False

    def track(self, connection: socket.socket, *, is_open: bool) -> None:
        with self.lock:
            (self._connections.add if is_open else self._connections.discard)(connection)
