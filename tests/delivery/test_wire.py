"""One request to LINE has one deadline: whoever drips, a byte at a time, holds nobody."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.line.wire import LineSilent, exchange

HEAD = b"HTTP/1.1 200 OK\r\nx-line-request-id: r1\r\n"


@contextmanager
def dripping(start: bytes, drop: bytes) -> Iterator[str]:
    """A server that sends `start`, then `drop` again and again until the client is gone."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(start)
                while not over.wait(0.02):
                    connection.sendall(drop)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join(5)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD, b"x"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"\r\n", b" "),
        (b"", b""),
    ],
    ids=["status line", "100-continue", "header", "body", "chunks", "body without an end", "nothing"],
)
def test_an_answer_that_drips_ends_with_the_time_of_the_whole_request(start: bytes, drop: bytes) -> None:
    with dripping(start, drop) as host, pytest.raises(LineSilent, match=r"no whole answer within 0\.3 s") as told:
        exchange("POST", f"http://{host}/", {}, b"{}", (5.0, 0.3))
    assert told.value.sent


ODD = {
    "a chunk cut short": HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "a chunk of less than nothing": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
    "a chunk without a size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a body cut short": HEAD + b"Content-Length: 100\r\n\r\n{}",
    "no status": b"HTTP/1.1 fine\r\n\r\n",
    "no HTTP": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "another HTTP": b"HTTP/3.0 200 OK\r\n\r\n",
    "a header without an end": b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000,
    "headers without an end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300,
    "nothing": b"",
}


@pytest.mark.parametrize("said", ODD.values(), ids=ODD.keys())
def test_bytes_that_are_no_whole_answer_leave_open_whether_the_request_was_taken(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(LineSilent) as told:
            exchange("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", {}, b"{}", (5.0, 5.0))
    assert told.value.sent


def test_a_handshake_that_drips_ends_with_the_time_to_connect_and_carried_nothing() -> None:
    with dripping(b"\x16\x03\x03\x40\x00", b"\x02") as host, pytest.raises(LineSilent) as told:
        exchange("POST", f"https://{host}/", {}, b"{}", (0.3, 5.0))
    assert not told.value.sent


def test_an_authority_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(LineSilent, match="authorities cannot be read") as told:
        exchange("GET", "https://127.0.0.1:9/", {}, None, (0.3, 0.3))
    assert not told.value.sent


@pytest.mark.parametrize("body", [HEAD + b"Content-Length: 9\r\n\r\n{}", b"", b"\x00\x01", b"HTTP/9 hello\r\n\r\n"])
def test_half_an_answer_or_nonsense_is_none_and_may_have_been_accepted(body: bytes) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(LineSilent) as told:
            exchange("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", {}, b"{}", (5.0, 5.0))
    assert told.value.sent


def test_contexts_verify_names_and_certificates() -> None:
    from pipeline.line import wire

    context = wire._trust(wire._authorities())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
