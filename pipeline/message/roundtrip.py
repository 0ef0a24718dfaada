"""What line-bot-sdk makes of a message: its models drop what they do not know without a word, so both ends are compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def lost(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Paths of everything that the SDK would lose or change; empty when what goes in comes out.

    Importing the SDK costs more than a second: only before something is sent, and in tests.
    """
    from linebot.v3.messaging import BroadcastRequest

    request = {"messages": list(messages), "notificationDisabled": False}
    return list(_differences(request, BroadcastRequest.from_dict(request).to_dict(), ""))


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            here = f"{path}.{key}".lstrip(".")
            if key not in before or key not in after:
                yield here
            else:
                yield from _differences(before[key], after[key], here)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(*pair, f"{path}[{number}]")
    elif before != after:
        yield path
