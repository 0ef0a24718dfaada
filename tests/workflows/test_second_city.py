"""A made-up second city goes from a fresh clone to its first message by what the handbook writes, through a trial of a fortnight."""

import html
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.town import ROOT, Town
from tests.workflows.runner import Runner

TEXT = (ROOT / "docs" / "運用手順.md").read_text(encoding="utf-8")
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)]
TRIAL = next(block for block in BLOCKS if "shadow" in block)
CLOSED = next(block for block in BLOCKS if "hours" in block.get("policy", {}))
REPORT = re.findall(r"`kadoma-line (report --shadow .*?)`", TEXT)[0]


def written(text: str, block: dict[str, Any], table: str = "") -> str:
    """The configuration with what a block of the handbook says, each key in its place, as a person writes it."""
    for key, value in block.items():
        if isinstance(value, dict):
            text = written(text, value, f"{table}.{key}".lstrip("."))
            continue
        told = str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')
        begin = rf"^\[{re.escape(table)}\]\n(?:(?!\[).*\n)*?" if table else r"\A(?:(?!\[).*\n)*?"
        text, count = re.subn(
            rf"({begin}){re.escape(key)} = \S.*?(?=\s+#|$)", rf"\g<1>{key} = {told}", text, count=1, flags=re.MULTILINE
        )
        assert count, f"{table}.{key} has its place in the configuration"
    return text


@pytest.fixture
def city(git_town: Town) -> Iterator[Runner]:
    """The repository of the other city after the steps 1-2 to 1-4: the example as kadoma.toml, its account, posters, closed days."""
    town, runner = git_town, Runner(git_town)
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=20))
    assert "(../examples/another-city.toml)の中身で `kadoma.toml` を置き換え" in TEXT
    text = (ROOT / "examples" / "another-city.toml").read_text(encoding="utf-8")
    for made_up, real in (
        ("https://www.city.example.jp", town.city.url), ("www.city.example.jp", town.city.host), ("https://api.line.me", town.line.url),
        ("@example_city", "@kadoma_city"), ("[site]\n", "[site]\npause = 0\n"),
    ):  # fmt: skip
        text = text.replace(made_up, real)
    filled_in(runner, written(text, CLOSED))
    yield runner
    runner.stop()


def filled_in(runner: Runner, text: str) -> None:
    runner.town.config.write_text(text, encoding="utf-8")
    runner.commit_configuration()


def verdicts(runner: Runner, level: str) -> list[str]:
    """Titles of doctor's findings of a level, as its page on GitHub has them."""
    runner.github.add_run("watchdog.yml", runner.town.now)
    runner.github.add_run("pace.yml", runner.town.now, status="waiting", conclusion=None)
    page = runner.run("doctor.yml", "workflow_dispatch").summary
    return re.findall(rf"(?m)^\| {level} \| (.+?) \|", page)


def test_a_second_city_goes_live_by_the_handbook_after_a_trial_that_is_signed(city: Runner, tmp_path: Path) -> None:
    town = city.town
    assert verdicts(city, "異常") == []
    assert city.run("sync.yml", "workflow_dispatch", {"dry-run": True}).is_green
    filled_in(city, written(town.config.read_text(encoding="utf-8"), TRIAL))
    town.environment.clear()  # LINE's secrets may come later
    town.run(code=0)
    town.now += timedelta(minutes=45)  # 8:45: open there
    for day in range(14):
        town.publish(ARTICLES[10 + day], at=town.now - timedelta(minutes=10))
        town.run(code=0)
        if day == 3:
            town.now += timedelta(hours=12)
            town.city.emergency(EMERGENCY, town.now)
            town.run(code=0)
            town.now -= timedelta(hours=12)
        town.now += timedelta(days=1)
    assert town.line.accepted == []
    file = REPORT.split()[-1]
    told = town.call(*REPORT.split()[:-1], str(tmp_path / file), code=0, json=True).json
    assert told["totals"]["broadcasts"] == len(told["broadcasts"]) >= 10
    page = html.unescape((tmp_path / file).read_text(encoding="utf-8"))
    assert EMERGENCY.title in page
    assert sum(article.title in page for article in ARTICLES[10:24]) >= 10
    assert "総務部広報課長" in page, "who signs it"

    live = TRIAL | {"shadow": False}
    filled_in(city, written(town.config.read_text(encoding="utf-8"), live))
    assert verdicts(city, "異常") == []
    assert city.run("sync.yml", "workflow_dispatch", {"dry-run": False}).is_green
    assert town.line.accepted == [], "nothing of the trial's past"
    fresh = ARTICLES[29]
    town.publish(fresh)
    town.now += timedelta(minutes=10)
    assert city.run("sync.yml").is_green
    assert [fresh.title in title for title in town.sent_titles()] == [True]
    assert "見本市" in str(town.line.accepted[0].messages)
    assert verdicts(city, "良好")[:2] == ["設定", "投稿者（第6条）"]
    assert verdicts(city, "異常") == []
