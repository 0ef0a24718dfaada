"""Where the templates are, and how each kind of them is read. Jinja2 is imported only when something is rendered."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jinja2

_INSTALLED = Path(__file__).parent / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "templates"

Kind = Literal["json", "html", "text"]

# A JSON key carries the place it was written at as a second key, so that whatever is wrong with a rendered message can
# be told with the template's name and line. `split_origins` takes them out again.
ORIGIN = "@"
_JSON_STRING = re.compile(r'"((?:\\.|[^"\\])*)"(\s*:)?')


def environment(kind: Kind, root: Path = TEMPLATES) -> "jinja2.Environment":
    """The environment for templates of one kind; all of them are strict about undefined names.

    json: every `{{ value }}` comes out as a JSON value, quotes included, and so can never become structure;
    html: every value is escaped; text: values come out as they are.
    """
    return _environment(kind, root)


@cache
def _environment(kind: Kind, root: Path) -> "jinja2.Environment":
    import jinja2

    json_only: dict[str, Any] = {"finalize": _json_value(), "extensions": [_origins()]} if kind == "json" else {}
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(root),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        autoescape=kind != "text",  # noqa: S701 -- in JSON, so that the output of a macro is Markup and no value
        **json_only,
    )


def _json_value() -> Callable[[Any], Any]:
    from jinja2 import Undefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        if isinstance(value, Undefined):
            return str(value)  # raises UndefinedError
        return Markup(json.dumps(value, ensure_ascii=False))  # noqa: S704 -- JSON, not HTML, is made here

    return finalize


@cache
def _origins() -> "type[jinja2.ext.Extension]":
    from jinja2.ext import Extension
    from jinja2.lexer import Token, TokenStream

    class Origins(Extension):
        """Writes `"@key": "template:line"` before each key of the literal JSON in a template."""

        def filter_stream(self, stream: TokenStream) -> "Iterator[Token]":
            for token in stream:
                if token.type == "data":
                    yield Token(token.lineno, "data", _marked(token.value, stream.name or "?", token.lineno))
                else:
                    yield token

    return Origins


def _marked(text: str, name: str, first_line: int) -> str:
    def mark(match: re.Match[str]) -> str:
        if not match[2]:
            return match[0]
        line = first_line + text.count("\n", 0, match.start())
        return f'"{ORIGIN}{match[1]}": "{name}:{line}", {match[0]}'

    return _JSON_STRING.sub(mark, text)


def split_origins(value: Any, path: str = "") -> tuple[Any, dict[str, str]]:
    """The value without its origins, and where each path in it ("contents.body.contents[2].wrap") was written."""
    origins: dict[str, str] = {}
    return _split(value, path, origins), origins


def _split(value: Any, path: str, origins: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_split(part, f"{path}[{number}]", origins) for number, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    plain = {}
    for key, part in value.items():
        if key.startswith(ORIGIN):
            origins[f"{path}.{key[1:]}".lstrip(".")] = part
        else:
            plain[key] = _split(part, f"{path}.{key}".lstrip("."), origins)
    return plain
