"""What the contract promises of every command, through the real console script."""

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load
from pipeline.run import run
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from pipeline.world import World
from tests.doubles.fault import Fault
from tests.town import ROOT, SCRIPT, Town

NEWS = ARTICLES[20:23]


def held(town: Town) -> str:
    """A town with articles that wait; returns the id of one."""
    town.with_baseline()
    town.publish(*NEWS)
    document = town.run(code=0).json
    assert {row["decision"] for row in document["articles"]} == {"hold"}
    return str(document["articles"][0]["id"])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_python_m_pipeline_is_the_console_script(town: Town) -> None:
    command = [sys.executable, "-m", "pipeline", *town.command("run", "--json")[1:]]
    done = subprocess.run(
        command, env=town.process_environment(), capture_output=True, text=True, check=False, cwd=town.folder
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["exit"] == 0


def test_every_command_has_one_json_document_on_stdout_and_nothing_else_there(town: Town) -> None:
    article = held(town)
    url = f"{town.city.url}{NEWS[0].path}"
    commands = {
        "run": ["run"],
        "watch": ["watch", "--for", "1s", "--every", "1s"],
        "preview": ["preview", "--out", str(town.folder / "preview")],
        "status": ["status"],
        "explain": ["explain", url],
        "approve": ["approve", article, "--actor", "miryoku"],
        "reject": ["reject", article, "--actor", "miryoku"],
        "post": ["post", "--title", "題", "--text", "本文", "--actor", "miryoku"],
        "demo": ["demo"],
    }
    for name, command in commands.items():
        result = town.call(*command, "--json")
        assert result.code == 0, f"{name}: {result.out}{result.err}"
        document = result.json  # the whole of stdout is one document
        assert isinstance(document, dict), name
        assert document.get("exit", 0) == result.code, name
    missing = set(re.findall(r"^    ([a-z-]+)  ", town.call("--help").out, re.MULTILINE)) - set(commands)
    assert missing <= {"pace", "report", "resolve", "form", "reply", "doctor", "watchdog", "ledger", "simulate"}, (
        f"what of {missing}?"
    )  # tested on their own


def test_the_exit_code_is_in_the_document_also_when_a_run_fails_or_waits(town: Town) -> None:
    town.with_baseline()
    town.publish(NEWS[0], at=town.now - timedelta(days=9))
    assert town.run(code=3).json["exit"] == 3
    town.city.fail("/", Fault.drop())
    assert town.run(code=1).json["exit"] == 1


def test_a_command_that_is_refused_or_fails_says_so_in_the_one_document(town: Town) -> None:
    town.with_baseline()
    for command, code, ending in (
        (["approve"], "configuration", 2),
        (["never", "heard", "of"], "configuration", 2),
        (["run", "--now", "2026-11-24T09:00:00+09:00"], "configuration", 2),
        (["approve", "x", "--actor", "stranger"], "no-poster", 2),
        (["preview", "--out", str(town.config)], "file", 1),
        (["status"], "ledger", 1),
    ):
        if code == "ledger":
            ledger = next(town.state.glob("ledger-*.jsonl"))
            ledger.write_bytes(ledger.read_bytes().replace(b"{", b"rubbish", 1))
        result = town.call(*command, code=ending, json=True)
        assert result.json["error"]["code"] == code
        assert result.json["exit"] == ending
        assert result.err.endswith(f"kadoma-line: {result.json['error']['message']}\n")
        assert "Traceback" not in result.err
    assert "Traceback" in town.call("status", "--debug", code=1).err


READ_ONLY = Path("/sys")  # for root, too


@pytest.mark.parametrize(
    "command",
    [
        ["run"], ["run", "--dry-run"], ["status"], ["demo"], ["preview", "--out", f"{READ_ONLY}/preview"],
        ["post", "--title", "題", "--text", "本文", "--actor", "miryoku"], ["ledger", "verify"],
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(town: Town, command: list[str]) -> None:
    town.state = READ_ONLY / "state"
    town.folder, written = READ_ONLY, town.folder  # where it is started
    result = town.call(*command, json=True)
    town.folder = written
    assert "unexpected" not in result.out + result.err
    assert "Traceback" not in result.out + result.err
    assert result.code in (0, 1, 2)
    assert result.code == 0 or str(READ_ONLY) in result.out + result.err or ".demo" in result.err


def test_without_secrets_a_run_without_news_is_done(town: Town) -> None:
    town.environment = {}
    town.with_baseline()
    town.now += timedelta(hours=2)
    assert town.run(code=0).json["broadcasts"] == []


def test_without_secrets_news_is_kept_and_goes_out_when_they_are_there(town: Town) -> None:
    town.with_baseline()
    secrets, town.environment = town.environment, {}
    town.publish(*NEWS)
    town.now += timedelta(hours=2)
    first, second = town.run(code=2).json, town.run(code=2).json
    assert [alert["code"] for alert in first["alerts"]] == ["credentials"]
    assert second["alerts"] == [], "the condition lasts and was told"
    for refused in (first, second):
        assert {(row["decision"], row["reason"]) for row in refused["articles"]} == {("hold", "line-unavailable")}
    town.environment = secrets
    assert len(town.run(code=0).json["broadcasts"][0]["articles"]) == 3


def test_an_account_that_is_not_the_citys_is_refused_and_the_queue_kept(town: Town) -> None:
    town.with_baseline()
    town.publish(*NEWS)
    town.now += timedelta(hours=2)
    town.line.basic_id = "@another"
    refused = town.run(code=1)
    assert "@another" in refused.json["alerts"][0]["message"]
    assert town.line.accepted == []
    town.line.basic_id = "@kadoma_city"
    assert len(town.run(code=0).json["broadcasts"][0]["articles"]) == 3


def test_a_dry_run_writes_nothing_and_sends_nothing(git_town: Town) -> None:
    git_town.with_baseline()
    git_town.publish(*NEWS)
    git_town.now += timedelta(hours=2)
    before, commits = snapshot(git_town.folder), git_town.git("rev-parse", "main", at=git_town.remote)
    planned = git_town.run("--dry-run", code=0).json
    assert [broadcast["outcome"] for broadcast in planned["broadcasts"]] == ["planned"]
    assert snapshot(git_town.folder) == before
    assert git_town.git("rev-parse", "main", at=git_town.remote) == commits
    assert git_town.line.requests == []


def test_a_dry_run_needs_neither_secrets_nor_a_state_directory(town: Town) -> None:
    town.environment = {}
    town.publish(*NEWS)
    assert town.run("--dry-run", code=0).json["run"]["dry_run"] is True
    assert not town.state.exists()


def test_a_dry_run_makes_the_decisions_and_the_messages_of_the_real_run(town: Town) -> None:
    town.with_emergency_source()
    town.with_baseline()
    town.publish(*NEWS, ARTICLES[11])
    town.city.emergency(EMERGENCY, town.now)
    town.now += timedelta(hours=2)
    planned = run(load(town.config), town.state, World({}, lambda: town.now), dry_run=True)
    real = town.run(code=0).json

    def told(document: Any) -> Any:
        rows = [
            {key: row[key] for key in ("id", "decision", "reason", "policy", "until")} for row in document["articles"]
        ]
        broadcasts = [(broadcast["articles"], broadcast["messages"]) for broadcast in document["broadcasts"]]
        return sorted(rows, key=lambda row: str(row["id"])), broadcasts

    assert told(planned.document()) == told(real)
    assert [list(broadcast.messages) for broadcast in planned.broadcasts] == [
        list(broadcast.messages) for broadcast in town.line.accepted
    ]


def test_a_dry_run_can_be_asked_what_would_be_at_another_time(town: Town) -> None:
    held(town)
    at_night = town.run("--dry-run", "--now", "2026-11-24T23:00:00+09:00", code=0).json
    assert {(row["decision"], row["until"]) for row in at_night["articles"]} == {("hold", "2026-11-25T09:00:00+09:00")}
    by_day = town.run("--dry-run", "--now", "2026-11-24T10:00:00", code=0).json
    assert {row["decision"] for row in by_day["articles"]} == {"send"}
    assert town.line.requests == []


def test_status_and_explain_ask_nobody(town: Town) -> None:
    held(town)
    town.city.clear_requests()
    before = snapshot(town.state)
    for command in (["status"], ["explain", f"{town.city.url}{NEWS[0].path}"]):
        town.call(*command, code=0)
    assert town.city.requests == []
    assert town.line.requests == []
    assert snapshot(town.state) == before


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["status", "--help"], ["--version"]], ids=" ".join
)
def test_a_closed_pipe_is_no_traceback(town: Town, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        town.command(*arguments),
        env=town.process_environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert "BrokenPipeError" not in done.stderr
    assert done.returncode == 1


def test_a_broken_state_is_a_failure_with_a_next_step_and_debug_shows_the_traceback(town: Town) -> None:
    town.with_baseline()
    ledger = next(town.state.glob("ledger-*.jsonl"))
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([lines[0], b"{rubbish}\n", *lines[1:]]))
    result = town.run(code=1)
    assert ledger.name in result.json["alerts"][0]["message"]
    assert "Traceback" not in result.err


@pytest.mark.parametrize("arguments", [["--version"], ["run", "--version"]], ids=" ".join)
def test_the_version_is_told(arguments: list[str]) -> None:
    done = subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, check=True)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert done.stdout == f"kadoma-line {declared}\n"
