"""One GET at a time through `requests`; redirects, repeats and limits are the polite client's matter (fetch.py)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests
from urllib3.exceptions import DecodeError, HTTPError

from pipeline.sources.answer import DamagedBody, NoAnswer, UntrustedCertificate


class Response:
    """One answer whose body has not been read yet."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw = response.raw

    def read(self, size: int) -> bytes:
        """The next bytes that have come, decoded, at most `size`; b"" at the end.

        Raises:
            DamagedBody: the compression is none, or one that nobody asked for.
            NoAnswer: the connection ended before the body did.
        """
        try:
            return bytes(self._raw.read1(size, decode_content=True))
        except DecodeError as error:
            raise DamagedBody(str(error)) from None
        except (HTTPError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from None


class _Unled(requests.Session):
    """Never looks where a redirect leads: that would read its body, however large, before anybody decided to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature of requests
        return None


class Session:
    """Connections to a few hosts, used again and again; safe to use from two threads.

    Args:
        headers: sent with every request.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._session = _Unled()
        self._session.auth = lambda request: request  # or requests would send passwords of this machine's .netrc
        self._session.headers.update({"Accept-Encoding": "gzip, deflate", **headers})

    @contextmanager
    def get(
        self, url: str, headers: Mapping[str, str], connect_timeout: float, read_timeout: float
    ) -> Iterator[Response]:
        """Ask for a canonical address; redirects come back as they are.

        Raises:
            UntrustedCertificate, NoAnswer: there was no answer.
        """
        try:
            response = self._session.get(
                url, headers=dict(headers), timeout=(connect_timeout, read_timeout), allow_redirects=False, stream=True
            )
        except requests.exceptions.SSLError as error:
            raise UntrustedCertificate(str(error)) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from None
        with response:
            yield Response(response)

    @property
    def cookies(self) -> tuple[tuple[str, str | None], ...]:
        """Names and values as they stand."""
        return tuple(sorted((cookie.name, cookie.value) for cookie in self._session.cookies))

    def close(self) -> None:
        self._session.close()
