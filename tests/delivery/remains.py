"""What a killed run leaves behind, as a value that can be compared: files here and at the remote, and what LINE remembers.

Two kills that leave the same behind, byte for byte, need only one recovery: the next run is a new process that knows nothing
but its disk, the remote and LINE, so it cannot do different things after them. Left out is what no run reads: the instants and
inode numbers that git keeps of files to save itself a look into them; and the objects of git. git writes an object before it
names it, so refs and index tell which there are; whether others are there, too, saves a run a download and nothing else.
"""

import contextlib
import functools
import hashlib
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.doubles.line import BROADCAST, LineServer

# Commands of git that write nothing (GIT_OPTIONAL_LOCKS=0, which `diff` does not heed: it refreshes the index), or nothing but
# objects: when they end, and whether, makes no difference to anybody.
READING = ("cat-file", "check-ignore", "config", "ls-tree", "merge-base", "rev-parse", "status", "symbolic-ref")
OF_OBJECTS = ("commit-tree", "hash-object")
# Commands without our lock: the next run does not wait for them.
NETWORK = ("fetch", "push")
SETTING = re.compile(r"(-c \S+ )+")
OBJECTS = ("/objects", "/.git/objects")  # of the remote, of the checkout


class Remains(Struct, frozen=True):
    """After a kill. `left`: what went on without the process: git commands, and requests ("host:port POST …") without an answer."""

    disk: str
    remote: str
    line: str
    left: tuple[str, ...] = ()

    def seen_from(self, in_fresh_clone: bool) -> tuple[str, ...]:
        """All that the next run can tell: on the same disk, or in a new clone of the remote."""
        return (self.remote, self.line) if in_fresh_clone else (self.disk, self.remote, self.line)

    def is_settled(self, in_fresh_clone: bool) -> bool:
        """Whether it is what it is: nothing goes on whose end a next run could see."""
        commands = self.commands()
        return (
            not any(f"POST {BROADCAST} " in one for one in self.left)
            and "push" not in commands
            and (in_fresh_clone or not commands.difference(("", *READING, *OF_OBJECTS)))
        )

    def commands(self) -> set[str]:
        """Which of git's commands go on; "" for what is not git."""
        return set(map(_command, self.left))

    def waits_for_it(self) -> bool:
        """Whether what goes on is git on this disk alone, which keeps our lock: a next run begins at what it leaves."""
        return not self.commands().intersection(NETWORK) and not any(f"POST {BROADCAST} " in one for one in self.left)


def _command(left: str) -> str:
    program, _, arguments = left.partition(" ")
    return SETTING.sub("", arguments).split(" ")[0] if program == "git" else ""


def remains(checkout: Path, remote: Path, line: LineServer, left: tuple[str, ...]) -> Remains:
    return Remains(digest(checkout), digest(remote), _memory(line), left)


def digest(folder: Path) -> str:
    """Of every file below a folder, wherever that folder is. What a git that goes on takes away meanwhile is not there."""
    total = hashlib.sha256()
    _add(total, str(folder), "", str(folder.parent).encode())
    return total.hexdigest()


def _add(total: "hashlib._Hash", folder: str, name: str, home: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        for entry in sorted(os.scandir(f"{folder}/{name}"), key=lambda one: one.name):
            path = f"{name}/{entry.name}"
            total.update(path.encode() + b"\0")
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    if path not in OBJECTS:
                        _add(total, folder, path, home)
                elif entry.is_file(follow_symlinks=False):
                    known = entry.stat(follow_symlinks=False)
                    total.update(_content(entry.path, known.st_ino, known.st_mtime_ns, known.st_size, home))


@functools.lru_cache(10_000)  # a point changes few of some hundred files
def _content(file: str, _inode: int, _changed: int, _size: int, home: bytes) -> bytes:
    content = Path(file).read_bytes().replace(home, b"")
    return hashlib.sha256(_index(content) if content[:4] == b"DIRC" else content).digest()


def _index(content: bytes) -> bytes:
    """git's index (gitformat-index) without what it remembers of the files' inodes."""
    return b"\n".join(_entries(content)) or content


def _entries(content: bytes) -> Iterator[bytes]:
    version, count = struct.unpack(">II", content[4:12])
    assert version == 2, "git writes another version of its index now"
    at = 12
    for _ in range(count):
        end = content.index(b"\0", at + 62)
        yield content[at + 24 : at + 28] + content[at + 40 : end]  # mode; hash, flags, name
        at += (end - at) // 8 * 8 + 8


def _memory(line: LineServer) -> str:
    return hashlib.sha256(repr(line.memory()).encode()).hexdigest()
