"""A manual post with a picture of the city's own, over https as LINE asks for it, through the real console script."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from tests.doubles.city import City
from tests.doubles.fault import Fault
from tests.doubles.pictures import picture
from tests.town import Town

POST = ("post", "--actor", "miryoku", "--title", "蓮の花が咲きました", "--text", "水路のそばで見られます。")


@pytest.fixture
def secure(town: Town, tmp_path: Path) -> Iterator[City]:
    """The city's second host, where the pictures are."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    host = City(tls=context)
    host.start()
    town.environment["REQUESTS_CA_BUNDLE"] = str(tmp_path / "authority.pem")
    town.configure((f'hosts = ["{town.city.host}"]', f'hosts = ["{town.city.host}", "{host.host}"]'))
    yield host
    host.stop()


def test_it_is_on_the_card_as_large_as_it_is_and_drawn_in_the_preview(town: Town, secure: City) -> None:
    town.with_baseline()
    town.now += timedelta(hours=2)
    secure.put("/images/hasu.png", picture("PNG", 960, 640), "image/png")
    address = f"{secure.url}/images/hasu.png"
    assert address.startswith("https://")
    town.call(*POST, "--picture", f"「{address}?utm_source=x」", code=0)
    page = Path(town.call("preview", "--out", str(town.folder / "preview")).out.strip()).read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    town.call("approve", town.events()[-1]["article"], "--actor", "miryoku")  # where the operator must agree
    town.run()
    [sent] = town.line.accepted
    card = sent.messages[0]["contents"]
    [hero] = [part for part in (card.get("hero"), *card["body"]["contents"]) if part and part.get("type") == "image"]
    assert hero["url"] == address
    assert hero["aspectRatio"] == "960:640"


def test_what_line_could_not_show_is_refused_and_nothing_is_recorded(town: Town, secure: City) -> None:
    town.with_baseline()
    before = town.events()
    secure.put("/small.png", picture("PNG", 200, 100), "image/png")
    secure.put("/large.png", picture("PNG", 1030, 640), "image/png")
    secure.put("/page.png", b"<html>", "image/png")
    secure.put("/heavy.png", picture("PNG", 960, 640) + bytes(1_000_001), "image/png")
    secure.put("/plain.png", picture("PNG", 960, 640), "image/png")
    secure.fail("/moved.png", Fault.redirect_to("https://evil.example/x.png"), times=None)
    town.city.put("/plain.png", picture("PNG", 960, 640), "image/png")
    addresses = [f"{secure.url}/{name}.png" for name in ("small", "large", "page", "heavy", "moved", "none")]
    for address in (*addresses, f"{town.city.url}/plain.png", "https://evil.example/x.png", "file:///etc/passwd"):
        told = town.call(*POST, "--picture", address, code=2).err
        assert "写真" in told or "市ホームページ" in told or "URLではありません" in told, told
    assert town.events() == before
