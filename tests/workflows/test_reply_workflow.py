"""reply.yml, decide by reply: what a poster writes under an issue, or answers to its mail, step by step."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.test_reply import PROGRAMS
from tests.workflows.runner import Run, Runner

OPEN = timedelta(hours=2)
NIGHT = timedelta(hours=13)
LATER = timedelta(minutes=5)
BOT = {"login": "github-actions[bot]"}


def answer(runner: Runner, issue: dict[str, Any], body: str, actor: str = "kiki", kind: str = "User") -> Run:
    """Somebody answers, and GitHub starts the workflow."""
    runner.town.now += LATER
    comment = runner.github.write(issue["number"], actor, body, kind)
    return event(runner, issue, comment, actor, kind)


def event(
    runner: Runner, issue: dict[str, Any], comment: int, actor: str = "kiki", kind: str = "User", again: str = ""
) -> Run:
    payload = {"comment": {"id": comment, "user": {"login": actor, "type": kind}}, "issue": issue}
    return runner.run("reply.yml", "issue_comment", actor=actor, payload=payload, again=again)


def events(runner: Runner, *kinds: str) -> list[dict[str, Any]]:
    runner.town.git("pull", "--quiet", at=runner.town.state)
    return [one for one in runner.town.events() if one["type"] in kinds]


def old_article(runner: Runner, number: int = 20) -> dict[str, Any]:
    """An article that waits because of its date; returns its issue."""
    runner.town.publish(ARTICLES[number], at=runner.town.now - timedelta(days=9))
    runner.town.now += OPEN
    assert runner.run("sync.yml").is_green
    [issue] = runner.github.open_issues().values()
    return issue


def said(runner: Runner) -> str:
    """The last comment of the pipeline."""
    return runner.github.comments[-1][1]


def test_a_mail_a_reply_and_it_is_on_the_phone(runner: Runner) -> None:
    """Three steps: the mail arrives with all that is needed, a poster replies, residents have it."""
    issue = old_article(runner)
    assert ARTICLES[20].title in issue["title"]
    for told in (
        "日付が古い",
        "第8条",
        "企画財政部魅力発信課（miryoku）",
        "| 承認 |",
        "くわしく見る",
        ARTICLES[20].path,
    ):
        assert told in issue["body"].replace("\\", ""), told
    run = answer(runner, issue, PROGRAMS["Outlook desktop"]("承認します。よろしくお願いします。"))
    assert run.is_green
    assert list(run.jobs) == ["heard", "decide"]
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}
    assert "承認を記録しました" in said(runner)
    assert "1〜2分で送信します" in said(runner)
    [approved] = events(runner, "approved")
    assert (approved["actor"], approved["department"]) == ("kiki", "総務部危機管理課")
    assert runner.secrets_that_leaked() == []


def test_a_no_with_its_reason(runner: Runner) -> None:
    issue = old_article(runner)
    assert answer(runner, issue, PROGRAMS["Gmail"]("却下　古い記事の再掲載のため。")).is_green
    assert runner.town.line.accepted == []
    assert events(runner, "refused")[0]["why"] == "古い記事の再掲載のため"
    assert runner.github.open_issues() == {}
    assert "送信しません" in said(runner)


def test_outside_the_hours_the_answer_says_when_it_goes_out(runner: Runner) -> None:
    issue = old_article(runner)
    runner.town.now += NIGHT
    answer(runner, issue, "緊急")
    assert "「緊急」に続けて理由を" in said(runner)
    assert "--why" not in said(runner).replace("\\", "")  # a command's option is nothing for a mail
    assert answer(runner, issue, "承認").is_green
    assert runner.town.line.accepted == []
    assert "11月25日（水）9:00に送信します（投稿時間外）" in said(runner)
    comments = len(runner.github.comments)
    answer(runner, issue, "了解しました")  # it is decided: talk among colleagues
    assert len(runner.github.comments) == comments

    assert answer(
        runner, issue, "却下\nやはり古いため", actor="miryoku"
    ).is_green  # until then, another poster may stop it
    assert "送信しません" in said(runner)
    runner.town.now += timedelta(hours=12)
    assert runner.run("sync.yml").is_green
    assert runner.town.line.accepted == []


def test_the_wrong_person_is_refused_politely_and_talk_is_not_answered(runner: Runner) -> None:
    issue = old_article(runner)
    before = runner.commits()
    for actor, body, answered in (
        ("stranger", "承認", True),
        ("stranger", "よろしくお願いします", False),
        ("stranger", "了解しました", False),
        ("kiki", "あとで確認します", False),
    ):
        told = len(runner.github.comments)
        run = answer(runner, issue, body, actor=actor)
        assert run.is_green
        assert list(run.jobs) == ["heard"]
        assert len(runner.github.comments) - told == answered
    assert "第6条" in said(runner)
    assert "何も登録していません" in said(runner)
    assert runner.commits() == before
    assert runner.town.line.accepted == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("承認\n却下", "二つ以上の決定"),
        ("承認しません", "読み取れませんでした"),
        ("了解です。よろしくお願いします。", "「承認」ということでしょうか"),
        ("届いていた", "その言葉では"),
        ("承認 0123456789ab", "この通知の対象ではありません"),
        ("::set-output name=decided::true\n`承認`<img src=x>\n" + "\n" * 50_000, "読み取れませんでした"),
    ],
)
def test_what_is_not_clear_does_nothing_and_asks(runner: Runner, body: str, why: str) -> None:
    issue = old_article(runner)
    before = runner.commits()
    run = answer(runner, issue, body)
    assert run.is_green
    assert list(run.jobs) == ["heard"]
    assert {name for step in run.steps for name, _ in step.commands} <= {"stop-commands", "add-mask"}
    assert why in said(runner)
    assert runner.commits() == before


def test_a_comment_counts_once_edited_never_deleted_never_and_a_bots_never(runner: Runner) -> None:
    issue = old_article(runner)
    before = runner.commits()
    edited = runner.github.write(issue["number"], "kiki", "あとで")
    runner.github.edit(edited, "承認")
    deleted = runner.github.write(issue["number"], "kiki", "承認")
    runner.github.delete(deleted)
    for comment in (edited, deleted):
        assert list(event(runner, issue, comment).jobs) == ["heard"]
    assert answer(runner, issue, "承認", actor="dependabot[bot]", kind="Bot").jobs == {}
    somebodys = issue | {"user": {"login": "kiki", "type": "User"}}
    runner.github.issues.append(somebodys | {"number": 77})
    assert answer(runner, runner.github.issues[-1], "承認").jobs == {}
    assert runner.commits() == before

    assert answer(runner, issue, "承認").is_green
    comments = len(runner.github.comments)
    runner.town.now += LATER
    again = event(runner, issue, runner.github.written[-2]["id"])
    assert again.is_green
    assert len(events(runner, "approved")) == len(runner.town.line.accepted) == 1
    assert len(runner.github.comments) == comments


def test_a_mail_that_github_stores_twice_is_not_edited(runner: Runner) -> None:
    """Only what GitHub says of the last edit counts; where it says nothing, a clearly later instant does."""
    issue = old_article(runner)
    runner.town.now += LATER
    mail = runner.github.write(issue["number"], "kiki", PROGRAMS["Gmail"]("却下　やはり古い。"))
    runner.github.touch(mail, timedelta(seconds=90))
    runner.github.fail(Fault.status(502), times=None, path="/graphql")
    event(runner, issue, mail)
    assert "書き換えられた" in said(runner)
    assert events(runner, "refused") == []

    runner.github.recover()
    second = runner.github.write(issue["number"], "kiki", PROGRAMS["Gmail"]("承認"))
    runner.github.touch(second, timedelta(seconds=90))
    event(runner, issue, second)
    assert len(events(runner, "approved")) == 1


def test_a_reply_to_what_is_decided_already_says_so(runner: Runner) -> None:
    issue = old_article(runner)
    answer(runner, issue, "承認")
    run = answer(runner, issue, "却下　やはり送らない", actor="miryoku")
    assert list(run.jobs) == ["heard"]
    assert "送信済み" in said(runner)


def test_who_wrote_an_emergency_does_not_release_it_and_another_poster_does(runner: Runner) -> None:
    runner.town.now += NIGHT
    text = {
        "action": "投稿",
        "title": "給水所を開設しました",
        "text": "市役所前で給水しています。",
        "why": "断水のため",
        "emergency": True,
    }
    assert runner.run("post.yml", "workflow_dispatch", text, actor="miryoku").is_green
    [issue] = runner.github.open_issues().values()
    assert "市役所前で給水しています" in issue["body"]  # the second person sees what will be sent
    assert "投稿したmiryokuを除く" in issue["body"]
    assert list(answer(runner, issue, "承認", actor="miryoku").jobs) == ["heard"]
    assert "2人での確認" in said(runner)
    assert answer(runner, issue, "緊急", actor="Kiki").is_green  # its reason stands in the post that was read
    assert len(runner.town.line.accepted) == 1


def test_emergency_words_at_night_are_released_by_one_reply(runner: Runner) -> None:
    runner.town.now += NIGHT
    runner.town.publish(replace(ARTICLES[20], title="断水のお知らせ"))
    assert runner.run("sync.yml").is_green
    [issue] = runner.github.open_issues().values()
    assert "11月25日（水）9:00（それまでに決めなければ、その時に自動で送信します）" in issue["body"].replace("\\", "")
    assert list(answer(runner, issue, "承認").jobs) == ["heard"]
    assert "「承認」だけでは送信しません" in said(runner)
    assert answer(runner, issue, "緊急").is_green
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}


def test_a_burst_has_one_issue_whose_list_is_decided_at_once_or_in_part(runner: Runner) -> None:
    runner.town.publish(*ARTICLES[10:40])
    runner.town.now += OPEN
    runner.run("sync.yml")
    [issue] = runner.github.open_issues().values()
    ids = re.findall(r"[0-9a-f]{12}", issue["body"])
    assert "どれのことか分かりません" in _after(runner, issue, "承認")
    [row] = [line for line in issue["body"].splitlines() if ids[0] in line]
    assert row.startswith(f"- [ID {ids[0]}](http")
    assert "承認を記録しました" in _after(runner, issue, f"承認\n・ID {ids[0]}　{row.rpartition('　')[2]}")
    assert len(runner.town.line.accepted) == 1
    assert len(runner.github.open_issues()) == 1
    assert "却下を記録しました" in _after(runner, issue, "全部却下　一覧の作り直しのため")
    assert runner.github.open_issues() == {}
    assert {one["why"] for one in events(runner, "refused")} == {"一覧の作り直しのため"}


def _after(runner: Runner, issue: dict[str, Any], body: str) -> str:
    assert answer(runner, issue, body).is_green
    return next(words for _, words in reversed(runner.github.comments) if "answer" in words)


def test_a_broadcast_of_unknown_outcome_is_settled_by_a_reply(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.town.line.fail(LineFault.error_before(500), times=None)
    runner.run("sync.yml")
    runner.town.line.recover()
    runner.town.now += timedelta(days=1, hours=1)  # LINE has forgotten the retry key
    runner.run("sync.yml")
    [issue] = runner.github.open_issues().values()
    assert ARTICLES[20].title in issue["body"]
    assert answer(runner, issue, "届いていませんでした。端末で確認しました。").is_green
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}


def test_each_thing_has_an_issue_of_its_own_until_there_are_too_many(runner: Runner) -> None:
    for number in range(20, 23):
        runner.town.publish(ARTICLES[number], at=runner.town.now - timedelta(days=9))
    runner.town.now += OPEN
    runner.run("sync.yml")
    assert len(runner.github.open_issues()) == 3
    for number in range(10, 20):
        runner.town.publish(ARTICLES[number], at=runner.town.now - timedelta(days=9))
    runner.town.now += LATER
    runner.run("sync.yml")
    assert [title for title in runner.github.open_issues() if not title.endswith("確認待ち")] == []
    [issue] = runner.github.open_issues().values()
    assert "全部却下" in issue["body"]


def test_mails_of_several_programs_decide_one_issue_each(runner: Runner) -> None:
    """Whether each program's mails are understood: `tests/test_reply.py`."""
    runner.town.publish(*ARTICLES[10:15], at=runner.town.now - timedelta(days=9))
    runner.town.now += OPEN
    runner.run("sync.yml")
    issues = list(runner.github.open_issues().values())
    assert len(issues) == 4
    for number, (issue, program) in enumerate(
        zip(issues, ("Gmail", "docomo", "Thunderbird, below the quote", "Garoon"), strict=True)
    ):
        yes = number % 2 == 0
        said = "お疲れさまです。\n承認します。" if yes else "却下　古い記事のため"
        assert answer(runner, issue, PROGRAMS[program](said), actor="miryoku" if yes else "kiki").is_green, program
        assert len(events(runner, "approved")) == number // 2 + 1
        assert len(events(runner, "refused")) == (number + 1) // 2
    assert runner.github.open_issues() == {}
    assert {one["why"] for one in events(runner, "refused")} == {"古い記事のため"}
