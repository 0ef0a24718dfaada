"""A whole town for tests: the embedded city, the embedded LINE, a configuration, a state directory, and the real
console script in another process. With `git=True` the state is in a clone of a bare remote."""

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.config import JST
from pipeline.sandbox.articles import ARTICLES, SampleArticle
from pipeline.sandbox.line import Accepted
from tests.doubles.city import City
from tests.doubles.line import LONG_LIVED_TOKEN, LineServer
from tests.remembered import Port, remembered
from tests.zygote.client import Process, Series, Zygote

ROOT = Path(__file__).parent.parent
TUESDAY = datetime(2026, 11, 24, 8, 0, tzinfo=JST)  # the day after 勤労感謝の日, one hour before opening
CONFIG = ROOT / "tests" / "kadoma.toml"
SCRIPT = Path(sys.executable).parent / "kadoma-line"

SERIES = 4  # processes of a worker that take turns

_free_ports: list[tuple[Port, Port]] = []  # of towns that have ended: of the city, of LINE


def titles(broadcast: Accepted) -> list[str]:
    """The words of each message; a card's are its altText. (An emergency whose card LINE refuses goes out as plain words.)"""
    return [message.get("altText") or message["text"] for message in broadcast.messages]


class Result:
    """What one call of the console script did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def decisions(self) -> dict[str, tuple[str, str]]:
        """Title → (decision, reason) of `run --json`."""
        return {row["title"]: (row["decision"], row["reason"]) for row in self.json["articles"]}


class Town:
    """Everything started, nothing published yet; `now` is the clock of LINE and of the next call."""

    def __init__(self, folder: Path, git: bool = False) -> None:
        self.folder = folder
        self.now = TUESDAY
        self._ports = _free_ports.pop() if _free_ports else (Port(), Port())
        self.city = City(port=self._ports[0].number)
        self.line = LineServer(now=lambda: self.now, port=self._ports[1].number)
        self.city.start()
        self.line.start()
        self.environment = {"LINE_CHANNEL_ACCESS_TOKEN": LONG_LIVED_TOKEN}
        self.remote = folder / "remote.git"
        self.config = folder / "kadoma.toml"
        self.state = folder / "state"
        self._pushes = git
        self.configure()
        if git:
            self._start_git()

    def configure(self, *changes: tuple[str, str]) -> None:
        """Write the tests' configuration (posters: miryoku, kiki) with loopback addresses and textual changes."""
        text = CONFIG.read_text(encoding="utf-8")
        text = text.replace("https://www.city.kadoma.osaka.jp", self.city.url).replace(
            "www.city.kadoma.osaka.jp", self.city.host
        )
        text = text.replace("https://api.line.me", self.line.url)
        text = text.replace("[site]\n", "[site]\npause = 0\n")
        if not self._pushes:
            text = text.replace("push = true ", "push = false")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.config.write_text(text, encoding="utf-8")

    def with_emergency_source(self, *changes: tuple[str, str]) -> None:
        """The configuration with the city's emergency page as a source."""
        source = '[[site.sources]]\nkind = "html"\nurl = "/kinkyu/index.html"\nemergency = true\nselect = { item = "li.page", link = "a", date = ".date" }\n\n[line]\n'
        self.configure(("[line]\n", source), *changes)

    def publish(self, *articles: SampleArticle, at: datetime | None = None) -> None:
        for article in articles:
            self.city.publish(article, at or self.now)

    def with_baseline(self, count: int = 10) -> None:
        """Old articles, and a first run that takes them as known."""
        for number, article in enumerate(ARTICLES[:count]):
            self.city.publish(article, self.now - timedelta(days=20, hours=-number))
        self.run_as_often()

    def run_as_often(self) -> None:
        """A run with which many tests begin, that is green and asks nothing of LINE."""
        site = self.city.told()
        about = (self.config.read_text(encoding="utf-8"), self.now, sorted(self.environment.items()), site)
        parts = ("checkout", "remote.git") if self._pushes else (self.state.name,)
        before = len(self.city.requests), len(self.line.requests)

        def work() -> tuple[Any, bool]:
            self.run(code=0)
            return self.city.requests[before[0] :], self.line.requests[before[1] :] == [] and site is not None

        asked = remembered(about, self.folder, parts, work)
        if len(self.city.requests) == before[0]:
            self.city.requests += asked

    def run(self, *arguments: str, code: int | None = None) -> Result:
        """`kadoma-line run --json`, by the town's clock."""
        return self.call("run", "--json", *arguments, code=code)

    def call(
        self,
        *arguments: str,
        code: int | None = None,
        environment: Mapping[str, str] | None = None,
        json: bool = False,
        cold: bool = False,
    ) -> Result:
        """Any command; `code` is the exit code it must have. `cold` starts a new interpreter instead of forking one that has
        imported everything."""
        command = self.command(*arguments, *(["--json"] if json else []))
        result = self._call_cold(command, environment) if cold else self._call_warm(command, environment)
        if code is not None:
            assert result.code == code, f"{result.code} instead of {code}\n{result.out}\n{result.err}"
        return result

    def there(self, folder: Path, *arguments: str) -> Result:
        """A command as a person types it in a folder, with no options of ours."""
        return Result(*series().call([str(SCRIPT), *arguments], self.process_environment(), folder))

    def _call_cold(self, command: list[str], environment: Mapping[str, str] | None) -> Result:
        done = subprocess.run(
            command, env=self.process_environment(environment), capture_output=True, text=True, timeout=120, check=False,
            cwd=self.folder,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def _call_warm(self, command: list[str], environment: Mapping[str, str] | None) -> Result:
        return Result(*series().call(command, self.process_environment(environment), self.folder))

    def start(self, *arguments: str, **how: Any) -> Process:
        """Any command, without waiting for its end (`Zygote.start` says how)."""
        return zygote().start(self.command(*arguments), self.process_environment(), self.folder, **how)

    def command(self, *arguments: str) -> list[str]:
        return [str(SCRIPT), *arguments, "--config", str(self.config), "--state", str(self.state)]

    def process_environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LINE_", "GITHUB_", "KADOMA_"))
        }
        return {**kept, "KADOMA_LINE_SANDBOX_CLOCK": self.now.isoformat(), **self.environment, **(more or {})}

    def events(self) -> list[dict[str, Any]]:
        """Every event of the ledger, as plain JSON."""
        lines = [
            line
            for file in sorted(self.state.glob("ledger-*.jsonl"))
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        return [json.loads(line) for line in lines]

    def sent_titles(self) -> list[str]:
        """What residents got, in order: of every message what the list of chats shows."""
        return [title for broadcast in self.line.accepted for title in titles(broadcast)]

    def git(self, *arguments: str, at: Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=at or self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def clone(self, name: str) -> Path:
        """Another checkout of the remote, as another runner or a person has it."""
        self.git("clone", "--quiet", str(self.remote), name)
        return self.folder / name

    def _start_git(self) -> None:
        remembered(("a new repository",), self.folder, ("checkout", "remote.git"), self._make_repository)
        self.state = self.folder / "checkout" / "state"

    def _make_repository(self) -> tuple[None, bool]:
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        checkout = self.clone("checkout")
        (checkout / "state").mkdir()
        (checkout / "state" / "README.md").write_text("The ledger.\n", encoding="utf-8")
        self.git("checkout", "--quiet", "-b", "main", at=checkout)
        self.git("add", ".", at=checkout)
        person = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
        self.git(*person, "commit", "--quiet", "-m", "start", at=checkout)
        self.git("push", "--quiet", "-u", "origin", "main", at=checkout)
        return None, True

    def stop(self) -> None:
        self.city.stop()
        self.line.stop()
        _free_ports.append(self._ports)
        assert self.city.errors == []
        assert self.line.errors == []


@functools.cache
def zygote() -> Zygote:
    """The one that this process uses, started when it is first needed."""
    made = Zygote()
    if made.is_cold:
        _warm_up(made)
    return made


def _warm_up(made: Zygote) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder))
        town.publish(*ARTICLES[:10], at=town.now - timedelta(days=1))
        for article in (None, ARTICLES[20]):  # what is known, and news that is sent
            if article:
                town.publish(article)
                town.now += timedelta(hours=2)
            assert made.warm_up(town.command("run")[1:], town.process_environment()) == 0
        town.stop()


@functools.cache
def _all_series() -> list[Series]:
    return [Series(zygote()) for _ in range(SERIES)]


def series() -> Series:
    """In which the next command is carried out that nobody interrupts. It is not that of the one before: what a command should
    have written down, and only remembers, the next one does not know."""
    _all_series().append(_all_series().pop(0))
    return _all_series()[0]


def stop_zygote() -> None:
    """End it, if it was needed."""
    if _all_series.cache_info().currsize:
        for one in _all_series():
            one.stop()
        _all_series.cache_clear()
    if zygote.cache_info().currsize:
        zygote().stop()
        zygote.cache_clear()
