"""`ledger verify`: whatever was changed after it was written is found, with its place."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import templates
from pipeline.config import JST
from pipeline.ledger import store
from pipeline.ledger.events import Approved, Attempt, Chosen, Decided, Found, Intent, Outcome, Settled
from pipeline.ledger.history import Flaw
from pipeline.ledger.ledger import known
from pipeline.ledger.verify import verify
from pipeline.sandbox.articles import ARTICLES
from tests.town import ROOT, Town

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
BODY = b'{"messages":[]}'
LEDGER = "ledger-2026.jsonl"


def found(article: str) -> Found:
    return Found(at=NOW, article=article, url=f"https://www.city.example/{article}.html", title="題", source="s")


def intent(broadcast: str = "b1", article: str = "a1", key: str = "k1") -> Intent:
    chosen = (Chosen(article, "due", "7", "8(1)"),)
    return Intent(
        at=NOW, broadcast=broadcast, key=key, sha256=hashlib.sha256(BODY).hexdigest(), chosen=chosen, policy_version="v"
    )


def accepted(broadcast: str = "b1") -> Outcome:
    return Outcome(at=NOW, broadcast=broadcast, outcome="accepted", status=200, request_id="r1")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ledger of six lines with one accepted broadcast."""
    store.append(
        tmp_path,
        [found("a1"), found("a2"), Decided(at=NOW, article="a2", decision="review", reason="stale", policy="8")],
    )
    store.write_body(tmp_path, "b1", BODY)
    store.name_bodies(tmp_path, ["b1"])
    store.append(tmp_path, [intent(), accepted(), Approved(at=NOW, article="a2", actor="kiki", department="課")])
    return tmp_path


def rewrite(file: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))


def problems(state: Path) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.file, finding.line) for finding in verify(state).findings if not finding.note]


def test_an_untouched_ledger_is_intact(state: Path) -> None:
    verdict = verify(state)
    assert verdict.ok
    assert (verdict.files, verdict.events, verdict.bodies) == (1, 6, 1)
    assert verdict.state == {"sent": 1, "queued": 1}


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_changed_line_is_found_with_file_and_line(state: Path, number: int) -> None:
    rewrite(
        state / LEDGER,
        lambda lines: [line.replace(b"10:00", b"10:01") if at == number else line for at, line in enumerate(lines, 1)],
    )
    assert problems(state) == [("changed", LEDGER, number)]


def test_a_deleted_line_is_found_between_its_neighbours(state: Path) -> None:
    rewrite(state / LEDGER, lambda lines: lines[:2] + lines[3:])
    (finding,) = [finding for finding in verify(state).findings if not finding.note]
    assert (finding.code, finding.line, finding.detail) == ("changed", 2, f"{LEDGER}:3")


def test_a_deleted_beginning_is_found(state: Path) -> None:
    rewrite(state / LEDGER, lambda lines: lines[2:])
    assert ("first-missing", LEDGER, 1) in problems(state)


def test_lines_in_another_order_are_found(state: Path) -> None:
    rewrite(state / LEDGER, lambda lines: [lines[0], lines[2], lines[1], *lines[3:]])
    places = {(code, line) for code, _, line in problems(state)}
    assert ("order", 2) in places
    assert ("order", 3) in places


def test_the_chain_goes_on_from_one_year_s_file_to_the_next(state: Path) -> None:
    store.append(
        state, [Decided(at=NOW + timedelta(days=60), article="a2", decision="skip", reason="refused", policy="6")]
    )
    assert verify(state).ok
    rewrite(state / LEDGER, lambda lines: [*lines[:-1], lines[-1].replace(b"kiki", b"toki")])
    assert problems(state) == [("changed", LEDGER, 6)]


def test_a_line_that_is_no_event_is_found(state: Path) -> None:
    rewrite(state / LEDGER, lambda lines: [*lines[:2], b"<<<<<<< HEAD\n", *lines[2:]])
    assert ("no-event", LEDGER, 3) in problems(state)


@pytest.mark.parametrize("name", ["//b2", "../b2", "b2\0", "b2\n", ""])
def test_a_broadcast_whose_id_is_no_name_of_a_file_is_no_event(state: Path, name: str) -> None:
    store.append(state, [intent(name, "a2", "k2")])
    assert problems(state) == [("no-event", LEDGER, 7)]
    with pytest.raises(store.Damage, match=f"{LEDGER}:7: this is no event"):
        known(state)


def test_a_torn_last_line_is_a_note_and_no_fault(state: Path) -> None:
    with (state / LEDGER).open("ab") as file:
        file.write(b'{"at":"2026')
    verdict = verify(state)
    assert verdict.ok
    assert Flaw("torn", LEDGER, 7, note=True) in verdict.findings


def test_a_changed_body_is_found(state: Path) -> None:
    store.body_file(state, "b1").write_bytes(BODY + b" ")
    assert problems(state) == [("body-changed", "broadcasts/b1.json", 0)]


def test_a_missing_body_is_found(state: Path) -> None:
    store.body_file(state, "b1").unlink()
    assert problems(state) == [("body-missing", "broadcasts/b1.json", 0)]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Decided(at=NOW, article="zz", decision="hold", reason="due", policy="7"), "unknown-article"),
        (Approved(at=NOW, article="zz", actor="kiki", department="課"), "unknown-article"),
        (Attempt(at=NOW, broadcast="b9"), "unknown-broadcast"),
        (Settled(at=NOW, broadcast="b9", delivered=True, actor="kiki", department="課"), "unknown-broadcast"),
        (intent("b1", key="k2"), "broadcast-twice"),
    ],
)
def test_an_event_about_something_unknown_or_twice_is_found(state: Path, event: Decided, code: str) -> None:
    store.append(state, [event])
    assert (code, LEDGER, 7) in problems(state)


def test_one_key_for_two_broadcasts_is_found(state: Path) -> None:
    store.write_body(state, "b2", BODY)
    store.name_bodies(state, ["b2"])
    store.append(state, [intent("b2", "a2", "k1")])
    assert problems(state) == [("key-twice", LEDGER, 7)]


def test_an_article_that_was_accepted_twice_is_found_unless_it_was_found_anew(state: Path) -> None:
    store.write_body(state, "b2", BODY)
    store.name_bodies(state, ["b2"])
    store.append(state, [intent("b2", "a1", "k2"), accepted("b2")])
    assert problems(state) == [("sent-twice", LEDGER, 8)]
    store.write_body(state, "b3", BODY)
    store.name_bodies(state, ["b3"])
    store.append(state, [found("a1"), intent("b3", "a1", "k3"), accepted("b3")])
    assert problems(state) == [("sent-twice", LEDGER, 8)]


def test_without_git_it_says_that_history_was_not_looked_at(state: Path) -> None:
    assert [finding.code for finding in verify(state).findings] == ["no-git"]


# With git


def commit(town: Town, *arguments: str) -> None:
    """As a person who wants to hide something."""
    author = {f"GIT_{role}_{part}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    subprocess.run(["git", "commit", "--quiet", *arguments], cwd=town.state, env={**os.environ, **author}, check=True)


def with_history(town: Town) -> Path:
    """A town with four versions of its ledger."""
    town.with_baseline()
    town.publish(*ARTICLES[20:22])
    town.run(code=0)
    town.now += timedelta(hours=2)
    town.run(code=0)
    return town.state / LEDGER


def forge(file: Path, number: int) -> None:
    """Change a line and make every hash after it right again, as somebody would who knows how the ledger works."""
    lines = file.read_bytes().splitlines()
    lines[number - 1] = lines[number - 1].replace(b"2026-11-24T08", b"2026-11-24T07")
    for at in range(number, len(lines)):
        event = json.loads(lines[at])
        event["prev"] = store.line_hash(lines[at - 1])
        lines[at] = json.dumps(event, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    file.write_bytes(b"".join(line + b"\n" for line in lines))


def test_an_untouched_history_is_intact(git_town: Town) -> None:
    with_history(git_town)
    verdict = verify(git_town.state)
    assert verdict.findings == ()
    assert verdict.versions >= 4
    assert "台帳に異常はありません。" in git_town.call("ledger", "verify", code=0).out


def test_a_forged_line_with_right_hashes_is_found_before_it_is_committed(git_town: Town) -> None:
    forge(with_history(git_town), 3)
    assert problems(git_town.state)[0] == ("work-tree", LEDGER, 3)


def test_a_forged_line_with_right_hashes_is_found_after_it_is_committed(git_town: Town) -> None:
    forge(with_history(git_town), 3)
    commit(git_town, "-am", "tidy up")
    assert ("rewritten", LEDGER, 3) in problems(git_town.state)
    result = git_town.call("ledger", "verify", code=1)
    assert f"{LEDGER}:3" in result.out


def test_lines_cut_off_the_end_are_found_even_when_they_were_put_back(git_town: Town) -> None:
    file = with_history(git_town)
    whole = file.read_bytes()
    rewrite(file, lambda lines: lines[:-2])
    commit(git_town, "-am", "cut")
    count = whole.count(b"\n")
    assert ("rewritten", LEDGER, count - 1) in problems(git_town.state)
    file.write_bytes(whole)
    commit(git_town, "-am", "put back")
    assert ("rewritten", LEDGER, count - 1) in problems(git_town.state)


def test_a_history_replaced_by_force_is_found_by_whoever_has_seen_the_old_one(git_town: Town) -> None:
    file = with_history(git_town)
    git_town.git("checkout", "--quiet", "--orphan", "new", at=git_town.state)
    forge(file, 3)
    commit(git_town, "-am", "a new beginning")
    git_town.git("branch", "--quiet", "--force", "main", "new", at=git_town.state)
    git_town.git("checkout", "--quiet", "main", at=git_town.state)
    git_town.git("push", "--quiet", "--force", "origin", "main", at=git_town.state)
    assert ("replaced", LEDGER, 3) in problems(git_town.state)


def test_a_body_changed_with_its_hash_is_found_in_history(git_town: Town) -> None:
    with_history(git_town)
    body = next((git_town.state / "broadcasts").glob("*.json"))
    body.write_bytes(body.read_bytes() + b" ")
    commit(git_town, "-am", "tidy up")
    assert ("body-rewritten", f"broadcasts/{body.name}", 0) in problems(git_town.state)


def test_a_deleted_ledger_file_is_found(git_town: Town) -> None:
    with_history(git_town).unlink()
    commit(git_town, "-am", "tidy up")
    assert ("deleted", LEDGER, 0) in problems(git_town.state)


def test_a_person_s_merge_does_not_look_like_a_rewritten_history(git_town: Town) -> None:
    git_town.with_baseline()
    git_town.git("checkout", "--quiet", "-b", "work", at=git_town.state)
    (git_town.state.parent / "note.txt").write_text("x\n", encoding="utf-8")
    git_town.git("add", "note.txt", at=git_town.state.parent)
    commit(git_town, "-m", "a person's work")
    git_town.git("checkout", "--quiet", "main", at=git_town.state)
    git_town.publish(*ARTICLES[20:22])
    git_town.run(code=0)
    git_town.git(
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "merge",
        "work",
        at=git_town.state,
    )
    assert problems(git_town.state) == []


def test_a_shallow_clone_says_how_far_it_looked(git_town: Town) -> None:
    with_history(git_town)
    git_town.git("clone", "--quiet", "--depth", "1", f"file://{git_town.remote}", "shallow")
    verdict = verify(git_town.folder / "shallow" / "state")
    assert verdict.ok
    assert [finding.code for finding in verdict.findings] == ["shallow"]


def test_the_json_document_names_place_and_words(town: Town) -> None:
    town.with_baseline()
    file = town.state / LEDGER
    rewrite(file, lambda lines: [lines[0].replace(b"08:00", b"07:00"), *lines[1:]])
    document = town.call("ledger", "verify", code=1, json=True).json
    assert not document["ok"]
    assert [(row["code"], row["file"], row["line"]) for row in document["findings"]] == [("changed", LEDGER, 1)]
    assert f"{LEDGER}:1：この行が書き換えられたか" in document["findings"][0]["message"]


def test_every_code_has_its_words() -> None:
    source = "".join(
        (ROOT / "pipeline" / "ledger" / name).read_text(encoding="utf-8") for name in ("verify.py", "history.py")
    )
    codes = set(re.findall(r'(?:Flaw|find|append)\(\(?"([a-z-]+)"', source))
    assert codes == set(templates.words("report/ledger.toml", dict[str, str]))
