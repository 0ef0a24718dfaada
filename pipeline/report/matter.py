"""What a person must know to decide on one thing, and the issue that tells it: a reply to its mail is the decision."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from pipeline.config import Config
from pipeline.report import Json, render, words
from pipeline.report.place import Place
from pipeline.report.residents import Shown, lines
from pipeline.report.safe import line

Show = Callable[[str], Shown]

BROADCAST = "unknown-broadcast"
TITLE = 80  # characters of a title in the subject of a mail


class Matter(Struct, frozen=True):
    """One thing that waits.

    Attributes:
        row: as `status` has it.
        why: one sentence with the policy's article.
        answers: what may be replied, in the order of the likely.
        shown: what residents would see, or for a broadcast, what they may have seen.
        opening: when the posting hours begin again; None while they are open or when it is urgent.
    """

    code: str
    thing: str
    title: str
    why: str
    row: Mapping[str, Any]
    answers: tuple[str, ...]
    shown: Shown
    opening: str | None = None


def matter_of(code: str, thing: str, standing: Json, shown: Shown) -> Matter | None:
    """What is to be known of an article or broadcast that waits; None when it does not any more.

    Args:
        standing: the document of `status`.
    """
    rows = standing["broadcasts" if code == BROADCAST else "waiting"]
    row = next((row for row in rows if row["id"] == thing), None)
    if row is None:
        return None
    if code == BROADCAST:
        title = "、".join(row["titles"])
        return Matter(
            code, thing, title, words.catalogue().alerts[code].what, row, ("delivered", "not-delivered"), shown
        )
    closed = not standing["in_window"] and not row["urgent"]
    answers = ("approve", "reject", "emergency") if closed else ("approve", "reject")
    if code == "emergency-words":
        answers = ("emergency", "reject")
    why = f"{row['text']}（{words.policy(row['policy'])}）"
    return Matter(code, thing, row["title"], why, row, answers, shown, standing["next_opening"] if closed else None)


def under(config: Config, place: Place) -> Json:
    """What stands under every issue: whose it is, who answers for it, and where it comes from."""
    return {
        "actions": place.form.rpartition("/")[0],
        "site": config.site.name,
        "account": config.line.account,
        "person": config.policy.responsible.person,
        "record": place.record,
    }


def page_of(config: Config, place: Place, matter: Matter, key: str) -> tuple[str, str]:
    """Title and Markdown of its issue, in which nothing from outside is more than text."""
    kind = words.catalogue().alerts[matter.code].title
    title = f"【{config.site.name} LINE】{kind}：{line(matter.title)[:TITLE] or matter.thing}"
    body = render.markdown(
        "matter",
        matter=matter,
        key=key,
        messages=lines(matter.shown.messages),
        by_reply=place.by_reply,
        **under(config, place),
    )
    return title, body
