"""Art. 6: who may post. Departments and their GitHub logins stand in the configuration."""

from collections.abc import Mapping

PIPELINE = (
    "kadoma-line"  # Art. 6(11): the automatic pipeline itself, recognised by the operator; it decides nothing by hand
)


class NotAPoster(Exception):
    """The actor is in no department that may post (Art. 6)."""

    def __init__(self, actor: str) -> None:
        super().__init__(
            f"{actor or 'nobody'} is no poster under Art. 6: add the login to a department in [policy.posters] of the configuration, "
            "or name a poster with --actor"
        )
        self.actor = actor


def department_of(actor: str, posters: Mapping[str, tuple[str, ...]]) -> str:
    """The department that lets `actor` decide by hand. Raises NotAPoster."""
    for department, logins in posters.items():
        if not same_person(actor, PIPELINE) and any(same_person(actor, login) for login in logins):
            return department
    raise NotAPoster(actor)


def same_person(one: str, other: str) -> bool:
    """GitHub logins do not differ by case; nobody is nobody."""
    return bool(one) and one.casefold() == other.casefold()
