"""How an address is written: percent-encoded UTF-8, the host in ASCII. Whoever writes one, for the site or for LINE, asks here."""

import re
from urllib.parse import quote

_LONE = re.compile("%(?![0-9A-Fa-f]{2})|[\ud800-\udfff]")  # a percent sign that was meant literally, half an emoji
_SAFE = "!$&'()*+,;=:@/?-._~%"  # RFC 3986, and the sign of what is encoded already


def encoded(part: str) -> str:
    """A path, query or fragment. What is encoded already stays."""
    return quote(_LONE.sub(lambda sign: "%25" if sign[0] == "%" else "%3F", part), safe=_SAFE)


def ascii_host(name: str) -> str:
    """The name in Punycode where it needs that, an IPv6 address in brackets. Raises ValueError: no name of a host."""
    return f"[{name}]" if ":" in name else name.encode("idna").decode("ascii")  # UnicodeError is a ValueError
