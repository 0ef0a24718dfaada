"""What else goes wrong while runs are killed, and at which points of a run a kill can then make a difference."""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.sandbox.articles import ARTICLES, EMERGENCY, SampleArticle
from tests.doubles.line import LineFault

if TYPE_CHECKING:
    from tests.delivery.crash import Moment, NumberedLine, Point

NEWS = (*ARTICLES[20:22], EMERGENCY)  # two broadcasts: one of two articles, one emergency
SOAK = "SOAK_SEEDS" in os.environ
# While something else fails, too, there is one broadcast: the next one meets the same, or what it meets without it.
FEW = NEWS if SOAK else (EMERGENCY,)
NEVER = "never"  # a pipe that nobody writes to


class Trouble:
    """What else goes wrong while runs are killed.

    Attributes:
        codes: exit codes that a run may then have, besides 0.
        settings: changes of the configuration.
        environment: more of it, for the runs.
        news: what the runs have to send.
    """

    name = "none"
    news: Sequence[SampleArticle] = NEWS
    codes: tuple[int, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = {}

    def world(self) -> object:
        """What else a next run can meet, besides what a kill leaves."""
        return self.name

    def begin(self, line: "NumberedLine") -> None:
        """LINE before the first run: nothing is wrong."""

    def arm(self, moment: "Moment") -> None:
        """The repository: nothing is wrong."""

    def span(self, points: Sequence["Point"]) -> Sequence[int]:
        """The points, from 1 on, at which a kill can lead to anything that no kill of an untroubled run leads to."""
        return range(1, len(points) + 1)


class LineTrouble(Trouble):
    """LINE fails the first requests.

    Nothing can be different before an intent has been pushed: nobody has asked LINE to send, and what such a kill leaves on a
    disk is thrown away, trouble or not; a push that it leaves behind lands or not, trouble or not. A single failure is over when
    its repeat is answered: ledger, remote and LINE are then what they are without it. Failures that last are over with the first
    broadcast: the next one meets the same.
    """

    codes = (1,)
    news = FEW

    def __init__(self, name: str, fault: LineFault, times: int = 1) -> None:
        self.name, self._fault, self._times = name, fault, times
        if fault.kind == "hang":
            self.settings = (('account = "@kadoma_city"', 'account = "@kadoma_city"\nread_timeout = "1s"'),)

    def world(self) -> object:
        return self.settings  # how it still has to fail, LINE remembers itself

    def begin(self, line: "NumberedLine") -> None:
        line.fail(self._fault, times=self._times)

    def span(self, points: Sequence["Point"]) -> Sequence[int]:
        pushed = first(points, "after communicate", first(points, "'push'", 0, len(points)), len(points))
        told = pushed if self._times == 1 else first(points, "'push'", pushed, len(points))
        return range(pushed, first(points, "ledger-", told, len(points)) + 1)


class PushTrouble(Trouble):
    """Some pushes fail, counted from the beginning of the moment.

    Nothing is different before such a push begins, nor once its repeat has landed: disk and remote are then what they are
    without it. Nor between two tries of an intent: once what somebody else wrote has been taken over, the run records it anew
    as it would upon that, until it pushes again. (What LINE said is recorded anew while it is taken over. The pushes that still
    have to fail do so wherever the recovery has got to.)

    Attributes:
        repeats: how many more pushes it takes until that is so; None: it takes another run.
    """

    codes = (1,)
    news = FEW
    repeats: int | None = 0

    def __init__(self, name: str, *pushes: int) -> None:
        self.name, self._pushes = name, pushes
        # Shell: go on only at some pushes.
        self._sometimes = (
            "n=$(($(cat pushed 2>/dev/null || echo 0) + 1)); echo $n >pushed; "
            f"case $n in {'|'.join(map(str, pushes))}) ;; *) exit 0;; esac\n"
        )

    def span(self, points: Sequence["Point"]) -> Sequence[int]:
        begun = [number for number, point in enumerate(points, 1) if "'push'" in point.name]
        return [
            number
            for push in self._pushes
            if push <= len(begun)
            for number in range(begun[push - 1], self._over(points, begun[push - 1 :]) + 1)
            if push > 1 or not self._taken_over(points, begun[0]) < number < begun[1]
        ]

    @staticmethod
    def _taken_over(points: Sequence["Point"], begun: int) -> int:
        """The number of the point at which the branch here has come to what the remote has."""
        return first(points, "'--keep'", begun, len(points)) + 2

    def _over(self, points: Sequence["Point"], begun: Sequence[int]) -> int:
        if self.repeats is None or self.repeats >= len(begun):
            return len(points)
        return first(points, "ledger-", begun[self.repeats], len(points))


HANG = f"timeout 300 cat {NEVER}"  # longer than anybody waits for it; but no process stays behind for ever


class RemoteTrouble(PushTrouble):
    """The pushes meet a hook of the remote."""

    def __init__(self, name: str, *pushes: int, what: str) -> None:
        super().__init__(name, *pushes)
        self._what = what
        if what == HANG:
            self.settings, self.repeats = (("[state]\n", '[state]\ntimeout = "1s"\n'),), None
        else:
            self.repeats = 1

    def arm(self, moment: "Moment") -> None:
        hook = moment.remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        os.mkfifo(moment.remote / NEVER)
        hook.write_text(f"#!/bin/sh\n{self._sometimes}{self._what}\n")
        hook.chmod(0o755)


class LostAnswer(PushTrouble):
    """The pushes land, and the client is told that they failed."""

    def arm(self, moment: "Moment") -> None:
        git = moment.folder / "bin" / "git"
        git.parent.mkdir()
        git.write_text(
            f'#!/bin/sh\n{shutil.which("git")} "$@" || exit\ncase " $* " in *" push "*) ;; *) exit 0;; esac\n'
            f"cd {moment.remote}\n{self._sometimes}exit 1\n"
        )
        git.chmod(0o755)
        self.environment = {"PATH": f"{git.parent}:{os.environ['PATH']}"}


def first(points: Sequence["Point"], mark: str, after: int, or_else: int) -> int:
    """The number of the first point with a mark, after another one."""
    found = (number for number, point in enumerate(points, 1) if number > after and mark in point.name)
    return next(found, or_else)


PERSON = (
    "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
    "export GIT_AUTHOR_NAME=P GIT_AUTHOR_EMAIL=p@example.org GIT_COMMITTER_NAME=P GIT_COMMITTER_EMAIL=p@example.org\n"
    "git update-ref refs/heads/main $(git commit-tree main^{tree} -p main -m 'a person wrote')"
)
TROUBLES = (
    Trouble(),
    LineTrouble("LINE answers 500 before accepting", LineFault.error_before(), times=5),
    LineTrouble("LINE answers 500 after accepting", LineFault.error_after()),
    LineTrouble("LINE drops the connection after accepting", LineFault.drop_after()),
    LineTrouble("LINE hangs before accepting", LineFault.hang_before()),
    LineTrouble("LINE hangs after accepting", LineFault.hang_after()),
    # Not every second push: clones would lose every outcome and repeat for ever.
    RemoteTrouble("a push that is rejected", 1, 5 if SOAK else 3, what=PERSON),  # the first, and the last outcome's
    RemoteTrouble("an intent's push that hangs", 1, what=HANG),
    RemoteTrouble("an outcome's push that hangs", 2, what=HANG),
    # The first intent's, the last outcome's, and one of the run after the crash.
    LostAnswer("a push that succeeds while the client sees an error", *((1, 4, 6) if SOAK else (1, 2, 4))),
)
