"""On a host of one's own: the commands of docs/hosting.md are run as they stand there, and alerts go to stderr once."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import CHANNEL_ID, CHANNEL_SECRET
from tests.town import ROOT, Town

TEXT = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
HOST = TEXT.partition("## GitHub Actions with a clock outside")[0]
INSTALL = re.findall(r"```sh\n(.*?)```", HOST, re.DOTALL)[0]
CRON = re.findall(r"(?m)^\*/10 \* \* \* \*  (.+)$", HOST)[0]
UNIT = dict(re.findall(r"(?m)^(\w+)=(.+)$", HOST))

# What needs root, the network or half a minute, as programs that stand before the real ones. ssh hands over to git on this machine, if
# the key that the text made is there; the venv sees what is installed here, so that pip finds everything at hand, with real pip.
PROGRAMS = {
    "sudo": 'while [ "${1#-}" != "$1" ]; do case $1 in -u) shift 2;; -iu) exit 0;; esac; done; exec "$@"',
    "useradd": 'echo "$@" >"$HERE/useradd"',
    "install": 'for last; do :; done; mkdir -p "$last"',
    "ssh-keygen": 'while [ "$1" != -f ]; do shift; done; touch "$2" "$2.pub"',
    "ssh": 'test -e "$HERE/srv/kadoma-line-home/.ssh/id_ed25519" && for last; do :; done && set -- $last && exec git "${1#git-}" "$HERE/remote.git"',
    "python3": f'"{sys.executable}" "$@" --without-pip && for site in "$3"/lib/python3.*/site-packages; do echo "{sysconfig.get_path("purelib")}" >"$site/here.pth"; done',
}  # fmt: skip


@pytest.fixture
def host(git_town: Town) -> Town:
    """A machine on which the first block of commands was carried out; the remote holds the repository of a city that is ready."""
    town = git_town
    town.with_baseline()
    clone = town.clone("repository")
    files = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            "pipeline",
            "templates",
            "*.lock",
            "pyproject.toml",
            "README.md",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in files.stdout.decode().rstrip("\0").split("\0"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes((ROOT / name).read_bytes())
    (clone / "kadoma.toml").write_bytes(town.config.read_bytes())
    push(town, clone)
    programs = town.folder / "programs"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    (town.folder / "srv").mkdir()
    (town.folder / "etc").mkdir()
    done = shell(town, INSTALL)
    assert "シークレット" in done.stdout, done.stderr
    (town.folder / "etc" / "kadoma-line.env").write_text(
        f"LINE_CHANNEL_ID={CHANNEL_ID}\nLINE_CHANNEL_SECRET={CHANNEL_SECRET}\n", encoding="utf-8"
    )
    town.environment.clear()
    return town


def push(town: Town, clone: Path) -> None:
    town.git("add", "--force", ".", at=clone)
    town.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "a person's", at=clone)
    town.git("push", "--quiet", at=clone)


def shell(town: Town, text: str) -> "subprocess.CompletedProcess[str]":
    """The text as it stands, with / in the test's folder."""
    environment = town.process_environment(
        {"HERE": str(town.folder), "HOME": str(town.folder / "srv" / "kadoma-line-home")}
    )
    environment["PATH"] = f"{town.folder / 'programs'}:{os.environ['PATH']}"
    there = re.sub(r"(?<![\w.])/(srv|etc)/", rf"{town.folder}/\1/", text)
    return subprocess.run(
        ["bash", "-e", "-c", there], cwd=town.folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_commands_of_the_page_make_a_host_that_sends_and_follows_the_remote(host: Town) -> None:
    assert (host.folder / "useradd").read_text().split()[-1] == UNIT["User"]
    host.publish(ARTICLES[20])
    host.now = host.now.replace(hour=10)
    done = shell(host, CRON)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(host.line.accepted) == 1
    assert "sent: 1" in host.git("log", "-3", "--format=%s", "main", at=host.remote)
    watch = UNIT["ExecStart"].replace("--for 55m", "--for 0m")
    assert watch != UNIT["ExecStart"]
    done = shell(host, f"set -a; . {UNIT['EnvironmentFile']}; cd {UNIT['WorkingDirectory']}; {watch}")
    assert (done.returncode, done.stderr) == (0, "")
    clone = host.clone("person")  # an update of the words, which the host takes over by itself
    words = clone / "templates" / "reasons" / "ja.toml"
    words.write_text(
        words.read_text(encoding="utf-8").replace('title = "確認待ち"', 'title = "お返事待ち"'), encoding="utf-8"
    )
    push(host, clone)
    assert shell(host, CRON).stderr == ""
    host.publish(ARTICLES[21], at=host.now.replace(month=9))
    assert "【お返事待ち】" in shell(host, CRON).stderr
    assert shell(host, CRON).stderr == "", "once, when it begins"


def test_the_unit_is_about_what_the_commands_installed() -> None:
    command = shlex.split(UNIT["ExecStart"])
    assert command[0] == f"{UNIT['WorkingDirectory']}/.venv/bin/kadoma-line"
    assert f"git clone git@github.com:OWNER/kadoma-line.git {UNIT['WorkingDirectory']} " in INSTALL
    assert UNIT["ReadWritePaths"] == UNIT["WorkingDirectory"]
    assert f". {UNIT['EnvironmentFile']} &&" in CRON
    assert UNIT["SuccessExitStatus"] == "3"


def _gone(town: Town) -> None:
    town.remote.rename(town.folder / "elsewhere.git")


def _back(town: Town) -> None:
    (town.folder / "elsewhere.git").rename(town.remote)


TROUBLES = {
    "the remote is gone": (_gone, _back),
    "the clone belongs to somebody else": (
        lambda town: town.environment.update(GIT_TEST_ASSUME_DIFFERENT_OWNER="1"),
        lambda town: town.environment.pop("GIT_TEST_ASSUME_DIFFERENT_OWNER"),
    ),
    "nothing can be written": (
        lambda town: (town.state.parent / ".git" / "kadoma-line.lock").rename(town.folder / "lock") and (town.state.parent / ".git" / "kadoma-line.lock").mkdir(),
        lambda town: (town.state.parent / ".git" / "kadoma-line.lock").rmdir(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_ledger_that_cannot_be_used_is_told_on_stderr_once_until_it_works_again(git_town: Town, trouble: str) -> None:
    begin, end = TROUBLES[trouble]
    git_town.with_baseline()
    begin(git_town)
    first, second = git_town.call("run"), git_town.call("run")
    assert (first.code, second.code) in ((1, 1), (2, 2))
    assert first.err.count("【記録を読み書きできません】") == 1
    assert f"kadoma-line ledger verify --config {git_town.config}" in first.err
    assert second.err == ""
    assert "記録を読み書きできません" in second.out, "the log has it at each run"
    end(git_town)
    assert git_town.call("run", code=0).err == ""
    begin(git_town)
    assert "【記録を読み書きできません】" in git_town.call("run").err, "it begins anew"


def test_where_nothing_can_be_remembered_it_is_told_each_time_and_nobody_else_can_silence_it(
    git_town: Town, tmp_path: Path
) -> None:
    git_town.with_baseline()
    _gone(git_town)
    git_town.environment["TMPDIR"] = "/proc/nowhere"  # a full or read-only disk
    assert all("【記録を読み書きできません】" in git_town.call("run").err for _ in range(2))
    memory, git_town.environment["TMPDIR"] = tmp_path / "memory", str(tmp_path / "memory")
    memory.mkdir()
    assert "【記録を読み書きできません】" in git_town.call("run").err
    (file,) = memory.iterdir()
    file.rename(tmp_path / "moved")
    file.symlink_to(tmp_path / "moved")  # somebody else's
    assert "【記録を読み書きできません】" in git_town.call("run").err
    assert not file.is_symlink()
    assert git_town.call("run").err == ""
