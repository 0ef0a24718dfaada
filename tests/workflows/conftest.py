"""Fixtures of the workflow tests."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from pipeline.sandbox.articles import EMERGENCY
from tests.town import Town
from tests.workflows.runner import Runner


@pytest.fixture
def runner(git_town: Town) -> Iterator[Runner]:
    """A repository on the embedded GitHub whose articles so far are known, with the city's emergency page as a source."""
    git_town.with_emergency_source()
    old = replace(EMERGENCY, path="/kinkyu/old.html", page_no=901, title="台風に伴う避難所の閉鎖について")
    git_town.city.emergency(old, git_town.now - timedelta(days=30))  # a list from which nothing was ever read is told
    git_town.with_baseline()
    made = Runner(git_town)
    yield made
    made.stop()
