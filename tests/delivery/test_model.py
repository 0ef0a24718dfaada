"""A town that lives at random, against a small reference model.

Never twice (an emergency about which there was a doubt once more, with its details, when a person has said yes); never outside
the posting hours unless an emergency; never lost; every earlier byte of the ledger unchanged.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from pipeline.article import article_id
from pipeline.config import load
from pipeline.desk import Desk
from pipeline.ledger import store
from pipeline.ledger.fold import fold
from pipeline.ledger.git import Git
from pipeline.ledger.knowledge import Knowledge
from pipeline.ledger.ledger import Ledger
from pipeline.line.client import LineClient
from pipeline.policy.hours import is_open
from pipeline.report.outcome import Report
from pipeline.run import run
from pipeline.sandbox.articles import ARTICLES, EMERGENCY, SampleArticle
from pipeline.world import CLOCK, World
from tests.delivery.crash import check_chain
from tests.delivery.troubles import PERSON
from tests.doubles.line import LineFault
from tests.town import Town, titles

SOAK = int(os.environ.get("SOAK_SEEDS", "0"))
STEPS = ((store, "_write"), (Git, "commit"), (Git, "publish"), (Git, "take"), (LineClient, "_try"), (store, "append"))
FAULTS = (
    LineFault.error_before(), LineFault.error_after(), LineFault.drop_before(), LineFault.drop_after(), LineFault.rate_limit(),
    LineFault.monthly_limit(), LineFault.unauthorized(), LineFault.error(400, "no"),
)  # fmt: skip
WAITS = [timedelta(minutes=minutes) for minutes in (1, 20, 61, 300, 900, 23 * 60 + 5)]
MACHINE = st.integers(0, 1)
MANY = 30  # runs that settle everything at the end


class Crash(BaseException):
    """The machine died."""


@contextmanager
def crashing_at(step: int) -> Iterator[None]:
    """Die at the so-manieth step of the outbox, just before or just after it."""
    count = 0

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                raise Crash
            result = original(*arguments, **more)
            count += 1
            if count == step:
                raise Crash
            return result

        return wrapped

    with ExitStack() as stack:
        for owner, name in STEPS:
            stack.enter_context(patch.object(owner, name, dying(getattr(owner, name))))
        yield


class Life(RuleBasedStateMachine):
    """The town, two machines that run the pipeline for it, and a poster."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.standing: dict[str, SampleArticle] = {}  # the model: what stands on the site and must come out
        self.emergencies: set[str] = set()
        self.refused: set[str] = set()
        self.released: set[str] = set()  # emergencies that went out with their titles alone until a person said yes
        self.count = 0
        self.seen = b""
        self.skew = timedelta(0)

    @initialize(git=st.booleans())
    def begin(self, git: bool) -> None:
        self.town = Town(self.folder, git=git)
        self.town.with_emergency_source(
            ('min_interval = "60m"', 'min_interval = "0m"'), ("max_per_day = 6", "max_per_day = 100"),
            ('updates = "ride-along"', 'updates = "ignore"'),
        )  # fmt: skip
        self.town.line.hourly = 10_000
        for number, article in enumerate(ARTICLES[:10]):
            self.town.city.publish(article, self.town.now - timedelta(days=20, hours=-number))
        self.states = [self.town.state, self.town.clone("second") / "state"] if git else [self.town.state]
        self.git = git
        assert self.run_on(self.town.state).exit == 0

    def teardown(self) -> None:
        try:
            if hasattr(self, "town"):
                self.settle_everything()
        finally:
            if hasattr(self, "town"):
                self.town.stop()
            shutil.rmtree(self.folder)

    # What happens

    @rule(emergency=st.sampled_from([False, False, False, True]), wait=st.sampled_from(WAITS))
    def publish(self, emergency: bool, wait: timedelta) -> None:
        self.town.now += wait
        self.count += 1
        page = 60_000 + self.count
        if emergency:
            article = replace(
                EMERGENCY,
                path=f"/kinkyu/{page}.html",
                page_no=page,
                title=f"避難指示、その{page}。",
                body_html=f"<p>{page}</p>",
            )
            self.town.city.emergency(article, self.town.now)
            self.emergencies.add(article.title)
        else:
            article = replace(ARTICLES[20], path=f"/kurashi/{page}.html", page_no=page, title=f"お知らせ、その{page}。")
            self.town.publish(article)
        self.standing[article.path] = article

    @precondition(lambda self: self.standing)
    @rule(data=st.data(), gone=st.booleans())
    def edit_or_unpublish(self, data: st.DataObject, gone: bool) -> None:
        """A normal article that is edited is not sent again here (`updates`); an emergency with a new text would be."""
        path = data.draw(st.sampled_from(sorted(self.standing)))
        if gone:
            self.town.city.unpublish(path)
            del self.standing[path]
        elif self.standing[path].title not in self.emergencies:
            self.town.city.edit(path, at=self.town.now, body_html=f"<p>{self.town.now.isoformat()}</p>")

    @rule(machine=MACHINE)
    def run_in_peace(self, machine: int) -> None:
        self.town.line.recover()
        state = self.states[machine % len(self.states)]
        if self.run_on(state).exit in (0, 3):
            self.nothing_is_lost(state)

    @rule(machine=MACHINE, fault=st.sampled_from(FAULTS), times=st.integers(1, 6))
    def run_with_line_broken(self, machine: int, fault: LineFault, times: int) -> None:
        self.town.line.fail(fault, times=times)
        self.run_on(self.states[machine % len(self.states)])

    @rule(machine=MACHINE, step=st.integers(1, 40))
    def run_and_crash(self, machine: int, step: int) -> None:
        with crashing_at(step), suppress(Crash):
            self.run_on(self.states[machine % len(self.states)])

    @rule(machine=MACHINE, step=st.integers(1, 40), fault=st.sampled_from(FAULTS[:4]))
    def run_and_crash_with_line_broken(self, machine: int, step: int, fault: LineFault) -> None:
        self.town.line.fail(fault, times=2)
        self.run_and_crash(machine, step)

    @rule(wait=st.sampled_from(WAITS), hours=st.sampled_from([0, 0, 0, 0, -30, 30]))
    def time_passes_and_clocks_jump(self, wait: timedelta, hours: int) -> None:
        self.town.now += wait
        self.skew = timedelta(hours=hours)

    @precondition(lambda self: self.git)
    @rule()
    def person_commits(self) -> None:
        subprocess.run(["sh", "-c", PERSON], cwd=self.town.remote, check=True)

    @rule(data=st.data(), yes=st.booleans())
    def decide_by_hand(self, data: st.DataObject, yes: bool) -> None:
        waiting = sorted(known.id for known in self.knowledge().queue() if known.state == "review")
        if waiting:
            self.approve_or_reject(data.draw(st.sampled_from(waiting)), yes)

    @rule()
    def resolve(self) -> None:
        """The person looks at LINE's own console, and says what is true."""
        for broadcast in self.knowledge().unfinished():
            if broadcast.outcome == "unknown":
                delivered = any(one.retry_key == broadcast.key for one in self.town.line.accepted)
                with self.ledger() as ledger:
                    Desk(load(self.town.config), ledger, "miryoku").resolve([broadcast.id], delivered)

    # What must hold

    @invariant()
    def never_twice(self) -> None:
        shown = self.town.sent_titles() if hasattr(self, "town") else []
        for number in range(1, self.count + 1):
            name = f"その{60_000 + number}。"
            times = sum(name in text for text in shown)
            assert times <= 1 or (times == 2 and any(name in title for title in self.released)), number

    @invariant()
    def never_outside_the_hours_unless_an_emergency(self) -> None:
        hours = load(self.town.config).policy.hours if hasattr(self, "town") else None
        for one in self.town.line.accepted if hours else ():
            texts = titles(one)
            assert is_open(one.at, hours) or all(any(title in text for title in self.emergencies) for text in texts)  # type: ignore[arg-type]

    @invariant()
    def every_earlier_byte_is_unchanged(self) -> None:
        if hasattr(self, "town"):
            now = self.written()
            assert now.startswith(self.seen)
            self.seen = now[: now.rfind(b"\n") + 1]

    def nothing_is_lost(self, state: Path) -> None:
        knowledge = fold(store.read(state))
        for path, article in self.standing.items():
            known = knowledge.find(self.town.city.url + path)
            assert known is not None, article.title
            assert known.state in ("queued", "review", "sent") or known.reason, article.title

    def settle_everything(self) -> None:
        """LINE is back, the clocks are right, a person answers: then everything that stands there was sent, once."""
        self.town.line.recover()
        self.skew = timedelta(0)
        for _ in range(MANY):
            report = self.run_on(self.states[0])
            self.resolve()
            for known in self.knowledge().queue():
                if known.state == "review":
                    self.approve_or_reject(known.id, yes=True)
            knowledge = self.knowledge()
            if report.exit == 0 and not knowledge.queue() and not knowledge.unfinished():
                break
            self.town.now += timedelta(hours=1)
            while not is_open(self.town.now, load(self.town.config).policy.hours):
                self.town.now += timedelta(hours=1)
        else:
            raise AssertionError(f"not quiet after {MANY} runs: {report.failures}")
        self.never_twice()
        self.never_outside_the_hours_unless_an_emergency()
        self.every_earlier_byte_is_unchanged()
        assert self.town.line.violations == []
        check_chain(self.states[0], self.town.line)
        texts = self.town.sent_titles()
        there = {article.title for article in self.standing.values()}
        assert all(sum(title in text for text in texts) == 2 for title in self.released & there)
        for path, article in self.standing.items():
            sent = any(article.title in text for text in texts)
            assert sent or article_id(self.town.city.url + path) in self.refused, article.title

    # How

    def run_on(self, state: Path) -> Report:
        # The name of the sandbox's clock says that this machine and LINE have two clocks, which are compared.
        environment = {**self.town.environment, CLOCK: ""}
        world = World(environment, lambda: self.town.now + self.skew, lambda seconds: None)
        return run(load(self.town.config), state, world)

    def ledger(self) -> Ledger:
        return Ledger(self.states[0], load(self.town.config).state, "desk", lambda: self.town.now)

    def approve_or_reject(self, article: str, yes: bool) -> None:
        with self.ledger() as ledger:
            if article in {known.id for known in ledger.knowledge.queue()}:
                title = ledger.knowledge.articles[article].title
                if yes and any(title in shown for shown in self.town.sent_titles()):
                    assert title in self.emergencies
                    self.released.add(title)
                desk = Desk(load(self.town.config), ledger, "miryoku")
                (desk.approve if yes else desk.reject)([article])
                if not yes:
                    self.refused.add(article)

    def knowledge(self) -> Knowledge:
        with self.ledger() as ledger:
            return ledger.knowledge

    def written(self) -> bytes:
        """The ledger as everybody sees it: what was pushed, or what is on the disk."""
        if self.git:
            names = self.town.git("ls-tree", "--name-only", "main:state", at=self.town.remote).split()
            return "".join(
                self.town.git("cat-file", "blob", f"main:state/{name}", at=self.town.remote)
                for name in names
                if name.startswith("ledger-")
            ).encode()
        return b"".join(file.read_bytes() for file in store.files(self.town.state))


Life.TestCase.settings = settings(
    max_examples=25 * SOAK or 10, stateful_step_count=50 if SOAK else 40, deadline=None, derandomize=not SOAK, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip
TestLife = Life.TestCase
