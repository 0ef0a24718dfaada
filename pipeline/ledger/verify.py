"""Is the ledger what it was when it was written? Every line's hash, every broadcast's bytes, every reference, and git's history.

Looks only: nothing is written, nothing is asked of the network.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from pipeline.ledger import history, store
from pipeline.ledger.events import AnyEvent, Baseline, Found, Intent, Posted, decode
from pipeline.ledger.fold import apply
from pipeline.ledger.history import Flaw
from pipeline.ledger.knowledge import BroadcastKnown, Knowledge
from pipeline.ledger.ledger import known


class Verdict(Struct, frozen=True):
    """What was looked at, and what was found. `state` counts articles by what became of them, derived anew."""

    findings: tuple[Flaw, ...]
    files: int
    events: int
    bodies: int
    versions: int
    state: dict[str, int]

    @property
    def ok(self) -> bool:
        return not self.damage

    @property
    def damage(self) -> str:
        """The first thing that is wrong: place, code and what was seen; "" when the ledger is intact."""
        wrong = (f"{one.file}:{one.line}: {one.code} {one.detail}" for one in self.findings if not one.note)
        return next(wrong, "")


class _LedgerLine(Struct, frozen=True):
    """One line and where it stands; `event` None when it is no event."""

    file: str
    number: int
    hash: str
    event: AnyEvent | None
    intact: bool | None


def verify(state: Path) -> Verdict:
    """Check everything that can be checked. Raises LedgerError when a file cannot be read."""
    lines, findings = _read(state)
    findings += _chain(lines)
    references = _References()
    for line in lines:
        references.look(line)
    findings += references.findings
    bodies, damaged = _bodies(state, lines)
    past = history.walk(state, [file.name for file in store.files(state)])
    findings += [*damaged, *past.flaws]
    if lines and lines[-1].intact is False:  # no other line holds its hash yet
        findings.append(Flaw("changed", lines[-1].file, lines[-1].number, lines[-1].file))
    counts: Counter[str] = Counter(known.state for known in references.known.articles.values())
    events = sum(line.event is not None for line in lines)
    return Verdict(tuple(findings), len(store.files(state)), events, bodies, past.versions, dict(counts))


def intact(state: Path) -> Knowledge:
    """What is known, by a ledger that is what it was when it was written. Raises LedgerError."""
    knowledge = known(state)
    if flaw := verify(state).damage:
        raise store.LedgerError(flaw)
    return knowledge


def _read(state: Path) -> tuple[list[_LedgerLine], list[Flaw]]:
    lines: list[_LedgerLine] = []
    findings: list[Flaw] = []
    for file in store.files(state):
        whole, torn = store.whole_lines(file)
        for number, raw in enumerate(whole, start=1):
            event = None
            try:
                event = decode(raw)
            except ValueError as error:
                findings.append(Flaw("no-event", file.name, number, str(error)))
            lines.append(_LedgerLine(file.name, number, store.line_hash(raw), event, store.checksum(raw)))
        if torn:
            findings.append(Flaw("torn", file.name, len(whole) + 1, note=True))
    return lines, findings


def _chain(lines: Sequence[_LedgerLine]) -> list[Flaw]:
    """Each line holds the hash of the one before it, across files. The place told is that of the line which is not the one
    that its successor was written after; a hash cannot tell whether it was changed, or stood elsewhere, or is gone."""
    places = {line.hash: line for line in lines}
    findings = []
    before: _LedgerLine | None = None
    for line in lines:
        if line.event is not None and line.event.prev != (before.hash if before else store.FIRST):
            rightful = places.get(line.event.prev)
            if before is None:
                findings.append(Flaw("first-missing", line.file, line.number))
            elif rightful is not None:
                findings.append(Flaw("order", line.file, line.number, f"{rightful.file}:{rightful.number}"))
            else:
                findings.append(Flaw("changed", before.file, before.number, f"{line.file}:{line.number}"))
        before = line
    return findings


class _References:
    """Events about something that no event before them knows; and what must never be there twice."""

    def __init__(self) -> None:
        self.known = Knowledge()
        self.keys: dict[str, str] = {}
        self.findings: list[Flaw] = []

    def look(self, line: _LedgerLine) -> None:
        event, known = line.event, self.known
        if event is None:
            return
        for article in _named(event):
            if article not in known.articles:
                self.find("unknown-article", line, article)
        broadcast = known.archive.get(name := getattr(event, "broadcast", ""))
        if isinstance(event, Intent):
            if broadcast is not None:
                self.find("broadcast-twice", line, name)
            if event.key in self.keys:
                self.find("key-twice", line, f"{self.keys[event.key]} {name}")
            self.keys[event.key] = name
        elif name and broadcast is None:
            self.find("unknown-broadcast", line, name)
        sent = self.sent_before(broadcast)
        apply(known, event)
        if broadcast is not None and broadcast.outcome == "accepted":
            for article, by in sent.items():
                self.find("sent-twice", line, f"{article} {by} {broadcast.id}")

    def sent_before(self, broadcast: BroadcastKnown | None) -> dict[str, str]:
        """Articles of a broadcast that is not accepted yet which went out with another, and were not found or posted anew."""
        if broadcast is None or broadcast.outcome == "accepted":
            return {}
        known = (self.known.articles.get(article) for article in broadcast.articles)
        return {one.id: one.broadcast for one in known if one is not None and one.state == "sent"}

    def find(self, code: str, line: _LedgerLine, detail: str) -> None:
        self.findings.append(Flaw(code, line.file, line.number, detail))


def _named(event: AnyEvent) -> list[str]:
    """The articles that must be known already."""
    if isinstance(event, Intent):
        return [chosen.article for chosen in event.chosen]
    begins = isinstance(event, Baseline | Found | Posted)
    return [] if begins or not (article := getattr(event, "article", "")) else [article]


def _bodies(state: Path, lines: Sequence[_LedgerLine]) -> tuple[int, list[Flaw]]:
    """The exact bytes of every broadcast are there, and are the ones that its intent recorded."""
    findings: list[Flaw] = []
    kept = set(store.bodies(state))
    count = 0
    for line in lines:
        if not isinstance(line.event, Intent):
            continue
        kept.discard(line.event.broadcast)
        digest = store.body_digest(state, line.event.broadcast)
        count += bool(digest)
        if digest != line.event.sha256:
            name = store.body_file(state, line.event.broadcast).relative_to(state).as_posix()
            place = f"{line.file}:{line.number}"
            findings.append(Flaw("body-changed", name, 0, place) if digest else Flaw("body-missing", name, 0, place))
    orphans = (store.body_file(state, broadcast).relative_to(state).as_posix() for broadcast in sorted(kept))
    return count, [*findings, *(Flaw("orphan", name) for name in orphans)]
