"""What line-bot-sdk makes of a message: its models drop what they do not know without a word, so both ends are compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def through_sdk(messages: Sequence[Mapping[str, Any]], silent: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The broadcast request as the SDK sends it, and the paths of everything that it would lose or change on the way.

    Importing the SDK costs a second and 75 MB: only before something is sent, and in tests.
    """
    from linebot.v3.messaging import BroadcastRequest

    given = {"messages": list(messages), "notificationDisabled": silent}
    sent = BroadcastRequest.from_dict(given).to_dict()
    return sent, list(_differences(given, sent, ""))


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
