"""What a server answered; and what went wrong on the way to it, in one word and told so that a web team can act on it."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Literal

from msgspec import Struct

ErrorCode = Literal["unreachable", "refused", "redirected", "gone", "malformed", "too-large", "robots", "later"]

CONTENT = (200, 203, 206)
NOT_MODIFIED = 304
_GONE = (404, 410)
_PROXY_LOGIN = 407
_CHALLENGE = 202  # some firewalls answer so, with a script instead of the page
# OpenSSL's numbers (X509_V_ERR_…) for what is wrong with a certificate.
_CERTIFICATE = {
    9: "it is not valid yet", 10: "it has expired", 18: "it is signed by itself", 19: "its authority is not a known one",
    20: "the chain is incomplete: the server does not send an intermediate certificate, or its authority is unknown",
    21: "the chain is incomplete: the server does not send an intermediate certificate",
    23: "it was revoked", 62: "it is made out to another name", 64: "it is made out to another address",
}  # fmt: skip
# OpenSSL's reasons that another attempt will not change.
_NO_COMMON_WAY = (
    "PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHERS", "DH_KEY_TOO_SMALL",
    "LEGACY_RENEGOTIATION", "WRONG_VERSION_NUMBER", "WRONG_SIGNATURE_TYPE", "INSUFFICIENT_SECURITY", "CERTIFICATE_REQUIRED",
)  # fmt: skip

REFUSED_NEXT = "the site refuses this client. Ask the web team to admit its User-Agent; this is not 'no news'"


class FetchError(Exception):
    """Something could not be fetched or read; never to be taken for "no news".

    Attributes:
        code: unreachable | refused | redirected | gone | malformed | too-large | robots | later
        detail: what, where, what to do next.
        not_before: when the site asked to be asked again.
        status: the HTTP status that said so, or 0.
    """

    def __init__(self, code: ErrorCode, detail: str, not_before: datetime | None = None, status: int = 0) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: ErrorCode = code
        self.detail = detail
        self.not_before = not_before
        self.status = status


class NoAnswer(Exception):
    """No answer, or only a part of one: worth another attempt."""


class Barred(Exception):
    """TLS or a proxy stands in the way; this will not go away by itself."""


class DamagedBody(Exception):
    """The body is compressed in a way that was not asked for, or is not what it says it is."""


class Fetched(Struct, frozen=True):
    """One answer. `final_url` differs from `url` after redirects; `total` is the full size, if the server says it."""

    url: str
    final_url: str
    status: int
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    location: str = ""
    not_before: datetime | None = None
    total: int | None = None

    @property
    def is_modified(self) -> bool:
        """False when the server said that we have the newest version already."""
        return self.status != NOT_MODIFIED

    @property
    def kind(self) -> str:
        """The media type that the server names, such as "text/html"; "" for none."""
        return self.content_type.partition(";")[0].strip().lower()

    def malformed(self, what: str) -> FetchError:
        """What stands there is not what was expected."""
        return FetchError("malformed", f"{self.final_url}: {what}")

    @property
    def digest(self) -> str:
        """The SHA-256 of the decoded body."""
        return sha256(self.body).hexdigest()

    @property
    def text(self) -> str:
        """The body as text, whatever its encoding is declared to be."""
        from pipeline.sources import charset

        return charset.decode(self.body, self.content_type)


def require_success(answer: Fetched) -> None:
    """Raises FetchError for everything but content and 304."""
    status, url = answer.status, answer.url
    if status in (*CONTENT, NOT_MODIFIED):
        return
    if status in _GONE:
        raise FetchError("gone", f"{url} answered {status}: the page is not there (any more)", status=status)
    if status == _PROXY_LOGIN:
        raise FetchError("unreachable", f"{url}: the proxy wants a login (407); name it in HTTPS_PROXY", status=status)
    if 400 <= status < 500 or status == _CHALLENGE:  # noqa: PLR2004 - the classes of RFC 9110
        raise FetchError("refused", f"{url} answered {status}; {REFUSED_NEXT}", status=status)
    raise FetchError("malformed", f"{url} answered {status}, which says nothing; ask the web team", status=status)


def trouble(error: BaseException) -> Barred | NoAnswer:
    """`Barred` for what will not go away by itself, `NoAnswer` for the rest; both with the cause in words.

    Args:
        error: of requests, urllib3, ssl or socket; the cause is looked for in all that it wraps.
    """
    causes = list(_within(error))
    proxied = any("proxy" in type(cause).__name__.casefold() or "Tunnel" in str(cause) for cause in causes)
    where = "the proxy: " if proxied else ""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = _CERTIFICATE.get(cause.verify_code, "it was not accepted")
            return Barred(f"its certificate was not accepted: {said} ({cause.verify_message})")
        if isinstance(cause, ssl.SSLError):
            if any(name in (cause.reason or "") for name in _NO_COMMON_WAY):
                return Barred(f"server and client have no protocol or cipher in common ({cause.reason})")
            return NoAnswer(f"TLS: {cause.reason or cause}")
        if isinstance(cause, socket.gaierror):
            return NoAnswer(f"{where}no such name ({cause.strerror})")
        if isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed"):
            return Barred(f"{where}it refuses ({str(cause).partition(': ')[2]})")
    innermost = next((cause for cause in reversed(causes) if str(cause)), error)
    return NoAnswer(f"{where}{type(innermost).__name__}: {innermost}")


def _within(error: BaseException, depth: int = 8) -> Iterator[BaseException]:
    """The error and everything that it wraps, outermost first."""
    yield error
    inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    for one in inner:
        if isinstance(one, BaseException) and depth:
            yield from _within(one, depth - 1)
