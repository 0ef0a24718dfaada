"""What people read after a run: on the command line and in the step summary, through the real console script."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from markdown_it import MarkdownIt
from msgspec.structs import replace

from pipeline.report import tell
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.town import Town

HOSTILE = "](http://evil.example) <img src=x> `x` ::set-output name=a::b ##[add-mask]x @octocat #1"
GITHUB = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "kadoma/line", "GITHUB_ACTIONS": "true"}


def summary_of(town: Town, environment: Mapping[str, str] | None = None, *arguments: str) -> str:
    """Run once more and return what that run added to the step summary."""
    page = town.folder / "summary.md"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    town.call("run", *arguments, environment={"GITHUB_STEP_SUMMARY": str(page), **(environment or {})})
    return page.read_text(encoding="utf-8").removeprefix(before)


def elements(markdown: str) -> dict[str, list[str]]:
    """Links, images and raw HTML that GitHub would make of it; the pages themselves, on the town's host, are linked."""
    found: dict[str, list[str]] = {"link": [], "html": [], "image": []}
    for token in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown):
        for child in [token, *(token.children or ())]:
            if child.type == "link_open":
                if not str(child.attrGet("href")).startswith("http://127.0.0.1:"):
                    found["link"].append(str(child.attrGet("href")))
            elif child.type.startswith("html") and child.content.strip() != "<br>":
                found["html"].append(child.content)
            elif child.type == "image":
                found["image"].append(child.content)
    return found


def with_hostile_article(town: Town) -> None:
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title=HOSTILE), ARTICLES[21])


OF_NEWS = (
    "jinja2",
    "bs4",
    "linebot",
    "shutil",
    "html",
    "pipeline.report.issues",
    "pipeline.report.board",
    "pipeline.report.status",
)


def test_a_run_without_news_says_so_in_one_line_and_loads_nothing_that_tells_people(town: Town) -> None:
    town.with_baseline()
    page = town.folder / "summary.md"
    code = "import sys; from pipeline.cli import main; main(); "
    code += f"print([name for name in {OF_NEWS} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code, *town.command("run")[1:]],
        env=town.process_environment({"GITHUB_STEP_SUMMARY": str(page)}), capture_output=True, text=True, check=False, cwd=town.folder,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "新しい動きはありません（一覧 1件を確認）。次の投稿時間：11月24日（火）9:00",
        "[]",
    ]
    assert "新しい動きはありません" in page.read_text(encoding="utf-8")


def test_held_articles_are_told_with_the_instant_and_the_article_of_the_policy(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:22])
    told = town.call("run", code=0).out
    assert "保留　2件" in told
    assert ARTICLES[20].title in told
    assert "投稿時間外（第7条）　11月24日（火）9:00まで" in told
    assert summary_of(town).count("**11月24日（火）9:00まで**") == 2


def test_what_was_sent_is_told_with_the_words_of_the_message_and_the_request_id(town: Town) -> None:
    town.with_baseline()
    town.publish(*ARTICLES[20:22])
    town.now += timedelta(hours=2)
    page = town.folder / "summary.md"
    told = town.call("run", code=0, environment={"GITHUB_STEP_SUMMARY": str(page)}).out
    request = town.line.accepted[0].request_id
    assert f"送信しました　2件（第8条第1号）　リクエストID {request}" in told
    summary = page.read_text(encoding="utf-8")
    assert f"`{request}`" in summary
    assert "どなた" in summary or "通帳の記帳でご確認ください" in summary  # the lead, as residents read it
    assert "> **" in summary
    assert "今月の配信数" in summary


def test_a_dry_run_says_that_nothing_was_sent(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20])
    told = town.call("run", "--dry-run", "--now", "2026-11-24T10:00:00+09:00", code=0).out
    assert "試行です。何も送信せず、何も記録しません。" in told
    assert "送信する予定　1件（第7条）" in told
    assert "試行です" in summary_of(town, {}, "--dry-run", "--now", "2026-11-24T10:00:00+09:00")


def test_the_first_run_tells_the_number_of_articles_that_were_there_not_each_of_them(town: Town) -> None:
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=20))
    told = town.call("run", code=0).out
    assert "掲載済みとして記録　10件" in told
    assert ARTICLES[0].title not in told


def test_without_a_summary_file_nothing_is_written(town: Town) -> None:
    with_hostile_article(town)
    before = sorted(str(file) for file in town.folder.rglob("*"))
    town.call("run", code=0)
    new = {Path(name).name for name in map(str, town.folder.rglob("*")) if name not in before}
    assert "summary.md" not in new
    assert new <= {"ledger-2026.jsonl", "broadcasts", ".lock"}


def test_a_hostile_title_is_only_text_in_the_summary(town: Town) -> None:
    with_hostile_article(town)
    held = summary_of(town, GITHUB)
    town.now += timedelta(hours=2)
    sent = summary_of(town, GITHUB)
    assert "送信しました" in sent
    for summary in (held, sent):
        assert "evil" in summary
        assert elements(summary) == {"link": [], "html": [], "image": []}
        assert "@octocat" not in summary
        assert not re.search(r"(?m)^\s*::", summary)
        assert "##[" not in summary


def test_a_hostile_title_is_no_workflow_command_on_the_command_line(town: Town) -> None:
    town.with_baseline()
    town.publish(replace(ARTICLES[20], title="::error::x ##[add-mask]a"), replace(ARTICLES[21], title=HOSTILE))
    for command in (
        ["run"],
        ["run", "--json"],
        ["status"],
        ["explain", town.city.url + ARTICLES[20].path],
        ["explain", town.city.url + ARTICLES[20].path, "--json"],
    ):
        result = town.call(*command, code=0)
        for line in [*result.out.splitlines(), *result.err.splitlines()]:
            assert not line.lstrip().startswith("::"), command
            assert "##[" not in line, command
        if "--json" in command:
            assert "##[add-mask]" in json.dumps(result.json), command


def test_what_waits_is_told_with_the_form_on_github_and_with_commands_elsewhere(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    first = town.run(code=3).json
    article = first["articles"][0]["id"]
    on_github, elsewhere = summary_of(town, GITHUB), summary_of(town)
    assert elements(on_github)["link"] == ["https://github.example/kadoma/line/actions/workflows/post.yml"]
    assert article in on_github
    assert "日付が古い（第8条）" in on_github
    assert elements(elsewhere)["link"] == []
    assert f"kadoma-line approve {article}" in elsewhere
    assert f"kadoma-line reject {article}" in elsewhere
    for summary in (on_github, elsewhere):
        assert "企画財政部魅力発信課（miryoku）" in summary


def test_a_strange_server_address_gives_no_link(town: Town) -> None:
    town.with_baseline()
    town.publish(ARTICLES[20], at=town.now - timedelta(days=9))
    summary = summary_of(
        town, {"GITHUB_SERVER_URL": "https://github.example/)[x](http://evil.example", "GITHUB_REPOSITORY": "a/b"}
    )
    assert elements(summary)["link"] == []


def test_alerts_are_told_in_japanese_with_their_code_and_what_was_seen(town: Town) -> None:
    town.with_baseline()
    town.city.fail("/", Fault.status(503), times=None)
    document = town.run(code=1).json
    (alert,) = document["alerts"]
    assert alert["code"] == "source-failed"
    assert "ホームページの新着一覧を読めませんでした。" in alert["message"]
    assert "kadoma-line doctor" in alert["message"]
    assert town.city.url in alert["message"]
    told = town.call("run").out
    assert "新着一覧を読めません" in told
    assert "**異常**" in summary_of(town)


def test_a_broadcast_without_clear_answer_is_told_as_such(town: Town) -> None:
    town.configure(("[line]\n", "[line]\nattempts = 1\n"))
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.drop_after(), times=None)
    told = town.call("run", code=1).out
    assert "結果が確定していません" in told
    assert "同じ記事が二重に届くことはありません" in told
    assert "結果が確定していません" in summary_of(town)


def test_a_summary_larger_than_github_takes_is_cut_at_a_line(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    tell.append_summary("- 題名\n" * 200_000, {tell.SUMMARY: str(page)})
    text = page.read_bytes()
    assert len(text) <= 1024 * 1024
    assert text.decode().splitlines()[-2] == "- 題名"
