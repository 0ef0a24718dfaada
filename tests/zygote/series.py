"""A script for a zygote: carries out commands one after the other, as the client at the other end of its standard input asks.

Each has arguments, an environment, a folder and streams of its own, and finds what a new process finds (tests/test_zygote.py).
"""

import fcntl
import gc
import os
import socket
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.zygote.script import begin, finish, flush, forget, run
from tests.zygote.wire import asked, tell

FAR = 200  # a descriptor beyond all that commands open
LONGEST = 1 if "SOAK_SEEDS" in os.environ else 25  # commands; in `make soak` each has a process of its own


def main() -> None:
    far = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, FAR)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    freeze, gc.freeze = gc.freeze, lambda: None  # a command that ends would hide its garbage from `forget`
    with socket.socket(fileno=far) as client:
        for left in reversed(range(LONGEST)):
            _, streams, _, _ = socket.recv_fds(client, 1, 2)
            if not streams:
                return
            tell(client, carry_out(asked(client), streams))
            freeze()
            is_over = not left or threading.active_count() > 1  # what works on would meet the next command
            tell(client, int(is_over))
            if is_over:
                return


def carry_out(request: dict[str, Any], streams: Sequence[int]) -> int:
    """One command; its exit code, or negative signal."""
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    begin(request)
    code = run()
    finish()
    forget()
    flush()  # what garbage has said at its end
    weakref.finalize._shutdown = weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]
    os.closerange(3, FAR)
    return code if code < 0 else code & 0xFF


if __name__ == "__main__":
    main()
