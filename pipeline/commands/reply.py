"""`reply`: what a person wrote under one of our issues, done as the form would do it.

The workflow names the comment by its number; who wrote it and what comes from GitHub, as it stands now. Nobody is
answered who did not speak of a decision. What was decided is remembered with the comment's number: once is once.
"""

import argparse
import os
from typing import Any

from msgspec import Struct

from pipeline.commands import Output, configured, ledger_of
from pipeline.config import Config, ConfigError
from pipeline.decision import Reason
from pipeline.desk import Desk
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.ledger.ledger import Ledger
from pipeline.policy.posters import department_of, is_poster
from pipeline.refusal import Refusal, RefusalCode
from pipeline.reply import Instruction, Problem, read
from pipeline.report import issues, render, words
from pipeline.report.alerts import standing
from pipeline.report.find import find
from pipeline.report.github import Comment, GitHub, Issue
from pipeline.report.matter import BROADCAST
from pipeline.report.place import place_of
from pipeline.report.status import status_of
from pipeline.report.tell import append_summary
from pipeline.runner import origin_of, tell_the_workflow
from pipeline.world import World

OF_A_BROADCAST = ("delivered", "not-delivered")
PROBLEMS: dict[Problem, RefusalCode] = {
    "contradiction": "reply-contradiction",
    "unclear": "reply-unclear",
    "other-words": "reply-other-words",
}
ANSWER = "<!-- kadoma-line: answer {} -->"  # in our comment, so that a job that is run again does not answer twice


class Heard(Struct, frozen=True):
    """A decision that somebody wrote under an issue of ours."""

    comment: Comment
    issue: Issue
    code: str
    thing: str
    meant: Instruction | Problem


def reply(options: argparse.Namespace) -> Output:
    """Decide, answer under the issue, and close it when nothing of it waits any more."""
    config = configured(options)
    world = World.real(config)
    github = GitHub.of(config, os.environ)
    number = os.environ.get("COMMENT_ID", "")
    if github is None or not number.isascii() or not number.isdigit():
        raise ConfigError("reply needs COMMENT_ID, the number of a comment, and GITHUB_TOKEN with GITHUB_REPOSITORY")
    heard = _heard(github, config, int(number))
    if heard is None:
        return Output({"decided": False, "exit": 0}, lambda: words.sentence("reply-none"))
    with ledger_of(options, config, world, rehearse=options.check) as ledger:
        try:
            done = _decided(config, ledger, heard)
        except Refusal as refused:
            said = render.markdown("reply", refused=words.refusal(refused, "reply"), author=heard.comment.author)
            _answer(github, heard, said)
            return Output({"decided": False, "exit": 0}, lambda: said)
        if not options.check:
            rows = _rows(config, ledger.knowledge, world, done)
            deed = words.catalogue().answers[heard.meant.action] if isinstance(heard.meant, Instruction) else None
            said = render.markdown("reply", refused="", author=heard.comment.author, said=deed, rows=rows)
            _answer(github, heard, said)
            _close(github, config, ledger.knowledge, heard)
            append_summary(said, os.environ)
    tell_the_workflow("decided", "true", os.environ)
    return Output({"decided": True, "exit": 0}, lambda: words.sentence("reply-heard"))


def _heard(github: GitHub, config: Config, number: int) -> Heard | None:
    """None for what is no decision: talk, a bot, a deleted comment, an issue that is not ours."""
    comment = github.comment_of(number)
    if comment is None or comment.by_a_bot:
        return None
    meant = read(comment.body)
    if meant is None:
        return None
    issue = github.issue(comment.issue)
    ours = issue.by_a_bot and {issues.LABEL, config.line.account} <= set(issue.labels)
    code, _, thing = issues.key_of(issue).partition("/") if ours else ("", "", "")
    # A poster is asked about a yes in other words, and told when there is nothing to decide here; for others that is talk.
    may_ask = issue.is_open and is_poster(comment.author, config.policy.posters)
    is_clear = meant != "other-words" if code in issues.ANSWERS else False
    is_meant = is_clear or (may_ask and (code in issues.ANSWERS or isinstance(meant, Instruction)))
    return Heard(comment, issue, code, thing, meant) if ours and is_meant else None


def _decided(config: Config, ledger: Ledger, heard: Heard) -> list[Known]:
    """Raises Refusal: in words for the person who wrote."""
    comment, meant = heard.comment, heard.meant
    department_of(comment.author, config.policy.posters)  # who may not decide is told that, and nothing else
    if comment.edited:
        raise Refusal("reply-edited")
    if not isinstance(meant, Instruction):
        raise Refusal(PROBLEMS[meant])
    if heard.code not in issues.ANSWERS:
        raise Refusal("reply-nothing-here")
    desk = Desk(config, ledger, comment.author, origin=origin_of(os.environ))
    if (meant.action in OF_A_BROADCAST) != (heard.code == BROADCAST):
        raise Refusal("reply-other-kind")
    if heard.code == Reason.EMERGENCY_WORDS and meant.action == "approve":
        raise Refusal("reply-at-night")
    done = ledger.knowledge.deeds.get(origin_of(os.environ))
    about = done.articles if done else _about(config, ledger.knowledge, heard, meant)
    return desk.decide(meant.action, about, meant.why)


def _about(config: Config, knowledge: Knowledge, heard: Heard, meant: Instruction) -> list[str]:
    """What the reply decides on: the thing of the issue, or what it names of the list. Raises Refusal."""
    if heard.thing:
        listed = [heard.thing]
    else:
        alerts = standing(config, knowledge, None, [])
        listed = [thing for alert in alerts if alert.code == heard.code for thing in alert.about.split()]
    # What joined after the person wrote, or changed since, was not seen by that person.
    seen = [name for name in listed if not (known := knowledge.articles.get(name)) or known.found <= heard.comment.at]
    if listed and not seen:
        raise Refusal("reply-changed")
    named = [known.id if (known := find(config, knowledge, one)) else one for one in meant.about]
    if strange := [one for one in named if one not in seen]:
        raise Refusal("reply-not-here", id=strange[0])
    if not named and not meant.everything and len(seen) != 1:
        raise Refusal("reply-which" if seen else "reply-over")
    return named or seen


def _rows(config: Config, knowledge: Knowledge, world: World, done: list[Known]) -> list[dict[str, Any]]:
    """What becomes of each article now, as `status` has it."""
    document = status_of(config, knowledge, world.now(), place_of(os.environ))
    where = {row["id"]: (name, row) for name in ("queue", "held", "waiting") for row in document[name]}
    return [
        {"title": known.title, "id": known.id, "state": known.state}
        | dict(zip(("place", "row"), where.get(known.id, ("", None)), strict=True))
        for known in done
    ]


def _answer(github: GitHub, heard: Heard, said: str) -> None:
    mark = ANSWER.format(heard.comment.id)
    told = github.comments_since(heard.issue.number, heard.comment.at)
    if not any(one.by_a_bot and mark in one.body for one in told):
        github.comment(heard.issue.number, f"{said}\n{mark}\n")


def _close(github: GitHub, config: Config, knowledge: Knowledge, heard: Heard) -> None:
    """The next run would do it too; a person sees at once that it is done."""
    key = f"{heard.code}/{heard.thing}" if heard.thing else heard.code
    if heard.issue.is_open and key not in issues.topics(standing(config, knowledge, None, [])):
        github.close(heard.issue.number)
