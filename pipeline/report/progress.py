"""A terminal: whether it wants colours, and one line of what a run is doing right now."""

from collections.abc import Callable, Mapping
from typing import TextIO

from pipeline import templates

CLEAR_LINE = "\r\x1b[2K"


def is_colourful(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Colours only on a terminal that wants them (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def shown_on(out: TextIO) -> Callable[[str], object]:
    """Told the station that begins; told "", takes the line away."""
    if not out.isatty():
        return lambda _: None
    words = templates.words("report/progress.toml", dict[str, str])

    def show(station: str) -> None:
        out.write(CLEAR_LINE + (f"… {words[station]}" if station else ""))
        out.flush()

    return show
