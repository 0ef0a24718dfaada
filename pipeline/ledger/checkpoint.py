"""What the events add up to, kept beside the ledger, so that ten years need not be added up again at every run.

Derived, never the truth: made from the ledger alone, compared with it before each use, thrown away when in doubt, and
checked against the events by `ledger verify`. It is never committed: it lies in the git directory or, where there is none,
as `.checkpoint` in the state directory. A small ledger has none, and nothing is lost with it.
"""

import logging
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import closing
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from pipeline import article
from pipeline.ledger import events, knowledge, store
from pipeline.ledger.events import AnyEvent
from pipeline.ledger.knowledge import Knowledge, Known, Standing, apply, fold
from pipeline.ledger.store import LedgerError

if TYPE_CHECKING:
    from sqlite3 import Connection

log = logging.getLogger("kadoma_line")

EVERY = 2_000  # events behind the checkpoint before it is made anew: to add up so many takes 20 ms
# SQLite finds one article among fifty thousand without reading the others. A shelf is a mapping of `Knowledge`.
TABLE = "CREATE TABLE known (shelf TEXT, key, value TEXT, PRIMARY KEY (shelf, key)) WITHOUT ROWID"
SHELVES = ("aliases", "articles", "pages")
MARK = ("mark", "")

K = TypeVar("K", str, int)
V = TypeVar("V")


class Mark(Struct, frozen=True):
    """How far the ledger was added up, and what it comes to but for the shelves.

    `sizes` are bytes by ledger file; `last` is the hash of the last line and so, by the chain, of all before it; `rules`
    names the code that added it up.
    """

    rules: str
    sizes: dict[str, int]
    last: str
    events: int
    standing: Standing

    def fits(self, state: Path) -> bool:
        """Whether the ledger begins with what was added up, and the code is the same."""
        newest = max(self.sizes)
        here = {file.name: file.stat().st_size for file in store.files(state) if file.name <= newest}
        if self.rules != rules() or here.get(newest, 0) < self.sizes[newest]:
            return False
        line, rest = store.tail(state / newest, self.sizes[newest])
        return {**here, newest: self.sizes[newest]} == self.sizes and not rest and store.line_hash(line) == self.last


class Shelf(MutableMapping[K, V]):
    """A mapping that holds what was touched and asks the checkpoint for everything else."""

    def __init__(self, file: Path, kept: "Connection", name: str, decode: Callable[[str], V]) -> None:
        self.touched: dict[K, V] = {}
        self._file, self._kept, self._name, self._decode = file, kept, name, decode

    def __getitem__(self, key: K) -> V:
        if key not in self.touched:
            for (value,) in self._ask("SELECT value FROM known WHERE shelf = ? AND key = ?", self._name, key):
                self.touched[key] = self._decode(value)
        return self.touched[key]

    def __setitem__(self, key: K, value: V) -> None:
        self.touched[key] = value

    def __delitem__(self, key: K) -> None:
        raise TypeError("nothing that was seen is forgotten")

    def __iter__(self) -> Iterator[K]:
        for key, value in self._ask("SELECT key, value FROM known WHERE shelf = ?", self._name):
            if key not in self.touched:
                self.touched[key] = self._decode(value)
        return iter(self.touched)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _ask(self, question: str, *values: str | int) -> list[Any]:
        from sqlite3 import Error

        try:
            return self._kept.execute(question, values).fetchall()
        except Error as error:
            self._file.unlink(missing_ok=True)
            raise LedgerError(
                f"{self._file}: was damaged ({error}) and is removed; nothing is lost, run again: it is made anew from the ledger"
            ) from None


def known(state: Path, keep: bool = False) -> Knowledge:
    """Everything that is known: the checkpoint, if there is a good one, and the events behind it.

    Args:
        state: the state directory.
        keep: make a checkpoint when much came after the last one; only for the holder of the ledger's lock.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    file = place(state)
    mark, found = _opened(file, state)
    count = 0
    for event in store.read(state, mark.sizes if mark else {}):
        apply(found, event)
        count += 1
    if keep and file and count >= EVERY:
        _keep(file, state, found, (mark.events if mark else 0) + count)
    return found


def place(state: Path) -> Path | None:
    """Where the checkpoint of a state directory lies; None where no place is known that git leaves alone."""
    here = state.resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").is_dir():
            return folder / ".git" / f"kadoma-line-{'-'.join(here.relative_to(folder).parts)}.checkpoint"
        if (folder / ".git").exists():  # a linked work tree
            return None
    return state / ".checkpoint"


def disagreement(state: Path, history: Sequence[AnyEvent]) -> str:
    """Where the checkpoint that would be used differs from what the events add up to ("" if nowhere)."""
    mark, found = _opened(place(state), state)
    if mark is None:
        return ""
    truth = fold(history[: mark.events])
    return ", ".join(name for name in Knowledge.__struct_fields__ if getattr(truth, name) != getattr(found, name))


@cache
def rules() -> str:
    """The code that adds events up; a checkpoint of other code is made anew."""
    files = (knowledge.__file__, events.__file__, article.__file__)
    return sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()


def _opened(file: Path | None, state: Path) -> tuple[Mark | None, Knowledge]:
    """The checkpoint, or nothing when there is none, or it cannot be read, or is not that of this ledger."""
    if file is None or not file.exists():
        return None, Knowledge()
    import sqlite3

    try:
        kept = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        (text,) = kept.execute("SELECT value FROM known WHERE shelf = ? AND key = ?", MARK).fetchone()
        mark = msgspec.json.decode(text, type=Mark)
        if mark.fits(state):
            standing = {name: getattr(mark.standing, name) for name in Standing.__struct_fields__}
            as_known = msgspec.json.Decoder(Known).decode
            return mark, Knowledge(
                **standing,
                articles=Shelf(file, kept, "articles", as_known),
                aliases=Shelf(file, kept, "aliases", str),
                pages=Shelf(file, kept, "pages", str),
            )
        kept.close()
    except (sqlite3.Error, msgspec.DecodeError, TypeError, OSError) as error:
        log.debug("%s is not used: %s", file, error)
    return None, Knowledge()


def _keep(file: Path, state: Path, found: Knowledge, count: int) -> None:
    """Write what was touched into the checkpoint that the knowledge came from, or everything into a new one. A kill leaves
    the old one, or none."""
    import sqlite3

    rows = []
    for name in SHELVES:
        shelf = getattr(found, name)
        touched = shelf.touched if isinstance(shelf, Shelf) else shelf
        # In the order of the keys, which SQLite takes in half the time.
        rows += [
            (name, key, value if isinstance(value, str) else _json(value)) for key, value in sorted(touched.items())
        ]
    standing = Standing(*(getattr(found, name) for name in Standing.__struct_fields__))
    sizes = {ledger.name: ledger.stat().st_size for ledger in store.files(state)}
    mark = Mark(rules(), sizes, store.last_hash(state), count, standing)
    try:
        if not isinstance(found.articles, Shelf):
            file.unlink(missing_ok=True)
        with closing(sqlite3.connect(file)) as kept, kept:
            if not isinstance(found.articles, Shelf):
                kept.execute(TABLE)
            kept.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", [*rows, (*MARK, _json(mark))])
    except (sqlite3.Error, OSError) as error:
        log.debug("%s could not be written: %s", file, error)


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()
