"""What a run may cost, counted instead of timed: requests, imports, processes, files read, bytes written."""

import itertools
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.loopback import Request
from tests.town import ROOT, Town

LIST = "/index.update.json"
STANDARD = frozenset(sys.stdlib_module_names) | {"__main__"}
PROBE = ROOT / "tests" / "costs"
OURS = {"pipeline", "sitecustomize", "_distutils_hack", "distutils-precedence", "_virtualenv"}
LIGHT = {"msgspec", "typing_extensions"}  # all that a run without news imports from PyPI
HOLIDAYS = {"jpholiday"}  # whether today is one is asked only within the hours of a posting day
LAST_OF_ALL = ("linebot", "jinja2", "bs4", "lxml", "feedparser", "regex", "pydantic")


class Cost(Struct, frozen=True):
    """What one run cost. `read` and `written` are files of the state directory; `grown` is by how many bytes it grew;
    `started` are its processes."""

    code: int
    modules: frozenset[str]
    read: tuple[str, ...]
    written: tuple[str, ...]
    grown: int
    requests: tuple[str, ...]
    started: int
    frozen: int  # objects that Python does not look at once more at its end

    @property
    def installed(self) -> set[str]:
        """Packages from PyPI."""
        return {name.partition(".")[0] for name in self.modules} - OURS - STANDARD


def cost(town: Town, *arguments: str, code: int = 0) -> Cost:
    """Run once, by the town's clock, and count."""
    told = town.folder / "costs.json"
    before = _size(town.state)
    town.city.clear_requests()
    probe = {"PYTHONPATH": str(PROBE), "COSTS": str(told)}
    done = town.call("run", "--json", *arguments, code=code, environment=probe, cold=True)
    town.city.wait_until_quiet()
    found = json.loads(told.read_text(encoding="utf-8"))
    opened = [(Path(name), writing) for name, writing in found["opened"] if town.state in Path(name).parents]
    return Cost(
        done.code,
        frozenset(found["modules"]),
        tuple(file.name for file, writing in opened if not writing),
        tuple(file.name for file, writing in opened if writing),
        _size(town.state) - before,
        tuple(request.path for request in town.city.requests),
        len(found["started"]),
        found["frozen"],
    )


def asked(town: Town, code: int = 0) -> tuple[str, ...]:
    """What a run asks the site for; its process is a fork, as in other tests."""
    town.city.clear_requests()
    town.run(code=code)
    town.city.wait_until_quiet()
    return tuple(request.path for request in town.city.requests)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# A run without news


def test_no_news_is_one_request_that_writes_nothing_and_imports_nothing_that_renders(town: Town) -> None:
    town.with_baseline()
    quiet = cost(town)
    assert quiet.requests == (LIST,)
    assert [request.status for request in town.city.requests] == [304]
    assert quiet.grown == 0
    assert set(quiet.written) <= {".lock"}
    assert set(quiet.read) == {"ledger-2026.jsonl"}  # no broadcast
    assert len(quiet.read) <= 3  # its end twice (a torn line; the hash of the last one), and once for its events
    assert quiet.installed <= LIGHT
    assert not quiet.modules & {"pipeline.message.render", "pipeline.message.limits", "pipeline.report.preview"}
    assert "encodings.idna" not in quiet.modules
    assert quiet.frozen > 10_000


def test_no_news_within_the_posting_hours_asks_for_holidays_and_nothing_more(town: Town) -> None:
    town.with_baseline()
    town.now += timedelta(hours=2)
    assert cost(town).installed <= LIGHT | HOLIDAYS


def test_no_news_with_other_bytes_imports_no_reader_of_pages(town: Town) -> None:
    town.with_baseline()
    town.city.rebuild()
    body = json.loads(town.city.answer(Request("GET", LIST, {})).body)
    town.city.put(LIST, json.dumps([{**row, "keyword": "x"} for row in body]).encode(), "application/json")
    touched = cost(town)
    assert touched.requests == (LIST,)
    assert touched.installed <= LIGHT | {"regex"}  # a title with an emoji
    assert "html.entities" not in touched.modules
    assert 0 < touched.grown < 1000  # the new validators


def test_articles_that_are_held_cost_nothing_until_they_are_due(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:23])
    town.run(code=0)
    held = cost(town)
    assert held.requests == (LIST,)
    assert held.grown == 0
    assert not held.installed & set(LAST_OF_ALL)
    assert town.line.requests == []


def test_validators_survive_every_304(town: Town) -> None:
    town.with_baseline()
    answered = []
    for _ in range(3):
        town.now += timedelta(minutes=15)
        asked(town)
        answered += [(request.status, request.headers.get("if-none-match")) for request in town.city.requests]
    assert len(answered) == 3
    assert {status for status, _ in answered} == {304}
    assert len({tag for _, tag in answered}) == 1
    assert answered[0][1]


def test_no_news_starts_seven_git_commands_and_each_record_seven_more(git_town: Town) -> None:
    """Starting git is most of what a repository costs a run."""
    town = git_town
    town.with_baseline()
    assert cost(town).started == 7
    town.publish(*ARTICLES[20:22])
    town.now += timedelta(hours=2)
    sent = cost(town)
    assert len(town.line.accepted) == 1
    assert sent.started == 3 * 7  # and the intent and the outcome


# A run with news


@pytest.mark.parametrize("count", [1, 5])
def test_each_new_article_costs_one_request(count: int, town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20 : 20 + count])
    town.now += timedelta(hours=2)
    requests = asked(town)
    pages = [path for path in requests if path.endswith(".html")]
    pictures = set(requests) - set(pages) - {LIST}
    assert len(pages) == len(set(pages)) == count
    assert len(requests) <= 1 + count + len(pictures)
    assert len(pictures) <= count
    assert len(town.line.accepted) == 1


def test_pages_are_read_two_at_a_time_and_never_more(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:26])
    town.now += timedelta(hours=2)
    town.city.latency = 0.05
    town.run(code=0)
    assert town.city.max_in_flight == 2


def test_news_write_little_more_than_what_is_sent(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:23])
    town.now += timedelta(hours=2)
    before = _size(town.state)
    town.run(code=0)
    body = len(town.line.accepted[0].body)
    events = 3 * 1500 + 2500  # one or two for each article, and those of the broadcast
    assert body < _size(town.state) - before < body + events


# A site in trouble


def test_a_retry_after_is_obeyed_across_runs(town: Town) -> None:
    town.with_baseline()
    town.city.fail(LIST, Fault.status(503, retry_after=timedelta(minutes=30)), times=1)
    assert asked(town, code=1) == (LIST,)
    for _ in range(2):
        town.now += timedelta(minutes=10)
        assert asked(town, code=1) == ()
    town.now += timedelta(minutes=11)
    assert asked(town) == (LIST,)


def test_a_failing_site_is_asked_less_and_less_often_but_not_given_up(town: Town) -> None:
    town.configure(("pause = 0\n", "pause = 0\nattempts = 1\n"))
    town.with_baseline()
    town.city.fail(LIST, Fault.status(500))
    town.city.fail("/cgi-bin/feed.php", Fault.status(500))
    start, at = town.now, []
    for _ in range(24):
        town.now += timedelta(minutes=10)
        if LIST in asked(town, code=1):
            at.append(town.now - start)
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert pauses == sorted(pauses)
    assert timedelta(minutes=60) <= pauses[-1] <= timedelta(minutes=70)  # the first run after an hour
    assert len(at) <= 8
    town.city.recover()
    town.now += timedelta(minutes=61)
    town.run(code=0)
    town.now += timedelta(minutes=10)
    assert asked(town) == (LIST,)
