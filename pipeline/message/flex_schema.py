"""What a Flex Message may consist of, as flex_schema.toml has it."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct


class Format(Struct, frozen=True, forbid_unknown_fields=True):
    """What a value must look like; `words` says it to people."""

    words: str
    pattern: str
    kind: Literal["str", "int", "bool"] = "str"

    def allows(self, value: Any) -> bool:
        """By the name of its type: True is an int to isinstance."""
        return type(value).__name__ == self.kind and re.fullmatch(self.pattern, str(value)) is not None


Property = Format | str  # the name of a part that `limits` looks into


class Part(Struct, frozen=True):
    """A component, or another object: its properties, and which of them must be there."""

    properties: dict[str, Property]
    required: tuple[str, ...] = ()


_TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _property(written: str) -> Property:
    if written.startswith("<"):
        return written.strip("<>")
    return FORMATS.get(written) or Format(written.replace("|", ", "), written)


def _part(required: tuple[str, ...] = (), like: tuple[str, ...] = (), **own: str) -> Part:
    shared = {name: value for group in like for name, value in _TABLE["shared"][group].items()}
    return Part({name: _property(value) for name, value in (shared | own).items()}, tuple(required))


FORMATS = msgspec.convert(_TABLE["formats"], dict[str, Format])
COMPONENTS = {name: _part(**table) for name, table in _TABLE["components"].items()}
OBJECTS = {name: _part(**table) for name, table in _TABLE["objects"].items()}
CHILDREN = msgspec.convert(_TABLE["children"], dict[str, tuple[str, ...]])
