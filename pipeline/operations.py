"""The commands of operation: watch, form, doctor, watchdog. Parsed in `cli`, done here."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import Config, ConfigError, duration, load
from pipeline.refusal import Refusal
from pipeline.world import World

if TYPE_CHECKING:
    from pipeline.report.outcome import Report

DONE, FAILED = 0, 1


def add_commands(
    add: Callable[..., argparse.ArgumentParser], span: Callable[[str], Any], instant: Callable[[str], Any]
) -> None:
    """Tell the parser; `add` makes a command's own, `span` reads "55m", `instant` an ISO 8601 date and time."""
    one = add("watch", watch, "passes until the time is up")
    one.add_argument("--for", dest="span", type=span, default=span("55m"), metavar="55m")
    one.add_argument("--every", type=span, default=span("5m"), metavar="5m")
    one.add_argument(
        "--while-open",
        action="store_true",
        help="stay only for posting hours that last or begin in this time; else one pass",
    )
    one.add_argument(
        "--step-aside-for",
        action="append",
        default=[],
        metavar="WORKFLOW",
        help="end early when a person's run of this workflow waits (GitHub)",
    )
    one.add_argument(
        "--hand-over", action="store_true", help="ask for a next run when the posting hours last longer (GitHub)"
    )

    one = add("form", form, "one filled-in form of the workflow `post`, from FORM_… in the environment")
    one.add_argument("--check", action="store_true", help="whether it could be done; nothing is written")
    one.add_argument("--approved", action="store_true", help="ask GitHub who approved this run; recorded with it")

    one = add("simulate", simulated, "a year of publications through the real decisions; sends nothing, writes nothing")
    one.add_argument("file", nargs="?", type=Path, metavar="FILE", help="publications, one JSON object a line")
    one.add_argument("--made-up", type=int, metavar="SEED", help="publications of a made-up city instead of a file")
    one.add_argument("--from", dest="begin", type=instant, required=True, metavar="ISO8601")
    one.add_argument("--to", dest="end", type=instant, required=True, metavar="ISO8601")
    one.add_argument(
        "--schedule", type=_schedule, default=span("10m"), metavar="every=10m|github", help="default: every=10m"
    )
    one.add_argument(
        "--watch", choices=["none", "55m", "open"], default="none", help="what each trigger does after its pass"
    )
    one.add_argument("--outside", type=span, metavar="10m", help="an outside scheduler beside it")

    add("doctor", doctor, "checks configuration, site, sources, LINE, holidays, git; sends nothing")
    add("watchdog", watchdog, "tells when the main job does not run, or something waits too long")


def watch(options: argparse.Namespace) -> int:
    """Passes until the time is up."""
    from pipeline.report import tell
    from pipeline.report.status import place_of
    from pipeline.runner import Summary
    from pipeline.watch import Watch, watch

    world = World.real(load(options.config))
    world.obey_signals()
    documents = []
    summary = Summary(os.environ)

    place = place_of(os.environ, options.config, options.state)

    def told(report: "Report") -> None:
        config = load(options.config)
        documents.append(report.document())
        if not options.json:
            print(tell.run(report, config, place), flush=True)
        summary.make_room()
        tell.append_summary(tell.summary(report, config, options.state, place), os.environ)
        if report.broadcasts or report.failures:
            summary.keep()

    asked = Watch(options.span, options.every, options.while_open, tuple(options.step_aside_for), options.hand_over)
    report = watch(asked, lambda: load(options.config), options.state, world, told)
    if options.json:
        _print_json({"passes": documents, "exit": report.exit})
    return report.exit


def form(options: argparse.Namespace) -> int:
    """One filled-in form of post.yml."""
    from pipeline.desk import Desk
    from pipeline.form import filled_in, hand_in
    from pipeline.ledger.ledger import Ledger, Rehearsal
    from pipeline.ledger.store import LedgerError
    from pipeline.policy.posters import department_of
    from pipeline.report.github import GitHubError

    config = load(options.config)
    world = World.real(config)
    run = f"d{world.now():%Y%m%d-%H%M%S}"
    actors = [os.environ.get(f"GITHUB_{name}", "") for name in ("TRIGGERING_ACTOR", "ACTOR")]
    actor = next(filter(None, actors), "")
    try:
        asked = filled_in(os.environ)
        for one in filter(None, actors):  # who started it, and who started it again
            department_of(one, config.policy.posters)
        approver = _approver(config, actor) if options.approved else ""
        opened = (
            Rehearsal(options.state, run, world.now)
            if options.check
            else Ledger(options.state, config.state, run, world.now)
        )
        with opened as ledger:
            done = hand_in(asked, config, Desk(config, ledger, actor, approver))
    except (ConfigError, Refusal, LedgerError, GitHubError) as error:
        _tell_refused(error)
        raise
    told = {
        "action": asked.action,
        "actor": actor,
        "approver": approver,
        "check": options.check,
        "articles": [{"id": known.id, "title": known.title, "state": known.state} for known in done],
        "exit": DONE,
    }
    if options.json:
        _print_json(told)
    else:
        _tell_form(asked, told)
    return DONE


def _tell_form(asked: Any, told: dict[str, Any]) -> None:
    from pipeline.report.safe import markdown
    from pipeline.report.tell import append_summary
    from pipeline.templates import environment

    page = environment("text").get_template("report/form.md.j2")
    fields = {name: markdown(getattr(asked, name)) for name in asked.__struct_fields__}
    text = page.render(fields=fields, actor=markdown(told["actor"]), approver=markdown(told["approver"]), check=told["check"],
                       articles=[{key: markdown(value) for key, value in row.items()} for row in told["articles"]])  # fmt: skip
    print(text)
    append_summary(text, os.environ)


def _tell_refused(error: Exception) -> None:
    """On the summary page too: who filled in the form looks there, and not into the log."""
    from pipeline.report import render
    from pipeline.report.ending import ending
    from pipeline.report.tell import append_summary

    ended = ending(error)
    append_summary(render.markdown("refused", why=ended.message, failed=ended.exit == FAILED), os.environ)


def _approver(config: Config, actor: str) -> str:
    """The reviewer of this run; another person than the actor where there are several. Raises GitHubError."""
    from pipeline.report.github import GitHub

    github, run = GitHub.of(config, os.environ), os.environ.get("GITHUB_RUN_ID", "")
    if github is None or not run:
        raise ConfigError(
            "--approved asks GitHub who approved this run: it needs GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_RUN_ID"
        )
    logins = github.approvers(run)
    others = [login for login in logins if login.casefold() != actor.casefold()]
    return next(iter([*others, *logins]), "")


def doctor(options: argparse.Namespace) -> int:
    """Every check, in words; sends nothing."""
    from pipeline.doctor import examine, page, told
    from pipeline.report.tell import append_summary

    findings = examine(options.config, options.state, os.environ)
    bad = any(finding.level == "bad" for finding in findings)
    if options.json:
        _print_json({"checks": [finding.document() for finding in findings], "exit": int(bad)})
    else:
        print(told(findings))
    append_summary(page(findings), os.environ)
    return FAILED if bad else DONE


def watchdog(options: argparse.Namespace) -> int:
    """What the main job cannot tell about itself."""
    from pipeline.watchdog import look, tell_people

    config = load(options.config)
    now = World.real(config).now()
    seen = look(config, options.state, os.environ, now)
    tell_people(config, os.environ, seen)
    if options.json:
        _print_json({"alerts": [{"code": told.code, "message": str(told)} for told in seen.told], "exit": DONE})
    else:
        print("\n".join(f"【{told.title}】{told}" for told in seen.told) or seen.quiet)
    return DONE


def simulated(options: argparse.Namespace) -> int:
    """A year in a few seconds."""
    from pipeline.sandbox import publications, simulate

    if (options.file is None) == (options.made_up is None):
        raise ConfigError("simulate needs either FILE or --made-up SEED")
    if options.begin >= options.end:
        raise ConfigError(f"--to: found {options.end.isoformat()}; allowed: an instant after --from")
    config, seed = load(options.config), options.made_up or 1
    asked = simulate.Asked(options.begin, options.end, options.schedule, options.watch, options.outside, seed)
    made = publications.load(options.file) if options.file else publications.made_up(seed, asked.begin, asked.end)
    document = simulate.simulate(config, made, asked)
    if options.json:
        _print_json(document | {"exit": DONE})
    else:
        from pipeline.report import render

        print(render.text("simulate", run=document))
    return DONE


def _schedule(text: str) -> Any:
    """None for GitHub's."""
    import re

    if text == "github":
        return None
    if not re.fullmatch(r"every=[1-9]\d{0,5}[mhd]", text):
        raise argparse.ArgumentTypeError(f"found {text!r}; allowed: every=10m or github")
    return duration(text.removeprefix("every="))


def _print_json(document: Any) -> None:
    from pipeline.report.safe import harmless_json

    sys.stdout.write(harmless_json(json.dumps(document, ensure_ascii=False, indent=1)) + "\n")
