"""Set-up that many tests begin with is done once a process; what it comes to is copied from then on.

A console script knows nothing but its configuration, its environment, its folders and what others answer: where all of that is
equal, so is what it leaves. (Towns get the same ports again for that reason: the ledger holds addresses.)
"""

import functools
import hashlib
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipeline.sandbox.loopback import LOOPBACK
from tests.copies import copy_tree
from tests.delivery.remains import digest


class Outcome(Struct, frozen=True):
    """What the work said, and copies of what it left in `home`."""

    said: Any
    home: Path
    copies: tuple[Path, ...]


_known: dict[str, Outcome] = {}


@functools.cache
def _shelf() -> Path:
    return Path(tempfile.mkdtemp())


def remembered(about: Sequence[object], home: Path, parts: Sequence[str], work: Callable[[], tuple[Any, bool]]) -> Any:
    """Do the work, or put there what it left the first time. Returns what it said.

    Args:
        about: what the work depends on besides the parts; their repr tells all of it.
        parts: the folders below `home` that the work reads and changes, and no others.
        work: says something, and whether it may be remembered.
    """
    places = [home / part for part in parts]
    before = [digest(place) for place in places]
    key = hashlib.sha256(repr((*about, parts, before)).replace(str(home), "HOME").encode()).hexdigest()
    if known := _known.get(key):
        for place, kept in zip(places, known.copies, strict=True):
            _put(kept, place, known.home, home)
        return known.said
    said, is_kept = work()
    if is_kept:
        copies = tuple(_shelf() / f"{len(_known)}-{number}" for number in range(len(places)))
        for place, kept in zip(places, copies, strict=True):
            copy_tree(place, kept)
        _known[key] = Outcome(said, home, copies)
    return said


def _put(kept: Path, place: Path, there: Path, here: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    copy_tree(kept, place)
    settings = place / ".git" / "config"
    if settings.exists():
        settings.write_text(settings.read_text().replace(str(there), str(here)))


def forget() -> None:
    """Take the copies away."""
    if _shelf.cache_info().currsize:
        shutil.rmtree(_shelf())
        _known.clear()
        _shelf.cache_clear()


class Port:
    """A port of this process: bound, so that nobody else is given it, and free for one server of ours after another."""

    def __init__(self) -> None:
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind((LOOPBACK, 0))
        self.number: int = self._held.getsockname()[1]
