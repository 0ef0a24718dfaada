"""git's commands: how each is run, whatever stands around it, and its troubles told apart."""

import contextlib
import os
import signal
import subprocess
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.ledger.store import LedgerError, Setup
from pipeline.masking import short

AUTHOR = {"name": "kadoma-line", "email": "kadoma-line@users.noreply.github.com"}
LOCAL = 120.0  # seconds that a command without network may take
GRACE = 5.0  # seconds that git gets to remove its lock files before it is killed
# Hooks are for people's commits; ours are made of plumbing, whatever is ignored, filtered or signed. A difference anywhere in
# the work tree is one.
SETTINGS = ("core.quotePath=false", "core.hooksPath=/dev/null", "core.fsmonitor=false", "diff.relative=false")
# Where git would look for another repository than the one around the state directory, write another index, or read paths
# otherwise than they are meant.
ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR",
    "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
)  # fmt: skip
OWN = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}

Result = subprocess.CompletedProcess[str]


class GitError(LedgerError):
    """Something about the repository keeps the state from being recorded. `code` tells the kinds apart."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unusable(GitError, Setup):
    """`state.push` is true, and no repository can ever take the state."""


class Commands:
    """git's commands in one folder.

    Args:
        timeout: seconds that a command may take which speaks with a remote.

    Attributes:
        lock: the descriptor of our lock file. Commands on the work tree inherit it, so that the next run waits for those
            that a killed run has left behind. A push left behind is not waited for: when it lands late, it is one more
            writer that came first or came too late.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self._cwd, self._timeout = folder, timeout
        self._environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | OWN
        self.lock = -1
        self._read: dict[str, str] | None = None

    def out(self, *arguments: str, stdin: str = "") -> str:
        """What a command prints. Raises GitError."""
        result = self.run(*arguments, stdin=stdin)
        if result.returncode:
            raise explained(result, arguments[0])
        return result.stdout

    def network(self, *arguments: str) -> Result:
        return self.run(*arguments, timeout=self._timeout, inherit=False)

    def run(self, *arguments: str, timeout: float = LOCAL, inherit: bool = True, stdin: str = "") -> Result:
        """One command, in a session of its own: Ctrl-C is for us, and at the timeout its helpers end with it. Bytes that are no
        UTF-8 survive as surrogates, and line ends are what they are. Raises GitError where there is no git."""
        environment = self._environment
        if arguments[0] == "commit-tree":
            environment = self._author() | {name: value for name, value in environment.items() if value}
        try:
            process = subprocess.Popen(
                ["git", *(part for setting in SETTINGS for part in ("-c", setting)), *arguments],
                cwd=self._cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True, pass_fds=(self.lock,) if inherit and self.lock >= 0 else (),
            )  # fmt: skip
        except OSError as error:
            raise GitError("git", f"git cannot be run ({error.strerror}); install git") from None
        with process:
            try:
                out, err = process.communicate(stdin.encode(errors="surrogateescape"), timeout=timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                return Result(arguments, 124, "", f"no answer within {timeout:.0f} s (timeout)")
        told = (part.decode(errors="surrogateescape") for part in (out, err))
        return Result(arguments, process.returncode, *told)

    def settings(self) -> dict[str, str]:
        """git's settings of branches and persons, by their names; asked once."""
        if self._read is None:
            known = self.run(
                "config", "-z", "--get-regexp", r"^(branch\..*\.(remote|merge)|user\.(name|email))$"
            ).stdout
            self._read = dict(line.partition("\n")[::2] for line in split(known))
        return self._read

    def _author(self) -> dict[str, str]:
        """The pipeline's own author when git has none configured."""
        return {
            f"GIT_{role}_{part.upper()}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in AUTHOR.items()
            if not self.settings().get(f"user.{part}")
        }


def split(text: str) -> list[str]:
    """What git prints with -z."""
    return [part for part in text.split("\0") if part]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command that takes too long, with everything it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


class _Trouble(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of trouble: one of these marks is in what git says."""

    marks: tuple[str, ...]
    code: str
    advice: str


@cache
def _troubles() -> tuple[_Trouble, ...]:
    file = Path(__file__).with_suffix(".toml")
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, tuple[_Trouble, ...]])["trouble"]


def explained(result: Result, step: str) -> GitError:
    """git's own words, with the kind of trouble and what to do next."""
    text = result.stderr + result.stdout
    words = short(text, 400)
    for one in _troubles():
        if any(mark in text for mark in one.marks):
            kind = Unusable if one.code == "unusable" else GitError
            return kind(one.code, f"git {step}: {one.advice} (git says: {words})")
    return GitError("git", f"git {step} failed: look at what it says; the next run tries again (git says: {words})")
