"""The catalogue of words: one entry for every code, and no entry without a code."""

import re
from pathlib import Path
from typing import get_args

import msgspec

from pipeline import watchdog
from pipeline.article import Kind, PageProblemCode
from pipeline.decision import Alert, Reason, Verdict
from pipeline.ledger.knowledge import ArticleState, BroadcastKnown
from pipeline.line.client import REFUSED
from pipeline.line.delivery import Broadcast
from pipeline.policy.decide import RIDING, RULES
from pipeline.refusal import RefusalCode
from pipeline.report import words
from pipeline.report.place import Place
from pipeline.sources.answer import ErrorCode
from tests.town import ROOT

SECRETLY_NO_ALERT = {"closed", "repeat", "quota"}  # held, a success, and an alert of its own

# Every code that an alert may have; each has its entry in templates/reasons. line-*: why LINE did not take a broadcast.
CODES = (
    "source-failed", "list-notes", "untrusted-source", "gap", "burst", "waiting", "details", "emergency-words", "gathering", "paused",
    "other-title", "unexpected", "emergency-unread", "emergency-known", "quota", "unknown-broadcast", "ledger",
    "render", "credentials", "line-account", "line-unauthorized", "line-forbidden", "line-invalid", "line-rate", "line-server",
    "line-unreachable", "line-unavailable", "line-refused", "line-clock", "line-line", "line-unclear", "line-suspect",
)  # fmt: skip


class TestEveryCodeHasItsWords:
    def test_reasons(self) -> None:
        catalogue = words.catalogue()
        assert set(catalogue.reasons) == {str(reason) for reason in Reason}
        for told in catalogue.reasons.values():
            assert told.label
            assert told.text
            assert told.do

    def test_alerts(self) -> None:
        assert set(words.catalogue().alerts) == {*CODES, "other"}
        for told in words.catalogue().alerts.values():
            assert all((told.title, told.what, told.means, told.do))

    def test_refusals(self) -> None:
        refusals = words.catalogue().refusals
        assert set(refusals) == set(get_args(RefusalCode))
        for told in refusals.values():
            assert all((told.text, told.do))

    def test_rules(self) -> None:
        assert set(words.catalogue().rules) == {rule.__name__ for rule in (*RULES, *RIDING)}

    def test_states_kinds_verdicts_outcomes_and_problems(self) -> None:
        catalogue = words.catalogue()
        outcomes = {
            field.name: field.type
            for struct in (Broadcast, BroadcastKnown)
            for field in msgspec.structs.fields(struct)
            if field.name == "outcome"
        }
        assert set(catalogue.states) == set(get_args(ArticleState))
        assert set(catalogue.kinds) == set(get_args(Kind))
        assert set(catalogue.verdicts) == set(get_args(Verdict))
        assert set(catalogue.outcomes) >= set(get_args(outcomes["outcome"]))
        assert set(catalogue.problems) == {*get_args(ErrorCode), *get_args(PageProblemCode), "empty", "other-page"}


def test_every_code_of_an_alert_in_the_code_is_one_of_the_codes() -> None:
    source = "\n".join(
        file.read_text(encoding="utf-8") for file in Path(ROOT, "pipeline").rglob("*.py") if "sandbox" not in file.parts
    )
    alerts = set(re.findall(r'\b(?:Alert|_waiting|\.fail)\(\s*"([a-z-]+)"', source))
    line = {
        "credentials" if code == "credentials" else f"line-{code}"
        for code in re.findall(r'LineError\(\s*"([a-z-]+)"', source)
    }
    answers = {*re.findall(r'Answer\(\s*[^,()]+,\s*"([a-z-]+)"', source), *REFUSED.values(), "server", "unclear"}
    found = alerts | line | {f"line-{code}" for code in answers - SECRETLY_NO_ALERT}
    assert {
        "source-failed",
        "unknown-broadcast",
        "line-account",
        "line-unavailable",
        "line-rate",
    } <= found  # the search finds them
    assert found - set(CODES) - set(watchdog.catalogue().alerts) - {"name"} == set()


def test_the_policy_is_cited_as_the_policy_is_written() -> None:
    assert words.policy("7") == "第7条"
    assert words.policy("7 proviso") == "第7条ただし書"
    assert words.policy("8(1)") == "第8条第1号"
    assert words.policy("6(11)") == "第6条第11号"
    assert words.policies(["Art. 7", "Art. 8(1)", "Art. 7"]) == "第7条、第8条第1号"
    assert all(
        re.fullmatch(r"第\d+条(第\d+号)?(ただし書)?", words.policy(number)) for number in {one.policy for one in Reason}
    )


def test_an_alert_names_the_exact_commands_for_what_it_is_about() -> None:
    told = words.told(Alert("waiting", "a1 題 / b2 題", "a1 b2", waits=True), Place(actor=" --actor ログイン名"))
    assert "kadoma-line approve a1 --actor ログイン名" in told.commands
    assert "kadoma-line reject b2 --actor ログイン名" in told.commands
    assert "kadoma-line status" in told.commands


def test_an_alert_about_nothing_that_can_be_decided_offers_no_decision() -> None:
    told = words.told(Alert("gap", "0/3", ""))
    assert told.commands == ("kadoma-line status",)


def test_an_id_in_a_command_cannot_be_more_than_an_id() -> None:
    told = words.told(Alert("unknown-broadcast", "", "b1;rm", waits=True))
    assert told.commands == ("kadoma-line resolve 'b1;rm' --delivered", "kadoma-line resolve 'b1;rm' --not-delivered")


def test_a_code_of_a_later_version_is_still_told() -> None:
    assert words.reason("brand-new").label == "brand-new"
    assert words.told(Alert("brand-new", "x")).what == words.catalogue().alerts["other"].what


def test_what_a_rule_saw_is_told_in_words() -> None:
    assert set(words.catalogue().details) <= set(Reason)
    assert words.detail("operator-approval", "総務部収納課") == "投稿した課 総務部収納課"
    assert words.detail("emergency-words", "") == ""
    before_and_now = "今月の配信数は、配信の前が700通、現在が701通です。"
    for figures, told in (
        ("now 701/1000; LINE's statistics cannot be had (rate)", "LINEの集計は取得できませんでした（rate）。"),
        (
            "now 701/None; deliveries on 20261124: status ready, apiBroadcast 1",
            "その日にAPIから一斉配信した数は1通です。",
        ),
        ("now 701/None; deliveries on 20261124: status ready, apiBroadcast None", "一斉配信した記録はありません。"),
        ("now 701/None; deliveries on 20261124: status unready, apiBroadcast None", "まだ出ていません。"),
    ):
        seen = words.seen(f"used before 700/None, {figures}")
        assert seen.startswith(before_and_now), seen
        assert seen.endswith(told), seen
    assert words.seen("used before None/None, now 701/None") == (
        "今月の配信数は、現在701通です（配信の前の数は分かりません）。"
    )
    assert words.seen("used before 5/None, now 12345/None").endswith("現在が12,345通です。")
    assert words.seen("used before 700/None; LINE's statistics cannot be had (rate)") == (
        "今月の配信数は、配信の前が700通でした。LINEの集計は取得できませんでした（rate）。"
    )
    for pattern, phrase in words.catalogue().seen.items():
        assert re.compile(pattern).groups >= phrase.count("\\")


def test_personal_data_is_named_by_its_kind() -> None:
    assert words.detail("personal-data", "mobile-number") == "携帯電話番号"
