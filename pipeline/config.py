"""`kadoma.toml` as typed values. Every outside address stands there and nowhere else in the code."""

import os
import re
import tomllib
from datetime import date, time, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
JST = timezone(timedelta(hours=9), "JST")  # Asia/Tokyo: one offset, no summer time since 1951
WEEKDAYS = get_args(Weekday)
QUICK_REPLIES, QUICK_LABEL = 13, 20  # LINE, quick reply: items; letters of a label

_DURATION = Meta(pattern=r"^[0-9]{1,6}[smhd]\Z", description='a number and s, m, h or d, such as "60m"')
_CLOCK = Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z|^24:00\Z", description='a time such as "09:00"')
DurationText = Annotated[str, _DURATION]
ClockText = Annotated[str, _CLOCK]
AccountText = Annotated[str, Meta(pattern=r"^@[!-~]+\Z", description="an account ID that begins with @")]


class ConfigError(Exception):
    """The configuration cannot be used; the message names file, key, what was found and what is allowed."""


def duration(text: str) -> timedelta:
    """ "90s", "60m", "8h" or "7d" as a timedelta."""
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown keys are errors: a typo must not silently fall back to a default."""


class Selectors(Strict, frozen=True):
    """CSS selectors of an `html` source: item is one entry, the others are looked up inside it.

    title "" is the link's own text; date "" says that the list shows no dates.
    """

    item: str
    link: str = "a"
    title: str = ""
    date: str = ""


class Source(Strict, frozen=True):
    kind: Literal["smart-cms", "feed", "html"]
    url: str
    fallback: bool = False
    emergency: bool = False
    select: Selectors | None = None


class PageSelectors(Strict, frozen=True):
    """CSS selectors of an article page, the first that finds something counts; what none is given for is found by the
    rules for the site's system and for all. `contact` is the block of お問い合わせ先, `drop` what is no text of the article."""

    title: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    breadcrumb: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class Site(Strict, frozen=True):
    url: str
    hosts: Annotated[tuple[str, ...], Meta(min_length=1)]
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
    page: PageSelectors = PageSelectors()
    name: str = "門真市"
    user_agent: str = "kadoma-line/1 (+{contact})"
    contact_url: str = ""
    connect_timeout: DurationText = "5s"
    read_timeout: DurationText = "20s"
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    pause: Annotated[float, Meta(ge=0, le=60)] = 0.5


class QuickReply(Strict, frozen=True):
    """A button below an emergency."""

    label: Annotated[str, Meta(min_length=1, max_length=QUICK_LABEL, description=f"1 to {QUICK_LABEL} letters")]
    url: str


class Line(Strict, frozen=True):
    api: str
    account: AccountText
    connect_timeout: DurationText = "5s"
    read_timeout: DurationText = "30s"
    attempts: Annotated[int, Meta(ge=1, le=10)] = 4
    chat_mode: Literal["", "bot", "chat"] = ""
    silent: tuple[Literal["correction", "update"], ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()


class Responsible(Strict, frozen=True):
    person: str
    operator: str


class Approval(Strict, frozen=True):
    two_persons_for_emergency: bool = True


class Hours(Strict, frozen=True):
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    open: ClockText = "09:00"
    close: ClockText = "17:30"
    holidays: bool = True
    closed: tuple[str, ...] = ()
    emergency_words: tuple[str, ...] = ()
    everyday_words: tuple[str, ...] = ()


class Category(Strict, frozen=True):
    label: str
    paths: tuple[str, ...]
    basis: Literal["8(1)", "8(2)"] = "8(1)"


class Content(Strict, frozen=True):
    exclude_paths: tuple[str, ...] = ()
    exclude_titles: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    sns_display: Literal["require", "honour-off", "ignore"] = "honour-off"
    categories: tuple[Category, ...] = ()


class Copyright(Strict, frozen=True):
    holder: str


class PersonalData(Strict, frozen=True):
    own_domains: tuple[str, ...] = ()


class Contact(Strict, frozen=True):
    name: str
    tel: str = ""


class Policy(Strict, frozen=True):
    version: str
    responsible: Responsible
    posters: dict[str, tuple[str, ...]]
    contact: Contact
    copyright: Copyright
    url: str = ""
    approval: Approval = Approval()
    hours: Hours = Hours()
    content: Content = Content()
    personal_data: PersonalData = PersonalData()


class DeliveryLimits(Strict, frozen=True):
    stale_after: DurationText = "7d"
    burst_limit: Annotated[int, Meta(ge=1, le=1000)] = 12
    min_interval: DurationText = "60m"
    max_per_day: Annotated[int, Meta(ge=1, le=1000)] = 6
    close_margin: DurationText = "5m"
    updates: Literal["ride-along", "announce", "review", "ignore"] = "ride-along"


class State(Strict, frozen=True):
    push: bool = True
    branch: str = "main"
    timeout: DurationText = "60s"


class GitHubSettings(Strict, frozen=True):
    """Where alerts become issues; the runner's GITHUB_API_URL goes before `api` (GitHub Enterprise Server)."""

    api: str = ""
    workflow: str = "sync.yml"
    silent_after: DurationText = "18h"
    grace: DurationText = "90m"
    board: bool = False
    relay: bool = True
    outside: DurationText | None = None


class TestChannel(Strict, frozen=True):
    """A second LINE account (a test channel) for the same run with `--rehearsal`, and the ledger of its own."""

    account: AccountText
    state: str = "state-rehearsal"


class Config(Strict, frozen=True):
    site: Site
    line: Line
    policy: Policy
    delivery: DeliveryLimits = DeliveryLimits()
    state: State = State()
    github: GitHubSettings = GitHubSettings()
    paused: bool = False
    shadow: bool = False
    rehearsal: TestChannel | None = None

    @property
    def is_loopback(self) -> bool:
        """True when every configured address is on this machine: the sandbox, never a resident."""
        return is_loopback(self.site.url) and is_loopback(self.line.api)


def is_loopback(url: str) -> bool:
    """Whether the address is this machine itself."""
    host = urlsplit(url).hostname or ""
    return host in ("127.0.0.1", "localhost", "::1")


def load(path: Path) -> Config:
    """Read and check the configuration.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or a key or value is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; name the configuration with --config FILE") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: line {line}: found bytes that are no UTF-8; allowed: a file saved as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        return _parsed(text, str(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}{_there(text, str(error))}") from None


def _there(text: str, problem: str) -> str:
    """The line that is no TOML, and whether it is because of how a Japanese keyboard writes quotation marks, commas, spaces."""
    where = re.search(r"at line (\d+), column (\d+)", problem)
    if where is None:
        return ""
    line = text.split("\n")[int(where[1]) - 1]
    wide = line[int(where[2]) - 1 : int(where[2])]
    hint = f"; outside quotation marks write {wide!r} as on an English keyboard" if not wide.isascii() else ""
    return f": found {line.strip()[:100]!r}{hint}"


@lru_cache(maxsize=1)
def _parsed(text: str, name: str) -> Config:
    """A run reads its configuration again once the ledger has caught up; the same text is the same configuration."""
    return parse(tomllib.loads(text), name)


def parse(raw: dict[str, Any], name: str = "kadoma.toml") -> Config:
    """Turn the parsed TOML into a checked Config; `name` stands in the error messages. Raises ConfigError."""
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explain(raw, str(error))}") from None
    from pipeline.config_rules import check, check_pins  # rules about values that are typed already

    check(config, name)
    check_pins(config, os.environ, name)
    return config


def _explain(raw: Any, text: str) -> str:
    """msgspec says "Expected `int`, got `str` - at `$.delivery.burst_limit`"; people want the key first, what was found
    there, and what is allowed."""
    from msgspec import inspect

    problem, _, path = text.partition(" - at `$")
    key = path.rstrip("`").lstrip(".")
    found, kind = raw, inspect.type_info(Config)
    for part in re.findall(r"[^.\[\]]+", key):
        kind = _inner(kind, part)
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (KeyError, IndexError, ValueError, TypeError):  # a key with a dot in it
            return f"{key}: {problem}"
    if key.endswith("[...]"):  # a table with free keys, all of them lists: policy.posters
        name, found = next(item for item in found.items() if not isinstance(item[1], list))
        key, kind = key.replace("[...]", f".{name}"), _inner(kind, name)
    field = re.search(r"(?:unknown|missing required) field `(.*)`", problem)
    if field is None and isinstance(found, date | time):
        return f"{key}: found {found.isoformat()}; allowed: {_allowed(kind)}, in quotation marks"
    if field is None:
        return f"{key}: found {found!r}; allowed: {_allowed(kind)}"
    place = f"{key}.{field[1]}".lstrip(".")
    if "missing" in problem:
        return f"{place}: found nothing; allowed: {_allowed(_inner(kind, field[1]))}"
    first = inspect.type_info(Config)
    moved = any(one.encode_name == field[1] for one in getattr(first, "fields", ())) and kind != first
    hint = f"; {field[1]} stands before the first table" if moved else ""
    return f"{place}: found an unknown key; allowed: {_allowed(kind)}{hint}"


def _inner(kind: Any, part: str) -> Any:
    """The type of one field, or of the entries of a list or table."""
    kind = getattr(kind, "type", kind) if type(kind).__name__ == "Metadata" else kind
    types = getattr(kind, "types", ())  # of a table or nothing
    kind = next((one for one in types if type(one).__name__ != "NoneType"), kind)
    for field in getattr(kind, "fields", ()):
        if field.encode_name == part:
            return field.type
    return getattr(kind, "item_type", None) or getattr(kind, "value_type", kind)


def _allowed(kind: Any) -> str:
    """A type of msgspec.inspect in words."""
    name = type(kind).__name__
    if name == "Metadata":
        return (kind.extra_json_schema or {}).get("description") or _allowed(kind.type)
    if name == "UnionType":
        return " or ".join(_allowed(one) for one in kind.types if type(one).__name__ != "NoneType")
    if name == "StructType":
        return f"a table with {', '.join(field.encode_name for field in kind.fields)}"
    if name == "LiteralType":
        return ", ".join(repr(value) for value in kind.values)
    if name in ("IntType", "FloatType"):
        least, most = kind.ge, kind.le
        bounds = f" from {least}" * (least is not None) + f" to {most}" * (most is not None)
        return f"a {'whole ' * (name == 'IntType')}number{bounds}"
    if name in ("VarTupleType", "ListType"):
        return f"a list of {_allowed(kind.item_type)}" + f" ({kind.min_length} or more)" * bool(kind.min_length)
    plain = {"StrType": "text", "BoolType": "true or false", "DictType": "a table"}
    return plain.get(name, name)


def clock_time(text: str) -> time:
    """ "09:00" as a time; "24:00" as the last instant of the day."""
    return time.max if text == "24:00" else time.fromisoformat(text)
