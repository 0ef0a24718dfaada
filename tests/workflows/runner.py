"""A small runner of GitHub Actions: runs every `run:` step of a workflow as the real one would, in a fresh shallow
clone of a bare remote, with the embedded city, LINE and GitHub; and listens to workflow commands as the real one does."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.doubles.github import TOKEN, GitHubServer
from tests.doubles.line import CHANNEL_ID, CHANNEL_SECRET, LONG_LIVED_TOKEN
from tests.remembered import remembered
from tests.town import ROOT, SCRIPT, Town, series
from tests.workflows.expressions import holds, resolved
from tests.zygote.launcher import Launcher

WORKFLOWS = ROOT / ".github" / "workflows"
CHECKOUT, INSTALL, UPLOAD = "actions/checkout@", ".github/actions/install", "actions/upload-artifact@"
CITY = "/.github/workflows/city.yml@"
SECRETS = {"LINE_CHANNEL_ID": CHANNEL_ID, "LINE_CHANNEL_SECRET": CHANNEL_SECRET}
# actions/runner, ActionCommand.cs: `::name properties::data` after leading blanks; the older `##[name properties]data` anywhere.
COMMAND = re.compile(r"^\s*::(?P<name>[\w-]+)(?: [^:]*)?::(?P<data>.*)$")
OLD_COMMAND = re.compile(r"##\[(?P<name>[\w-]+)[^\]]*\](?P<data>.*)$")


@functools.cache
def load(name: str, folder: Path = WORKFLOWS) -> dict[str, Any]:
    """A workflow file; PyYAML takes `on` for a truth value, which is put right. (libyaml: the parser in Python takes 0.1 s a file.)"""
    raw = yaml.load((folder / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
    raw["on"] = raw.pop(True)
    workflow: dict[str, Any] = raw
    return workflow


class Step:
    """What one `run:` step did. `log` is what the runner's log page shows: masked, without the commands it obeyed."""

    def __init__(self, job: str, name: str, code: int, output: str, summary: str) -> None:
        self.job, self.name, self.code, self.output, self.summary = job, name, code, output, summary
        self.commands, self.log = obeyed(output)


def obeyed(output: str) -> tuple[list[tuple[str, str]], str]:
    """The workflow commands that the runner carries out, and the log that remains."""
    commands: list[tuple[str, str]] = []
    kept, deaf_until = [], ""
    for line in output.splitlines():
        found = COMMAND.match(line) or OLD_COMMAND.search(line)
        if deaf_until:
            if found is None and line.strip() != f"::{deaf_until}::":
                kept.append(line)
            elif line.strip() == f"::{deaf_until}::":
                deaf_until = ""
            else:
                kept.append(line)
            continue
        if found is None:
            kept.append(line)
            continue
        commands.append((found["name"], found["data"]))
        if found["name"] == "stop-commands":
            deaf_until = found["data"]
    log = "\n".join(kept)
    for name, data in commands:
        if name == "add-mask" and data:
            log = log.replace(data, "***")
    return commands, log


class Run:
    """One run of a workflow: the steps that were carried out, in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.jobs: dict[str, bool] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self.artifacts: dict[str, list[Path]] = {}

    @property
    def is_green(self) -> bool:
        return all(self.jobs.values())

    @property
    def summary(self) -> str:
        return "".join(step.summary for step in self.steps)

    @property
    def log(self) -> str:
        return "\n".join(step.log for step in self.steps)

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def has(self, name: str) -> bool:
        return any(step.name == name for step in self.steps)


class Runner:
    """A repository on an embedded GitHub, whose main is a town's remote.

    `before` is called with the workspace before the step of a name: to let things happen at that moment.
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.github = GitHubServer(now=lambda: town.now)
        self.github.start()
        self.secrets: dict[str, str] = dict(SECRETS)
        self.with_secrets = {"line"}  # environments that hold them
        self.variables: dict[str, str] = {"WATCH_FOR": "0m", "ALLOWED_LINE_API": town.line.url}
        self.before: dict[str, Callable[[Path], None]] = {}
        self.runs: list[Run] = []
        self.default_branch = "main"
        self._number = 7000
        self.commit_configuration()
        self._launcher = Launcher(SCRIPT, series)

    def commit_configuration(self) -> None:
        """The town's configuration at the root of main, as a person puts it there."""
        about = ("a commit of the configuration", self.town.config.read_text(encoding="utf-8"))
        remembered(about, self.town.folder, ("remote.git",), self._commit_configuration)

    def _commit_configuration(self) -> tuple[None, bool]:
        clone = self.town.clone(f"person-{len(list(self.town.folder.glob('person-*')))}")
        shutil.copy(self.town.config, clone / "kadoma.toml")
        self.town.git("add", ".", at=clone)
        person = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
        self.town.git(*person, "commit", "--quiet", "--allow-empty", "-m", "configuration", at=clone)
        self.town.git("push", "--quiet", at=clone)
        return None, True

    def run(
        self,
        workflow: str,
        event: str = "schedule",
        inputs: Mapping[str, Any] | None = None,
        *,
        actor: str = "miryoku",
        approved_by: str = "",
        again_by: str = "",
        again: str = "",
        waited: timedelta = timedelta(0),
        payload: Mapping[str, Any] | None = None,
        example: Path | None = None,
    ) -> Run:
        """Start a workflow and wait for its end.

        Args:
            again: a job that failed in the run before: "Re-run failed jobs".
            waited: how long ago the run was asked for.
            example: the file that stands in this city's repository as that workflow.
        """
        self._number += not again
        number = str(self._number)
        definition = load(example.name, example.parent) if example else load(workflow)
        assert event in definition["on"], f"{workflow} does not start on {event}"
        if approved_by:
            self.github.approve(number, approved_by)
        contexts = {
            "github": {"event_name": event, "run_id": number, "actor": actor, "token": TOKEN, "workflow": workflow, "ref": "refs/heads/main", "ref_name": "main", "event": payload or {}},
            "inputs": self._inputs(definition, event, inputs or {}), "secrets": {}, "vars": self.variables, "needs": {},
        }  # fmt: skip
        done = Run()
        self.runs.append(done)
        names = list(definition["jobs"])
        done.jobs = dict.fromkeys(names[: names.index(again)] if again else (), True)
        of_github = self.github.add_run(
            workflow, self.town.now - waited, id=self._number, event=event, status="in_progress", conclusion=None,
            actor={"login": actor}, display_title=resolved(definition.get("run-name", ""), contexts),
        )  # fmt: skip
        for name, job in definition["jobs"].items():
            if name in done.jobs:
                continue
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            if not all(done.jobs.get(need) for need in needs) and "cancelled()" not in str(job.get("if")):
                continue
            if not holds(job.get("if"), contexts):
                continue
            if CITY in job.get("uses", ""):
                called = load("city.yml")
                for city, given in self._cities(job, called, contexts):
                    theirs = contexts | {"inputs": given}
                    done.jobs[city] = self._job("city", called["jobs"]["city"], called, theirs, done, again_by or actor)
                continue
            done.jobs[name] = self._job(name, job, definition, contexts, done, again_by or actor)
            contexts["needs"][name] = {"outputs": done.outputs.get(name, {})}
        of_github.update(status="completed", conclusion="success" if done.is_green else "failure")
        return done

    @staticmethod
    def _inputs(definition: dict[str, Any], event: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if event != "workflow_dispatch":
            return {}
        known = (definition["on"]["workflow_dispatch"] or {}).get("inputs", {})
        assert set(given) <= set(known), f"the form has no {set(given) - set(known)}"
        for name, value in given.items():
            assert known[name]["type"] != "choice" or value in known[name]["options"], f"{name} offers no {value}"
        return {name: given.get(name, told.get("default", "")) for name, told in known.items()}

    @staticmethod
    def _cities(
        job: dict[str, Any], called: dict[str, Any], contexts: dict[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each city of the matrix, and what city.yml is called with for it."""
        known = called["on"]["workflow_call"]["inputs"]
        for city in job.get("strategy", {}).get("matrix", {}).get("city", [""]):
            here = contexts | {"matrix": {"city": city}}
            given: dict[str, Any] = {name: resolved(value, here) for name, value in job["with"].items()}
            given["dry-run"] = given.get("dry-run") == "true"
            assert {name for name, told in known.items() if told.get("required")} <= set(given) <= set(known)
            yield city or "city", {name: given.get(name, told.get("default", "")) for name, told in known.items()}

    def _job(
        self,
        name: str,
        job: dict[str, Any],
        definition: dict[str, Any],
        contexts: dict[str, Any],
        done: Run,
        triggering: str,
    ) -> bool:
        # A job gets the secrets of its environment and no others, and its token may do what its permissions say.
        environment = job.get("environment", "")
        environment = resolved(environment["name"] if isinstance(environment, dict) else environment, contexts)
        steps: dict[str, Any] = {}
        contexts = contexts | {"secrets": self.secrets if environment in self.with_secrets else {}, "steps": steps}
        permissions = job.get("permissions", definition["permissions"])
        self.github.permissions = dict(permissions)
        temp = self.town.folder / f"runner-{contexts['github']['run_id']}-{name}-{environment}"
        shutil.rmtree(temp, ignore_errors=True)
        temp.mkdir()
        contexts = contexts | {"runner": {"temp": str(temp)}}
        workspace = temp / "workspace"
        failed = False
        for step in job["steps"]:
            if not holds(step.get("if"), contexts) or (failed and "cancelled()" not in str(step.get("if"))):
                continue
            uses = step.get("uses", "")
            if uses.startswith(CHECKOUT):
                self._check_out(workspace, step["with"], contexts)
            elif INSTALL in uses or not uses:
                if not uses:
                    if meanwhile := self.before.pop(step["name"], None):
                        meanwhile(workspace)
                    outcome = self._step(name, step, [definition, job], contexts, temp, workspace, triggering)
                    done.steps.append(outcome)
                    failed = failed or bool(outcome.code)
                    steps[step.get("id", "")] = {"outputs": self.runs[-1].outputs.get(name, {})}
            elif uses.startswith(UPLOAD):  # what it shall keep must be there, as `if-no-files-found: error` wants
                done.artifacts[step["with"]["name"]] = list(Path(resolved(step["with"]["path"], contexts)).rglob("*"))
                assert done.artifacts[step["with"]["name"]]
            else:
                raise AssertionError(f"this small runner does not know {uses}")
        return not failed

    def _check_out(self, workspace: Path, options: Mapping[str, Any], contexts: dict[str, Any]) -> None:
        """As actions/checkout does: shallow unless `fetch-depth` is 0, a local branch that follows the remote's."""
        if "repository" in options:  # the pipeline itself, which is installed already
            return
        branch = resolved(options["ref"], contexts)
        assert resolved(options["persist-credentials"], contexts) == "false"
        depth = () if options.get("fetch-depth") == 0 else ("--depth=1",)
        tip = self.town.git("rev-parse", branch, at=self.town.remote)
        fresh = self.town.folder / "fresh"

        def work() -> tuple[None, bool]:
            self.town.git("init", "--quiet", str(fresh))
            self.town.git("remote", "add", "origin", f"file://{self.town.remote}", at=fresh)
            what = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
            self.town.git("fetch", "--quiet", "--no-tags", *depth, "origin", what, at=fresh)
            self.town.git("checkout", "--quiet", "--force", "-B", branch, f"refs/remotes/origin/{branch}", at=fresh)
            return None, True

        remembered(("a checkout", branch, depth, tip), self.town.folder, (fresh.name,), work)
        fresh.rename(workspace)

    def _step(
        self,
        job: str,
        step: dict[str, Any],
        levels: list[dict[str, Any]],
        contexts: dict[str, Any],
        temp: Path,
        workspace: Path,
        triggering: str,
    ) -> Step:
        if not workspace.exists():
            workspace.mkdir()
        files = {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_bytes(b"")
        own: dict[str, Any] = {}
        for level in [*levels, step]:
            own |= level.get("env", {})
        context = contexts["github"]
        environment = {
            "PATH": f"{temp}{os.pathsep}{os.environ['PATH']}", "HOME": str(temp), "LANG": "C.UTF-8", "RUNNER_TEMP": str(temp),
            "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": self.github.repository, "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": context["run_id"], "GITHUB_EVENT_NAME": context["event_name"],
            "GITHUB_ACTOR": context["actor"], "GITHUB_REF_NAME": self.default_branch, "GITHUB_TRIGGERING_ACTOR": triggering, "GITHUB_WORKSPACE": str(workspace),
            "KADOMA_LINE_SANDBOX_CLOCK": self.town.now.isoformat(),
            **{name: str(file) for name, file in files.items()},
            **{name: resolved(value, contexts) for name, value in own.items()},
        }  # fmt: skip
        assert "${{" not in step["run"], f"{step['name']}: an expression in a script"
        self._launcher.write_program(temp)
        script = temp / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=workspace, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        told = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines())
        self.runs[-1].outputs.setdefault(job, {}).update(told)
        summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        assert files["GITHUB_ENV"].read_text() == "", "nothing of ours writes to the environment of later steps"
        return Step(job, step["name"], done.returncode, done.stdout, summary)

    # What the world looks like afterwards

    def commits(self) -> list[str]:
        """Subjects of main on the remote, newest first."""
        return self.town.git("log", "--format=%s", "main", at=self.town.remote).splitlines()

    def secrets_that_leaked(self) -> list[str]:
        """Secrets in any log, summary, issue, file or commit; none may."""
        tokens = [CHANNEL_SECRET, LONG_LIVED_TOKEN, TOKEN, *self.town.line.issued_tokens()]
        places = {
            "log": "\n".join(run.log for run in self.runs),
            "summary": "\n".join(run.summary for run in self.runs),
            "issues": f"{self.github.issues}{self.github.comments}",
            "commits": self.town.git("log", "--all", "-p", "--format=%B%an%ae", at=self.town.remote),
        }
        for file in self.town.folder.rglob("*"):
            if file.is_file() and "remote.git" not in file.parts and ".git" not in file.parts[:-2]:
                places[str(file)] = file.read_bytes().decode("utf-8", "replace")
        return [
            f"{token[:12]}… in {place}" for place, text in places.items() for token in tokens if token and token in text
        ]

    def stop(self) -> None:
        self._launcher.stop()
        self.github.stop()
        assert self.github.errors == []
