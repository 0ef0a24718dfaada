"""Numbers every moment of a process at which it touches the world, and sends it a signal (SIGKILL) at one of them.

On PYTHONPATH it instruments any Python program by itself. CRASH_LOG names a file that gets one line per point (or, with
CRASH_AT, the one line of the point that got CRASH_SIGNAL: the point of a number, or, as in "fsync 3", the third of a kind).
Points are found, not chosen: every file opened for writing, renamed, cut, made or removed, every program started, every
connection (audit hooks of the interpreter); every os.write (before, half written, after), fsync, and every HTTP request
(before, sent, answered).

Each line says, too, what would go on if the process were killed there: commands that it has started, requests that nobody has
answered. CRASH_PAUSE names a pipe: at each point the process waits until somebody writes to it. CRASH_SEED takes chance and clock away, so that
a run which is killed at the same point leaves the same behind.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import types
import uuid
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
AUDITED = ("os.rename", "os.truncate", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "socket.connect")


class Points:
    """The points of this process, in order."""

    def __init__(self, log: str, at: str) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._kind, _, number = at.rpartition(" ")
        self._at, self._met = int(number), 0
        self._number = int(os.environ.get("CRASH_SIGNAL", signal.SIGKILL))
        self._count = 0
        self._lock = threading.RLock()
        pause = os.environ.get("CRASH_PAUSE")
        self._pause = os.open(pause, os.O_RDONLY | os.O_CLOEXEC) if pause else None
        self._write = os.write
        self._left: dict[int, tuple[Any, str]] = {}  # what goes on without us: commands, requests

    def reach(self, what: str) -> None:
        with self._lock:
            is_of_it = not self._kind or what.split(" ", 1)[0] == self._kind
            self._met += is_of_it
            if is_of_it and self._met == self._at:
                self.die(what)
            if not self._at:
                self.tell(what)
                if self._pause is not None:
                    os.read(self._pause, 1)
            self._count += 1

    def die(self, what: str) -> None:
        self.tell(what)
        os.kill(os.getpid(), self._number)

    def tell(self, what: str) -> None:
        left = [said for one, said in self._left.values() if getattr(one, "returncode", None) is None]
        self._write(self._log, f"{self._count + 1} {what}\t{json.dumps(left)}\n".encode())

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
            begun = write(descriptor, bytes(data)[: len(data) // 2])
            self.reach(f"half of {len(data)} bytes written")
            rest = write(descriptor, bytes(data)[begun:])
            self.reach("written")
            return begun + rest

        os.write = torn_write
        self._around(os, "fsync")
        self._around(os, "ftruncate")
        # Once started, it runs on when we are dead.
        self._around(subprocess.Popen, "__init__", before=False, begins=_command)
        self._around(subprocess.Popen, "communicate", before=False, ends=True)
        self._around(http.client.HTTPConnection, "endheaders", begins=_request)
        self._around(http.client.HTTPConnection, "getresponse", ends=True)  # before: the body has left, too

    def _around(self, owner: Any, name: str, before: bool = True, begins: Any = None, ends: bool = False) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **more: Any) -> Any:
            if before:
                self.reach(f"{name}")
            going_on = {id(arguments[0]): (arguments[0], begins(*arguments))} if begins else {}
            if before:
                self._left |= going_on  # half of it may be on its way
            try:
                result = original(*arguments, **more)
            except OSError:  # no answer, and none will come: the connection is broken
                self._left.pop(id(arguments[0]), None)
                raise
            self._left |= going_on
            if ends:
                self._left.pop(id(arguments[0]), None)
            self.reach(f"after {name}")
            return result

        setattr(owner, name, wrapped)


def _command(_process: Any, command: Any, *_: Any) -> str:
    return command if isinstance(command, str) else " ".join(map(str, command))


def _request(connection: Any, *_: Any) -> str:
    return f"{connection.host}:{connection.port} {connection._buffer[0].decode()}"


def seed(number: str) -> None:
    """The same ids and the same time whenever a run is begun with the same number."""
    from pipeline import world

    chance = random.Random(number)  # noqa: S311 - chance is what is not wanted here
    uuid.uuid4 = lambda: uuid.UUID(int=chance.getrandbits(128), version=4)
    vars(world)["time"] = types.SimpleNamespace(monotonic=lambda: 0.0)


def install() -> None:
    """Instrument this process as its environment asks."""
    log = os.environ.get("CRASH_LOG")
    if "CRASH_SEED" in os.environ:
        seed(os.environ["CRASH_SEED"])
    if log:
        Points(log, os.environ.get("CRASH_AT", "0")).instrument()


install()
