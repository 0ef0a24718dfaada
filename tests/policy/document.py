"""Writes docs/policy.md: article → rule → code → test. `python -m tests.policy.document` after a change; a test compares.

What can be known from the code is taken from the code: the rules and their questions, the reasons and their words, and
the tests that name a reason or an article.
"""

import ast
import functools
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.config import DeliveryLimits
from pipeline.decision import Reason
from pipeline.policy.case import Rule
from pipeline.policy.decide import RIDING, RULES

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "policy.md"
SHOWN = 3  # tests named for one reason

# Number, Japanese name, what the software does, where. The tests are found by their names.
ARTICLES = (
    ("01_02", "第1条・第2条（目的・用語の定義）", "Broadcasts to friends, never messages to single people.", "`pipeline/line/client.py`"),
    ("03", "第3条（アカウント情報等）", "The account is asked of LINE before the first broadcast of a run; any but `line.account` is refused. When LINE does not tell it, an emergency goes to the account of the last broadcast by the same credentials.", "`pipeline/line/client.py` `check_account`"),
    ("04_05", "第4条（責任者）・第5条（運営者）", "`[policy.responsible]`; the operator can stop everything (`paused = true`) and agrees to posts under Art. 8(4).", "`pipeline/config.py`, `pipeline/policy/decide.py`"),
    ("06", "第6条（投稿者）", "Departments and their logins in `[policy.posters]`; `post`, `approve`, `reject`, `resolve`, the form and a reply need one of them, refused otherwise, recorded with the department. Two persons for a manual emergency.", "`pipeline/policy/posters.py`, `pipeline/desk.py`"),
    ("07", "第7条（投稿時間）", "`[policy.hours]`; asked in the rules, and again before every request to LINE. The proviso (緊急時等) only for an emergency source, or a poster's `--emergency` with a reason.", "`pipeline/policy/hours.py`, `pipeline/line/delivery.py` `_may_go`"),
    ("08", "第8条（投稿内容）", "Each article in a broadcast carries its number: (1) homepage, (2) charm of the city by category, (3) emergency, (4) found fit by the operator.", "`pipeline/policy/content.py`, `pipeline/policy/decide.py` `operator_agrees`"),
    ("09", "第9条（意見や問い合わせ）", "Nothing is received, nothing replied. `doctor` warns of an active webhook or another chat mode.", "`pipeline/doctor.py`"),
    ("10", "第10条（著作権）", "© in every card; pictures only from the city's own hosts; a manual text that quotes must name its source.", "`templates/message/_footer.json.j2`, `pipeline/sources/article_page.py`, `pipeline/policy/content.py` `quotes`"),
    ("11", "第11条（免責事項）", "The policy is linked in small print (`policy.url`).", "`templates/message/_footer.json.j2`"),
    ("12", "第12条（個人情報の保護）", "No follower data is read or stored; ids that LINE quotes are cut out. Personal data in a text waits for a person; a yes for another reason is none to this.", "`pipeline/policy/personal_data.py`, `pipeline/line/client.py`"),
    ("13", "第13条（問合先）", "The article's own department first, with its telephone when the page names one; the account's contact where there is no department, in a card by itself always. In a digest it is named by the policy that the last card links.", "`templates/message/_footer.json.j2`"),
    ("supplement", "附則", "`policy.version` is recorded with each broadcast.", "`pipeline/line/delivery.py` `_intend`"),
)  # fmt: skip

# What the policy does not spell out: interlock, where it is decided, the reasons it gives, its settings in kadoma.toml.
INTERLOCKS = (
    ("Stale", "`is_fresh`", (Reason.STALE, Reason.UNDATED, Reason.FUTURE_DATE), "`stale_after`"),
    ("Burst: news, edits and emergencies each counted for themselves", "`survey.py`", (Reason.BURST,), "`burst_limit`"),
    ("Drift: half of the list lost, dates gone, pages without title or body; lasts until the list is as usual or a poster approves", "`trust.py`", (Reason.UNTRUSTED_SOURCE,), ""),
    ("Gap: no known entry left", "`survey.py`", (Reason.GAP,), ""),
    ("Edits", "`update_is_wanted`", (Reason.WAITS_FOR_NEWS, Reason.RIDE_ALONG, Reason.UPDATE_EXPIRED, Reason.UPDATE_REVIEW, Reason.UPDATE_IGNORED), "`updates`"),
    ("Unpublished or changed before its slot: read again right before it is rendered", "`page_is_there`", (Reason.GONE, Reason.REDIRECTED, Reason.PAGE_UNREACHABLE, Reason.PAGE_MALFORMED, Reason.PAGE_FORBIDDEN), ""),
    ("Frequency", "`not_too_often`", (Reason.MIN_INTERVAL, Reason.MAX_PER_DAY), "`min_interval`, `max_per_day`"),
    ("Closing time", "`hours_are_open`", (Reason.CLOSED_HOURS, Reason.CLOSE_MARGIN), "`close_margin`, `policy.hours`"),
    ("The same emergency twice within 24 h", "`emergency_is_not_repeated`", (Reason.REPEATED_EMERGENCY,), ""),
    ("Emergency words in a normal source", "`hours_are_open`", (Reason.EMERGENCY_WORDS,), "`policy.hours.emergency_words`"),
    ("Two persons", "`second_person`", (Reason.SECOND_PERSON,), "`policy.approval`"),
    ("Not for LINE", "`content.py` `excluded`", (Reason.EXCLUDED_PATH, Reason.EXCLUDED_TITLE, Reason.EXCLUDED_TAG, Reason.SNS_OFF), "`policy.content`"),
    ("One article, several addresses; an original with another title is none", "`identity.py`, `is_one_article`", (Reason.DUPLICATE, Reason.OTHER_ORIGINAL), ""),
    ("A doubt about an emergency costs its details: title and link go out, or a neutral sentence and the link", "`doubt_of`", (Reason.DETAILS,), ""),
    ("An emergency's page is read again in each pass, and what it newly says goes out; after an upgrade that reads the same page differently a person is asked", "`second_report.py`", (Reason.READ_OTHERWISE,), ""),
    ("From the fourth broadcast within an hour about one address its changes are gathered for ten minutes", "`does_not_flood`", (Reason.GATHERING,), ""),
    ("Going live after a trial run", "`pipeline/ledger/knowledge.py` `_mode`", (Reason.SHADOW,), "`shadow`"),
    ("A mistake of ours about one article", "`decide.py`", (Reason.UNEXPECTED,), ""),
)  # fmt: skip


@functools.cache
def index() -> "Index":
    """Read once."""
    return Index()


class Index:
    """Every test with the words that it names."""

    def __init__(self) -> None:
        self.words: dict[str, set[str]] = {}
        for file in sorted((ROOT / "tests").rglob("test_*.py"), key=lambda file: ("policy" not in file.parts, file)):
            for name, node in _functions(ast.parse(file.read_text(encoding="utf-8"))):
                constants = {
                    one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
                self.words[f"{file.relative_to(ROOT).as_posix()}::{name}"] = constants

    def of_article(self, number: str) -> list[str]:
        mark = "supplement" if number == "supplement" else f"art_{number}"
        return [name for name in self.words if f"test_{mark}" in name]

    def of_reason(self, reason: Reason) -> list[str]:
        named = [name for name, words in self.words.items() if str(reason) in words]
        here = [name for name in named if name.startswith("tests/policy/")]
        return here[:SHOWN] or named[:1]


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", inner


def document() -> str:
    """The whole page."""
    tests = index()
    words = tomllib.loads((ROOT / "templates" / "reasons" / "ja.toml").read_text(encoding="utf-8"))["reasons"]
    lines = [
        "# The operation policy as code",
        "",
        "門真市公式LINEアカウント運用方針 (令和5年1月31日): which article is kept by which rule, where, and which test shows it.",
        "Written by `python -m tests.policy.document`; a test fails when it is out of date. Do not edit by hand.",
        "",
        "An emergency always gets out: a doubt about it costs its details, never its departure; whatever its page newly says is the",
        "next report; and what cannot be sent is never silent.",
        "",
        "## Article by article",
        "",
        "| article | what the software does | code | tests |",
        "|---|---|---|---|",
        *(f"| {name} | {what} | {code} | {_list(tests.of_article(number))} |" for number, name, what, code in ARTICLES),
        "",
        "## Interlocks",
        "",
        "| interlock | decided in | reasons | settings |",
        "|---|---|---|---|",
        *(f"| {name} | {code} | {_list(reasons)} | {setting} |" for name, code, reasons, setting in INTERLOCKS),
        "",
        "## Rules, in the order in which they are asked",
        "",
        "The first rule that answers decides (`pipeline/policy/decide.py`). A poster's yes overrides what a person can judge (trust,",
        "date, title, repetition, edits), personal data only when it was asked about, and never the gates: hours (but with",
        "`--emergency`), frequency, LINE.",
        "",
        "| rule | asks | answers with |",
        "|---|---|---|",
        *(_rule(rule) for rule in dict.fromkeys((*RULES, *RIDING))),
        "",
        "## Reasons",
        "",
        "| code | article | says | tests (at most three) |",
        "|---|---|---|---|",
        *(f"| `{one}` | {one.policy} | {words[one]['text']} | {_list(tests.of_reason(one))} |" for one in Reason),
        "",
        f"Settings of [delivery]: {', '.join(f'`{field.name}` [{field.default}]' for field in msgspec.structs.fields(DeliveryLimits))}.",
        "",
    ]
    return "\n".join(lines)


def _rule(rule: Rule) -> str:
    asks = " ".join((inspect.getdoc(rule) or "").split())
    codes = [Reason[name] for name in dict.fromkeys(re.findall(r"Reason\.([A-Z_]+)", inspect.getsource(rule)))]
    return f"| `{rule.__name__}` | {asks} | {_list(codes) or 'what it waits for'} |"


def _list(names: object) -> str:
    assert isinstance(names, list | tuple)
    return "<br>".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
