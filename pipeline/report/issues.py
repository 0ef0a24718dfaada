"""Where the staff look: GitHub issues, opened, rewritten when they change, closed when they are over.

Each thing that waits for a person has an issue of its own, which a reply decides; many at once, and every other
condition, have one issue for the kind. The ledger remembers what the issues tell (`Told`), so GitHub is asked only when
that differs from what stands, and a failure of GitHub is made good by the next run.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from pipeline.config import Config
from pipeline.decision import Alert
from pipeline.ledger.events import Told
from pipeline.ledger.knowledge import Knowledge
from pipeline.report import cried, render, safe, words
from pipeline.report.alerts import changed, digest_of
from pipeline.report.github import GitHub, Issue, tolerated
from pipeline.report.matter import Show, matter_of, page_of, under
from pipeline.report.place import Place
from pipeline.report.residents import Shown
from pipeline.report.status import posters, status_of

log = logging.getLogger("kadoma_line")

LABEL = "kadoma-line"  # on every issue of ours; `kadoma-line/<code>` tells the kinds apart
BY_REPLY = ("waiting", "emergency-words", "unknown-broadcast")  # kinds whose things have an issue each
# Kinds whose list a reply decides, and what may be replied.
ANSWERS = {
    **dict.fromkeys(("waiting", "burst", "gap", "untrusted-source"), ("some", "all-reject", "all-approve")),
    "emergency-words": ("some-at-once", "all-reject"),
    "unknown-broadcast": ("delivered", "not-delivered"),
}
EACH = 10  # things of one kind with an issue each; more of them have one list
KEY = re.compile(r"(?m)^<!-- kadoma-line: (\S+) -->$")  # nothing from outside can make a line of a body
# What a command begins with → the workflow with which staff do the same in the browser.
PAGES = {
    **dict.fromkeys(("kadoma-line approve", "kadoma-line reject", "kadoma-line resolve"), "post.yml"),
    "kadoma-line status": "sync.yml",
    "gh workflow": "sync.yml",
    "kadoma-line doctor": "doctor.yml",
}


class Topic(Struct, frozen=True):
    """What one issue is about: `thing` is the id of an article or broadcast, "" for a whole kind."""

    alert: Alert
    thing: str = ""

    @property
    def key(self) -> str:
        return f"{self.alert.code}/{self.thing}" if self.thing else self.alert.code


def topics(alerts: Iterable[Alert]) -> dict[str, Topic]:
    """The issues that these conditions need, by key."""
    found: list[Topic] = []
    for alert in alerts:
        things = alert.about.split() if alert.code in BY_REPLY else []
        each = 0 < len(things) <= EACH
        found += [Topic(alert, thing) for thing in things] if each else [Topic(alert)]
    return {topic.key: topic for topic in found}


def publish(
    github: GitHub, config: Config, alerts: Sequence[Alert], knowledge: Knowledge, show: Show, *,
    place: Place, run: str, now: datetime,
) -> list[Told]:  # fmt: skip
    """Make the issues tell what stands. Returns the events that remember it; what GitHub refused is not among them.

    Args:
        alerts: everything that stands.
        show: the messages that residents would get, or got, of an article or a broadcast.
        place: where people write the commands that the issues name.
    """
    current = topics(alerts)
    digests = {key: _digest(topic, knowledge) for key, topic in current.items()}
    begun, ended = changed(knowledge.told, digests)
    if not (begun or ended):
        return []
    told: list[Told] = []
    standing = status_of(config, knowledge, now, place)
    with tolerated("the next run tells it again"):
        there = ours(github, config)
        for key in begun:
            topic = current[key]
            shown = show(topic.thing) if topic.thing else Shown()
            if matter := matter_of(topic.alert.code, topic.thing, standing, shown):
                if general := there.pop(topic.alert.code, None):  # the watchdog's, or of a list that has become short
                    github.close_issue(general.number, words.sentence("over"))
                page = page_of(config, place, matter, key)
                if before := github.write_issue(there.get(key), *page, labels_of(config, matter.code)):
                    github.comment(before.number, render.markdown("joined", things=[matter.why], changed=True))
            elif not topic.thing:
                open_or_rewrite(github, config, place, words.told(topic.alert, place), there.get(key))
            told.append(Told(at=now, run=run, code=key, digest=digests[key]))
        for key in ended:
            if issue := there.get(key):
                github.close_issue(issue.number, words.sentence("over"))
            told.append(Told(at=now, run=run, code=key))
    return told


def cry(config: Config, environment: Mapping[str, str], alert: Alert, state: Path, place: Place) -> None:
    """Tell something that the ledger cannot remember, because the ledger is what failed: by an issue, which the watchdog closes,
    or on stderr when it begins."""
    github = GitHub.of(config, environment)
    if github is None:
        if cried.is_new(state, alert.code):
            log.warning("%s", words.told(alert, place).printed())
        return
    with tolerated():
        open_or_rewrite(github, config, place, words.told(alert, place), ours(github, config).get(alert.code))


def ours(github: GitHub, config: Config) -> dict[str, Issue]:
    """The open issues of this account, by key. Raises GitHubError."""
    return {key: issue for issue in github.issues([LABEL, config.line.account]) if (key := key_of(issue))}


def key_of(issue: Issue) -> str:
    """What an issue of ours is about; "" for one that is not ours."""
    if marked := KEY.search(issue.body):
        return marked[1]
    return next((label.partition("/")[2] for label in issue.labels if label.startswith(f"{LABEL}/")), "")


def open_or_rewrite(github: GitHub, config: Config, place: Place, told: words.Notice, there: Issue | None) -> None:
    """Rewriting an issue is quiet on GitHub; when something joins what it concerns, a comment tells the people who watch.
    Raises GitHubError."""
    title, body = f"【{config.site.name} LINE】{told.title}", text_of(config, place, told)
    before = github.write_issue(there, title, body, labels_of(config, told.code))
    if before and (joined := [thing for thing in told.things if safe.linked(thing) not in before.body]):
        github.comment(before.number, render.markdown("joined", things=joined, changed=False))


def labels_of(config: Config, code: str) -> list[str]:
    """The account keeps cities apart that share a repository."""
    return [LABEL, f"{LABEL}/{code}", config.line.account]


def text_of(config: Config, place: Place, told: words.Notice) -> str:
    """The issue's Markdown, in which nothing from outside is more than text."""
    return render.markdown(
        "issue",
        told=told,
        key=told.code,
        pages=pages_for(told.commands) if place.form else [],
        commands=() if place.by_reply else told.commands,
        by_reply=ANSWERS.get(told.code, ()) if told.things and place.by_reply else (),
        people=posters(config),
        **under(config, place),
    )


def pages_for(commands: Sequence[str]) -> list[str]:
    """The workflows that do on GitHub what the commands do; what decides something first."""
    wanted = {page for command in commands for begin, page in PAGES.items() if command.startswith(begin)}
    return [page for page in dict.fromkeys(PAGES.values()) if page in wanted]


def _digest(topic: Topic, knowledge: Knowledge) -> str:
    """Changes when there is something else to decide."""
    known = knowledge.articles.get(topic.thing)
    about = f"{topic.thing} {known.reason} {known.found.isoformat()}" if known else topic.alert.about
    return digest_of(about)
