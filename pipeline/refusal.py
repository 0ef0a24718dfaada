"""What a person asked for and does not get. Codes; the words for them live in `templates/reasons/`."""

from typing import Literal

RefusalCode = Literal[
    # who (Art. 6)
    "no-actor",
    "no-poster",
    "second-person",
    "operator-approval",
    # about what
    "unknown-article",
    "not-waiting",
    "open-broadcast",
    "unknown-broadcast",
    "settled-broadcast",
    "never-sent",
    "article-not-found",
    "record-not-found",
    # what is missing or wrong in what was filled in
    "no-reason",
    "no-content",
    "no-url",
    "no-quotation-source",
    "no-id",
    "not-one-id",
    "no-web-address",
    "foreign-url",
    "posted-before",
    "closed-then",
    "time-passed",
    "no-such-time",
    "no-picture",
    # in a reply to an issue
    "reply-edited",
    "reply-contradiction",
    "reply-unclear",
    "reply-other-words",
    "reply-other-kind",
    "reply-at-night",
    "reply-changed",
    "reply-not-here",
    "reply-which",
    "reply-over",
    "reply-nothing-here",
]


class Refusal(Exception):
    """What was asked for cannot be done.

    Args:
        code: its words say what, where, and what to do next.
        values: what the words name; of `state` the code, which has words of its own, of `when` an instant in ISO 8601.
    """

    def __init__(self, code: RefusalCode, **values: str) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values
