"""Alerts where the staff look: one GitHub issue for each kind, opened, rewritten when it changes, closed when it is over.

The ledger remembers what the issues tell (`Told`), so GitHub is asked only when that differs from what stands, and a
failure of GitHub is made good by the next run.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.config import Config
from pipeline.decision import Alert
from pipeline.ledger.events import Told
from pipeline.ledger.knowledge import Knowledge
from pipeline.report import render, safe, words
from pipeline.report.github import GitHub, GitHubError
from pipeline.report.status import place_of, posters

log = logging.getLogger("kadoma_line")

LABEL = "kadoma-line"  # on every issue of ours; `kadoma-line/<code>` tells the kinds apart
CONFIG, STATE = Path("kadoma.toml"), Path("state")  # on GitHub, commands are told as they are typed in a clone
# What a command begins with → the workflow with which staff do the same in the browser.
PAGES = {
    **dict.fromkeys(("kadoma-line approve", "kadoma-line reject", "kadoma-line resolve"), "post.yml"),
    "kadoma-line status": "sync.yml",
    "gh workflow": "sync.yml",
    "kadoma-line doctor": "doctor.yml",
}


def publish(
    config: Config, environment: Mapping[str, str], alerts: Sequence[Alert], knowledge: Knowledge, *, run: str, now: datetime
) -> list[Told]:  # fmt: skip
    """Make the issues tell what stands. Returns the events that remember it; what GitHub refused is not among them."""
    current = {alert.code: alert for alert in alerts}
    begun = [
        code for code, digest in knowledge.alerts.items() if knowledge.told.get(code) != digest and code in current
    ]
    ended = [code for code in knowledge.told if code not in knowledge.alerts]
    github = GitHub.of(config, environment)
    if github is None or not (begun or ended):
        return []
    told: list[Told] = []
    try:
        for code in begun:
            open_or_rewrite(
                github, config, environment, words.told(current[code], place_of(environment, CONFIG, STATE))
            )
            told.append(Told(at=now, run=run, code=code, digest=knowledge.alerts[code]))
        for code in ended:
            close(github, config, code)
            told.append(Told(at=now, run=run, code=code))
    except GitHubError as error:
        log.warning("%s; the next run tells it again", safe.line(error))
    return told


def cry(config: Config, environment: Mapping[str, str], alert: Alert) -> None:
    """Tell something that the ledger cannot remember, because the ledger is what failed. The watchdog closes it."""
    github = GitHub.of(config, environment)
    if github is None:
        return
    try:
        open_or_rewrite(github, config, environment, words.told(alert, place_of(environment, CONFIG, STATE)))
    except GitHubError as error:
        log.warning("%s", safe.line(error))


def printed(alert: Alert) -> str:
    """The same text for a machine without GitHub."""
    told = words.told(alert)
    return f"【{told.title}】{told}"


def open_or_rewrite(github: GitHub, config: Config, environment: Mapping[str, str], told: words.Notice) -> None:
    """Rewriting an issue is quiet on GitHub; when something joins what it concerns, a comment tells the people who watch.
    Raises GitHubError."""
    title, body = f"【{config.site.name} LINE】{told.title}", text_of(config, environment, told)
    labels = labels_of(config, told.code)
    there = github.open_issues(labels)
    if not there:
        github.open_issue(title, body, labels)
    elif there[0].body != body:
        github.rewrite_issue(there[0].number, title, body)
        if joined := [thing for thing in told.things if safe.markdown(thing) not in there[0].body]:
            github.comment(there[0].number, render.markdown("joined", things=joined))


def close(github: GitHub, config: Config, code: str) -> None:
    """Raises GitHubError."""
    for issue in github.open_issues(labels_of(config, code)):
        github.close_issue(issue.number, words.sentence("over"))


def labels_of(config: Config, code: str) -> list[str]:
    """The account keeps cities apart that share a repository."""
    return [LABEL, f"{LABEL}/{code}", config.line.account]


def text_of(config: Config, environment: Mapping[str, str], told: words.Notice) -> str:
    """The issue's Markdown, in which nothing from outside is more than text."""
    place = place_of(environment, CONFIG, STATE)
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    run = environment.get("GITHUB_RUN_ID", "")
    return render.markdown(
        "issue",
        told=told,
        pages=pages_for(told.commands) if place.form else [],
        people=posters(config),
        actions=place.form.rpartition("/")[0],
        site=config.site.name,
        account=config.line.account,
        person=config.policy.responsible.person,
        record=f"{server}/{repository}/actions/runs/{run}" if place.form and run else "",
    )


def pages_for(commands: Sequence[str]) -> list[str]:
    """The workflows that do on GitHub what the commands do; what decides something first."""
    wanted = {page for command in commands for begin, page in PAGES.items() if command.startswith(begin)}
    return [page for page in dict.fromkeys(PAGES.values()) if page in wanted]
