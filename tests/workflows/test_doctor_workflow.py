"""doctor.yml: staff see in the browser, with the real secrets and without a terminal, whether everything is right."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.doubles.line import BROADCAST
from tests.workflows.runner import Runner


def test_a_healthy_city_is_green_and_the_page_says_so_check_by_check(runner: Runner) -> None:
    before = runner.commits()
    runner.github.add_run("watchdog.yml", runner.town.now)
    runner.github.add_run("pace.yml", runner.town.now, status="waiting", conclusion=None)
    run = runner.run("doctor.yml", "workflow_dispatch")
    assert run.is_green, run.log
    assert "## 点検の結果" in run.summary
    for title in (
        "設定",
        "投稿者",
        "シークレット",
        "記録",
        "git",
        "新着一覧",
        "LINEアカウント",
        "祝日",
        "通知",
        "環境",
        "時計",
        "見張り",
        "投稿時間",
    ):
        assert f"| 良好 | {title}" in run.summary
    assert runner.commits() == before
    assert [request for request in runner.town.line.requests if request.path == BROADCAST] == []
    assert runner.secrets_that_leaked() == []


def test_a_wrong_secret_is_red_and_told_in_japanese_with_what_to_do(runner: Runner) -> None:
    runner.secrets["LINE_CHANNEL_SECRET"] = "0" * 32
    run = runner.run("doctor.yml", "workflow_dispatch")
    assert not run.is_green
    [row] = [line for line in run.summary.splitlines() if line.startswith("| 異常 | LINEアカウント")]
    assert "LINEが認証情報を受け付けませんでした" in row
    assert "環境" in row or "Environments" in row
    assert "技術的な情報" in row
    assert "0" * 32 not in run.log + run.summary


WRONG: dict[str, tuple[Callable[[Runner], object], str, bool]] = {
    "no environment": (lambda runner: runner.github.environments.pop("line"), "環境 line がありません", False),
    "every branch": (lambda runner: runner.github.environments["line"].update(deployment_branch_policy=None), "環境 line を、どのブランチの処理からも使えます", False),
    "another branch": (lambda runner: runner.github.environments["line"]["branches"].append("dev*"), "環境 line を、main のほかのブランチ", False),
    "nobody approves": (lambda runner: runner.github.environments["line-approval"].update(protection_rules=[]), "「Required reviewers」がありません", True),
    "no timer": (lambda runner: runner.github.environments["pace"].update(protection_rules=[]), "環境 pace のWait timerがありません", False),
    "the clock is off": (lambda runner: runner.github.workflows.update({"pace.yml": "disabled_manually"}), "無効です（disabled_manually）", False),
    "the clock stands": (lambda runner: None, "止まっています", True),
    "the watchdog is off": (lambda runner: runner.github.workflows.update({"watchdog.yml": "disabled_inactivity"}), "誰にも知らせが届きません", False),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_hole_in_the_wall_and_a_clock_that_cannot_go_are_seen(runner: Runner, name: str) -> None:
    spoil, said, green = WRONG[name]
    runner.github.add_run("pace.yml", runner.town.now - timedelta(hours=1))
    spoil(runner)
    run = runner.run("doctor.yml", "workflow_dispatch")
    assert said in run.log
    assert run.is_green == green
