"""Addresses as LINE wants them: percent-encoded, host names in ASCII."""

from urllib.parse import urljoin, urlsplit, urlunsplit

from pipeline.address import ascii_host, encoded
from pipeline.message.limits import IMAGE_URL, URI

# LINE's own browser cannot show these on Android; the phone's browser can. Pages open inside LINE, where one tap leads
# back to the chat: for readers who are not used to switching between apps that is the shorter way.
_EXTERNAL = "openExternalBrowser=1"
_FILES = (".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".csv", ".zip")


def web_address(url: str) -> str:
    """The address with everything beyond ASCII percent-encoded as UTF-8 and the host in Punycode; "" if it is none."""
    try:
        parts = urlsplit(url.strip())
        host = ascii_host(parts.hostname or "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # a malformed host or port
        return ""
    if not host or parts.scheme not in ("https", "http"):
        return ""
    path, query, fragment = map(encoded, (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, f"{host}{port}", path, query, fragment))


def link(url: str) -> str:
    """The address for a button; "" when there is none that LINE would take."""
    address = web_address(url)
    parts = urlsplit(address)
    if parts.path.lower().endswith(_FILES):
        # Added to what stands there, byte for byte: the query need not be UTF-8 (Shift_JIS, as old forms write it).
        query = f"{parts.query}&{_EXTERNAL}" if parts.query else _EXTERNAL
        address = urlunsplit(parts._replace(query=query))
    return address if len(address) <= URI else ""


def picture(url: str) -> str:
    """The address of a picture; "" when LINE would not load it."""
    address = web_address(url)
    return address if address.startswith("https://") and len(address) <= IMAGE_URL else ""


def call(tel: str) -> str:
    """The address that calls a telephone number; "" when it is none."""
    digits = tel.replace("-", "")
    return f"tel:{digits}" if digits.isascii() and digits.isdigit() else ""


def joined(base: str, url: str) -> str:
    """`url` as a full address, relative ones seen from `base`; "" stays ""."""
    return urljoin(base, url) if url else ""
