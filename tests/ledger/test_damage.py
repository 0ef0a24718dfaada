"""A ledger that is not what was written: named with file, line and the way back, told to people, and nothing is sent."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.ledger import store
from pipeline.ledger.ledger import known
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.line import BROADCAST
from tests.town import Town

A, B = ARTICLES[20:22]
LEDGER = "ledger-2026.jsonl"
Lines = list[bytes]


def with_broadcast(town: Town) -> Path:
    """A town that has sent one article, and has another one to send."""
    town.with_baseline()
    town.publish(A)
    town.now += timedelta(hours=2)
    town.run(code=0)
    town.publish(B)
    town.now += timedelta(hours=2)
    return town.state / LEDGER


def deep(lines: Lines) -> Lines:
    return [*lines[:2], b'{"at":' + b"[" * 100_000, *lines[3:]]


def beyond(lines: Lines) -> Lines:
    return [lines[0].replace(b'"page_no":', b'"page_no":9223372036854775808'), *lines[1:]]


def merged(lines: Lines) -> Lines:
    return [*lines[:3], b"<<<<<<< HEAD", *lines[3:5], b"=======", *lines[3:5], b">>>>>>> theirs", *lines[5:]]


def united(lines: Lines) -> Lines:
    """What `merge=union` makes of two versions."""
    return [*lines, *lines[-2:]]


def flipped_at_the_end(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].replace(b'"run":"r', b'"run":"s')]


DAMAGES: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "a flipped byte in the first line": (lambda lines: [lines[0].replace(b"T", b"U", 1), *lines[1:]], f"{LEDGER}:1"),
    "another value in a line": (
        lambda lines: [*lines[:2], lines[2].replace(b"08:00", b"08:01"), *lines[3:]],
        f"{LEDGER}:3",
    ),
    "a flipped byte in the last line": (flipped_at_the_end, f"{LEDGER}:"),
    "a deep line": (deep, f"{LEDGER}:3"),
    "a number beyond 64 bits": (beyond, f"{LEDGER}:1"),
    "CR LF": (lambda lines: [line + b"\r" for line in lines], "CR LF"),
    "the marks of a merge": (merged, "the marks of a merge stand here"),
    "two versions united": (united, f"{LEDGER}:"),
    "no UTF-8": (lambda lines: [*lines[:4], b'{"at":"\xff"}', *lines[5:]], f"{LEDGER}:5"),
    "an empty line": (lambda lines: [*lines[:4], b"", *lines[4:]], f"{LEDGER}:5"),
    "a line that is gone": (lambda lines: [*lines[:4], *lines[5:]], f"{LEDGER}:4"),
    "the first lines are gone": (lambda lines: lines[3:], f"{LEDGER}:1"),
    "no last line end": (lambda lines: [*lines[:-1], lines[-1] + b"\x0b"], LEDGER),
}


@pytest.mark.parametrize(("change", "place"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_named_with_its_place_and_the_way_back_and_nothing_is_sent(
    town: Town, change: Callable[[Lines], Lines], place: str
) -> None:
    file = with_broadcast(town)
    whole = file.read_bytes()
    changed = b"\n".join(change(whole.splitlines())) + b"\n"
    file.write_bytes(changed.removesuffix(b"\x0b\n") + b"\x0b" if changed.endswith(b"\x0b\n") else changed)
    asked = len(town.line.requests)
    result = town.run(code=1)
    (alert,) = result.json["alerts"]
    assert alert["code"] == "ledger"
    assert place in alert["message"]
    assert "git checkout COMMIT^ -- FILE" in alert["message"]
    assert len(town.line.requests) == asked
    file.write_bytes(whole)
    town.run(code=0)
    assert len(town.line.accepted) == 2


def test_a_broadcast_whose_lines_were_removed_at_the_remote_is_not_sent_again(git_town: Town) -> None:
    """A fresh clone has never seen the lines: the bytes of the broadcast are the witness."""
    with_broadcast(git_town)
    person = git_town.clone("person")
    file = person / "state" / LEDGER
    lines = file.read_bytes().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if b'"type":"intent"' in line)
    file.write_bytes(b"".join(lines[:first]))
    author = ("-c", "user.name=P", "-c", "user.email=p@example.org")
    git_town.git(*author, "commit", "-qam", "tidied up", at=person)
    git_town.git("push", "-q", at=person)
    git_town.state = git_town.clone("fresh") / "state"
    asked = sum(one.path == BROADCAST for one in git_town.line.requests)
    result = git_town.run(code=1)
    assert "broadcasts/b2026" in result.json["alerts"][0]["message"]
    assert sum(one.path == BROADCAST for one in git_town.line.requests) == asked
    assert "台帳に記録のない配信の本文" in git_town.call("ledger", "verify", code=1).out
    subprocess.run(["git", *author, "revert", "--no-edit", "HEAD"], cwd=person, check=True, capture_output=True)
    git_town.git("push", "-q", at=person)
    git_town.run(code=0)
    assert [titles.count(A.title) for titles in ["\n".join(git_town.sent_titles())]] == [1]


def test_bytes_without_an_intent_that_a_crash_left_are_no_damage(town: Town) -> None:
    town.with_baseline()
    store.write_body(town.state, "b1", b"{}")
    assert known(town.state).articles
    town.run(code=0)
    assert not list((town.state / "broadcasts").iterdir())


def test_a_list_with_a_page_number_beyond_64_bits_does_not_end_the_runs(town: Town) -> None:
    town.with_baseline()
    town.publish(A)
    path = "/index.update.json"
    from tests.doubles.loopback import Request

    body = town.city.answer(Request("GET", path, {})).body
    number = str(A.page_no).encode()
    assert number in body
    town.city.put(path, body.replace(b'"page_no": ' + number, b'"page_no": 9223372036854775808'), "application/json")
    town.now += timedelta(hours=2)
    town.run(code=0)
    town.run(code=0)
    assert len(town.line.accepted) == 1


def test_a_file_that_grows_too_large_for_github_has_a_next_part(
    git_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.config import load
    from pipeline.ledger.verify import verify
    from pipeline.run import run
    from pipeline.world import World

    monkeypatch.setattr(store, "FILE_AT_MOST", 3_000)
    git_town.publish(*ARTICLES[:10], at=git_town.now - timedelta(days=20))
    for article in (A, B):
        world = World(git_town.environment, lambda: git_town.now, lambda _: None)
        assert run(load(git_town.config), git_town.state, world).exit == 0
        git_town.publish(article)
        git_town.now += timedelta(hours=2)
    names = [file.name for file in store.files(git_town.state)]
    assert names[:3] == [LEDGER, "ledger-2026_02.jsonl", "ledger-2026_03.jsonl"]
    assert all(file.stat().st_size < 4_000 for file in store.files(git_town.state))
    assert verify(git_town.state).findings == ()
    git_town.now += timedelta(days=60)
    run(load(git_town.config), git_town.state, World(git_town.environment, lambda: git_town.now, lambda _: None))
    assert max(file.name for file in store.files(git_town.state)).startswith("ledger-2027")
    git_town.state = git_town.clone("fresh") / "state"
    assert verify(git_town.state).findings == ()
