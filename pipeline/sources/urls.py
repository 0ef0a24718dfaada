"""Addresses: one canonical spelling per page, so that an address can be an identity."""

import re
from collections.abc import Collection, Container
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from pipeline.address import ascii_host, encoded
from pipeline.config import is_loopback
from pipeline.late import late

DEFAULT_PORTS = {"http": 80, "https": 443}

# Patterns of what is rare are compiled when it comes.

# What advertising and mailing tools append; the CMS's own parameters (page_no, siteNew …) are none of these.
TRACKING = (
    r"utm_\w+|mtm_\w+|pk_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|yclid|ytm_\w+|msclkid|twclid|ttclid|igshid|li_fat_id"
    r"|mc_cid|mc_eid|_ga|_gl|vero_id|_hsenc|_hsmi"
)

# Addresses that are canonical as they stand; nearly all of a list's thousand are.
_PLAIN = late(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}|localhost|127\.0\.0\.1)"
    r"(?::(?!80/|443/)(?:[1-9]\d{0,3}|[1-5]\d{4}))?(?:/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?)",
    re.ASCII,
)
# Who is asking, not what: a session that a server writes into every address.
_SESSION = r"jsessionid|phpsessid|aspsessionid\w*|asp\.net_sessionid|sessionid|session_id|sess_id|sid|cfid|cftoken|zenid|oscsid"
_PATH_SESSION = r"(?i);(?:jsessionid|phpsessid|sid|sessionid)=[^/;?#]*|/\(S\([0-9a-z]{24}\)\)"
_SCHEME = late(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = late(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_ESCAPE = late(r"%([0-9A-Fa-f]{2})")
_INVISIBLE = late(r"[\x00-\x1f\x7f]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
WRAPPED = " \t\n\u3000<>＜＞()（）「」『』【】\"'、。，,"  # what stands around an address in a sentence
_PAGE_NUMBER = late(r"[^?#]*/(\d{1,12})\.html?(?:[?#]|$)")


def canonical(url: str, base: str = "") -> str:
    """The one spelling of an address: absolute, lower-case host, without default port, fragment, session and tracking.

    Args:
        url: as written in a page or list: absolute, `//host/…`, or relative to `base`.
        base: the address of the page that it was written in.

    Raises:
        ValueError: no address of a web page: javascript:, mailto:, data:, no host, a user name in it, not parseable.
    """
    if is_plain(url):
        return url
    text = _INVISIBLE.sub("", url).strip().replace("\\", "/")  # browsers read \ as /, so a resident would go there
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        raise ValueError(f"{_shown(url)} is not a web address but {scheme[0].lower()}")
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise ValueError(f"{_shown(url)} is not a web address: {error}") from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise ValueError(f"{_shown(url)} is not a web address: no scheme and host")
    if "@" in parts.netloc:
        raise ValueError(f"{_shown(url)} names a user before the host; such addresses mislead people")
    netloc = host if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, _path(parts.path), _query(parts.query), ""))


def is_plain(url: str) -> bool:
    """Whether the address is evidently canonical; a quick no means nothing."""
    return _PLAIN.fullmatch(url) is not None


def secure_url(url: str, base: str, hosts: Collection[str]) -> str:
    """Like `canonical`; and http:// of one of the site's hosts becomes https://, unless it is this machine.

    Raises:
        ValueError: as `canonical` does.
    """
    address = canonical(url, base)
    if address.startswith("http:") and not is_loopback(address):
        secure = canonical(f"https{address.removeprefix('http')}")
        if own_host(urlsplit(secure).netloc, hosts):
            return secure
    return address


def site_url(url: str, base: str, hosts: Collection[str]) -> str:
    """Like `secure_url`, and with the site's own spelling of the host: of two that differ by `www.` alone the first of
    `hosts`. Not for where a redirect leads: that is how a server tells the two apart.

    Raises:
        ValueError: as `canonical` does.
    """
    parts = urlsplit(secure_url(url, base, hosts))
    return urlunsplit(parts._replace(netloc=own_host(parts.netloc, hosts) or parts.netloc))


def typed_url(text: str, base: str, hosts: Collection[str]) -> str:
    """Like `site_url`, of an address as people copy it: in brackets or quotes, at the end of a sentence, without a scheme.

    Raises:
        ValueError: as `canonical` does.
    """
    bare = text.strip(WRAPPED)
    if any(bare.casefold().startswith((host, host.removeprefix("www."))) for host in hosts):
        bare = f"{urlsplit(base).scheme}://{bare}"
    return site_url(bare, base, hosts)


def own_host(netloc: str, hosts: Collection[str]) -> str:
    """The site's own spelling of a host, with or without `www.`; "" for a host that is not the site's."""
    other = netloc.removeprefix("www.") if netloc.startswith("www.") else f"www.{netloc}"
    return next((host for host in hosts if host in (netloc, other)), "")


def on_hosts(url: str, hosts: Container[str]) -> bool:
    """Whether a canonical address is on one of `hosts` (name or name:port): by https, or by http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.netloc in hosts and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))


def page_number(url: str) -> int | None:
    """The CMS's page number: the digits before .html, or None."""
    found = _PAGE_NUMBER.match(url)
    return int(found[1]) if found else None


def fragment(url: str) -> str:
    """The part of a page that an address as written names, escaped as in `canonical`; "" for none."""
    return encoded(_escapes(_INVISIBLE.sub("", url).strip().partition("#")[2]))


def without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _host(name: str) -> str:
    name = name.rstrip(".")
    name = (name if name.isascii() and ":" not in name else ascii_host(name)).lower()
    if name and not _HOST.fullmatch(name):
        raise ValueError(f"host {_shown(name)}")
    return name


def _path(path: str) -> str:
    """Encoded, without a session, and without dots (RFC 3986, 5.2.4): urljoin resolves them in relative addresses alone."""
    path = re.sub(_PATH_SESSION, "", _escapes(path)).removeprefix("/")
    return encoded(urlsplit(urljoin("https://host/", f"/./{path}")).path) or "/"


def _query(query: str) -> str:
    fields = [field.removeprefix("amp;") for field in _escapes(query).split("&")]  # &amp; that was escaped twice
    names = ((field, unquote(field.split("=")[0])) for field in fields)
    kept = [field for field, name in names if not re.fullmatch(f"(?i:{TRACKING}|{_SESSION})", name)]
    return encoded("&".join(kept))


def _escapes(text: str) -> str:
    """Escapes in upper case, none for characters that need none. Other encodings' bytes stay."""

    def one(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(one, text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:100]}…")  # noqa: PLR2004 - enough to recognise it by
