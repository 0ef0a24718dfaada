"""GitHub's REST API, as far as the reports need it: issues, workflow runs and starting them, environments, approvals."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipeline.config import Config
from pipeline.masking import masked, short
from pipeline.report.safe import line

if TYPE_CHECKING:
    import requests

TIMEOUT = (5, 20)  # seconds to connect, and to wait for an answer
VERSION = "2022-11-28"
NOT_FOUND = 404
BOT = "github-actions[bot]"  # whoever a job's own token acts as
# GitHub touches comments that nobody edited, often a second after they came; nobody edits as fast:
# https://github.com/palantir/policy-bot/pull/459
TOUCHED = timedelta(seconds=2)
EDITED = "query($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt } } }"
DRY_RUN = "試すだけ"  # in the run-name of sync.yml: such a run proves nothing, and stands in nobody's way


log = logging.getLogger("kadoma_line")

SENDABLE = re.compile(r"[!-~]*")  # what a header can hold of a token


class GitHubError(Exception):
    """GitHub did not do what was asked; the message says what and why. `status` 0: it did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def tolerated(made_good: str = "") -> Iterator[None]:
    """GitHub's failures are logged, and end nothing but this; `made_good`: by whom and when."""
    try:
        yield
    except GitHubError as error:
        log.warning("%s%s", line(error), f"; {made_good}" if made_good else "")


P = ParamSpec("P")
T = TypeVar("T")


def understood(ask: Callable[P, T]) -> Callable[P, T]:
    """An answer that is not as GitHub documents it is a GitHubError as well."""

    @wraps(ask)
    def asked(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return ask(*arguments, **named)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise GitHubError(f"GitHub's answer cannot be read ({ask.__name__}: {error!r})") from None

    return asked


class Run(Struct, frozen=True):
    """A workflow run. `at`: when it was asked for; it may wait for its turn since then. `updated`: when it ended, or was heard of last."""

    id: int
    path: str
    event: str
    status: str
    conclusion: str
    at: datetime
    updated: datetime
    title: str = ""  # its run-name
    actor: str = ""

    @property
    def is_alive(self) -> bool:
        return self.status != "completed"

    @property
    def is_dry(self) -> bool:
        return DRY_RUN in self.title


class Environment(Struct, frozen=True):
    """What guards an environment. `wait`: minutes; `branches`: None when every branch may use it; ("*",) stands for all
    protected ones."""

    wait: int = 0
    reviewers: bool = False
    branches: tuple[str, ...] | None = None


class Issue(Struct, frozen=True):
    """`by_a_bot`: opened by a workflow or an app, not by a person."""

    number: int
    title: str
    body: str
    labels: tuple[str, ...]
    is_open: bool = True
    by_a_bot: bool = True


class Comment(Struct, frozen=True):
    """What somebody wrote under an issue; `edited`: its text may not be the one that was mailed to people."""

    id: int
    issue: int
    author: str
    by_a_bot: bool
    body: str
    at: datetime
    edited: bool


class GitHub:
    """One repository.

    Args:
        api: the API's address, without a trailing slash.
        graphql: that of its GraphQL API; by default where github.com and GitHub Enterprise Server have it.
        repository: "owner/name".
        token: goes into the Authorization header and nowhere else.
    """

    def __init__(self, api: str, repository: str, token: str, graphql: str = "") -> None:
        api = api.rstrip("/")
        self._base, self._token = f"{api}/repos/{repository}", token
        self._graphql = graphql or f"{api.removesuffix('/v3')}/graphql"

    @classmethod
    def of(cls, config: Config, environment: Mapping[str, str]) -> "GitHub | None":
        """The repository of this run; None without a token, a repository or an address, and with a token that no header can
        hold: what should have been an issue is then told on stderr."""
        token, repository = (
            environment.get("GITHUB_TOKEN", "").strip(),
            environment.get("GITHUB_REPOSITORY", "").strip(),
        )
        if not SENDABLE.fullmatch(token):
            log.warning("GITHUB_TOKEN holds a line break, a blank or a letter beyond ASCII; set it again")
            return None
        api = environment.get("GITHUB_API_URL") or config.github.api
        graphql = environment.get("GITHUB_GRAPHQL_URL", "")
        return cls(api, repository, token, graphql) if token and repository and api else None

    @understood
    def issues(self, labels: Sequence[str], state: str = "open") -> list[Issue]:
        """Open issues that carry all these labels, newest first; with state "all" the closed ones too."""
        found = self._ask("GET", "/issues", {"labels": ",".join(labels), "state": state, "per_page": "100"})
        return [_issue(issue) for issue in found if "pull_request" not in issue]

    @understood
    def issue(self, number: int) -> Issue:
        return _issue(self._ask("GET", f"/issues/{number}"))

    @understood
    def comment_of(self, number: int) -> Comment | None:
        """A comment by its id, as it stands now; None when it is gone."""
        raw = self._found(f"/issues/comments/{number}")
        if raw is None:
            return None
        comment = _comment(raw)
        return replace(comment, edited=self._was_edited(raw)) if comment.edited else comment

    def _was_edited(self, comment: Any) -> bool:
        """Whether somebody changed the text of a comment that GitHub touched later: its REST API does not tell them apart."""
        try:
            asked = {"query": EDITED, "variables": {"id": str(comment["node_id"])}}
            told = self._ask("POST", self._graphql, json=asked)
            return told["data"]["node"]["lastEditedAt"] is not None
        except (GitHubError, LookupError, TypeError) as error:
            log.warning("GitHub does not tell whether a comment was edited, so it counts as edited: %r", error)
            return True

    @understood
    def comments_since(self, issue: int, since: datetime) -> list[Comment]:
        """What was written or changed under an issue since then."""
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = self._ask("GET", f"/issues/{issue}/comments", {"since": stamp, "per_page": "100"})
        return [_comment(one) for one in found]

    def write_issue(self, there: Issue | None, title: str, body: str, labels: Sequence[str]) -> Issue | None:
        """Open an issue, or make the one that is there say this; returned as it was where it said something else."""
        if there is None:
            self._ask("POST", "/issues", json={"title": title, "body": body, "labels": list(labels)})
        elif there.body != body:
            self._ask("PATCH", f"/issues/{there.number}", json={"title": title, "body": body})
            return there
        return None

    def comment(self, number: int, words: str) -> None:
        self._ask("POST", f"/issues/{number}/comments", json={"body": words})

    def close(self, number: int) -> None:
        self._ask("PATCH", f"/issues/{number}", json={"state": "closed", "state_reason": "completed"})

    def close_issue(self, number: int, words: str) -> None:
        """Say why, then close."""
        self.comment(number, words)
        self.close(number)

    @understood
    def runs(self, workflow: str = "", **filters: str) -> list[Run]:
        """Runs of a workflow file, or of all of them, newest first."""
        path = f"/actions/workflows/{workflow}/runs" if workflow else "/actions/runs"
        found = self._ask("GET", path, {"per_page": "50", **filters})
        return [_run(run) for run in found["workflow_runs"]]

    @understood
    def run(self, number: str) -> Run:
        return _run(self._ask("GET", f"/actions/runs/{number}"))

    @understood
    def workflow_state(self, workflow: str) -> str:
        """active, disabled_manually, disabled_inactivity, …; "absent" where there is no such file."""
        found = self._found(f"/actions/workflows/{workflow}")
        return "absent" if found is None else str(found["state"])

    @understood
    def approvers(self, run: str) -> list[str]:
        """Logins of the reviewers who let this run into an environment."""
        history = self._ask("GET", f"/actions/runs/{run}/approvals")
        logins = [entry["user"]["login"] for entry in history if entry.get("state") == "approved" and entry.get("user")]
        return list(dict.fromkeys(logins))

    def start(self, workflow: str, inputs: Mapping[str, str] | None = None, branch: str = "main") -> None:
        """Ask for a run (workflow_dispatch); that GitHub takes it does not yet mean that it comes."""
        self._ask(
            "POST", f"/actions/workflows/{workflow}/dispatches", json={"ref": branch, "inputs": dict(inputs or {})}
        )

    def cancel(self, run: int) -> None:
        self._ask("POST", f"/actions/runs/{run}/cancel")

    @understood
    def environment(self, name: str) -> Environment | None:
        """None when there is none."""
        told = self._found(f"/environments/{name}")
        if told is None:
            return None
        policy = told.get("deployment_branch_policy")
        branches = None if policy is None else ("*",)
        if policy and policy.get("custom_branch_policies"):
            found = self._ask("GET", f"/environments/{name}/deployment-branch-policies")
            branches = tuple(one["name"] for one in found["branch_policies"])
        rules = {rule.get("type"): rule for rule in told.get("protection_rules") or []}
        wait = int(rules.get("wait_timer", {}).get("wait_timer") or 0)
        return Environment(wait, "required_reviewers" in rules, branches)

    def _found(self, path: str) -> Any:
        """None where there is no such thing."""
        try:
            return self._ask("GET", path)
        except GitHubError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None, json: Mapping[str, Any] | None = None
    ) -> Any:
        import requests  # only when GitHub is asked

        try:
            body = {name: masked(value) if isinstance(value, str) else value for name, value in (json or {}).items()}
            url = path if "://" in path else f"{self._base}{path}"
            answer = requests.request(
                method, url, params=params, json=body or None, timeout=TIMEOUT, auth=self._sign, allow_redirects=False,
                headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION},
            )  # fmt: skip
            if answer.status_code >= 300:  # noqa: PLR2004
                told = f"GitHub {method} {path}: {answer.status_code} {_words(answer)}"
                raise GitHubError(told, answer.status_code)
            return answer.json() if answer.content else None
        except (requests.RequestException, ValueError) as error:
            raise GitHubError(f"GitHub {method} {path}: {type(error).__name__}: {error}") from None

    def _sign(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        # As `auth`, because a machine's .netrc would otherwise replace the header.
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _run(told: Any) -> Run:
    started = told.get("run_started_at") or told["created_at"]
    at, updated = (datetime.fromisoformat(instant) for instant in (started, told.get("updated_at") or started))
    return Run(
        told["id"], told.get("path", ""), told.get("event", ""), told.get("status") or "", told.get("conclusion") or "",
        at, updated, told.get("display_title") or "", (told.get("actor") or {}).get("login") or "",
    )  # fmt: skip


def _issue(raw: Any) -> Issue:
    labels = tuple(label["name"] for label in raw["labels"])
    is_open, by_a_bot = raw.get("state", "open") == "open", raw.get("user", {}).get("type") == "Bot"
    return Issue(raw["number"], raw["title"], raw.get("body") or "", labels, is_open, by_a_bot)


def _comment(raw: Any) -> Comment:
    user = raw.get("user") or {}  # of an account that was deleted
    at = datetime.fromisoformat(raw["created_at"])
    issue = int(raw["issue_url"].rpartition("/")[2])
    edited = datetime.fromisoformat(raw["updated_at"]) - at > TOUCHED
    author, is_person = user.get("login", ""), user.get("type") == "User"
    return Comment(raw["id"], issue, author, not is_person, raw.get("body") or "", at, edited)


def _words(answer: "requests.Response") -> str:
    try:
        told = answer.json().get("message", "")
    except (ValueError, AttributeError):
        told = answer.reason
    return short(str(told), 200)
