"""One module a command or a few that belong together, imported only when one of them is asked for.

Each function takes the parsed options and returns an `Output`; `pipeline.cli` prints it, once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from pipeline.config import Config, ConfigError, load
from pipeline.exits import DONE
from pipeline.report.place import Place, options_needed, place_of
from pipeline.report.progress import is_colourful
from pipeline.world import World

if TYPE_CHECKING:
    from pipeline.ledger.ledger import Ledger


class Output(Struct, frozen=True):
    """What a command answers.

    Attributes:
        document: for --json.
        text: makes what people read; what a command told while it went on is not told again.
        exit: the exit code of the contract.
    """

    document: Mapping[str, Any]
    text: Callable[[], str] = str
    exit: int = DONE


def configured(options: argparse.Namespace) -> Config:
    """The configuration that the command is about; with `--rehearsal` the one of the test channel, and its own ledger.

    Raises ConfigError.
    """
    config = load(options.config)
    if not options.rehearsal:
        return config
    if config.rehearsal is None:
        raise ConfigError(
            f"--rehearsal: {options.config} has no table [rehearsal]; it names the test channel's account"
        )
    options.state = Path(config.rehearsal.state)
    return replace(config, line=replace(config.line, account=config.rehearsal.account))


def ledger_of(options: argparse.Namespace, config: Config, world: World, *, rehearse: bool = False) -> "Ledger":
    """The ledger for what a person decides, under an id of its own; in a rehearsal nothing is written."""
    from pipeline.ledger.ledger import Ledger, Rehearsal  # and with it git: not for --help

    run = f"d{world.now():%Y%m%d-%H%M%S}"
    if rehearse:
        return Rehearsal(options.state, run, world.now)
    return Ledger(options.state, config.state, run, world.now)


def place(options: argparse.Namespace) -> Place:
    """Where the person is who reads the answer."""
    return place_of(os.environ, typed(options))


def typed(options: argparse.Namespace) -> str:
    """The options that a person repeats in the next command."""
    state = Path("state") if options.rehearsal else options.state
    return f"{options_needed(os.environ, options.config, state)}{' --rehearsal' if options.rehearsal else ''}"


def colour() -> bool:
    """Whether stdout is a terminal that wants colours."""
    return is_colourful(sys.stdout, os.environ)
