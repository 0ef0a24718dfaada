"""docs/policy.md says what the code does, and cannot go stale."""

from pathlib import Path

from pipeline.decision import Reason
from pipeline.policy.decide import RIDING, RULES
from tests.policy.document import ARTICLES, FILE, INTERLOCKS, ROOT, document, index


def test_the_page_is_what_the_code_says_now() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "run: python -m tests.policy.document"


def test_every_article_of_the_policy_has_a_test_named_after_it() -> None:
    tests = index()
    assert [number for number, *_ in ARTICLES if not tests.of_article(number)] == []
    numbers = {part for number, *_ in ARTICLES for part in number.split("_")}
    assert numbers == {*(f"{number:02}" for number in range(1, 14)), "supplement"}


def test_every_reason_has_an_article_words_a_rule_or_interlock_and_a_test() -> None:
    page = document()
    tests = index()
    assert all(one.policy for one in Reason)
    assert [reason for reason in Reason if not tests.of_reason(reason)] == []
    assert [reason for reason in Reason if page.count(f"`{reason}`") < 2 and reason not in ONLY_ELSEWHERE] == []
    assert [rule.__name__ for rule in (*RULES, *RIDING) if f"`{rule.__name__}`" not in page] == []


# Given by the delivery, the desk and the first run, not by a rule.
ONLY_ELSEWHERE = {Reason.LINE_REJECTED, Reason.BASELINE, Reason.REFUSED, Reason.NEXT_BROADCAST}


def test_every_interlock_and_every_file_named_exists() -> None:
    named = {word for *_, code in ARTICLES for word in code.split("`") if "/" in word}
    assert [name for name in named if not Path(ROOT, name).exists()] == []
    assert len({reason for _, _, reasons, _ in INTERLOCKS for reason in reasons}) == sum(
        len(reasons) for _, _, reasons, _ in INTERLOCKS
    )
