"""What goes wrong on a new machine is said in one sentence, and a second try works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.town import ROOT

OLD = "case $1 in -V) echo Python 3.9.2;; *) exit 1;; esac"
WITHOUT_VENV = f'case "$*" in *ensurepip*) exit 1;; -V) echo Python 3.11.2;; *) exec "{sys.executable}" "$@";; esac'
# Stands in for `python -m venv --clear`, which takes seconds. What is made starts this Python by its own path: behind a link it is
# the one that it was made from, and Debian's has no pip.
GOOD = f'case "$*" in "-m venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python";; *) exec "{sys.executable}" "$@";; esac'
FULL_DISK = f'case "$*" in "-m venv "*) mkdir -p "$4/bin"; echo No space left >&2; exit 1;; *) exec "{sys.executable}" "$@";; esac'


def made(
    folder: Path, python: str | None, system: str | None = None, named: str = ""
) -> "subprocess.CompletedProcess[str]":
    """What `make` says and does first on a machine whose python3, and whose system's own, are these shell scripts."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for path, script in ((programs / "python3", python), (folder / "system", system)):
        if script is not None:
            path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            path.chmod(0o755)
    for name in ("rm", "mkdir", "cp", "grep"):
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(f"/bin/{name}")
    return subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "venv"), ".venv", *([named] if named else [])],
        cwd=folder, env={"PATH": str(programs), "SYSTEM_PYTHON": str(folder / "system")}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (None, "there is no python3 here; install Python 3.11 or newer (Debian, Ubuntu: sudo apt-get install python3 python3-venv)"),
        (OLD, "Python 3.9.2 is too old; install Python 3.11 or newer, or name one that is here: make PYTHON=python3.12"),
        (WITHOUT_VENV, "Python 3.11.2 lacks venv; install it (Debian, Ubuntu: sudo apt-get install python3-venv)"),
        (FULL_DISK, "python3 could not make the virtual environment .venv, for the reason above"),
    ],
    ids=["no Python", "an old Python", "no venv", "a full disk"],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_sentence_and_a_second_try_works(
    tmp_path: Path, python: str | None, sentence: str
) -> None:
    first = made(tmp_path, python)
    assert first.returncode == 1
    assert first.stderr.splitlines()[-1] == f"kadoma-line: {sentence}; then run make again"
    assert len(first.stderr.splitlines()) == (2 if python == FULL_DISK else 1)
    assert made(tmp_path, GOOD).returncode == 0
    assert (tmp_path / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize(
    "left",
    ["nothing in it", "a Python that is gone", "a Python without pip", "an old Python", "another folder's programs"],
)
def test_an_environment_that_a_failed_try_left_behind_is_made_anew(tmp_path: Path, left: str) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (tmp_path / ".venv" / "left").touch()
    if left == "a Python that is gone":
        python.symlink_to("/nowhere/python3")
    elif left == "another folder's programs":
        python.write_text(f"#!/bin/sh\n{GOOD}\n", encoding="utf-8")
        python.chmod(0o755)
        (python.parent / "pip").write_text("#!/elsewhere/.venv/bin/python\n", encoding="utf-8")
    elif left != "nothing in it":
        python.write_text(f"#!/bin/sh\n{OLD}\n", encoding="utf-8")
        python.chmod(0o755)
    assert made(tmp_path, GOOD).returncode == 0
    assert not (tmp_path / ".venv" / "left").exists()


def test_an_environment_that_works_is_kept(tmp_path: Path) -> None:
    assert made(tmp_path, GOOD).returncode == 0
    (tmp_path / ".venv" / "kept").touch()
    assert made(tmp_path, OLD).returncode == 0, "no other Python is needed any more"
    assert (tmp_path / ".venv" / "kept").exists()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("C", "C.UTF-8"),
        ("", "C.UTF-8"),
        ("ja_JP.eucJP", "C.UTF-8"),
        ("ja_JP.UTF-8", "ja_JP.UTF-8"),
        ("C.utf8", "C.utf8"),
    ],
)
def test_a_folder_may_have_a_japanese_name_whatever_the_locale(given: str, taken: str) -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "--eval", "locale: ; @echo $${LC_ALL:-$$LANG}", "locale"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "LANG": given}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.strip() == taken


def test_packages_that_cannot_be_fetched_are_told_in_one_sentence_at_the_end(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *"pip install"*) echo no route >&2; exit 1;; *) exec "{sys.executable}" "$@";; esac\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "demo", f"VENV={tmp_path}/venv"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 2
    why, said, *_ = done.stderr.splitlines()
    assert why == "no route"
    assert said.startswith("kadoma-line: packages could not be installed, for the reason above")
    assert said.endswith("; then run make again")


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("nothing", "{venv}/bin/kadoma-line demo"),
        ("Debian was upgraded", ".ci/venv {venv}"),
        ("Python was removed", ".ci/venv {venv}"),
        ("the folder was moved", ".ci/venv {venv}"),
    ],
)
def test_what_was_set_up_once_is_set_up_again_where_it_can_no_longer_work(
    tmp_path: Path, since: str, first: str
) -> None:
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    version = "Python 3.13.5" if since == "Debian was upgraded" else "Python 3.11.2"
    if since != "Python was removed":
        python.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        python.chmod(0o755)
    folder = "/elsewhere" if since == "the folder was moved" else ROOT
    (venv / ".run").write_text(f"{folder} Python 3.11.2\n", encoding="utf-8")
    told = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "demo", f"VENV={venv}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    assert told.splitlines()[0].rstrip() == first.format(venv=venv)


def test_make_sets_up_that_way(tmp_path: Path) -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "demo", f"VENV={tmp_path}/venv", "PYTHON=python3.99"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.splitlines()[0] == f".ci/venv {tmp_path}/venv python3.99"


def test_make_debian_needs_no_environment_and_no_named_python() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "debian", "DEBIANS=trixie"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    assert told.strip() == "python3 -m tests.debian  trixie"


PLAIN, OPTIMISED = "--enable-shared", "--enable-shared --enable-optimizations"

SAYS_3_10 = "import sys; sys.version_info = (3, 10); exec(sys.argv[1])"
PYTHON_3_10 = f"""case "$*" in *version_info*) exec "{sys.executable}" -c '{SAYS_3_10}' "$2";; *) {GOOD};; esac"""


def built(prefix: str, options: str) -> str:
    """A python3 that lives below this folder and was built with these options of its `configure`."""
    says = f'import sys, sysconfig; sys.base_prefix = "{prefix}"; sysconfig.get_config_var = lambda _: "{options}"; exec(sys.argv[1])'
    return f"""case "$*" in *sysconfig*) exec "{sys.executable}" -c '{says}' "$2";; *) {GOOD};; esac"""


@pytest.mark.parametrize(
    ("python", "system", "used"),
    [
        (built("/opt", PLAIN), GOOD, "system"),
        (built("/opt", PLAIN), PYTHON_3_10, "python3"),
        (built("/opt", PLAIN), WITHOUT_VENV, "python3"),
        (built("/opt", PLAIN), None, "python3"),
        (built("/opt", OPTIMISED), GOOD, "python3"),
        (built("/usr", PLAIN), GOOD, "python3"),
    ],
    ids=["slow", "slow, system old", "slow, system without venv", "slow, no other", "fast", "the system's own"],
)  # fmt: skip
def test_a_python_that_was_built_without_optimisations_gives_way_to_the_systems(
    tmp_path: Path, python: str, system: str | None, used: str
) -> None:
    done = made(tmp_path, python, system)
    assert done.returncode == 0
    kept = {"python3": python, "system": system}[used]
    assert (tmp_path / ".venv/bin/python").read_text(encoding="utf-8") == f"#!/bin/sh\n{kept}\n"
    assert ("system is used; python3 was built without optimisations" in done.stderr) == (used == "system")


def test_a_python_that_is_named_is_used(tmp_path: Path) -> None:
    python = built("/opt", PLAIN)
    assert made(tmp_path, python, GOOD, named="python3").stderr == ""
    assert (tmp_path / ".venv/bin/python").read_text(encoding="utf-8") == f"#!/bin/sh\n{python}\n"
