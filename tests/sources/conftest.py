"""Fixtures around the website of `source_site`."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from pipeline.ledger.events import Robots
from pipeline.sources.collect import SiteReader
from tests.sources.source_site import Clock, Reply, Website, site_of


@pytest.fixture
def website() -> Iterator[Website]:
    website = Website()
    website.routes["/robots.txt"] = Reply(status=404)
    yield website
    website.stop()


@pytest.fixture(scope="module")
def shared_website() -> Iterator[Website]:
    """One website for all examples of a property."""
    website = Website()
    website.routes["/robots.txt"] = Reply(status=404)
    yield website
    website.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return authority, file


@pytest.fixture
def secure_website(authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A website with https whose authority REQUESTS_CA_BUNDLE names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[1]))
    website = Website(context)
    website.routes["/robots.txt"] = Reply(status=404)
    yield website
    website.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader_of(clock: Clock) -> Iterator[Callable[..., SiteReader]]:
    made: list[SiteReader] = []

    def make(website: Website, robots: Mapping[str, Robots] | None = None, **settings: Any) -> SiteReader:
        made.append(SiteReader(site_of(website, **settings), robots or {}, clock.now, clock.sleep))
        return made[-1]

    yield make
    for reader in made:
        reader.close()
