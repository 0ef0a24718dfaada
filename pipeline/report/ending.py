"""What ended a command before it could do its work: code, words and exit code of an exception."""

from msgspec import Struct

from pipeline.config import ConfigError
from pipeline.ledger.store import LedgerError
from pipeline.refusal import Refusal
from pipeline.report import words
from pipeline.report.github import GitHubError
from pipeline.report.outcome import FAILED, USAGE


class Ending(Struct, frozen=True):
    """`message` says what, where and what to do next."""

    code: str
    message: str
    exit: int


def ending(error: BaseException) -> Ending:
    """One for every exception; a mistake of ours is "unexpected"."""
    match error:
        case Refusal():
            return Ending(error.code, words.refusal(error), USAGE)
        case ConfigError():
            return Ending("configuration", str(error), USAGE)
        case LedgerError():
            return Ending("ledger", str(error), FAILED)
        case GitHubError():
            return Ending("github", str(error), FAILED)
        case KeyboardInterrupt():
            return Ending("interrupted", "interrupted", FAILED)
    told = f"unexpected {type(error).__name__}: {error}; run again with --debug and report it"
    return Ending("unexpected", told, FAILED)
