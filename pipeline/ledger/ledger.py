"""The ledger as the rest of the pipeline sees it: what is known, and `record`, which is durable when it returns."""

import fcntl
import hashlib
import logging
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from pipeline.config import JST, State, duration
from pipeline.ledger import store
from pipeline.ledger.events import AnyEvent, Outcome, Torn, decode
from pipeline.ledger.fold import fold
from pipeline.ledger.git import Git, Rejected
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge
from pipeline.ledger.store import Damage, LedgerError

log = logging.getLogger("kadoma_line")

TRIES = 12  # lost races in a row; ten runners at once need three
PAUSE = 0.3  # seconds at most after the first lost race; one more time as long after each
LOCK_PATIENCE = 120  # seconds to wait for another run on this very directory


class LostRace(Exception):
    """Somebody else wrote first. The ledger has been read again: decide again."""


class Busy(LedgerError):
    """Another run works on this state directory."""


def known(state: Path) -> Knowledge:
    """What is known, for looking only: no lock, nothing written. Raises LedgerError."""
    bodies = store.bodies(state)  # before the ledger: a run may be writing
    knowledge = fold(store.read(state))
    for broadcast in bodies:
        if broadcast not in knowledge.archive:
            raise store.damage(
                f"broadcasts/{broadcast}.json",
                "the ledger does not know this broadcast, which may have been sent: its lines were removed (if it certainly "
                "was not, remove the file instead)",
            )
    return knowledge


class Ledger:
    """The ledger, opened for writing: locked, healed after a crash, and up to date with the remote.

    Args:
        state: the state directory; created when it is missing.
        settings: the configuration's [state].
        run: id of this run, noted in every event.
        now: the clock.

    Raises:
        LedgerError: nothing can be recorded, so nothing may be sent; the message says why and what to do.
    """

    def __init__(self, state: Path, settings: State, run: str, now: Callable[[], datetime]) -> None:
        self.state, self.run, self.now = state, run, now
        self._settings = settings
        self._lock = -1
        self._git: Git | None = None
        self._noted: list[AnyEvent] = []
        self.knowledge = Knowledge()

    def __enter__(self) -> Self:
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            timeout = duration(self._settings.timeout).total_seconds()
            self._git = Git.around(self.state, self._settings.branch, self._settings.push, timeout)
            file = (self._git.folder / "kadoma-line.lock") if self._git else (self.state / ".lock")
            self._lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LedgerError(f"{self.state}: cannot be opened for writing: {error.strerror or error}") from None
        try:
            self._wait_for_lock()
            self._open()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def note(self, events: Sequence[AnyEvent]) -> None:
        """Know something already; it becomes durable with the next `record`."""
        fold(events, self.knowledge)
        self._noted += events

    def record(self, news: str, bodies: Mapping[str, bytes] | None = None) -> None:
        """Make everything noted durable: when it returns, events and the bytes of broadcasts are on disk, committed, pushed.

        Args:
            news: the commit message.
            bodies: broadcast id → exact bytes.

        Raises:
            LostRace: somebody else wrote first; nothing of ours was recorded, `knowledge` is up to date.
            LedgerError: it could not be recorded.
        """
        events, self._noted = self._noted, []
        if not events:
            return
        for broadcast, body in (bodies or {}).items():
            store.write_body(self.state, broadcast, body)
        store.append(self.state, events)
        store.name_bodies(self.state, bodies or ())
        if self._git is None:
            return
        self._git.commit(news)
        if self._git.push:
            try:
                self._git.publish()
            except Rejected:
                log.info("somebody else wrote to the remote: reading again")
                self._catch_up(news)
                raise LostRace from None

    def retrying(self) -> Iterator[int]:
        """Tries of "decide, then record": a bounded number, with a random pause after each lost race."""
        for number in range(TRIES):
            if number:
                time.sleep(random.uniform(0, PAUSE) * number)  # noqa: S311 - spreads runners, guards nothing
            yield number
        raise LedgerError(f"lost {TRIES} races in a row against other writers; the next run tries again")

    def body(self, known: BroadcastKnown) -> bytes:
        """The exact bytes of a broadcast. Raises Damage where they are not the ones that its intent recorded."""
        file = store.body_file(self.state, known.id)
        try:
            body = file.read_bytes()
        except OSError as error:
            raise Damage(f"{file}: the body of an open broadcast cannot be read: {error.strerror}") from None
        if hashlib.sha256(body).hexdigest() != known.sha256:
            raise Damage(
                f"{file}: not the bytes that broadcast {known.id} was recorded with; restore the file from git"
            )
        return body

    def record_decided(self, news: str, decide: Callable[[], Sequence[AnyEvent]]) -> None:
        """Note and record what was decided; whenever somebody else wrote first, decide again with what is known by then."""
        for _ in self.retrying():
            self.note(decide())
            with suppress(LostRace):
                self.record(news)
                return

    def insist(self, news: str, said: Outcome) -> None:
        """Record what LINE said, which does not depend on who writes first, as long as the others' facts leave room for it.

        Raises:
            LostRace: somebody else wrote meanwhile. The fact stands, but what was decided before must be decided again.
        """
        for number in self.retrying():
            if self.knowledge.takes(said):
                self.note([said])
                try:
                    self.record(news)
                except LostRace:
                    continue
            if number:
                raise LostRace
            return

    def _wait_for_lock(self) -> None:
        """The kernel lets go of the lock when the last process that has it open ends: a run, or git left behind by one."""
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy(
                        f"another run (or a git command that one left behind) works on {self.state}; the next run tries again"
                    ) from None
                time.sleep(0.1)
            else:
                return

    def _open(self) -> None:
        if self._git is not None:
            self._git.lock = self._lock
            self._git.check()
            if self._git.push:
                self._catch_up("ledger: what a crash kept from being pushed")
                return
        torn = [self._set_aside(file, rest) for file, rest in store.torn_lines(self.state)]
        if store.waiting(self.state):
            store.name_bodies(self.state, fold(store.read(self.state)).archive)
        self.knowledge = known(self.state)
        self.note(torn)
        self.record("ledger: a crash left a torn line")

    def _set_aside(self, file: str, rest: bytes) -> Torn:
        saved = store.set_aside(self.state, file, rest)
        log.warning("a crash left a torn line in %s; it was set aside as %s", file, saved)
        return Torn(at=self.now(), run=self.run, file=file, saved=saved)

    def _catch_up(self, news: str) -> None:
        """Take over what the remote says; keep of our own unpushed lines only answers of LINE that nobody else knows.

        Everything else that was not pushed does not count: it is found and decided again.
        """
        git = self._git
        assert git is not None  # noqa: S101 - for the type checker
        answers: dict[str, Outcome] = {}
        for _ in self.retrying():
            tip = git.fetch()
            if git.head != tip or git.differing(tip):
                answers |= self._unpushed_answers(git.unpushed(tip))
                git.take(tip)
            for file, _rest in store.torn_lines(self.state):
                raise Damage(f"{file}: the last line was cut at the remote; restore it there (`git log -p {file}`)")
            self.knowledge = known(self.state)
            missing = [answer for answer in answers.values() if self.knowledge.takes(answer)]
            if not missing:
                return
            store.append(self.state, missing)
            git.commit(news)
            try:
                git.publish()
            except Rejected:
                continue
            fold(missing, self.knowledge)
            return

    def _unpushed_answers(self, files: Mapping[str, bytes]) -> dict[str, Outcome]:
        """What LINE accepted, of the lines here that the remote does not have.

        Args:
            files: what differs here → as the remote knew it. A ledger file that was changed other than by appending was
                changed by a person, and is not ours to throw away.
        """
        for name, before in files.items():
            file = self.state / name
            now = file.read_bytes() if file.exists() else b""
            # A checkout that converts line ends (core.autocrlf) is no change of a person's.
            if store.cut(before, now) and store.cut(before, now.replace(b"\r\n", b"\n")):
                raise Damage(
                    f"{file}: was changed other than by appending; look with `git diff`, restore it with `git checkout -- {name}`"
                )
        lines = (line for file in store.files(self.state) for line in store.each_line(file))
        events = (event for line in lines if isinstance(event := decode(line), Outcome))
        return {event.broadcast: event for event in events if event.outcome == "accepted"}


class Rehearsal(Ledger):
    """A ledger for a dry run: knows what the real one knows, and everything noted; writes nothing."""

    def __init__(self, state: Path, run: str = "", now: Callable[[], datetime] = lambda: datetime.now(JST)) -> None:
        self.state, self.run, self.now = state, run, now
        self.knowledge = Knowledge()

    def __enter__(self) -> Self:
        self.knowledge = known(self.state)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def note(self, events: Sequence[AnyEvent]) -> None:
        fold(events, self.knowledge)

    def record(self, news: str, bodies: Mapping[str, bytes] | None = None) -> None:
        pass
