"""One measured process, and what many of them say together."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

LAUNCH = Path(__file__).parent / "launch.py"


class Unfit(Exception):
    """A command did not do its job: its time says nothing."""


class Sample(Struct, frozen=True):
    """What one process cost: seconds, CPU seconds (its children included), MiB, requests made, bytes of bodies fetched."""

    wall: float
    cpu: float
    peak: float
    requests: int = 0
    fetched: int = 0


class Row(Struct, frozen=True):
    """What one contender cost over all rounds of one case."""

    name: str
    samples: tuple[Sample, ...]

    def median(self, field: str) -> float:
        return float(statistics.median(getattr(sample, field) for sample in self.samples))

    def ratio(self, other: "Row", field: str) -> float:
        """The median of the ratios round by round: what the machine does in one round, it does to both alike."""
        pairs = zip(self.samples, other.samples, strict=True)
        return float(statistics.median(getattr(ours, field) / getattr(theirs, field) for ours, theirs in pairs))

    def spread(self, field: str) -> tuple[float, float]:
        values = [getattr(sample, field) for sample in self.samples]
        return min(values), max(values)


def once(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], codes: Sequence[int] = (0,)
) -> tuple[Sample, str]:
    """Run the command to its end. Raises Unfit when it fails."""
    result, log = folder / "result.json", folder / "log.txt"
    subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), str(result), str(log), *command],
        env=dict(environment), check=True, timeout=300, cwd=folder,
    )  # fmt: skip
    told, text = json.loads(result.read_text()), log.read_text(errors="replace")
    if told["code"] not in codes:
        raise Unfit(f"{' '.join(command)} ended with {told['code']}:\n{text[-2000:]}")
    return Sample(told["wall"], told["cpu"], told["peak"]), text


def rounds(
    jobs: Mapping[str, Callable[[], Sample]],
    count: int,
    warm_up: int = 1,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Row]:
    """Every job once a round, in turn, so that whatever else the machine does hits all of them alike; each round begins
    with another job. The warm-up rounds do not count."""
    names = list(jobs)
    samples: dict[str, list[Sample]] = {name: [] for name in jobs}
    for number in range(warm_up + count):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            sample = jobs[name]()
            if number >= warm_up:
                samples[name].append(sample)
        tell(".")
    return [Row(name, tuple(found)) for name, found in samples.items()]
