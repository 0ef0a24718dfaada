"""`simulate`: a year in a few seconds."""

import argparse

from pipeline.commands import DONE, Output, configured
from pipeline.config import ConfigError
from pipeline.report import render
from pipeline.sandbox import publications
from pipeline.sandbox import simulate as year


def simulate(options: argparse.Namespace) -> Output:
    """Publications of a file or of a made-up city through the real decisions; sends nothing, writes nothing."""
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
