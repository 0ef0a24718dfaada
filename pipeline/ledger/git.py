"""The state directory's git repository: the push is the compare-and-swap that makes an intent count.

Never merges, never rewrites a commit that is not the pipeline's own, never touches a file that is not the ledger's. Starting a
process is most of what git costs a run: what is known is not asked again.
"""

import contextlib
import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from pipeline.ledger import store
from pipeline.ledger.git_command import Commands, GitError, Unusable, explained, split
from pipeline.ledger.store import OWN
from pipeline.masking import short

log = logging.getLogger("kadoma_line")

# The newest commit of the remote that was ever seen here. git itself refuses to move it anywhere but forward, so that a
# remote whose history was rewritten (and so may have forgotten what was sent) is noticed.
UPSTREAM = "refs/kadoma-line/upstream"
STALE_LOCK = 600  # seconds; we hold our own lock, and no git command of ours lives that long


class Rejected(Exception):
    """The remote has commits that we do not know: somebody else wrote."""


class Git(Commands):
    """The repository around a state directory.

    Args:
        state: the state directory, inside a work tree.
        branch: the branch that the state lives on.
        push: whether recorded means pushed.
        timeout: seconds that a fetch or a push may take.

    Attributes:
        folder: its .git.
        prefix: the path of the state directory in its work tree, "state/".
        head: the commit that the branch here is at, "" before the first one; known after `check`.
    """

    def __init__(self, state: Path, branch: str, push: bool, timeout: float) -> None:
        super().__init__(state, timeout)
        self.state, self.branch, self.push = state, branch, push
        self.remote = self.target = self.head = self._made = ""
        self._trees: dict[str, dict[str, str]] = {}
        # In one question; the last line is missing before the first fetch.
        asked = ("--show-prefix", "--absolute-git-dir", "--show-object-format", "--is-inside-work-tree")
        self.prefix, folder, names, inside, *seen = self.out("rev-parse", *asked, f"--glob={UPSTREAM}*").splitlines()
        if inside != "true":
            raise GitError("unusable", "git sees no work tree here (core.bare, core.worktree): correct its settings")
        self.folder, self._seen = Path(folder), "".join(seen)
        self._digits = 64 if names == "sha256" else 40

    @classmethod
    def around(cls, state: Path, branch: str, push: bool, timeout: float) -> "Git | None":
        """The repository; without `push` None when the directory is in no work tree, or in one that ignores it.

        Raises:
            GitError: there is a repository, but git cannot work with it. It must not pass for a plain directory:
                nothing would be pushed, and two machines would not know of each other.
            Unusable: with `push`, the directory is in no work tree, ignored, or a link that leads out of its work tree.
        """
        named, real = (_work_tree(folder) for folder in (state.absolute(), state.resolve()))
        if named is None and real is None:
            if push:
                raise Unusable(
                    "no-repository",
                    f"{state} is in no git work tree, and state.push is true: run in a clone of the repository, or set "
                    "state.push = false on a host of its own",
                )
            return None
        if named is None or real is None or named.resolve() != real:
            raise Unusable(
                "elsewhere",
                f"{state} leads to {state.resolve()}, outside of the work tree {named or 'around it'}: what is recorded there "
                "would never be pushed; make it a directory of the work tree",
            )
        try:
            git = cls(state, branch, push, timeout)
        except GitError as error:
            raise Unusable(error.code, f"{state}: {error}") from None
        if git.run("check-ignore", "--quiet", "--no-index", ".").returncode:
            return git
        if push:
            raise Unusable(
                "ignored",
                f"{state} is ignored by git, and state.push is true: take it out of .gitignore (and of exclude files)",
            )
        return None

    def check(self) -> None:
        """Raises GitError when the work tree is in no state to record anything."""
        self._remove_stale_locks()
        told = self.out(
            "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--no-renames", "--untracked-files=no", "-z"
        )
        facts: dict[str, str] = {}
        changed: list[str] = []
        for row in split(told):
            if row.startswith("# "):
                _, name, value = row.split(" ", 2)
                facts[name] = value
            else:  # "1 .M N... <modes and names> path"; u: unmerged
                changed.append(row.split(" ", 10 if row.startswith("u") else 8)[-1])
        self.head = self._made = facts["branch.oid"].replace("(initial)", "")
        branch = facts["branch.head"]
        if branch == "(detached)":
            raise GitError(
                "detached", f"the work tree has no branch checked out (detached HEAD); run `git checkout {self.branch}`"
            )
        if branch != self.branch:
            raise GitError("branch", f"the work tree is on {branch}, the state lives on {self.branch} (state.branch)")
        for mark in ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
            if (self.folder / mark).exists():
                raise GitError(
                    "dirty", f"a merge, rebase, cherry-pick or revert is in progress ({mark}); finish or abort it"
                )
        if foreign := [file for file in changed if not file.startswith(self.prefix)]:
            raise GitError(
                "dirty", f"uncommitted changes in the work tree ({', '.join(foreign[:3])}); commit or restore them"
            )
        if self.push:
            self._find_upstream()

    def _find_upstream(self) -> None:
        known = self.settings()
        self.remote, self.target = (known.get(f"branch.{self.branch}.{part}", "") for part in ("remote", "merge"))
        if self.remote in ("", ".") or not self.target:  # ".": another branch here
            raise Unusable(
                "no-upstream",
                f"{self.branch} has no upstream; run `git push -u origin {self.branch}`, or set state.push = false for a host of its own",
            )

    def fetch(self) -> str:
        """The commit at the tip of the upstream branch. Raises GitError, also when the ledger there is not what it was."""
        for _ in range(2):
            result = self.network(
                "fetch", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", self.remote,
                f"{self.target}:{UPSTREAM}",
            )  # fmt: skip
            if "cannot lock ref" not in result.stderr:  # a fetch that a killed run has left behind
                break
        if "non-fast-forward" in result.stderr:
            raise GitError(
                "rewritten",
                f"the history of {self.branch} at the remote was rewritten: it may have forgotten what was sent. Restore it "
                f"there; or, knowing what was sent, accept it with `git update-ref -d {UPSTREAM}`",
            )
        if "couldn't find remote ref" in result.stderr:
            raise self._renamed()
        if result.returncode:
            raise explained(result, "fetch")
        tip = self.out("rev-parse", "--verify", UPSTREAM).strip()
        if self._seen not in ("", tip):
            self._check_only_appended(self._seen, tip)
        self._seen = tip
        return tip

    def _renamed(self) -> GitError:
        """The branch is not there any more; the remote says which one is its default."""
        told = self.network("ls-remote", "--symref", self.remote, "HEAD").stdout
        default = told.partition("ref: refs/heads/")[2].partition("\t")[0]
        now = f", whose default branch is {default}" if default else ""
        return GitError(
            "branch",
            f"the branch {self.target.removeprefix('refs/heads/')} is not at the remote{now}: was it renamed? Name it back, or set "
            "state.branch and check it out (in the workflows, too)",
        )

    def _check_only_appended(self, seen: str, tip: str) -> None:
        """A commit on top can take lines away, too: somebody reverts "sent: …", or tidies the ledger up."""
        before, after = self._tree(seen), self._tree(tip)
        ledgers = [name for name in before if fnmatch(name, OWN[0]) and before[name] != after.get(name)]
        cut = [name for name in ledgers if store.cut(self._bytes(seen, name), self._bytes(tip, name))]
        if cut:
            self.out("update-ref", UPSTREAM, seen)  # noticed again by every run, until it is restored
            raise GitError(
                "rewritten",
                f"lines of {', '.join(cut)} were changed or removed at the remote since {seen[:12]}: it may have forgotten what "
                f"was sent. Restore them there (`git revert`); or, knowing what was sent, accept it with `git update-ref -d {UPSTREAM}`",
            )

    def differing(self, commit: str) -> list[str]:
        """Files of the ledger, by their paths in the state directory, that are not here what they are in a commit. Asked of
        the bytes, not of git: it overlooks what is ignored, assumed unchanged, sparse or converted. (Of a broadcast's body only
        whether it is there; its bytes are compared with its intent before they are used.)"""
        there = self._tree(commit)
        here = {file.relative_to(self.state).as_posix(): file for own in OWN for file in self._own_files(own)}
        return [
            name
            for name in sorted(there.keys() | here.keys())
            if not (name in there and name in here)
            or (not name.startswith("broadcasts/") and self._name(here[name]) != there[name])
        ]

    def unpushed(self, tip: str) -> dict[str, bytes]:
        """Files of the ledger that differ here from the last commit shared with `tip`: path in the state directory → as
        they were in that commit.

        Raises:
            GitError: other files differ too. That is a person's work, and not ours to throw away.
        """
        base = self.run("merge-base", "HEAD", tip).stdout.strip()
        if not base:
            raise GitError(
                "rewritten", f"{self.branch} and the remote have no history in common; clone the remote anew"
            )
        changed = split(self.out("diff", "--name-only", "--no-renames", "-z", base))
        foreign = [file for file in changed if not self._is_own(file)]
        if foreign:
            raise GitError(
                "unpushed",
                f"changes that are not pushed ({', '.join(foreign[:3])}); commit and push them, or restore the files",
            )
        return {name: self._bytes(base, name) for name in self.differing(base)}

    def take(self, tip: str) -> None:
        """Make branch and ledger what `tip` says; other files of the work tree keep a person's changes."""
        if changed := self.differing(self.head):
            self.out("reset", "--quiet", "--", ".")
            self._restore(self.head, changed)
        self.run("update-index", "-q", "--refresh")  # our commits tell the index bytes, not what the file looks like
        self.out("reset", "--quiet", "--keep", tip)
        self.head = self._made = tip
        self._restore(tip, self.differing(tip))
        self.state.mkdir(parents=True, exist_ok=True)

    def _restore(self, commit: str, names: Sequence[str]) -> None:
        """The very bytes of a commit, past every conversion."""
        there = self._tree(commit)
        for name in names:
            file = self.state / name
            if name in there:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._bytes(commit, name))
            else:
                file.unlink()

    def commit(self, message: str) -> None:
        """Commit the ledger's files byte for byte, and nothing else; with `push` the branch follows once it is published.
        Raises GitError, also when the commit holds other bytes."""
        changed = [name for name in self.differing(self.head) if (self.state / name).exists()]
        if not changed:
            return
        paths = "".join(f"{self.state.absolute() / name}\n" for name in changed)
        blobs = self.out("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths).split()
        lines = (f"100644 {blob}\t{self.prefix}{name}\n" for name, blob in zip(changed, blobs, strict=True))
        self.out("update-index", "--index-info", stdin="".join(lines))
        tree = self.out("write-tree").strip()
        parent = ("-p", self.head) if self.head else ()
        made = self.out("commit-tree", tree, *parent, "-m", message).strip()
        there = self._tree(made)
        if wrong := [name for name in changed if there.get(name) != self._name(self.state / name)]:
            raise GitError("git", f"{wrong[0]}: git does not commit the bytes that were recorded; nothing is sent")
        self._made = made
        if not self.push:
            self._advance(message)

    def publish(self) -> None:
        """Push what was committed last. Returns only when the upstream has it.

        Raises:
            Rejected: somebody else pushed first.
            GitError: it could not be pushed, or nobody can tell.
        """
        result = self.network(
            "push", "--quiet", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no", self.remote,
            f"{self._made}:{self.target}",
        )  # fmt: skip
        if result.returncode:
            try:
                tip = self.fetch()  # a push can have landed although the client saw an error
            except GitError:
                raise explained(result, "push") from None
            if not self._contains(tip, self._made):
                busy = any(
                    mark in result.stderr + result.stdout for mark in ("cannot lock ref", "failed to update ref")
                )
                if busy or not self._contains(self._made, tip):
                    raise Rejected
                raise explained(result, "push")
        self._advance("pushed", *([UPSTREAM] if result.returncode == 0 else []))

    def _advance(self, why: str, *also: str) -> None:
        """The branch here comes to the commit that was made, unless a person has moved it meanwhile; and so do other refs."""
        moves = [f"refs/heads/{self.branch} {self._made} {self.head or '0' * self._digits}"]
        moves += [f"{ref} {self._made}" for ref in also]
        self.out(
            "update-ref", "-m", f"kadoma-line: {why}", "--stdin", stdin="".join(f"update {move}\n" for move in moves)
        )
        self.head = self._made
        if also:
            self._seen = self._made

    def rehearse_push(self) -> None:
        """Have the remote decide about a push to the real branch, with its rules and hooks, and change nothing: it comes in one
        piece with a branch that cannot be (there is a branch where its folder would be), so the remote takes back both.
        Raises GitError."""
        tip = self.fetch()
        commit = self.out("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "doctor: taken back at once").strip()
        both = (f"{commit}:{self.target}", f"{commit}:{self.target}/doctor")
        result = self.network("push", "--porcelain", "--no-verify", "--atomic", self.remote, *both)
        told = next((line for line in result.stdout.splitlines() if f":{self.target}\t" in line), "")
        if not told:  # it was not even asked: no right, no way
            raise explained(result, "push")
        if "hook" in told or "protected" in told or "rule" in told or "GH0" in result.stderr:
            raise GitError("protected", f"the remote refuses pushes to {self.branch} (git says: {short(told, 300)})")

    def _contains(self, tip: str, commit: str) -> bool:
        return self.run("merge-base", "--is-ancestor", commit, tip).returncode == 0

    def _tree(self, commit: str) -> dict[str, str]:
        """Path in the state directory → git's name for the bytes, of the ledger's files in a commit; each is asked for once."""
        if commit and commit not in self._trees:
            rows = (row.partition("\t") for row in split(self.out("ls-tree", "-r", "-z", commit, "--", ".")))
            self._trees[commit] = {
                name: facts.split(" ")[2] for facts, _, name in rows if self._is_own(self.prefix + name)
            }
        return self._trees.get(commit, {})

    def _bytes(self, commit: str, name: str) -> bytes:
        """A file of the ledger as a commit has it; empty when the commit has none. Raises GitError when git cannot read it."""
        blob = self._tree(commit).get(name)
        return self.out("cat-file", "blob", blob).encode(errors="surrogateescape") if blob else b""

    def content(self, name: str) -> bytes:
        """Any file, by whatever git names it; empty when there is none."""
        result = self.run("cat-file", "blob", name)
        return result.stdout.encode(errors="surrogateescape") if result.returncode == 0 else b""

    def _own_files(self, own: str) -> Iterator[Path]:
        for found in self.state.glob(own):
            yield from (file for file in ([found] if found.is_file() else found.rglob("*")) if file.is_file())

    def _name(self, file: Path) -> str:
        return blob_name(file.read_bytes(), self._digits)

    def _is_own(self, file: str) -> bool:
        name = file.removeprefix(self.prefix).split("/")[0]
        return file.startswith(self.prefix) and any(fnmatch(name, own) for own in OWN)

    def _remove_stale_locks(self) -> None:
        for name in ("index", "HEAD", f"refs/heads/{self.branch}", UPSTREAM, "packed-refs"):
            lock = self.folder / f"{name}.lock"
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > STALE_LOCK:
                    lock.unlink()
                    log.warning("removed %s, left by a git command that died", lock)


def blob_name(data: bytes, digits: int) -> str:
    """git's name for these bytes: SHA-1, or SHA-256 where names are longer."""
    digest = hashlib.new("sha1" if digits == 40 else "sha256", b"blob %d\0" % len(data), usedforsecurity=False)  # noqa: PLR2004
    digest.update(data)
    return digest.hexdigest()


def _work_tree(folder: Path) -> Path | None:
    """The nearest folder upwards, on the same device, that has a .git."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    device = there.stat().st_dev
    around = (one for one in (there, *there.parents) if one.stat().st_dev == device)
    return next((one for one in around if (one / ".git").exists()), None)
