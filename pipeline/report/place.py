"""Where people write the commands that we name: on this machine, or on GitHub, by form and replies."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pipeline.late import late

REPOSITORY = late(r"[\w.-]+/[\w.-]+", re.ASCII)
SERVER = late(r"https?://[\w.-]+(:\d+)?", re.ASCII)


class Place(Struct, frozen=True):
    """Where commands are run, and the options that they need there.

    Attributes:
        actions: the list of runs on GitHub; "" on another machine.
        record: of the run that tells it.
    """

    options: str = ""
    actor: str = ""
    actions: str = ""
    record: str = ""

    @property
    def by_reply(self) -> bool:
        """Whether form and replies decide: they are about the repository's own city, whose commands need no options."""
        return not self.options

    @property
    def form(self) -> str:
        """The form that does the same on GitHub, if there is one."""
        return f"{self.actions}/workflows/post.yml" if self.actions and self.by_reply else ""

    def command(self, text: str, by_a_person: bool = False) -> str:
        """The exact command with the options it needs here; another program's has none of ours."""
        ours = text.startswith("kadoma-line ")
        return f"{text}{self.options if ours else ''}{self.actor if by_a_person else ''}"


def options_needed(environment: Mapping[str, str], config: Path, state: Path) -> str:
    """The options that a command needs where a person writes it: on this machine, or of a run on GitHub in a clone, where
    what stands outside of it has no name."""
    options = ""
    for name, path, usual in (("--config", config, "kadoma.toml"), ("--state", state, "state")):
        given = path
        if _actions(environment):
            root = Path(environment.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
            whole = path.resolve()
            given = whole.relative_to(root) if whole.is_relative_to(root) else Path(usual)
        if str(given) != usual:
            options += f" {name} {shlex.quote(str(given))}"
    return options


def place_of(environment: Mapping[str, str], options: str = "") -> Place:
    """How a person writes a command there, and where GitHub shows what runs."""
    from pipeline.report import words  # a cycle: what is told speaks of places

    actions, run = _actions(environment), environment.get("GITHUB_RUN_ID", "")
    record = f"{actions}/runs/{run}" if actions and run.isdigit() else ""
    return Place(options, f" --actor {words.sentence('login')}", actions, record)


def _actions(environment: Mapping[str, str]) -> str:
    """Where GitHub shows the runs; "" on any other machine."""
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}/actions" if SERVER.fullmatch(server) and REPOSITORY.fullmatch(repository) else ""
