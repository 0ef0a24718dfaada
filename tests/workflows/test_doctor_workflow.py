"""doctor.yml: staff see in the browser, with the real secrets and without a terminal, whether everything is right."""

from tests.doubles.line import BROADCAST
from tests.workflows.runner import Runner


def test_a_healthy_city_is_green_and_the_page_says_so_check_by_check(runner: Runner) -> None:
    before = runner.commits()
    run = runner.run("doctor.yml", "workflow_dispatch")
    assert run.is_green, run.log
    assert "## 点検の結果" in run.summary
    for title in ("設定", "投稿者", "シークレット", "記録", "git", "新着一覧", "LINEアカウント", "祝日", "通知"):
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
