"""Art. 6: who may post. Departments and their GitHub logins stand in the configuration."""

from collections.abc import Mapping

from pipeline.refusal import Refusal

# Art. 6(11): the automatic pipeline itself, recognised by the operator; it decides nothing by hand.
PIPELINE = "kadoma-line"


def department_of(actor: str, posters: Mapping[str, tuple[str, ...]]) -> str:
    """The department that lets `actor` decide by hand. Raises Refusal."""
    for department, logins in posters.items():
        if not same_person(actor, PIPELINE) and any(same_person(actor, login) for login in logins):
            return department
    raise Refusal("no-poster", actor=actor) if actor.strip() else Refusal("no-actor")


def is_poster(actor: str, posters: Mapping[str, tuple[str, ...]]) -> bool:
    try:
        return bool(department_of(actor, posters))
    except Refusal:
        return False


def same_person(one: str, other: str) -> bool:
    """GitHub logins do not differ by case; nobody is nobody."""
    return bool(one) and one.casefold() == other.casefold()
