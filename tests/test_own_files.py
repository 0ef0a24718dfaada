"""No test depends on what a city fills in or on what its runs record: whoever opens it is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import load
from tests.own_files import OfTheCityError
from tests.town import ROOT, Town


@pytest.mark.parametrize(
    "opened",
    [
        lambda: load(ROOT / "kadoma.toml"),
        lambda: load(Path("kadoma.toml")),
        lambda: (ROOT / "tests" / ".." / "kadoma.toml").read_text(encoding="utf-8"),
        (ROOT / "state" / "README.md").read_bytes,
        lambda: list((ROOT / "state").glob("ledger-*.jsonl")),
        lambda: list((ROOT / "state").iterdir()),
    ],
)
def test_a_test_cannot_read_the_citys_own(opened: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(OfTheCityError, match=r"is the city's own: tests have tests/kadoma\.toml"):
        opened()


def test_nor_can_a_command_that_a_test_starts_there(town: Town) -> None:
    assert "is the city's own: tests have" in town.there(ROOT, "status").err


def test_everything_else_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "kadoma.toml").write_bytes((ROOT / "examples" / "kadoma-city.toml").read_bytes())
    assert load(tmp_path / "kadoma.toml").site.sources
