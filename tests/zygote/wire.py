"""What a client and the process at the other end of a connection say to each other: a request in marshal's form, numbers as lines."""

import contextlib
import marshal
import socket
from collections.abc import Mapping
from typing import Any


def ask(connection: socket.socket, request: Mapping[str, Any]) -> None:
    connection.sendall(marshal.dumps(dict(request)))


def asked(connection: socket.socket) -> dict[str, Any]:
    """What to do; nothing where the client has died meanwhile."""
    try:
        with connection.makefile("rb") as words:
            request: dict[str, Any] = marshal.load(words)  # noqa: S302 - our own words
    except (EOFError, ValueError, OSError):
        return {}
    return request


def tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # the client is gone
        connection.sendall(f"{number}\n".encode())
