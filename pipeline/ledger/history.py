"""Was the ledger's history ever rewritten? Walks every commit that touched it: each version is a prefix of the next.

git names a version by the hash of its bytes, so a version is compared with the newest one without being read: it is a
prefix when the newest file's first bytes, as many as it has, have the same name. (Reading what `git log -p` says instead
takes fewer lines and four times the CPU: 15 s on 3,700 commits.)
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from pipeline.ledger import store
from pipeline.ledger.git import UPSTREAM, Git, blob_name
from pipeline.ledger.git_command import LOCAL

SHOWN = 20  # problems told; a rewritten start of a file makes every later version one


class Flaw(Struct, frozen=True):
    """Something that is wrong, or with `note` only worth knowing. `code` has its words in templates/report/ledger.toml."""

    code: str
    file: str = ""
    line: int = 0
    detail: str = ""
    note: bool = False


class Past(Struct):
    """What git's history says; `versions`: how many of the ledger's files were looked at."""

    flaws: list[Flaw] = []
    versions: int = 0


class _Change(Struct, frozen=True):
    """How one commit changed one file, seen from one of its parents; "" where there is no such file."""

    commit: str
    old: str
    new: str
    file: str


def walk(state: Path, files: Sequence[str]) -> Past:
    """Look through the whole history of the state directory; nothing to say when git does not keep it. Raises LedgerError."""
    past = Past()
    git = Git.around(state, branch="", push=False, timeout=LOCAL) if state.is_dir() else None
    if git is None or git.run("rev-parse", "--quiet", "--verify", "HEAD").returncode:
        past.flaws.append(Flaw("no-git", note=True))
        return past
    is_shallow = git.out("rev-parse", "--is-shallow-repository").strip() == "true"
    steps = list(_steps(git))
    ledgers = dict.fromkeys([*files, *(step.file for step in steps if Path(step.file).match(store.OWN[0]))])
    for name in ledgers:
        _check_file(git, name, [step for step in steps if step.file == name], past)
    for step in steps:
        if step.file.startswith("broadcasts/") and step.old:
            past.flaws.append(Flaw("body-rewritten", step.file, 0, step.commit))
    for tip in _seen_upstream(git):  # what the remote was ever seen to hold is still there: so a forced push shows
        for name in files:
            then, now = git.content(f"{tip}:./{name}"), (state / name).read_bytes()
            if then and store.cut(then, now) and store.cut(now, then):
                past.flaws.append(Flaw("replaced", name, store.cut(then, now), tip[:12]))
    more = len(past.flaws) - SHOWN
    del past.flaws[SHOWN:]
    past.flaws += [Flaw("shallow", note=True)] if is_shallow else []
    past.flaws += [Flaw("more", note=True, detail=str(more))] if more > 0 else []
    return past


def _check_file(git: Git, name: str, steps: Sequence[_Change], past: Past) -> None:
    file = git.state / name
    now = file.read_bytes() if file.exists() else None
    head = git.content(f"HEAD:./{name}")
    if head and now is None:
        past.flaws.append(Flaw("deleted", name, 0, "work tree"))
    elif head and now is not None and (line := store.cut(head, now)):
        past.flaws.append(Flaw("work-tree", name, line))
    sizes = _sizes(git, [blob for step in steps for blob in (step.old, step.new) if blob])
    past.versions += len(sizes)
    newest = head or now or b""
    kept = {blob for blob, size in sizes.items() if size <= len(newest) and blob_name(newest[:size], len(blob)) == blob}
    for step in steps:
        if not step.old:
            continue
        if not step.new:
            past.flaws.append(Flaw("deleted", name, 0, step.commit))
        elif not ({step.old, step.new} <= kept and sizes[step.old] <= sizes[step.new]) and (
            line := store.cut(git.content(step.old), git.content(step.new))
        ):
            past.flaws.append(Flaw("rewritten", name, line, step.commit))


def _steps(git: Git) -> Iterator[_Change]:
    """Every change of a file of the state directory, from each parent's view, oldest first."""
    told = git.out(
        "log", "--reverse", "--topo-order", "--full-history", "-m", "--raw", "--no-abbrev", "--no-renames", "--root",
        "--format=%H", "HEAD", "--", ".",
    )  # fmt: skip
    commit = ""
    for line in told.splitlines():
        if line.startswith(":"):
            facts, _, path = line.partition("\t")
            old, new = (blob if blob.strip("0") else "" for blob in facts.split(" ")[2:4])
            yield _Change(commit[:12], old, new, path.strip('"').removeprefix(git.prefix))
        elif line:
            commit = line


def _seen_upstream(git: Git) -> list[str]:
    """The tips that the upstream branch had, as far as this clone has seen them."""
    named = git.run("rev-parse", "--symbolic-full-name", "@{upstream}").stdout.strip()
    told = [
        git.run(*question, name).stdout.split()
        for name in filter(None, (UPSTREAM, named))
        for question in (("rev-parse", "--quiet", "--verify"), ("log", "-g", "--format=%H"))
    ]
    return list(dict.fromkeys(tip for tips in told for tip in tips))


def _sizes(git: Git, blobs: Sequence[str]) -> dict[str, int]:
    asked = "\n".join(dict.fromkeys(blobs))
    told = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=f"{asked}\n").stdout if asked else ""
    return {name: int(size) for name, size in (line.split() for line in told.splitlines())}
