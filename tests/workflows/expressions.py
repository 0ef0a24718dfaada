"""The few expressions of GitHub Actions that the workflows use: names, literals, ! == != && ||, and four functions."""

import json
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>\|\||&&|==|!=|[!(),]))")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
Contexts = Mapping[str, Any]


def resolved(value: Any, contexts: Contexts) -> str:
    """A value of the YAML as the runner hands it on: always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return _EMBEDDED.sub(lambda found: as_text(evaluate(found[1], contexts)), str(value))


def holds(condition: Any, contexts: Contexts) -> bool:
    """An `if:`, with or without ${{ }}."""
    if condition is None:
        return True
    text = str(condition).strip()
    whole = _EMBEDDED.fullmatch(text)
    return bool(evaluate(whole[1] if whole else text, contexts))


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(text: str, contexts: Contexts) -> Any:
    """Raises ValueError for anything that is not of the few forms: the test must learn it then."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"this small evaluator does not know {text!r}")
        kind = found.lastgroup or ""
        tokens.append((kind, found[kind]))
        at = found.end()
    parser = _Parser(tokens, contexts)
    value = parser.either()
    if parser.tokens:
        raise ValueError(f"this small evaluator does not know {text!r}")
    return value


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], contexts: Contexts) -> None:
        self.tokens, self.contexts = tokens, contexts

    def take(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def either(self) -> Any:
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = value and other
        return value

    def compared(self) -> Any:
        value = self.single()
        if self.take("=="):
            return as_text(value).casefold() == as_text(self.single()).casefold()
        if self.take("!="):
            return as_text(value).casefold() != as_text(self.single()).casefold()
        return value

    def single(self) -> Any:
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            assert self.take(")")
            return value
        kind, text = self.tokens.pop(0)
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if text in ("true", "false"):
            return text == "true"
        if self.take("("):
            arguments = []
            while not self.take(")"):
                arguments.append(self.either())
                self.take(",")
            if text == "cancelled":
                return False
            if text == "always":
                return True
            if text == "fromJSON":
                return json.loads(arguments[0])
            if text != "format":
                raise ValueError(f"this small evaluator does not know {text}()")
            return re.sub(r"\{(\d+)\}", lambda found: as_text(arguments[int(found[1]) + 1]), arguments[0])
        value = self.contexts
        for part in text.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value
