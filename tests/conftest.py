"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.town", "tests.delivery.crash")  # what they assert is told with its values

from tests.town import Town, stop_zygote  # noqa: E402 - after the line above

# Speed belongs in `make bench`: a busy machine must not make a test fail. In CI the same examples every time.
settings.register_profile(
    "kadoma", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kadoma")


@pytest.fixture(scope="session", autouse=True)
def _no_zygote_is_left() -> Iterator[None]:
    yield
    stop_zygote()


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
