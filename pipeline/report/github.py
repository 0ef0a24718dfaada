"""GitHub's REST API, as far as the reports need it: issues, workflow runs, approvals and the hand-over to a next run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pipeline.config import Config

if TYPE_CHECKING:
    import requests

TIMEOUT = (5, 20)  # seconds to connect, and to wait for an answer
VERSION = "2022-11-28"
EVENT = "kadoma-line"  # the repository_dispatch that starts a run


class GitHubError(Exception):
    """GitHub did not do what was asked; the message says what and why."""


class Run(Struct, frozen=True):
    """A workflow run; the instants are GitHub's ISO 8601."""

    id: int
    path: str
    event: str
    status: str
    conclusion: str
    started: str
    updated: str
    title: str = ""  # its run-name


class Issue(Struct, frozen=True):
    number: int
    title: str
    body: str
    labels: tuple[str, ...]


class GitHub:
    """One repository.

    Args:
        api: the API's address, without a trailing slash.
        repository: "owner/name".
        token: goes into the Authorization header and nowhere else.
    """

    def __init__(self, api: str, repository: str, token: str) -> None:
        self._base, self._token = f"{api.rstrip('/')}/repos/{repository}", token

    @classmethod
    def of(cls, config: Config, environment: Mapping[str, str]) -> "GitHub | None":
        """The repository of this run; None without a token, a repository or an address."""
        token, repository = environment.get("GITHUB_TOKEN", ""), environment.get("GITHUB_REPOSITORY", "")
        api = environment.get("GITHUB_API_URL") or config.github.api
        return cls(api, repository, token) if token and repository and api else None

    def open_issues(self, labels: Sequence[str]) -> list[Issue]:
        """Open issues that carry all these labels, newest first."""
        found = self._ask("GET", "/issues", {"labels": ",".join(labels), "state": "open", "per_page": "100"})
        return [
            Issue(issue["number"], issue["title"], issue.get("body") or "", tuple(label["name"] for label in issue["labels"]))
            for issue in found
            if "pull_request" not in issue
        ]  # fmt: skip

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> None:
        self._ask("POST", "/issues", json={"title": title, "body": body, "labels": list(labels)})

    def rewrite_issue(self, number: int, title: str, body: str) -> None:
        self._ask("PATCH", f"/issues/{number}", json={"title": title, "body": body})

    def comment(self, number: int, words: str) -> None:
        self._ask("POST", f"/issues/{number}/comments", json={"body": words})

    def close_issue(self, number: int, words: str) -> None:
        """Say why, then close."""
        self.comment(number, words)
        self._ask("PATCH", f"/issues/{number}", json={"state": "closed", "state_reason": "completed"})

    def runs(self, workflow: str, **filters: str) -> list[Run]:
        """Runs of a workflow file, newest first."""
        found = self._ask("GET", f"/actions/workflows/{workflow}/runs", {"per_page": "50", **filters})
        return [
            Run(
                run["id"], run.get("path", ""), run.get("event", ""), run.get("status") or "", run.get("conclusion") or "",
                run.get("run_started_at") or run["created_at"], run.get("updated_at") or run["created_at"],
                run.get("display_title") or "",
            )
            for run in found["workflow_runs"]
        ]  # fmt: skip

    def workflow_state(self, workflow: str) -> str:
        """active, disabled_manually, disabled_inactivity, …"""
        return str(self._ask("GET", f"/actions/workflows/{workflow}")["state"])

    def approvers(self, run: str) -> list[str]:
        """Logins of the reviewers who let this run into an environment."""
        history = self._ask("GET", f"/actions/runs/{run}/approvals")
        logins = [entry["user"]["login"] for entry in history if entry.get("state") == "approved" and entry.get("user")]
        return list(dict.fromkeys(logins))

    def dispatch(self) -> None:
        """Ask for another run: repository_dispatch is one of the two events that a job's own token may cause."""
        self._ask("POST", "/dispatches", json={"event_type": EVENT})

    def _ask(self, method: str, path: str, params: Mapping[str, str] | None = None, json: Any = None) -> Any:
        import requests

        try:
            answer = requests.request(
                method, f"{self._base}{path}", params=params, json=json, timeout=TIMEOUT, auth=self._sign, allow_redirects=False,
                headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION},
            )  # fmt: skip
            if answer.status_code >= 300:  # noqa: PLR2004
                raise GitHubError(f"GitHub {method} {path}: {answer.status_code} {_words(answer)}")
            return answer.json() if answer.content else None
        except (requests.RequestException, ValueError) as error:
            raise GitHubError(f"GitHub {method} {path}: {type(error).__name__}: {error}") from None

    def _sign(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        # As `auth`, because a machine's .netrc would otherwise replace the header.
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _words(answer: "requests.Response") -> str:
    try:
        told = answer.json().get("message", "")
    except (ValueError, AttributeError):
        told = answer.reason
    return " ".join(str(told).split())[:200]
