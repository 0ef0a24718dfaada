"""Was the ledger's history ever rewritten? Walks every commit that touched it: each version is a prefix of the next.

git names a version by the hash of its bytes, so a version is compared with the newest one without being read: it is a
prefix when the newest file's first bytes, as many as it has, have the same name.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from pipeline.ledger.git import LOCAL, UPSTREAM, Git
from pipeline.ledger.store import LedgerError

SHOWN = 20  # problems told; a rewritten start of a file makes every later version one
NOTHING = "0"  # git's name for "no file" is all zeros

Problem = tuple[str, str, int, str]  # code, file, line, detail


class Past(Struct):
    """What git's history says. `notes`: (code, detail) of what could not be looked at."""

    problems: list[Problem] = []
    notes: list[tuple[str, str]] = []
    versions: int = 0


class _Step(Struct, frozen=True):
    """How one commit changed one file, seen from one of its parents."""

    commit: str
    old: str
    new: str
    file: str


def walk(state: Path, files: Sequence[str]) -> Past:
    """Look through the whole history of the state directory; nothing to say when git does not keep it."""
    past = Past()
    if not state.is_dir() or Git.around(state, branch="", push=False, timeout=LOCAL) is None:
        past.notes.append(("no-git", ""))
        return past
    repository = _Repository(state)
    if not repository.has_commits():
        past.notes.append(("no-git", ""))
        return past
    if repository.is_shallow():
        past.notes.append(("shallow", ""))
    steps = list(repository.steps(["HEAD"]))
    for name in dict.fromkeys([*files, *(step.file for step in steps if _is_ledger(step.file))]):
        _check_file(repository, name, [step for step in steps if step.file == name], past)
    for step in steps:
        if step.file.startswith("broadcasts/") and not _is_none(step.old):
            past.problems.append(("body-rewritten", step.file, 0, step.commit))
    _check_upstream(repository, files, past)
    if len(past.problems) > SHOWN:
        past.notes.append(("more", str(len(past.problems) - SHOWN)))
        del past.problems[SHOWN:]
    return past


def _check_file(repository: "_Repository", name: str, steps: Sequence[_Step], past: Past) -> None:
    file = repository.state / name
    now = file.read_bytes() if file.exists() else None
    head = repository.content(f"HEAD:./{name}")
    if head is not None and now is None:
        past.problems.append(("deleted", name, 0, "work tree"))
    elif head is not None and now is not None and not now.startswith(head):
        past.problems.append(("work-tree", name, _first_difference(head, now), ""))
    blobs = dict.fromkeys(blob for step in steps for blob in (step.old, step.new) if not _is_none(blob))
    past.versions += len(blobs)
    sizes = repository.sizes(blobs)
    newest = head or now or b""
    kept = {blob for blob in blobs if sizes[blob] <= len(newest) and repository.name(newest[: sizes[blob]]) == blob}
    for step in steps:
        if _is_none(step.old):
            continue
        if _is_none(step.new):
            past.problems.append(("deleted", name, 0, step.commit))
        elif {step.old, step.new} <= kept:
            if sizes[step.new] < sizes[step.old]:
                past.problems.append(("rewritten", name, _lines(newest[: sizes[step.new]]) + 1, step.commit))
        else:
            old, new = repository.content(step.old) or b"", repository.content(step.new) or b""
            if not new.startswith(old):
                past.problems.append(("rewritten", name, _first_difference(old, new), step.commit))


def _check_upstream(repository: "_Repository", files: Iterable[str], past: Past) -> None:
    """What the remote was ever seen to hold must still be there: this is how a forced push shows."""
    for tip in repository.seen_upstream():
        for name in files:
            then = repository.content(f"{tip}:./{name}")
            now = (repository.state / name).read_bytes()
            if then is not None and not now.startswith(then) and not then.startswith(now):
                past.problems.append(("replaced", name, _first_difference(then, now), tip[:12]))


class _Repository:
    """git, asked without changing anything."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.prefix = self.ask("rev-parse", "--show-prefix").strip()
        self.algorithm = self.ask("rev-parse", "--show-object-format").strip() or "sha1"

    def has_commits(self) -> bool:
        return self._run("rev-parse", "-q", "--verify", "HEAD").returncode == 0

    def is_shallow(self) -> bool:
        return self.ask("rev-parse", "--is-shallow-repository").strip() == "true"

    def steps(self, tips: Sequence[str]) -> Iterable[_Step]:
        """Every change of a file of the state directory, from each parent's view, oldest first."""
        told = self.ask(
            "log", "--reverse", "--topo-order", "--full-history", "-m", "--raw", "--no-abbrev", "--no-renames", "--root",
            "--format=%H", *tips, "--", ".",
        )  # fmt: skip
        commit = ""
        for line in told.splitlines():
            if line.startswith(":"):
                facts, _, path = line.partition("\t")
                _, _, old, new, _ = facts.split(" ")
                yield _Step(commit[:12], old, new, path.strip('"').removeprefix(self.prefix))
            elif line:
                commit = line

    def seen_upstream(self) -> list[str]:
        """The tips that the upstream branch had, as far as this clone has seen them."""
        named = self._run("rev-parse", "--symbolic-full-name", "@{upstream}").stdout.decode().strip()
        tips: list[str] = []
        for name in filter(None, (UPSTREAM, named)):
            tip = self._run("rev-parse", "-q", "--verify", f"{name}^{{commit}}")
            if tip.returncode == 0:
                tips += [
                    tip.stdout.decode().strip(),
                    *self._run("log", "-g", "--format=%H", name).stdout.decode().split(),
                ]
        return list(dict.fromkeys(tips))

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        lines = "\n".join(blobs)
        if not lines:
            return {}
        told = self._run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=lines.encode() + b"\n").stdout
        return {name: int(size) for name, size in (line.split() for line in told.decode().splitlines())}

    def content(self, name: str) -> bytes | None:
        """The bytes of a blob, or of `commit:./file`; None where there is none."""
        result = self._run("cat-file", "blob", name)
        return result.stdout if result.returncode == 0 else None

    def name(self, data: bytes) -> str:
        """git's name for these bytes."""
        digest = hashlib.new(self.algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
        digest.update(data)
        return digest.hexdigest()

    def ask(self, *arguments: str) -> str:
        result = self._run(*arguments)
        if result.returncode:
            words = " ".join(result.stderr.decode(errors="replace").split())[:400]
            raise LedgerError(f"git {arguments[0]} failed; the history could not be checked (git says: {words})")
        return result.stdout.decode(errors="replace")

    def _run(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=self.state, env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}, input=stdin, capture_output=True, check=False,
        )  # fmt: skip


def _is_ledger(file: str) -> bool:
    return file.startswith("ledger-") and file.endswith(".jsonl")


def _is_none(blob: str) -> bool:
    return not blob.strip(NOTHING)


def _lines(data: bytes) -> int:
    return data.count(b"\n")


def _first_difference(old: bytes, new: bytes) -> int:
    """The number of the first line that is not as it was."""
    pairs = zip(old.split(b"\n"), new.split(b"\n"), strict=False)
    same = next((number for number, (before, after) in enumerate(pairs) if before != after), None)
    return (min(_lines(old), _lines(new)) if same is None else same) + 1
