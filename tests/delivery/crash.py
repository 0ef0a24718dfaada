"""A town that is put back to the same moment again and again: new articles stand there, and the run that sends them has
not begun. Copies of its repository are cheap; city and LINE stay where they are."""

import copy
import fcntl
import json
import os
import re
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from pipeline.ledger import store
from pipeline.ledger.events import Intent, Outcome, decode
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Knowledge
from pipeline.sandbox.articles import EMERGENCY, SampleArticle
from tests.copies import copy_tree
from tests.delivery.remains import NETWORK, Remains, remains
from tests.delivery.troubles import SOAK, TROUBLES, Trouble
from tests.doubles.line import LineServer
from tests.town import SCRIPT, Town, titles, zygote
from tests.zygote.client import Process

DATES = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-11-24T10:00:00+09:00")
REMEMBERED = ("accepted", "_keys", "_buckets", "_armed", "count")  # of LINE: all that its answers can depend on
OVER = ("after", "half", "written")  # kinds of points that a touch has led to; the others are announced before it
MOST_RUNS = 5  # after the crash, until quiet; one is enough but for faults that last


class NumberedLine(LineServer):
    """Its request ids depend on nothing but the order of requests, and what it remembers can be put back."""

    def __init__(self, now: Callable[[], datetime], port: int) -> None:
        super().__init__(now=now, port=port)
        self.count = 0

    def request_id(self) -> str:
        self.count += 1
        return str(uuid.UUID(int=self.count, version=4))

    def remembered(self) -> dict[str, Any]:
        with self.lock:
            return {name: copy.deepcopy(vars(self)[name]) for name in REMEMBERED}

    def remember(self, remembered: dict[str, Any]) -> None:
        vars(self).update(copy.deepcopy(remembered))


class Snapshot(Struct, frozen=True):
    """What a kill at a point leaves, kept: a folder with checkout and remote, and what LINE remembers."""

    folder: Path
    line: dict[str, Any]


class Point(Struct, frozen=True):
    """A moment at which a run touches the world, and what it would leave behind if it were killed there."""

    name: str
    remains: Remains
    snapshot: Snapshot | None = None

    @property
    def kind(self) -> str:
        return self.name.split()[1]

    def going_on(self) -> tuple[str, ...]:
        """What a kill would leave at work: commands with their options, requests with their paths, and how much of its input the
        last has been given."""
        words = (word for command in self.remains.left for word in command.split(" "))
        return (self.kind, *sorted(self.remains.commands()), *(word for word in words if word.startswith(("--", "/"))))

    def is_the_same_as(self, before: "Point") -> bool:
        """Between two touches, with nothing in between: the one is over, the other has not begun."""
        return before.kind in OVER and self.kind not in OVER and self.remains.left == before.remains.left


class CrashTown:
    """One town, many repositories.

    Args:
        news: articles, among them the emergency.
    """

    def __init__(self, news: Sequence[SampleArticle]) -> None:
        self.news = news
        self.folder = Path(tempfile.mkdtemp())
        self.town = Town(self.folder, git=True)
        self.town.with_emergency_source()
        self.town.with_baseline()
        self.town.now += timedelta(hours=2)
        self.town.publish(*(article for article in news if article is not EMERGENCY))
        self.town.city.emergency(EMERGENCY, self.town.now)
        self.count = 0
        self._port = urlsplit(self.town.line.url).port or 0
        self._points: dict[str, list[Point]] = {}
        self._recovered: set[tuple[object, ...]] = set()
        self._killed_at: set[tuple[str, bool]] = set()
        self._met: set[tuple[str, ...]] = set()

    def points(self, trouble: Trouble) -> list["Point"]:
        """What a run that nobody kills passes, while the trouble lasts: asked once."""
        if trouble.name not in self._points:
            moment = self.fresh(trouble)
            self._points[trouble.name] = moment.record()
            moment.run_until_quiet()
            moment.check()
        return self._points[trouble.name]

    def is_worth_it(self, trouble: Trouble, points: Sequence["Point"], in_fresh_clone: bool) -> bool:
        """Whether a kill at the last of these points can leave what runs have never recovered from."""
        left = points[-1].remains
        if SOAK:
            return True
        if left.is_settled(in_fresh_clone):
            return self.is_new(trouble, left, in_fresh_clone)
        if len(points) > 1 and points[-1].is_the_same_as(points[-2]):
            return False
        if left.commands().intersection(NETWORK):
            return True
        if left.waits_for_it() and trouble is not TROUBLES[0]:
            return False
        going_on = points[-1].going_on()
        alike = [number for number, point in enumerate(self.points(trouble), 1) if point.going_on() == going_on]
        return len(points) in (alike[0], alike[-1])

    def is_new(self, trouble: Trouble, left: Remains, in_fresh_clone: bool) -> bool:
        """Whether runs have never recovered from this; from now on they have."""
        state = (trouble.world(), in_fresh_clone, *left.seen_from(in_fresh_clone))
        is_new = state not in self._recovered
        self._recovered.add(state)
        return is_new

    def has_met(self, point: Point) -> bool:
        """Whether a run had to wait for just such a command before; from now on one had."""
        going_on = point.going_on()
        has_met = going_on in self._met
        self._met.add(going_on)
        return has_met

    def copied(self, trouble: Trouble, point: "Point", in_fresh_clone: bool) -> Snapshot | None:
        """What was seen there, to recover from instead of killing; nothing where something goes on, and where a kill has yet
        to show that it leaves just that."""
        if SOAK or not point.remains.is_settled(in_fresh_clone):
            return None
        kind = (point.kind, in_fresh_clone)
        is_shown = trouble is not TROUBLES[0] or kind in self._killed_at
        self._killed_at.add(kind)
        return point.snapshot if is_shown else None

    def stop(self) -> None:
        self.town.stop()
        shutil.rmtree(self.folder)

    def fresh(self, trouble: Trouble) -> "Moment":
        """The moment before the run, once more; LINE knows nothing of what was."""
        return self._moment(trouble, self.folder, trouble.begin)

    def killed(self, trouble: Trouble, left: Snapshot) -> "Moment":
        """The moment after a kill that left this."""
        return self._moment(trouble, left.folder, lambda line: line.remember(left.line))

    def _moment(self, trouble: Trouble, origin: Path, prepare: Callable[[NumberedLine], None]) -> "Moment":
        self.count += 1
        self.town.line.stop()
        assert self.town.line.errors == []
        line = NumberedLine(lambda: self.town.now, self._port)  # the address is part of what a run records
        prepare(line)
        self.line = self.town.line = line
        line.start()
        self.town.with_emergency_source(*trouble.settings)
        moment = Moment(self, self.folder / f"moment-{self.count}", trouble, origin)
        trouble.arm(moment)
        return moment


class Moment:
    """One copy of the repository, and what becomes of it."""

    def __init__(self, crash_town: CrashTown, folder: Path, trouble: Trouble, origin: Path) -> None:
        self._trouble = trouble
        self.town, self.line, self.news, self.folder = crash_town.town, crash_town.line, crash_town.news, folder
        self.remote, self.checkout = folder / "remote.git", folder / "checkout"
        copy_repository(origin, folder)
        settings = self.checkout / ".git" / "config"
        settings.write_text(re.sub("url = .*", f"url = {self.remote}", settings.read_text()))
        self.points = folder / "points"
        self._kept: dict[Remains, Snapshot] = {}

    def start(
        self,
        checkout: Path | None = None,
        crash_at: int | str | None = None,
        number: int = signal.SIGKILL,
        pause: Path | None = None,
    ) -> Process:
        """`kadoma-line run --json` in a process of its own, with a signal at a point; 0 only writes down the points."""
        command = self.command(checkout)
        crash = {"CRASH_LOG": str(self.points), "CRASH_AT": str(crash_at), "CRASH_SIGNAL": str(int(number))}
        crash |= {"CRASH_SEED": "a run that is killed", **DATES, **({"CRASH_PAUSE": str(pause)} if pause else {})}
        crash = {} if crash_at is None else crash
        return zygote().start(
            command, self.town.process_environment({**self._trouble.environment, **crash}), self.folder
        )

    def command(self, checkout: Path | None = None) -> list[str]:
        state = (checkout or self.checkout) / "state"
        return [str(SCRIPT), "run", "--json", "--config", str(self.town.config), "--state", str(state)]

    def record(self) -> list[Point]:
        """Run to the end, and look at what is there at each point while the run waits."""
        answers = self.folder / "answers"
        os.mkfifo(self.points)
        os.mkfifo(answers)
        process = self.start(crash_at=0, pause=answers)
        with self.points.open() as points, answers.open("wb", buffering=0) as go_on:
            found: list[Point] = []
            for line in points:
                found.append(self._look(line, found))
                go_on.write(b".")
        assert process.wait() in (0, *self._trouble.codes), process.err
        return found

    def _look(self, line: str, before: Sequence[Point]) -> Point:
        name, _, told = line.partition("\t")
        left = tuple(json.loads(told))
        if before and not left:
            point = Point(name, before[-1].remains, before[-1].snapshot)
            if point.is_the_same_as(before[-1]):
                return point
        there = self.remains(left)
        # Nobody writes there meanwhile, but perhaps objects.
        return Point(name, there, self._keep(there) if there.is_settled(False) else None)

    def _keep(self, there: Remains) -> Snapshot:
        """One snapshot of equal states."""
        state = replace(there, left=())
        if state not in self._kept:
            folder = self.folder.with_name(f"{self.folder.name}-{len(self._kept)}")
            copy_repository(self.folder, folder)
            self._kept[state] = Snapshot(folder, self.line.remembered())
        return self._kept[state]

    def remains(self, left: Sequence[str]) -> Remains:
        return remains(self.checkout, self.remote, self.line, tuple(left))

    def crash(self, points: Sequence[Point], number: int) -> Remains:
        """Kill a run at one of its points, the same one of its kind: two pages are fetched at once, over one connection more or
        less, on which the number of a point depends. (So the last connection need not come, nor the last points.)"""
        kinds = [point.kind for point in points]
        kind = kinds[number - 1]
        process = self.start(crash_at=f"{kind} {kinds[:number].count(kind)}")
        code = process.wait()
        may_end = number > len(points) - 3 or (kind == "socket.connect" and kind not in kinds[number:])
        ended = may_end and code in (0, *self._trouble.codes)
        assert code == -9 or ended, f"the point was not reached: exit code {code}: {process.err}"
        return self.remains(json.loads(self.points.read_text().partition("\t")[2] or "[]"))

    def settled(self) -> Remains:
        """What is there when git that a kill has left behind, and that holds our lock, is over: there a next run begins."""
        with (self.checkout / ".git" / "kadoma-line.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self.remains(())

    def interrupt(self, at: int) -> Remains:
        """SIGTERM at one of the points: the run ends by itself, with nothing half done."""
        process = self.start(crash_at=at, number=signal.SIGTERM)
        assert process.wait() == 1, process.err
        assert self.town.git("status", "--porcelain", at=self.checkout) == ""
        assert self.branch(self.checkout / ".git") == self.branch(self.remote)
        return self.remains(())

    def run_until_quiet(self, in_fresh_clone: bool = False) -> None:
        """Run again, each time from a new clone if asked, until nothing is open or queued."""
        checkout = self.checkout
        for number in range(MOST_RUNS):
            if in_fresh_clone:
                checkout = self.clone(f"clone-{number}")
            process = self.start(checkout)
            code = process.wait()
            assert code in (0, *self._trouble.codes), f"exit code {code}: {process.err}"
            knowledge = self.knowledge(checkout)
            if code == 0 and not knowledge.unfinished() and not knowledge.queue():
                self.checkout = checkout
                return
        raise AssertionError(f"not quiet after {MOST_RUNS} runs: {process.err}")

    def clone(self, name: str) -> Path:
        """As actions/checkout makes one: only the newest commit."""
        self.town.git("clone", "--quiet", "--depth", "1", f"file://{self.remote}", str(self.folder / name))
        return self.folder / name

    def knowledge(self, checkout: Path) -> Knowledge:
        return fold(store.read(checkout / "state"))

    def check(self) -> None:
        """Every article accepted by LINE exactly once, the ledger says so, and it is whole."""
        assert self.town.line.violations == []
        bodies = [accepted.body.decode() for accepted in self.town.line.accepted]
        texts = ["".join(titles(accepted)) for accepted in self.town.line.accepted]
        for article in self.news:
            assert sum(article.title in text for text in texts) == 1, f"{article.title}: {texts}"
        assert len(bodies) == (2 if len(self.news) > 1 else 1)
        if self.branch(self.checkout / ".git") != self.branch(self.remote):
            # A push that a killed run left behind landed after the last run: one more writer, on top of everything.
            self.town.git("pull", "--quiet", "--ff-only", at=self.checkout)
        check_ledger(self.checkout / "state", self.town.line)
        self.end()

    def end(self) -> None:
        shutil.rmtree(self.folder)

    def branch(self, git: Path) -> str:
        return (git / "refs" / "heads" / "main").read_text().strip()


def copy_repository(origin: Path, folder: Path) -> None:
    for name in ("remote.git", "checkout"):
        copy_tree(origin / name, folder / name)


def check_ledger(state: Path, line: LineServer) -> None:
    """The ledger is whole, and what it says was sent is what LINE accepted."""
    check_chain(state, line)
    knowledge = fold(store.read(state))
    said = {known.key: known for known in knowledge.broadcasts.values() if known.outcome == "accepted"}
    assert said.keys() == {accepted.retry_key for accepted in line.accepted}
    for accepted in line.accepted:
        assert said[accepted.retry_key].request_id == accepted.request_id
        assert all(knowledge.articles[article].state == "sent" for article in said[accepted.retry_key].articles)


def check_chain(state: Path, line: LineServer) -> None:
    """Every line names the one before it, an acceptance is told once, and every body that LINE accepted is the one recorded."""
    prev = store.FIRST
    for file in store.files(state):
        lines, rest = store.whole_lines(file)
        assert rest == b""
        for text in lines:
            assert decode(text).prev == prev
            prev = store.line_hash(text)
    events = list(store.read(state))
    facts = [event.broadcast for event in events if isinstance(event, Outcome) and event.outcome == "accepted"]
    assert len(facts) == len(set(facts))
    intents = {event.key: event.broadcast for event in events if isinstance(event, Intent)}
    for accepted in line.accepted:
        assert store.body_file(state, intents[accepted.retry_key]).read_bytes() == accepted.body
