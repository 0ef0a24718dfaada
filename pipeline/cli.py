"""The command line. Parses, calls one function of `pipeline.commands`, prints its answer once."""

import argparse
import gc
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from pipeline.commands import Output
from pipeline.config import JST, ConfigError, duration
from pipeline.exits import DONE, FAILED, WAITS
from pipeline.masking import masking
from pipeline.report.safe import json_document, line
from pipeline.runner import deaf, typed

log = logging.getLogger("kadoma_line")

Add = Callable[..., argparse.ArgumentParser]

HELP_WIDTH = 100  # characters
GROUPS = {
    "passes": ("run", "watch"),
    "questions": ("preview", "report", "status", "explain", "ledger"),
    "desk": ("approve", "reject", "post", "resolve", "reply", "form"),
    "checks": ("simulate", "doctor", "pace", "watchdog", "demo"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code of the contract.

    Args:
        arguments: the process's own when None; then the process is expected to end.
    """
    given = sys.argv[1:] if arguments is None else arguments
    with masking(os.environ):
        try:
            try:
                return _main([typed(part) for part in given])
            finally:
                # Here, where a closed pipe is expected: --help and --version end by an exception.
                print(end="", flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        finally:
            if arguments is None:
                # At its end Python would search all memory for cycles four times, and free piece by piece what the kernel takes
                # back whole: a fifth of a run without news. What only a cycle holds is never closed then: close files yourself.
                gc.freeze()


def _main(given: Sequence[str]) -> int:
    try:
        options = _parser(_groups_for(given)).parse_args(given)
        if getattr(options, "actor", "") is None:
            options.actor = os.environ.get("GITHUB_TRIGGERING_ACTOR") or os.environ.get("GITHUB_ACTOR") or ""
    except ConfigError as error:
        return _print(_ended_by(error), as_json="--json" in given)
    _log_to_stderr(options.debug)
    with deaf(os.environ, own_stdout=not options.json):
        code = _carried_out(options)
    return DONE if code == WAITS and options.ok_when_waiting else code


def _carried_out(options: argparse.Namespace) -> int:
    try:
        output = _command(options.command)(options)
        return _print(output, options.json)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        log.debug("where it happened", exc_info=error)
        return _print(_ended_by(error), options.json)


def _command(name: str) -> Callable[[argparse.Namespace], Output]:
    """ "look.status": the function `status` of pipeline/commands/look.py, which is imported now and no other."""
    module, _, function = name.partition(".")
    command: Callable[[argparse.Namespace], Output] = getattr(import_module(f"pipeline.commands.{module}"), function)
    return command


def _ended_by(error: BaseException) -> Output:
    """Tell on stderr why a command could not be carried out: the one place that does."""
    from pipeline.report.ending import ending  # knows every room's errors: only when there is one

    ended = ending(error)
    print(f"kadoma-line: {line(ended.message)}", file=sys.stderr)
    return Output({"error": {"code": ended.code, "message": ended.message}, "exit": ended.exit}, exit=ended.exit)


def _print(output: Output, as_json: bool) -> int:
    """One JSON document, or the text: the one place that prints either."""
    text = output.text() if not as_json else ""
    if as_json:
        text = json_document(output.document)
    if text:
        print(text)
    return output.exit


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        # Asking for the terminal's width would load shutil and three compressors into every run.
        super().__init__(prog, width=HELP_WIDTH)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options, formatter_class=_Help)

    def error(self, message: str) -> NoReturn:
        """A mistake in the command line ends like every other one."""
        self.print_usage(sys.stderr)
        raise ConfigError(message)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # not for every run

        print(f"kadoma-line {version('kadoma-line')}")
        parser.exit()


def _groups_for(given: Sequence[str]) -> tuple[str, ...]:
    """Which groups of commands have to be described: all of them cost a run without news a twentieth of its time."""
    return tuple(name for name, commands in GROUPS.items() if given and given[0] in commands) or tuple(GROUPS)


@cache
def _parser(groups: tuple[str, ...] = tuple(GROUPS)) -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    one = common.add_argument
    one("--version", action=_Version, nargs=0, help="show the version and end")
    about = "the configuration (default: %(default)s)"
    one("--config", type=Path, default=Path("kadoma.toml"), metavar="FILE", help=about)
    one("--state", type=Path, default=Path("state"), metavar="DIR", help="the ledger (default: %(default)s)")
    about = "the test channel of [rehearsal], with a ledger of its own"
    one("--rehearsal", action="store_true", help=about)
    one("--json", action="store_true", help="one JSON document on stdout, nothing else there")
    one("--debug", action="store_true", help="show details and tracebacks")
    one("--ok-when-waiting", action="store_true", help="exit 0 instead of 3, where people are told by an alert")

    parser: argparse.ArgumentParser = _Parser(
        prog="kadoma-line", description="From the city's homepage to its residents' LINE."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: str, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[common, *parents])
        added.set_defaults(command=command)
        return added

    if "passes" in groups:
        _add_passes(add)
    if "questions" in groups:
        _add_questions(add, common)
    if "desk" in groups:
        _add_desk(add)
    if "checks" in groups:
        _add_checks(add)
    return parser


def _add_passes(add: Add) -> None:
    one = add("run", "run.run", "one full pass: recover, collect, decide, render, record, broadcast, report")
    about = "the same decisions and messages, nothing written, nothing sent"
    one.add_argument("--dry-run", action="store_true", help=about)
    about = "exit code: the fate of what this workflow's form or reply asked for; all else is told by alerts"
    one.add_argument("--fate", action="store_true", help=about)
    one.add_argument("--now", type=_instant, metavar="ISO8601", help="decide as if it were then; only with --dry-run")

    one = add("watch", "run.watch", "passes until the time is up")
    one.add_argument("--for", dest="span", type=_span, default=_span("55m"), metavar="55m")
    one.add_argument("--every", type=_span, default=_span("5m"), metavar="5m")
    about = "stay only for posting hours that last or begin in this time; else one pass"
    one.add_argument("--while-open", action="store_true", help=about)
    about = "end early when a person's run of this workflow waits (GitHub)"
    one.add_argument("--step-aside-for", action="append", default=[], metavar="WORKFLOW", help=about)
    about = "ask for a next run when the posting hours last longer (GitHub)"
    one.add_argument("--hand-over", action="store_true", help=about)


def _add_questions(add: Add, common: argparse.ArgumentParser) -> None:
    about = "an HTML page of what would be sent now, and why each article is sent, held or not"
    one = add("preview", "preview.preview", about)
    one.add_argument("--out", type=Path, default=Path("preview"), metavar="DIR")
    about = "every template with lifelike hard cases instead"
    one.add_argument("--template-gallery", action="store_true", help=about)

    one = add("report", "month.report", "the month: what was sent, on whose decision, how fast, and LINE's aggregates")
    one.add_argument("--month", default="", metavar="YYYY-MM", help="default: last month")
    one.add_argument("--out", type=Path, metavar="FILE", help="write it as a page too")
    about = "first ask LINE for the figures that the ledger has not got, and record them"
    one.add_argument("--figures", action="store_true", help=about)
    one.add_argument("--issue", action="store_true", help="tell it as an issue on GitHub")
    one.add_argument(
        "--shadow", action="store_true", help="what the trial run (shadow = true) would have sent, to be signed"
    )

    add("status", "look.status", "queue, held, waiting for a person, open broadcasts, last run")

    one = add("explain", "look.explain", "every decision on one article, with the policy's article number")
    one.add_argument("url", metavar="URL")

    ledger = add("ledger", "look.ledger_verify", "the record of everything that was sent")
    questions = ledger.add_subparsers(required=True, metavar="WHAT")
    about = "every hash, every broadcast's bytes, and that history was never rewritten"
    verify = questions.add_parser("verify", help=about, description=about, parents=[common])
    verify.set_defaults(command="look.ledger_verify")
    about = "what was sent, when, to which request id, on whose decision, in which exact bytes"
    show = questions.add_parser("show", help=about, description=about, parents=[common])
    show.set_defaults(command="look.ledger_show")
    show.add_argument("wanted", metavar="ID|URL", help="of a broadcast, a request to LINE, or an article")


def _add_desk(add: Add) -> None:
    actor = _Parser(add_help=False)
    about = "who decides (default: the GitHub login of the workflow)"
    actor.add_argument("--actor", metavar="LOGIN", help=about)
    actor.add_argument("--why", default="", metavar="TEXT", help="the reason, kept in the ledger")

    one = add("approve", "desk.approve", "a poster's yes to articles that wait for a person", actor)
    one.add_argument("ids", nargs="+", metavar="ID")
    one.add_argument("--emergency", action="store_true", help="also outside the posting hours (Art. 7 proviso)")

    one = add("reject", "desk.reject", "a poster's no to articles that wait for a person", actor)
    one.add_argument("ids", nargs="+", metavar="ID")

    one = add("post", "desk.post", "a manual post by an authorised poster", actor)
    one.add_argument("url", nargs="?", default="", metavar="URL")
    one.add_argument("--url", dest="url_option", default="", metavar="URL")
    one.add_argument("--title", default="")
    one.add_argument("--text", default="")
    one.add_argument("--basis", choices=["8(1)", "8(2)", "8(3)", "8(4)"], help="the number of Art. 8 it stands on")
    one.add_argument("--emergency", action="store_true", help="goes out at any time (Art. 7 proviso); needs --why")
    one.add_argument(
        "--correction-of", default="", metavar="ID", help="a correction (訂正) of an article that was sent"
    )
    one.add_argument("--picture", default="", metavar="URL", help="a picture on the city's own host")
    about = "a later time within the posting hours (Art. 7); until then `reject` cancels it"
    one.add_argument("--at", type=_instant, metavar="ISO8601", help=about)
    one.add_argument("--quoted-from", default="", metavar="SOURCE", help="the source, when the text quotes (Art. 10)")

    one = add("resolve", "desk.resolve", "a person settles a broadcast whose outcome is unknown", actor)
    one.add_argument("id", metavar="ID")
    settled = one.add_mutually_exclusive_group(required=True)
    settled.add_argument("--delivered", action="store_true")
    settled.add_argument("--not-delivered", action="store_true")

    about = "what a person wrote under an issue of ours, as done by the form; the comment's number is COMMENT_ID"
    one = add("reply", "reply.reply", about)
    one.add_argument("--check", action="store_true", help="whether it is a decision that can be done; else say why not")

    one = add("form", "desk.form", "one filled-in form of the workflow `post`, from FORM_… in the environment")
    one.add_argument("--check", action="store_true", help="whether it could be done; nothing is written")
    one.add_argument("--approved", action="store_true", help="ask GitHub who approved this run; recorded with it")


def _add_checks(add: Add) -> None:
    about = "a year of publications through the real decisions; sends nothing, writes nothing"
    one = add("simulate", "simulate.simulate", about)
    one.add_argument("file", nargs="?", type=Path, metavar="FILE", help="publications, one JSON object a line")
    one.add_argument("--made-up", type=int, metavar="SEED", help="publications of a made-up city instead of a file")
    one.add_argument("--from", dest="begin", type=_instant, metavar="ISO8601")
    one.add_argument("--to", dest="end", type=_instant, metavar="ISO8601")
    about = "instead: twelve hours with twenty emergency reports, while LINE and the site are out of order and jobs are killed"
    one.add_argument("--night", action="store_true", help=about)
    about = "default: every=10m; relay=2000: one hop in 2,000 is lost; relays=2000: two chains that heal each other"
    one.add_argument(
        "--schedule", type=_schedule, default=_span("10m"), metavar="every=10m|github|relay=2000", help=about
    )
    one.add_argument("--clock", action="store_true", help="only how long it is from any instant to the next pass")
    about = "what each trigger does after its pass"
    one.add_argument("--watch", choices=["none", "55m", "open"], default="none", help=about)
    one.add_argument("--outside", type=_span, metavar="10m", help="an outside scheduler beside it")

    add("doctor", "checks.doctor", "checks configuration, site, sources, LINE, holidays, git; sends nothing")
    one = add("pace", "pace.pace", "one turn of the relay of pace.yml: looks, wakes the main job, passes on (GitHub)")
    one.add_argument("--last", action="store_true", help="the link's last turn: start the next link")
    one.add_argument("--look", action="store_true", help="only look and wake: for further cities of one repository")
    one.add_argument("--restart", action="store_true", help="only start the chain again where it broke")
    add("watchdog", "checks.watchdog", "tells when the main job does not run, or something waits too long")
    about = "a day's story against an embedded city and an embedded LINE, in .demo/; sends nothing anywhere"
    add("demo", "demo.demo", about)


def _log_to_stderr(debug: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if debug else logging.INFO)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if not 1970 < instant.year < 3000:  # noqa: PLR2004 - at the ends of the calendar no day comes before or after
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"found {text!r}; allowed: an instant such as 2026-11-24T09:00:00+09:00"
        ) from None
    return instant.astimezone(JST) if instant.tzinfo else instant.replace(tzinfo=JST)


def _span(text: str) -> timedelta:
    if not re.fullmatch(r"\d{1,6}[smhd]", text):
        raise argparse.ArgumentTypeError(f"found {text!r}; allowed: a number and s, m, h or d, such as 55m")
    return duration(text)


def _schedule(text: str) -> object:
    """None for GitHub's."""
    from pipeline.sandbox.schedules import Relay  # for `simulate` alone

    kind, _, value = text.partition("=")
    if text == "github":
        return None
    if kind == "every" and re.fullmatch(r"[1-9]\d{0,5}[mhd]", value):
        return duration(value)
    if kind in ("relay", "relays") and re.fullmatch(r"[1-9]\d{0,6}", value):
        loss = int(value)
        return Relay(loss=loss) if kind == "relay" else Relay(timedelta(minutes=10), loss, chains=2)
    raise argparse.ArgumentTypeError(f"found {text!r}; allowed: every=10m, github, relay=2000 or relays=2000")
