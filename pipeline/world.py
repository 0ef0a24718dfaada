"""What a run needs from outside: clock, waiting, environment, and being asked to stop."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType

from pipeline.config import JST, Config, ConfigError

RUN_AT_MOST = timedelta(minutes=9)  # repeats stop then, so that a run ends within ten minutes
CLOCK = "KADOMA_LINE_SANDBOX_CLOCK"  # an instant that the clock starts at; only where every address is loopback


class World:
    """The real one, or with a clock of the sandbox.

    Args:
        environment: secrets and the runner's variables.
        now: the clock, aware, JST.
        sleep: waits; ends early when a signal asks to stop.

    Attributes:
        stopping: a signal came: finish the step and end.
        typed: the options that a person repeats in the next command; what people are told carries them.
    """

    stopping = False
    typed = ""

    def __init__(
        self,
        environment: Mapping[str, str],
        now: Callable[[], datetime] | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.environment = environment
        self._asked: SimpleQueue[int] = SimpleQueue()  # signals; an Event could be set in the middle of its own wait()
        self.progress: Callable[[str], object] = lambda _: None  # told the station of the run that begins
        self.now = now or (lambda: datetime.now(JST))
        self._sleep = sleep or self._wait
        self._until = time.monotonic() + RUN_AT_MOST.total_seconds()

    @classmethod
    def real(cls, config: Config) -> "World":
        """The process's own world. Raises ConfigError for a sandbox clock where an address is not loopback."""
        started = os.environ.get(CLOCK)
        if not started:
            return cls(os.environ)
        if not config.is_loopback:
            raise ConfigError(f"{CLOCK} is set, but site.url and line.api are not both on loopback: unset it")
        try:
            origin = datetime.fromisoformat(started).astimezone(JST)
        except ValueError:
            raise ConfigError(
                f"{CLOCK}: found {started!r}; allowed: an instant such as 2026-11-24T08:30:00+09:00"
            ) from None
        began = time.monotonic()
        return cls(os.environ, lambda: origin + timedelta(seconds=time.monotonic() - began))

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._asked.put(self._asked.get(timeout=max(0, seconds)))  # it stays, for whoever else waits, and later

    @property
    def out_of_time(self) -> bool:
        return time.monotonic() > self._until

    def start_run(self) -> None:
        """A new run begins: its ten minutes count from now."""
        self._until = time.monotonic() + RUN_AT_MOST.total_seconds()

    def obey_signals(self) -> None:
        """Ctrl-C and SIGTERM (what a cancelled workflow sends) end the run between steps; a second one ends it at once."""

        def handler(number: int, _frame: FrameType | None) -> None:
            # First: signals that come faster than all of this is carried out would pile up.
            signal.signal(number, signal.SIG_DFL)
            self.stopping = True
            self._asked.put(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)
