"""A script for a zygote: carries out commands one after the other, as the client at the other end of its standard input asks.

Each has arguments, an environment, a folder and streams of its own, and finds our modules as a new process does.
"""

import fcntl
import gc
import os
import socket
from pathlib import Path

from tests.zygote.script import begin, finish, forget, run
from tests.zygote.wire import asked, tell

FAR = 200  # a descriptor out of the way of those that a command opens


def main() -> None:
    far = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, FAR)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    with socket.socket(fileno=far) as client:
        freeze, gc.freeze = gc.freeze, lambda: None  # a command that ends keeps its garbage from the search below
        while streams := socket.recv_fds(client, 1, 2)[1]:
            request = asked(client)
            for number, stream in enumerate(streams, 1):
                os.dup2(stream, number)
                os.close(stream)
            begin(request)
            code = run()
            finish()
            forget()
            freeze()
            os.closerange(3, FAR)
            tell(client, code if code < 0 else code & 0xFF)


if __name__ == "__main__":
    main()
