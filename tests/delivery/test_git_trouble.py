"""Trouble with the repository: told apart, and nothing is sent, because an intent counts only once it is pushed."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.delivery.conftest import Inside
from tests.delivery.troubles import PERSON
from tests.doubles.line import BROADCAST

A = ARTICLES[20]


def hook(inside: Inside, text: str) -> Path:
    """Let the remote do this before it takes a push."""
    file = inside.town.remote / "hooks" / "pre-receive"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def checkout(inside: Inside) -> Path:
    return inside.town.state.parent


def dirty(inside: Inside) -> None:
    (checkout(inside) / "notes.txt").write_text("a person works here")
    inside.town.git("add", "notes.txt", at=checkout(inside))


def detached(inside: Inside) -> None:
    inside.town.git("checkout", "--quiet", "--detach", at=checkout(inside))


def wrong_branch(inside: Inside) -> None:
    inside.town.git("checkout", "--quiet", "-b", "try-something", at=checkout(inside))


def no_upstream(inside: Inside) -> None:
    inside.town.git("branch", "--quiet", "--unset-upstream", at=checkout(inside))


def merging(inside: Inside) -> None:
    (checkout(inside) / ".git" / "MERGE_HEAD").write_text(inside.town.git("rev-parse", "HEAD", at=checkout(inside)))


def protected(inside: Inside) -> None:
    hook(inside, "echo 'GH006: Protected branch update failed' >&2; exit 1")


def gone(inside: Inside) -> None:
    inside.town.remote.rename(inside.town.folder / "elsewhere.git")


def port_closed(inside: Inside) -> None:
    inside.town.git("remote", "set-url", "origin", "http://127.0.0.1:9/town.git", at=checkout(inside))


def locked(inside: Inside) -> None:
    (checkout(inside) / ".git" / "index.lock").touch()


def unpushed(inside: Inside) -> None:
    """Told although git is set to speak of the current folder alone."""
    inside.town.git("config", "diff.relative", "true", at=checkout(inside))
    (checkout(inside) / "notes.txt").write_text("a person works here")
    inside.town.git("add", "notes.txt", at=checkout(inside))
    inside.town.git(
        "-c", "user.name=P", "-c", "user.email=p@example.org", "commit", "-qm", "notes", at=checkout(inside)
    )


def rewritten_history(inside: Inside) -> None:
    inside.town.git("update-ref", "refs/heads/main", "main~1", at=inside.town.remote)


def edited_ledger(inside: Inside) -> None:
    (ledger,) = inside.town.state.glob("ledger-*.jsonl")
    ledger.write_text(ledger.read_text().replace("baseline", "boseline", 1))


def person(inside: Inside, *arguments: str) -> None:
    """A person's git command in a clone of their own, pushed."""
    clone = inside.town.folder / "person"
    if not clone.exists():
        inside.town.clone("person")
    inside.town.git("-c", "user.name=P", "-c", "user.email=p@example.org", *arguments, at=clone)
    inside.town.git("push", "--quiet", at=clone)


def cut_at_the_remote(inside: Inside) -> None:
    """An editor that strips the last line end."""
    (ledger,) = (inside.town.clone("person") / "state").glob("ledger-*.jsonl")
    ledger.write_text(ledger.read_text().rstrip("\n"))
    person(inside, "commit", "-qam", "tidied up")


TROUBLES: dict[Callable[[Inside], None], str] = {
    dirty: "uncommitted changes in the work tree (notes.txt)",
    detached: "detached HEAD",
    wrong_branch: "the work tree is on try-something, the state lives on main",
    no_upstream: "main has no upstream; run `git push -u origin main`",
    merging: "is in progress (MERGE_HEAD)",
    protected: "the branch is protected: let the pipeline's token or deploy key push to it",
    gone: "the remote does not answer",
    port_closed: "the remote does not answer",
    locked: "another git process works here",
    unpushed: "changes that are not pushed (notes.txt)",
    rewritten_history: "was rewritten: it may have forgotten what was sent",
    edited_ledger: "was changed other than by appending",
    cut_at_the_remote: "were changed or removed at the remote",
}


@pytest.mark.parametrize(("trouble", "words"), TROUBLES.items(), ids=[trouble.__name__ for trouble in TROUBLES])
def test_the_trouble_is_named_and_nothing_is_sent(
    inside_git: Inside, trouble: Callable[[Inside], None], words: str
) -> None:
    inside_git.town.publish(A)
    trouble(inside_git)
    report = inside_git.run()
    assert report.exit == (2 if trouble is no_upstream else 1)  # that never passes by itself
    assert words in dict(report.failures)["ledger"]
    assert inside_git.requests == []


def test_a_fresh_clone_notices_a_last_line_that_was_cut(inside_git: Inside) -> None:
    inside_git.town.publish(A)
    cut_at_the_remote(inside_git)
    report = inside_git.run(inside_git.town.clone("fresh") / "state")
    assert "the last line was cut at the remote" in dict(report.failures)["ledger"]
    assert inside_git.requests == []


def test_a_revert_at_the_remote_does_not_make_a_clone_forget_what_was_sent(inside_git: Inside) -> None:
    """No push is refused: the revert is a commit on top."""
    inside_git.town.publish(A)
    assert inside_git.run().exit == 0
    person(inside_git, "revert", "--no-edit", "HEAD~3..HEAD")  # intent, outcome, and what the run learned besides
    for _ in range(2):
        report = inside_git.run()
        assert report.exit == 1
        assert "were changed or removed at the remote" in dict(report.failures)["ledger"]
    person(inside_git, "revert", "--no-edit", "HEAD~3..HEAD")
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


@pytest.fixture
def refusing_host() -> Iterator[str]:
    """A git host that wants credentials."""

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/town.git"
        server.shutdown()


def test_missing_credentials_are_named_and_nobody_is_asked_for_a_password(
    inside_git: Inside, refusing_host: str
) -> None:
    inside_git.town.publish(A)
    inside_git.town.git("remote", "set-url", "origin", refusing_host, at=checkout(inside_git))
    words = dict(inside_git.run().failures)["ledger"]
    assert "the token or key may not push: grant `contents: write`, or renew it" in words
    assert inside_git.requests == []


def test_a_repository_that_git_refuses_is_not_taken_for_a_plain_directory(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside_git.town.publish(A)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    report = inside_git.run()
    assert "dubious ownership" in dict(report.failures)["ledger"]
    assert inside_git.requests == []


def test_a_repository_without_git_installed_is_not_taken_for_a_plain_directory(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside_git.town.publish(A)
    monkeypatch.setenv("PATH", str(inside_git.town.folder))
    assert "install git" in dict(inside_git.run().failures)["ledger"]
    assert inside_git.requests == []


def test_a_commit_of_a_person_in_between_does_not_disturb(inside_git: Inside) -> None:
    inside_git.town.publish(A)
    hook(inside_git, f"[ -e once ] && exit 0; touch once; {PERSON}")
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    assert "a person wrote" in inside_git.town.git("log", "--format=%s", "main", at=inside_git.town.remote)
    inside_git.check()


def test_a_person_who_writes_before_every_push_wins_and_nothing_is_sent(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.ledger.ledger.PAUSE", 0.0)
    inside_git.town.publish(A)
    file = hook(inside_git, PERSON)
    report = inside_git.run()
    assert report.exit == 1
    assert "races in a row" in dict(report.failures)["ledger"]
    assert inside_git.requests == []
    file.unlink()
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1


def test_a_push_that_hangs_is_given_up_and_nothing_is_sent(inside_git: Inside) -> None:
    inside_git.town.publish(A)
    os.mkfifo(inside_git.town.remote / "never")
    file = hook(inside_git, "timeout 300 cat never")
    report = inside_git.run()
    assert "no answer within 1 s" in dict(report.failures)["ledger"]
    assert inside_git.requests == []
    file.unlink()
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


def wrapper(inside: Inside, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A `git` on PATH: `$real` is the real one."""
    file = inside.town.folder / "bin" / "git"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\nreal={shutil.which('git')}\n{text}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")


def test_a_push_that_lands_while_the_client_sees_an_error_counts(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside_git.town.publish(A)
    wrapper(
        inside_git,
        monkeypatch,
        '$real "$@" || exit; case " $* " in *" push "*) echo "fatal: the remote end hung up" >&2; exit 1;; esac',
    )
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


def test_an_intent_whose_push_landed_unseen_is_finished_by_the_next_run(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push lands, its answer is lost, and the remote cannot be asked: nobody knows, so nothing is sent yet."""
    inside_git.town.publish(A)
    with monkeypatch.context() as patch:
        broken = 'case " $* " in *" fetch "*) if [ -e pushed ]; then exit 1; fi; exec $real "$@";; *" push "*) touch pushed; $real "$@"; exit 1;; esac; exec $real "$@"'
        wrapper(inside_git, patch, broken)
        assert inside_git.run().exit == 1
    assert inside_git.requests == []
    elsewhere = inside_git.town.clone("elsewhere") / "state"
    assert inside_git.run(elsewhere).exit == 0
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


@pytest.mark.parametrize("step", ["hash-object", "write-tree", "push"])
def test_a_full_disk_under_git_is_named_and_nothing_is_sent(
    inside_git: Inside, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """git's own words stand in for a full disk: only a mount could fill one, and tests may not mount."""
    inside_git.town.publish(A)
    with monkeypatch.context() as patch:
        full = f'case " $* " in *" {step} "*) echo "error: unable to write file: No space left on device" >&2; exit 128;; esac; exec $real "$@"'
        wrapper(inside_git, patch, full)
        report = inside_git.run()
    assert "make room on the disk" in dict(report.failures)["ledger"]
    assert inside_git.requests == []
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


@pytest.mark.parametrize("room", [0, 100, 3000], ids=lambda room: f"{room} bytes")
def test_a_full_disk_leaves_the_ledger_as_it_was_and_nothing_is_sent(inside: Inside, room: int) -> None:
    """The kernel refuses what goes beyond a file size: in the ledger or in the body, at once or after half a line."""
    inside.town.publish(*ARTICLES[20:28])
    (ledger,) = inside.town.state.glob("ledger-*.jsonl")
    before = ledger.read_bytes()
    run = inside.town.start("run", "--json", largest_file=len(before) + room)
    assert run.wait() == 1, run.err
    assert "cannot be written: File too large; make room" in run.err + run.out
    assert ledger.read_bytes() == before
    assert [one for one in inside.line.requests if one.path == BROADCAST] == []
    assert inside.run().exit == 0
    assert inside.times_sent(A.title) == 1
    inside.check()


def test_a_torn_last_line_is_set_aside_and_told(inside: Inside) -> None:
    (ledger,) = inside.town.state.glob("ledger-*.jsonl")
    with ledger.open("a") as stream:
        stream.write('{"article":"abc","at":"2026-11-2')
    inside.town.publish(A)
    assert inside.run().exit == 0
    torn = [event for event in inside.town.events() if event["type"] == "torn"]
    assert (inside.town.state / torn[0]["saved"]).read_text() == '{"article":"abc","at":"2026-11-2'
    inside.check()


def test_an_old_lock_of_a_git_that_died_is_removed(inside_git: Inside) -> None:
    inside_git.town.publish(A)
    lock = checkout(inside_git) / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1


def test_a_person_s_file_in_the_state_directory_is_left_alone(inside_git: Inside) -> None:
    notes = inside_git.town.state / "notes.txt"
    notes.write_text("call the vendor")
    inside_git.town.publish(A)
    assert inside_git.run().exit == 0
    assert notes.read_text() == "call the vendor"


def test_two_runs_on_one_plain_directory_take_turns(inside: Inside) -> None:
    inside.town.publish(A)
    runs = [inside.town.start("run", "--json") for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert inside.times_sent(A.title) == 1
    inside.check()
