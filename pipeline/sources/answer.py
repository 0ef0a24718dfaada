"""What a server answered, and what went wrong in one word."""

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
