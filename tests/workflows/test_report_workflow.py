"""report.yml, as the runner would run it: the month as an issue and a page, LINE's figures recorded once LINE has them."""

from datetime import timedelta

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import LineFault
from tests.workflows.runner import Runner


def send_one(runner: Runner) -> None:
    """A broadcast on Tuesday, the 24th of November, within the hours."""
    runner.town.now += timedelta(hours=2)
    runner.town.publish(ARTICLES[10], at=runner.town.now - timedelta(minutes=7))
    runner.town.run(code=0)


def events(runner: Runner, kind: str) -> list[dict[str, object]]:
    runner.town.git("pull", "--quiet", at=runner.town.state.parent)
    return [event for event in runner.town.events() if event["type"] == kind]


def test_the_month_comes_as_an_issue_and_its_figures_when_line_has_them(runner: Runner) -> None:
    send_one(runner)
    runner.town.now += timedelta(days=7)  # the 1st of December
    run = runner.run("report.yml")
    assert run.is_green
    (page,) = run.artifacts["month"]
    assert "2026年11月の月報" in page.read_text(encoding="utf-8")
    (title,) = runner.github.open_issues()
    assert title == "門真市公式LINE　2026年11月の月報"
    body = runner.github.open_issues()[title]["body"]
    assert "1回の配信で、1件をお知らせしました" in body
    assert "集計の途中の配信が1回" in body
    assert f"| {ARTICLES[10].department} | 1 |" in body
    assert [event["delivered"] for event in events(runner, "measured")] == [12_345]
    assert len(events(runner, "friends")) == 30
    runner.town.now += timedelta(days=15)
    assert runner.run("report.yml", "workflow_dispatch", inputs={"month": "2026-11"}).is_green
    assert len(events(runner, "measured")) == 2  # LINE counted on
    assert len(events(runner, "friends")) == 30  # what is known is not asked again
    assert "集計の途中" not in runner.github.open_issues()[title]["body"]
    runner.github.issues[0]["state"] = "closed"  # whoever has read it
    assert runner.run("report.yml", "workflow_dispatch", inputs={"month": " ２０２６年１１月 "}).is_green
    assert len(runner.github.issues) == 1
    assert runner.secrets_that_leaked() == []


def test_without_line_the_report_comes_all_the_same_and_says_what_is_missing(runner: Runner) -> None:
    send_one(runner)
    runner.town.now += timedelta(days=7)
    runner.town.line.fail(LineFault(kind="answer", status_code=500), times=None, path="/v2/bot/info")
    assert runner.run("report.yml", "workflow_dispatch", inputs={"month": "2026-11"}).is_green
    (issue,) = runner.github.open_issues().values()
    assert "まだ統計のない配信が1回" in issue["body"]
    assert events(runner, "measured") == []


def test_a_month_that_is_none_is_refused_by_name(runner: Runner) -> None:
    run = runner.run("report.yml", "workflow_dispatch", inputs={"month": "2026-13; echo x"})
    assert not run.is_green
    assert "--month" in run.log
    assert runner.github.issues == []
