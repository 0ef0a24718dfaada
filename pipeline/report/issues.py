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
from pipeline.report import safe, words
from pipeline.report.github import GitHub, GitHubError
from pipeline.report.status import place_of
from pipeline.templates import environment as templates

log = logging.getLogger("kadoma_line")

LABEL = "kadoma-line"  # on every issue of ours; `kadoma-line/<code>` tells the kinds apart
CONFIG, STATE = Path("kadoma.toml"), Path("state")  # on GitHub, commands are told as they are typed in a clone
OVER = "原因がなくなったため、自動で閉じました。"


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


def open_or_rewrite(github: GitHub, config: Config, environment: Mapping[str, str], told: words.Told) -> None:
    """Raises GitHubError."""
    title, body = f"【{config.site.name} LINE】{told.title}", text_of(config, environment, told)
    labels = labels_of(config, told.code)
    there = github.open_issues(labels)
    if not there:
        github.open_issue(title, body, labels)
    elif there[0].body != body:
        github.rewrite_issue(there[0].number, title, body)


def close(github: GitHub, config: Config, code: str) -> None:
    """Raises GitHubError."""
    for issue in github.open_issues(labels_of(config, code)):
        github.close_issue(issue.number, OVER)


def labels_of(config: Config, code: str) -> list[str]:
    """The account keeps cities apart that share a repository."""
    return [LABEL, f"{LABEL}/{code}", config.line.account]


def text_of(config: Config, environment: Mapping[str, str], told: words.Told) -> str:
    """The issue's Markdown, in which nothing from outside is more than text."""
    place = place_of(environment, CONFIG, STATE)
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    run = environment.get("GITHUB_RUN_ID", "")
    return (
        templates("text")
        .get_template("report/issue.md.j2")
        .render(
            what=told.what,
            means=told.means,
            do=told.do,
            commands=[safe.code(command) for command in told.commands],
            form=place.form if told.commands else "",
            detail=safe.markdown(told.detail) if told.detail else "",
            site=safe.markdown(config.site.name),
            account=safe.code(config.line.account),
            person=safe.markdown(config.policy.responsible.person),
            record=f"{server}/{repository}/actions/runs/{run}" if server and run else "",
        )
    )
