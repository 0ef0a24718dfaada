"""Looks after the main job and the clock from outside: from the ledger and GitHub's record of the runs. Writes no state; starts
the clock again where it stopped."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from pipeline import pace, templates
from pipeline.config import JST, Config, clock_time, duration
from pipeline.decision import Alert
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.ledger.store import LedgerError
from pipeline.ledger.verify import intact
from pipeline.policy.hours import HOLIDAYS_A_YEAR, holidays_of, is_open_day, next_opening
from pipeline.report import issues, words
from pipeline.report.alerts import one_of_each, unknown
from pipeline.report.github import BOT, GitHub, GitHubError, Run
from pipeline.report.place import Place
from pipeline.report.safe import line
from pipeline.world import World

PATIENCE = timedelta(days=1)  # of an article in the queue, from the posting hours in which it could have gone out
TICKS = 3  # of a clock outside, missed in a row, and half an hour besides: it has stopped
UNKNOWN, LEDGER, UNEXPECTED = "unknown-broadcast", "ledger", "unexpected"  # the main job's alerts that also matter here


class WatchdogWords(Struct, frozen=True, forbid_unknown_fields=True):
    alerts: Mapping[str, words.AlertText]
    quiet: Mapping[str, str]


class Seen(Struct, frozen=True):
    """What stands: in words, and by code; `quiet` is told when nothing does."""

    told: tuple[words.Notice, ...]
    quiet: str
    knowledge: Knowledge
    last_was_good: bool


def catalogue() -> WatchdogWords:
    return templates.words("reasons/watchdog.toml", WatchdogWords)


def look(config: Config, state: Path, world: World, place: Place) -> Seen:
    """Everything that is wrong now; `place`: where people write the commands that they are told. Raises GitHubError."""
    now, environment = world.now(), world.environment
    github = GitHub.of(config, environment)
    found: list[Alert] = []
    last_was_good = False
    if github is not None:
        runs = [run for run in github.runs(config.github.workflow) if not run.is_dry]
        ended = [run for run in runs if run.status == "completed" and run.conclusion != "cancelled"]
        last_was_good = bool(ended) and ended[0].conclusion == "success"
        found += _about_runs(config, runs, now)
        found += _about_the_workflows(config, github, environment)
        found += _about_the_clock(config, github, world)
    try:
        knowledge = intact(state)
    except LedgerError as error:
        own = _told(found, place)
        return Seen((*own, words.told(Alert(LEDGER, str(error)), place)), "", Knowledge(), last_was_good=False)
    found += _about_the_queue(config, knowledge, now)
    if holidays_of(now.year + 1) < HOLIDAYS_A_YEAR:
        found.append(Alert("holidays-old", catalogue().quiet["year"].format(year=now.year + 1)))
    alerts = one_of_each([unknown(one, knowledge) for one in knowledge.unsettled()])
    unsettled = [words.told(alert, place) for alert in alerts]
    return Seen((*_told(found, place), *unsettled), catalogue().quiet["watchdog"], knowledge, last_was_good)


def tell_people(config: Config, environment: Mapping[str, str], seen: Seen, place: Place) -> None:
    """Open, rewrite and close the issues; also those that the main job could not close itself. Raises GitHubError."""
    github = GitHub.of(config, environment)
    if github is None:
        return
    standing = {told.code for told in seen.told}
    there = issues.ours(github, config)
    known = {key.partition("/")[0] for key in seen.knowledge.told}
    for told in seen.told:
        if told.code != UNKNOWN or UNKNOWN not in known:  # the main job has told it already
            issues.open_or_rewrite(github, config, place, told, there.get(told.code))
    for key, issue in there.items():
        if key.partition("/")[0] not in standing and _is_over(key, seen):
            github.close_issue(issue.number, words.sentence("over"))


def _is_over(key: str, seen: Seen) -> bool:
    code = key.partition("/")[0]
    if code in seen.knowledge.alerts:
        return False
    if code in catalogue().alerts or code == UNKNOWN:
        return True
    if code in (LEDGER, UNEXPECTED):  # no ledger remembers it: a run succeeded since
        return seen.last_was_good
    return key not in seen.knowledge.told


def _about_runs(config: Config, runs: list[Run], now: datetime) -> Iterator[Alert]:
    good = [run.updated for run in runs if run.conclusion == "success"]
    alive = any(run.status == "in_progress" and now - run.at < pace.WATCHES for run in runs)
    last = max(good, default=None)
    said = catalogue().quiet
    since = said["last"].format(at=words.instant(last)) if last else said["never"]
    if alive:
        return
    opening = datetime.combine(now.astimezone(JST).date(), clock_time(config.policy.hours.open), JST)
    open_today = is_open_day(opening.date(), config.policy.hours)
    if open_today and now >= opening + duration(config.github.grace) and (last is None or last < opening):
        yield Alert("no-run-today", since)
    if last is None or now - last > duration(config.github.silent_after):
        yield Alert("silent", since)


def _about_the_workflows(config: Config, github: GitHub, environment: Mapping[str, str]) -> Iterator[Alert]:
    for code, workflow in (("schedule-off", config.github.workflow), ("clock-off", pace.PACE)):
        state = github.workflow_state(workflow)
        if state not in ("active", "absent"):
            yield Alert(code, catalogue().quiet["state"].format(state=state))
    branch = environment.get("GITHUB_REF_NAME", config.state.branch)
    if branch != config.state.branch:
        yield Alert("branch", catalogue().quiet["branch"].format(now=branch, configured=config.state.branch))


def _about_the_clock(config: Config, github: GitHub, world: World) -> Iterator[Alert]:
    """The relay is started again where it broke; it is told when it was broken for long, or cannot start."""
    now, said = world.now(), catalogue().quiet
    links = github.runs(pace.PACE)
    last = max((link.updated for link in links), default=None)
    since = said["tick"].format(at=words.instant(last)) if last else ""
    try:
        chain = pace.restart(config, world, github)
    except GitHubError as error:
        if github.workflow_state(pace.PACE) == "active":  # else it is told that it is off
            yield Alert("clock-stopped", f"{since}{error}")
        return
    if chain == "no-timer":
        yield Alert("clock-unset")
    if chain == "started" and last is not None and now - last > pace.LIVES:
        yield Alert("clock-stopped", since)
    if config.github.outside:
        ticks = [link.at for link in github.runs(pace.PACE, event="workflow_dispatch") if link.actor != BOT]
        patience = TICKS * duration(config.github.outside) + pace.LIVES
        if not ticks or now - max(ticks) > patience:
            yield Alert("outside-stopped", said["tick"].format(at=words.instant(max(ticks))) if ticks else "")


def _about_the_queue(config: Config, knowledge: Knowledge, now: datetime) -> list[Alert]:
    if config.paused:
        return []
    rows = [
        catalogue().quiet["waiting"].format(
            id=article.id, title=article.title[:60], at=words.instant(article.found), why=words.reason(article.reason).label
        )
        for article in knowledge.queue()
        if _is_late(article, config, now)
    ]  # fmt: skip
    return [Alert("queue-stuck", things=tuple(rows))] if rows else []


def _is_late(article: Known, config: Config, now: datetime) -> bool:
    """A weekend is no delay: the day counts from the posting hours in which it could have gone out."""
    begun = next_opening(article.requeued or article.found, config.policy.hours)
    promised = article.until is not None and article.until > now
    return begun is not None and now - begun > PATIENCE and not promised


def _told(found: Sequence[Alert], place: Place) -> list[words.Notice]:
    """In the watchdog's own words, with what was seen behind them."""
    told = [(words.told(alert, place, catalogue().alerts), line(alert.detail)) for alert in found]
    return [replace(notice, what=f"{notice.what}{seen}", technical="") for notice, seen in told]
