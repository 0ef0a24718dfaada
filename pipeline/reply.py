"""What a person wrote under an issue, by mail or in the browser: one decision, several that contradict, or none. Pure.

Only what was written by the person counts: what a mail program quotes, signs or adds is left out. A word of decision in
a sentence that is not understood makes the whole reply unclear: nothing is done, and the person is asked. The time taken
grows with the length of the text and no faster.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from pipeline.characters import clean
from pipeline.desk import Action

Problem = Literal["contradiction", "unclear", "other-words"]

LONGEST = 200_000  # characters; GitHub takes 65,536
LONGEST_LINE = 2000  # characters; nobody writes a decision in a longer one
FENCE = ("```", "~~~")

AROUND = " 。\t「」『』【】\"'*_・-()[]〈〉<>.,、:;👍🙏🙇✅😊⭕○◎→⇒"

YES = ("approve", "emergency")
NEEDS_NO_REASON = ("approve", "delivered")


class Instruction(Struct, frozen=True):
    """One decision. `about`: ids and addresses that it names; `everything`: all that the issue lists."""

    action: Action
    everything: bool = False
    about: tuple[str, ...] = ()
    why: str = ""


class _Part(Struct, frozen=True):
    """One sentence and what it is. `text`: the sentence, or the reason that it gives; `line`: its number."""

    kind: Literal["decision", "reason", "unclear", "courtesy", "names", "other-words", "talk"]
    text: str
    line: int
    decision: Instruction | None = None
    names: tuple[str, ...] = ()


class Patterns(Struct, frozen=True, forbid_unknown_fields=True):
    """What people write, and their mail programs around it: reply.toml."""

    hidden: re.Pattern[str]
    quote: re.Pattern[str]
    end: re.Pattern[str]
    divider: re.Pattern[str]
    attribution: re.Pattern[str]
    sentence_ends: re.Pattern[str]
    letter_spaced: re.Pattern[str]
    opening: re.Pattern[str]
    because: re.Pattern[str]
    decision: re.Pattern[str]
    not_really: re.Pattern[str]
    named: re.Pattern[str]
    left_out: re.Pattern[str]
    reason: re.Pattern[str]
    condition: re.Pattern[str]
    like_a_reason: re.Pattern[str]
    courtesy: re.Pattern[str]
    other_words: re.Pattern[str]
    about_deciding: re.Pattern[str]
    quoted_words: re.Pattern[str]


def _patterns(file: Path) -> Patterns:
    raw = msgspec.toml.decode(file.read_bytes())
    return msgspec.convert(raw, Patterns, dec_hook=lambda _, text: re.compile(text))


SAID = _patterns(Path(__file__).with_suffix(".toml"))


def read(text: str) -> Instruction | Problem | None:
    """The decision in a reply; None for a text that does not speak of one."""
    if len(text) > LONGEST:
        return "unclear"
    parts = [_part(sentence, number) for number, line in enumerate(own_lines(text)) for sentence in _sentences(line)]
    decisions = [part.decision for part in parts if part.decision]
    talk = [part for part in parts if part.kind == "talk"]
    kinds = {part.kind for part in parts}
    if len({(decision.action, decision.everything) for decision in decisions}) > 1:
        return "contradiction"
    if "unclear" in kinds:
        return "unclear"
    if not decisions:
        told = any(SAID.like_a_reason.match(part.text) for part in talk)
        return "other-words" if "other-words" in kinds and not told else None
    first = decisions[0]
    why = [decision.why for decision in decisions if decision.why]
    if first.action in YES and any(SAID.condition.search(said) for said in [*why, *(part.text for part in talk)]):
        return "unclear"
    why += [part.text for part in parts if part.kind == "reason"]
    if first.action not in NEEDS_NO_REASON:
        why += _reasons(parts)
    about = [name for decision in decisions for name in decision.about] + [
        name for part in parts for name in part.names
    ]
    return Instruction(first.action, first.everything, tuple(dict.fromkeys(about)), "。".join(dict.fromkeys(why)))


def _part(sentence: str, line: int) -> _Part:
    if decision := _decision(sentence):
        return _Part("decision", sentence, line, decision)
    if reason := SAID.reason.match(sentence):
        return _Part("reason", reason["why"].strip(AROUND), line)
    if SAID.about_deciding.search(SAID.quoted_words.sub("", sentence)):
        return _Part("unclear", sentence, line)
    if SAID.courtesy.match(sentence):
        return _Part("courtesy", sentence, line)
    names, rest = _names(sentence)
    if names:
        return _Part("unclear" if SAID.left_out.match(rest) else "names", sentence, line, names=tuple(names))
    return _Part("other-words" if SAID.other_words.match(sentence) else "talk", sentence, line)


def _reasons(parts: list[_Part]) -> list[str]:
    """What is not called a reason and reads like one: on the line of the decision, or a whole sentence after it."""
    begun = next(part.line for part in parts if part.decision)
    return [
        part.text
        for part in parts
        if part.kind == "talk" and (part.line == begun or (part.line > begun and SAID.like_a_reason.match(part.text)))
    ]


def own_lines(text: str) -> Iterator[str]:
    """The lines that the person wrote, in normal form: no quotes, nothing after the signature or the head of a quoted mail."""
    lines = [_normal(line) for line in SAID.hidden.sub("", text).splitlines()]
    said = False
    for number, line in _unquoted(lines):
        if len(line) > LONGEST_LINE:
            said = True
            yield line
        elif SAID.divider.match(line):
            if said:
                return
        elif SAID.end.match(line):
            return
        elif SAID.attribution.search(line):
            following = next((after for after in lines[number + 1 : number + 20] if after), "")
            if not SAID.quote.match(following):  # a quote without marks has no end
                return
        else:
            said = True
            yield line


def _unquoted(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines with something in them that stand in no block of code, in no <blockquote> and behind no mark of a quote, numbered."""
    ends = ""  # the quote that lasts
    for number, line in enumerate(lines):
        if ends:
            ends = "" if line.lower().startswith(ends) else ends
        elif line.startswith(FENCE):
            ends = line[:3]
        elif line.lower().startswith("<blockquote"):
            ends = "" if "</blockquote" in line.lower() else "</blockquote"
        elif line and not SAID.quote.match(line):
            yield number, line


def _sentences(line: str) -> Iterator[str]:
    return filter(None, (part.strip(AROUND) for part in SAID.sentence_ends.split(line)))


def _decision(sentence: str) -> Instruction | None:
    if len(sentence) > LONGEST_LINE or sentence.endswith(("?", "か")):
        return None
    about, rest = _names(_after_opening(sentence))
    because = SAID.because.match(rest := _after_opening(rest.removeprefix("を").removeprefix("は")))
    found = SAID.decision.match(rest[because.end() :] if because else rest)
    if found is None:
        return None
    action = next(action for action in get_args(Action) if found[action.replace("-", "_")])
    if because and re.search("却下|届" if action == "reject" else "承認|却下|届|緊急", because["why"]):
        return None
    more, rest = _names(found["rest"])
    why = rest.strip(AROUND)
    if SAID.not_really.match(why) or (
        SAID.about_deciding.search(SAID.quoted_words.sub("", why)) and (action != "reject" or why.endswith("承認"))
    ):
        return None
    if reason := SAID.reason.match(why):
        why = reason["why"].strip(AROUND)
    why = "" if SAID.courtesy.match(why) else why or (because["why"] if because else "")
    return Instruction(action, bool(found["all"]), (*about, *more), why)


def _after_opening(sentence: str) -> str:
    while opening := SAID.opening.match(sentence):
        sentence = sentence[opening.end() :]
    return sentence.lstrip(AROUND)


def _names(sentence: str) -> tuple[list[str], str]:
    """The ids and addresses that it begins with, and the rest of it."""
    names, rest = [], sentence
    while len(rest) <= LONGEST_LINE and (name := SAID.named.match(rest)):
        names.append(name[1].rstrip(AROUND))
        rest = rest[name.end() :]
    return names, rest


def _normal(line: str) -> str:
    return SAID.letter_spaced.sub("", unicodedata.normalize("NFKC", clean(line)).strip()) if line.strip() else ""
