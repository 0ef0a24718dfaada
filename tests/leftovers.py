"""A test run keeps everything that it writes in folders of its own, and takes them away when it ends: two runs on one machine
cannot meet, and nothing stays. What a run that was killed has left is taken away by the next one. Nor does what stands around
a run reach its tests: make's own variables, a git hook's, a workflow's, a proxy, the settings of whoever runs it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "kadoma-line-tests-"  # then the number of the run's first process
ROOT = Path(__file__).parent.parent
AROUND = ("MAKE", "MFLAGS", "GIT_", "GITHUB_", "LINE_", "KADOMA_LINE_", "PYTHON", "PYTEST_ADDOPTS")
KEPT = ("GIT_SSL_",)
MEMORY = Path("/dev/shm")  # noqa: S108 - in a folder of its own, because fsync costs nothing there
ROOM = 4_000_000_000  # bytes; a run needs a quarter of it


def begin() -> None:
    """From now on, temporary files of this process and its children stand in a folder of this run."""
    for folder, run in _all():
        if not Path(f"/proc/{run}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
    for name in list(os.environ):
        if (name.startswith(AROUND) and not name.startswith(KEPT)) or name.lower().endswith("_proxy"):
            del os.environ[name]
    sys.dont_write_bytecode = False  # or everything is compiled again in each of hundreds of processes
    os.environ["TMPDIR"] = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_place())
    tempfile.tempdir = None
    os.environ |= {"GIT_CONFIG_GLOBAL": str(_settings(Path(os.environ["TMPDIR"]))), "GIT_CONFIG_NOSYSTEM": "1"}


def _settings(folder: Path) -> Path:
    """Of git: no name, no signing, no hooks, no other first branch."""
    template = folder / "template"  # of repositories: without git's 14 examples of hooks
    for empty in ("hooks", "info"):
        (template / empty).mkdir(parents=True)
    settings: dict[str, object] = {"safe.directory": ROOT, "init.templateDir": template}
    settings |= {"gc.auto": 0, "receive.autogc": "false", "maintenance.auto": "false"}  # no repository lives that long
    # A push need not ask git for the refs of alternates, nor start threads.
    settings |= {"core.alternateRefsCommand": "true", "pack.threads": 1}
    file = folder / "gitconfig"
    parts = ((*name.split("."), value) for name, value in settings.items())
    file.write_text("".join(f'[{part}]\n\t{name} = "{value}"\n' for part, name, value in parts), encoding="utf-8")
    return file


def end() -> list[Path]:
    """Take all of it away; what could not be."""
    own = Path(os.environ.pop("TMPDIR"))
    tempfile.tempdir = None
    shutil.rmtree(own, ignore_errors=True)
    return [own] if own.exists() else []


def _place() -> Path | None:
    """Memory, if it has room and lets scripts run."""
    try:
        there = os.statvfs(MEMORY)
    except OSError:
        return None
    is_fit = os.access(MEMORY, os.W_OK) and not there.f_flag & os.ST_NOEXEC
    return MEMORY if is_fit and there.f_bavail * there.f_frsize > ROOM else None


def _all() -> Iterator[tuple[Path, str]]:
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in place.glob(f"{PREFIX}*") if place.is_dir() else ():
            yield folder, folder.name.removeprefix(PREFIX).partition("-")[0]
