"""The state directory's git repository: the push is the compare-and-swap that makes an intent count.

Runs the git command; never merges, never rewrites a commit that is not the pipeline's own, never touches a file that is
not the ledger's.
"""

import contextlib
import hashlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from pipeline.ledger import store
from pipeline.ledger.store import OWN, LedgerError

log = logging.getLogger("kadoma_line")

AUTHOR = {"name": "kadoma-line", "email": "kadoma-line@users.noreply.github.com"}
# The newest commit of the remote that was ever seen here. git itself refuses to move it anywhere but forward, so that a
# remote whose history was rewritten (and so may have forgotten what was sent) is noticed.
UPSTREAM = "refs/kadoma-line/upstream"
LOCAL = 120.0  # seconds that a command without network may take
GRACE = 5.0  # seconds that git gets to remove its lock files before it is killed
# Hooks are for people's commits; ours are made of plumbing, whatever is ignored, filtered or signed.
SETTINGS = ("core.quotePath=false", "core.hooksPath=/dev/null", "core.fsmonitor=false")
# Where git would look for another repository than the one around the state directory, or write another index.
ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
STALE_LOCK = 600  # seconds; we hold our own lock, and no git command of ours lives that long


class GitError(LedgerError):
    """Something about the repository keeps the state from being recorded. `code` tells the kinds apart."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unusable(GitError, store.Setup):
    """`state.push` is true, and no repository can ever take the state."""


class Rejected(Exception):
    """The remote has commits that we do not know: somebody else wrote."""


class Git:
    """The repository around a state directory.

    Args:
        state: the state directory, inside a work tree.
        branch: the branch that the state lives on.
        push: whether recorded means pushed.
        timeout: seconds that a fetch or a push may take.

    Attributes:
        lock: the descriptor of our lock file. Git commands on the work tree inherit it, so that the next run waits for
            those that a killed run has left behind. A push left behind is not waited for: when it lands late, it is one
            more writer that came first or came too late.
    """

    def __init__(self, state: Path, branch: str, push: bool, timeout: float) -> None:
        self.state, self.branch, self.push, self.timeout = state, branch, push, timeout
        self.lock = -1
        self.remote = self.target = ""
        self._identity: dict[str, str] | None = None
        self.prefix, folder = self.out("rev-parse", "--show-prefix", "--absolute-git-dir").splitlines()
        self.folder = Path(folder)
        self._digits = 64 if self.out("rev-parse", "--show-object-format").strip() == "sha256" else 40

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
        head = self.run("symbolic-ref", "-q", "--short", "HEAD")
        if head.returncode:
            raise GitError(
                "detached", f"the work tree has no branch checked out (detached HEAD); run `git checkout {self.branch}`"
            )
        if head.stdout.strip() != self.branch:
            raise GitError(
                "branch", f"the work tree is on {head.stdout.strip()}, the state lives on {self.branch} (state.branch)"
            )
        for mark in ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
            if (self.folder / mark).exists():
                raise GitError(
                    "dirty", f"a merge, rebase, cherry-pick or revert is in progress ({mark}); finish or abort it"
                )
        changed = [file for file in self._status("--untracked-files=no") if not file.startswith(self.prefix)]
        if changed:
            raise GitError(
                "dirty", f"uncommitted changes in the work tree ({', '.join(changed[:3])}); commit or restore them"
            )
        if self.push:
            self._find_upstream()

    def _find_upstream(self) -> None:
        known = self.run("config", "--get-regexp", rf"^branch\.{self.branch}\.(remote|merge)$").stdout
        settings = dict(line.split(" ", 1) for line in known.splitlines())
        self.remote = settings.get(f"branch.{self.branch}.remote", "")
        self.target = settings.get(f"branch.{self.branch}.merge", "")
        if not self.remote or not self.target:
            raise Unusable(
                "no-upstream",
                f"{self.branch} has no upstream; run `git push -u origin {self.branch}`, or set state.push = false for a host of its own",
            )

    def fetch(self) -> str:
        """The commit at the tip of the upstream branch. Raises GitError, also when the ledger there is not what it was."""
        seen = self.run("rev-parse", "--quiet", "--verify", UPSTREAM).stdout.strip()
        for _ in range(2):
            result = self._network(
                "fetch", "--no-tags", "--no-write-fetch-head", self.remote, f"{self.target}:{UPSTREAM}"
            )
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
            raise _explained(result, "fetch")
        tip = self.out("rev-parse", UPSTREAM).strip()
        if seen not in ("", tip):
            self._check_only_appended(seen, tip)
        return tip

    def _renamed(self) -> GitError:
        """The branch is not there any more; the remote says which one is its default."""
        told = self._network("ls-remote", "--symref", self.remote, "HEAD").stdout
        default = told.partition("ref: refs/heads/")[2].partition("\t")[0]
        now = f", whose default branch is {default}" if default else ""
        return GitError(
            "branch",
            f"the branch {self.target.removeprefix('refs/heads/')} is not at the remote{now}: was it renamed? Name it back, or set "
            "state.branch and check it out (in the workflows, too)",
        )

    def _check_only_appended(self, seen: str, tip: str) -> None:
        """A commit on top can take lines away, too: somebody reverts "sent: …", or tidies the ledger up."""
        changed = _split(self.out("diff", "--name-only", "--no-renames", "-z", seen, tip, "--", OWN[0]))
        cut = [file for file in changed if store.cut(self.content(f"{seen}:{file}"), self.content(f"{tip}:{file}"))]
        if cut:
            self.out("update-ref", UPSTREAM, seen)  # noticed again by every run, until it is restored
            raise GitError(
                "rewritten",
                f"lines of {', '.join(cut)} were changed or removed at the remote since {seen[:12]}: it may have forgotten what "
                f"was sent. Restore them there (`git revert`); or, knowing what was sent, accept it with `git update-ref -d {UPSTREAM}`",
            )

    def head(self) -> str:
        return self.out("rev-parse", "HEAD").strip()

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
        changed = _split(self.out("diff", "--name-only", "--no-renames", "-z", base))
        foreign = [file for file in changed if not self._is_own(file)]
        if foreign:
            raise GitError(
                "unpushed",
                f"changes that are not pushed ({', '.join(foreign[:3])}); commit and push them, or restore the files",
            )
        return {name: self.content(f"{base}:./{name}") for name in self.differing(base)}

    def take(self, tip: str) -> None:
        """Make branch and ledger what `tip` says; other files of the work tree keep a person's changes."""
        if changed := self.differing("HEAD"):
            self.out("reset", "--quiet", "--", ".")
            self._restore("HEAD", changed)
        self.run("update-index", "-q", "--refresh")  # our commits tell the index bytes, not what the file looks like
        self.out("reset", "--quiet", "--keep", tip)
        self._restore(tip, self.differing(tip))
        self.state.mkdir(parents=True, exist_ok=True)

    def _restore(self, commit: str, names: Sequence[str]) -> None:
        """The very bytes of a commit, past every conversion."""
        there = self._tree(commit)
        for name in names:
            file = self.state / name
            if name in there:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self.content(there[name]))
            else:
                file.unlink()

    def commit(self, message: str) -> None:
        """Commit the ledger's files byte for byte, and nothing else. Raises GitError, also when the commit holds other bytes."""
        changed = [name for name in self.differing("HEAD") if (self.state / name).exists()]
        if not changed:
            return
        paths = "".join(f"{self.state.absolute() / name}\n" for name in changed)
        blobs = self.out("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths).split()
        lines = (f"100644 {blob}\t{self.prefix}{name}\n" for name, blob in zip(changed, blobs, strict=True))
        self.out("update-index", "--index-info", stdin="".join(lines))
        parent = self.run("rev-parse", "--quiet", "--verify", "HEAD").stdout.strip()
        tree = self.out("write-tree").strip()
        made = self.out("commit-tree", tree, *(("-p", parent) if parent else ()), "-m", message).strip()
        there = self._tree(made)
        if wrong := [name for name in changed if there.get(name) != self._name(self.state / name)]:
            raise GitError("git", f"{wrong[0]}: git does not commit the bytes that were recorded; nothing is sent")
        self.out("update-ref", "-m", f"commit: {message}", "HEAD", made)

    def _tree(self, commit: str) -> dict[str, str]:
        """Path in the state directory → git's name for the bytes, of the ledger's files in a commit."""
        told = self.run("ls-tree", "-r", "-z", commit, "--", ".")
        rows = (row.partition("\t") for row in _split(told.stdout))
        return {name: facts.split(" ")[2] for facts, _, name in rows if self._is_own(self.prefix + name)}

    def _own_files(self, own: str) -> Iterator[Path]:
        for found in self.state.glob(own):
            yield from (file for file in ([found] if found.is_file() else found.rglob("*")) if file.is_file())

    def _name(self, file: Path) -> str:
        return blob_name(file.read_bytes(), self._digits)

    def publish(self) -> None:
        """Push the commit at HEAD. Returns only when the upstream has it.

        Raises:
            Rejected: somebody else pushed first.
            GitError: it could not be pushed, or nobody can tell.
        """
        result = self._network("push", "--quiet", "--porcelain", "--no-verify", self.remote, f"HEAD:{self.target}")
        if result.returncode == 0:
            self.out("update-ref", UPSTREAM, "HEAD")
            return
        try:
            tip = self.fetch()  # a push can have landed although the client saw an error
        except GitError:
            raise _explained(result, "push") from None
        if self._contains(tip, "HEAD"):
            return
        busy = any(mark in result.stderr + result.stdout for mark in ("cannot lock ref", "failed to update ref"))
        if busy or not self._contains("HEAD", tip):
            raise Rejected
        raise _explained(result, "push")

    def rehearse_push(self) -> None:
        """Have the remote decide about a push to the real branch, with its rules and hooks, and change nothing: it comes in one
        piece with a branch that cannot be (there is a branch where its folder would be), so the remote takes back both.
        Raises GitError."""
        tip = self.fetch()
        author = ("-c", f"user.name={AUTHOR['name']}", "-c", f"user.email={AUTHOR['email']}")
        commit = self.out(
            *author, "commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "doctor: taken back at once"
        ).strip()
        both = (f"{commit}:{self.target}", f"{commit}:{self.target}/doctor")
        result = self._network("push", "--porcelain", "--no-verify", "--atomic", self.remote, *both)
        told = next((line for line in result.stdout.splitlines() if f":{self.target}\t" in line), "")
        if not told:  # it was not even asked: no right, no way
            raise _explained(result, "push")
        if "hook" in told or "protected" in told or "rule" in told or "GH0" in result.stderr:
            raise GitError(
                "protected", f"the remote refuses pushes to {self.branch} (git says: {' '.join(told.split())[:300]})"
            )

    def _contains(self, tip: str, commit: str) -> bool:
        return self.run("merge-base", "--is-ancestor", commit, tip).returncode == 0

    def content(self, name: str) -> bytes:
        """A file as a commit has it; empty when the commit has none."""
        result = self.run("cat-file", "blob", name)
        return result.stdout.encode(errors="surrogateescape") if result.returncode == 0 else b""

    def _status(self, *arguments: str) -> list[str]:
        return [entry[3:] for entry in _split(self.out("status", "--porcelain", "--no-renames", "-z", *arguments))]

    def _is_own(self, file: str) -> bool:
        name = file.removeprefix(self.prefix).split("/")[0]
        return file.startswith(self.prefix) and any(fnmatch(name, own) for own in OWN)

    def _remove_stale_locks(self) -> None:
        for name in ("index.lock", "HEAD.lock", f"refs/heads/{self.branch}.lock", "packed-refs.lock"):
            lock = self.folder / name
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > STALE_LOCK:
                    lock.unlink()
                    log.warning("removed %s, left by a git command that died", lock)

    def out(self, *arguments: str, stdin: str = "") -> str:
        result = self.run(*arguments, stdin=stdin)
        if result.returncode:
            raise _explained(result, arguments[0])
        return result.stdout

    def _network(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run(*arguments, timeout=self.timeout, inherit=False)

    def run(
        self, *arguments: str, timeout: float = LOCAL, inherit: bool = True, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """One git command, in a session of its own: Ctrl-C is for us, and at the timeout its helpers end with it."""
        own = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | own
        if arguments[0] == "commit-tree":
            environment = self._author() | environment
        try:
            process = subprocess.Popen(
                ["git", *(part for setting in SETTINGS for part in ("-c", setting)), *arguments],
                cwd=self.state, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="surrogateescape", start_new_session=True,
                pass_fds=(self.lock,) if inherit and self.lock >= 0 else (),
            )  # fmt: skip
        except OSError as error:
            raise GitError("git", f"git cannot be run ({error.strerror}); install git") from None
        with process:
            try:
                out, err = process.communicate(stdin, timeout=timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                return subprocess.CompletedProcess(arguments, 124, "", f"no answer within {timeout:.0f} s (timeout)")
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def _author(self) -> dict[str, str]:
        """The pipeline's own author when git has none configured."""
        if self._identity is None:
            known = self.run("config", "--get-regexp", r"^user\.(name|email)$").stdout
            configured = {line.split(" ", 1)[0].removeprefix("user.") for line in known.splitlines()}
            self._identity = {
                f"GIT_{role}_{part.upper()}": value
                for role in ("AUTHOR", "COMMITTER")
                for part, value in AUTHOR.items()
                if part not in configured
            }
        return self._identity


def _end(process: "subprocess.Popen[str]") -> None:
    """End a command that takes too long, with everything it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


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


def _split(text: str) -> list[str]:
    return [part for part in text.split("\0") if part]


# What git, ssh and their hosts say (LC_ALL=C), told apart: marks in the text → code, what to do. The first that fits counts.
_KINDS = (
    (("No space left", "File too large", "Disk quota exceeded", "unable to write"), "disk-full", "make room on the disk"),
    (("protected branch", "GH006", "GH013", "hook declined"), "protected",
     "the branch is protected: let the pipeline's token or deploy key push to it"),
    (("Host key verification failed", "HOST IDENTIFICATION HAS CHANGED"), "host-key",
     "the host key of the remote is not known here, or another one: compare it with the host's own page, then add it to known_hosts"),
    (("marked as read only", "Permission to ", "returned error: 403", "denied to"), "credentials",
     "the token or key may read but not write: grant `contents: write`, or allow write access to the deploy key"),
    (("Repository not found", "returned error: 404"), "credentials",
     "the token or key does not see the repository, or it was moved: correct the address or grant access"),
    (("Permission denied (publickey", "Load key", "no mutual signature"), "credentials",
     "the remote does not take the key: add the deploy key to the repository, with write access, or renew it"),
    (("Authentication failed", "could not read Username", "could not read Password", "Permission denied (",
      "returned error: 401", "Invalid username", "terminal prompts disabled"),
     "credentials", "the token or key may not push: grant `contents: write`, or renew it"),
    (("Could not resolve host", "Name or service not known", "Temporary failure in name resolution"), "unreachable",
     "the name of the remote cannot be resolved: look at its address and at the network's DNS; the next run tries again"),
    (("Connection refused",), "unreachable",
     "the remote refuses the connection, or does not answer at this port: look at its address; the next run tries again"),
    (("does not appear to be a git repository",), "unreachable", "the remote does not answer: the next run tries again"),
    (("dubious ownership", "not a git repository"), "unusable", "git cannot work with the repository: do what it says"),
    (("(timeout)", "unable to access", "Connection timed out", "Operation timed out", "No route to host", "Network is unreachable",
      "Could not connect", "early EOF", "hung up", "Connection reset", "Connection closed", "returned error: 5"), "unreachable",
     "the remote does not answer: the next run tries again"),
    (("access rights",), "credentials", "the token or key may not push: grant `contents: write`, or renew it"),
    (("Permission denied", "insufficient permission", "Read-only file system"), "not-writable",
     "this user may not write to the repository: correct its permissions"),
    (("index.lock", "Another git process", ".lock': File exists"), "locked",
     "another git process works here; if there is none, remove the lock file it names"),
    (("not uptodate", "would be overwritten", "Entry "), "dirty", "uncommitted changes are in the way: commit or restore them"),
)  # fmt: skip


def _explained(result: "subprocess.CompletedProcess[str]", step: str) -> GitError:
    """git's own words, with the kind of trouble and what to do next."""
    text = result.stderr + result.stdout
    words = " ".join(text.split())[:400]
    for marks, code, advice in _KINDS:
        if any(mark in text for mark in marks):
            return GitError(code, f"git {step}: {advice} (git says: {words})")
    return GitError("git", f"git {step} failed: look at what it says; the next run tries again (git says: {words})")
