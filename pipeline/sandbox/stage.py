"""Tells the demo's story: step by step on a terminal or in a log, or as one JSON document. Words: templates/report/demo."""

import os
from pathlib import Path
from typing import Any, TextIO

from msgspec import to_builtins
from msgspec.structs import asdict

from pipeline import templates
from pipeline.config import Config
from pipeline.exits import DONE, FAILED
from pipeline.report import render
from pipeline.report.progress import CLEAR_LINE, is_colourful
from pipeline.sandbox.demo import Ending, Step, tell

FOLDER = Path(".demo")
LISTED = 3  # articles shown for one reason


def show(config: Config, out: TextIO, *, quiet: bool) -> dict[str, Any]:
    """Play the story in `.demo/` of the current directory, told while it goes on unless `quiet`; returns its document."""
    stage = _Stage(out, quiet=quiet)
    stage.write("title")
    ending = tell(config, FOLDER, stage.begin, stage.hear)
    stage.write("end", ending=ending)
    return _document(stage.steps, ending)


class _Stage:
    def __init__(self, out: TextIO, *, quiet: bool) -> None:
        self.out, self.quiet = out, quiet
        self.is_terminal = out.isatty()
        self.colour = is_colourful(out, os.environ)
        self.tale = templates.words("report/demo/story.toml", dict[str, Any])
        self.steps: list[Step] = []

    def write(self, template: str, **values: Any) -> None:
        if not self.quiet:
            page = render.text(f"demo/{template}", colour=self.colour, tale=self.tale, listed=LISTED, **values)
            self.out.write(page + "\n\n")
            self.out.flush()

    def begin(self, name: str) -> None:
        """On a terminal, say what is going on; the line disappears when the step is told."""
        if self.is_terminal and not self.quiet:
            self.out.write(f"{CLEAR_LINE}   … {self.tale['steps'][name]['gloss']}")
            self.out.flush()

    def hear(self, step: Step) -> None:
        self.steps.append(step)
        if self.is_terminal and not self.quiet:
            self.out.write(CLEAR_LINE)
        self.write("step", step=step, number=len(self.steps), told=self.tale["steps"][step.name])


def _document(steps: list[Step], ending: Ending) -> dict[str, Any]:
    told = [{name: value for name, value in asdict(step).items() if name != "report"} for step in steps]
    came_true = not ending.lies
    return {
        "steps": to_builtins(told),
        **to_builtins(ending, enc_hook=str),
        "came_true": came_true,
        "exit": DONE if came_true else FAILED,
    }
