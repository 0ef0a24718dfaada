"""What a run is doing right now: one line on a terminal, nothing elsewhere."""

import tomllib
from collections.abc import Callable
from typing import TextIO

from pipeline.templates import TEMPLATES

CLEAR_LINE = "\r\x1b[2K"


def shown_on(out: TextIO) -> Callable[[str], object]:
    """Told the station that begins; told "", takes the line away."""
    if not out.isatty():
        return lambda _: None
    words = tomllib.loads((TEMPLATES / "report" / "progress.toml").read_text(encoding="utf-8"))

    def show(station: str) -> None:
        out.write(CLEAR_LINE + (f"… {words[station]}" if station else ""))
        out.flush()

    return show
