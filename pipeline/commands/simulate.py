"""`simulate`: a year, or a disaster night, in a few seconds."""

import argparse
from datetime import datetime

from pipeline.commands import Output, configured
from pipeline.config import JST, ConfigError
from pipeline.exits import DONE, FAILED
from pipeline.report import render
from pipeline.sandbox import night, publications
from pipeline.sandbox import simulate as year

NIGHT = datetime(2026, 11, 24, 18, 0, tzinfo=JST)  # a Tuesday, after the posting hours


def simulate(options: argparse.Namespace) -> Output:
    """Publications of a file or of a made-up city through the real decisions; sends nothing, writes nothing."""
    if options.night:
        return _night(options)
    if options.begin is None or options.end is None:
        raise ConfigError("simulate needs --from and --to, or --night")
    if options.begin >= options.end:
        raise ConfigError(f"--to: found {options.end.isoformat()}; allowed: an instant after --from")
    config, seed = configured(options), options.made_up or 1
    asked = year.Asked(options.begin, options.end, options.schedule, options.watch, options.outside, seed)
    if options.clock:
        document = year.punctuality(config, asked)
        return Output(document | {"exit": DONE}, lambda: render.text("clock", clock=document))
    if (options.file is None) == (options.made_up is None):
        raise ConfigError("simulate needs either FILE or --made-up SEED")
    made = publications.load(options.file) if options.file else publications.made_up(seed, asked.begin, asked.end)
    document = year.simulate(config, made, asked)
    return Output(document | {"exit": DONE}, lambda: render.text("simulate", run=document))


def _night(options: argparse.Namespace) -> Output:
    document = night.night(configured(options), options.begin or NIGHT, options.made_up or 1)
    code = DONE if document["holds"] else FAILED
    return Output(document | {"exit": code}, lambda: render.text("night", night=document), code)
