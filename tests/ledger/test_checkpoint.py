"""The checkpoint beside the ledger: it changes what a run costs, and nothing else."""

import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import ANY

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.article import article_id
from pipeline.ledger import checkpoint, store
from pipeline.ledger.events import AnyEvent, Decided, Found
from pipeline.ledger.knowledge import Knowledge, fold
from pipeline.ledger.verify import verify
from pipeline.sandbox.articles import ARTICLES
from tests.policy.test_replay import events as any_events
from tests.town import TUESDAY, Town


def found(count: int, prefix: str = "old") -> list[AnyEvent]:
    """Articles of former years, each found and left out."""
    made: list[AnyEvent] = []
    for number in range(count):
        url = f"https://www.city.example/{prefix}/{number}.html"
        at = TUESDAY - timedelta(days=300, minutes=-number)
        made.append(
            Found(
                at=at, article=article_id(url), url=url, title="題", source="s", page_no=number + 1, listed=url + "?s"
            )
        )
        made.append(Decided(at=at, article=article_id(url), decision="skip", reason="stale", policy="8"))
    return made  # fmt: skip


def added_up(state: Path) -> Knowledge:
    return fold(store.read(state))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ledger that is long enough for a checkpoint, and has one."""
    store.append(tmp_path, found(checkpoint.EVERY // 2))
    checkpoint.known(tmp_path, keep=True)
    assert place(tmp_path).exists()
    return tmp_path


def place(state: Path) -> Path:
    file = checkpoint.place(state)
    assert file is not None
    return file


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(any_events, max_size=5))
def test_whatever_happened_it_knows_what_the_events_add_up_to(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, written: list[list[AnyEvent]]
) -> None:
    state = tmp_path_factory.mktemp("state")
    monkeypatch.setattr(checkpoint, "EVERY", 4)
    for batch in written:
        store.append(state, batch)
        assert checkpoint.known(state, keep=True) == added_up(state)
        assert checkpoint.known(state) == added_up(state)
        assert verify(state).findings == () or not any(f.code == "checkpoint" for f in verify(state).findings)


def test_a_small_ledger_has_none(tmp_path: Path) -> None:
    store.append(tmp_path, found(10))
    checkpoint.known(tmp_path, keep=True)
    assert [file.name for file in tmp_path.iterdir()] == ["ledger-2026.jsonl"]


def test_who_only_looks_writes_none(tmp_path: Path) -> None:
    store.append(tmp_path, found(checkpoint.EVERY // 2))
    checkpoint.known(tmp_path)
    assert not place(tmp_path).exists()


def test_it_is_asked_for_what_is_needed_and_no_more(state: Path) -> None:
    known = checkpoint.known(state)
    assert isinstance(known.articles, checkpoint.Shelf)
    assert known.find("https://www.city.example/old/7.html?s") == added_up(state).find(
        "https://www.city.example/old/7.html"
    )
    assert known.find("https://www.city.example/elsewhere.html") is None
    assert known.pages[8] == article_id("https://www.city.example/old/7.html")
    assert len(known.articles.touched) == 1
    assert len(known.articles) == checkpoint.EVERY // 2  # fmt: skip


@pytest.mark.parametrize("change", ["shortened", "rewritten", "older file", "longer older file"])
def test_it_does_not_count_for_another_ledger(state: Path, change: str) -> None:
    ledger = state / "ledger-2026.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    if change == "shortened":  # a run whose lines were not pushed
        ledger.write_bytes(b"".join(lines[:-2]))
    elif change == "rewritten":
        ledger.unlink()
        store.append(state, found(checkpoint.EVERY // 2, prefix="new"))
    elif change == "older file":
        (state / "ledger-2025.jsonl").write_bytes(lines[0])
    else:
        ledger.rename(state / "ledger-2025.jsonl")
        store.append(state, found(2, prefix="new"))
    assert checkpoint.known(state) == added_up(state)


def test_other_rules_make_it_anew(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(place(state)) as kept:  # as if other rules had left another state
        kept.execute("UPDATE known SET value = replace(value, '\"skipped\"', '\"queued\"')")
    kept.close()
    assert checkpoint.known(state) != added_up(state)
    monkeypatch.setattr(checkpoint, "rules", lambda: "other rules")
    assert checkpoint.known(state, keep=True) == added_up(state)
    assert checkpoint.known(state) == added_up(state)


def test_verify_finds_one_that_is_not_what_the_events_add_up_to(state: Path) -> None:
    assert verify(state).ok
    with sqlite3.connect(place(state)) as kept:
        kept.execute("UPDATE known SET value = replace(value, '\"skipped\"', '\"sent\"') WHERE shelf = 'articles'")
    kept.close()
    (finding,) = [finding for finding in verify(state).findings if not finding.note]
    assert (finding.code, finding.detail) == ("checkpoint", "articles")


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("kind", ["cut", "zeroed"])
def test_a_damaged_one_costs_at_most_one_run(state: Path, tenth: int, kind: str) -> None:
    data = bytearray(place(state).read_bytes())
    at = len(data) * tenth // 10
    if kind == "cut":
        del data[at:]
    else:
        data[at : at + 4096] = bytes(4096)
    place(state).write_bytes(data)
    try:
        articles = dict(checkpoint.known(state).articles)
    except store.LedgerError:
        assert not place(state).exists()
        articles = dict(checkpoint.known(state).articles)
    assert articles == added_up(state).articles


KILLED_WHILE_WRITING = """
import os, signal, sqlite3, sys
kept = sqlite3.connect(sys.argv[1])
kept.execute("PRAGMA cache_size = 1")  # what is written reaches the file before the end of the transaction
kept.execute("UPDATE known SET value = replace(value, 'skipped', 'queued')")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_while_it_is_written_leaves_what_the_events_add_up_to(state: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(place(state))], check=False)
    assert Path(f"{place(state)}-journal").exists(), "it was killed in the middle"
    assert checkpoint.known(state).articles == added_up(state).articles
    for _ in range(2):
        assert checkpoint.known(state, keep=True).articles == added_up(state).articles
    assert not Path(f"{place(state)}-journal").exists()


# Through the console script


def long_ledger(town: Town) -> None:
    town.with_baseline()
    store.append(town.state, found(checkpoint.EVERY // 2))
    if town.remote.exists():
        town.git("add", ".", at=town.state)
        town.git("-c", "user.name=p", "-c", "user.email=p@example.org", "commit", "-qm", "years", at=town.state)
        town.git("push", "-q", at=town.state)


def test_with_it_the_same_articles_are_sent_once(town: Town) -> None:
    long_ledger(town)
    town.run(code=0)
    assert place(town.state).exists()
    town.publish(*ARTICLES[20:23])
    town.now += timedelta(hours=2)
    town.run(code=0)
    town.now += timedelta(hours=2)
    town.run(code=0)
    assert len(town.line.accepted) == 1
    assert town.call("ledger", "verify", code=0)
    status = town.call("status", "--json", code=0).json
    place(town.state).unlink()
    assert town.call("status", "--json", code=0).json == status | {"now": ANY}


def test_a_second_run_reads_none_of_the_old_lines(town: Town) -> None:
    long_ledger(town)
    town.run(code=0)
    ledger = town.state / "ledger-2026.jsonl"
    data = ledger.read_bytes()
    ledger.write_bytes(data.replace(b'"type":"decided"', b'"type":"XXXXXXX"', 50))
    town.run(code=0)
    told = json.loads(town.call("ledger", "verify", "--json", code=1).out)
    assert told["findings"], "what a run no longer reads, verify does"


def test_it_is_never_committed(git_town: Town) -> None:
    long_ledger(git_town)
    git_town.run(code=0)
    assert place(git_town.state).parent.name == ".git"
    assert place(git_town.state).exists()
    assert git_town.git("status", "--porcelain", at=git_town.state) == ""
    assert "checkpoint" not in git_town.git("ls-tree", "-r", "--name-only", "main", at=git_town.remote)
