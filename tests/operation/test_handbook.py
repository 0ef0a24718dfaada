"""The operator's handbook cannot go stale: its commands are run, and what it names exists."""

import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from pipeline.desk import Action
from pipeline.form import ACTIONS
from pipeline.reply import Instruction, read
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import CHANNEL_ID, CHANNEL_SECRET
from tests.town import ROOT, Town
from tests.workflows.runner import WORKFLOWS, load

HANDBOOK = ROOT / "docs" / "運用手順.md"
TEXT = HANDBOOK.read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- 場面: (?P<scene>[^ ]+) -->\n```console\n(?P<commands>.*?)```", re.DOTALL)
BLOCKS = [(found["scene"], re.findall(r"(?m)^\$ (.+)$", found["commands"])) for found in BLOCK.finditer(TEXT)]
ARTICLE, BROADCAST, PAGE = "a1b2c3d4e5f6", "b20261124-100000-ab12", "https://www.city.kadoma.osaka.jp/kosodate.html"
Names = dict[str, str]  # what the handbook writes → what it is in this town


def _setting_up(town: Town) -> Names:
    town.environment.clear()
    town.configure(('["miryoku"]', "[]"), ('["kiki"]', "[]"))
    return {}


def _ready(town: Town) -> Names:
    town.publish(*ARTICLES[:5])
    return {}


def _working(town: Town) -> Names:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    url = next(row["url"] for row in town.run(code=0).json["articles"] if row["decision"] == "send")
    return {PAGE: url}


def _review(town: Town) -> Names:
    town.with_baseline()
    town.publish(*ARTICLES[10:40])
    town.now += timedelta(hours=2)
    return {ARTICLE: town.run(code=3).json["articles"][0]["id"]}


def _night(town: Town) -> Names:
    town.with_baseline()
    town.now += timedelta(hours=17)
    return {}


def _second_person(town: Town) -> Names:
    _night(town)
    posted = town.call(
        "post",
        "--title",
        "給水所を開設",
        "--text",
        "断水のため。",
        "--emergency",
        "--why",
        "断水",
        "--actor",
        "kiki",
        json=True,
        code=0,
    )
    town.run(code=3)
    return {ARTICLE: posted.json["articles"][0]["id"]}


def _sent(town: Town) -> Names:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    article = town.run(code=0).json["broadcasts"][0]["articles"][0]
    town.now += timedelta(hours=1)
    return {ARTICLE: article}


def _unknown(town: Town) -> Names:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.line.fail(Fault.status(500), times=None)
    broadcast = town.run(code=1).json["broadcasts"][0]["id"]
    town.line.recover()
    town.now += timedelta(days=1, hours=1)
    town.run(code=3)
    return {BROADCAST: broadcast}


def _paused(town: Town) -> Names:
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    town.configure(("paused = false", "paused = true"))
    return {}


SCENES: dict[str, Callable[[Town], Names]] = {
    "準備の途中": _setting_up, "準備ができた": _ready, "運用中": _working, "確認待ち": _review, "夜間": _night,
    "緊急の承認待ち": _second_person, "送信済み": _sent, "結果が不明": _unknown, "停止中": _paused,
}  # fmt: skip
SENDS = {
    "確認待ち": 1,
    "緊急の承認待ち": 1,
    "送信済み": 2,
    "停止中": 0,
}  # broadcasts after a block that ends with `run`


@pytest.fixture
def town(git_town: Town) -> Town:
    git_town.environment = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}
    return git_town


@pytest.mark.parametrize(
    ("scene", "commands"), BLOCKS, ids=[f"{number}-{scene}" for number, (scene, _) in enumerate(BLOCKS)]
)
def test_the_commands_of_the_handbook_do_what_it_says(town: Town, scene: str, commands: list[str]) -> None:
    names = SCENES[scene](town)
    assert commands
    for line in commands:
        command = line
        for written, real in names.items():
            command = command.replace(written, real)
        program, *arguments = shlex.split(command)
        assert program == "kadoma-line"
        done = town.call(*arguments)
        unfinished = scene == "準備の途中"
        assert done.code in ((1,) if unfinished else (0, 3)), f"{command}\n{done.out}\n{done.err}"
        assert done.out.strip() or done.code == 0
    if scene in SENDS and commands[-1] == "kadoma-line run":
        assert len(town.line.accepted) == SENDS[scene]


def test_no_command_of_the_pipeline_stands_outside_the_blocks_that_are_run() -> None:
    rest = BLOCK.sub("", TEXT)
    assert not re.search(r"(?m)^\$ ", rest)
    assert "```console" not in rest


def test_every_scene_is_used() -> None:
    assert {scene for scene, _ in BLOCKS} == set(SCENES)


def test_the_commands_for_github_name_workflows_and_inputs_that_exist() -> None:
    commands = re.findall(r"(?m)^gh workflow (?:run|enable) (\S+)(.*)$", TEXT)
    assert commands
    for workflow, rest in commands:
        definition = load(workflow)
        for name in re.findall(r"-f ([\w-]+)=", rest):
            assert name in definition["on"]["workflow_dispatch"]["inputs"]


def test_the_form_has_the_choices_that_the_handbook_and_the_pipeline_know() -> None:
    options = load("post.yml")["on"]["workflow_dispatch"]["inputs"]["action"]["options"]
    assert tuple(options) == ACTIONS
    for option in options:
        assert option in TEXT


def test_a_decision_takes_three_steps_and_its_words_are_those_that_are_understood() -> None:
    section = TEXT.split("### 通知が届いたとき\n")[1].split("\n### ")[0]
    steps = re.findall(r"(?m)^\d\. .+$", section)
    assert len(steps) == 3
    assert "返信し" in steps[1]
    said = re.findall(r"(?m)^\| (.+?) \|", section.partition("自分から投稿")[0])[2:]
    understood = [read(one.replace("ID", ARTICLE)) for row in said for one in row.split("　／　")]
    assert all(isinstance(one, Instruction) for one in understood)
    assert {one.action for one in understood if isinstance(one, Instruction)} == set(get_args(Action))


def test_the_environments_and_secrets_of_the_handbook_are_those_of_the_workflows() -> None:
    used = "".join(file.read_text(encoding="utf-8") for file in WORKFLOWS.glob("*.yml"))
    secrets = set(re.findall(r"secrets\.([A-Z_]+)", used))
    assert secrets - {"LINE_CHANNEL_ACCESS_TOKEN"} <= set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", TEXT))
    post = load("post.yml")["jobs"]
    pace = load("pace.yml")["jobs"]["first"]["environment"]["name"]
    for environment in (post["approval"]["environment"], post["post"]["environment"]["name"], pace):
        assert f"| `{environment}` |" in TEXT


def test_links_within_the_documents_lead_somewhere() -> None:
    for document in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / Path(target)).exists(), f"{document.name}: {target}"


def test_the_examples_of_a_clock_outside_start_workflows_that_can_be_started_with_a_token_that_may_do_nothing_else() -> (
    None
):
    hosting = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    started = {*re.findall(r"gh workflow run (\S+)", hosting), *re.findall(r"actions/workflows/([\w.-]+)\"", hosting)}
    assert started == {"pace.yml", "watchdog.yml"}
    assert all("workflow_dispatch" in load(name)["on"] for name in started)
    assert "**Actions: read and write** and nothing else" in hosting
    assert "/dispatches -f event_type" not in hosting, "repository_dispatch needs Contents: write"
