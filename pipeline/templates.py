"""Where the templates are, and how each kind of them is read. Jinja2 is imported only when something is rendered."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

if TYPE_CHECKING:
    import jinja2

_INSTALLED = Path(__file__).parent / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "templates"

Kind = Literal["json", "html", "text"]
T = TypeVar("T")


def words(name: str, kind: type[T]) -> T:
    """A TOML file of words below templates/, read once. Raises msgspec.ValidationError where it is not of this kind."""
    read: T = _words(name, kind)  # type: ignore[arg-type]  # mypy knows no hash of a type
    return read


@cache
def _words(name: str, kind: Any) -> Any:
    return msgspec.toml.decode((TEMPLATES / name).read_bytes(), type=kind)


@cache
def environment(kind: Kind, root: Path = TEMPLATES) -> "jinja2.Environment":
    """The environment for templates of one kind; all of them are strict about undefined names.

    json: every `{{ value }}` comes out as a JSON value, quotes included, and so can never become structure;
    html: every value is escaped; text: values come out as they are.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    json_only: dict[str, Any] = {"finalize": finished(as_json)} if kind == "json" else {}
    return ImmutableSandboxedEnvironment(  # a template says words; what a pull request writes into one runs with LINE's secrets
        loader=jinja2.FileSystemLoader(root),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        autoescape=kind != "text",
        **json_only,
    )


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def finished(tell: Callable[[Any], str]) -> Callable[[Any], Any]:
    """What becomes of each `{{ value }}`: the text that `tell` makes of it, fit for where it stands; finished text stays as it is."""
    from jinja2 import Undefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        if isinstance(value, Undefined):
            return str(value)  # raises UndefinedError
        return Markup(tell(value))  # noqa: S704 - not HTML: JSON, or text that is safe where it stands

    return finalize
