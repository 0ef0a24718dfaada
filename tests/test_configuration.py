"""The configuration at the root of the repository is a city's own: of it, the checks ask only that it can be used."""

from pipeline.config import load
from tests.town import ROOT


def test_the_citys_own_configuration_can_be_used() -> None:
    assert load(ROOT / "kadoma.toml").site.sources
