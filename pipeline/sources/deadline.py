"""An end to what takes too long: a whole request (connecting, TLS, headers, `100 Continue`, body), and the reading of a page
or list, so that none holds a run.

Time-outs of sockets count from byte to byte, so a server that drips could hold a run for hours. A deadline looks on from a
thread of its own and shuts the sockets when the time is over, or when the run was asked to stop.
"""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType

from msgspec import Struct

from pipeline.sources.answer import NoAnswer

LOOK, LOOK_AT_READING = 0.25, 0.1  # seconds between two looks at the clock


class Limits(Struct, frozen=True):
    """Seconds: to connect, without a single byte, and the instant (monotonic) at which the whole request has to be over."""

    connect: float
    silence: float
    until: float


class Deadline:
    """Used as a context around one request; every socket that it opens is given to `watch`."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float], stopping: Callable[[], bool]) -> None:
        self._limits, self._monotonic, self._stopping = limits, monotonic, stopping
        self._sockets: list[socket.socket] = []
        self._lock, self._over = threading.Lock(), threading.Event()
        self._cause = ""

    def watch(self, sock: socket.socket) -> None:
        """Raises NoAnswer when the time is over already."""
        with self._lock:
            # A duplicate: TLS takes the descriptor out of the socket that it wraps, and shutting one shuts both.
            self._sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
        self.require()

    def require(self) -> None:
        """Raises NoAnswer, with the cause, when the time was over: a body that was cut off must not pass for a whole one."""
        if self._cause:
            raise NoAnswer(self._cause)

    def __enter__(self) -> "Deadline":
        threading.Thread(target=self._look_on, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def _look_on(self) -> None:
        while not self._over.wait(min(max(self._limits.until - self._monotonic(), 0), LOOK)):
            if self._stopping():
                self._cause = "the run was asked to stop"
            elif self._monotonic() >= self._limits.until:
                self._cause = "the whole answer took too long"
            if self._cause:
                break
        with self._lock:
            for sock in self._sockets if self._cause else ():
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class TooSlow(Exception):
    """The time is up, or the run shall end."""


@contextlib.contextmanager
def at_most(seconds: float, stopping: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Ends its block with `TooSlow`. Seconds of the processor, not of the clock: a busy machine is no fault of the page. Only in
    the main thread, whose signals Python handles; elsewhere nothing limits it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    until = time.process_time() + seconds

    def look(_number: int, _frame: FrameType | None) -> None:
        if stopping():
            raise TooSlow("the run was asked to stop")
        if time.process_time() > until:
            raise TooSlow(f"to read it took more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, LOOK_AT_READING, LOOK_AT_READING)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
