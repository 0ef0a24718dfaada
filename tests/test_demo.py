"""`kadoma-line demo` as a user runs it; what it claims is checked here against what it left behind."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import line_rules
from tests.town import CONFIG, SCRIPT, zygote

NEWS = [
    "日曜がん検診の追加日程を決めました",
    "弁天池公園の遊具が新しくなりました",
    "ふるさと納税に「門真れんこんチップス」が加わりました",
]
ALARM = "【警戒レベル4】避難指示を発令しました（古川流域）"


def command(*arguments: str, config: Path = CONFIG) -> list[str]:
    return [str(SCRIPT), "demo", "--config", str(config), *arguments]


def environment(folder: Path) -> dict[str, str]:
    """A machine on which nobody has told git a name, and no secret of LINE is known."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINE_", "GITHUB_", "GIT_"))}
    return {**kept, "HOME": str(folder), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def play(folder: Path, *arguments: str, config: Path = CONFIG, **more: str) -> "subprocess.CompletedProcess[str]":
    process = zygote().start(command(*arguments, config=config), environment(folder) | more, folder)
    code = process.wait()
    return subprocess.CompletedProcess(process.args, code, process.out, process.err)


def git(at: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def story(folder: Path) -> Any:
    """The JSON document of one demo; its preview, repository and ledger are in `folder`."""
    done = play(folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ledger(folder: Path, story: Any) -> list[dict[str, Any]]:
    """The events as the remote repository has them."""
    text = git(folder / ".demo" / "remote.git", "show", "main:state/ledger-2026.jsonl")
    return [json.loads(line) for line in text.splitlines()]


def test_the_story_came_true(story: Any) -> None:
    assert (story["came_true"], story["lies"], story["exit"]) == (True, [], 0)
    assert [step["name"] for step in story["steps"]] == ["baseline", "held", "opening", "emergency", "nothing"]


def test_exactly_these_broadcasts_reach_residents_at_these_simulated_times(story: Any) -> None:
    received = [(step["at"], [message["notification"] for message in step["received"]]) for step in story["steps"]]
    assert [(at, len(messages)) for at, messages in received] == [
        ("2026-11-24T08:30:00+09:00", 0),
        ("2026-11-24T08:40:00+09:00", 0),
        ("2026-11-24T09:00:00+09:00", 1),
        ("2026-11-25T01:10:00+09:00", 1),
        ("2026-11-25T01:15:00+09:00", 0),
    ]
    assert all(title in received[2][1][0] for title in NEWS)
    assert ALARM not in received[2][1][0]
    assert ALARM in received[3][1][0]


def test_the_decisions_stand_on_the_policy(story: Any) -> None:
    decided = [{(row["decision"], row["policy"]) for row in step["run"]["articles"]} for step in story["steps"]]
    assert decided == [{("baseline", "8(1)")}, {("hold", "7")}, {("send", "7")}, {("send", "7 proviso")}, set()]
    assert {row["until"] for row in story["steps"][1]["run"]["articles"]} == {"2026-11-24T09:00:00+09:00"}


def test_the_ledger_in_the_remote_has_each_broadcast_once(story: Any, ledger: list[dict[str, Any]]) -> None:
    outcomes = [
        (event["at"], event["request_id"])
        for event in ledger
        if event["type"] == "outcome" and event["outcome"] == "accepted"
    ]
    told = [(step["at"], broadcast["request_id"]) for step in story["steps"] for broadcast in step["run"]["broadcasts"]]
    assert outcomes == told
    assert len(told) == 2
    chosen = [article["article"] for event in ledger if event["type"] == "intent" for article in event["chosen"]]
    assert len(chosen) == len(set(chosen)) == 4


def test_every_step_is_in_the_remote_by_the_pipelines_own_author(folder: Path, story: Any) -> None:
    log = git(folder / ".demo" / "remote.git", "log", "--reverse", "--format=%an|%s", "main").splitlines()
    assert {line.partition("|")[0] for line in log} == {"kadoma-line"}
    news = [line.partition("|")[2].partition(" (")[0].partition(":")[0] for line in log]
    told = [one for one in news if one != "checked"]  # how the sources answered, without any news
    assert told == ["an empty ledger", "already there", "held", "about to send", "sent", "about to send", "sent"]
    assert [line.partition(" ")[2] for line in story["commits"]] == [line.partition("|")[2] for line in log]


def test_the_preview_shows_what_was_about_to_be_sent(folder: Path, story: Any) -> None:
    page = (folder / story["preview"]).read_text(encoding="utf-8")
    assert all(title in page for title in NEWS)
    assert ALARM not in page


def test_the_cards_show_their_pictures_and_keep_the_rules_of_line(folder: Path, story: Any) -> None:
    page = (folder / story["preview"]).read_text(encoding="utf-8")
    assert page.count('src="data:image/png') == len(NEWS)
    sent = (folder / ".demo/clone/state/broadcasts").iterdir()
    bodies = [file.read_bytes() for file in sent]
    assert [line_rules.check(json.loads(body)) for body in bodies] == [None, None]
    assert sum(body.count(b'"type": "image"') for body in bodies) == len(NEWS)


def test_without_openssl_the_same_story_is_told_without_pictures(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "git")
    done = play(tmp_path, "--json", PATH=str(programs))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "data:image" not in (tmp_path / json.loads(done.stdout)["preview"]).read_text(encoding="utf-8")


def test_without_a_terminal_the_story_is_plain_lines_made_anew(folder: Path, story: Any) -> None:
    done = play(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert done.stderr == ""
    for words in (
        *NEWS,
        ALARM,
        "第7条ただし書",
        "11月24日（火）9:00まで",
        ".demo/preview/",
        "broadcasts 2",
        "The story came true",
    ):
        assert words in done.stdout
    log = git(folder / ".demo" / "remote.git", "log", "--format=%s", "main").splitlines()
    assert len(log) == len(story["commits"]), "made anew, not continued"


def test_on_a_terminal_progress_is_visible(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "wb") as terminal:
        process = zygote().start(command(), environment(tmp_path), tmp_path, out=terminal, err=terminal)
    seen = b""
    while chunk := _read(master):
        seen += chunk
    os.close(master)
    assert process.wait() == 0, seen.decode()
    first = seen.index("… First run".encode())
    assert seen.index(b"\x1b[2K", first) < seen.index("はじめての実行".encode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says EIO when the other side is closed
        return b""


def test_a_story_that_does_not_come_true_is_a_failure_and_says_what_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "kadoma.toml"
    text = CONFIG.read_text(encoding="utf-8")
    config.write_text(text.replace("exclude_titles = []", 'exclude_titles = ["弁天池公園"]'), encoding="utf-8")
    done = play(tmp_path, "--json", config=config)
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit"], told["came_true"]) == (1, 1, False)
    assert told["lies"] == [
        "before the posting hours all three are held",
        "in the posting hours one broadcast has all three",
    ]


def test_the_story_follows_the_hours_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "kadoma.toml"
    text = CONFIG.read_text(encoding="utf-8")
    config.write_text(text.replace('open = "09:00"', 'open = "10:30"'), encoding="utf-8")
    done = play(tmp_path, "--json", config=config)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["steps"][2]["at"] == "2026-11-24T10:30:00+09:00"


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "precious.txt").write_text("mine", encoding="utf-8")
    done = play(tmp_path)
    assert done.returncode == 2
    assert ".demo: exists and was not made by the demo" in done.stderr
    assert (tmp_path / ".demo" / "precious.txt").read_text(encoding="utf-8") == "mine"
