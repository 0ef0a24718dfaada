"""A day's story: the main job for real, against an embedded city and an embedded LINE, by a clock of the sandbox.

Nothing in the pipeline knows that it is a demo: same configuration (but for addresses), same git, same requests. At
the end the story is checked against what LINE and the remote repository have on record.
"""

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from pipeline.config import JST, Config, ConfigError, DeliveryLimits, Selectors, Source, State
from pipeline.ledger.git_command import AUTHOR
from pipeline.ledger.ledger import known
from pipeline.policy.hours import is_open, next_opening
from pipeline.report import pages
from pipeline.report.flex_text import Card, cards
from pipeline.report.outcome import Report
from pipeline.run import run
from pipeline.sandbox.articles import ARTICLES, EMERGENCIES, EMERGENCY, SampleArticle
from pipeline.sandbox.city import KINKYU, LIST, EmbeddedCity
from pipeline.sandbox.line import CHANNEL_ID, CHANNEL_SECRET, Accepted, EmbeddedLine
from pipeline.sandbox.loopback import certificate
from pipeline.sources.pictures import embedded
from pipeline.world import World

DAY = datetime(2026, 11, 24, tzinfo=JST)  # a Tuesday, the day after 勤労感謝の日
NIGHT = timedelta(days=1, hours=1, minutes=10)  # when the emergency page changes, counted from DAY
NEWS = tuple(one for one in ARTICLES if one.page_no in (40136, 40138, 40142))  # three departments, Art. 8(1) and 8(2)
OLD = tuple(one for one in ARTICLES if one.page_no not in range(40136, 41000))
NIGHTLY = structs.replace(EMERGENCY, body_html=EMERGENCY.body_html.replace("11月23日", "11月25日"))
LONG_AGO = structs.replace(
    EMERGENCIES[1], page_no=39801, path="/kinkyu/39801.html"
)  # on the emergency page before the story begins
MARK = "made-by-kadoma-line-demo"


class Message(Struct, frozen=True):
    """What a resident gets: the notification, then the cards."""

    notification: str
    cards: tuple[Card, ...]


class Step(Struct, frozen=True):
    """One run of the story. `published` are the titles new on the site, `received` what residents got by it, `run` its JSON."""

    name: str
    at: datetime
    published: tuple[str, ...]
    received: tuple[Message, ...]
    report: Report
    run: dict[str, Any]


class Ending(Struct, frozen=True):
    """`lies` are the sentences of the story that the records do not confirm; empty when it came true."""

    preview: Path
    remote: Path
    commits: tuple[str, ...]
    counts: dict[str, int]
    lies: tuple[str, ...]


class Clock:
    """The simulated clock: waiting moves it, nothing else but the story does."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def tell(config: Config, folder: Path, progress: Callable[[str], None], hear: Callable[[Step], None]) -> Ending:
    """Live through the story in `folder`, which is made anew.

    Args:
        config: whose policy the story follows; addresses, pace and state are the sandbox's.
        progress: told the name of each step when it begins.
        hear: told each step when it is over.

    Raises:
        ConfigError: git is missing, or `folder` holds something else.
    """
    opening = next_opening(DAY, config.policy.hours) or DAY
    clock = Clock(opening)
    _clear(folder)
    for name in _git("rev-parse", "--local-env-vars", at=folder).split():
        os.environ.pop(name, None)  # set where a git hook runs the demo: they would lead git to that repository
    with EmbeddedCity(tls=_https(folder)) as city, EmbeddedLine(now=clock.now) as line:
        line.basic_id = config.line.account
        story = _Story(_settled_here(config, city, line), folder, clock, city, line)
        for step in story.steps(opening, progress):
            hear(step)
        return story.ending()


def _https(folder: Path) -> ssl.SSLContext | None:
    """What the city answers https with, as LINE takes pictures by https only. Without the `openssl` command it speaks http,
    and cards have no pictures."""
    made = certificate(folder)
    if made is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made)
    os.environ["REQUESTS_CA_BUNDLE"] = str(made[0])
    return context


def _settled_here(config: Config, city: EmbeddedCity, line: EmbeddedLine) -> Config:
    """The same policy, with every address on this machine."""
    emergencies = Source("html", KINKYU, emergency=True, select=Selectors("li.page", date=".date"))
    sources = (Source("smart-cms", LIST), emergencies)
    site = structs.replace(config.site, url=city.url, hosts=(city.host,), sources=sources, pause=0.0)
    here = structs.replace(config.line, api=line.url)
    return structs.replace(config, site=site, line=here, delivery=DeliveryLimits(), state=State(), paused=False)


class _Story:
    def __init__(self, config: Config, folder: Path, clock: Clock, city: EmbeddedCity, line: EmbeddedLine) -> None:
        self.config, self.folder, self.clock, self.city, self.line = config, folder, clock, city, line
        self.remote, self.clone = folder / "remote.git", folder / "clone"
        self.state = self.clone / "state"
        self.preview = folder / "preview"
        self.world = World(
            {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}, clock.now, clock.sleep
        )
        self.told: list[Step] = []
        self._make_repository()

    def steps(self, opening: datetime, progress: Callable[[str], None]) -> Iterator[Step]:
        before, night = opening - timedelta(minutes=20), DAY + NIGHT
        progress("baseline")
        for age, article in enumerate(reversed(OLD), 1):
            self.city.publish(article, opening - timedelta(days=1, hours=age))
        self.city.emergency(LONG_AGO, opening - timedelta(days=3))
        yield self.step("baseline", opening - timedelta(minutes=30))
        progress("held")
        for earlier, article in enumerate(reversed(NEWS)):
            self.city.publish(article, before - timedelta(minutes=4 * earlier))
        yield self.step("held", before, NEWS)
        progress("opening")
        self.clock.set(opening)
        planned = run(self.config, self.state, self.world, dry_run=True)
        self.preview.mkdir()
        self.page = pages.write_preview(self.config, planned, self.preview, partial(embedded, self.config.site))
        yield self.step("opening", opening)
        progress("emergency")
        self.city.emergency(NIGHTLY, night)
        yield self.step("emergency", night, (NIGHTLY,))
        progress("nothing")
        yield self.step("nothing", night + timedelta(minutes=5))

    def step(self, name: str, at: datetime, published: tuple[SampleArticle, ...] = ()) -> Step:
        """One real run at a simulated instant."""
        self.clock.set(at)
        before = len(self.line.accepted)
        report = run(self.config, self.state, self.world)
        received = tuple(
            Message(str(message["altText"]), cards(message))
            for broadcast in self.line.accepted[before:]
            for message in broadcast.messages
        )
        titles = tuple(article.title for article in published)
        self.told.append(Step(name, at, titles, received, report, report.document()))
        return self.told[-1]

    def ending(self) -> Ending:
        commits = _git("log", "--reverse", "--format=%h %s", "main", at=self.remote).splitlines()
        counts = {
            "runs": len(self.told),
            "articles": len(known(self.state).articles),
            "published": len(NEWS) + 1,
            "broadcasts": len(self.line.accepted),
            "recipients": sum(self.line.followers for _ in self.line.accepted),
            "site_requests": len(self.city.requests),
            "line_requests": len(self.line.requests),
            "commits": len(commits),
        }
        return Ending(self.page, self.remote, tuple(commits), counts, tuple(self.lies(commits)))

    def lies(self, commits: list[str]) -> Iterator[str]:
        """Every sentence of the story that the records of LINE, the ledger and the remote do not confirm."""
        at = {step.name: step.at for step in self.told}
        hours = self.config.policy.hours
        verdicts = {step.name: [row.decision for row in step.report.rows.values()] for step in self.told}
        expected = [(at["opening"], NEWS), (at["emergency"], (NIGHTLY,))]
        sent = [(broadcast.at, _articles_in(broadcast)) for broadcast in self.line.accepted]
        told = [done.request_id for step in self.told for done in step.report.broadcasts]
        ledger = [broadcast.request_id for broadcast in known(self.state).broadcasts.values()]
        on_record = [broadcast.request_id for broadcast in self.line.accepted]
        claims = {
            "every run ended well": all(step.report.exit == 0 for step in self.told),
            "what stood there is remembered and not sent": bool(verdicts["baseline"]) and "send" not in verdicts["baseline"],
            "before the posting hours all three are held": not is_open(at["held"], hours) and verdicts["held"] == ["hold"] * 3,
            "in the posting hours one broadcast has all three": len(sent) > 0 and sent[0] == _plain(expected[0]),
            "the emergency goes out at night": not is_open(at["emergency"], hours) and len(sent) > 1 and sent[1] == _plain(expected[1]),
            "nothing is sent twice, and nothing else": len(sent) == len(expected) and verdicts["nothing"] == [],
            "LINE had nothing to complain of": all(one.status == HTTPStatus.OK for one in self.line.requests),
            "the reports name LINE's request ids": told == on_record,
            "the ledger names LINE's request ids": ledger == on_record,
            "the remote repository has the news": all(any(name in line for line in commits) for name in on_record),
            "the preview page is there": self.page.is_file(),
        }  # fmt: skip
        return (claim for claim, is_true in claims.items() if not is_true)

    def _make_repository(self) -> None:
        """A bare remote and a clone of it, as a runner has it; without hooks and signatures of whoever tries the demo."""
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote.resolve()), at=self.folder)
        _git("clone", "--quiet", "-c", "core.hooksPath=/dev/null", str(self.remote.resolve()), "clone", at=self.folder)
        self.state.mkdir()
        (self.state / "README.md").write_text("The ledger of the demo.\n", encoding="utf-8")
        _git("checkout", "--quiet", "-B", "main", at=self.clone)
        _git("add", ".", at=self.clone)
        author = ("-c", f"user.name={AUTHOR['name']}", "-c", f"user.email={AUTHOR['email']}")
        _git(*author, "commit", "--quiet", "--no-gpg-sign", "-m", "an empty ledger", at=self.clone)
        _git("push", "--quiet", "-u", "origin", "main", at=self.clone)


def _articles_in(broadcast: Accepted) -> set[str]:
    text = broadcast.body.decode()
    return {article.path for article in (*ARTICLES, NIGHTLY) if article.path in text}


def _plain(expected: tuple[datetime, tuple[SampleArticle, ...]]) -> tuple[datetime, set[str]]:
    return expected[0], {article.path for article in expected[1]}


def _clear(folder: Path) -> None:
    if folder.exists():
        if not (folder / MARK).exists():
            raise ConfigError(f"{folder}: exists and was not made by the demo; move it away")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _git(*arguments: str, at: Path) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ConfigError("git: not found; the demo keeps its ledger in a real repository, install git") from None
    if done.returncode:
        raise ConfigError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
