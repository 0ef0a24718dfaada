import threading
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.article import Picture
from pipeline.sources import pictures
from pipeline.sources.answer import FetchError
from pipeline.sources.fetch import Client
from tests.sources.source_site import Ask, Clock, Reply, Website, site_of


def image(width: int = 640, height: int = 480, kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "#06c755").save(file, kind)
    return file.getvalue()


@pytest.fixture
def client(secure_website: Website, clock: Clock) -> Client:
    return Client(site_of(secure_website), clock.now, clock.sleep)


def check(client: Client, website: Website, reply: Reply) -> Picture | None:
    website.routes["/x"] = reply
    return pictures.check(client, Picture(f"{website.url}/x", "写真"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_line_can_show_gets_its_size(kind: str, secure_website: Website, client: Client) -> None:
    checked = check(client, secure_website, Reply(image(1024, 120, kind)))
    assert checked == Picture(f"{secure_website.url}/x", "写真", 1024, 120)


def test_only_the_first_bytes_are_asked_for_and_read(secure_website: Website, client: Client) -> None:
    whole = image(1000, 1000, "JPEG") + bytes(900_000)

    def partial(ask: Ask) -> Reply:
        assert ask.headers["range"] == "bytes=0-65535"
        return Reply(whole[:65_536], 206, headers={"Content-Range": f"bytes 0-65535/{len(whole)}"})

    secure_website.routes["/x"] = partial
    checked = pictures.check(client, Picture(f"{secure_website.url}/x"))
    assert checked is not None
    assert checked.width == 1000
    # A server that does not know ranges sends everything; we stop listening early.
    assert check(client, secure_website, Reply(whole)) is not None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(image(1025, 300)),
        Reply(image(300, 1025, "JPEG")),
        Reply(image(239, 300)),
        Reply(image(300, 119, "JPEG")),
        Reply(image(kind="GIF")),
        Reply(image() + bytes(1_000_000)),
        Reply(image()[:70], 206, headers={"Content-Range": "bytes 0-69/1000001"}),
        Reply(image()[:10]),
        Reply(b"<html>not found</html>"),
        Reply(b""),
        Reply(image(), status=404),
        Reply(image(), status=403),
        Reply(status=302, headers={"Location": "https://elsewhere.example/x.png"}),
        Reply(drop=True),
        Reply(status=500),
    ],
)
def test_anything_else_is_no_picture_after_a_single_question(
    reply: Reply, secure_website: Website, client: Client
) -> None:
    assert check(client, secure_website, reply) is None
    assert len(secure_website.asked) == 1


def test_a_picture_of_unknown_size_is_none(secure_website: Website, client: Client) -> None:
    assert check(client, secure_website, Reply(image(), headers={"Content-Length": ""})) is None


def test_a_slow_picture_is_none(secure_website: Website, clock: Clock) -> None:
    looked = threading.Event()
    ticks = iter(range(0, 1000, 6))

    def monotonic() -> float:
        tick = next(ticks)
        if tick >= 12:
            looked.set()
        return float(tick)

    client = Client(site_of(secure_website), clock.now, clock.sleep, monotonic)
    assert check(client, secure_website, Reply(image(), meanwhile=lambda: looked.wait(5))) is None


def test_a_picture_that_moved_within_the_site_has_its_new_address(secure_website: Website, client: Client) -> None:
    secure_website.routes["/y"] = image()
    checked = check(client, secure_website, Reply(status=301, headers={"Location": "/y"}))
    assert checked is not None
    assert checked.url == f"{secure_website.url}/y"


def test_plain_http_and_foreign_pictures_are_not_even_asked_for(website: Website, clock: Clock) -> None:
    client = Client(site_of(website), clock.now, clock.sleep)
    assert pictures.check(client, Picture(f"{website.url}/x")) is None
    assert pictures.check(client, Picture("https://elsewhere.example/x.png")) is None
    assert website.asked == []


def test_a_picture_closed_by_robots_txt_is_none(secure_website: Website, client: Client) -> None:
    def closed(url: str) -> None:
        raise FetchError("robots", url)

    secure_website.routes["/x"] = image()
    assert pictures.check(client, Picture(f"{secure_website.url}/x"), closed) is None
    assert secure_website.asked == []


HEADS = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xe1",
    image()[:24],
    image(kind="JPEG")[:200],
    image(kind="GIF"),
]


@given(st.sampled_from(HEADS), st.binary(max_size=100))
def test_any_bytes_have_a_size_that_line_can_show_or_none(head: bytes, tail: bytes) -> None:
    size = pictures.measure(head + tail)
    if size:
        assert head.startswith((b"\x89PNG", b"\xff\xd8\xff"))
        assert all(0 < side <= 1024 for side in size)
