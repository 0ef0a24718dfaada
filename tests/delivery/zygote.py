"""Starts console scripts in processes of their own without paying for their imports each time.

`Zygote` is a process that has imported everything and forks at each start; the fork runs the installed script's own file.
(Importing line-bot-sdk costs more than a second, and the crash matrix starts more than a thousand processes.) Warmed up by
a first run of its own, it has also compiled the templates and selectors, which is more than half of what a run costs.
"""

import contextlib
import gc
import importlib
import importlib.util
import io
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

MODULES = (
    "pipeline.cli", "pipeline.run", "pipeline.watch", "pipeline.report.tell", "pipeline.report.issues", "pipeline.desk",
    "linebot.v3.messaging", "linebot.v3.oauth", "linebot.v3.insight", "requests", "bs4", "lxml.html", "feedparser", "jinja2",
    "protego", "imagesize", "regex", "jpholiday",
)  # fmt: skip
INSTRUMENT = Path(__file__).parent / "instrument"
SHORT = 0.02  # seconds before repeats, instead of one at LINE and a third after a lost race: nobody is there to spare


class Process:
    """One started script."""

    def __init__(self, zygote: "Zygote", pid: int, out: Path) -> None:
        self._zygote, self.pid, self._out = zygote, pid, out

    def wait(self) -> int:
        """The exit code; negative: the signal."""
        return int(self._zygote.ask({"wait": self.pid}))

    @property
    def out(self) -> str:
        return self._out.with_suffix(".out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return self._out.with_suffix(".err").read_text(encoding="utf-8")


class Zygote:
    """The process that forks. Asked by one thread only."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
        self._count += 1
        out = self._folder / f"call-{self._count}"
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "cwd": str(self._folder),
            "out": str(out),
        }
        return Process(self, int(self.ask(request)), out)

    def warm_up(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Let the zygote itself run the command once; the exit code."""
        return int(self.ask({"warm": list(arguments), "environment": dict(environment)}))

    def ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve() -> None:
    for name in MODULES:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    from pipeline.ledger import ledger
    from pipeline.line import client

    client.BACKOFF = ledger.PAUSE = SHORT
    children: set[int] = set()
    while line := sys.stdin.readline():
        request = json.loads(line)
        if "wait" in request:
            status = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
            children.discard(request["wait"])
            print(status, flush=True)
            continue
        if "warm" in request:
            print(warm_up(request), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            become(request)
        children.add(pid)
        print(pid, flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def warm_up(request: dict[str, Any]) -> int:
    """One run here, and no trace of it but what is compiled."""
    from pipeline import cli

    os.environ.update(request["environment"])
    with contextlib.redirect_stdout(io.StringIO()):
        code = cli.main(request["warm"])
    cli.log.handlers.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gc.collect()
    gc.freeze()  # so that forks share it
    return code


def become(request: dict[str, Any]) -> NoReturn:
    """Be the script: its file, its arguments, its environment, its three streams."""
    for number, suffix, flags in ((0, "", os.O_RDONLY), (1, ".out", os.O_WRONLY), (2, ".err", os.O_WRONLY)):
        file = request["out"] + suffix if suffix else os.devnull
        os.dup2(os.open(file, flags | (os.O_CREAT | os.O_TRUNC if suffix else 0), 0o644), number)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = request["arguments"]
    code: Any = 0
    try:
        spec = importlib.util.spec_from_file_location("instrument", INSTRUMENT / "sitecustomize.py")
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve()
