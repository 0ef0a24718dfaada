"""A repository with ten years of commits, and what git's part of a run costs in it."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks import history
from benchmarks.contenders import Ours
from benchmarks.measure import Row, Sample, once, rounds
from benchmarks.scenes import Scene, Stage
from benchmarks.site import LIST, NOW

COMMITS = 3_700
WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false")
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


def scenes(stage: Stage) -> Iterator[Scene]:
    """Sizes, single steps, and whole runs."""
    folder = stage.folder / "repository"
    ours = InGit(folder, stage)
    size = _size(ours.remote)
    steps = (*rounds(ours.steps(), stage.few, tell=stage.tell), *rounds(ours.whole(), 1, 0))
    note = f"{ours.commits:,} commits; the remote is {size / 1e6:.1f} MB packed, the ledger {ours.ledger / 1e6:.1f} MB."
    yield Scene("git alone, in a repository of ten years", steps, (), note)
    ours.know()
    quiet: Sequence[Row] = stage.rounds(ours, count=stage.few)
    yield Scene("A run without news (304) that fetches from and pushes to it", tuple(quiet))


class InGit(Ours):
    """Ours with its state in a clone of a bare remote. The remote is part of what is put back before each round."""

    name = "kadoma-line with git"
    pushes = True

    def __init__(self, folder: Path, stage: Stage) -> None:
        super().__init__(folder, stage.site, stage.line)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **ENVIRONMENT}

    @property
    def state(self) -> Path:
        return self.clone / "state"

    @property
    def clone(self) -> Path:
        return self.home / "clone"

    @property
    def remote(self) -> Path:
        return self.home / "remote.git"

    def install(self) -> None:
        super().install()
        _git(self.home, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        made = self.folder / "made"
        history.write(made, 10_000, self.site.url, self.site.url + LIST)
        _import(self.remote, made)
        _git(self.remote, "repack", "-adq")
        _git(self.home, "clone", "--quiet", f"file://{self.remote}", str(self.clone))
        self.commits = int(_git(self.clone, "rev-list", "--count", "HEAD"))
        self.ledger = sum(file.stat().st_size for file in self.state.glob("*.jsonl"))

    def steps(self) -> dict[str, Callable[[], Sample]]:
        """The git commands of a run, each in a repository as it was."""
        newest = sorted(self.state.glob("*.jsonl"))[-1]

        def append() -> None:
            with newest.open("ab") as file:
                file.write(b'{"at":"2026-11-24T10:00:00+09:00","run":"bench","type":"alerted","code":"x"}\n')

        def commit() -> None:
            append()
            _git(self.clone, "commit", "--quiet", "--all", "--message", "bench")

        return {
            "open: status of the state": self._step("status", "--porcelain", "--", "state"),
            "fetch, nothing new": self._step("fetch", "--quiet", "--no-tags", "origin", "main"),
            "commit one event": self._step("commit", "--quiet", "--all", "--message", "bench", before=append),
            "push it": self._step("push", "--quiet", "origin", "HEAD:main", before=commit),
            "clone --depth 1, as a workflow does": self._step("clone", "--quiet", "--depth=1", *self._copy),
        }

    def whole(self) -> dict[str, Callable[[], Sample]]:
        return {"clone, all of the history (once)": self._step("clone", "--quiet", *self._copy)}

    @property
    def _copy(self) -> tuple[str, str]:
        return f"file://{self.remote}", str(self.home / "fresh")

    def _step(self, *command: str, before: Callable[[], object] = lambda: None) -> Callable[[], Sample]:
        def run() -> Sample:
            self.restore()
            before()
            return once(["/usr/bin/env", "-C", str(self.clone), "git", *WHO, *command], self.folder, ENVIRONMENT)[0]

        return run


def _import(remote: Path, state: Path) -> None:
    """One commit a day, each with the lines of its day, so that git has what ten years would have left it."""
    files = sorted(state.glob("*.jsonl"))
    lines = [(file.name, line) for file in files for line in file.read_bytes().splitlines(keepends=True)]
    per_commit = -(-len(lines) // COMMITS)
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=remote, env=ENVIRONMENT, stdin=subprocess.PIPE
    ) as process:
        stream = process.stdin
        assert stream is not None  # noqa: S101 - for the type checker
        contents: dict[str, bytearray] = {}
        for number in range(COMMITS):
            touched = set()
            for name, line in lines[number * per_commit : (number + 1) * per_commit]:
                contents.setdefault(name, bytearray()).extend(line)
                touched.add(name)
            when = int((NOW - timedelta(days=COMMITS - number)).timestamp())
            stream.write(b"commit refs/heads/main\ncommitter kadoma-line <bench@example.invalid> %d +0900\n" % when)
            stream.write(b"data 4\ntold\n")
            for name in sorted(touched):
                body = bytes(contents[name])
                stream.write(b"M 100644 inline state/%s\ndata %d\n%s\n" % (name.encode(), len(body), body))
    if process.returncode:
        raise RuntimeError(f"git fast-import ended with {process.returncode}")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *WHO, *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
