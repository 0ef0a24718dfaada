"""Ctrl-C and SIGTERM (what a cancelled workflow sends) end a run between its steps."""

import fcntl
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from pipeline.sandbox.articles import ARTICLES
from pipeline.world import World
from tests.delivery.conftest import Inside
from tests.doubles.fault import Fault
from tests.doubles.line import BROADCAST, LineFault
from tests.zygote.client import Process

A = ARTICLES[20]
BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])


def start(inside: Inside, err: IO[bytes] | None = None) -> Process:
    inside.town.publish(A)
    inside.town.configure()  # with LINE's usual timeout
    return inside.town.start("run", "--json", err=err)


def is_clean(inside: Inside) -> bool:
    return not inside.town.git("status", "--porcelain", at=inside.town.state)


@BOTH
def test_a_signal_while_line_answers_lets_the_broadcast_be_finished_and_recorded(
    inside_git: Inside, number: int
) -> None:
    inside_git.line.fail(LineFault.hang_before())
    run = start(inside_git)
    assert inside_git.line.wait_until_hanging(timeout=60)
    run.send_signal(number)
    inside_git.line.release()
    assert run.wait() == 1
    assert inside_git.times_sent(A.title) == 1
    assert is_clean(inside_git)
    inside_git.check()


@BOTH
@pytest.mark.parametrize("path", ["/index.update.json", A.path], ids=["list", "page"])
def test_a_signal_while_the_site_says_nothing_ends_the_run_with_nothing_sent(
    inside_git: Inside, number: int, path: str
) -> None:
    inside_git.city.fail(path, Fault.hang(), times=1)
    run = start(inside_git)
    assert inside_git.city.wait_until_hanging(timeout=60)
    run.send_signal(number)
    assert run.wait() == 1  # the site is still silent
    inside_git.city.release()
    assert [one for one in inside_git.line.requests if one.path == BROADCAST] == []
    assert is_clean(inside_git)
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1


@BOTH
def test_a_signal_ends_the_waiting_between_repeats(inside_git: Inside, number: int) -> None:
    """LINE asks to wait a minute for a token: the refused broadcast goes back into the queue at once."""
    inside_git.line.fail(LineFault.rate_limit(), times=None)
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as told:
        with os.fdopen(writer, "wb") as err:
            run = start(inside_git, err)
        assert any("again in 61 s" in line for line in told)
        run.send_signal(number)
    assert run.wait() == 1
    assert is_clean(inside_git)
    assert [known.title for known in inside_git.knowledge.queue()] == [A.title]
    inside_git.line.recover()
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1


def test_a_second_signal_ends_the_run_at_once_and_the_next_one_finishes(inside_git: Inside) -> None:
    inside_git.line.fail(LineFault.hang_after())
    run = start(inside_git)
    assert inside_git.line.wait_until_hanging(timeout=60)
    run.send_signal(signal.SIGTERM)
    while run.poll() is None:  # the first one may not have been handled yet, then both are one
        run.send_signal(signal.SIGTERM)
    assert run.wait() == -signal.SIGTERM, run.err
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


def test_git_that_a_killed_run_has_left_at_work_is_waited_for(inside_git: Inside, tmp_path: Path) -> None:
    """It has our lock, and gives it back when it ends."""
    begun, go_on, programs = tmp_path / "begun", tmp_path / "go-on", tmp_path / "programs"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    programs.mkdir()
    wait = f'case " $* " in *" write-tree "*) echo >"{begun}"; cat "{go_on}";; esac'
    (programs / "git").write_text(f'#!/bin/sh\n{wait}\nexec {shutil.which("git")} "$@"\n')
    (programs / "git").chmod(0o755)
    inside_git.town.environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    run = start(inside_git)
    assert begun.read_text() == "\n"
    run.send_signal(signal.SIGKILL)
    run.wait()
    with (inside_git.town.state.parent / ".git" / "kadoma-line.lock").open() as lock:
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            go_on.write_text("")
        fcntl.flock(lock, fcntl.LOCK_EX)
    del inside_git.town.environment["PATH"]
    assert inside_git.run().exit == 0
    assert inside_git.times_sent(A.title) == 1
    inside_git.check()


def test_a_signal_at_any_moment_of_waiting_is_heard_and_ends_it() -> None:
    """Also while what waits holds a lock of its own."""
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for ever"))
    signal.alarm(20)
    try:
        for moment in itertools.count():
            world, left = World({}), itertools.repeat(None, moment)

            def at_each_line(*_: object, left: Iterator[None] = left) -> Any:
                if next(left, "over") == "over":
                    sys.settrace(None)
                    signal.raise_signal(signal.SIGTERM)
                    return None
                return at_each_line

            world.obey_signals()
            sys.settrace(at_each_line)
            world.sleep(0)
            ended = sys.gettrace() is not None
            sys.settrace(None)
            if ended:
                break
            world.sleep(600)
            assert world.stopping
    finally:
        signal.alarm(0)
        for number, handler in usual.items():
            signal.signal(number, handler)
    assert moment > 1
