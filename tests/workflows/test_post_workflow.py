"""post.yml, the posters' form, step by step, as the runner would run it."""

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.workflows.runner import Run, Runner

OPEN = timedelta(hours=2)
NIGHT = timedelta(hours=17)
TEXT = {"action": "投稿", "title": "給水所を開設しました", "text": "市役所前で給水しています。", "why": "断水のため"}
HOSTILE = (
    "$(touch x)", "`touch x`", "'; touch x; '", '"; touch x; "', "a\nb", "a\r\n::set-env name=PATH::/tmp", "::set-env name=A::b", "##[add-mask]a",
    "--emergency", "-h", "<script>alert(1)</script>", "| a | b |", "@everyone ![x](https://evil.example/x.png)", "${{ secrets.LINE_CHANNEL_SECRET }}", "\u202eabc",
)  # fmt: skip


def post(runner: Runner, actor: str = "miryoku", approved_by: str = "kiki", **inputs: object) -> Run:
    return runner.run("post.yml", "workflow_dispatch", inputs, actor=actor, approved_by=approved_by)


def events(runner: Runner, kind: str) -> list[dict[str, object]]:
    runner.town.git("pull", "--quiet", at=runner.town.state)
    return [event for event in runner.town.events() if event["type"] == kind]


def test_a_post_within_the_hours_is_recorded_with_actor_and_approver_and_sent(runner: Runner) -> None:
    runner.town.now += OPEN
    run = post(runner, **TEXT)
    assert run.is_green
    assert list(run.jobs) == ["request", "approval", "post"]
    assert "給水所を開設しました" in runner.town.sent_titles()[0]
    [posted] = events(runner, "posted")
    assert (posted["actor"], posted["approver"], posted["why"]) == ("miryoku", "kiki", "断水のため")
    assert "miryoku" in run.step("Record").summary
    assert "kiki" in run.step("Record").summary
    assert runner.secrets_that_leaked() == []


def test_an_emergency_post_at_night_goes_out_when_a_second_poster_approved_the_run(runner: Runner) -> None:
    runner.town.now += NIGHT
    assert post(runner, **TEXT, emergency=True).is_green
    assert len(runner.town.line.accepted) == 1


def test_without_reviewers_an_emergency_post_waits_for_a_second_poster(runner: Runner) -> None:
    runner.town.now += NIGHT
    run = post(runner, approved_by="", **TEXT, emergency=True)
    assert run.is_green
    assert runner.town.line.accepted == []
    [posted] = events(runner, "posted")
    article = str(posted["article"])
    assert any(article in str(issue["body"]) for issue in runner.github.open_issues().values())

    again = post(runner, actor="miryoku", approved_by="", action="承認", id=article)
    assert not again.is_green  # one's own post
    assert "2人での確認" in again.log
    assert runner.town.line.accepted == []

    assert post(
        runner, actor="kiki", approved_by="", action="承認", id=article, emergency=True, why="確認済み"
    ).is_green
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}


def test_approving_ones_own_run_is_no_second_person(runner: Runner) -> None:
    runner.town.now += NIGHT
    assert post(runner, approved_by="Miryoku", **TEXT, emergency=True).is_green
    assert runner.town.line.accepted == []


def test_who_is_no_poster_is_refused_before_anybody_is_asked_to_approve(runner: Runner) -> None:
    runner.town.now += OPEN
    before = runner.commits()
    run = post(runner, actor="stranger", **TEXT)
    assert not run.is_green
    assert list(run.jobs) == ["request"]
    assert run.step("Check").code == 2
    assert "第6条" in run.log
    assert runner.commits() == before
    assert runner.town.line.requests == []


@pytest.mark.parametrize(("actor", "again_by"), [("miryoku", "stranger"), ("stranger", "miryoku")])
def test_who_started_a_run_and_who_starts_it_again_must_both_be_posters(
    runner: Runner, actor: str, again_by: str
) -> None:
    runner.town.now += OPEN
    run = runner.run("post.yml", "workflow_dispatch", TEXT, actor=actor, again_by=again_by)
    assert run.step("Check").code == 2


def test_a_reviewer_who_is_no_poster_does_not_count_and_nothing_is_recorded(runner: Runner) -> None:
    runner.town.now += OPEN
    before = runner.commits()
    run = post(runner, approved_by="stranger", **TEXT)
    assert run.step("Record").code == 2
    assert not run.has("Send")
    assert runner.commits() == before


def test_when_github_does_not_say_who_approved_nothing_is_recorded(runner: Runner) -> None:
    runner.town.now += OPEN
    before = runner.commits()
    runner.github.fail(LineFault.status(502), times=None)
    run = post(runner, **TEXT)
    assert run.step("Record").code == 1
    assert runner.commits() == before


def test_an_article_that_waits_is_approved_and_another_rejected(runner: Runner) -> None:
    runner.town.publish(*ARTICLES[10:40])
    runner.town.now += OPEN
    runner.run("sync.yml")
    [issue] = runner.github.open_issues().values()
    waiting = [str(event["article"]) for event in events(runner, "decided") if event["reason"] == "burst"]
    assert waiting[0] in str(issue["body"])
    assert post(runner, action="承認", id=f"{waiting[0]}, {waiting[1]}").is_green
    assert len(runner.town.line.accepted) == 1
    assert post(runner, action="却下", id=" ".join(waiting[2:]), why="古い記事").is_green
    assert runner.github.open_issues() == {}
    assert len(runner.town.line.accepted) == 1
    assert {event["why"] for event in events(runner, "refused")} == {"古い記事"}


def test_a_correction_names_what_it_corrects(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.run("sync.yml")
    [sent] = events(runner, "intent")
    article = sent["chosen"][0]["article"]  # type: ignore[index]
    runner.town.now += timedelta(hours=2)
    assert post(runner, action="訂正", id=article, title="日付の訂正", text="12月10日が正しい日付です。").is_green
    assert len(runner.town.line.accepted) == 2
    assert "訂正" in runner.town.sent_titles()[-1]


def test_a_broadcast_of_unknown_outcome_is_settled_with_the_form(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.town.line.fail(LineFault.error_before(500), times=None)
    assert not runner.run("sync.yml").is_green
    runner.town.line.recover()
    runner.town.now += timedelta(days=1, hours=1)  # LINE has forgotten the retry key
    assert runner.run("sync.yml").is_green
    [intent] = events(runner, "intent")
    [issue] = runner.github.open_issues().values()
    assert str(intent["broadcast"]) in str(issue["body"])
    assert post(runner, action="届いていなかった", id=intent["broadcast"], why="端末で確認").is_green
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}


@pytest.mark.parametrize(
    "fields",
    [("id", "title", "text", "why", "quoted_from"), ("url",), ("picture",), ("at",)],  # the last three may be refused
    ids=", ".join,
)
def test_hostile_inputs_stay_text(runner: Runner, fields: tuple[str, ...]) -> None:
    """In each field each of them, in each post another; all in one town, to keep the suite quick."""
    runner.town.now += OPEN
    for number in range(len(HOSTILE)):
        inputs: dict[str, object] = {"action": "投稿", "title": "題名", "text": "本文", "why": "理由"}
        inputs |= {field: HOSTILE[number - place] for place, field in enumerate(fields)}
        run = (
            runner.run("post.yml", "workflow_dispatch", inputs, actor="miryoku")
            if number % 8 == 1
            else _only_check(runner, inputs)
        )
        commands = {name for step in run.steps for name, _ in step.commands}
        assert commands <= {"stop-commands", "add-mask"}, inputs
        assert len(fields) == 1 or run.step("Check").code == 0, "what is refused would hide the other fields"
        assert "<script" not in run.summary.replace(r"\<script", "")
        assert "![" not in run.summary
        assert not any(line.startswith("::") for line in run.summary.splitlines())
    assert not list(runner.town.folder.rglob("x"))
    assert runner.secrets_that_leaked() == []


def _only_check(runner: Runner, inputs: dict[str, object]) -> Run:
    """Stop after the first job."""

    def stop(_: Path) -> None:
        raise StopAsking

    runner.before["Approved"] = stop
    with contextlib.suppress(StopAsking):
        runner.run("post.yml", "workflow_dispatch", inputs, actor="miryoku")
    runner.before.clear()
    return runner.runs[-1]


class StopAsking(Exception):
    """Enough was seen."""


@pytest.mark.parametrize(
    ("actor", "inputs", "why"),
    [
        ("stranger", TEXT, "stranger は投稿者として登録されていません（第6条）。"),
        ("miryoku", {**TEXT, "emergency": True, "why": ""}, "理由が必要です（第7条ただし書）。"),
        ("miryoku", {"action": "承認"}, "「承認」には、対象のID又はURLが必要です。"),
    ],
)
def test_what_is_refused_is_told_on_the_summary_page_and_not_only_in_the_log(
    runner: Runner, actor: str, inputs: dict[str, object], why: str
) -> None:
    runner.town.now += OPEN
    run = runner.run("post.yml", "workflow_dispatch", inputs, actor=actor)
    assert run.step("Check").code == 2
    assert why in run.summary
    assert "受け付けませんでした" in run.summary
    assert "何も送信していません" in run.summary


@pytest.mark.parametrize("emergency", [False, True])
def test_a_failed_post_that_is_run_again_is_the_same_post(runner: Runner, emergency: bool) -> None:
    runner.town.now += OPEN
    runner.town.line.fail(LineFault.error_after(500), times=None)  # LINE takes it, and never says so
    assert post(runner, **TEXT, emergency=emergency).step("Send").code == 1
    runner.town.line.recover()
    runner.town.now += timedelta(minutes=5)
    inputs = {**TEXT, "emergency": emergency}
    again = runner.run("post.yml", "workflow_dispatch", inputs, actor="miryoku", again_by="kiki", again="post")
    assert again.is_green
    assert len(runner.town.line.accepted) == len(events(runner, "posted")) == 1
    runner.town.now += timedelta(hours=2)
    assert runner.run("post.yml", "workflow_dispatch", inputs, actor="miryoku", again="post").is_green
    assert len(runner.town.line.accepted) == len(events(runner, "posted")) == 1


def test_the_form_reports_the_fate_of_the_post_and_what_else_fails_is_an_alert(runner: Runner) -> None:
    runner.town.now += OPEN
    runner.town.city.fail("/", Fault.status(503), times=None)
    run = post(runner, **TEXT)
    assert len(runner.town.line.accepted) == 1
    assert run.is_green
    assert any("新着一覧" in title for title in runner.github.open_issues())


def test_a_post_may_choose_its_time_and_be_cancelled_until_then(runner: Runner) -> None:
    runner.town.now += OPEN
    assert post(runner, **TEXT, at="2026-11-24T14:30").is_green
    assert post(runner, action="投稿", title="断水の予定", text="一行目／／二行目", at="2026-11-24T15:00").is_green
    first, second = (str(posted["article"]) for posted in events(runner, "posted"))
    assert events(runner, "posted")[1]["text"] == "一行目\n二行目"
    held = {event["article"]: event for event in events(runner, "decided")}
    assert (held[first]["reason"], held[first]["until"]) == ("scheduled", "2026-11-24T14:30:00+09:00")
    assert runner.town.line.accepted == []
    assert post(runner, action="却下", id=second, why="中止").is_green
    runner.town.now += timedelta(hours=5, minutes=30)
    assert runner.run("sync.yml").is_green
    assert len(runner.town.line.accepted) == 1
    assert "給水所を開設しました" in runner.town.sent_titles()[0]


@pytest.mark.parametrize(
    ("field", "wrong", "why"),
    [
        ("at", "2026-11-24T20:00", "投稿時間外のため"),
        ("at", "2026-11-23T10:00", "送信の日時に指定できません"),
        ("at", "あした", "読み取れませんでした"),
        ("picture", "https://evil.example/x.png", "市ホームページ"),
        ("picture", "/none.png", "LINEで表示できません"),
    ],
)
def test_a_time_or_picture_that_cannot_be_is_refused_before_anybody_is_asked(
    runner: Runner, field: str, wrong: str, why: str
) -> None:
    runner.town.now += OPEN
    run = post(runner, **TEXT, **{field: wrong})
    assert run.step("Check").code == 2
    assert why in run.summary.replace("\\", "")
    assert runner.town.line.accepted == []


def test_while_line_is_down_a_post_is_recorded_red_and_sent_by_the_next_run(runner: Runner) -> None:
    runner.town.now += OPEN
    runner.town.line.stop()
    run = post(runner, **TEXT)
    assert run.step("Record").code == 0
    assert run.step("Send").code == 1
    assert len(events(runner, "posted")) == 1
    assert any("LINEに接続できません" in title for title in runner.github.open_issues())
    runner.town.line.start()
    runner.town.now += timedelta(minutes=10)
    assert runner.run("sync.yml").is_green
    assert len(runner.town.line.accepted) == 1
    assert runner.github.open_issues() == {}
    assert runner.secrets_that_leaked() == []


def test_a_push_by_somebody_else_at_that_moment_loses_no_post(runner: Runner) -> None:
    runner.town.now += OPEN

    def somebody_pushes_first(_: Path) -> None:
        clone = runner.town.clone("colleague")
        runner.town.git("-c", "user.name=B", "-c", "user.email=b@example.org", "commit", "--quiet", "--allow-empty", "-m", "a colleague", at=clone)  # fmt: skip
        runner.town.git("push", "--quiet", at=clone)

    runner.before["Record"] = somebody_pushes_first
    assert post(runner, **TEXT).is_green
    assert "a colleague" in runner.commits()
    assert len(events(runner, "posted")) == len(runner.town.line.accepted) == 1


def test_the_same_post_again_within_a_day_needs_a_reason_also_after_it_went_out_by_itself(runner: Runner) -> None:
    runner.town.publish(ARTICLES[20])
    runner.town.now += OPEN
    runner.run("sync.yml")
    assert len(runner.town.line.accepted) == 1
    again = {"action": "投稿", "url": f"{runner.town.city.url}{ARTICLES[20].path}"}
    runner.town.now += timedelta(hours=2)
    refused = post(runner, **again)
    assert refused.step("Check").code == 2
    assert "24時間以内に" in refused.summary
    assert post(runner, **again, why="内容を訂正したため").is_green
    assert len(runner.town.line.accepted) == 2
