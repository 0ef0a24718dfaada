"""What a person wrote under an issue, by mail or in the browser: one decision, several that contradict, or none. Pure.

Only what was written by the person counts: what a mail program quotes, signs or adds is left out. A word of decision in
a sentence that is not understood makes the whole reply unclear: nothing is done, and the person is asked. The time taken
grows with the length of the text and no faster.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, get_args

from msgspec import Struct

from pipeline.text import clean

Action = Literal["approve", "reject", "emergency", "delivered", "not-delivered"]
Problem = Literal["contradiction", "unclear"]

LONGEST = 200_000  # characters; GitHub takes 65,536
LONGEST_LINE = 2000  # characters; nobody writes a decision in a longer one
QUOTE = (">", "|", "&gt;")
FENCE = ("```", "~~~")

# Where what the person wrote ends. Texts are NFKC, so ＞ is > and ： is :.
END = re.compile(
    r"""
      (?:--|[-_=*~\#+━─―—◆◇■□●○★☆※<>]{3,}) \s* $                 # a signature's line, a divider
    | [-_=*<>\[(\s]* (?: original(?:\s(?:message|mail))? | (?:begin\s)?forwarded\smessage
        | 元の(?:メッセージ|メール) | 転送(?:された)?(?:メッセージ|メール) | 引用(?:元|ここから) ) [-_=*<>\])\s:]* $
    | \*? (?:from|sent|subject|差出人|送信者|送信元|送信日時|件名) \s* \*? \s* :  # the head of the quoted mail
    | reply\sto\sthis\semail\sdirectly | you\sare\sreceiving\sthis\sbecause | message\sid: | このメールに(?:直接)?返信
    | sent\sfrom\s | get\soutlook\sfor | (?:my\s)?(?:iphone|ipad|android\S{0,20}|outlook\S{0,20})\s?から送信
    """,
    re.IGNORECASE | re.VERBOSE,
)
# How a mail program introduces a quote: someone wrote, a mail of someone, an address with a colon (GitHub masks it: ***@***.***>).
ATTRIBUTION = re.compile(
    r"(?:\bwrote|のメール|書きました|書いた|さん) ?:$|[^<>\s]{1,200}@[^<>\s]{1,200}> ?:$", re.IGNORECASE
)
SENTENCE_ENDS = re.compile(r"[。!\n]")
AROUND = " 。\t「」『』【】\"'*_・-()[]〈〉<>.,、:;"

DECISION = re.compile(
    r"""
    (?P<all> (?:全部|全て|すべて|全件) (?:を|の|、|\s)? )?
    (?: (?P<emergency> 緊急 (?: (?:として|で|に)? \s? 承認 )? | 承認 \s? [(,、]? \s? 緊急 \)? )
      | (?P<approve> 承認 )
      | (?P<reject> 却下 (?:の?理由)? )
      | (?P<not_delivered> 届いて (?:いなかった|いませんでした|いません|いない|おりませんでした|おりません)
        | 届かなかった | 届きませんでした )
      | (?P<delivered> 届いて (?:いた|いました|います|いる|おりました|おります) | 届いた | 届きました )
    )
    (?: です | します | いたします | 致します | しました | とします | といたします | でお願い(?:いたし|致し)?ます
      | でお願いします | して(?:くだ|下)さい )?
    [」』】*"]{0,3} (?P<rest> (?: [\s:,、(] .* )? ) $
    """,
    re.VERBOSE,
)
NOT_REALLY = re.compile(
    r"(?:は|では|じゃ|で|を|の)?\s?(?:な[いし]|ませ|ありませ|しな|しませ|でき|出来|待|保留|不要|見送|取[りっ]?消|中止|前|後|ただし|但し)"
)
NAMED = re.compile(r"[\s,、:(]*(https?://[^\s、]{1,2000}|b\d{8}-\d{6}-[0-9a-f]{2,12}\b|[0-9a-f]{12}\b)[\s,、)]*")
REASON = re.compile(r"理由\s?(?:は|:|、|\s)\s?(?P<why>.+)$")
ABOUT_DECIDING = re.compile(r"承認|却下|届いて[いお]")
QUOTED_WORDS = re.compile(r"「[^「」]{0,500}」")


class Instruction(Struct, frozen=True):
    """One decision. `about`: ids and addresses that it names; `everything`: all that the issue lists."""

    action: Action
    everything: bool = False
    about: tuple[str, ...] = ()
    why: str = ""


def read(text: str) -> Instruction | Problem | None:
    """The decision in a reply; None for a text that does not speak of one."""
    if len(text) > LONGEST:
        return "unclear"
    decisions: list[Instruction] = []
    reasons: list[str] = []
    named: list[str] = []
    unclear = False
    for sentence in _sentences(text):
        if decision := _decision(sentence):
            decisions.append(decision)
        elif found := REASON.match(sentence):
            reasons.append(found["why"].strip(AROUND))
        elif names := _only_names(sentence):
            named += names
        elif ABOUT_DECIDING.search(QUOTED_WORDS.sub("", sentence)):
            unclear = True
    if len({(decision.action, decision.everything) for decision in decisions}) > 1:
        return "contradiction"
    if unclear:
        return "unclear"
    if not decisions:
        return None
    about = [name for decision in decisions for name in decision.about] + named
    why = [decision.why for decision in decisions if decision.why] + reasons
    first = decisions[0]
    return Instruction(first.action, first.everything, tuple(dict.fromkeys(about)), "。".join(dict.fromkeys(why)))


def own_lines(text: str) -> Iterator[str]:
    """The lines that the person wrote, in normal form: no quotes, nothing after the signature or the head of a quoted mail."""
    lines = [_normal(line) for line in _without_comments(text).splitlines()]
    quoting = ""
    for number, line in enumerate(lines):
        if quoting:
            quoting = "" if line.lower().startswith(quoting) else quoting
        elif line.startswith(FENCE):
            quoting = line[:3]
        elif line.lower().startswith("<blockquote"):
            quoting = "" if "</blockquote" in line.lower() else "</blockquote"
        elif not line or line.startswith(QUOTE):
            continue
        elif len(line) > LONGEST_LINE:
            yield line
        elif END.match(line):
            return
        elif ATTRIBUTION.search(line):
            following = next((after for after in lines[number + 1 : number + 20] if after), "")
            if not following.startswith(QUOTE):  # a quote without marks has no end
                return
        else:
            yield line


def _sentences(text: str) -> Iterator[str]:
    for line in own_lines(text):
        bare = line.strip(AROUND)
        if len(line) <= LONGEST_LINE and (found := DECISION.match(bare)) and found["reject"]:
            yield bare  # the reason may have several sentences
        else:
            yield from filter(None, (part.strip(AROUND) for part in SENTENCE_ENDS.split(line)))


def _decision(sentence: str) -> Instruction | None:
    found = DECISION.match(sentence) if len(sentence) <= LONGEST_LINE else None
    if found is None or sentence.endswith(("?", "か")):
        return None
    rest, about = found["rest"], []
    while name := NAMED.match(rest):
        about.append(name[1])
        rest = rest[name.end() :]
    why = rest.strip(AROUND)
    if NOT_REALLY.match(why):
        return None
    action = next(action for action in get_args(Action) if found[action.replace("-", "_")])
    if reason := REASON.match(why):
        why = reason["why"].strip(AROUND)
    return Instruction(action, bool(found["all"]), tuple(about), why)


def _only_names(sentence: str) -> list[str]:
    """A line of nothing but ids or addresses."""
    names, rest = [], sentence
    while len(rest) <= LONGEST_LINE and (name := NAMED.match(rest)):
        names.append(name[1])
        rest = rest[name.end() :]
    return names if not rest else []


def _normal(line: str) -> str:
    return unicodedata.normalize("NFKC", clean(line)).strip() if line.strip() else ""


def _without_comments(text: str) -> str:
    """HTML comments are seen by nobody; one that does not end hides all that follows."""
    kept, position = [], 0
    while (begin := text.find("<!--", position)) >= 0:
        kept.append(text[position:begin])
        end = text.find("-->", begin)
        position = end + len("-->") if end >= 0 else len(text)
    return "".join([*kept, text[position:]])
