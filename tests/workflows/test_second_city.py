"""A made-up second city goes from a fresh clone to its first message by what the handbook writes, through a trial of a fortnight."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.second_city import HANDBOOK, OWN, TRIAL, configuration, written
from tests.town import Town
from tests.workflows.runner import Runner

REPORT = re.findall(r"`kadoma-line (report --shadow .*?)`", HANDBOOK)[0]


@pytest.fixture
def city(git_town: Town) -> Iterator[Runner]:
    """The repository of the other city after the steps 1-2 to 1-4: the example as kadoma.toml, what is its own, posters, closed days."""
    town, runner = git_town, Runner(git_town)
    town.publish(*ARTICLES[:10], at=town.now - timedelta(days=20))
    text = configuration()
    for made_up, real in (
        (OWN["site"]["url"], town.city.url), (OWN["site"]["hosts"][0], town.city.host), ("https://api.line.me", town.line.url),
        (OWN["line"]["account"], "@kadoma_city"), ("[site]\n", "[site]\npause = 0\n"),
    ):  # fmt: skip
        assert made_up in text
        text = text.replace(made_up, real)
    filled_in(runner, text)
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
    assert OWN["policy"]["responsible"]["person"] in page, "who signs it"

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
    assert OWN["site"]["name"] in str(town.line.accepted[0].messages)
    assert verdicts(city, "良好")[:2] == ["設定", "投稿者（第6条）"]
    assert verdicts(city, "異常") == []
