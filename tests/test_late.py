"""Patterns that are compiled at their first use are patterns."""

import importlib
import pkgutil
import re

import pytest

import pipeline
from pipeline.late import LatePattern, late


def test_each_pattern_that_is_compiled_late_can_be_compiled() -> None:
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(pipeline.__path__, "pipeline.")]
    patterns = {id(one): one for module in modules for one in vars(module).values() if isinstance(one, LatePattern)}
    assert len(patterns) > 50
    for one in patterns.values():
        assert re.compile(one.pattern, one.flags).groups == one.groups


def test_it_is_compiled_once_and_does_what_a_pattern_does() -> None:
    digits = late("[0-9]+")
    assert [found[0] for found in digits.finditer("平成31年4月")] == ["31", "4"]
    assert digits.sub("N", "第7条") == "第N条"
    assert digits.search is digits.search
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.search("")
