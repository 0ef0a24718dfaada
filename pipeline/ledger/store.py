"""The ledger's files: `ledger-<year>.jsonl`, one event a line, and `broadcasts/<id>.json`, the exact bytes sent.

Only ever appended to. One write and one fsync per batch; a crash can leave a torn last line, which is set aside by the
next writer and ignored by readers.
"""

import hashlib
import os
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from pipeline.config import JST
from pipeline.ledger.events import AnyEvent, decode, encode
from pipeline.masking import masked

FILE_AT_MOST = 40_000_000  # bytes of one ledger file: GitHub warns of files of 50 MB, and refuses those of 100 MB
WAITING = ".part"  # of a body whose intent is not recorded yet
SAID = ("message", "detail", "why")  # fields of events that hold whatever was said
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


def each_line(file: Path) -> Iterator[bytes]:
    """The complete lines of a file, of which only one at a time is in memory."""
    try:
        with file.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except OSError as error:
        raise LedgerError(f"{file}: cannot be read: {error.strerror or error}") from None


def read(state: Path) -> Iterator[AnyEvent]:
    """All events, oldest first. A torn last line of a file is not one of them.

    Raises:
        Damage: a line is no event, or not the one that was written there; names file, line and the way back.
    """
    line, prev = b"", FIRST
    place = ""
    for file in files(state):
        for number, line in enumerate(each_line(file), start=1):
            try:
                event = decode(line)
            except ValueError as error:
                raise damage(
                    f"{file.name}:{number}", _seen(line) or f"this is no event of the ledger ({error})"
                ) from None
            if event.prev != prev:
                here = f"{file.name}:{number}"
                raise damage(place or here, _seen(line) or CHANGED.format(next=here))
            yield event
            prev, place = line_hash(line), f"{file.name}:{number}"
    if line and checksum(line) is False:
        raise damage(place, _seen(line) or "this last line is not as it was written")


def damage(place: str, what: str) -> Damage:
    """The exception for a line, with the way back."""
    return Damage(
        f"{place}: {what}. Nothing is sent until the ledger is as it was: find the commit that changed it with `git log -p`, take "
        "the file from the one before it (`git checkout COMMIT^ -- FILE`), and check with `kadoma-line ledger verify`"
    )


CHANGED = "this line was changed, or lines between it and {next} are gone or were added"


def _seen(line: bytes) -> str:
    """What people and their tools do to a line, told by its look."""
    if line.startswith((b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")):
        return "the marks of a merge stand here"
    return (
        "the line ends are CR LF: git or an editor has converted the file (core.autocrlf)"
        if line.endswith(b"\r")
        else ""
    )


def checksum(line: bytes) -> bool | None:
    """Whether a line is what was written, by itself; None for a line of former times, which cannot say so."""
    before, found, rest = line.partition(b'"check":"')
    return line_hash(before + rest[10:])[:8].encode() == rest[:8] if found else None


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
        bare = replace(event, prev=prev, check="")
        line = _written(replace(bare, check=line_hash(_written(bare))[:8]))
        prev = line_hash(line)
        # An earlier instant never reopens an old year.
        name = _with_room(state, max(name, f"ledger-{event.at.astimezone(JST).year}.jsonl"), batches)
        batches.setdefault(state / name, []).append(line)
    for file, lines in batches.items():
        _write(file, b"".join(line + b"\n" for line in lines), os.O_APPEND)


def _with_room(state: Path, name: str, batches: Mapping[Path, Sequence[bytes]]) -> str:
    """The file itself, or its next part (ledger-2026_02.jsonl) when it is full."""
    file = state / name
    size = (file.stat().st_size if file.exists() else 0) + sum(map(len, batches.get(file, ())))
    if size < FILE_AT_MOST:
        return name
    year, _, part = name.removesuffix(".jsonl").partition("_")
    return _with_room(state, f"{year}_{int(part or 1) + 1:02}.jsonl", batches)


def _written(event: AnyEvent) -> bytes:
    """What a failure or a person said is kept for years, and masked. Nothing else is: ids and codes stay what they are, even if a
    careless hand has made a secret of such a word."""
    said = {name: masked(text) for name in SAID if (text := getattr(event, name, ""))}
    return encode(replace(event, **said) if said else event)


def write_body(state: Path, broadcast: str, body: bytes) -> None:
    """Keep the exact bytes of a broadcast, durably, before its intent is recorded; `name_bodies` names the file after that."""
    _write(body_file(state, broadcast).with_suffix(WAITING), body, os.O_TRUNC)


def waiting(state: Path) -> list[Path]:
    """Bodies without a name yet."""
    return list(state.glob(f"broadcasts/*{WAITING}"))


def name_bodies(state: Path, intended: Container[str]) -> None:
    """Bodies get their names once their intents are recorded; what a crash left without one goes."""
    for file in waiting(state):
        if file.stem in intended:
            file.rename(file.with_suffix(".json"))
            _sync(file.parent)
        else:
            file.unlink()


def bodies(state: Path) -> list[str]:
    """The ids of all broadcasts whose bytes are kept."""
    return [file.stem for file in state.glob("broadcasts/*.json")]


def body_file(state: Path, broadcast: str) -> Path:
    return state / "broadcasts" / f"{broadcast}.json"


def body_digest(state: Path, broadcast: str) -> str:
    """The SHA-256 of the bytes that are kept of a broadcast; "" where they cannot be read."""
    try:
        return hashlib.sha256(body_file(state, broadcast).read_bytes()).hexdigest()
    except OSError:
        return ""


def torn_lines(state: Path) -> list[tuple[str, bytes]]:
    """(file name, bytes) of what follows the last line end of each file: what a crash left."""
    pieces = [(file.name, tail(file)[1]) for file in files(state)]
    for name, rest in pieces:
        with suppress(ValueError):
            decode(rest[:-1])  # half a line is no event: this is a whole one whose end was changed
            raise damage(name, "the end of its last line was changed")
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
        _sync(file.parent)
    except OSError as error:
        raise LedgerError(
            f"{file}: cannot be written: {error.strerror or error}; make room or correct the permissions, then run again"
        ) from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
