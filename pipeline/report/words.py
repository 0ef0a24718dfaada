"""The words for codes: `templates/reasons/ja.toml`, read when the first of them is needed."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from pipeline import templates
from pipeline.config import JST
from pipeline.decision import Alert, Reason
from pipeline.refusal import Refusal
from pipeline.report.place import Place
from pipeline.report.safe import harmless, line

LISTED = 50  # things and commands of one alert; an issue holds 65,536 characters
PROVISO = " proviso"


class ReasonWords(Struct, frozen=True):
    """Why something was decided about an article, and what a person can do."""

    label: str
    text: str
    do: str


class RefusalWords(Struct, frozen=True):
    """Why a person does not get what was asked for, and what to do next: in the form's words, in those of a reply where they
    differ, and the options of a command."""

    text: str
    do: str
    reply: str = ""
    options: str = ""


class AlertText(Struct, frozen=True):
    """One entry of the catalogue: what happened, what it means for residents, what to do. `commands` may hold {each}
    (once for every thing concerned) and {all}."""

    title: str
    what: str
    means: str
    do: str
    commands: tuple[str, ...] = ()


class AnswerWords(Struct, frozen=True):
    """What a person may reply, what that does, and how it is confirmed."""

    say: str
    does: str
    done: str = ""


class Wording(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that codes are told as."""

    reasons: Mapping[str, ReasonWords]
    alerts: Mapping[str, AlertText]
    refusals: Mapping[str, RefusalWords]
    rules: Mapping[str, str]
    verdicts: Mapping[str, str]
    deeds: Mapping[str, str]
    outcomes: Mapping[str, str]
    states: Mapping[str, str]
    kinds: Mapping[str, str]
    problems: Mapping[str, str]
    seen: Mapping[str, str]
    details: Mapping[str, str]
    personal: Mapping[str, str]
    quiet: Mapping[str, str]
    sentences: Mapping[str, str]
    answers: Mapping[str, AnswerWords]
    formats: Mapping[str, str]


class Notice(Struct, frozen=True):
    """An alert in words; `commands` are complete, `things` what it concerns, `technical` what engineers want to know."""

    code: str
    title: str
    what: str
    means: str
    do: str
    commands: tuple[str, ...]
    things: tuple[str, ...] = ()
    technical: str = ""

    def __str__(self) -> str:
        commands = "".join(sentence("quoted", text=command) for command in self.commands)
        things = sentence("things", text=" ／ ".join(self.things)) if self.things else ""
        technical = sentence("technical", text=self.technical) if self.technical else ""
        return f"{self.what}{self.means}{self.do}{commands}{things}{technical}"

    def printed(self) -> str:
        """With its title, for a machine without GitHub."""
        return f"【{self.title}】{self}"


def catalogue() -> Wording:
    return templates.words("reasons/ja.toml", Wording)


def reason(code: str) -> ReasonWords:
    """The words of a reason; a code of another version of the pipeline stands for itself."""
    return catalogue().reasons.get(code) or ReasonWords(code, code, "")


def because(code: str, saw: str) -> dict[str, str]:
    """Why something was decided, as every list of articles has it: `label`, `text`, `do`, and the `detail` that the rule saw."""
    why = reason(code)
    return {"label": why.label, "text": why.text, "do": why.do, "detail": detail(code, saw)}


def told(alert: Alert, place: Place | None = None, texts: Mapping[str, AlertText] | None = None) -> Notice:
    """The alert in words (the catalogue's, or other `texts`), with the exact commands for what it is about."""
    texts = texts or catalogue().alerts
    words = texts.get(alert.code) or texts["other"]
    about = alert.about.split() if alert.waits else []
    commands: list[str] = []
    for command in words.commands:
        by_a_person = "{each}" in command or "{all}" in command
        complete = (place or Place()).command(command, by_a_person)
        if "{each}" in command:
            commands += [complete.replace("{each}", shlex.quote(one)) for one in about[:LISTED]]
        elif about or "{all}" not in command:
            commands.append(complete.replace("{all}", shlex.join(about)))
    things = [line(thing) for thing in alert.things[:LISTED]]
    if len(alert.things) > LISTED:
        things.append(sentence("more", count=str(len(alert.things) - LISTED)))
    technical = " ／ ".join(seen(part) for part in alert.detail.splitlines() if part.strip())
    return Notice(alert.code, words.title, words.what, words.means, words.do, tuple(commands), tuple(things), technical)


def detail(code: str, what: str) -> str:
    """What a rule saw, in words."""
    if code == Reason.PERSONAL_DATA:
        return catalogue().personal.get(what, what)
    return catalogue().details.get(code, "{seen}").format(seen=seen(what)) if what else ""


def seen(what: str) -> str:
    """What the record says was seen (counts, dates, figures of LINE), in words; anything else stays as it is."""
    told = line(what)
    for pattern, phrase in catalogue().seen.items():
        told = re.sub(pattern, phrase, told)
    return re.sub(r"\d{4,}(?=通)", lambda figure: f"{int(figure[0]):,}", told)


def problem(code: str) -> str:
    """Why a list or page could not be read."""
    return catalogue().problems.get(code, code)


def sentence(code: str, **values: str) -> str:
    """A whole sentence, its values made harmless."""
    return harmless(catalogue().sentences[code].format(**{name: line(value) for name, value in values.items()}))


def refusal(refused: Refusal, where: Literal["command", "form", "reply"]) -> str:
    """What was refused, why, and what to do next."""
    told = catalogue().refusals[refused.code]
    states = {**catalogue().states, **catalogue().outcomes}
    shown: dict[str, Callable[[str], str]] = {"state": lambda value: states.get(value, value), "when": day}
    values = {name: shown.get(name, str)(value) for name, value in refused.values.items()}
    do = (where == "reply" and told.reply) or told.do
    options = sentence("options", text=told.options) if where == "command" and told.options else ""
    return line(f"{told.text}{do}".format(**values) + options)


def policy(number: str) -> str:
    """ "8(1)", "7 proviso" as the policy itself is quoted; several, with commas, are told one after the other."""
    told = (_article(one.strip().removeprefix("Art. ")) for one in number.split(",") if one.strip())
    return _formats()["between"].join(told)


def policies(numbers: Sequence[str]) -> str:
    return policy(",".join(dict.fromkeys(numbers)))


def _article(number: str) -> str:
    main, proviso, _ = number.partition(PROVISO)
    article, _, item = main.partition("(")
    if not article.isdigit():
        return line(number)
    parts = {"article": article, "item": item.rstrip(")"), "proviso": proviso}
    return "".join(_formats()[name].format(value) for name, value in parts.items() if value)


def instant(at: datetime | str | None) -> str:
    """Day, weekday and time without the year, in Japanese time; of an aware instant or its ISO form."""
    return _date("instant", at)


def day(at: datetime | str | None) -> str:
    """With the year and without seconds, for headings."""
    return _date("day", at)


def full_instant(at: datetime | str | None) -> str:
    """With year and seconds, for the record."""
    return _date("full-instant", at)


def day_name(day: str) -> str:
    """Of "2026-11-24": the day and the weekday."""
    return _date("day-name", f"{day}T00:00:00+09:00")


def month_name(month: str) -> str:
    """Of "2026-11"."""
    return _date("month-name", f"{month}-01T00:00:00+09:00")


def span(minutes: float) -> str:
    """Hours and minutes."""
    hours, rest = divmod(round(minutes), 60)
    return _formats()["hours" if hours else "minutes"].format(hours=hours, minutes=rest)


def _formats() -> Mapping[str, str]:
    return catalogue().formats


def _date(name: str, at: datetime | str | None) -> str:
    if not at:
        return ""
    local = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(JST)
    return _formats()[name].format(at=local, weekday=_formats()["weekdays"][local.weekday()])
