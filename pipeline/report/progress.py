"""What a run is doing right now: one line on a terminal, nothing elsewhere."""

from collections.abc import Callable
from typing import TextIO

from pipeline import templates

CLEAR_LINE = "\r\x1b[2K"


def shown_on(out: TextIO) -> Callable[[str], object]:
    """Told the station that begins; told "", takes the line away."""
    if not out.isatty():
        return lambda _: None
    words = templates.words("report/progress.toml", dict[str, str])

    def show(station: str) -> None:
        out.write(CLEAR_LINE + (f"… {words[station]}" if station else ""))
        out.flush()

    return show
