"""A disaster night through the real pass and the real outbox: reports are edited in place at a few addresses while LINE does not
tell its quota, the site does not answer, and jobs are killed before and after LINE has accepted.

Only the site and LINE are made up. Whether every report went out once, and when, is told by what that LINE has accepted.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.article import Listing, Page, PageProblem
from pipeline.config import Config, Source
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge
from pipeline.ledger.ledger import Rehearsal
from pipeline.line.answers import LineError
from pipeline.line.client import Answer, Quota
from pipeline.line.delivery import Delivery
from pipeline.report.outcome import Report
from pipeline.run import Pass
from pipeline.sandbox.publications import Publication, SimulatedSite
from pipeline.sandbox.simulate import Lists
from pipeline.sources.collect import Memory
from pipeline.world import World

LASTS, STEP = timedelta(hours=12), timedelta(minutes=5)
REPORTS, TOPICS = 20, ("【警戒レベル4】避難指示", "避難所の開設状況", "断水と給水所")
SETTLED = 12  # reports whose title stays; later ones are numbered in it, too
QUOTA_DOWN, SITE_DOWN = (timedelta(hours=2), timedelta(hours=4)), (timedelta(hours=5, minutes=40), timedelta(hours=6))
KILLED = {7: "before", 15: "after"}  # broadcasts during which the job is killed: before or after LINE has accepted
LIST = "/kinkyu/index.html"


class _Killed(BaseException):
    """The job ends here, as by SIGKILL."""


class _Outage(Lists):
    """The site while nothing answers."""

    def listing(self, source: Source, memory: Memory) -> Listing:
        address = super().listing(source, memory).source
        return Listing(address, "failed", emergency=True, error_code="unreachable", error="503")

    def pages(self, urls: Sequence[str]) -> dict[str, Page | PageProblem]:
        return {url: PageProblem(url, "unreachable", "503") for url in urls}


class _NightLine:
    """A LINE that takes each retry key once, and in the midst of which jobs are killed."""

    channel = ""

    def __init__(self, clock: Callable[[], datetime], begin: datetime) -> None:
        self._clock, self._begin = clock, begin
        self.accepted: dict[str, tuple[datetime, bytes]] = {}
        self.repeats = self.unanswered = 0
        self._killings = dict(KILLED)

    def quota(self, patient: bool = True) -> Quota:  # noqa: ARG002 - as the real one is asked
        if QUOTA_DOWN[0] <= self._clock() - self._begin < QUOTA_DOWN[1]:
            self.unanswered += 1
            raise LineError("line", "500")
        return Quota(None, len(self.accepted))

    def wire(self, messages: Sequence[Mapping[str, Any]], silent: bool = False) -> bytes:
        return json.dumps({"messages": list(messages), "notificationDisabled": silent}, ensure_ascii=False).encode()

    def broadcast(self, body: bytes, key: str, first: bool, may_go: Callable[[], bool]) -> Answer:
        if not may_go():
            return Answer("rejected" if first else "unknown", "closed")
        killed = self._killings.pop(len(self.accepted), "") if first else ""
        if killed == "before":
            raise _Killed
        is_repeat = key in self.accepted
        self.repeats += is_repeat
        self.accepted.setdefault(key, (self._clock(), body))
        if killed:
            raise _Killed
        return Answer("accepted", "repeat" if is_repeat else "", request_id=key)


class _NightDelivery(Delivery):
    """The real one, to that LINE."""

    def __init__(self, config: Config, ledger: Rehearsal, world: World, run: str, line: _NightLine) -> None:
        super().__init__(config, ledger, world, run, dry_run=False)
        self._made_up = line

    def _client(self) -> Any:
        return self._made_up


class _NightLedger(Rehearsal):
    """A ledger in memory that outlives the jobs."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.knowledge, self.now = Knowledge(), clock
        self.bodies: dict[str, bytes] = {}

    def record(self, news: str, bodies: Mapping[str, bytes] | None = None) -> None:  # noqa: ARG002 - as the real one
        self.bodies |= bodies or {}

    def body(self, known: BroadcastKnown) -> bytes:
        return self.bodies[known.id]


def bulletins(begin: datetime, seed: int) -> list[Publication]:
    """Twenty in twelve hours, one after another at three addresses."""
    dice, each = random.Random(seed), LASTS / REPORTS  # noqa: S311 - made up
    made = []
    for number in range(1, REPORTS + 1):
        topic, last = TOPICS[number % 3], number > REPORTS - len(TOPICS)
        title = topic if number <= SETTLED else f"{topic}（第{number}報{'・解除' if last else ''}）"
        at = begin + each * number - timedelta(minutes=dice.randrange(6, 20))
        text = f"第{number}報：{topic}についてお知らせします。"
        made.append(Publication(at, number % 3 + 1, title, text=text, emergency=True, undated=True))
    return made


def night(config: Config, begin: datetime, seed: int) -> dict[str, Any]:
    """The document of `simulate --night --json`: each report with the instants at which LINE accepted it, when it could first be
    read, and whether it went out no later than in the pass after that (a job that was killed is no pass)."""
    emergency = Source("html", LIST, emergency=True)
    config = replace(config, paused=False, shadow=False, site=replace(config.site, sources=(emergency,)))
    now, written = begin, bulletins(begin, seed)
    ledger = _NightLedger(lambda: now)
    site, coming = SimulatedSite(config.site.url), deque(written)
    line = _NightLine(ledger.now, begin)
    done: list[datetime] = []
    killed: list[datetime] = []
    while now <= begin + LASTS + STEP:
        while coming and coming[0].at <= now:
            site.take(coming.popleft())
        answers = _Outage if SITE_DOWN[0] <= now - begin < SITE_DOWN[1] else Lists
        reader = answers(site, site.listings(Knowledge()))
        world = World({}, ledger.now, lambda _: None)
        report = Report(f"n{len(done)}-{len(killed)}", now, in_window=False, dry_run=False)
        outbox = _NightDelivery(config, ledger, world, report.id, line)
        try:
            Pass(config, ledger, world, report, reader=reader, delivery=outbox).run()
            done.append(now)
        except _Killed:
            killed.append(now)
        now += STEP
    rows = [
        {"number": number, "path": site.url(one).removeprefix(config.site.url), **_row(one, line, done, killed, begin)}
        for number, one in enumerate(written, 1)
    ]
    faults = {
        "repeated": sum(len(row["sent"]) > 1 for row in rows),
        "missing": sum(not row["sent"] for row in rows),
        "late": sum(row["late"] for row in rows),
        "superfluous": len(line.accepted) - len(rows),
    }
    return {
        "from": begin.isoformat(), "to": (begin + LASTS).isoformat(), "passes": len(done), "addresses": len(TOPICS),
        "reports": rows, "broadcasts": len(line.accepted), **faults, "holds": not any(faults.values()),
        "troubles": {
            "quota_down": [(begin + one).isoformat() for one in QUOTA_DOWN], "quota_unanswered": line.unanswered,
            "site_down": [(begin + one).isoformat() for one in SITE_DOWN],
            "killed": [at.isoformat() for at in killed], "repeats": line.repeats,
        },
    }  # fmt: skip


def _row(
    one: Publication, line: _NightLine, passes: Sequence[datetime], killed: Sequence[datetime], begin: datetime
) -> dict[str, Any]:
    sent = [at for at, body in line.accepted.values() if one.text in body.decode()]
    outage = (begin + SITE_DOWN[0], begin + SITE_DOWN[1])
    readable = outage[1] if outage[0] <= one.at < outage[1] else one.at
    due = next((at for at in passes if at >= readable), readable)
    return {
        "title": one.title, "published": one.at.isoformat(),
        "readable": readable.isoformat(), "sent": [at.isoformat() for at in sent],
        "delay_minutes": round((sent[0] - readable) / timedelta(minutes=1)) if sent else None,
        "late": bool(sent) and sent[0] > due, "job_killed": any(readable <= at <= due for at in killed),
    }  # fmt: skip
