"""Starts console scripts in processes of their own without paying for their imports each time.

A zygote is a process that has imported everything and forks at each start; the fork runs the installed script's own file
with its own arguments, environment, folder, streams and signals, as a fresh interpreter would. (Importing line-bot-sdk
costs more than a second, and the tests start several thousand processes.) Warmed up by a first run of its own, it has also
compiled the templates and selectors, which is more than half of what a run costs.

Client and zygote share a socket that carries nothing but descriptors: for each process one end of a connection and its three
streams. The connection tells the zygote what to start, and the client how it ended; when the client closes it, the process
is killed. All workers of a test run share a zygote, whose socket has a name in the run's folder. What a client has started
ends with it, and the zygote with whoever started that.
"""

import atexit
import contextlib
import gc
import importlib
import importlib.util
import io
import marshal
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

MODULES = (
    "linebot.v3.messaging",
    "linebot.v3.oauth",
    "linebot.v3.insight",
    "requests",
    "bs4",
    "lxml.html",
    "feedparser",
    "jinja2",
    "protego",
    "imagesize",
    "regex",
    "jpholiday",
)  # fmt: skip - of others; all of ours are imported
ADDRESS = "KADOMA_LINE_TESTS_ZYGOTE"  # where the one of the run listens
INSTRUMENT = Path(__file__).parent / "delivery" / "instrument"
HUGE, MADV_COLLAPSE = 1 << 21, 25  # bytes of a huge page; Linux 6.1 and later
SHORT = 0.02  # seconds before the first repeat at LINE, at the site and after a lost race: nobody is there to spare


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
        control: where descriptors go to; a process that inherits it may start scripts, too (`launcher`).
        is_cold: whether this is the first to use it, and has to warm it up; the others do not wait for it.
    """

    def __init__(self) -> None:
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
            self._process = _started(theirs)

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        *,
        out: IO[bytes] | None = None,
        err: IO[bytes] | None = None,
        largest_file: int | None = None,
    ) -> Process:
        """Start the script `arguments[0]` in a folder (default: the current one) with this environment alone.

        Args:
            out, err: where its stdout and stderr go; they can then not be asked of the process.
            largest_file: bytes; the kernel lets it write no larger one.
        """
        out, err = (one or tempfile.TemporaryFile() for one in (out, err))  # noqa: SIM115 - read at any time
        with Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), out.fileno(), err.fileno()]
            request = {"environment": dict(environment), "cwd": str(folder or Path.cwd()), "largest": largest_file}
            connection = self._ask(streams, request | {"arguments": list(arguments)})
        return Process(connection, arguments, out, err)

    def warm_up(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Let the zygote itself run a command once; the exit code."""
        with Path(os.devnull).open("r+b") as nothing:
            connection = self._ask([nothing.fileno()] * 3, {"warm": list(arguments), "environment": dict(environment)})
        with connection, connection.makefile("rb") as answers:
            return int(answers.readline())

    def launcher(self, folder: Path, script: Path) -> Path:
        """A program in a folder that starts the script for whoever has inherited `control`: for shells."""
        program = folder / script.name
        text = LAUNCHER.format(python=sys.executable, control=self.control.fileno(), script=str(script))
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        return program

    def _ask(self, streams: Sequence[int], request: dict[str, Any]) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"."], [theirs.fileno(), *streams])
        ours.sendall(marshal.dumps(request))
        return ours

    def stop(self) -> None:
        """End it, and whatever it started, if it is our own; what a shared one has started for us ends with this process."""
        if self._process:
            end_of_process(self._process)
        self.control.close()


def serve_the_run(folder: Path) -> "subprocess.Popen[bytes]":
    """Start one zygote for this process and all that inherit its environment, until `end_of_process`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as theirs:
        theirs.bind(str(folder / "zygote"))
        made = _started(theirs)
    os.environ[ADDRESS] = str(folder / "zygote")
    return made


def _started(control: socket.socket) -> "subprocess.Popen[bytes]":
    with control:
        return subprocess.Popen(
            [sys.executable, __file__, str(control.fileno())], pass_fds=[control.fileno()], stdin=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip


def end_of_process(process: "subprocess.Popen[bytes]") -> None:
    """It ends when its standard input does."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


# Without the modules json, os, signal and socket, whose imports take twice as long as the interpreter's own start.
LAUNCHER = """#!/bin/sh
'''exec' '{python}' -IS "$0" "$@" # as pip does it: the interpreter's folder may have a blank in its name
' '''
import _signal, _socket, marshal, posix, sys
control = _socket.socket(fileno={control})
ours, theirs = _socket.socketpair()
descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (theirs.fileno(), 0, 1, 2))
control.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
theirs.close()
text = lambda data: data.decode("utf-8", "surrogateescape")
environment = {{text(name): text(value) for name, value in posix.environ.items()}}
request = dict(arguments=[{script!r}, *sys.argv[1:]], environment=environment, cwd=posix.getcwd())
ours.sendall(marshal.dumps(request))
answers = b""
def answer():
    global answers
    while b"\\n" not in answers:
        answers += ours.recv(100)
    line, _, answers = answers.partition(b"\\n")
    return int(line)
answer()
for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
    _signal.signal(number, lambda one, _: ours.sendall(bytes([one])))
code = answer()
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL)
    posix.kill(posix.getpid(), -code)
posix._exit(code)
"""


class Server:
    """The zygote's own side."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, socket.socket] = {}  # process → where its end is told
        self._told: list[socket.socket] = []  # the client closes first: unread signals would take its answer away
        self._alarm, alarm = socket.socketpair()
        self._alarm.setblocking(False)
        alarm.setblocking(False)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._alarming = alarm

    def serve(self) -> None:
        """Until whoever started this closes the standard input, or dies."""
        try:
            while self._served():
                pass
        finally:
            for pid in self._running:
                os.kill(pid, signal.SIGKILL)

    def _served(self) -> bool:
        """What has happened since; whether somebody is there still."""
        connections = [self._control, self._alarm, *self._running.values(), *self._told]
        ready, _, _ = select.select([0, *(one.fileno() for one in connections)], [], [])
        if self._alarm.fileno() in ready:
            self._alarm.recv(4096)
            self._reap()
        for connection in [one for one in self._told if one.fileno() in ready]:
            if not _received(connection):
                self._told.remove(connection)
                connection.close()
        for pid, connection in list(self._running.items()):
            if connection.fileno() in ready:
                self._obey(pid, connection)
        if 0 not in ready and self._control.fileno() in ready:
            self._accept()
        return 0 not in ready

    def _accept(self) -> None:
        _, (descriptor, *streams), _, _ = socket.recv_fds(self._control, 1, 4)
        connection = socket.socket(fileno=descriptor)
        request = _asked(connection)
        if "warm" in request:
            _tell(connection, warm_up(request))
        elif request and (pid := os.fork()) == 0:
            try:
                become(request, streams)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            os._exit(1)
        elif request:
            self._running[pid] = connection
            _tell(connection, pid)
        if connection not in self._running.values():
            connection.close()
        for stream in streams:
            os.close(stream)

    def _obey(self, pid: int, connection: socket.socket) -> None:
        """A signal is asked for; or nobody is there any more."""
        asked = _received(connection)
        for number in asked:  # a byte each
            os.kill(pid, number)
        if not asked:
            os.kill(pid, signal.SIGKILL)
            del self._running[pid]
            connection.close()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if connection := self._running.pop(pid, None):
                    _tell(connection, os.waitstatus_to_exitcode(status))
                    self._told.append(connection)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except OSError:  # the client is gone
        return b""


def _asked(connection: socket.socket) -> dict[str, Any]:
    """What to start; nothing where the client has died meanwhile."""
    try:
        with connection.makefile("rb") as asked:
            request: dict[str, Any] = marshal.load(asked)  # noqa: S302 - our own words
    except (EOFError, ValueError, OSError):
        return {}
    return request


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # the client is gone
        connection.sendall(f"{number}\n".encode())


def warm_up(request: dict[str, Any]) -> int:
    """One run here, and no trace of it but what is compiled."""
    from pipeline import cli

    before = dict(os.environ)
    os.environ.update(request["environment"])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = cli.main(request["warm"])
    os.environ.clear()
    os.environ.update(before)
    cli.log.handlers.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gc.collect()
    gc.freeze()  # so that forks share it
    use_huge_pages()
    return code


def use_huge_pages() -> None:
    """Have the kernel keep this process's memory in pages of 2 MB, which are found faster, and of which a fork has fewer to copy
    and a child fewer to give back: a quiet run takes a tenth less. It may refuse; then nothing is different."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import ctypes

        advise = ctypes.CDLL(None).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for line in Path("/proc/self/maps").read_text().splitlines():
            where, access, *_, inode = line.split()[:5]
            begin, end = (int(address, 16) for address in where.split("-"))
            begin, end = -(-begin // HUGE) * HUGE, end // HUGE * HUGE
            if access == "rw-p" and inode == "0" and begin < end:
                advise(begin, end - begin, MADV_COLLAPSE)


def become(request: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be the script: its file, its arguments, its environment, its folder, its three streams, nothing else open."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 4096)  # more than all workers have at once; the limit itself may be none, or a billion
    os.environ.clear()
    os.environ.update(request["environment"])
    if request.get("largest") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
    open_streams()
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv = request["arguments"]
    end(run())


def open_streams() -> None:
    """As the interpreter opens them; in a C locale it lets bytes through that are no text."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "C")
    lenient = "surrogateescape" if locale.partition(".")[0] in ("C", "POSIX") else "strict"
    for number, (name, mode, errors) in enumerate(
        (("stdin", "r", lenient), ("stdout", "w", lenient), ("stderr", "w", "backslashreplace"))
    ):
        stream = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - for good
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def read_ahead() -> None:
    """What a process reads or works out when it is first needed, which is half of what a command costs."""
    import jpholiday
    import soupsieve

    from pipeline import cli, doctor, watchdog
    from pipeline.characters import _patterns
    from pipeline.report import render, words
    from pipeline.templates import TEMPLATES

    for read in (words.catalogue, doctor.catalogue, watchdog.catalogue, _patterns):
        read()
    for group in cli.GROUPS:
        cli._parser((group,))
    soupsieve.compile("a[b='c']:not(.d) > e#f, g:nth-child(2)")  # its own patterns
    for year in (2026, 2027):
        jpholiday.year_holidays(year)
    for file in TEMPLATES.glob("report/*.j2"):
        for kind in ("text", "markdown"):
            render._environment(kind).get_template(f"report/{file.name}")


def shorten_pauses() -> None:
    from pipeline.ledger import ledger
    from pipeline.line import client
    from pipeline.sources import fetch

    assert min(client.BACKOFF, ledger.PAUSE, fetch.FIRST_BACKOFF) > SHORT
    client.BACKOFF = ledger.PAUSE = fetch.FIRST_BACKOFF = SHORT


def run() -> int:
    """Run the script's file as the interpreter does; the exit code."""
    try:
        if "CRASH_LOG" in os.environ:
            spec = importlib.util.spec_from_file_location("instrument", INSTRUMENT / "sitecustomize.py")
            assert spec is not None
            assert spec.loader is not None
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as asked:
        if asked.code is None or isinstance(asked.code, int):
            return asked.code or 0
        print(asked.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        return -signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(code: int) -> NoReturn:
    """What the interpreter does when a script is over."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def main() -> None:
    importlib.import_module("own_files").guard()  # beside this script
    ours = [name for _, name, _ in pkgutil.walk_packages(["pipeline"], "pipeline.") if not name.endswith("__main__")]
    for name in (*ours, *MODULES):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    shorten_pauses()
    read_ahead()
    gc.collect()
    gc.freeze()
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
