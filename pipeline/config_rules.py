"""What types cannot say about a configuration: addresses, days, spans, texts. Each mistake is named with its key."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from pipeline.config import QUICK_REPLIES, Config, ConfigError, Hours, Policy, QuickReply, Site, duration, is_loopback
from pipeline.late import late

CLOSED_DAY = late(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}(/[0-9]{4}-[0-9]{2}-[0-9]{2})?|[0-9]{2}-[0-9]{2}(/[0-9]{2}-[0-9]{2})?)\Z"
)
LONGEST_CLOSURE = 60  # days in a row; "01-03/12-29" is nearly the whole year, and surely "12-29/01-03"
LEAP_YEAR, NEARLY_A_YEAR = 2028, 365  # the days of a yearly closure are those of a leap year
LONGEST_PAUSE = 60  # seconds
# Key → the least and the most that can work: 0 s of patience reads nothing, and dates end in the year 9999.
SPANS = {
    "site.connect_timeout": ("1s", "5m"), "site.read_timeout": ("1s", "5m"),
    "line.connect_timeout": ("1s", "5m"), "line.read_timeout": ("1s", "5m"), "state.timeout": ("1s", "10m"),
    "delivery.stale_after": ("1h", "3650d"), "delivery.min_interval": ("0s", "7d"), "delivery.close_margin": ("0s", "24h"),
    "github.silent_after": ("1h", "30d"), "github.grace": ("0s", "12h"), "github.outside": ("5m", "24h"),
}  # fmt: skip

SECRETS = ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN")
HOST = late(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9][0-9]{0,4})?|\[::1\](?::[1-9][0-9]{0,4})?"
)
# git check-ref-format
BRANCH = late(r"(?!refs/)(?!.*(?:\.\.|//|/\.|\.lock(?:/|\Z)|[./]\Z))[A-Za-z0-9_][\w./+-]*", re.ASCII)
QUICK_ADDRESS = late(r"(/(?!/)|https://[^/\s])\S*")
LOGIN = late(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?")

Fail = Callable[[str, object, str], None]
_fields_of = cache(fields)  # which works out the annotations of a class anew each time


def check(config: Config, name: str) -> None:
    """The rules that types cannot say. Raises ConfigError."""

    def fail(key: str, found: object, allowed: str) -> None:
        raise ConfigError(f"{name}: {key}: found {found!r}; allowed: {allowed}")

    _check_texts(config, "", fail)
    _check_spans(config, fail)
    _check_addresses(config, fail)
    if not re.fullmatch(r"[\w.-]+\.ya?ml", config.github.workflow):
        fail("github.workflow", config.github.workflow, 'the name of a file in .github/workflows, such as "sync.yml"')
    if not BRANCH.fullmatch(config.state.branch):
        fail("state.branch", config.state.branch, 'the name of a branch, such as "main"')
    if config.rehearsal and config.rehearsal.account == config.line.account:
        fail("rehearsal.account", config.rehearsal.account, "that of the test channel, another than line.account")
    if config.rehearsal and posixpath.normpath(config.rehearsal.state) in (".", "state"):
        allowed = "a directory of its own: what the test channel gets is not sent"
        fail("rehearsal.state", config.rehearsal.state, allowed)
    if not 0 <= config.site.pause <= LONGEST_PAUSE:  # TOML knows nan
        fail("site.pause", config.site.pause, f"a number from 0 to {LONGEST_PAUSE}")
    _check_site(config.site, fail)
    _check_quick_replies(config.line.quick_replies, fail)
    _check_policy(config.policy, fail)
    _check_hours(config.policy.hours, fail)


def check_pins(config: Config, environment: Mapping[str, str], name: str) -> None:
    """Where secrets are at hand, the addresses are those that the workflow was given from outside this file (variables of the
    repository), which a pull request cannot change. Nothing is pinned where nothing was given. Raises ConfigError."""
    if not any(environment.get(secret) for secret in SECRETS):
        return
    for variable, key, used in (
        ("ALLOWED_LINE_API", "line.api", [config.line.api]),
        ("ALLOWED_SITE_HOSTS", "site.hosts", list(config.site.hosts)),
    ):
        allowed = environment.get(variable, "").replace(",", " ").split()
        if allowed and not set(used) <= set(allowed):
            told = f"{' '.join(allowed)} (the repository's variable {variable}); who moves changes the variable, too"
            raise ConfigError(f"{name}: {key}: found {' '.join(used)!r}; allowed: {told}")


def _check_addresses(config: Config, fail: Fail) -> None:
    addresses = [("site.url", config.site.url), ("line.api", config.line.api)]
    for key, url in [*addresses, *([("github.api", config.github.api)] if config.github.api else [])]:
        if not _is_address(url) or (urlsplit(url).scheme == "http" and not is_loopback(url)):
            fail(key, url, "https://…, or http:// on a loopback address")
        end = url.partition("://")[2].removeprefix(urlsplit(url).netloc)
        if end not in ("", "/") or (end and key != "site.url"):
            fail(key, url, "scheme and host only, without a path")
    for key, url in (("policy.url", config.policy.url), ("site.contact_url", config.site.contact_url)):
        if url and not url.startswith("/") and not _is_address(url):
            fail(key, url, "https://…, or a path of the site that begins with /")


def _check_each(key: str, values: Sequence[str], is_good: Callable[[str], object], allowed: str, fail: Fail) -> None:
    for number, value in enumerate(values):
        if not is_good(value):
            fail(key.replace("[]", f"[{number}]"), value, allowed)


def _check_site(site: Site, fail: Fail) -> None:
    host = urlsplit(site.url).netloc
    if host not in site.hosts:
        fail("site.hosts", list(site.hosts), f"a list that holds the host of site.url ({host})")
    allowed = 'a name such as "www.city.example.jp" or "name:port": small letters, no https://'
    _check_each("site.hosts[]", site.hosts, _is_host, allowed, fail)
    if not site.user_agent.strip() or not site.user_agent.isprintable():
        fail("site.user_agent", site.user_agent, "one line of text")
    if not site.name.strip():
        fail("site.name", site.name, "text that is not empty")
    allowed = 'a CSS selector such as "#honbun" or "main h1"'
    for field, selectors in msgspec.structs.asdict(site.page).items():
        _check_each(f"site.page.{field}[]", selectors, _is_selector, allowed, fail)
    _check_sources(site, fail)


def _check_sources(site: Site, fail: Fail) -> None:
    for number, source in enumerate(site.sources):
        key = f"site.sources[{number}]"
        if not _is_source(source.url, site):
            fail(f"{key}.url", source.url, "a path that begins with /, or a URL on one of site.hosts")
        if source.url.removeprefix(site.url) in [one.url.removeprefix(site.url) for one in site.sources[:number]]:
            fail(f"{key}.url", source.url, "each only once")
        if source.kind == "html" and source.select is None:
            allowed = 'a table such as { item = "li.page", link = "a", date = ".date" } for kind "html"'
            fail(f"{key}.select", None, allowed)
        if source.kind != "html" and source.select is not None:
            fail(f"{key}.select", "a table", 'nothing: only kind "html" has selectors')
    if site.sources[0].fallback:
        fail("site.sources[0].fallback", True, "false: the first source has none before it")


def _check_quick_replies(replies: tuple[QuickReply, ...], fail: Fail) -> None:
    if len(replies) > QUICK_REPLIES:
        fail("line.quick_replies", len(replies), f"at most {QUICK_REPLIES} of them")
    addresses, allowed = [reply.url for reply in replies], "a path of the site that begins with /, or https://…"
    _check_each("line.quick_replies[].url", addresses, QUICK_ADDRESS.fullmatch, allowed, fail)


def _check_policy(policy: Policy, fail: Fail) -> None:
    """Art. 6 and 8."""
    if not policy.posters or not all(name.strip() for name in policy.posters):
        fail("policy.posters", sorted(policy.posters), "departments with their GitHub logins (Art. 6)")
    for department, logins in policy.posters.items():
        if not all(map(LOGIN.fullmatch, logins)):
            fail(f"policy.posters.{department}", list(logins), "GitHub logins, without @; any other would be nobody's")
    allowed = "a path of the site that begins with /"
    for number, category in enumerate(policy.content.categories):
        key = f"policy.content.categories[{number}].paths"
        _check_each(f"{key}[]", category.paths, _is_path, allowed, fail)
        if not category.paths:
            fail(key, [], "one path or more: else no article is of this category")
    _check_each("policy.content.exclude_paths[]", policy.content.exclude_paths, _is_path, allowed, fail)
    if "/" in policy.content.exclude_paths:
        fail("policy.content.exclude_paths", "/", 'a folder such as "/nyusatsu/": with "/" nothing could ever go out')


def _check_hours(hours: Hours, fail: Fail) -> None:
    """Art. 7."""
    if hours.open >= hours.close:
        fail("policy.hours", f"{hours.open}-{hours.close}", "open before close")
    allowed = '"2027-05-06", "2027-05-06/2027-05-08", or each year "12-29/01-03"'
    told = f"{allowed}; at most {LONGEST_CLOSURE} days in a row"
    _check_each("policy.hours.closed[]", hours.closed, _is_closure, told, fail)
    yearly = {day for text in hours.closed if is_yearly(text) for day in closed_days(text)}
    if len(yearly) >= NEARLY_A_YEAR:
        fail("policy.hours.closed", list(hours.closed), "days that leave some open: nothing could ever go out")


def _check_texts(value: object, key: str, fail: Fail) -> None:
    """No text in a list is empty (it would fit everything) or stands there twice; what must be told is told."""
    if isinstance(value, Struct):
        for field in _fields_of(type(value)):
            part, name = getattr(value, field.name), f"{key}.{field.encode_name}".lstrip(".")
            if field.required and isinstance(part, str) and not part.strip():
                fail(name, part, "text that is not empty")
            _check_texts(part, name, fail)
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            if isinstance(part, str) and not part.strip():
                fail(f"{key}[{number}]", part, "text that is not empty")
            if isinstance(part, str) and part in value[:number]:
                fail(f"{key}[{number}]", part, "each only once")
            _check_texts(part, f"{key}[{number}]", fail)


def _check_spans(config: Config, fail: Fail) -> None:
    """Spans with which nothing could ever work, or go out."""
    for key, (least, most) in SPANS.items():
        table, _, name = key.partition(".")
        text = getattr(getattr(config, table), name)
        if text is not None and not duration(least) <= duration(text) <= duration(most):
            fail(key, text, f'from "{least}" to "{most}"')
    hours = config.policy.hours
    opened, closes = (_minutes(text) for text in (hours.open, hours.close))
    if opened < closes and timedelta(minutes=closes - opened) <= duration(config.delivery.close_margin):
        allowed = f"less than the posting hours last ({hours.open}-{hours.close}): nothing could ever go out"
        fail("delivery.close_margin", config.delivery.close_margin, allowed)


def _minutes(text: str) -> int:
    return 60 * int(text[:2]) + int(text[3:])


def _is_address(url: str) -> bool:
    """https or http, with a host and without user, blanks or anything that needs thought."""
    try:
        host = urlsplit(url).netloc.lower()
    except ValueError:
        return False
    return re.match(r"https?://[^\s\\]+\Z", url) is not None and _is_host(host)


def _is_host(text: str) -> bool:
    """A name, or name:port."""
    try:
        return HOST.fullmatch(text) is not None and (urlsplit(f"//{text}").port or 1) > 0
    except ValueError:  # a port beyond 65535
        return False


def _is_path(text: str) -> bool:
    return text.startswith("/")


def _is_source(url: str, site: Site) -> bool:
    if re.search(r"[\s#\\]", url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")  # another host
    return _is_address(url) and urlsplit(url).netloc in site.hosts and urlsplit(url).scheme == urlsplit(site.url).scheme


def _is_selector(text: str) -> bool:
    import soupsieve  # only for a configuration that has some

    try:
        soupsieve.compile(text)
    except soupsieve.SelectorSyntaxError:
        return False
    return True


def is_yearly(closure: str) -> bool:
    """Whether a closure such as "12-29/01-03" is of each year."""
    return len(closure.partition("/")[0]) == len("12-29")


@lru_cache
def closed_days(closure: str) -> frozenset[date]:
    """The days of "2027-05-06", "2027-05-06/2027-05-08" or "12-29/01-03"; those of each year as of `LEAP_YEAR`.

    Raises:
        ValueError: no days of the calendar.
    """
    yearly = is_yearly(closure)
    days = [date.fromisoformat(f"{LEAP_YEAR}-{part}" if yearly else part).toordinal() for part in closure.split("/")]
    first, last = days[0], days[-1]
    if yearly and last < first:  # over New Year
        begin, end = date(LEAP_YEAR, 1, 1).toordinal(), date(LEAP_YEAR, 12, 31).toordinal()
        return frozenset(map(date.fromordinal, (*range(begin, last + 1), *range(first, end + 1))))
    return frozenset(map(date.fromordinal, range(first, last + 1)))


def _is_closure(text: str) -> bool:
    """Days of the calendar, the first before the last; over New Year only when each year is meant."""
    try:
        return CLOSED_DAY.match(text) is not None and 0 < len(closed_days(text)) <= LONGEST_CLOSURE + 1
    except ValueError:
        return False
