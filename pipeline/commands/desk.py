"""`approve`, `reject`, `post`, `resolve`, and `form`, which is any of them as filled in on GitHub."""

import argparse
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from pipeline.commands import Output, configured, ledger_of
from pipeline.config import Config, ConfigError
from pipeline.desk import Desk, Draft
from pipeline.exits import FAILED
from pipeline.form import Form, Look, basis_of, filled_in, hand_in, own_picture, own_url
from pipeline.ledger.knowledge import Known
from pipeline.ledger.store import LedgerError
from pipeline.policy.posters import department_of, same_person
from pipeline.refusal import Refusal
from pipeline.report import render, words
from pipeline.report.ending import ending
from pipeline.report.github import GitHub, GitHubError
from pipeline.report.tell import append_summary
from pipeline.runner import origin_of
from pipeline.sources import pictures
from pipeline.world import World


def approve(options: argparse.Namespace) -> Output:
    """A poster's yes."""
    return _at_the_desk(options, "approved", lambda desk: desk.approve(options.ids, options.emergency, options.why))


def reject(options: argparse.Namespace) -> Output:
    """A poster's no."""
    return _at_the_desk(options, "rejected", lambda desk: desk.reject(options.ids, options.why))


def post(options: argparse.Namespace) -> Output:
    """A manual post."""
    config = configured(options)
    url = own_url(options.url_option or options.url, config)
    draft = Draft(
        basis=basis_of(options.basis or "", options.emergency, url), title=options.title, url=url, text=options.text,
        emergency=options.emergency, why=options.why, corrects=options.correction_of, quoted_from=options.quoted_from,
        picture=own_picture(options.picture, config, _looker(config)), at=options.at,
    )  # fmt: skip
    return _at_the_desk(options, "posted", lambda desk: [desk.post(draft)], draft.at)


def resolve(options: argparse.Namespace) -> Output:
    """A broadcast whose outcome a person knows."""
    return _at_the_desk(options, "settled", lambda desk: desk.resolve([options.id], options.delivered, options.why))


def _at_the_desk(
    options: argparse.Namespace, deed: str, work: Callable[[Desk], list[Known]], at: datetime | None = None
) -> Output:
    config = configured(options)
    world = World.real(config)
    with ledger_of(options, config, world) as ledger:
        rows = _rows(work(Desk(config, ledger, options.actor)))
    said = words.sentence("posted-for", at=words.day(at)) if at else words.sentence(deed)
    return Output({"articles": rows, "exit": 0}, lambda: render.text("desk", said=said, articles=rows))


def form(options: argparse.Namespace) -> Output:
    """One filled-in form of post.yml; what is refused stands on the summary page too, where the person looks."""
    config = configured(options)
    try:
        return _handed_in(options, config, World.real(config))
    except (ConfigError, Refusal, LedgerError, GitHubError) as error:
        ended = ending(error)
        why = words.refusal(error, "form") if isinstance(error, Refusal) else ended.message
        append_summary(render.markdown("refused", why=why, failed=ended.exit == FAILED), os.environ)
        raise


def _handed_in(options: argparse.Namespace, config: Config, world: World) -> Output:
    asked = filled_in(os.environ)
    actors = [login for name in ("TRIGGERING_ACTOR", "ACTOR") if (login := os.environ.get(f"GITHUB_{name}", ""))]
    for one in actors:  # who started it, and who started it again
        department_of(one, config.policy.posters)
    actor = next(iter(actors), "")
    approver = _approver(config, actor) if options.approved else ""
    with ledger_of(options, config, world, rehearse=options.check) as ledger:
        desk = Desk(config, ledger, actor, approver, origin_of(os.environ))
        rows = _rows(hand_in(asked, config, desk, _looker(config)))
    told = {"action": asked.action, "actor": actor, "approver": approver, "check": options.check, "articles": rows}
    page = _page(asked, told)
    append_summary(page, os.environ)
    return Output(told | {"exit": 0}, lambda: page)


def _looker(config: Config) -> Look:
    return partial(pictures.look, config.site)


def _page(asked: Form, told: dict[str, object]) -> str:
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return render.markdown("form", fields=fields, **told)


def _rows(done: Sequence[Known]) -> list[dict[str, str]]:
    return [{"id": known.id, "title": known.title, "state": known.state} for known in done]


def _approver(config: Config, actor: str) -> str:
    """The reviewer of this run; another person than the actor where there are several. Raises GitHubError."""
    github, run = GitHub.of(config, os.environ), os.environ.get("GITHUB_RUN_ID", "")
    if github is None or not run:
        raise ConfigError(
            "--approved asks GitHub who approved this run: it needs GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_RUN_ID"
        )
    logins = github.approvers(run)
    others = [login for login in logins if not same_person(login, actor)]
    return next(iter([*others, *logins]), "")
