"""`make debian` installs what README tells people to install; it is run before a release, not here."""

import os

import pytest

from tests.debian import NUMBERS, main, of_ci, of_readme
from tests.town import ROOT


def test_no_other_packages_are_installed_there_than_readme_and_ci_name() -> None:
    assert of_readme() == ["python3", "python3-venv", "git", "make"]
    assert of_ci() == ["chromium", "fonts-noto-cjk", "fonts-noto-color-emoji", "fontconfig", "libatomic1"]


def test_it_tries_the_debians_that_readme_promises() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Debian {' and '.join(NUMBERS.values())}: `sudo apt-get install" in readme
    assert f"DEBIANS ?= {' '.join(NUMBERS)}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_who_is_not_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="needs root: sudo make debian"):
        main([])
