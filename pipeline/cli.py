"""The command line. Parses, calls, prints; everything else is elsewhere and imported only by the command that needs it."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline import operations
from pipeline.config import JST, ConfigError, duration, load
from pipeline.refusal import Refusal
from pipeline.runner import deaf

if TYPE_CHECKING:
    from pipeline.decision import Basis

log = logging.getLogger("kadoma_line")

Command = Callable[[argparse.Namespace], int]
DONE, FAILED, USAGE, WAITS = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code of the contract."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser().parse_args(given)
    except ConfigError as error:
        return _ended_by(error, as_json="--json" in given)
    _log_to_stderr(options.debug)
    with deaf(os.environ, own_stdout=not options.json):
        code = _carried_out(options)
    return DONE if code == WAITS and options.ok_when_waiting else code


def _carried_out(options: argparse.Namespace) -> int:
    try:
        return int(options.command(options))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Exception, KeyboardInterrupt) as error:
        log.debug("where it happened", exc_info=error)
        return _ended_by(error, options.json)


def _ended_by(error: BaseException, as_json: bool) -> int:
    """Tell why a command could not be carried out, and the exit code for it: the one place that does."""
    from pipeline.report.ending import ending
    from pipeline.report.safe import line

    ended = ending(error)
    print(f"kadoma-line: {line(ended.message)}", file=sys.stderr)
    if as_json:
        _print_json({"error": {"code": ended.code, "message": ended.message}, "exit": ended.exit})
    return ended.exit


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A mistake in the command line ends like every other one."""
        self.print_usage(sys.stderr)
        raise ConfigError(message)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config",
        type=Path,
        default=Path("kadoma.toml"),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )
    common.add_argument(
        "--state", type=Path, default=Path("state"), metavar="DIR", help="the ledger (default: %(default)s)"
    )
    common.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else there")
    common.add_argument("--debug", action="store_true", help="show details and tracebacks")
    common.add_argument(
        "--ok-when-waiting", action="store_true", help="exit 0 instead of 3, where people are told by an alert"
    )

    actor = argparse.ArgumentParser(add_help=False)
    default_actor = os.environ.get("GITHUB_TRIGGERING_ACTOR") or os.environ.get("GITHUB_ACTOR") or ""
    actor.add_argument(
        "--actor",
        default=default_actor,
        metavar="LOGIN",
        help="who decides (default: the GitHub login of the workflow)",
    )
    actor.add_argument("--why", default="", metavar="TEXT", help="the reason, kept in the ledger")

    parser: argparse.ArgumentParser = _Parser(
        prog="kadoma-line", description="From the city's homepage to its residents' LINE."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[common, *parents])
        added.set_defaults(command=command)
        return added

    run = add("run", _run, "one full pass: recover, collect, decide, render, record, broadcast, report")
    run.add_argument(
        "--dry-run", action="store_true", help="the same decisions and messages, nothing written, nothing sent"
    )
    run.add_argument("--now", type=_instant, metavar="ISO8601", help="decide as if it were then; only with --dry-run")

    preview = add(
        "preview", _preview, "an HTML page of what would be sent now, and why each article is sent, held or not"
    )
    preview.add_argument("--out", type=Path, default=Path("preview"), metavar="DIR")
    preview.add_argument(
        "--template-gallery", action="store_true", help="every template with lifelike hard cases instead"
    )

    add("status", _status, "queue, held, waiting for a person, open broadcasts, last run")

    explain = add("explain", _explain, "every decision on one article, with the policy's article number")
    explain.add_argument("url", metavar="URL")

    _add_ledger(add("ledger", _ledger_verify, "the record of everything that was sent"), common)

    approve = add("approve", _approve, "a poster's yes to articles that wait for a person", actor)
    approve.add_argument("ids", nargs="+", metavar="ID")
    approve.add_argument("--emergency", action="store_true", help="also outside the posting hours (Art. 7 proviso)")

    reject = add("reject", _reject, "a poster's no to articles that wait for a person", actor)
    reject.add_argument("ids", nargs="+", metavar="ID")

    post = add("post", _post, "a manual post by an authorised poster", actor)
    post.add_argument("url", nargs="?", default="", metavar="URL")
    post.add_argument("--url", dest="url_option", default="", metavar="URL")
    post.add_argument("--title", default="")
    post.add_argument("--text", default="")
    post.add_argument("--basis", choices=["8(1)", "8(2)", "8(3)", "8(4)"], help="the number of Art. 8 it stands on")
    post.add_argument("--emergency", action="store_true", help="goes out at any time (Art. 7 proviso); needs --why")
    post.add_argument(
        "--correction-of", default="", metavar="ID", help="a correction (訂正) of an article that was sent"
    )
    post.add_argument("--quoted-from", default="", metavar="SOURCE", help="the source, when the text quotes (Art. 10)")

    resolve = add("resolve", _resolve, "a person settles a broadcast whose outcome is unknown", actor)
    resolve.add_argument("id", metavar="ID")
    settled = resolve.add_mutually_exclusive_group(required=True)
    settled.add_argument("--delivered", action="store_true")
    settled.add_argument("--not-delivered", action="store_true")

    operations.add_commands(add, _span, _instant)
    add("demo", _demo, "a day's story against an embedded city and an embedded LINE, in .demo/; sends nothing anywhere")
    return parser


def _add_ledger(ledger: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    questions = ledger.add_subparsers(required=True, metavar="WHAT")
    about = "every hash, every broadcast's bytes, and that history was never rewritten"
    verify = questions.add_parser("verify", help=about, description=about, parents=[common])
    verify.set_defaults(command=_ledger_verify)
    about = "what was sent, when, to which request id, on whose decision, in which exact bytes"
    show = questions.add_parser("show", help=about, description=about, parents=[common])
    show.add_argument("wanted", metavar="ID|URL", help="of a broadcast, a request to LINE, or an article")
    show.set_defaults(command=_ledger_show)


def _log_to_stderr(debug: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if debug else logging.INFO)


def _run(options: argparse.Namespace) -> int:
    if options.now and not options.dry_run:
        raise ConfigError("--now is only for --dry-run: a real run decides by the real clock")
    from pipeline.report import progress
    from pipeline.run import run
    from pipeline.world import World

    config = load(options.config)
    world = World.real(config) if options.now is None else World(os.environ, lambda: options.now)
    world.obey_signals()
    world.progress = progress.shown_on(sys.stderr)
    report = run(config, options.state, world, options.dry_run, reread=lambda: load(options.config))
    from pipeline.report import tell

    place = _place(options)
    if options.json:
        _print_json(report.document())
    else:
        print(tell.run(report, config, place, colour=_colour()))
    if os.environ.get(tell.SUMMARY):
        tell.append_summary(tell.summary(report, config, options.state, place), os.environ)
    return report.exit


def _preview(options: argparse.Namespace) -> int:
    config = load(options.config)
    from pipeline.report import pages

    if options.template_gallery:
        file = pages.write_gallery(config, options.out)
        code = DONE
    else:
        from pipeline.run import run
        from pipeline.world import World

        world = World.real(config)
        report = run(config, options.state, world, dry_run=True)
        opening = pages.worth_looking_ahead(report, config)
        ahead = run(config, options.state, World(os.environ, lambda: opening), dry_run=True) if opening else None
        file, code = pages.write_preview(config, report, options.out, ahead), report.exit
    if options.json:
        _print_json({"page": str(file), "exit": code})
    else:
        print(file)
    return code


def _status(options: argparse.Namespace) -> int:
    from pipeline.ledger.ledger import known
    from pipeline.report import status
    from pipeline.world import World

    config = load(options.config)
    document = status.status_of(config, known(options.state), World.real(config).now(), _place(options))
    if options.json:
        _print_json(document)
    else:
        print(status.status(document, colour=_colour()))
    return int(document["exit"])


def _explain(options: argparse.Namespace) -> int:
    from pipeline.ledger import store
    from pipeline.report import explain
    from pipeline.world import World

    config = load(options.config)
    events = list(store.read(options.state))
    document = explain.explanation_of(config, events, options.url, World.real(config).now(), _place(options))
    if document is None:
        raise Refusal("article-not-found", what=options.url)
    if options.json:
        _print_json(document)
    else:
        print(explain.explanation(document, colour=_colour()))
    return DONE


def _ledger_verify(options: argparse.Namespace) -> int:
    from pipeline.ledger.verify import verify
    from pipeline.report import records

    document = records.verdict_of(verify(options.state))
    if options.json:
        _print_json(document)
    else:
        print(records.verdict(document))
    return int(document["exit"])


def _ledger_show(options: argparse.Namespace) -> int:
    from pipeline.ledger import store
    from pipeline.report import records

    config = load(options.config)
    document = records.records_of(config, options.state, list(store.read(options.state)), options.wanted)
    if document is None:
        raise Refusal("record-not-found", what=options.wanted)
    if options.json:
        _print_json(document)
    else:
        print(records.records(document))
    return DONE


def _place(options: argparse.Namespace) -> Any:
    from pipeline.report.status import place_of

    return place_of(os.environ, options.config, options.state)


def _colour() -> bool:
    from pipeline.report.render import is_colourful

    return is_colourful(sys.stdout, os.environ)


def _approve(options: argparse.Namespace) -> int:
    return _at_the_desk(options, "approved", lambda desk: desk.approve(options.ids, options.emergency, options.why))


def _reject(options: argparse.Namespace) -> int:
    return _at_the_desk(options, "rejected", lambda desk: desk.reject(options.ids, options.why))


def _post(options: argparse.Namespace) -> int:
    from pipeline.desk import Draft
    from pipeline.form import own_url

    url = own_url(options.url_option or options.url, load(options.config))
    basis: Basis = options.basis or ("8(3)" if options.emergency else "8(1)" if url else "8(4)")
    draft = Draft(
        basis=basis, title=options.title, url=url, text=options.text, emergency=options.emergency, why=options.why,
        corrects=options.correction_of, quoted_from=options.quoted_from,
    )  # fmt: skip
    return _at_the_desk(options, "posted", lambda desk: [desk.post(draft)])


def _resolve(options: argparse.Namespace) -> int:
    return _at_the_desk(options, "settled", lambda desk: desk.resolve(options.id, options.delivered, options.why))


def _at_the_desk(options: argparse.Namespace, deed: str, work: Callable[[Any], Any]) -> int:
    from pipeline.desk import Desk
    from pipeline.ledger.ledger import Ledger
    from pipeline.world import World

    config = load(options.config)
    world = World.real(config)
    with Ledger(options.state, config.state, f"d{world.now():%Y%m%d-%H%M%S}", world.now) as ledger:
        done = work(Desk(config, ledger, options.actor)) or []
    rows = [{"id": known.id, "title": known.title, "state": known.state} for known in done]
    if options.json:
        _print_json({"articles": rows, "exit": 0})
    else:
        from pipeline.report import safe, words

        print(words.sentence(deed))
        for row in rows:
            print(f"  ・{safe.harmless(safe.line(row['title']))}（ID {row['id']}）")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from pipeline.sandbox import stage

    return stage.show(load(options.config), sys.stdout, as_json=options.json)


def _print_json(document: Any) -> None:
    from pipeline.report.safe import harmless_json

    sys.stdout.write(harmless_json(json.dumps(document, ensure_ascii=False, indent=1)) + "\n")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"found {text!r}; allowed: an instant such as 2026-11-24T09:00:00+09:00"
        ) from None
    return instant.astimezone(JST) if instant.tzinfo else instant.replace(tzinfo=JST)


def _span(text: str) -> Any:
    import re

    if not re.fullmatch(r"\d{1,6}[smhd]", text):
        raise argparse.ArgumentTypeError(f"found {text!r}; allowed: a number and s, m, h or d, such as 55m")
    return duration(text)
