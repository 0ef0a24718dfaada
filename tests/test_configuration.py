"""The configuration at the root of the repository is a city's own: of it, the checks ask only that it can be used, and that it
tells every key."""

import re
from collections.abc import Iterator

import pytest
from msgspec import inspect

from pipeline.config import Config, load, parse
from tests.policy.office import default_config
from tests.town import ROOT

OWN, SHIPPED = ROOT / "kadoma.toml", ROOT / "examples" / "kadoma-city.toml"
TEXT = SHIPPED.read_text(encoding="utf-8")  # a city may have thrown the comments of its own away


def keys(kind: object, table: str = "") -> Iterator[tuple[str, str]]:
    """(table, key) of the whole configuration, by its types."""
    for field in getattr(kind, "fields", ()):
        inner = field.type
        for step in ("type", "item_type", "value_type"):
            inner = getattr(inner, step, inner)
        structs = [inner, *getattr(inner, "types", ())]
        yield table, field.encode_name
        for one in structs:
            yield from keys(one, f"{table}.{field.encode_name}".lstrip("."))


KEYS = sorted(set(keys(inspect.type_info(Config))))


def told(table: str) -> str:
    """The lines of a table, commented out or not; those of an inline table are its parent's."""
    headings = rf"(?m)^(?:# )?\[+{re.escape(table)}\]+" if table else r"\A"
    parts = [TEXT[found.end() :].partition("\n[")[0] for found in re.finditer(headings, TEXT)]
    return "\n".join(parts) if parts else told(table.rpartition(".")[0])


def test_the_citys_own_configuration_can_be_used() -> None:
    assert load(OWN).site.sources


def test_what_is_shipped_is_told_twice_in_the_same_words_until_a_city_fills_it_in() -> None:
    text = OWN.read_text(encoding="utf-8")
    in_use = any(people for office, people in load(OWN).policy.posters.items() if people != ("kadoma-line",))
    assert in_use or text == TEXT, "cp kadoma.toml examples/kadoma-city.toml"


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[f"{table}.{key}".lstrip(".") for table, key in KEYS])
def test_every_key_is_told_where_it_is_written(table: str, key: str) -> None:
    inner = f"{table}.{key}".lstrip(".")
    is_table = bool(re.search(rf"(?m)^(?:# )?\[+{re.escape(inner)}[.\]]", TEXT))
    line = re.search(rf"(?<![\w.]){re.escape(key)} = ", told(table))
    assert is_table or line, f"{inner}: no line of the shipped configuration tells it"


def test_what_stands_there_commented_out_as_usual_is_what_counts_without_it() -> None:
    """The keys with a value of their own, between the first table and the first list of tables, and so on."""
    usual = parse(default_config())
    for table, config in (("site", usual.site), ("line", usual.line), ("state", usual.state)):
        block = re.split(r"(?m)^$|^\[|^# \[", told(table))[0]
        for key, value in re.findall(r"(?m)^# (\w+) = ([^#\n]+?)\s*(?:#.*)?$", block):
            if key not in ("chat_mode", "silent"):  # examples
                assert str(getattr(config, key)) == value.strip('"'), f"{table}.{key}"
