"""Is the ledger what it was when it was written? Every line's hash, every broadcast's bytes, every reference, and git's history.

Looks only: nothing is written, nothing is asked of the network.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.ledger import checkpoint, history, store
from pipeline.ledger.events import (
    Alias,
    AnyEvent,
    Approved,
    Attempt,
    Baseline,
    Changed,
    Decided,
    Found,
    Intent,
    Outcome,
    Posted,
    Refused,
    Settled,
    decode,
)
from pipeline.ledger.knowledge import fold


class Finding(Struct, frozen=True):
    """Something that is wrong, or with `note` only worth knowing. `code` has its words in templates/report/ledger.toml."""

    code: str
    file: str = ""
    line: int = 0
    detail: str = ""
    note: bool = False


class Verdict(Struct, frozen=True):
    """What was looked at, and what was found. `state` counts articles by what became of them, derived anew."""

    findings: tuple[Finding, ...]
    files: int
    events: int
    bodies: int
    versions: int
    state: dict[str, int]

    @property
    def ok(self) -> bool:
        return all(finding.note for finding in self.findings)


class _Line(Struct, frozen=True):
    """One line and where it stands; `event` None when it is no event."""

    file: str
    number: int
    hash: str
    event: AnyEvent | None


def verify(state: Path) -> Verdict:
    """Check everything that can be checked. Raises LedgerError when a file cannot be read."""
    lines, findings = _read(state)
    events = [line.event for line in lines if line.event is not None]
    findings += _chain(lines)
    findings += _references(lines)
    bodies, damaged = _bodies(state, lines)
    past = history.walk(state, [file.name for file in store.files(state)])
    findings += [*damaged, *(Finding(*problem) for problem in past.problems)]
    findings += [Finding(code, note=True, detail=detail) for code, detail in past.notes]
    if all(finding.note for finding in findings) and (where := checkpoint.disagreement(state, events)):
        findings.append(Finding("checkpoint", str(checkpoint.place(state)), detail=where))
    counts: dict[str, int] = {}
    for known in fold(events).articles.values():
        counts[known.state] = counts.get(known.state, 0) + 1
    return Verdict(tuple(findings), len(store.files(state)), len(events), bodies, past.versions, counts)


def _read(state: Path) -> tuple[list[_Line], list[Finding]]:
    lines: list[_Line] = []
    findings: list[Finding] = []
    for file in store.files(state):
        whole, torn = store.whole_lines(file)
        for number, raw in enumerate(whole, start=1):
            event = None
            try:
                event = decode(raw)
            except msgspec.DecodeError as error:
                findings.append(Finding("no-event", file.name, number, str(error)))
            lines.append(_Line(file.name, number, store.line_hash(raw), event))
        if torn:
            findings.append(Finding("torn", file.name, len(whole) + 1, note=True))
    return lines, findings


def _chain(lines: Sequence[_Line]) -> list[Finding]:
    """Each line holds the hash of the one before it, across files. The place told is that of the line which is not the one
    that its successor was written after; a hash cannot tell whether it was changed, or stood elsewhere, or is gone."""
    places = {line.hash: line for line in lines}
    findings = []
    before: _Line | None = None
    for line in lines:
        if line.event is not None and line.event.prev != (before.hash if before else store.FIRST):
            rightful = places.get(line.event.prev)
            if before is None:
                findings.append(Finding("first-missing", line.file, line.number))
            elif rightful is not None:
                findings.append(Finding("order", line.file, line.number, f"{rightful.file}:{rightful.number}"))
            else:
                findings.append(Finding("changed", before.file, before.number, f"{line.file}:{line.number}"))
        before = line
    return findings


def _references(lines: Sequence[_Line]) -> list[Finding]:
    """Events about something that no event before them knows; and what must never be there twice."""
    check = _References()
    for line in lines:
        check.look(line)
    return check.findings


class _References:
    def __init__(self) -> None:
        self.articles: set[str] = set()
        self.intents: dict[str, Intent] = {}
        self.keys: dict[str, str] = {}
        self.accepted: set[str] = set()
        self.sent: dict[str, str] = {}  # article → broadcast, until it is found or posted anew
        self.findings: list[Finding] = []

    def look(self, line: _Line) -> None:
        event = line.event
        if isinstance(event, Baseline | Found | Posted):
            self.articles.add(event.article)
            self.sent.pop(event.article, None)
        elif isinstance(event, Changed | Alias | Decided | Approved | Refused):
            self.know(line, event.article)
        elif isinstance(event, Intent):
            self.intent(line, event)
        elif isinstance(event, Attempt | Outcome | Settled):
            if event.broadcast not in self.intents:
                self.find("unknown-broadcast", line, event.broadcast)
            elif _says_accepted(event) and event.broadcast not in self.accepted:
                self.accept(line, event.broadcast)

    def intent(self, line: _Line, event: Intent) -> None:
        for chosen in event.chosen:
            self.know(line, chosen.article)
        if event.broadcast in self.intents:
            self.find("broadcast-twice", line, event.broadcast)
        if event.key in self.keys:
            self.find("key-twice", line, f"{self.keys[event.key]} {event.broadcast}")
        self.intents[event.broadcast], self.keys[event.key] = event, event.broadcast

    def accept(self, line: _Line, broadcast: str) -> None:
        self.accepted.add(broadcast)
        for chosen in self.intents[broadcast].chosen:
            if chosen.article in self.sent:
                self.find("sent-twice", line, f"{chosen.article} {self.sent[chosen.article]} {broadcast}")
            self.sent[chosen.article] = broadcast

    def know(self, line: _Line, article: str) -> None:
        if article not in self.articles:
            self.find("unknown-article", line, article)

    def find(self, code: str, line: _Line, detail: str) -> None:
        self.findings.append(Finding(code, line.file, line.number, detail))


def _says_accepted(event: Attempt | Outcome | Settled) -> bool:
    return (isinstance(event, Outcome) and event.outcome == "accepted") or (
        isinstance(event, Settled) and event.delivered
    )


def _bodies(state: Path, lines: Sequence[_Line]) -> tuple[int, list[Finding]]:
    """The exact bytes of every broadcast are there, and are the ones that its intent recorded."""
    count, findings = 0, []
    for line in lines:
        if not isinstance(line.event, Intent):
            continue
        file = store.body_file(state, line.event.broadcast)
        name = file.relative_to(state).as_posix()
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError:
            findings.append(Finding("body-missing", name, 0, f"{line.file}:{line.number}"))
            continue
        count += 1
        if digest != line.event.sha256:
            findings.append(Finding("body-changed", name, 0, f"{line.file}:{line.number}"))
    return count, findings
