"""Starts console scripts in other processes without paying for their imports each time.

A zygote is a process that has imported everything and forks at each start; the fork runs the installed script's own file
with its own arguments, environment, folder, streams and signals, as a fresh interpreter would. (Importing line-bot-sdk
costs more than a second, and the tests start several thousand processes.) Warmed up by a first run of its own, it has also
compiled the templates and selectors, which is more than half of what a run costs.

Client and zygote share a socket that carries nothing but descriptors: for each process one end of a connection and its three
streams. The connection tells the zygote what to start, and the client how it ended; when the client closes it, the process
is killed. All workers of a test run share a zygote, whose socket has a name in the run's folder. What a client has started
ends with it, and the zygote with whoever started that.

Most of what such a process costs is to be forked and to end: each page of memory that it writes to is copied. So commands that
nobody interrupts are carried out one after the other in a process (`Series`); those of a worker take turns (tests/town.py), so
that no command meets what the one before it remembers. In `make soak` each has its own.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.zygote.wire import ask

ROOT = Path(__file__).parent.parent.parent
SERIES = Path(__file__).parent / "series.py"
EMPTY = "--empty"
ADDRESS = "KADOMA_LINE_TESTS_ZYGOTE"  # where the one of the run listens


class Process:
    """One started script."""

    def __init__(self, connection: socket.socket, arguments: Sequence[str], out: IO[bytes], err: IO[bytes]) -> None:
        self._connection, self.args, self._out, self._err = connection, arguments, out, err
        # Unbuffered, so that an end that is told at once with the start can still be waited for.
        self._answers = connection.makefile("rb", buffering=0)
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float = 120) -> int:
        """The exit code; negative: the signal. A script that takes longer is killed.

        Raises:
            subprocess.TimeoutExpired: it took longer.
        """
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                self.send_signal(signal.SIGKILL)
                self._end()
                raise subprocess.TimeoutExpired(self.args, timeout, self.out, self.err)
            self._end()
        assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self._end()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ConnectionError):  # it has just ended
                self._connection.sendall(bytes([number]))

    def _end(self) -> None:
        self.returncode = int(self._answers.readline())
        self._answers.close()
        self._connection.close()

    @property
    def out(self) -> str:
        """What it has written so far."""
        return _text(self._out)

    @property
    def err(self) -> str:
        return _text(self._err)


def _text(stream: IO[bytes]) -> str:
    return os.pread(stream.fileno(), os.fstat(stream.fileno()).st_size, 0).decode().replace("\r\n", "\n")


class Zygote:
    """The process that forks: the one of this test run (`serve_the_run`) or, where a process stands alone, its own.

    Attributes:
        control: where descriptors go to.
        is_cold: whether this is the first to use it, and has to warm it up; the others do not wait for it.

    Args:
        is_empty: one of its own imports nothing, for scripts that need nothing.
    """

    def __init__(self, is_empty: bool = False) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.is_cold = True
        if address := os.environ.get(ADDRESS):
            self.control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.control.connect(address)
            with contextlib.suppress(FileExistsError):
                Path(address).with_suffix(".warm").touch(exist_ok=False)
                return
            self.is_cold = False
        else:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._process = _started(theirs, is_empty)

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        *,
        into: int | None = None,
        out: IO[bytes] | None = None,
        err: IO[bytes] | None = None,
        largest_file: int | None = None,
    ) -> Process:
        """Start the script `arguments[0]` in a folder (default: the current one) with this environment alone.

        Args:
            into: what its stdin is; nothing if it is not told.
            out, err: where its stdout and stderr go; they can then not be asked of the process.
            largest_file: bytes; the kernel lets it write no larger one.
        """
        out, err = (one or tempfile.TemporaryFile() for one in (out, err))  # noqa: SIM115 - read at any time
        with Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno() if into is None else into, out.fileno(), err.fileno()]
            request = _request(arguments, environment, folder) | {"largest": largest_file}
            connection = self._ask(streams, request)
        return Process(connection, arguments, out, err)

    def warm_up(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Let the zygote itself run a command once; the exit code."""
        with Path(os.devnull).open("r+b") as nothing:
            connection = self._ask([nothing.fileno()] * 3, {"warm": list(arguments), "environment": dict(environment)})
        with connection, connection.makefile("rb") as answers:
            return int(answers.readline())

    def _ask(self, streams: Sequence[int], request: dict[str, Any]) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"."], [theirs.fileno(), *streams])
        ask(ours, request)
        return ours

    def stop(self) -> None:
        """End it, and whatever it started, if it is our own; what a shared one has started for us ends with this process."""
        if self._process:
            end_of_process(self._process)
        self.control.close()


class Series:
    """A process that carries out commands one after the other, each as if it were a process of its own."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._process: Process | None = None
        self._is_busy = False

    def call(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
    ) -> tuple[int, str, str]:
        """Carry out the script `arguments[0]`: exit code or negative signal, stdout, stderr."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                code = self.carry_out(arguments, environment, folder, out, err)
            except subprocess.TimeoutExpired as late:
                raise subprocess.TimeoutExpired(arguments, late.timeout, _text(out), _text(err)) from None
            return code, _text(out), _text(err)

    def carry_out(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None,
        out: IO[bytes],
        err: IO[bytes],
        timeout: float = 120,
    ) -> int:
        """The same with streams of the caller's.

        Raises:
            subprocess.TimeoutExpired: it took longer, and was killed.
        """
        assert not self._is_busy, "one after the other: what runs beside another has a process of its own"
        assert "CRASH_LOG" not in environment, "what is instrumented stays so: it has a process of its own"
        if self._process is None:
            self._begin()
        self._is_busy = True
        try:
            socket.send_fds(self._connection, [b"."], [out.fileno(), err.fileno()])
            ask(self._connection, _request(arguments, environment, folder))
            return self._end_of(arguments, timeout)
        except OSError:  # it has died between two commands
            self.stop()
            raise
        finally:
            self._is_busy = False

    def _begin(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = self._zygote.start([str(SERIES)], os.environ, into=theirs.fileno())
        self._answers = self._connection.makefile("rb", buffering=0)

    def _end_of(self, arguments: Sequence[str], timeout: float) -> int:
        if not select.select([self._connection], [], [], timeout)[0]:
            self.stop(signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, timeout)
        answer = self._answers.readline()
        if not answer:
            return self.stop()  # the command has ended the process
        if int(self._answers.readline()):
            self.stop()
        return int(answer)

    def stop(self, number: int = 0) -> int:
        """End the process, by a signal if it may be at work; how it ended."""
        if self._process is None:
            return 0
        if number:
            self._process.send_signal(number)
        self._answers.close()
        self._connection.close()
        process, self._process = self._process, None
        return process.wait()


def _request(arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> dict[str, Any]:
    return {"arguments": list(arguments), "environment": dict(environment), "cwd": str(folder or Path.cwd())}


def serve_the_run(folder: Path, is_empty: bool = False) -> "subprocess.Popen[bytes]":
    """Start one zygote for this process and all that inherit its environment, until `end_of_process`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as theirs:
        theirs.bind(str(folder / "zygote"))
        made = _started(theirs, is_empty)
    os.environ[ADDRESS] = str(folder / "zygote")
    return made


def _started(control: socket.socket, is_empty: bool) -> "subprocess.Popen[bytes]":
    with control:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.zygote.server", str(control.fileno())] + [EMPTY] * is_empty, pass_fds=[control.fileno()],
            stdin=subprocess.PIPE, start_new_session=True, cwd=ROOT,
        )  # fmt: skip


def end_of_process(process: "subprocess.Popen[bytes]") -> None:
    """It ends when its standard input does."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
