"""The examples for other cities are configurations and workflows that work, and cities in one repository leave each other alone."""

import re
import shlex
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.doubles.github import BOT
from tests.town import ROOT, Town
from tests.workflows.expressions import resolved
from tests.workflows.runner import Runner
from tests.workflows.runner import load as workflow

EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "another-city.toml"
OPEN = timedelta(hours=2)  # from 8:00 into the posting hours


def configured(town: Town, account: str = "@kadoma_city") -> str:
    """The example, with the embedded city and LINE instead of the made-up addresses."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("https://www.city.example.jp", town.city.url).replace("www.city.example.jp", town.city.host)
    return (
        text.replace("https://api.line.me", town.line.url)
        .replace("@example_city", account)
        .replace("[site]\n", "[site]\npause = 0\n", 1)
    )


def test_the_configuration_of_another_city_is_valid_and_fetches_from_it_alone() -> None:
    config = load(EXAMPLE)
    assert config.site.hosts == ("www.city.example.jp",)
    assert {source.kind for source in config.site.sources} == {"feed", "html"}
    assert "kadoma" not in EXAMPLE.read_text(encoding="utf-8").replace('"kadoma-line"', "").replace(
        "kadoma-city.toml", ""
    ).replace("kadoma-line", "")


def test_the_other_citys_feed_and_emergency_page_reach_line(town: Town) -> None:
    town.config.write_text(configured(town).replace("push = true", "push = false"), encoding="utf-8")
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.now += timedelta(minutes=45)  # 8:45: open there, still closed in 門真市
    assert [done["outcome"] for done in town.run(code=0).json["broadcasts"]] == ["accepted"]
    town.now += timedelta(hours=14)
    town.city.emergency(EMERGENCY, town.now)
    assert [done["emergency"] for done in town.run(code=0).json["broadcasts"]] == [True]


def test_two_cities_of_one_repository_have_states_of_their_own(git_town: Town) -> None:
    town = git_town
    repository = town.state.parent
    (repository / "cities").mkdir()
    for name in ("one", "two"):
        (repository / "cities" / f"{name}.toml").write_text(configured(town), encoding="utf-8")
        (repository / "state" / name).mkdir()
        (repository / "state" / name / "README.md").write_text(name)
    town.git("add", ".", at=repository)
    town.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "cities", at=repository)
    town.git("push", "--quiet", at=repository)
    clones = {name: town.clone(f"clone-{name}") for name in ("one", "two")}

    def run(name: str) -> Path:
        town.config, town.state = clones[name] / "cities" / f"{name}.toml", clones[name] / "state" / name
        town.run(code=0)
        return town.state

    town.publish(*ARTICLES[:5], at=town.now - timedelta(days=9))
    one, two = run("one"), run("two")  # the second one's clone is behind by then
    town.publish(ARTICLES[20])
    town.now += timedelta(hours=2)
    run("one")
    assert len(town.line.accepted) == 1
    run("two")
    assert len(town.line.accepted) == 2
    for state, other in ((one, "two"), (two, "one")):
        assert list(state.glob("ledger-*.jsonl"))
        changed = town.git("log", "--format=", "--name-only", "--", f"state/{other}", at=state.parent.parent)
        assert f"state/{state.name}/" not in changed
    shutil.rmtree(clones["one"])


def test_the_example_workflows_call_the_reusable_one_with_inputs_that_it_has() -> None:
    import yaml

    known = workflow("city.yml")["on"]["workflow_call"]["inputs"]
    for name in ("one-city.yml", "many-cities.yml"):
        job = yaml.safe_load((ROOT / "examples" / name).read_text(encoding="utf-8"))["jobs"]["city"]
        assert set(job["with"]) <= set(known)
        assert job["permissions"] == workflow("city.yml")["jobs"]["city"]["permissions"]
    matrix = job["strategy"]
    assert matrix["fail-fast"] is False
    assert all("matrix.city" in job["with"][own] for own in ("config", "state", "environment"))
    group = workflow("city.yml")["jobs"]["city"]["concurrency"]["group"]
    assert "inputs.environment" in group


def test_the_examples_take_the_watch_of_the_variable_name_their_secrets_and_cancel_nobody() -> None:
    import yaml

    for name in ("one-city.yml", "many-cities.yml"):
        told = yaml.safe_load((ROOT / "examples" / name).read_text(encoding="utf-8"))
        job = told["jobs"]["city"]
        assert resolved(job["with"]["watch-for"], {"vars": {}}) == "0m"
        assert resolved(job["with"]["watch-for"], {"vars": {"WATCH_FOR": "330m"}}) == "330m"
        assert set(job["secrets"]) <= set(workflow("city.yml")["on"]["workflow_call"]["secrets"])
        assert "concurrency" not in told, "each city waits for itself alone"
    assert job["strategy"]["fail-fast"] is False


def test_the_clock_of_the_examples_is_the_pipelines_own_but_for_where_it_comes_from() -> None:
    import yaml

    ours, theirs = workflow("pace.yml"), yaml.safe_load((ROOT / "examples" / "pace.yml").read_text(encoding="utf-8"))
    for job in ("first", "last"):
        assert {**ours["jobs"][job], "steps": []} == {**theirs["jobs"][job], "steps": []}
    assert ours["concurrency"] == theirs["concurrency"]


def test_one_city_needs_a_configuration_and_the_secrets_and_nothing_else(runner: Runner) -> None:
    town, sync = runner.town, EXAMPLES / "one-city.yml"
    person = town.clone("city")
    town.git("rm", "-r", "--quiet", ".", at=person)
    (person / "another-city.toml").write_text(configured(town), encoding="utf-8")
    commit(town, person)
    runner.github.runs.clear()
    assert runner.run("sync.yml", "workflow_dispatch", {"dry-run": False}, example=sync).is_green
    assert [one["workflow"] for one in runner.github.dispatched] == ["pace.yml"], "the relay begins"
    town.publish(ARTICLES[20])
    town.now += OPEN
    assert runner.run("sync.yml", example=sync).is_green
    assert len(town.line.accepted) == 1


CITIES = ("kadoma", "example", "mori", "kawa", "yama", "umi")


@pytest.fixture
def cities(runner: Runner) -> Runner:
    """A repository with a configuration, a state directory and an environment for each of six cities, and none at the root."""
    town = runner.town
    person = town.clone("cities")
    town.git("rm", "--quiet", "kadoma.toml", at=person)
    (person / "cities").mkdir()
    for name in CITIES:
        shutil.copy(town.config, person / "cities" / f"{name}.toml")
        (person / "state" / name).mkdir()
        (person / "state" / name / "README.md").write_text(name, encoding="utf-8")
        runner.with_secrets.add(f"line-{name}")
    commit(town, person)
    return runner


def commit(town: Town, clone: Path) -> None:
    town.git("add", ".", at=clone)
    town.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "cities", at=clone)
    town.git("push", "--quiet", at=clone)


def in_the_example(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path / name


def test_a_failed_city_stops_no_other_and_what_waits_is_told_with_its_own_commands(cities: Runner) -> None:
    town, sync = cities.town, EXAMPLES / "many-cities.yml"
    assert cities.run("sync.yml", example=sync).jobs == {"kadoma": True, "example": True}
    person = town.clone("breaks")
    (person / "cities" / "kadoma.toml").write_text("[site]\n", encoding="utf-8")
    commit(town, person)
    town.publish(ARTICLES[20], at=town.now - timedelta(days=30))
    town.now += OPEN
    assert cities.run("sync.yml", example=sync).jobs == {"kadoma": False, "example": True}
    body = next(issue["body"] for issue in cities.github.issues if "<!-- kadoma-line: waiting" in issue["body"])
    assert "返信して決める" not in body
    assert "post.yml" not in body
    (approve,) = re.findall(r"`(kadoma-line approve .*?)`", body)
    assert approve.endswith("--config cities/example.toml --state state/example --actor ログイン名")
    done = town.there(town.clone("person"), *shlex.split(approve)[1:-1], "miryoku")
    assert done.code == 0, done.err
    assert cities.run("sync.yml", example=sync).jobs["example"]
    assert len(town.line.accepted) == 1


def test_six_cities_of_one_repository_stay_below_githubs_limit_of_requests(cities: Runner, tmp_path: Path) -> None:
    """Twenty minutes in which each link of the clock finds news in every city."""
    town = cities.town
    sync = in_the_example(tmp_path, "many-cities.yml", "[kadoma, example]", f"[{', '.join(CITIES)}]")
    pace = in_the_example(tmp_path, "pace.yml", "for city in example", f"for city in {' '.join(CITIES[1:])}")
    assert cities.run("sync.yml", example=sync).is_green
    town.now += OPEN
    cities.github.clear_requests()
    for turn in range(2):  # two waits and two looks a link
        town.publish(ARTICLES[20 + turn])
        town.now += timedelta(minutes=10)
        cities.github.runs[:] = [run for run in cities.github.runs if run["status"] == "completed"]
        cities.github.dispatched.clear()
        assert cities.run(
            "pace.yml", "workflow_dispatch", actor=BOT, waited=timedelta(minutes=10), example=pace
        ).is_green
        assert [one["workflow"] for one in cities.github.dispatched].count("sync.yml") == 1, (
            "the first that looks wakes it for all"
        )
        cities.github.runs[:] = [run for run in cities.github.runs if run["status"] == "completed"]
        assert cities.run("sync.yml", "workflow_dispatch", {"dry-run": False}, actor=BOT, example=sync).is_green
    assert len(town.line.accepted) == len(CITIES)
    assert len(cities.github.requests) < 1000 / 3 / 2, "with as much again for people"
