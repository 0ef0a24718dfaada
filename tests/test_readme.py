"""What README.md says is true: its links lead somewhere, its commands are understood, its demo looks like that."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import _parser
from pipeline.commands.simulate import simulate
from tests.test_demo import play
from tests.town import CONFIG, ROOT, SCRIPT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def test_every_link_and_picture_is_there() -> None:
    links = [*re.findall(r"\]\(([^)]+)\)", README), *re.findall(r'src="([^"]+)"', README)]
    assert len(links) > 10
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def played(command: str) -> Mapping[str, Any]:
    """What a simulation of README says with the configuration of the tests: a city's own may have other hours."""
    return simulate(_parser().parse_args([*shlex.split(command), "--config", str(CONFIG)])).document


def commands() -> list[str]:
    lines = [line.partition(" # ")[0].strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("line", commands())
def test_every_command_is_understood(line: str) -> None:
    program, *arguments = shlex.split(line)
    assert program == "kadoma-line"
    assert _parser().parse_args(arguments).command


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):(?: .*)?(?:\n\t|$)", makefile, re.MULTILINE))


def test_every_make_target_has_a_recipe() -> None:
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets()


def test_the_demo_looks_as_shown(tmp_path: Path) -> None:
    shown = next(text for kind, text in BLOCKS if kind == "console" and "make demo" in text).splitlines()[1:]
    told = play(tmp_path).stdout.splitlines()
    at = 0
    for line in (line for line in shown if line != "…"):
        assert line in told[at:], f"{line!r} is not in the demo's output, or not in this order"
        at = told.index(line, at) + 1


def test_the_costs_are_those_that_were_measured_last() -> None:
    shown = README.partition("<!-- make bench writes from here -->\n")[2].partition("<!-- to here -->")[0]
    measured = (ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8").rpartition("### Promises\n\n")[2]
    assert shown.startswith("| case | ratio |")
    assert measured.startswith(shown)


def test_the_message_about_a_mistake_is_as_shown(tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8")
    (tmp_path / "kadoma.toml").write_text(text.replace('min_interval = "60m"', 'min_interval = "60"'), encoding="utf-8")
    done = subprocess.run([str(SCRIPT), "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr in README
    assert done.returncode == 2


LATE = re.findall(r"(?m)^\| [^|]+ \| `(--schedule [^`]+)` \| (.+) \|$", README)


@pytest.mark.parametrize(("options", "shown"), LATE)
def test_the_simulated_delays_are_as_shown(options: str, shown: str) -> None:
    command = next(line for line in commands() if line.startswith("kadoma-line simulate"))
    document = played(f"{command.partition(' --schedule ')[0].removeprefix('kadoma-line ')} {options}")
    figures = [
        _span(document[kind][figure]) for kind in ("in_hours", "any_hour") for figure in ("median", "p90", "p99")
    ]
    assert shown.split(" | ") == figures
    if "relay=" in options:  # what is promised of the clock
        assert all(document[kind]["median"] <= 5 and document[kind]["p90"] <= 10 for kind in ("in_hours", "any_hour"))


def test_the_last_per_cent_of_the_relay_is_as_uncertain_as_told() -> None:
    asked = "simulate --clock --from 2026-04-01 --to 2027-04-01 --schedule relay=2000 --made-up {}"
    told = [played(asked.format(seed))["any_hour"]["p99"] / 60 for seed in (1, 3)]
    least, most = map(int, re.findall(r"for the relay (\d+) to (\d+) hours with other dice", README)[0])
    assert least <= min(told) <= max(told) < most + 1


def _span(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 300 else f"{minutes / 60:.0f} h"


def test_the_delays_are_told_for_every_clock_that_a_city_can_choose() -> None:
    assert {
        "--schedule github", "--schedule github --watch open", "--schedule relay=2000", "--schedule relay=20000",
        "--schedule relays=2000", "--schedule github --outside 10m",
    } <= {row for row, _ in LATE}  # fmt: skip


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_what_the_pages_for_developers_name_is_there(name: str) -> None:
    named = re.findall(
        r"`((?:pipeline|tests|templates|state|docs|\.github)/[\w./-]*)`", (ROOT / name).read_text(encoding="utf-8")
    )
    assert named
    assert [one for one in named if not (ROOT / one).exists()] == []
    assert set(re.findall(r"`make ([a-z]+)`", (ROOT / name).read_text(encoding="utf-8"))) <= targets()
