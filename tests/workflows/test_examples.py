"""The examples for other cities are configurations and workflows that work, and cities in one repository leave each other alone."""

import shutil
from datetime import timedelta
from pathlib import Path

from pipeline.config import load
from pipeline.sandbox.articles import ARTICLES, EMERGENCY
from tests.doubles.github import TOKEN
from tests.town import ROOT, Town
from tests.workflows.expressions import resolved
from tests.workflows.runner import Runner
from tests.workflows.runner import load as workflow

EXAMPLE = ROOT / "examples" / "another-city.toml"


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
        "../kadoma.toml", ""
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


def test_six_cities_of_one_repository_stay_far_below_githubs_limit_of_requests(runner: Runner) -> None:
    town = runner.town
    town.now += timedelta(hours=2)
    runner.github.add_run("sync.yml", town.now - timedelta(minutes=10))
    town.environment |= {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": runner.github.repository,
        "GITHUB_API_URL": runner.github.url,
    }
    town.environment["GITHUB_RUN_ID"] = str(
        runner.github.add_run("pace.yml", town.now - timedelta(minutes=12), status="in_progress")["id"]
    )
    runner.github.clear_requests()
    town.call("pace", "--look", code=0)
    look = len(runner.github.requests)
    town.call("pace", "--last", code=0)
    turn = len(runner.github.requests) - look
    turns_an_hour, syncs_an_hour, cities = 11, 11, 6
    clock_of_a_sync = 3  # restart: links, environment, start
    assert turns_an_hour * (turn + (cities - 1) * look) + syncs_an_hour * cities * clock_of_a_sync < 500
