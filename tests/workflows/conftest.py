"""Fixtures of the workflow tests."""

from collections.abc import Iterator

import pytest

from tests.town import Town
from tests.workflows.runner import Runner


@pytest.fixture
def runner(git_town: Town) -> Iterator[Runner]:
    """A repository on the embedded GitHub whose articles so far are known, with the city's emergency page as a source."""
    git_town.with_emergency_source()
    git_town.with_baseline()
    made = Runner(git_town)
    yield made
    made.stop()
