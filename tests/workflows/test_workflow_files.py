"""What every workflow file must hold, whatever it does."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.sandbox.articles import ARTICLES
from tests.town import ROOT
from tests.workflows.expressions import evaluate, resolved
from tests.workflows.runner import WORKFLOWS, Runner, load

NAMES = sorted(file.name for file in WORKFLOWS.glob("*.yml"))
BIN = Path(sys.executable).parent
EXAMPLES = sorted((ROOT / "examples").rglob("*.yml"))
ACTIONS = [ROOT / ".github" / "actions" / "install" / "action.yml"]
PINNED = re.compile(r"^[\w./-]+@[0-9a-f]{40}$")
WRITERS = {"sync.yml": "sync", "post.yml": "post", "reply.yml": "decide", "city.yml": "city", "report.yml": "report"}


def jobs(name: str) -> list[tuple[str, dict[str, Any]]]:
    return list(load(name)["jobs"].items())


def steps(name: str) -> list[dict[str, Any]]:
    return [step for _, job in jobs(name) for step in job.get("steps", [])]


def test_zizmor_finds_nothing_that_is_not_justified_beside_its_line() -> None:
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", "--persona=auditor", "--format=plain", ".github", *map(str, EXAMPLES)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for file in [*WORKFLOWS.glob("*.yml"), *ACTIONS, *EXAMPLES]:
        for line in file.read_text(encoding="utf-8").splitlines():
            if "zizmor: ignore" in line:
                assert re.search(r"zizmor: ignore\[[\w-]+\] \S+ \S+", line), (
                    f"{file.name}: no reason beside {line.strip()}"
                )


def test_actionlint_finds_nothing_in_the_workflows_nor_shellcheck_in_their_scripts() -> None:
    files = [*map(str, WORKFLOWS.glob("*.yml")), *map(str, EXAMPLES)]
    command = [str(BIN / "actionlint"), "-no-color", "-shellcheck", str(BIN / "shellcheck"), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_is_really_asked(tmp_path: Path) -> None:
    file = tmp_path / "broken.yml"
    file.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: rm -rf $1/*\n", encoding="utf-8"
    )
    command = [str(BIN / "actionlint"), "-no-color", "-shellcheck", str(BIN / "shellcheck"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "SC2115" in done.stdout or "SC2086" in done.stdout


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", [*map(str, WORKFLOWS.glob("*.yml")), *map(str, EXAMPLES)]),
        ("vendor.github-actions", list(map(str, ACTIONS))),
        ("vendor.dependabot", [str(ROOT / ".github" / "dependabot.yml")]),
    ],
)
def test_the_files_follow_githubs_own_schema(schema: str, files: list[str]) -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", schema, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_permission_but_those_that_a_job_names(name: str) -> None:
    assert load(name)["permissions"] == {}
    for job, told in jobs(name):
        assert isinstance(told.get("permissions"), dict), f"{name}: {job} names no permissions"


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_by_its_full_hash_with_the_version_beside_it(name: str) -> None:
    for line in (WORKFLOWS / name).read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\s*(?:- )?uses: (\S+)(.*)$", line):
            if found[1].startswith("./"):
                continue
            assert PINNED.match(found[1]), line
            assert re.match(r" # v\d+\.\d+\.\d+$", found[2]), line


def test_the_same_action_has_the_same_hash_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for name in NAMES:
        for step in steps(name):
            action, _, version = step.get("uses", "").partition("@")
            if version:
                pins.setdefault(action, set()).add(version)
    assert {action: len(versions) for action, versions in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_stands_in_a_script(name: str) -> None:
    for step in steps(name):
        assert "${{" not in step.get("run", ""), f"{name}: {step['name']}"


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_only_in_the_step_that_needs_it(name: str) -> None:
    workflow = load(name)
    without_steps = [
        {key: value for key, value in job.items() if key not in ("steps", "secrets")} for _, job in jobs(name)
    ]
    assert "secrets." not in str(workflow.get("env", "")) + str(without_steps)
    for step in steps(name):
        if "secrets.LINE" in str(step):
            assert re.search(r"kadoma-line (run|watch|doctor|report)", step["run"]), (
                f"{name}: {step['name']} needs no LINE secret"
            )


@pytest.mark.parametrize("name", ["ci.yml", "preview.yml"])
def test_what_runs_for_a_fork_has_no_secret_and_no_write_permission(name: str) -> None:
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert all(set(job["permissions"].values()) <= {"read"} for _, job in jobs(name))


def test_the_line_secrets_are_in_one_environment_and_approval_is_in_another_without_a_group() -> None:
    post = dict(jobs("post.yml"))
    assert post["post"]["environment"]["name"] == dict(jobs("sync.yml"))["sync"]["environment"]["name"] == "line"
    assert post["approval"]["environment"] == "line-approval"
    assert "concurrency" not in post["approval"]
    assert "concurrency" not in load("post.yml")
    assert post["approval"]["permissions"] == {}


def test_all_writers_of_the_state_queue_in_one_group_and_none_is_dropped() -> None:
    for name, job in WRITERS.items():
        told = dict(jobs(name))[job]["concurrency"]
        assert told["queue"] == "max"
        assert "cancel-in-progress" not in told
        assert "kadoma-line-state" in told["group"]
    group = dict(jobs("sync.yml"))["sync"]["concurrency"]["group"].removeprefix("${{").removesuffix("}}")
    assert (
        evaluate(group, {"inputs": {}, "github": {"run_id": "7"}})
        == dict(jobs("post.yml"))["post"]["concurrency"]["group"]
    )
    assert evaluate(group, {"inputs": {"dry-run": True}, "github": {"run_id": "7"}}) == "kadoma-line-dry-run-7"


def test_every_job_ends_within_the_six_hours_that_a_runner_gives() -> None:
    for name in NAMES:
        for job, told in jobs(name):
            if "uses" not in told:
                for watch in ("", "330m"):
                    minutes = resolved(told["timeout-minutes"], {"vars": {"WATCH_FOR": watch}})
                    assert int(minutes) < 360, f"{name}: {job}"


@pytest.mark.parametrize("name", ["sync.yml", "watchdog.yml", "pace.yml"])
def test_the_schedule_is_in_japanese_time_at_quiet_minutes(name: str) -> None:
    for entry in load(name)["on"]["schedule"]:
        assert entry["timezone"] == "Asia/Tokyo"
        minutes = {int(minute) for minute in entry["cron"].split()[0].split(",")}
        assert not minutes & {0, 1, 2, 3, 4, 5, 15, 30, 45, 55, 56, 57, 58, 59}


def test_the_main_job_is_scheduled_day_and_night_every_day() -> None:
    crons = [entry["cron"].split() for entry in load("sync.yml")["on"]["schedule"]]
    assert any(cron[1] in ("*", "*/2") and cron[2:] == ["*"] * 3 for cron in crons)


def test_the_clock_holds_no_secret_may_start_workflows_and_nothing_else_and_waits_in_no_group_of_the_writers() -> None:
    told = load("pace.yml")
    assert told["concurrency"] == {"group": "kadoma-line-pace", "queue": "max"}  # none is cancelled, none mails anybody
    assert set(told["on"]) == {"workflow_dispatch", "schedule"}
    for _, job in jobs("pace.yml"):
        assert job["environment"] == {"name": "pace", "deployment": False}
        assert job["permissions"] == {"actions": "write"}
        assert "concurrency" not in job
        assert "secrets." not in str(job)


@pytest.mark.parametrize("name", ["sync.yml", "post.yml", "pace.yml", "watchdog.yml", "city.yml"])
def test_no_run_is_cancelled_for_another_which_would_mail_whoever_started_it(name: str) -> None:
    told = load(name)
    groups = [one["concurrency"] for one in [told, *told["jobs"].values()] if "concurrency" in one]
    assert groups
    assert all(group.get("queue") == "max" for group in groups)


def test_a_manual_start_of_the_main_job_is_a_dry_run_unless_told_otherwise() -> None:
    assert load("sync.yml")["on"]["workflow_dispatch"]["inputs"]["dry-run"]["default"] is True


def test_ci_runs_on_every_python_that_is_supported() -> None:
    job = dict(jobs("ci.yml"))["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert job["steps"][-1]["run"].startswith("PYTHON=python3 "), "and on no other that the machine has"


def test_the_install_step_takes_everything_from_hash_locks_that_exist() -> None:
    script = yaml.safe_load(ACTIONS[0].read_text(encoding="utf-8"))["runs"]["steps"][0]["run"]
    locks = re.findall(r"--require-hashes -r \"\$source/([\w.-]+)\"", script)
    assert locks == ["requirements-uv.lock", "requirements.lock"]
    assert len(re.findall(r"pip install", script)) == len(locks) + len(
        re.findall(r"--no-deps --no-build-isolation", script)
    )
    for lock in locks:
        text = (ROOT / lock).read_text(encoding="utf-8")
        requirements = re.findall(r"(?m)^([\w.-]+)==", text)
        assert requirements
        assert len(re.findall(r"(?m)^[\w.-]+==[^\n]*\\\n +--hash=sha256:[0-9a-f]{64}", text)) == len(requirements), lock


def test_the_lock_has_every_dependency_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8")))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    assert {re.split(r"[<>=]", name)[0] for name in wanted} <= locked


def test_the_files_that_decide_what_is_posted_have_owners() -> None:
    owners = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8")
    for path in ("/kadoma.toml", "/pipeline/", "/pipeline/policy/", "/templates/", "/.github/"):
        assert re.search(rf"(?m)^{re.escape(path)}\s+@kadoma-city/ict", owners), f"{path}: an engineer looks, too"
        assert (ROOT / path.strip("/")).exists()


def test_every_run_step_of_the_workflows_that_act_is_carried_out_here(runner: Runner) -> None:
    runner.town.now += timedelta(hours=2)
    runner.variables["SIGN_OF_LIFE"] = runner.town.city.url
    text: dict[str, object] = {"action": "投稿", "title": "題名", "text": "本文", "why": "理由"}
    starts: list[tuple[str, str, dict[str, object]]] = [
        ("pace.yml", "schedule", {}), ("sync.yml", "schedule", {}), ("sync.yml", "workflow_dispatch", {}),
        ("post.yml", "workflow_dispatch", text), ("watchdog.yml", "schedule", {}), ("doctor.yml", "workflow_dispatch", {}),
    ]  # fmt: skip
    done = {
        (name, step.name)
        for name, event, inputs in starts
        for step in runner.run(name, event, inputs, waited=timedelta(minutes=12)).steps
    }
    assert done == {(name, step["name"]) for name, _, _ in starts for step in steps(name) if "run" in step}
    assert runner.secrets_that_leaked() == []


def test_the_preview_shows_what_would_be_sent_and_its_pictures_are_of_pages_that_it_writes(runner: Runner) -> None:
    """Its steps but those that need a runner's own Chrome, in the order of the file."""
    script = {step["name"]: step["run"] for step in steps("preview.yml") if "run" in step}
    runner.town.publish(ARTICLES[20])
    runner.town.now += timedelta(hours=2)
    clone = runner.town.clone("pull-request")
    temp = runner.town.folder / "temp"
    summary = runner.town.folder / "summary.md"
    environment = runner.town.process_environment({"RUNNER_TEMP": str(temp), "GITHUB_STEP_SUMMARY": str(summary)})
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    for name in ("Gallery", "What would be sent now"):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script[name]]
        subprocess.run(command, cwd=clone, env=environment, capture_output=True, check=True)
    [pages] = re.findall(r"for page in (.+); do", script["Screenshots"])
    assert all((temp / "preview" / f"{page}.html").exists() for page in pages.split())
    assert ARTICLES[20].title in summary.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_wherever_lines_secrets_are_at_hand_the_addresses_are_pinned_outside_the_configuration(name: str) -> None:
    for step in steps(name):
        env = step.get("env", {})
        assert ("LINE_CHANNEL_SECRET" in env) == ("ALLOWED_LINE_API" in env) == ("ALLOWED_SITE_HOSTS" in env), step[
            "name"
        ]


def test_make_lock_waits_a_week_for_new_releases_as_security_says() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "LOCK_UNTIL ?= $(shell date -u -d '7 days ago'" in makefile
    assert '--exclude-newer "$(LOCK_UNTIL)"' in makefile
