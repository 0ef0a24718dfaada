"""`run` and `watch`: passes, each told when it is done."""

import argparse
import os
import sys

from pipeline.commands import Output, colour, configured, place, typed
from pipeline.config import ConfigError
from pipeline.report import progress, tell
from pipeline.report.outcome import Report
from pipeline.run import run as one_pass
from pipeline.runner import Summary, origin_of
from pipeline.world import World


def run(options: argparse.Namespace) -> Output:
    """One full pass."""
    if options.now and not options.dry_run:
        raise ConfigError("--now is only for --dry-run: a real run decides by the real clock")
    config = configured(options)
    world = World.real(config) if options.now is None else World(os.environ, lambda: options.now)
    world.typed = typed(options)
    world.obey_signals()
    world.progress = progress.shown_on(sys.stderr)
    report = one_pass(config, options.state, world, options.dry_run, reread=lambda: configured(options))
    if options.fate and report.knowledge is not None:
        asked = report.knowledge.deeds.get(origin_of(os.environ))
        report.asked_for = asked.articles if asked else ()
    if os.environ.get(tell.SUMMARY):
        tell.append_summary(tell.summary(report, config, options.state, place(options)), os.environ)
    return Output(report.document(), lambda: tell.run(report, config, place(options), colour=colour()), report.exit)


def watch(options: argparse.Namespace) -> Output:
    """Passes until the time is up."""
    from pipeline.watch import Watch, watch  # and with it GitHub, which a single quiet pass does not need

    world = World.real(configured(options))
    world.typed = typed(options)
    world.obey_signals()
    documents = []
    summary = Summary(os.environ)
    here = place(options)

    def told(report: Report) -> None:
        config = configured(options)
        documents.append(report.document())
        if not options.json:
            print(tell.run(report, config, here), flush=True)
        summary.make_room()
        tell.append_summary(tell.summary(report, config, options.state, here), os.environ)
        if report.broadcasts or report.failures:
            summary.keep()

    asked = Watch(options.span, options.every, options.while_open, tuple(options.step_aside_for), options.hand_over)
    report = watch(asked, lambda: configured(options), options.state, world, told)
    return Output({"passes": documents, "exit": report.exit}, exit=report.exit)
