"""What is measured: each scene gives rows, and says which ratios it promises."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from benchmarks import history
from benchmarks.contenders import PEERS, SCRIPT, Contender, Floor, Ours, OursWithNews, StandardFloor
from benchmarks.measure import Row, Sample, Unfit, once, rounds
from benchmarks.site import LIST, NOW, Site
from tests.doubles.line import LineServer

OURS = Ours.name
SIZES = (1_000, 10_000, 100_000)  # events
COMMANDS = (
    "run",
    "watch",
    "preview",
    "status",
    "explain",
    "approve",
    "reject",
    "post",
    "resolve",
    "form",
    "doctor",
    "watchdog",
    "simulate",
    "ledger",
    "demo",
)


class Promise(Struct, frozen=True):
    """`field` of `name` is at most `most` times that of the cheapest of `others`."""

    field: str
    most: float
    others: tuple[str, ...]
    name: str = OURS


class Scene(Struct, frozen=True):
    title: str
    rows: tuple[Row, ...]
    promises: tuple[Promise, ...] = ()
    note: str = ""


class Stage:
    """The servers and the folder of one bench."""

    def __init__(self, folder: Path, peers: Path, count: int, tell: Callable[[str], object]) -> None:
        self.folder, self.peers, self.count, self.tell = folder, peers, count, tell
        self.few = max(3, count // 3)  # rounds where seconds are told, or a ratio with a wide margin
        self.site = Site()
        self.line = LineServer(now=lambda: NOW, hourly=1_000_000)
        self.absent: list[str] = []

    def __enter__(self) -> "Stage":
        self.site.start()
        self.line.start()
        self.site.fill()
        return self

    def __exit__(self, *_: object) -> None:
        self.site.stop()
        self.line.stop()

    def rounds(self, *contenders: Contender, count: int | None = None) -> tuple[Row, ...]:
        return tuple(rounds({one.name: one.measured for one in contenders}, count or self.count, tell=self.tell))

    def everybody(self) -> list[Contender]:
        """Ours, the floors, and every peer that runs here, all of them knowing the site as it is."""
        found: list[Contender] = []
        for floor in (Floor, StandardFloor):
            found.append(floor(self.folder / floor.__name__, self.site))
        found.insert(0, Ours(self.folder / "ours", self.site, self.line))
        for one in found:
            one.know()
        for kind in PEERS:
            try:
                peer = kind(self.folder / kind.name, self.site, self.peers / "bin")
                peer.know()
            except (Unfit, OSError) as error:
                self.absent.append(f"{kind.name} does not run here: {str(error).splitlines()[-1][:100]}")
            else:
                found.append(peer)
        return found


def no_news(stage: Stage) -> Iterator[Scene]:
    """The three kinds of a run without news."""
    site, everybody = stage.site, stage.everybody()
    peers = tuple(one.name for one in everybody if isinstance(one, PEERS))
    site.conditional = "honoured"
    floor = Floor.name
    yield Scene(
        "No news, the server says 304",
        stage.rounds(*everybody),
        (Promise("cpu", 1.3, (floor,)), Promise("wall", 1.0, peers), Promise("peak", 1.0, peers)),
        "feed2toot never asks conditionally.",
    )
    site.conditional = "absent"
    for one in everybody:
        one.know()
    yield Scene(
        "No news, the same 1,000 entries again (200, a server without validators)",
        stage.rounds(*everybody),
        (Promise("wall", 0.6, peers), Promise("cpu", 1.4, (floor,)), Promise("peak", 1.0, peers)),
    )
    site.fill(touched=True)
    yield Scene(
        "No news, but other bytes: 1,000 entries to be read and compared (200)",
        stage.rounds(*everybody),
        (Promise("wall", 0.6, peers), Promise("cpu", 1.4, (floor,)), Promise("peak", 1.0, peers)),
        "Only a field that nobody shows has changed.",
    )
    site.conditional = "honoured"
    site.fill()


class SdkAlone(Contender):
    name = "importing linebot.v3.messaging alone"

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import linebot.v3.messaging"]

    def check(self, text: str) -> None:
        """It asks nobody."""


def news(stage: Stage) -> Iterator[Scene]:
    ours = OursWithNews(stage.folder / "news", stage.site, stage.line)
    ours.know()
    stage.site.fill(with_news=True)
    stage.site.latency = 0.01  # seconds: without it an answer is there before the second page is asked for
    rows = stage.rounds(ours, SdkAlone(stage.folder / "sdk", stage.site))
    yield Scene(
        "12 new articles: pages read, one broadcast accepted by LINE", rows, (Promise("cpu", 1.8, (SdkAlone.name,)),),
        f"At most {ours.at_once} requests to the site were in flight at once.",
    )  # fmt: skip
    stage.site.latency = 0
    stage.site.fill()


def years(stage: Stage) -> Iterator[Scene]:
    """The curve: the same run on ledgers of three sizes."""
    for title, kind, with_news, most in (
        ("A ledger of ten years, no news (304)", Ours, False, 10.0),
        ("A ledger of ten years, 12 new articles", OursWithNews, True, 0.0),
    ):
        made: list[Contender] = []
        stage.site.fill()
        for size in SIZES:
            ours = kind(stage.folder / f"{kind.__name__}-{size}", stage.site, stage.line)
            ours.name = f"{size:,} events"
            history.write(ours.state, size, stage.site.url, stage.site.url + LIST)
            ours.keep()
            ours.know()  # notes the validators
            made.append(ours)
        if with_news:
            stage.site.fill(with_news=True)
        less, large = made[-2].name, ours.name  # ten times the events, at most ten times the cost
        promises = (Promise("cpu", most, (less,), large), Promise("peak", most, (less,), large)) if most else ()
        yield Scene(
            title,
            stage.rounds(*made, count=stage.few),
            promises,
            "The smallest ledger is the baseline of the 1,000 listed.",
        )
    stage.site.fill()


def imports(stage: Stage) -> Iterator[Scene]:
    """What it costs that a command exists: `--help`, which imports what its module imports."""
    environment = Ours(stage.folder / "imports", stage.site, stage.line).environment
    jobs: dict[str, Callable[[], Sample]] = {
        "python -c pass": lambda: once([sys.executable, "-c", "pass"], stage.folder, environment)[0]
    }
    for command in COMMANDS:
        line = [str(SCRIPT), command, "--help"]
        jobs[f"kadoma-line {command} --help"] = lambda line=line: once(line, stage.folder, environment)[0]  # type: ignore[misc]
    jobs["import pipeline.run"] = lambda: once(
        [sys.executable, "-c", "import pipeline.run"], stage.folder, environment
    )[0]
    yield Scene("Starting each command", tuple(rounds(jobs, stage.few, tell=stage.tell)))


def simulation(stage: Stage) -> Iterator[Scene]:
    """One year of a made-up city through the real decisions."""
    ours = Ours(stage.folder / "simulation", stage.site, stage.line)
    last_year = ["--from", f"{NOW.year - 1}-{NOW:%m-%d}", "--to", f"{NOW:%Y-%m-%d}"]
    command = [str(SCRIPT), "simulate", "--made-up", "1", *last_year, "--config", str(ours.home / "kadoma.toml")]
    jobs = {"simulate, one year": lambda: once(command, stage.folder, ours.environment)[0]}
    yield Scene("simulate, one year", tuple(rounds(jobs, stage.few, tell=stage.tell)))
