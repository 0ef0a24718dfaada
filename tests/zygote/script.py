"""Being a console script in a process that was forked: what the interpreter does before, around and after it."""

import atexit
import contextlib
import functools
import gc
import importlib.util
import logging
import os
import resource
import runpy
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

INSTRUMENT = Path(__file__).parent.parent / "delivery" / "instrument"
MOST_OPEN = 4096  # more than all workers have at once; the limit itself may be none, or a billion


def become(request: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be the script: its file, its arguments, its environment, its folder, its three streams, nothing else open."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    default_signals()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, MOST_OPEN)
    if request.get("largest") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
    begin(request)
    end(run())


def begin(request: Mapping[str, Any]) -> None:
    """What a script finds: its environment, its streams, its folder, its arguments."""
    os.environ.clear()
    os.environ.update(request["environment"])
    open_streams()
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv = list(request["arguments"])


def default_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


def run() -> int:
    """Run the script's file as the interpreter does; the exit code, negative where a signal ends it."""
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


def finish() -> None:
    """What the interpreter does when a script is over, and the process is not yet."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    flush()


def flush() -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()


def end(code: int) -> NoReturn:
    finish()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def forget() -> None:
    """What our modules remember of the command that is over: as in a new process."""
    from pipeline import masking
    from pipeline.sources import connection

    logging.getLogger("kadoma_line").handlers.clear()
    masking._forms.clear()
    connection._request.__dict__.clear()  # of this thread
    for cached in _caches_of_a_command():
        cached.cache_clear()
    default_signals()
    gc.collect()


@functools.cache
def _caches_of_a_command() -> list[Any]:
    """Those with a limit hold what a command was given; those without what is the same in every process, compiled or read."""
    ours = [vars(module) for name, module in sys.modules.items() if name.startswith("pipeline.")]
    found = {id(one): one for names in ours for one in names.values() if hasattr(one, "cache_parameters")}
    return [one for one in found.values() if one.cache_parameters()["maxsize"] is not None]
