"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town whose state is a plain directory."""
    made = Town(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def git_town(tmp_path: Path) -> Iterator[Town]:
    """A town whose state is in a clone of a bare remote."""
    made = Town(tmp_path, git=True)
    yield made
    made.stop()
