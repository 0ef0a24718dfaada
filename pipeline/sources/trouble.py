"""What went wrong on the way to a server, told so that a web team can act on it."""

import socket
import ssl
from collections.abc import Iterator

from pipeline.sources.answer import Barred, NoAnswer

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
