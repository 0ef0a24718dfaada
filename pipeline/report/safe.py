"""Text from outside, made fit for a terminal, a runner's log and a Markdown page: it stays text whatever it holds."""

import json
import re
from urllib.parse import quote

from pipeline.late import late

# The runner of GitHub Actions takes a line that begins with `::` for a command, and the older form `##[` anywhere in it
# (actions/runner, ActionCommand.cs: TryParseV2 trims the line's beginning, TryParse searches the whole line).
_COMMAND_AT_START = late(r"(?m)^(\s*)::")
_PUNCTUATION = late(r"([!-/:-@\[-`{-~])")
_REFERENCE = late(r"\bGH-(?=\d)", re.IGNORECASE)
# GitHub makes links of these after it has taken backslashes away: mentions, e-mail addresses, issue numbers.
_LOOK_ALIKES = str.maketrans({"@": "＠", "#": "＃"})
_ADDRESS = late("\u3000(https?://[^\\s\u3000]{1,2000})$")
_ID = late("[0-9a-f]{12}(?=\u3000)")
_IN_ADDRESSES = ":/?=&;%+,~"  # everything else is quoted, so that nothing ends the target of a link
_BACKTICKS = late("`+")


def line(text: object) -> str:
    """One line without controls, colours of a terminal, or bidirectional tricks."""
    from pipeline.characters import clean  # a run without news has nothing to clean

    return clean(str(text))


def harmless(text: str) -> str:
    """Whole output, line by line, in which no line is a workflow command."""
    lines = "\n".join(text.splitlines()) + ("\n" if text.endswith("\n") else "")
    return _COMMAND_AT_START.sub(r"\1：：", lines).replace("##[", "＃＃[")


def json_document(document: object) -> str:
    """The same as JSON, which keeps its meaning: only strings can hold these characters."""
    return json.dumps(document, ensure_ascii=False, indent=1).replace("##[", "##\\u005b")


def markdown(text: object) -> str:
    """One line of Markdown that shows the text and nothing else: no link, no HTML, no mention, no emphasis."""
    plain = _REFERENCE.sub("GH‑", line(text).translate(_LOOK_ALIKES))
    return _PUNCTUATION.sub(r"\\\1", plain)


def linked(text: object) -> str:
    """The same, in which an address at the end, after a full-width space, can be clicked: never one within a title. An id
    before it stands for it."""
    plain = line(text)
    if not (found := _ADDRESS.search(plain)):
        return markdown(plain)
    before, target = plain[: found.start(1)], address(found[1])
    if name := _ID.match(before):
        return f"[ID {name[0]}]({target})\u3000{markdown(before[name.end() :].strip())}"
    return f"{markdown(before)}[{markdown(found[1])}]({target})"


def address(text: object) -> str:
    """The target of a link in Markdown."""
    return quote(line(text), safe=_IN_ADDRESSES)


def code(text: object) -> str:
    """A code span: something to copy, in which GitHub makes no links either. Empty text gives nothing."""
    plain = line(text)
    if not plain:
        return ""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(plain)), default=0) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
