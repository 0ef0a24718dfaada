"""The process that forks, the zygote itself: `python -m tests.zygote.server DESCRIPTOR`."""

import contextlib
import gc
import importlib
import importlib.util
import io
import os
import pkgutil
import select
import signal
import socket
import sys
from typing import Any

from tests import own_files
from tests.huge_pages import use_huge_pages
from tests.zygote import series  # noqa: F401 - for its forks
from tests.zygote.client import EMPTY
from tests.zygote.script import become, forget
from tests.zygote.wire import asked, tell

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
SHORT = 0.02  # seconds before the first repeat at LINE, at the site and after a lost race: nobody is there to spare


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
        request = asked(connection)
        if "warm" in request:
            tell(connection, warm_up(request))
        elif request and (pid := os.fork()) == 0:
            try:
                become(request, streams)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            os._exit(1)
        elif request:
            self._running[pid] = connection
            tell(connection, pid)
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
                    tell(connection, os.waitstatus_to_exitcode(status))
                    self._told.append(connection)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except OSError:  # the client is gone
        return b""


def warm_up(request: dict[str, Any]) -> int:
    """One run here, and no trace of it but what is compiled."""
    from pipeline import cli

    before = dict(os.environ)
    os.environ.update(request["environment"])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = cli.main(request["warm"])
    os.environ.clear()
    os.environ.update(before)
    forget()
    gc.freeze()  # so that forks share it
    use_huge_pages()
    return code


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


def get_ready() -> None:
    ours = [name for _, name, _ in pkgutil.walk_packages(["pipeline"], "pipeline.") if not name.endswith("__main__")]
    for name in (*ours, *MODULES):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    shorten_pauses()
    read_ahead()
    gc.collect()
    gc.freeze()


def main(descriptor: str, is_empty: bool) -> None:
    own_files.guard()
    if not is_empty:
        get_ready()
    Server(socket.socket(fileno=int(descriptor))).serve()


if __name__ == "__main__":
    main(sys.argv[1], is_empty=EMPTY in sys.argv)
