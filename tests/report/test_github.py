"""What GitHub answers may be anything; whoever asks gets what was asked for, or a GitHubError with words."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from pipeline.report.github import GitHub, GitHubError
from tests.doubles.fault import Fault
from tests.doubles.github import GitHubServer

ASKED: dict[str, Callable[[GitHub], object]] = {
    "issues": lambda github: github.issues(["kadoma-line"]),
    "issue": lambda github: github.issue(1),
    "comment": lambda github: github.comment_of(1),
    "comments": lambda github: github.comments_since(1, datetime(2026, 11, 24, tzinfo=UTC)),
    "runs": lambda github: github.runs(),
    "run": lambda github: github.run("1"),
    "workflow": lambda github: github.workflow_state("sync.yml"),
    "approvers": lambda github: github.approvers("1"),
    "environment": lambda github: github.environment("pace"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[GitHubServer]:
    made = GitHubServer()
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("body", ["", "null", "[]", "[1]", "{}", '{"workflow_runs": {}}', '"words"', "<html>"])
@pytest.mark.parametrize("what", ASKED)
def test_an_answer_that_is_not_as_documented_ends_in_no_other_error(server: GitHubServer, what: str, body: str) -> None:
    server.recover()
    server.arm("/", Fault.raw(body, "application/json"), times=None)
    with contextlib.suppress(GitHubError):
        ASKED[what](GitHub(server.url, server.repository, "token"))
