"""The ledger's files: `ledger-<year>.jsonl`, one event a line, and `broadcasts/<id>.json`, the exact bytes sent.

Only ever appended to. One write and one fsync per batch; a crash can leave a torn last line, which is set aside by the
next writer and ignored by readers.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pipeline.config import JST
from pipeline.ledger.events import AnyEvent, decode, encode
from pipeline.masking import masked

FIRST = ""  # `prev` of the very first event
OWN = ("ledger-*.jsonl", "broadcasts", "torn")  # what the pipeline itself writes into the state directory


class LedgerError(Exception):
    """The ledger cannot be read or written; nothing may be sent until a person has looked."""


class Setup(LedgerError):
    """The configuration and the place of the ledger do not fit: a mistake that does not pass by itself."""


class Damage(LedgerError):
    """A line that is no event, or a history that was rewritten."""


def line_hash(line: bytes) -> str:
    """What the next event's `prev` holds: 32 hex digits of the SHA-256 of a line without its line end."""
    return hashlib.sha256(line).hexdigest()[:32]


def files(state: Path) -> list[Path]:
    """The ledger's files, oldest first."""
    return sorted(state.glob("ledger-*.jsonl"))


def cut(before: bytes, after: bytes) -> int:
    """The ledger is only ever appended to: the number of the first line of `before` that is not in its place in `after`;
    0 when there is none."""
    if after.startswith(before):
        return 0
    pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=False)
    same = next((number for number, (old, new) in enumerate(pairs) if old != new), None)
    return (min(before.count(b"\n"), after.count(b"\n")) if same is None else same) + 1


def whole_lines(file: Path) -> tuple[list[bytes], bytes]:
    """The complete lines of a file, and what follows the last line end (a torn line, or nothing)."""
    try:
        *lines, rest = file.read_bytes().split(b"\n")
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror or error}") from None
    return lines, rest


def read(state: Path) -> Iterator[AnyEvent]:
    """All events, oldest first. A torn last line of a file is not one of them.

    Raises:
        Damage: a complete line is no event (for example the marks of a merge conflict); names file and line.
    """
    for file in files(state):
        lines, _ = whole_lines(file)
        for number, line in enumerate(lines, start=1):
            try:
                yield decode(line)
            except msgspec.DecodeError as error:
                raise Damage(
                    f"{file.name}:{number}: no event of this ledger ({error}); nothing is sent until the line is as it was: "
                    "see `git log -p` for the file, and `kadoma-line ledger verify`"
                ) from None


def last_hash(state: Path) -> str:
    """The hash of the newest line."""
    for file in reversed(files(state)):
        line, _ = tail(file)
        if line:
            return line_hash(line)
    return FIRST


def tail(file: Path) -> tuple[bytes, bytes]:
    """The last complete line of a file, read from the end, and what follows its line end."""
    step = 4096
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            while True:
                start = max(0, size - step)
                stream.seek(start)
                *lines, rest = stream.read(size - start).split(b"\n")
                if start == 0 or len(lines) > 1:
                    return (lines[-1] if lines else b""), rest
                step *= 8
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror or error}") from None


def append(state: Path, events: Sequence[AnyEvent]) -> None:
    """Append events as one durable write per file; the caller holds the lock.

    Raises:
        LedgerError: no space, no permission; the file is as it was before.
    """
    prev = last_hash(state)
    name = max((file.name for file in files(state)), default="")
    batches: dict[Path, list[bytes]] = {}
    for event in events:
        line = masked(encode(replace(event, prev=prev)).decode()).encode()  # what a failure said is kept for years
        prev = line_hash(line)
        name = max(
            name, f"ledger-{event.at.astimezone(JST).year}.jsonl"
        )  # an earlier instant never reopens an old year
        batches.setdefault(state / name, []).append(line)
    for file, lines in batches.items():
        _write(file, b"".join(line + b"\n" for line in lines), os.O_APPEND)


def write_body(state: Path, broadcast: str, body: bytes) -> None:
    """Keep the exact bytes of a broadcast, durably, before its intent is recorded."""
    _write(body_file(state, broadcast), body, os.O_TRUNC)


def body_file(state: Path, broadcast: str) -> Path:
    return state / "broadcasts" / f"{broadcast}.json"


def torn_lines(state: Path) -> list[tuple[str, bytes]]:
    """(file name, bytes) of what follows the last line end of each file: what a crash left."""
    pieces = [(file.name, tail(file)[1]) for file in files(state)]
    return [(name, rest) for name, rest in pieces if rest]


def set_aside(state: Path, name: str, rest: bytes) -> str:
    """Keep a torn line under `torn/` and cut it off its file; returns where it was saved."""
    saved = f"torn/{name.removesuffix('.jsonl')}-{hashlib.sha256(rest).hexdigest()[:12]}"
    _write(state / saved, rest, os.O_TRUNC)
    file = state / name
    try:
        with file.open("rb+") as stream:
            stream.truncate(file.stat().st_size - len(rest))
            os.fsync(stream.fileno())
    except OSError as error:
        raise LedgerError(f"{file}: its torn last line cannot be cut off: {error.strerror or error}") from None
    return saved


def _write(file: Path, data: bytes, mode: int) -> None:
    """Write at the end (O_APPEND) or anew (O_TRUNC), fsync file and folder; on a failure put the old length back."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise LedgerError(
            f"{file}: cannot be written: {error.strerror or error}; make room or correct the permissions, then run again"
        ) from None
