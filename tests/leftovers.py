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
MEMORY = Path("/dev/shm")  # noqa: S108 - only where tests may write, and only because fsync costs nothing there


def begin() -> None:
    """From now on, temporary files of this process and its children stand in a folder of this run."""
    for folder, run in _all():
        if not Path(f"/proc/{run}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
    for name in list(os.environ):
        if (name.startswith(AROUND) and not name.startswith(KEPT)) or name.lower().endswith("_proxy"):
            del os.environ[name]
    sys.dont_write_bytecode = False  # or everything is compiled again in each of hundreds of processes
    os.environ["KADOMA_TEST_RUN"] = str(os.getpid())
    os.environ["TMPDIR"] = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    tempfile.tempdir = None
    settings = Path(os.environ["TMPDIR"]) / "gitconfig"  # no name, no signing, no hooks, no other first branch
    settings.write_text(f'[safe]\n\tdirectory = "{ROOT}"\n', encoding="utf-8")
    os.environ |= {"GIT_CONFIG_GLOBAL": str(settings), "GIT_CONFIG_NOSYSTEM": "1"}


def end() -> list[Path]:
    """Take all of it away; what should have gone before: folders in memory that a fixture did not remove."""
    own = [folder for folder, run in _all() if run == os.environ["KADOMA_TEST_RUN"]]
    own.append(Path(os.environ.pop("TMPDIR")))
    tempfile.tempdir = None
    forgotten = [folder for folder in own if MEMORY in folder.parents]
    for folder in own:
        shutil.rmtree(folder, ignore_errors=True)
    return [*forgotten, *(folder for folder in own if folder.exists())]


def memory() -> Path:
    """A new folder where fsync costs nothing, if there is one."""
    name = f"{PREFIX}{os.environ.get('KADOMA_TEST_RUN', os.getpid())}-"
    return Path(tempfile.mkdtemp(prefix=name, dir=MEMORY if os.access(MEMORY, os.W_OK) else None))


def _all() -> Iterator[tuple[Path, str]]:
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in place.glob(f"{PREFIX}*") if place.is_dir() else ():
            yield folder, folder.name.removeprefix(PREFIX).partition("-")[0]
