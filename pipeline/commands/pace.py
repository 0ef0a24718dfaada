"""`pace`: one turn of the relay, or a new start of a chain that broke. Run by the workflows; needs GitHub."""

import argparse
import os

from pipeline import templates
from pipeline.commands import Output, configured
from pipeline.config import ConfigError
from pipeline.exits import DONE, FAILED, WAITS
from pipeline.pace import Chain, Turn, restart, turn, wake
from pipeline.report.github import GitHub, tolerated
from pipeline.report.tell import append_summary
from pipeline.runner import tell_the_workflow
from pipeline.world import World


def pace(options: argparse.Namespace) -> Output:
    """One turn. Exit code 3: there is no timer, and a person must set it; 1: the chain breaks here."""
    config = configured(options)
    github = GitHub.of(config, os.environ)
    if github is None:
        raise ConfigError("pace works on GitHub alone: it needs GITHUB_TOKEN and GITHUB_REPOSITORY")
    world = World.real(config)
    world.obey_signals()
    if options.restart:
        return _restarted(options, world, github)
    if options.look:
        done = Turn(wake(config, options.state, world, github), "off")
        return Output({"woke": done.why, "exit": DONE}, lambda: words().get(done.why, ""))
    done = turn(config, options.state, world, github, last=options.last)
    tell_the_workflow("ended", str(done.chain == "ended").lower(), os.environ)
    told = "".join(words()[code] for code in (done.chain, done.why) if code)
    if done.chain in ("hot", "broken"):
        append_summary(told + "\n", os.environ)
    code = {"hot": WAITS, "broken": FAILED}.get(done.chain, DONE)
    return Output({"chain": done.chain, "woke": done.why, "exit": code}, lambda: told, code)


def _restarted(options: argparse.Namespace, world: World, github: GitHub) -> Output:
    """Never fails the job that it is the last step of."""
    chain: Chain = "broken"
    with tolerated():
        chain = restart(configured(options), world, github)
    return Output({"chain": chain, "exit": DONE}, lambda: words()[chain])


def words() -> dict[str, str]:
    return templates.words("report/pace.toml", dict[str, str])
