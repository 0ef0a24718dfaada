"""What ended a command before it could do its work: code, words and exit code of an exception."""

from msgspec import Struct

from pipeline.config import ConfigError
from pipeline.exits import FAILED, USAGE
from pipeline.ledger.store import LedgerError, Setup
from pipeline.refusal import Refusal
from pipeline.report import words
from pipeline.report.github import GitHubError


class Failure(Struct, frozen=True):
    """`message` says what, where and what to do next."""

    code: str
    message: str
    exit: int


def ending(error: BaseException) -> Failure:
    """One for every exception; a mistake of ours is "unexpected"."""
    match error:
        case Refusal():
            return Failure(error.code, words.refusal(error, "command"), USAGE)
        case ConfigError():
            return Failure("configuration", str(error), USAGE)
        case LedgerError():
            return Failure("ledger", str(error), USAGE if isinstance(error, Setup) else FAILED)
        case GitHubError():
            return Failure("github", str(error), FAILED)
        case KeyboardInterrupt():
            return Failure("interrupted", "interrupted", FAILED)
        case OSError(filename=str() as file):
            told = f"{file}: {error.strerror}; it must be there, be of the right kind, and be yours to write"
            return Failure("file", told, FAILED)
    told = f"unexpected {type(error).__name__}: {error}; run again with --debug and report it"
    return Failure("unexpected", told, FAILED)
