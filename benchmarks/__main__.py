"""`make bench`: everything on loopback, side by side, in one run."""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import repository, scenes, table
from benchmarks.scenes import Scene, Stage

RESULTS = Path(__file__).parent / "results.md"
README = Path(__file__).parent.parent / "README.md"
SUMMARY = re.compile(r"(?<=<!-- make bench writes from here -->\n).*?(?=<!-- to here -->)", re.DOTALL)
TITLE = "# Results\n\nWritten by `make bench`; never typed by hand. What is measured and why: README.md.\n\n"
PARTS: dict[str, Callable[[Stage], Iterator[Scene]]] = {
    "no-news": scenes.no_news,
    "news": scenes.news,
    "years": scenes.years,
    "imports": scenes.imports,
    "simulation": scenes.simulation,
    "git": repository.scenes,
}


def main() -> int:
    """Measure, print, write; 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, metavar="VENV", help="the venv of the peers")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--append", action="store_true", help="keep the results that stand there: a second run after the first"
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="a part; its results are printed and not written"
    )
    options = parser.parse_args()
    began, found = time.monotonic(), []
    with (
        tempfile.TemporaryDirectory(prefix="kadoma-bench-") as folder,
        Stage(
            Path(folder),
            options.peers.absolute(),
            options.rounds,
            lambda text: print(text, end="", file=sys.stderr, flush=True),
        ) as stage,
    ):
        for name in options.only or PARTS:
            print(f"\n{name} ", end="", file=sys.stderr, flush=True)
            found += list(PARTS[name](stage))
        told = table.results(found, stage.absent, options.rounds, options.peers)
    verdicts = [verdict for scene in found for verdict in table.verdicts_of(scene)]
    print(f"\n\n{told}\n{time.monotonic() - began:.0f} s")
    if not options.only:
        before = RESULTS.read_text(encoding="utf-8") if options.append and RESULTS.exists() else TITLE
        RESULTS.write_text(before.rstrip("\n") + "\n\n" + told, encoding="utf-8")
        README.write_text(
            SUMMARY.sub(lambda _: table.promises(verdicts) + "\n", README.read_text(encoding="utf-8")), encoding="utf-8"
        )
    return 0 if all(kept for *_, kept in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
