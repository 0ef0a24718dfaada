"""The form of post.yml: what a person filled in comes through the environment, never through a shell's command line."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import get_args

from msgspec import Struct

from pipeline.article import Picture
from pipeline.config import JST, Config, ConfigError
from pipeline.decision import Basis
from pipeline.desk import Action, Desk, Draft
from pipeline.ledger.knowledge import Known
from pipeline.refusal import Refusal
from pipeline.report.find import named
from pipeline.runner import typed
from pipeline.sources.urls import on_hosts, typed_url

# The choices of the form, as post.yml shows them.
POST, CORRECT, APPROVE = "投稿", "訂正", "承認"
DECISIONS: dict[str, Action] = {
    APPROVE: "approve", "却下": "reject", "届いていた": "delivered", "届いていなかった": "not-delivered"
}  # fmt: skip
ACTIONS = (POST, CORRECT, *DECISIONS)
AUTOMATIC = "自動"
PREFIX = "FORM_"
LINE_BREAK = "／／"  # the form's field for the text is one line

# 2026年12月1日（火）10時30分, 2026/12/1 10:30
WRITTEN = re.compile(
    r"(\d{4})\s?[年/.-]\s?(\d{1,2})\s?[月/.-]\s?(\d{1,2})\s?日?\s?(?:\([月火水木金土日](?:曜日?)?\))?[\sT]*(\d{1,2})\s?[:時]\s?(\d{1,2})?\s?分?"
)

Look = Callable[[Picture], Picture | None]  # asks for a picture, and measures it


class Form(Struct, frozen=True):
    """One filled-in form; the names are those of the environment without FORM_, in lower case."""

    action: str
    id: str = ""
    url: str = ""
    title: str = ""
    text: str = ""
    basis: str = ""
    emergency: str = ""
    why: str = ""
    quoted_from: str = ""
    picture: str = ""
    at: str = ""

    @property
    def ids(self) -> list[str]:
        """Several ids or addresses may be parted by spaces or commas."""
        return named(self.id)

    @property
    def is_emergency(self) -> bool:
        return self.emergency == "true"


def filled_in(environment: Mapping[str, str]) -> Form:
    """Raises ConfigError for an action that the form does not have."""
    action = environment.get(f"{PREFIX}ACTION", "")
    if action not in ACTIONS:
        raise ConfigError(f"FORM_ACTION: found {action!r}; allowed: {', '.join(ACTIONS)}")
    names = (field for field in Form.__struct_fields__ if field != "action")
    return Form(action, **{name: typed(environment.get(f"{PREFIX}{name.upper()}", "")).strip() for name in names})


def hand_in(form: Form, config: Config, desk: Desk, look: Look) -> list[Known]:
    """Do what the form says. Raises ConfigError, Refusal, LedgerError."""
    if form.action in (POST, CORRECT):
        return [desk.post(draft_of(form, config, look))]
    about = form.ids or named(form.url)
    if not about:
        raise Refusal("no-id", action=form.action)
    action = "emergency" if form.action == APPROVE and form.is_emergency else DECISIONS[form.action]
    return desk.decide(action, about, form.why)


def draft_of(form: Form, config: Config, look: Look) -> Draft:
    """The manual post that the form asks for. Raises ConfigError (a choice that the form does not have), Refusal."""
    if form.action == CORRECT and len(form.ids) != 1:
        raise Refusal("not-one-id")
    return Draft(
        basis=basis_of(form.basis, form.is_emergency, form.url),
        title=form.title,
        url=own_url(form.url, config),
        text=form.text.replace(LINE_BREAK, "\n"),
        emergency=form.is_emergency,
        why=form.why,
        corrects=form.ids[0] if form.action == CORRECT else "",
        quoted_from=form.quoted_from,
        picture=own_picture(form.picture, config, look),
        at=instant(form.at),
    )


def basis_of(given: str, emergency: bool, url: str) -> Basis:
    """The number under Art. 8, by default what is filled in suggests. Raises ConfigError."""
    if given in get_args(Basis):
        return given  # type: ignore[return-value]
    if given not in ("", AUTOMATIC):
        raise ConfigError(f"FORM_BASIS: found {given!r}; allowed: {', '.join(get_args(Basis))}")
    return "8(3)" if emergency else "8(1)" if url else "8(4)"


def instant(text: str) -> datetime | None:
    """A date and time as people write it, in Japan where it does not say otherwise; None for "". Raises Refusal."""
    if not text:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        if found := WRITTEN.fullmatch(plain):
            return datetime(*(int(part or 0) for part in found.groups()), tzinfo=JST)  # type: ignore[misc,arg-type]
        at = datetime.fromisoformat(plain)
        at.astimezone(JST)  # at the ends of the calendar other time zones have no date
    except (ValueError, OverflowError):
        raise Refusal("no-such-time", text=text) from None
    return at if at.tzinfo else at.replace(tzinfo=JST)


def own_picture(url: str, config: Config, look: Look) -> Picture | None:
    """A picture of the city's own that LINE can show. Raises Refusal."""
    if not url:
        return None
    address = own_url(url, config)
    found = look(Picture(address))
    if found is None:
        raise Refusal("no-picture", url=address)
    return found


def own_url(url: str, config: Config) -> str:
    """The canonical address of one of the city's own pages. Raises Refusal."""
    if not url:
        return ""
    try:
        canonical = typed_url(url, config.site.url, config.site.hosts)
    except ValueError:
        raise Refusal("no-web-address", url=url) from None
    if not on_hosts(canonical, config.site.hosts):
        raise Refusal("foreign-url", url=url, hosts="、".join(config.site.hosts))
    return canonical
