"""Numbers every moment of a process at which it touches the world, and sends it a signal (SIGKILL) at one of them.

On PYTHONPATH it instruments any Python program by itself. CRASH_LOG names a file that gets one line per point (or, with
CRASH_AT, the one line of the point that got CRASH_SIGNAL). Points are found, not chosen: every file opened for writing, renamed,
cut, made or removed, every program started, every connection (audit hooks of the interpreter); every os.write (before,
half written, after), fsync, and every HTTP request (before, sent, answered).
"""

import http.client
import os
import signal
import subprocess
import sys
import threading
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
AUDITED = ("os.rename", "os.truncate", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "socket.connect")


class Points:
    """The points of this process, in order."""

    def __init__(self, log: str, at: int) -> None:
        self._log, self._at = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644), at
        self._number = int(os.environ.get("CRASH_SIGNAL", signal.SIGKILL))
        self._count = 0
        self._lock = threading.RLock()
        self._write, self._busy = os.write, threading.local()

    def reach(self, what: str) -> None:
        with self._lock:
            if self.is_next():
                self.die(what)
            if not self._at:
                self._write(self._log, f"{self._count + 1} {what}\n".encode())
            self._count += 1

    def is_next(self) -> bool:
        return self._count + 1 == self._at

    def die(self, what: str) -> None:
        self._write(self._log, f"{self._count + 1} {what}\n".encode())
        os.kill(os.getpid(), self._number)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path, _mode, flags = arguments
            if flags & WRITING and os.fspath(path) not in ("/dev/null", b"/dev/null"):
                self.reach(f"open {path!r}")
        elif event in AUDITED:
            self.reach(f"{event} {arguments[:1] if event != 'socket.connect' else arguments[1:]}")
        elif event == "subprocess.Popen":
            self.reach(f"start {arguments[1]}")

    def instrument(self) -> None:
        sys.addaudithook(self.audit)
        write = os.write

        def torn_write(descriptor: int, data: Any) -> int:
            self.reach(f"write {len(data)} bytes")
            with self._lock:
                if self.is_next() and self._number == signal.SIGKILL:
                    write(descriptor, bytes(data)[: len(data) // 2])
                self.reach(f"half of {len(data)} bytes written")
            written = write(descriptor, data)
            self.reach("written")
            return written

        os.write = torn_write
        self._around(os, "fsync")
        self._around(os, "ftruncate")
        self._around(subprocess.Popen, "__init__", before=False)  # started: it runs on when we are dead
        self._around(subprocess.Popen, "communicate", before=False)
        self._around(http.client.HTTPConnection, "endheaders")
        self._around(http.client.HTTPConnection, "getresponse")  # before: the body has left, too

    def _around(self, owner: Any, name: str, before: bool = True) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **more: Any) -> Any:
            if before:
                self.reach(f"{name}")
            result = original(*arguments, **more)
            self.reach(f"after {name}")
            return result

        setattr(owner, name, wrapped)


def install() -> None:
    """Instrument this process as its environment asks."""
    log = os.environ.get("CRASH_LOG")
    if log:
        Points(log, int(os.environ.get("CRASH_AT", "0"))).instrument()


install()
