"""An embedded GitHub on loopback: the few endpoints of its REST API that the pipeline uses, with their permissions."""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.doubles.fault import Fault
from tests.doubles.loopback import FaultyServer, Request, Response

REPOSITORY = "kadoma/kadoma-line"
# Made up, for this machine only.
TOKEN = "sandbox-github-token"  # noqa: S105
BOT = "github-actions[bot]"
USER = {"login": BOT, "type": "Bot"}  # who a job's own token is
PAGE = 30  # entries a page unless `per_page` says otherwise

Handler = Callable[[Request, dict[str, str]], Response]


class GitHubServer(FaultyServer):
    """The server. Plain attributes may be changed while it runs.

    `permissions` are those of the job's token; `runs` and `workflows` are what the Actions endpoints tell; `approvals`
    the review history of a run; `dispatched` the workflow files and inputs of the runs that were asked for; `environments`
    and `rules` (of every branch) are what people set up; `comments` are those of the workflows, `written` everybody's.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        repository: str = REPOSITORY,
    ) -> None:
        super().__init__(port=port, tls=tls)
        self.now, self.repository = now, repository
        self.permissions = {"contents": "write", "issues": "write", "actions": "write"}
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[int, str]] = []
        self.written: list[dict[str, Any]] = []
        self._edited: dict[str, str] = {}
        self.runs: list[dict[str, Any]] = []
        self.workflows = dict.fromkeys(("sync.yml", "post.yml", "pace.yml", "watchdog.yml", "doctor.yml"), "active")
        self.environments: dict[str, dict[str, Any]] = {
            "line": _environment(),
            "line-approval": _environment({"type": "required_reviewers", "prevent_self_review": True}, bypass=False),
            "pace": _environment({"type": "wait_timer", "wait_timer": 5}),
        }
        self.rules: list[dict[str, Any]] = []
        self.approvals: dict[str, list[dict[str, Any]]] = {}
        self.dispatched: list[dict[str, Any]] = []

    def fail(self, fault: Fault, times: int | None = 1, path: str = "/") -> None:
        """The next `times` requests (None: all) whose path begins with `path` end in the fault."""
        self.arm(path, fault, times)

    def open_issues(self) -> dict[str, dict[str, Any]]:
        """Title → issue, of those that are open."""
        with self.lock:
            return {str(issue["title"]): dict(issue) for issue in self.issues if issue["state"] == "open"}

    def write(self, issue: int, login: str, body: str, kind: str = "User") -> int:
        """Somebody answers an issue, by mail or in the browser; returns the comment's id."""
        with self.lock:
            return int(self._keep(issue, body, {"login": login, "type": kind})["id"])

    def edit(self, comment: int, body: str) -> None:
        """Somebody changes a comment afterwards."""
        with self.lock:
            [record] = [one for one in self.written if one["id"] == comment]
            record |= {"body": body, "updated_at": _stamp(self.now() + timedelta(minutes=1))}
            self._edited[record["node_id"]] = record["updated_at"]

    def touch(self, comment: int, after: timedelta) -> None:
        """GitHub stores a comment once more, as it does with some that came by mail: its text is the same."""
        with self.lock:
            [record] = [one for one in self.written if one["id"] == comment]
            record["updated_at"] = _stamp(datetime.fromisoformat(record["created_at"]) + after)

    def delete(self, comment: int) -> None:
        with self.lock:
            self.written = [one for one in self.written if one["id"] != comment]

    def add_run(self, workflow: str, created: datetime, **more: Any) -> dict[str, Any]:
        """A workflow run; by default a scheduled one that succeeded at once."""
        stamp = _stamp(created)
        run = {
            "id": 1000 + len(self.runs), "path": f".github/workflows/{workflow}", "event": "schedule", "status": "completed",
            "conclusion": "success", "created_at": stamp, "run_started_at": stamp, "updated_at": stamp,
        } | more  # fmt: skip
        with self.lock:
            self.runs.append(run)
        return run

    def approve(self, run: str, *logins: str, environment: str = "line-approval", state: str = "approved") -> None:
        """Reviewers let a run into an environment, or not."""
        with self.lock:
            self.approvals.setdefault(run, []).extend(
                {"state": state, "comment": "", "user": {"login": login}, "environments": [{"name": environment}]}
                for login in logins
            )

    def answer(self, request: Request) -> Response:
        with self.lock:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() not in ("bearer", "token") or token != TOKEN:
                return _json({"message": "Bad credentials"}, 401)
            if request.route == "/graphql" and self._may("issues:read"):
                return self._graphql(request)
            prefix = f"/repos/{self.repository}"
            if not request.route.startswith(f"{prefix}/"):
                return _json({"message": "Not Found"}, 404)
            for method, pattern, permission, handler in self._routes():
                match = re.fullmatch(pattern, request.route.removeprefix(prefix))
                if match and method == request.method:
                    if not self._may(permission):
                        return _json({"message": "Resource not accessible by integration"}, 403)
                    return handler(request, match.groupdict())
            return _json({"message": "Not Found"}, 404)

    def _routes(self) -> list[tuple[str, str, str, Handler]]:
        return [
            ("GET", "/issues", "issues:read", self._list_issues),
            ("GET", r"/issues/(?P<number>\d+)", "issues:read", self._one_issue),
            ("GET", r"/issues/comments/(?P<comment>\d+)", "issues:read", self._one_comment),
            ("GET", r"/issues/(?P<number>\d+)/comments", "issues:read", self._list_comments),
            ("POST", "/issues", "issues:write", self._create_issue),
            ("PATCH", r"/issues/(?P<number>\d+)", "issues:write", self._change_issue),
            ("POST", r"/issues/(?P<number>\d+)/comments", "issues:write", self._comment),
            ("GET", "/actions/runs", "actions:read", self._list_runs),
            ("GET", r"/actions/workflows/(?P<workflow>[\w.-]+)", "actions:read", self._workflow),
            ("GET", r"/actions/workflows/(?P<workflow>[\w.-]+)/runs", "actions:read", self._list_runs),
            ("GET", r"/actions/runs/(?P<run>\d+)/approvals", "actions:read", self._approvals),
            ("GET", r"/actions/runs/(?P<run>\d+)", "actions:read", self._one_run),
            ("POST", r"/actions/runs/(?P<run>\d+)/cancel", "actions:write", self._cancel),
            ("POST", r"/actions/workflows/(?P<workflow>[\w.-]+)/dispatches", "actions:write", self._dispatch),
            ("GET", r"/environments/(?P<name>[\w.-]+)", "actions:read", self._one_environment),
            ("GET", r"/environments/(?P<name>[\w.-]+)/deployment-branch-policies", "actions:read", self._branches),
            ("GET", r"/rules/branches/(?P<branch>[\w.-]+)", "metadata:read", lambda *_: _json(self.rules)),
        ]

    def _may(self, permission: str) -> bool:
        name, _, level = permission.partition(":")
        return name == "metadata" or self.permissions.get(name) in ((level, "write") if level == "read" else ("write",))

    def _list_issues(self, request: Request, _: dict[str, str]) -> Response:
        query = _query(request)
        labels = {label for label in query.get("labels", "").split(",") if label}
        state = query.get("state", "open")
        found = [
            issue
            for issue in reversed(self.issues)
            if state in ("all", issue["state"]) and labels <= {label["name"] for label in issue["labels"]}
        ]
        return _json(_page(found, query))

    def _create_issue(self, request: Request, _: dict[str, str]) -> Response:
        body = json.loads(request.body)
        if not body.get("title"):
            return _json({"message": "Validation Failed"}, 422)
        issue = {
            "number": len(self.issues) + 1, "title": body["title"], "body": body.get("body") or "", "state": "open",
            "labels": [{"name": name} for name in body.get("labels", [])], "created_at": _stamp(self.now()), "user": USER,
        }  # fmt: skip
        self.issues.append(issue)
        return _json(issue, 201)

    def _change_issue(self, request: Request, found: dict[str, str]) -> Response:
        issue = self._issue(found)
        if issue is None:
            return _json({"message": "Not Found"}, 404)
        issue.update(json.loads(request.body))
        return _json(issue)

    def _comment(self, request: Request, found: dict[str, str]) -> Response:
        if self._issue(found) is None:
            return _json({"message": "Not Found"}, 404)
        words = json.loads(request.body)["body"]
        self.comments.append((int(found["number"]), words))
        return _json(self._keep(int(found["number"]), words, USER), 201)

    def _keep(self, number: int, body: str, user: Mapping[str, str]) -> dict[str, Any]:
        stamp = _stamp(self.now())
        url = f"{self.url}/repos/{self.repository}/issues/{number}"
        name = 900 + len(self.written)
        record = {"id": name, "node_id": f"IC_{name}", "issue_url": url, "user": user, "body": body}
        self.written.append(record | {"created_at": stamp, "updated_at": stamp})
        return self.written[-1]

    def _one_issue(self, _: Request, found: dict[str, str]) -> Response:
        issue = self._issue(found)
        return _json(issue) if issue else _json({"message": "Not Found"}, 404)

    def _one_comment(self, _: Request, found: dict[str, str]) -> Response:
        record = next((one for one in self.written if one["id"] == int(found["comment"])), None)
        return _json(record) if record else _json({"message": "Not Found"}, 404)

    def _graphql(self, request: Request) -> Response:
        """When a comment was edited, which only this API tells; REST's `updated_at` moves for other reasons too."""
        asked = json.loads(request.body)
        wanted = asked["variables"]["id"]
        if "lastEditedAt" not in asked["query"] or not any(one["node_id"] == wanted for one in self.written):
            return _json({"data": {"node": None}, "errors": [{"type": "NOT_FOUND"}]})
        return _json({"data": {"node": {"lastEditedAt": self._edited.get(wanted)}}})

    def _list_comments(self, request: Request, found: dict[str, str]) -> Response:
        query, address = _query(request), f"/issues/{found['number']}"
        since = query.get("since", "")
        told = [one for one in self.written if one["issue_url"].endswith(address) and one["updated_at"] >= since]
        return _json(_page(told, query))

    def _issue(self, found: dict[str, str]) -> dict[str, Any] | None:
        return next((issue for issue in self.issues if issue["number"] == int(found["number"])), None)

    def _list_runs(self, request: Request, found: dict[str, str]) -> Response:
        query = _query(request)
        workflow = found.get("workflow")
        runs = [
            run
            for run in sorted(self.runs, key=lambda run: str(run["created_at"]), reverse=True)
            if (workflow is None or run["path"] == f".github/workflows/{workflow}")
            and query.get("event", run["event"]) == run["event"]
            and query.get("status") in (None, run["status"], run["conclusion"])
        ]
        return _json({"total_count": len(runs), "workflow_runs": _page(runs, query)})

    def _workflow(self, _: Request, found: dict[str, str]) -> Response:
        state = self.workflows.get(found["workflow"])
        path = f".github/workflows/{found['workflow']}"
        return _json({"state": state, "path": path}) if state else _json({"message": "Not Found"}, 404)

    def _approvals(self, _: Request, found: dict[str, str]) -> Response:
        return _json(self.approvals.get(found["run"], []))

    def _dispatch(self, request: Request, found: dict[str, str]) -> Response:
        """The run that comes of it is made by the test, or by what the test sets as `on_dispatch`."""
        workflow, state = found["workflow"], self.workflows.get(found["workflow"])
        if state is None:
            return _json({"message": "Not Found"}, 404)
        if state != "active":
            return _json({"message": "Cannot trigger a 'workflow_dispatch' on a disabled workflow"}, 422)
        asked = json.loads(request.body)
        if not all(isinstance(value, str) for value in asked.get("inputs", {}).values()):
            return _json({"message": "Invalid request. For 'properties/inputs', an input is not a string."}, 422)
        self.dispatched.append({"workflow": workflow, "ref": asked["ref"], "inputs": asked.get("inputs", {})})
        self.on_dispatch(workflow)
        return Response(204)

    def on_dispatch(self, workflow: str) -> None:
        """What GitHub does after it has taken a dispatch: a queued run, by the job's own token."""
        run = {"id": 5000 + len(self.runs), "actor": {"login": BOT}, "event": "workflow_dispatch"}
        self.add_run(workflow, self.now(), status="queued", conclusion=None, **run)

    def _one_run(self, _: Request, found: dict[str, str]) -> Response:
        run = self._run(found)
        return _json(run) if run else _json({"message": "Not Found"}, 404)

    def _cancel(self, _: Request, found: dict[str, str]) -> Response:
        run = self._run(found)
        if run is None or run["status"] == "completed":
            return _json({"message": "Cannot cancel a workflow run that is completed"}, 409 if run else 404)
        run.update(status="completed", conclusion="cancelled", updated_at=_stamp(self.now()))
        return _json({}, 202)

    def _run(self, found: dict[str, str]) -> dict[str, Any] | None:
        return next((run for run in self.runs if run["id"] == int(found["run"])), None)

    def _one_environment(self, _: Request, found: dict[str, str]) -> Response:
        told = self.environments.get(found["name"])
        return _json(told | {"name": found["name"]}) if told else _json({"message": "Not Found"}, 404)

    def _branches(self, _: Request, found: dict[str, str]) -> Response:
        told = self.environments.get(found["name"], {}).get("branches", [])
        return _json({"total_count": len(told), "branch_policies": [{"name": name} for name in told]})


def _environment(*rules: dict[str, Any], bypass: bool = True) -> dict[str, Any]:
    """As GitHub tells an environment that is restricted to main."""
    policy = {"protected_branches": False, "custom_branch_policies": True}
    told = [*rules, {"type": "branch_policy"}]
    return {
        "protection_rules": told,
        "deployment_branch_policy": policy,
        "branches": ["main"],
        "can_admins_bypass": bypass,
    }


def _query(request: Request) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(urlsplit(request.path).query).items()}


def _page(entries: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    size, number = int(query.get("per_page", PAGE)), int(query.get("page", 1))
    return entries[(number - 1) * size : number * size]


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode(), (("Content-Type", "application/json"),))
