"""Fixtures that every test may use."""

import contextlib
import gc
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.town", "tests.delivery.crash")  # what they assert is told with its values

from tests import leftovers, own_files  # noqa: E402 - after the line above
from tests.huge_pages import use_huge_pages  # noqa: E402
from tests.remembered import forget  # noqa: E402
from tests.town import Town, stop_zygote  # noqa: E402
from tests.zygote.client import end_of_process, serve_the_run  # noqa: E402

# Speed belongs in `make bench`: a busy machine must not make a test fail. The same examples every time; others in `make soak`.
settings.register_profile(
    "kadoma", deadline=None, derandomize="SOAK_SEEDS" not in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kadoma")


ZYGOTE = pytest.StashKey[subprocess.Popen[bytes]]()

# What is imported and collected stays until the end: not searched for garbage, neither now nor by each test.
gc.disable()

# A shell that runs us in the background, or nohup, has signals ignored, and what we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# `make quick` leaves out what starts processes (these folders, and whatever needs one of these fixtures), what is tried with
# hundreds of made-up cases (hypothesis) or measured on large ones (growth, bombs), and years of days or articles.
SLOW_FOLDERS = {"browser", "delivery", "emergency", "operation", "sandbox", "tests", "workflows"}
SLOW_FILES = {"test_growth.py", "test_policy_document.py", "test_simulate.py", "test_personal_data.py"}
SLOW_TESTS = (
    "test_any_article_of_any_plane", "test_every_month_of_a_year", "test_in_a_year", "test_the_relay_and",
    "test_no_answer_is_so_long", "test_art_07_whatever", "test_skipping_passes", "test_every_day_of_the_years", "test_the_posting_hours_are",
    "test_ten_thousand", "test_nesting_without_end", "test_no_line_of_output", "test_a_list_without_end", "test_every_japanese_spelling",
)  # fmt: skip
SLOW_WORDS = ("_bomb_", "_times_the_time", "_times_the_length", "_twice_as_long")
SLOW_FIXTURES = {"town", "git_town", "runner", "scene"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that start no process: the loop while editing")


def pytest_configure(config: pytest.Config) -> None:
    own_files.guard()
    if hasattr(config, "workerinput"):
        return
    leftovers.begin()
    if config.getoption("numprocesses", 0) and not config.getoption("quick"):  # it gets ready while the workers collect
        with contextlib.suppress(OSError):  # too long a name: then each worker starts its own
            config.stash[ZYGOTE] = serve_the_run(Path(os.environ["TMPDIR"]))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of workers, too: only the process that began the run ends it, after them."""
    gc.collect()
    gc.freeze()  # or pytest, which looks for errors in garbage at the end, would search all of it again
    if hasattr(session.config, "workerinput"):
        return
    if zygote := session.config.stash.get(ZYGOTE, None):
        end_of_process(zygote)
    if left := leftovers.end():
        print(f"\nleft behind by a test: {', '.join(map(str, left))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What is left out as a whole is not even imported."""
    slow = collection_path.parent.name in SLOW_FOLDERS or collection_path.name in SLOW_FILES
    return True if config.getoption("quick") and slow and collection_path.suffix == ".py" else None


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    use_huge_pages()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        items[:] = [one for one in items if _is_quick(one)]


def _is_quick(item: pytest.Item) -> bool:
    fixtures = SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    slow = item.name.startswith(SLOW_TESTS) or any(word in item.name for word in SLOW_WORDS)
    return not (fixtures or slow or getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_process_is_left() -> Iterator[None]:
    yield
    stop_zygote()
    forget()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town whose state is a plain directory."""
    made = Town(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def git_town(tmp_path: Path) -> Iterator[Town]:
    """A town whose state is in a clone of a bare remote."""
    made = Town(tmp_path, git=True)
    yield made
    made.stop()
