"""What a city fills in and what its runs record are its own: whatever stands there, the checks say the same.

The tests have a configuration of their own (`tests/kadoma.toml`) and make the ledgers that they need. So that none depends on
the city's after all, an audit hook (PEP 578) hears of each file that the processes of the tests open, and refuses these to
whoever is not named here; those named here are run with several configurations (`tests/test_a_city_of_its_own.py`).
"""

import sys
from pathlib import Path

from tests.leftovers import PREFIX

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION, STATE = ROOT / "kadoma.toml", ROOT / "state"
READERS = ("tests/test_configuration.py",)
OF_BOTH = tuple(str(Path(__file__).parent / Path(name).name) for name in (*READERS, "tests/test_a_city_of_its_own.py"))
BELOW_OURS = f"/{PREFIX}"  # folders of a test run; a link from there is not noticed
OPENING = ("open", "os.listdir", "os.scandir")


class OfTheCityError(Exception):
    """A test has read what belongs to the city."""


def guard() -> None:
    """From now on, in this process and in those that it forks. It cannot be taken back."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event not in OPENING or not isinstance(arguments[0], str):
        return
    if not arguments[0].endswith("kadoma.toml") and "state" not in arguments[0]:
        return
    if BELOW_OURS in arguments[0] and BELOW_OURS not in str(ROOT) and "/../" not in arguments[0]:
        return  # nearly all, and to resolve a path takes as long as to open it
    if arguments[1:2] == (None,) and not Path(arguments[0]).is_absolute():
        return  # os.open, perhaps beside a folder's descriptor, which is not told
    path = Path(arguments[0]).resolve()
    if (path == CONFIGURATION or path.is_relative_to(STATE)) and not _is_named():
        raise OfTheCityError(f"{path} is the city's own: tests have tests/kadoma.toml and make their own ledgers")


def _is_named() -> bool:
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        if frame.f_code.co_filename in OF_BOTH:
            return True
    return False
