"""Results as Markdown: ratios first, because seconds are those of one machine."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.scenes import OURS, Promise, Scene

WORDS = {"cpu": "CPU", "wall": "time", "peak": "memory"}


def results(scenes: Sequence[Scene], absent: Sequence[str], rounds: int, peers: Path) -> str:
    """One run of the bench as a section of results.md."""
    verdicts = [verdict for scene in scenes for verdict in verdicts_of(scene)]
    parts = [
        f"## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine(rounds, peers),
        "### Promises",
        promises(verdicts),
    ]
    parts += [_scene(scene) for scene in scenes]
    parts += [f"Left out: {line}" for line in absent]
    return "\n\n".join(parts) + "\n"


def verdicts_of(scene: Scene) -> list[tuple[str, Promise, float, str, bool]]:
    """(scene, promise, ratio found, against whom, kept)."""
    told = []
    rows = {row.name: row for row in scene.rows}
    for promise in scene.promises:
        ratios = {name: rows[promise.name].ratio(rows[name], promise.field) for name in promise.others if name in rows}
        if not ratios:
            continue
        rival = max(ratios, key=lambda name: ratios[name])
        ratio = ratios[rival]
        told.append((scene.title, promise, ratio, rival, ratio <= promise.most))
    return told


def promises(verdicts: Sequence[tuple[str, Promise, float, str, bool]]) -> str:
    """The summary, which README.md shows too."""
    lines = ["| case | ratio | promised | of what | |", "|---|---:|---:|---|---|"]
    for title, promise, ratio, rival, kept in verdicts:
        what = f"{WORDS[promise.field]} of {rival}"
        lines.append(f"| {title} | **{ratio:.2f}** | ≤ {promise.most:g} | {what} | {'kept' if kept else 'NOT kept'} |")
    return "\n".join(lines)


def _scene(scene: Scene) -> str:
    base = next((row for row in scene.rows if row.name == OURS), scene.rows[0])
    lines = [
        f"### {scene.title}\n",
        f"| | CPU ÷ {base.name} | CPU s | time s | min to max | MiB | requests | bytes |",
        "|---|---:|---:|---:|---|---:|---:|---:|",
    ]
    for row in scene.rows:
        low, high = row.spread("wall")
        lines.append(
            f"| {row.name} | {row.median('cpu') / base.median('cpu'):.2f} | {row.median('cpu'):.3f} | {row.median('wall'):.3f} "
            f"| {low:.3f} to {high:.3f} | {row.median('peak'):.1f} | {row.median('requests'):.0f} | {row.median('fetched'):,.0f} |"
        )
    return "\n".join(lines) + (f"\n\n{scene.note}" if scene.note else "")


def machine(rounds: int, peers: Path) -> str:
    """What was measured, and on what."""
    model = platform.processor() or platform.machine()
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    shown = subprocess.run(
        [str(peers / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "freeze"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = ("rss2email", "reader", "urlwatch", "feed2toot")
    versions = [line for line in shown.stdout.splitlines() if line.partition("==")[0].lower() in names]
    return (
        f"{os.cpu_count()} × {model}, load {os.getloadavg()[0]:.1f}; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; {git}; requests {version('requests')}, line-bot-sdk {version('line-bot-sdk')}; "
        f"peers: {', '.join(versions)}. Medians of {rounds} rounds (large ledgers, starts, simulate, git: a third) after a warm-up, "
        "all contenders in turn in every round and on one core, ratios round by round, whole processes, everything on loopback."
    )
