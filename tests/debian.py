"""`make debian`: every check on a plain Debian, in a fresh clone that a made-up second city has filled in by the handbook.

Per Debian: debootstrap; the packages that README names, and those that `.ci/run` adds; a clone of the last commit by an ordinary
user; `kadoma.toml` by `tests/second_city.py`, committed; then `.ci/run`. Where packages come from is this machine's matter: its
apt's mirrors, proxies and keys and its pip's settings go along. Needs root and the package debootstrap.

Each command runs in namespaces of its own: its mounts and its processes end with it, whatever ends it. Only the folder is left
then, and taken away.
"""

import argparse
import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = {"bookworm": "12", "trixie": "13"}
PERSON, HOME = "person", "/home/person"
CLONE = f"{HOME}/見本/kadoma-line"  # a folder of a Japanese name, as people have it
CHECK = "bash .ci/run"
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# What a chroot lacks: processes, devices, memory to share (Chromium), and what pip's settings name on this machine.
INSIDE = """
root=$1; shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
while [ "$1" != -- ]; do mount --bind -o ro "$1" "$root$1"; shift; done; shift
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Machine:
    """What this machine knows about where packages are.

    Attributes:
        mirrors: label of the archive (Debian, Debian-Security) → its address.
        apt: settings of proxies and the like, as apt.conf has them.
        pip: what pip.conf has.
        named: files and folders of this machine that pip's settings name.
        proxies: variables of the environment.
    """

    mirrors: Mapping[str, str]
    apt: str
    pip: str
    named: Sequence[Path]
    proxies: Mapping[str, str]


def this_machine() -> Machine:
    """Ask its apt and its pip."""
    asked = told(
        "apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages", "Origin: Debian"
    )
    mirrors = dict(line.split(maxsplit=1) for line in reversed(asked.splitlines()))
    if mirror := os.environ.get("DEBIAN_MIRROR"):
        mirrors["Debian"] = mirror
    if "Debian" not in mirrors:
        stop("apt knows no mirror of Debian here; name one: make debian DEBIAN_MIRROR=…")
    settings = told("apt-config", "dump").splitlines()
    apt = [line for line in settings if re.match(r'Acquire::(https?|Retries|Check-[\w-]+)[:\s].*"[^"]+";$', line)]
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    for line in apt:
        if found := re.match(r'Acquire::(https?)::Proxy "(.+)";', line, re.IGNORECASE):
            proxies.setdefault(f"{found[1].lower()}_proxy", found[2])
    pip = dict(_pip_settings())
    conf = "[global]\n" + "".join(f"{name} = {value}\n" for name, value in pip.items())
    local = [
        Path(urlsplit(word).path) for value in pip.values() for word in value.split() if re.match("file://|/", word)
    ]
    named = {path.parent if path.name == "simple" else path for path in local}  # an index's files lie beside it
    return Machine(mirrors, "\n".join(apt) + "\n", conf, sorted(filter(Path.exists, named)), proxies)


def _pip_settings() -> Iterator[tuple[str, str]]:
    """As this machine's pip counts them together: the environment's over the files'."""
    if not find_spec("pip"):  # Debian's own Python has none
        return
    listed = told(sys.executable, "-m", "pip", "config", "list").splitlines()
    for line in sorted(listed, key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install", ":env:") and key != "config-file":
            yield key, str(ast.literal_eval(value))


class Debian:
    """One plain Debian in a folder."""

    def __init__(self, suite: str, root: Path, machine: Machine) -> None:
        self.suite, self.root, self._machine = suite, root, machine
        self.name = f"Debian {NUMBERS.get(suite, '')} ({suite})"

    def install(self) -> None:
        """The plain system, and what README and .ci/run name."""
        mirrors = self._machine.mirrors
        say(f"{self.name}: debootstrap")
        plain = ["debootstrap", "--variant=minbase", self.suite, str(self.root), mirrors["Debian"]]
        run([*APART, "--mount-proc", *plain], quiet=True, environment={**os.environ, **self._machine.proxies})
        sources = [f"deb {mirrors['Debian']} {suite} main" for suite in (self.suite, f"{self.suite}-updates")]
        if security := mirrors.get("Debian-Security"):
            sources.append(f"deb {security} {self.suite}-security main")
        self._write("etc/apt/sources.list", "\n".join(sources) + "\n")
        self._write("etc/apt/apt.conf.d/90-of-the-machine", self._machine.apt)
        self._write("etc/pip.conf", self._machine.pip)
        for file in ("etc/resolv.conf", "etc/hosts"):
            self._write(file, (Path("/") / file).read_text(encoding="utf-8"))
        packages = [*of_readme(), *of_ci()]
        say(f"{self.name}: {' '.join(packages)}")
        apt = (
            "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; apt-get install -y -qq --no-install-recommends"
        )
        self.root_does(f"{apt} {shlex.join(packages)}")
        self.root_does(f"useradd --create-home {PERSON}")
        for path in self._machine.named:
            inside = self.root / path.relative_to("/")
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.mkdir(exist_ok=True) if path.is_dir() else inside.touch()

    def clone(self) -> None:
        """The last commit, filled in for the second city by an ordinary user."""
        git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
        run([*git, "bundle", "create", "--quiet", str(self.root / "home" / PERSON / "kadoma-line.bundle"), "HEAD"])
        author = "-c user.name='A Person' -c user.email=person@example.org"
        self.person_does(
            f"git -c advice.detachedHead=false -c init.defaultBranch=main clone --quiet {HOME}/kadoma-line.bundle {CLONE}; cd {CLONE}; git checkout --quiet -b main; "
            f"python3 -B -m tests.second_city; git {author} commit --quiet -am 'kadoma.toml, by the handbook'; git show --stat --format=%s"
        )

    def check(self, command: str) -> str:
        """What ran, and how it ended."""
        versions = "python3 -V; git --version; chromium --version 2>/dev/null"
        here = ", ".join(self.person_does(versions, quiet=True).splitlines())
        say(f"{self.name}: {here}: {command}")
        begin = time.monotonic()
        out = self.person_does(f"cd {CLONE}; {command} 2>&1")
        passed = re.findall(r"(?m)^=*\s*((?:\d+ \w+, )*\d+ passed.*?) in ", out)
        if not passed:
            stop(f"{self.name}: no test was run")
        if left := self.person_does(f"cd {CLONE}; git status --porcelain", quiet=True):
            stop(f"{self.name}: the checks have changed the clone:\n{left}")
        return f"{self.name}, {here}: {passed[-1]} ({(time.monotonic() - begin) / 60:.0f} min)"

    def root_does(self, script: str) -> str:
        return self._does(script, "root", quiet=True)

    def person_does(self, script: str, quiet: bool = False) -> str:
        return self._does(script, PERSON, quiet)

    def _does(self, script: str, user: str, quiet: bool) -> str:
        """A login of that user: of this machine's environment only the proxies."""
        variables = [f"{name}={value}" for name, value in self._machine.proxies.items()]
        login = ["runuser", "-u", user, "--", "env", "-i", "-C", HOME if user == PERSON else "/", *variables,
                 f"HOME={HOME if user == PERSON else '/root'}", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "TERM=dumb",
                 "bash", "-ec", script]  # fmt: skip
        named = [str(path) for path in self._machine.named if user == PERSON]  # a package may bring one itself
        return run([*APART, "bash", "-ec", INSIDE, "bash", str(self.root), *named, "--", *login], quiet=quiet)

    def _write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")


def of_readme() -> list[str]:
    """The packages of Debian that README names for a new machine."""
    found = re.search(r"`sudo apt-get install ([a-z0-9 .-]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert found, "README names Debian's packages"
    return found[1].split()


def of_ci() -> list[str]:
    """… and those that .ci/run adds."""
    found = re.search(
        r"apt-get install .*--no-install-recommends ([a-z0-9 .-]+) >", (ROOT / ".ci" / "run").read_text("utf-8")
    )
    assert found, ".ci/run names Debian's packages"
    return found[1].split()


def run(command: Sequence[str], quiet: bool = False, environment: Mapping[str, str] | None = None) -> str:
    """What it writes, shown at once unless quiet (then only where it fails).

    Raises:
        SystemExit: it failed.
    """
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if quiet else None,
                          stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True) as process:  # fmt: skip
        assert process.stdout is not None
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if not quiet:
                    print(line, end="", flush=True)
        except BaseException:
            process.kill()  # and with it, by --kill-child, whatever runs inside; once all of it is gone, the output ends
            process.stdout.read()
            raise
    if process.returncode:
        stop("".join(lines[-40:] if quiet else []) + f"failed ({process.returncode}): {shlex.join(command)[-300:]}")
    return "".join(lines)


def told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def stop(why: str) -> NoReturn:
    sys.exit(f"make debian: {why}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make debian", description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", default=list(NUMBERS), metavar="SUITE", help="default: %(default)s")
    parser.add_argument("--check", default=CHECK, help="what is run in the clone (default: %(default)s)")
    asked = parser.parse_args(arguments)
    if os.geteuid() != 0:
        stop("a Debian of its own needs root: sudo make debian")
    if not shutil.which("debootstrap"):
        stop("debootstrap is missing: apt-get install debootstrap")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    machine, ended = this_machine(), []
    for suite in asked.suites:
        folder = Path(tempfile.mkdtemp(prefix=f"kadoma-line-{suite}-"))
        try:
            folder.chmod(0o755)  # for the person inside
            debian = Debian(suite, folder, machine)
            debian.install()
            debian.clone()
            ended.append(debian.check(asked.check))
        finally:
            shutil.rmtree(folder)
    for line in ended:
        say(line)


if __name__ == "__main__":
    main()
