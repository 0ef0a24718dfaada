"""What was told although the ledger cannot remember it, because the ledger is what failed: once, until a run succeeds."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def is_new(environment: Mapping[str, str], state: Path, code: str) -> bool:
    """Whether a condition begins; remembered from now on. Where nothing can be remembered, it is told too often rather than never."""
    file = _file(environment, state)
    try:
        if file.is_file() and file.read_bytes() == code.encode():
            return False
        file.unlink(missing_ok=True)  # others may write there, too: never through a link of theirs
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return True
    with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
        kept.write(code)
    return True


def over(environment: Mapping[str, str], state: Path) -> None:
    """A run succeeded: what comes next begins anew."""
    with suppress(OSError):
        _file(environment, state).unlink(missing_ok=True)


def _file(environment: Mapping[str, str], state: Path) -> Path:
    name = hashlib.sha256(os.fsencode(state.absolute())).hexdigest()[:12]
    place = environment.get("TMPDIR") or "/tmp"  # noqa: S108 - its name is ours, and nothing in it is believed but a code
    return Path(place) / f"kadoma-line-{os.getuid()}-{name}"
