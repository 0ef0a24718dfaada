"""The wall around LINE's secrets and the clock, as GitHub has them: what doctor looks at with the permissions of a job's token."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pipeline import pace
from pipeline.config import Config
from pipeline.report.github import Environment, GitHub

SECRETS, APPROVAL = "line", "line-approval"  # environments
WATCHDOG = "watchdog.yml"
WATCHED = timedelta(hours=26)  # it looks hourly by day; a day without a look is one too many

Looked = tuple[str, str, dict[str, Any]]  # check, result, values for its words


def wall(config: Config, github: GitHub, now: datetime) -> Iterator[Looked]:
    """Environments, clock and watchdog, in the order in which a person sets them up. Raises GitHubError."""
    branch = config.state.branch
    for name in (SECRETS, APPROVAL):
        found = github.environment(name)
        yield "wall", _guarded(found, branch, approval=name == APPROVAL), {"name": name, "branch": branch}
    yield _clock(config, github, now)
    yield _watchdog(github, now)


def _guarded(found: Environment | None, branch: str, approval: bool) -> str:
    if found is None:
        return "absent"
    if found.branches is None:
        return "open"
    if found.branches not in ((branch,), ("*",)):
        return "wide"
    if approval and not found.reviewers:
        return "alone"
    return "good"


def _clock(config: Config, github: GitHub, now: datetime) -> Looked:
    values: dict[str, Any] = {"workflow": pace.PACE}
    if not config.github.relay:
        return "pace", "other", values
    found, state = github.environment(pace.ENVIRONMENT), github.workflow_state(pace.PACE)
    values |= {"minutes": found.wait if found else 0, "state": state}
    if state != "active":
        return "pace", "off", values
    if found is None or found.wait == 0:
        return "pace", "timer", values
    if found.branches not in ((config.state.branch,), ("*",)):
        return "pace", "wide", values
    links = github.runs(pace.PACE)
    if not links:
        return "pace", "new", values
    return "pace", "stopped" if pace.is_broken(links, now) else "good", values


def _watchdog(github: GitHub, now: datetime) -> Looked:
    state = github.workflow_state(WATCHDOG)
    if state != "active":
        return "watchdog", "off", {"state": state}
    good = [run.updated for run in github.runs(WATCHDOG) if run.conclusion == "success"]
    if not good:
        return "watchdog", "never", {}
    hours = int((now - max(good)).total_seconds() // 3600)
    return "watchdog", "good" if now - max(good) < WATCHED else "late", {"hours": hours}
