"""The runner of GitHub Actions: what is printed there must not command it, and a token must not be seen in its log."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.masking import learn

STOP = "KADOMA_LINE_STOP_COMMANDS"  # the word with which this process alone can let the runner listen again


@contextmanager
def deaf(environment: Mapping[str, str], own_stdout: bool) -> Iterator[None]:
    """Stop workflow commands while this process prints (titles from a website can look like them).

    Args:
        own_stdout: stdout is ours to write to, and stderr joins it so that the runner reads both in order; with --json
            it holds one document and nothing else.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        yield
        return
    if own_stdout:
        sys.stderr.flush()
        os.dup2(1, 2)
    import secrets  # only on GitHub

    word = secrets.token_hex(16)
    os.environ[STOP] = word
    _say(f"::stop-commands::{word}\n")
    try:
        yield
    finally:
        sys.stdout.flush()
        del os.environ[STOP]
        _say(f"::{word}::\n")


def masked(secret: str, environment: Mapping[str, str]) -> None:
    """Hide a secret that was issued to us, here and in the runner's log: heard even while it is deaf for everything else."""
    learn(secret)
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    word = environment.get(STOP, "")
    _say(f"::{word}::\n::add-mask::{secret}\n::stop-commands::{word}\n" if word else f"::add-mask::{secret}\n")


def _say(text: str) -> None:
    """At once, in one piece, past every buffer."""
    sys.stderr.flush()
    os.write(2, text.encode())


def tell_the_workflow(name: str, value: str, environment: Mapping[str, str]) -> None:
    """An output of this step, which later ones ask for."""
    if file := environment.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as outputs:
            outputs.write(f"{name}={value}\n")


class Summary:
    """The step summary of several passes: those that sent something or failed, and the newest one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("GITHUB_STEP_SUMMARY", "")
        self._file = Path(name) if name else None
        self._kept = self._size()

    def make_room(self) -> None:
        """Forget what was written since the last `keep`."""
        if self._file is not None and self._file.exists():
            os.truncate(self._file, self._kept)

    def keep(self) -> None:
        self._kept = self._size()

    def _size(self) -> int:
        return self._file.stat().st_size if self._file is not None and self._file.exists() else 0


def origin_of(environment: Mapping[str, str]) -> str:
    """The comment or workflow run that asks: run again, it asks for the same. "" outside GitHub."""
    if comment := environment.get("COMMENT_ID", ""):
        return f"comment/{comment}"
    run = environment.get("GITHUB_RUN_ID", "")
    return f"run/{run}" if run else ""


def typed(text: str) -> str:
    """What the command line or the environment holds, with U+FFFD for bytes that are no UTF-8: nothing can store or send those."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
