"""The report's templates, in which every value is safe by itself: `{{ value }}` is one harmless line of text, or of Markdown.

What a template writes itself stays as it is; a filter that returns finished text (`code`, `paint`) marks it so.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, pass_context
from markupsafe import Markup

from pipeline.report import safe, words
from pipeline.templates import environment, finished

COLOURS = {
    "good": "32", "send": "32", "accepted": "32",
    "wait": "33", "hold": "36", "review": "33", "unknown": "31", "bad": "31",
    "dim": "2", "strong": "1",
}  # fmt: skip


def text(template: str, *, colour: bool = False, **values: Any) -> str:
    """For a terminal or a log; `template` with ".md" is the one for Markdown, in which nothing needs to be escaped there."""
    name = template if template.endswith(".md") else f"{template}.txt"
    page = _environment("text").get_template(f"report/{name}.j2")
    return safe.harmless(page.render(values, colour=colour).strip("\n"))


def markdown(template: str, **values: Any) -> str:
    """For the step summary and for issues on GitHub."""
    page = _environment("markdown").get_template(f"report/{template}.md.j2")
    return page.render(values).strip("\n") + "\n"


def html(template: str, **values: Any) -> str:
    """For a browser: one page, in which every value is escaped."""
    made = environment("html").overlay()
    told = (words.instant, words.day_name, words.policy)
    made.filters = made.filters | {tells.__name__: tells for tells in told}
    return made.get_template(f"report/{template}.html.j2").render(words=words.catalogue(), **values)


def _finished(tells: Callable[[Any], str]) -> Callable[[Any], Any]:
    """A time in our own words needs no escapes, which who reads a mail as plain text would see."""
    return lambda value: Markup(tells(value))  # noqa: S704 - made of numbers


@cache
def _environment(kind: str) -> Environment:
    finalize = finished(safe.markdown if kind == "markdown" else safe.line)

    @pass_context
    def paint(context: Any, value: object, style: str) -> Any:
        shown = finalize(value)
        return Markup(f"\x1b[{COLOURS[style]}m{shown}\x1b[0m") if context["colour"] and style in COLOURS else shown  # noqa: S704

    made = environment("text").overlay(finalize=finalize, autoescape=True)
    made.filters = made.filters | {  # a new dictionary: an overlay shares the old one
        "code": lambda value: Markup(safe.code(value)),  # noqa: S704 - as above
        "paint": paint,
        "address": lambda value: Markup(safe.address(value)),  # noqa: S704 - nothing that ends a link's target
        "linked": lambda value: Markup(safe.linked(value)),  # noqa: S704 - as above
        "policy": words.policy,
        "problem": words.problem,
        **{
            tells.__name__: _finished(tells)
            for tells in (words.instant, words.day, words.full_instant, words.day_name, words.month_name, words.span)
        },
    }
    made.globals = made.globals | {"words": words.catalogue()}
    return made
