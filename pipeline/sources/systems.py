"""The content management system of a page, told by its markup; what each does with an article stands in systems.toml."""

import tomllib
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.config import PageSelectors
from pipeline.sources.soup import Index


class System(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[systems]]` of systems.toml, where the keys are explained."""

    name: str
    select: PageSelectors
    marks: tuple[str, ...] = ()
    generator: str = ""
    shared_is_the_sites: bool = False


def system_of(index: Index) -> System | None:
    """The first system whose mark the page carries."""
    generator = index.meta("generator").casefold()
    for system in _systems():
        if (system.generator and system.generator.casefold() in generator) or index.select(system.marks):
            return system
    return None


@cache
def _systems() -> tuple[System, ...]:
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(raw["systems"], tuple[System, ...])
