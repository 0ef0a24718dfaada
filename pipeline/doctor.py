"""`kadoma-line doctor`: what must be right before anything can go out. Looks at each thing once, and sends nothing."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct

from pipeline import templates
from pipeline.article import Entry, Listing, Page, PageProblem, article_id
from pipeline.characters import cut
from pipeline.config import JST, Config, ConfigError, duration
from pipeline.decision import Alert
from pipeline.ledger.events import Robots
from pipeline.ledger.git import Git
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.ledger.store import LedgerError
from pipeline.ledger.verify import intact
from pipeline.line.answers import LineError, clock_of
from pipeline.line.client import LineClient, Reception
from pipeline.message.item import item_of
from pipeline.message.render import RenderError
from pipeline.message.render import render as messages_of
from pipeline.policy.hours import HOLIDAYS_A_YEAR, holidays_of, next_opening
from pipeline.policy.posters import PIPELINE
from pipeline.report import render, words
from pipeline.report.github import GitHub, GitHubError
from pipeline.report.residents import lines
from pipeline.report.safe import line
from pipeline.sources.collect import Memory, SiteReader
from pipeline.wall import wall
from pipeline.world import World

Level = Literal["ok", "note", "bad"]
CLOCK_MAY_DIFFER = timedelta(seconds=60)
LITTLE_LEFT = 0.8
LEAD = 80  # UTF-16 units of a page's text that are shown


class ResultWords(Struct, frozen=True, forbid_unknown_fields=True):
    level: Level
    found: str
    fix: str = ""
    looked: str = ""  # where it ended before all was looked at that the check looks at


class CheckWords(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    looked: str
    results: Mapping[str, ResultWords]


class DoctorWords(Struct, frozen=True, forbid_unknown_fields=True):
    levels: Mapping[Level, str]
    words: Mapping[str, str]
    checks: Mapping[str, CheckWords]


class Finding(Struct, frozen=True):
    """The result of one check, in words."""

    check: str
    result: str
    level: Level
    title: str
    looked: str
    found: str
    fix: str


def catalogue() -> DoctorWords:
    return templates.words("report/doctor.toml", DoctorWords)


def examine(config: Config, file: Path, state: Path, environment: Mapping[str, str]) -> list[Finding]:
    """All checks of a configuration (from that file), in the order in which a person sets things up. Raises ConfigError."""
    return list(Doctor(config, file, state, environment, World.real(config)).examine())


def unusable(file: Path, error: ConfigError) -> Finding:
    """What there is to say where the configuration cannot be used."""
    return _finding("configuration", "wrong", file=file, error=error)


def told(findings: list[Finding]) -> str:
    """The findings as text for a terminal."""
    said, levels = catalogue().words, catalogue().levels
    return render.text("doctor", findings=findings, levels=levels, said=said, end=_end(findings))


def page(findings: list[Finding]) -> str:
    """The findings as Markdown for the summary page of the step on GitHub."""
    return render.markdown("doctor", findings=findings, levels=catalogue().levels, end=_end(findings))


def _end(findings: list[Finding]) -> str:
    said = catalogue().words
    counts = {level: sum(finding.level == level for finding in findings) for level in catalogue().levels}
    return said["good"] if counts["ok"] == len(findings) else said["summary"].format(**counts)


class Doctor:
    """The checks of one configuration."""

    def __init__(self, config: Config, file: Path, state: Path, environment: Mapping[str, str], world: World) -> None:
        self._config, self._file, self._state, self._environment, self._world = config, file, state, environment, world
        self._robots: Mapping[str, Robots] = {}

    def examine(self) -> Iterator[Finding]:
        config = self._config
        result = "paused" if config.paused else "shadow" if config.shadow else "good"
        yield _finding("configuration", result, file=self._file, site=config.site.name, account=config.line.account)
        yield self._posters()
        yield _finding("link", "good" if config.policy.url else "none", file=self._file, url=config.policy.url)
        yield self._secrets()
        yield self._ledger()
        yield self._git()
        yield from self._sources()
        yield from self._line()
        yield self._hours()
        yield self._holidays()
        yield from self._github()

    def _posters(self) -> Finding:
        people = {login.casefold() for logins in self._config.policy.posters.values() for login in logins} - {PIPELINE}
        result = {0: "none", 1: "one"}.get(len(people), "good")
        return _finding("posters", result, file=self._file, count=len(people))

    def _secrets(self) -> Finding:
        has = self._environment.get
        if has("LINE_CHANNEL_ID") and has("LINE_CHANNEL_SECRET"):
            return _finding("secrets", "good")
        return _finding("secrets", "long" if has("LINE_CHANNEL_ACCESS_TOKEN") else "none")

    def _ledger(self) -> Finding:
        try:
            knowledge = intact(self._state)
        except LedgerError as error:
            return _finding("ledger", "damaged", state=self._state, error=error)
        self._robots = knowledge.robots
        if unknown := knowledge.unsettled():
            return _finding("ledger", "unknown", state=self._state, ids=" ".join(one.id for one in unknown))
        result = "good" if knowledge.articles else "new"
        return _finding(
            "ledger", result, state=self._state, articles=len(knowledge.articles), waiting=len(knowledge.queue())
        )

    def _git(self) -> Finding:
        settings = self._config.state
        try:
            folder = next((one for one in (self._state, *self._state.resolve().parents) if one.is_dir()), Path())
            trial = folder / ".doctor"
            trial.write_bytes(b"")
            trial.unlink()
            git = Git.around(folder, settings.branch, settings.push, duration(settings.timeout).total_seconds())
            if git is None:
                return _finding("git", "outside", state=self._state)
            git.check()
            if not settings.push:
                return _finding("git", "local", state=self._state)
            git.rehearse_push()
        except LedgerError as error:
            result = "protected" if getattr(error, "code", "") == "protected" else "trouble"
            return _finding("git", result, state=self._state, branch=settings.branch, error=error)
        except OSError as error:
            return _finding("git", "unwritable", state=self._state, error=f"{folder}: {error.strerror}")
        return _finding("git", "good", state=self._state, branch=settings.branch)

    def _sources(self) -> Iterator[Finding]:
        """Each list once, with the pause and the robots.txt that a run would respect."""
        reader = SiteReader(self._config.site, self._robots, self._world.now, self._world.sleep)
        for source in self._config.site.sources:
            listing = reader.listing(source, Memory())
            yield _list_finding(listing)
            first = listing.entries[0] if listing.entries else None
            page = reader.pages([first.url])[first.url] if first else None
            if first and page:
                yield _page_finding(first, page)
            if listing.emergency and listing.state != "failed":
                yield _finding(
                    "emergency", "good" if first else "empty", url=listing.source, entries=len(listing.entries),
                    dates=_dated(listing), heading=" / ".join(listing.heading.split("\n")),
                    card=self._card(first, page) if first else "",
                )  # fmt: skip

    def _card(self, entry: Entry, page: Page | PageProblem | None) -> str:
        """What residents would read if the entry were new, on one line."""
        name, found = article_id(entry.url), self._world.now()
        known = Known(name, entry.url, entry.title, "", found, "queued", date=entry.date, emergency=True)
        try:
            messages = messages_of([item_of(known, page, self._config, Knowledge())], self._config).messages
        except RenderError as error:
            return str(error)
        return "／".join(text for shown in lines(messages) for card in shown["cards"] for text in card)

    def _line(self) -> Iterator[Finding]:
        line_config = self._config.line
        client = LineClient(line_config, self._environment, self._world.now, self._world.sleep)
        if self._secrets().result == "none":
            yield _finding("line", "skipped", api=line_config.api)
            return
        try:
            client.check_account()
            yield _finding("line", "good", api=line_config.api, account=line_config.account)
            yield self._quota(client)
            reception = client.reception()
            yield self._reception(reception)
            yield self._clock(reception.date)
        except LineError as error:
            if error.code == "clock":
                yield _finding("clock", "wrong", detail=error)
                return
            alert = words.told(Alert(error.code if error.code == "credentials" else f"line-{error.code}"))
            yield _finding("line", "failed", api=line_config.api, what=alert.what, fix=alert.do, error=error)

    def _quota(self, client: LineClient) -> Finding:
        quota = client.quota()
        values = {"api": self._config.line.api, "limit": quota.limit, "used": "?" if quota.used is None else quota.used}
        if quota.limit is None:
            return _finding("quota", "unlimited", **values)
        if not quota.has_room:
            return _finding("quota", "full", **values)
        friends = self._friends(client)
        if friends is None:
            return _finding("quota", "unmeasured", **values)
        if friends > quota.limit:
            return _finding("quota", "small", friends=friends, **values)
        if friends > quota.limit - (quota.used or 0):
            return _finding("quota", "last", friends=friends, **values)
        return _finding("quota", "short" if (quota.used or 0) > LITTLE_LEFT * quota.limit else "good", **values)

    def _friends(self, client: LineClient) -> int | None:
        """Whom a broadcast reaches; None: LINE does not say so."""
        try:
            told = client.followers(self._world.now().date() - timedelta(days=2))  # yesterday's may not be ready
        except LineError:
            return None
        return told["reach"] if told else None

    def _reception(self, reception: Reception) -> Finding:
        wanted = self._config.line.chat_mode
        values = {
            "api": self._config.line.api,
            "webhook": reception.webhook,
            "mode": reception.chat_mode,
            "wanted": wanted,
        }
        if reception.webhook:
            return _finding("reception", "webhook", **values)
        if wanted and wanted != reception.chat_mode:
            return _finding("reception", "differs", **values)
        return _finding("reception", "chat" if reception.chat_mode == "chat" and not wanted else "good", **values)

    def _clock(self, date: str) -> Finding:
        there = clock_of(date)
        if there is None:
            return _finding("clock", "unknown")
        away = abs(self._world.now() - there)
        seconds = int(away.total_seconds())
        return _finding("clock", "good" if away < CLOCK_MAY_DIFFER else "wrong", seconds=seconds, detail=f"{seconds} s")

    def _holidays(self) -> Finding:
        year = self._world.now().year
        this, following = holidays_of(year), holidays_of(year + 1)
        result = "good" if min(this, following) >= HOLIDAYS_A_YEAR else "old"
        return _finding("holidays", result, year=year, this=this, next=following)

    def _hours(self) -> Finding:
        """Posting hours that never come (every day closed) look like a configuration that works."""
        opening = next_opening(self._world.now(), self._config.policy.hours)
        return _finding("hours", "good" if opening else "never", file=self._file, at=words.instant(opening))

    def _github(self) -> Iterator[Finding]:
        workflow = self._config.github.workflow
        github = GitHub.of(self._config, self._environment)
        if github is None:
            yield _finding("github", "none")
            return
        try:
            state = github.workflow_state(workflow)
            yield _finding("github", "good" if state == "active" else "off", workflow=workflow, state=state)
            for check, result, values in wall(self._config, github, self._world.now()):
                yield _finding(check, result, **values)
        except GitHubError as error:
            yield _finding("github", "failed", workflow=workflow, error=error)


def _list_finding(listing: Listing) -> Finding:
    """What was read of the rows of one list, field by field."""
    entries = listing.entries
    values: dict[str, object] = {
        "url": listing.source, "entries": len(entries), "undated": listing.undated, "dates": _dated(listing),
        "titles": sum(bool(entry.title) for entry in entries), "tags": sum(bool(entry.tags) for entry in entries),
        "numbers": sum(entry.page_no is not None for entry in entries), "skipped": listing.skipped, "passed": listing.passed,
        "left_out": listing.left_out, "zones": listing.zones,
    }  # fmt: skip
    if listing.state == "failed":
        return _finding("source", "failed", **values, why=words.problem(listing.error_code), error=listing.error)
    rules = (
        ("empty", not entries), ("skipped", listing.skipped), ("left-out", listing.left_out),
        ("undated", listing.undated and not listing.emergency), ("zones", listing.zones), ("good", True),
    )  # fmt: skip
    return _finding("source", next(result for result, holds in rules if holds), **values)


def _dated(listing: Listing) -> int:
    return sum(entry.date is not None for entry in listing.entries)


def _page_finding(entry: Entry, page: Page | PageProblem) -> Finding:
    """What was read of the page of a list's first entry, field by field."""
    said = catalogue().words
    if isinstance(page, PageProblem):
        return _finding("page", "failed", url=entry.url, why=words.problem(page.code), error=page.detail)
    date = page.date.astimezone(JST).strftime("%Y-%m-%d" if page.date_only else "%Y-%m-%d %H:%M") if page.date else ""
    fields = {
        "title": page.title, "date": date, "department": page.department, "tel": page.tel, "path": " > ".join(page.breadcrumb),
        "picture": page.picture.url if page.picture else "", "files": str(len(page.attachments) or ""), "text": cut(page.text, LEAD),
    }  # fmt: skip
    values = {name: value or said["nothing"] for name, value in fields.items()}
    return _finding("page", "good" if page.title and date and page.text else "partly", url=entry.url, **values)


def _finding(check: str, result: str, **values: object) -> Finding:
    said = catalogue().checks[check]
    told_as = said.results[result]
    safe = {name: line(value) for name, value in values.items()}
    return Finding(
        check, result, told_as.level, said.title, (told_as.looked or said.looked).format(**safe), told_as.found.format(**safe),
        told_as.fix.format(**safe),
    )  # fmt: skip
