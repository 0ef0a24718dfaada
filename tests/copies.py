"""Copies of repositories, of which the tests make thousands."""

import os
import shutil
from pathlib import Path


def copy_tree(origin: Path, folder: Path) -> None:
    """Files, folders and links; no pipes. What git keeps as objects is linked: it never changes what is in one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _copy(str(origin), str(folder), False)


def _copy(origin: str, folder: str, is_linked: bool) -> None:
    os.mkdir(folder)  # noqa: PTH102 - paths as text, which takes half as long
    with os.scandir(origin) as entries:
        for entry in entries:
            to = f"{folder}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), to)  # noqa: PTH115, PTH211
            elif entry.is_dir():
                _copy(entry.path, to, is_linked or entry.name == "objects")
            elif entry.is_file():
                (_link if is_linked else shutil.copy)(entry.path, to)


def _link(origin: str, to: str) -> None:
    try:
        os.link(origin, to)
    except OSError:  # another file system, or one without links
        shutil.copy(origin, to)
