"""An end to what takes too long to read: no page and no list holds a run, and a signal ends it here as well."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LOOK = 0.1  # seconds between two looks


class TooSlow(Exception):
    """The time is up, or the run shall end."""


@contextmanager
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
    signal.setitimer(signal.ITIMER_PROF, LOOK, LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
