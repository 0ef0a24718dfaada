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
Problem = Literal["contradiction", "unclear", "other-words"]

LONGEST = 200_000  # characters; GitHub takes 65,536
LONGEST_LINE = 2000  # characters; nobody writes a decision in a longer one
QUOTE = re.compile(r"[>|≫》│┃]|&gt;|\w{1,10}>")  # also with the quoted person's name before it
FENCE = ("```", "~~~")

# Where what the person wrote ends. Texts are NFKC, so ＞ is > and ： is :.
END = re.compile(
    r"""
      [-_=*<>\[(\s]* (?: original(?:\s(?:message|mail))? | (?:begin\s)?forwarded\smessage
        | 元の(?:メッセージ|メール) | 転送(?:された)?(?:メッセージ|メール) | 引用(?:元|ここから) ) [-_=*<>\])\s:]* $
    | \*? (?:from|sent|to|cc|date|subject|差出人|送信者|送信元|送信日時|宛先|件名) \s* \*? \s* :  # the head of the quoted mail
    | reply\sto\sthis\semail\sdirectly | you\sare\sreceiving\sthis\sbecause | message\sid: | このメールに(?:直接)?返信
    | sent\sfrom\s | get\soutlook\sfor | outlook\sfor\s\S{1,20}\s?を入手
    | .{0,20}? (?:iphone|ipad|android|outlook|galaxy|xperia|pixel|aquos|スマートフォン|スマホ|携帯|windows|メール)
        .{0,20}? (?:から|で)送信(?:しました|されました)? [。.]? $
    | (?!.*(?:承認|却下|緊急|届)) [-_=*~\#+─━―—]{3,} .* [-_=*~\#+─━―—]{3,} $  # words between two strokes
    """,
    re.IGNORECASE | re.VERBOSE,
)
DIVIDER = re.compile(r"(?:--|—)$|(?=.*[^\w\s.。,、!?・]{2})[\W_]{3,}$")  # signs only
# How a mail program introduces a quote: someone wrote, a mail of someone, an address or a date with a colon (GitHub masks
# addresses: ***@***.***>).
ATTRIBUTION = re.compile(
    r"(?:\bwrote|のメール|書きました|書いた|さん) ?:$|[^<>\s@]{1,200}@[^<>\s@]{1,200}> ?:$"
    r"|^.{0,20}?\d{4}[年/.-] ?\d{1,2}[月/.-] ?\d.{0,200}:$",
    re.IGNORECASE,
)
SENTENCE_ENDS = re.compile(r"[。!\n]")
AROUND = " 。\t「」『』【】\"'*_・-()[]〈〉<>.,、:;👍🙏🙇✅😊⭕○◎→⇒"
LETTER_SPACED = re.compile(r"(?<=[承却緊]) (?=[認下急])")

# What may stand before the word of decision and says nothing else.
OPENING = re.compile(
    r"(?:[■◆●▶]|\d{1,2}[.)]|@\S{1,60}\s|(?:回答|返答|結論|判断|決定)\s?[:は]"
    r"|(?:本件|この件|この記事|当該記事|上記|標記|こちら)(?:の件)?(?:について|につきまして|に関して|は|を)?"
    r"|(?:内容|ページ|本文|記事)?[はを]?確認(?:し|の上|した結果|しました|致しました|いたしました)(?:て|ので|ため|が)?(?=[,、\s])|[,、\s])+"
)
BECAUSE = re.compile(r"(?P<why>.{1,200}?(?:ため|為|ので|につき|により))[,、\s]*(?=承認|却下|緊急|全|すべて|一括)")
DECISION = re.compile(
    r"""
    (?P<all> (?:全部|全て|すべて|全件|一括) (?:を|の|で|、|\s)? )?
    (?: (?P<emergency> 緊急 (?: (?:として|で|に)? \s? (?: 承認 | (?:送信|配信|送って)(?=し|くだ|下) )? ) | 承認 \s? [(,、]? \s? 緊急 \)? )
      | (?P<approve> 承認 )
      | (?P<reject> 却下 (?:の?理由)? )
      | (?P<not_delivered> 届いて (?:い|お)? (?:なかった|りませんでした|ませんでした|りません|ません|ない)
        | 届か (?:なかった|ない) | 届きませんでした )
      | (?P<delivered> 届いて (?:い(?:た|ました|ます|る) | おり(?:ました|ます) | た | ました | ます | る) | 届い(?:た|てた) | 届きました )
    )
    [」』】*"]{0,3}
    (?: です | と?(?:し|いたし|致し)(?:ます|ました) | と?する
      | (?:で|を|の程|のほど)? \s? [お御]?願い (?:し|いたし|致し|申し上げ)? ます | (?:して)?(?:くだ|下)さい
      | (?:で|しても?) (?:ok|結構|大丈夫|問題(?:ありません|ないです|ない|なし)|[良よい]い|構いません|かまいません) (?:です)? | で (?=$) )?
    [ねよ]? [」』】*"]{0,3} (?P<rest> (?: [\s:,、(] .* )? ) $
    """,
    re.VERBOSE | re.IGNORECASE,
)
NOT_REALLY = re.compile(
    r"(?:は|では|じゃ|で|を|の)?\s?(?:な[いし]|ませ|ありませ|しな|しませ|でき|出来|待|保留|不要|見送|取[りっ]?消|中止|前|後|ただし|但し|以外|除)"
    r"|連絡先|電話|tel\b",
    re.IGNORECASE,
)
NAMED = re.compile(
    r"[\s,、:(<・]*(?:ID\s?[:はが]?\s?)?(https?://[^\s、<>「」]{1,2000}|(?:b\d{8}-\d{6}-[0-9a-f]{2,12}|[0-9a-f]{12})(?![0-9A-Za-z]))[\s,、)>]*",
    re.IGNORECASE,
)
EXCEPT = re.compile(r"以外|を?除|は?(?:見送|保留|不要|送ら|なし)")
REASON = re.compile(r"理由\s?(?:は|:|、|\s|[)】」])\s?(?P<why>.+)$")
# A yes that asks for something else first: no reply can do that, so it is no yes.
CONDITION = re.compile(
    r"ただし|但し|条件|てから|待って|待ち|まで待|(?:修正|訂正|変更)(?:後|の?うえ|の上|の後|して|を)|直し(?:て|た)"
    r"|(?:以降|以後|明日|明後日|あす|来週|来月|週明け|\d時|\d:\d\d|\d/\d|\d月\d{1,2}日|[月火水木金土日]曜).{0,30}(?:送|配信|投稿|発信|お願い)"
)
LIKE_A_REASON = re.compile(
    r".{2,}(?:ため|為|から|ので|です|ます|ました|でした|ません|ない|いる|ある|った|した|れた|る|中|済み?|重複|誤り|間違い|違い)$"
)
# Said around a decision, and no part of it: greetings, thanks, who writes.
COURTESY = re.compile(
    r"(?:どうぞ|以上|取り?急ぎ|ご?確認|今後とも|何卒)?[、,\s]*(?:よろしく|宜しく|お願い|お疲れ|おつかれ|お世話|ありがとう|有難|失礼|以上|お手数|恐れ入|恐縮|すみません|こんにち|おはよう)"
    r"|.{0,40}(?:課|係|部|室|局|センター|市役所)(?:の|\s)?.{0,12}です$"
)
# An answer in other words: the person means something, and is asked which of our words it is.
OTHER_WORDS = re.compile(
    r"(?:ok|おk|オーケー|オッケー|(?:yes|no|go|lgtm|approved?|reject(?:ed)?)\b|はい|いいえ|いえ|了解|承知|かしこまり"
    r"|(?:全部|全て|すべて)?(?:(?:送|配)信(?:して|せず|しな|ok|を?お?願|可|不要|不可)|送って|送ら)|許可|認め|可$|可です|不可|駄目|だめ|ダメ|(?:中止|保留)(?:$|[でとにしを])"
    r"|問題(?:ない|あり|なし)|いいです|良いです|結構です|大丈夫です|取り?[やけ消]|差し?止|見送|緊急性?(?:では|じゃ|は)(?:ない|あり|なし)"
    r"|(?:内容を?)?確認(?:し|いたし|致し)ました).{0,20}$",
    re.IGNORECASE,
)
ABOUT_DECIDING = re.compile(r"承認|却下|届い[てた]|届[かき]")
QUOTED_WORDS = re.compile(r"「[^「」]{0,500}」")
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
        told = any(LIKE_A_REASON.match(part.text) for part in talk)
        return "other-words" if "other-words" in kinds and not told else None
    first = decisions[0]
    why = [decision.why for decision in decisions if decision.why]
    if first.action in YES and any(CONDITION.search(said) for said in [*why, *(part.text for part in talk)]):
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
    if reason := REASON.match(sentence):
        return _Part("reason", reason["why"].strip(AROUND), line)
    if ABOUT_DECIDING.search(QUOTED_WORDS.sub("", sentence)):
        return _Part("unclear", sentence, line)
    if COURTESY.match(sentence):
        return _Part("courtesy", sentence, line)
    names, rest = _names(sentence)
    if names:
        return _Part("unclear" if EXCEPT.match(rest) else "names", sentence, line, names=tuple(names))
    return _Part("other-words" if OTHER_WORDS.match(sentence) else "talk", sentence, line)


def _reasons(parts: list[_Part]) -> list[str]:
    """What is not called a reason and reads like one: on the line of the decision, or a whole sentence after it."""
    begun = next(part.line for part in parts if part.decision)
    return [
        part.text
        for part in parts
        if part.kind == "talk" and (part.line == begun or (part.line > begun and LIKE_A_REASON.match(part.text)))
    ]


def own_lines(text: str) -> Iterator[str]:
    """The lines that the person wrote, in normal form: no quotes, nothing after the signature or the head of a quoted mail."""
    lines = [_normal(line) for line in _without_comments(text).splitlines()]
    quoting, said = "", False
    for number, line in enumerate(lines):
        if quoting:
            quoting = "" if line.lower().startswith(quoting) else quoting
        elif line.startswith(FENCE):
            quoting = line[:3]
        elif line.lower().startswith("<blockquote"):
            quoting = "" if "</blockquote" in line.lower() else "</blockquote"
        elif not line or QUOTE.match(line):
            continue
        elif len(line) <= LONGEST_LINE and DIVIDER.match(line):
            if said:
                return
        elif len(line) <= LONGEST_LINE and END.match(line):
            return
        elif len(line) <= LONGEST_LINE and ATTRIBUTION.search(line):
            following = next((after for after in lines[number + 1 : number + 20] if after), "")
            if not QUOTE.match(following):  # a quote without marks has no end
                return
        else:
            said = True
            yield line


def _sentences(line: str) -> Iterator[str]:
    return filter(None, (part.strip(AROUND) for part in SENTENCE_ENDS.split(line)))


def _decision(sentence: str) -> Instruction | None:
    if len(sentence) > LONGEST_LINE or sentence.endswith(("?", "か")):
        return None
    about, rest = _names(_after_opening(sentence))
    because = BECAUSE.match(rest := _after_opening(rest.removeprefix("を").removeprefix("は")))
    found = DECISION.match(rest[because.end() :] if because else rest)
    if found is None:
        return None
    action = next(action for action in get_args(Action) if found[action.replace("-", "_")])
    if because and re.search("却下|届" if action == "reject" else "承認|却下|届|緊急", because["why"]):
        return None
    more, rest = _names(found["rest"])
    why = rest.strip(AROUND)
    if NOT_REALLY.match(why) or (
        ABOUT_DECIDING.search(QUOTED_WORDS.sub("", why)) and (action != "reject" or why.endswith("承認"))
    ):
        return None
    if reason := REASON.match(why):
        why = reason["why"].strip(AROUND)
    why = "" if COURTESY.match(why) else why or (because["why"] if because else "")
    return Instruction(action, bool(found["all"]), (*about, *more), why)


def _after_opening(sentence: str) -> str:
    while opening := OPENING.match(sentence):
        sentence = sentence[opening.end() :]
    return sentence.lstrip(AROUND)


def _names(sentence: str) -> tuple[list[str], str]:
    """The ids and addresses that it begins with, and the rest of it."""
    names, rest = [], sentence
    while len(rest) <= LONGEST_LINE and (name := NAMED.match(rest)):
        names.append(name[1].rstrip(AROUND))
        rest = rest[name.end() :]
    return names, rest


def _normal(line: str) -> str:
    return LETTER_SPACED.sub("", unicodedata.normalize("NFKC", clean(line)).strip()) if line.strip() else ""


def _without_comments(text: str) -> str:
    """HTML comments are seen by nobody; one that does not end hides all that follows."""
    kept, position = [], 0
    while (begin := text.find("<!--", position)) >= 0:
        kept.append(text[position:begin])
        end = text.find("-->", begin)
        position = end + len("-->") if end >= 0 else len(text)
    return "".join([*kept, text[position:]])
