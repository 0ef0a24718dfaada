"""The board, through the main job's workflow: one issue that always tells what stands, written only when something changed."""

from datetime import timedelta

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.workflows.runner import Runner
from tests.workflows.test_reply_workflow import answer

ON = ("board = false", "board = true ")
TITLE = "門真市公式LINE　いまの状態"


def body(runner: Runner) -> str:
    return str(runner.github.open_issues()[TITLE]["body"])


@pytest.fixture
def board(runner: Runner) -> Runner:
    """A city that wants the board."""
    runner.town.with_emergency_source(ON)
    runner.commit_configuration()
    return runner


def look(runner: Runner) -> None:
    runner.town.now += timedelta(minutes=5)
    assert runner.run("sync.yml", "workflow_dispatch", {"dry-run": False}).is_green


def test_the_board_tells_what_waits_what_was_sent_and_how_the_lists_are(board: Runner) -> None:
    runner = board
    runner.town.now += timedelta(hours=2)
    old, fresh = ARTICLES[12], ARTICLES[10]
    runner.town.publish(fresh, at=runner.town.now)
    runner.town.publish(old, at=runner.town.now - timedelta(days=9))
    look(runner)
    told = body(runner)
    assert "確認待ち　1件" in told
    assert "この30日に送ったもの　1回" in told
    assert fresh.title[:8] in told
    assert "この記事を読む" in told or "くわしく" in told  # what residents saw, card by card
    assert "正常" in told
    written = [issue["title"] for issue in runner.github.issues].count(TITLE)
    assert written == 1
    before = len(runner.github.comments)
    for actor, said in (("stranger", "承認"), ("kiki", "了解です"), ("kiki", "承認")):
        answer(runner, runner.github.open_issues()[TITLE], said, actor)
    assert [words for _, words in runner.github.comments[before:] if "返信で決めるものがありません" in words] == [
        words for _, words in runner.github.comments[before:]
    ]
    assert len(runner.github.comments) == before + 1  # who may decide is told that it is not here
    rewritten = len([request for request in runner.github.requests if request.method == "PATCH"])
    look(runner)  # nothing new: nobody is asked to write
    assert len([request for request in runner.github.requests if request.method == "PATCH"]) == rewritten


def test_the_board_is_closed_by_hand_and_comes_back_with_the_next_news(board: Runner) -> None:
    runner = board
    runner.town.now += timedelta(hours=2)
    runner.town.publish(ARTICLES[10], at=runner.town.now)
    look(runner)
    for issue in runner.github.issues:
        issue["state"] = "closed"
    runner.town.publish(ARTICLES[12], at=runner.town.now)
    look(runner)
    assert TITLE in runner.github.open_issues()
