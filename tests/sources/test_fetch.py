import contextlib
import gzip
import hashlib
import itertools
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from trustme import Blob

from pipeline.config import Site, Source
from pipeline.sources.answer import Fetched, FetchError
from pipeline.sources.fetch import Client
from tests.doubles.fault import packed_spaces
from tests.sources.source_site import NOW, Ask, Clock, Reply, Website, site_of

MakeClient = Callable[..., Client]


class CheapClient(Client):
    """Asks everything as lists are asked: with the probe first."""

    def get(self, url: str, **options: Any) -> Fetched:
        return super().get(url, cheaply=True, **options)


@pytest.fixture(params=[Client, CheapClient])
def client_of(request: pytest.FixtureRequest, clock: Clock) -> Iterator[MakeClient]:
    """Every test here holds for both ways of asking."""
    made: list[Client] = []

    def make(website: Website, monotonic: Callable[[], float] = lambda: 0.0, **settings: Any) -> Client:
        made.append(request.param(site_of(website, **settings), clock.now, clock.sleep, monotonic))
        return made[-1]

    yield make
    for client in made:
        client.close()


def failure(client: Client, url: str, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        client.get(url, **options)
    assert url in caught.value.detail
    return caught.value


def test_every_request_says_who_asks_and_how_to_reach_them(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = b"x"
    client_of(website).get(f"{website.url}/a")
    assert website.asked[0].headers["user-agent"] == "kadoma-line/1 (+https://city.example/line)"
    client_of(website, contact_url="").get(f"{website.url}/a")
    assert website.asked[1].headers["user-agent"] == f"kadoma-line/1 (+{website.url})"


def test_the_answer_tells_body_type_validators_and_digest(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(
        "門真".encode("cp932"), headers={"ETag": '"1"', "Last-Modified": "Fri, 12 Jun 2026 06:30:00 GMT"}
    )
    fetched = client_of(website).get(f"{website.url}/a")
    assert (fetched.is_modified, fetched.text, fetched.etag, fetched.last_modified) == (
        True,
        "門真",
        '"1"',
        "Fri, 12 Jun 2026 06:30:00 GMT",
    )
    assert fetched.digest == hashlib.sha256("門真".encode("cp932")).hexdigest()


def test_content_that_a_proxy_has_transformed_is_content(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(b"x", status=203)
    assert client_of(website).get(f"{website.url}/a").body == b"x"


def test_validators_make_the_request_conditional_and_304_is_not_modified(
    website: Website, client_of: MakeClient
) -> None:
    def conditional(ask: Ask) -> Reply:
        return Reply(
            status=304 if ask.headers.get("if-none-match") == '"1"' and "if-modified-since" in ask.headers else 200
        )

    website.routes["/a"] = conditional
    fetched = client_of(website).get(f"{website.url}/a", etag='"1"', last_modified="Fri, 12 Jun 2026 06:30:00 GMT")
    assert not fetched.is_modified


def test_a_validator_that_is_no_header_value_is_not_sent(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = b"x"
    client_of(website).get(f"{website.url}/a", etag='"1"\r\nX-Evil: 1', last_modified="門真")
    assert not {"if-none-match", "if-modified-since", "x-evil"} & set(website.asked[0].headers)


def test_304_to_an_unconditional_request_is_malformed(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(status=304)
    assert failure(client_of(website), f"{website.url}/a").code == "malformed"


@pytest.mark.parametrize(
    "first", [Reply(drop=True), Reply(status=500), Reply(status=503), Reply(b"half", headers={"Content-Length": "9"})]
)
def test_a_passing_failure_is_asked_again_with_growing_pauses(
    first: Reply, website: Website, client_of: MakeClient, clock: Clock
) -> None:
    website.routes["/a"] = [first, first, Reply(b"at last")]
    assert client_of(website).get(f"{website.url}/a").body == b"at last"
    assert len(website.asked) == 3
    first_wait, second_wait = clock.slept
    assert 0.25 <= first_wait <= 0.75
    assert 0.5 <= second_wait <= 1.5


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(status=500), Reply(status=502)])
def test_attempts_are_bounded_and_then_the_site_is_unreachable(
    reply: Reply, website: Website, client_of: MakeClient
) -> None:
    website.routes["/a"] = reply
    error = failure(client_of(website, attempts=2), f"{website.url}/a")
    assert error.code == "unreachable"
    assert "2 attempt(s)" in error.detail
    assert len(website.asked) == 2


def test_a_host_that_does_not_listen_is_unreachable(website: Website, client_of: MakeClient) -> None:
    website.stop()
    assert failure(client_of(website), f"{website.url}/a").code == "unreachable"


def drip() -> tuple[Reply, Callable[[], float]]:
    """A server that sends the second half only when the client has looked at its clock again; and that clock."""
    looked, ticks = threading.Event(), iter(range(0, 100_000, 10))

    def monotonic() -> float:
        tick = next(ticks)
        if tick >= 60:
            looked.set()
        return float(tick)

    return Reply(b"x" * 1000, meanwhile=lambda: looked.wait(5)), monotonic


def test_a_server_that_drips_is_left_when_patience_ends(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"], monotonic = drip()
    error = failure(client_of(website, monotonic=monotonic, attempts=1), f"{website.url}/a")
    assert error.code == "unreachable"
    assert "took too long" in error.detail


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 100 Continue\r\n\r\n", b""], ids=["header", "continue", "silent"]
)
def test_a_server_that_never_ends_its_headers_is_left_when_patience_ends(
    client_of: MakeClient, website: Website, head: bytes
) -> None:
    left, never = threading.Event(), threading.Event()

    def drip_for_ever(listening: socket.socket) -> None:
        with listening.accept()[0] as peer, contextlib.suppress(OSError):
            peer.recv(65_536)
            peer.sendall(head)
            while head and not never.wait(0.02):  # paced: a header line has its own limit
                peer.sendall(b"a" if head.endswith(b"X-") else head)
            peer.recv(1)
        left.set()

    ticks = itertools.count()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        server = threading.Thread(target=drip_for_ever, args=(listening,), daemon=True)
        server.start()
        client = client_of(website, monotonic=lambda: float(next(ticks)), attempts=1)
        client.hosts = (host,)
        error = failure(client, f"http://{host}/a")
        server.join(timeout=30)
    assert error.code == "unreachable"
    assert left.is_set()


def test_the_end_of_the_run_ends_a_request_that_hangs(website: Website, clock: Clock) -> None:
    stop, asked = threading.Event(), threading.Event()

    def hang(_: Ask) -> Reply:
        asked.set()
        stop.wait(30)
        return Reply(b"late")

    website.routes["/a"] = hang
    site = site_of(website, attempts=3)
    client = Client(site, clock.now, clock.sleep, stopping=asked.is_set)
    error = failure(client, f"{website.url}/a")
    stop.set()
    client.close()
    assert "asked to stop" in error.detail


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "refused"), (403, "refused"), (429, "refused"), (451, "refused"), (202, "refused"), (404, "gone"), (410, "gone"), (204, "malformed")],
)  # fmt: skip
def test_a_status_is_told_apart_and_not_asked_again(
    status: int, code: str, website: Website, client_of: MakeClient
) -> None:
    website.routes["/a"] = Reply(status=status)
    error = failure(client_of(website), f"{website.url}/a")
    assert (error.code, error.status, len(website.asked)) == (code, status, 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<script src=/_Incapsula_Resource?x></script>"),
        Reply(b"<html>Just a moment", 503, headers={"cf-mitigated": "challenge"}),
        Reply(b"", 405, headers={"x-amzn-waf-action": "captcha"}),
    ],
)
def test_a_challenge_page_is_a_refusal(reply: Reply, website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = reply
    assert failure(client_of(website), f"{website.url}/a").code == "refused"


def test_a_short_retry_after_is_waited_for(website: Website, client_of: MakeClient, clock: Clock) -> None:
    soon = format_datetime((NOW + timedelta(seconds=20)).astimezone(UTC), usegmt=True)
    website.routes["/a"] = [
        Reply(status=503, headers={"Retry-After": "7"}),
        Reply(status=429, headers={"Retry-After": soon}),
        Reply(b"x"),
    ]
    assert client_of(website).get(f"{website.url}/a").body == b"x"
    assert clock.slept == [7.0, 20.0]


@pytest.mark.parametrize(("status", "code"), [(503, "later"), (429, "refused")])
def test_a_long_retry_after_ends_the_asking_until_then(
    status: int, code: str, website: Website, client_of: MakeClient, clock: Clock
) -> None:
    until = NOW + timedelta(hours=2)
    website.routes["/a"] = Reply(status=status, headers={"Retry-After": "7200"})
    website.routes["/b"] = b"x"
    client = client_of(website)
    error = failure(client, f"{website.url}/a")
    assert (error.code, error.not_before, clock.slept) == (code, until, [])
    assert failure(client, f"{website.url}/b").code == "later"
    assert len(website.asked) == 1
    clock.time = until
    assert client.get(f"{website.url}/b").body == b"x"


def test_an_address_that_failed_with_a_short_retry_after_does_not_keep_the_others_from_being_asked(
    website: Website, client_of: MakeClient, clock: Clock
) -> None:
    website.routes |= {"/news": Reply(status=503, headers={"Retry-After": "7"}), "/emergency": b"x"}
    client = client_of(website, attempts=1)
    assert failure(client, f"{website.url}/news").code == "unreachable"
    assert client.get(f"{website.url}/emergency").body == b"x"
    assert clock.slept == [7.0]


@pytest.mark.parametrize("value", ["99999999999999999999", "31536000", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_an_absurdly_long_retry_after_counts_as_a_day(value: str, website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(status=503, headers={"Retry-After": value})
    assert failure(client_of(website), f"{website.url}/a").not_before == NOW + timedelta(days=1)


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "Fri, 99 Foo"])
def test_a_nonsensical_retry_after_is_ignored(value: str, website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = [Reply(status=503, headers={"Retry-After": value}), Reply(b"x")]
    assert client_of(website).get(f"{website.url}/a").body == b"x"


def test_a_body_over_the_limit_is_too_large_whether_announced_or_not(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = b"x" * 10_000_000
    error = failure(client_of(website), f"{website.url}/a")
    assert (error.code, len(website.asked)) == ("too-large", 1)
    assert "2,000,000" in error.detail
    website.routes["/exact"] = b"x" * 1000
    assert len(client_of(website).get(f"{website.url}/exact", limit=1000).body) == 1000


def test_a_gzip_bomb_is_stopped_at_the_limit_in_memory_too(website: Website, client_of: MakeClient) -> None:
    bomb = packed_spaces(200)
    website.routes["/a"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    client = client_of(website)
    tracemalloc.start()
    try:
        assert failure(client, f"{website.url}/a").code == "too-large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_the_body_of_a_redirect_is_never_opened(website: Website, client_of: MakeClient) -> None:
    bomb = packed_spaces(200)
    website.routes["/a"] = Reply(bomb, 302, headers={"Content-Encoding": "gzip", "Location": "/b"})
    website.routes["/b"] = b"x"
    client = client_of(website)
    tracemalloc.start()
    try:
        assert client.get(f"{website.url}/a").body == b"x"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_damaged_compression_is_malformed(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(b"this is no gzip", headers={"Content-Encoding": "gzip"})
    assert failure(client_of(website), f"{website.url}/a").code == "malformed"


def test_compressed_pages_are_read(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    assert client_of(website).get(f"{website.url}/a").body == b"hello"


def test_redirects_within_the_site_are_followed_and_each_address_is_checked(
    website: Website, client_of: MakeClient
) -> None:
    website.routes["/a"] = Reply(status=301, headers={"Location": "//" + website.host + "/b#x"})
    website.routes["/b"] = Reply(status=302, headers={"Location": "c"})
    website.routes["/c"] = b"x"
    checked: list[str] = []
    fetched = client_of(website).get(f"{website.url}/a", check=checked.append)
    assert (fetched.url, fetched.final_url) == (f"{website.url}/a", f"{website.url}/c")
    assert checked == [f"{website.url}/{name}" for name in "abc"]


@pytest.mark.parametrize("location", ["https://evil.example/", "//evil.example/x", "http://www.city.example/"])
def test_a_redirect_off_the_site_is_not_followed(location: str, website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(status=302, headers={"Location": location})
    error = failure(client_of(website), f"{website.url}/a")
    assert error.code == "redirected"
    assert "site.hosts" in error.detail


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "file:///etc/passwd", "http://[broken", "https://a@b.example/"]
)
def test_a_redirect_to_what_is_no_web_address_is_malformed(
    location: str, website: Website, client_of: MakeClient
) -> None:
    website.routes["/a"] = Reply(status=302, headers={"Location": location})
    assert failure(client_of(website), f"{website.url}/a").code == "malformed"


def test_a_redirect_loop_is_a_refusal(website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(status=302, headers={"Location": "/b"})
    website.routes["/b"] = Reply(status=302, headers={"Location": "/a"})
    error = failure(client_of(website), f"{website.url}/a")
    assert (error.code, len(website.asked)) == ("refused", 2)
    assert "loop" in error.detail


def test_a_challenge_that_hands_out_new_cookies_for_ever_is_a_refusal(website: Website, client_of: MakeClient) -> None:
    def challenge(ask: Ask) -> Reply:
        return Reply(status=302, headers={"Location": "/a", "Set-Cookie": f"visid={len(website.asked)}"})

    website.routes["/a"] = challenge
    error = failure(client_of(website), f"{website.url}/a")
    assert error.code == "refused"
    assert len(website.asked) in (6, 7)  # the cheap way asks once, then hands over to the one that keeps cookies


def test_a_redirect_that_only_wants_its_cookie_back_is_followed(website: Website, client_of: MakeClient) -> None:
    def cookie(ask: Ask) -> Reply:
        return (
            Reply(b"x")
            if "cookie" in ask.headers
            else Reply(status=302, headers={"Location": "/a", "Set-Cookie": "seen=1"})
        )

    website.routes["/a"] = cookie
    assert client_of(website).get(f"{website.url}/a").body == b"x"


def test_an_address_off_the_site_is_never_asked(website: Website, client_of: MakeClient) -> None:
    client = client_of(website)
    assert failure(client, "https://evil.example/").code == "malformed"
    assert website.asked == []


def test_requests_start_with_a_pause_between_them(website: Website, client_of: MakeClient, clock: Clock) -> None:
    website.routes["/a"] = b"x"
    client = client_of(website, pause=0.5)
    for _ in range(3):
        client.get(f"{website.url}/a")
    assert clock.slept == [0.5, 1.0]  # the test's own clock stands still


def test_passwords_of_this_machine_are_not_sent(
    website: Website, client_of: MakeClient, tmp_path: Any, monkeypatch: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    website.routes["/a"] = b"x"
    client_of(website).get(f"{website.url}/a")
    assert "authorization" not in website.asked[0].headers


def test_a_certificate_nobody_vouches_for_is_not_accepted_and_not_asked_again(
    secure_website: Website, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure_website.routes["/a"] = b"x"
    assert client_of(secure_website).get(f"{secure_website.url}/a").body == b"x"
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    error = failure(client_of(secure_website), f"{secure_website.url}/a")
    assert error.code == "unreachable"
    assert "certificate" in error.detail
    assert len(secure_website.asked) == 1


def test_the_cheap_question_is_asked_over_https_too(secure_website: Website, clock: Clock) -> None:
    secure_website.routes["/a"] = b"x"
    with contextlib.closing(CheapClient(site_of(secure_website), clock.now, clock.sleep)) as client:
        assert client.get(f"{secure_website.url}/a").body == b"x"
    assert [asked.headers["accept-encoding"] for asked in secure_website.asked] == ["identity"]  # not the thorough one


def tls(authority: trustme.CA, name: str = "127.0.0.1", whole_chain: bool = True, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = authority.issue_cert(name, **options)
    chain = leaf.cert_chain_pems if whole_chain else leaf.cert_chain_pems[:1]
    with (
        leaf.private_key_pem.tempfile() as key,
        Blob(b"".join(pem.bytes() for pem in chain)).tempfile() as certificates,
    ):
        context.load_cert_chain(certificates, key)
    return context


def expired(authority: trustme.CA) -> ssl.SSLContext:
    return tls(authority, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC))


def made_out_to_another(authority: trustme.CA) -> ssl.SSLContext:
    return tls(authority, "www.city.example")


def without_intermediate(authority: trustme.CA) -> ssl.SSLContext:
    return tls(authority.create_child_ca(), whole_chain=False)


def with_other_ciphers(authority: trustme.CA) -> ssl.SSLContext:
    context = tls(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA256")
    return context


@pytest.mark.parametrize(
    ("context_of", "says"),
    [
        (expired, "it has expired (certificate has expired)"),
        (made_out_to_another, "it is made out to another"),
        (without_intermediate, "the chain is incomplete: the server does not send an intermediate certificate"),
        (with_other_ciphers, "server and client have no protocol or cipher in common"),
    ],
)
def test_what_is_wrong_with_tls_is_said_in_full_and_not_asked_again(
    context_of: Callable[[trustme.CA], ssl.SSLContext], says: str, authority: tuple[trustme.CA, Path], client_of: MakeClient,
    clock: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[1]))
    website = Website(context_of(authority[0]))
    try:
        error = failure(client_of(website), f"{website.url}/a")
    finally:
        website.stop()
    assert error.code == "unreachable"
    assert says in error.detail
    assert clock.slept == []


def test_a_server_that_speaks_no_tls_is_told(website: Website, client_of: MakeClient, clock: Clock) -> None:
    website.url = website.url.replace("http:", "https:")
    assert "WRONG_VERSION_NUMBER" in failure(client_of(website), f"{website.url}/a").detail
    assert clock.slept == []


@pytest.fixture
def proxied(website: Website, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A proxy that the environment names; `website` is behind it."""
    proxy = Website()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://me:secret@{proxy.host}")
    monkeypatch.setenv("no_proxy", "")
    yield proxy
    proxy.stop()


def test_a_proxy_is_used_with_its_login(website: Website, proxied: Website, client_of: MakeClient) -> None:
    proxied.routes[f"{website.url}/a"] = b"x"
    assert client_of(website).get(f"{website.url}/a").body == b"x"
    assert proxied.asked[0].headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert website.asked == []


def test_a_proxy_that_refuses_is_named_without_its_password(
    website: Website, proxied: Website, client_of: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied.routes[f"{website.url}/a"] = Reply(status=407)
    assert "the proxy wants a login (407)" in failure(client_of(website), f"{website.url}/a").detail
    website.url = website.url.replace("http:", "https:")
    detail = failure(client_of(website), f"{website.url}/a").detail
    assert "the proxy: it refuses (501" in detail
    assert "secret" not in detail
    proxied.stop()
    assert "the proxy: ConnectionRefusedError" in failure(client_of(website), f"{website.url}/a").detail


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_a_compression_that_nobody_asked_for_is_named(coding: str, website: Website, client_of: MakeClient) -> None:
    website.routes["/a"] = Reply(b"\x0b\x02\x80hello\x03", headers={"Content-Encoding": coding})
    error = failure(client_of(website), f"{website.url}/a")
    assert (error.code, coding in error.detail, "nobody asked for" in error.detail) == ("malformed", True, True)


def test_a_compressed_body_of_several_members_is_read_whole(website: Website, client_of: MakeClient) -> None:
    whole = gzip.compress(b"hello ") + gzip.compress(b"world")
    website.routes["/a"] = Reply(whole, headers={"Content-Encoding": "gzip"})
    assert client_of(website).get(f"{website.url}/a").body == b"hello world"


@pytest.fixture
def endless() -> Iterator[Callable[[bytes, bytes], str]]:
    """A server that begins and then sends the same for ever; gives its address."""
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(begin: bytes, for_ever: bytes) -> str:
        sockets.append(listening := socket.create_server(("127.0.0.1", 0)))

        def answer() -> None:
            connection, _ = listening.accept()
            sockets.append(connection)
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                connection.sendall(begin)
                while True:
                    connection.sendall(for_ever)

        threads.append(threading.Thread(target=answer, daemon=True))
        threads[-1].start()
        return f"127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    ("begin", "for_ever"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=["100-continue", "chunks", "trailers"],
)
def test_no_answer_is_so_long_that_it_holds_a_run(
    begin: bytes, for_ever: bytes, endless: Callable[[bytes, bytes], str], clock: Clock
) -> None:
    ticks = itertools.count(0.0, 5.0)
    host = endless(begin, for_ever)
    site = Site(url=f"http://{host}", hosts=(host,), sources=(Source(kind="feed", url="/"),), pause=0, attempts=1)
    client = Client(site, clock.now, clock.sleep, lambda: next(ticks))
    error = failure(client, f"http://{host}/a")
    assert (error.code, "took too long" in error.detail) == ("unreachable", True)
    assert next(ticks) < 40  # the limit, 25 s by this clock, and not the server's patience
