"""Patterns that are compiled at their first use: a run without news needs few of those that its modules have."""

import re
from typing import Any, AnyStr, cast


class LatePattern:
    """Becomes what `re.compile` would have made, method by method."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:  # asked for what is not there yet
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def late(pattern: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """Like re.compile. A pattern that is none is told at its first use (tests/test_late.py uses them all)."""
    return cast("re.Pattern[AnyStr]", LatePattern(pattern, flags))
