"""Whatever git is told to ignore, convert, sign or check: the ledger is committed byte for byte, or nothing is sent."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.town import ROOT, Town

A, B = ARTICLES[20:22]


def checkout(town: Town) -> Path:
    return town.state.parent


def setting(*pairs: tuple[str, str]) -> Callable[[Town], None]:
    def set_them(town: Town) -> None:
        for name, value in pairs:
            town.git("config", name, value, at=checkout(town))

    return set_them


def ignored_by_exclude_file(town: Town) -> None:
    (checkout(town) / ".git" / "info" / "exclude").write_text("*.jsonl\nbroadcasts/\n")


def ignored_by_global_excludes(town: Town) -> None:
    excludes = town.folder / "excludes"
    excludes.write_text("*.jsonl\n*.json\n")
    setting(("core.excludesFile", str(excludes)))(town)


def ignored_by_gitignore(town: Town) -> None:
    (checkout(town) / ".gitignore").write_text("*.jsonl\nstate/broadcasts/\n")
    town.git("add", ".gitignore", at=checkout(town))
    town.git("-c", "user.name=P", "-c", "user.email=p@example.org", "commit", "-qm", "ignore", at=checkout(town))
    town.git("push", "-q", at=checkout(town))


def flag(name: str) -> Callable[[Town], None]:
    def set_it(town: Town) -> None:
        for file in town.state.glob("*.jsonl"):
            town.git("update-index", name, f"state/{file.name}", at=checkout(town))

    return set_it


def sparse(town: Town) -> None:
    town.git("sparse-checkout", "set", "--no-cone", "/*", "!state/broadcasts", at=checkout(town))


def hooks_that_refuse(town: Town) -> None:
    folder = town.folder / "hooks"
    folder.mkdir()
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "reference-transaction", "pre-push"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    setting(("core.hooksPath", str(folder)))(town)


def filters(town: Town) -> None:
    (checkout(town) / ".git" / "info" / "attributes").write_text("*.jsonl text eol=crlf ident\n*.json filter=shout\n")
    setting(("filter.shout.clean", "tr a-z A-Z"), ("filter.shout.smudge", "cat"))(town)


def a_careless_hand(town: Town) -> None:
    """Settings that change what git prints, asks of the remote, or calls a person; and variables that a hook has left."""
    setting(
        ("push.gpgSign", "true"), ("push.followTags", "true"), ("push.recurseSubmodules", "check"), ("push.default", "nothing"),
        ("user.name", ""), ("user.useConfigOnly", "true"), ("diff.relative", "true"), ("diff.external", "false"), ("color.ui", "always"),
        ("status.short", "true"), ("status.showUntrackedFiles", "all"), ("status.relativePaths", "false"), ("log.showSignature", "true"),
        ("core.splitIndex", "true"), ("index.sparse", "true"), ("core.fileMode", "false"), ("fetch.prune", "true"), ("gc.auto", "1"),
    )(town)  # fmt: skip
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"):
        town.environment[name] = "/nowhere"
    town.environment |= {"GIT_LITERAL_PATHSPECS": "1", "GIT_TRACE": "1", "GIT_AUTHOR_NAME": "", "LC_ALL": "ja_JP.UTF-8"}


SETTINGS: dict[str, Callable[[Town], None]] = {
    "ignored by .gitignore": ignored_by_gitignore,
    "ignored by an exclude file": ignored_by_exclude_file,
    "ignored by global excludes": ignored_by_global_excludes,
    "assumed unchanged": flag("--assume-unchanged"),
    "skipped in the work tree": flag("--skip-worktree"),
    "a sparse checkout": sparse,
    "a careless hand": a_careless_hand,
    "hooks that refuse": hooks_that_refuse,
    "filters and line ends": filters,
    "converted line ends": setting(("core.autocrlf", "true")),
    "signed commits, a template, a check of line ends": setting(
        ("commit.gpgsign", "true"), ("gpg.program", "false"), ("commit.template", "/nowhere"), ("core.safecrlf", "true"),
        ("core.autocrlf", "input"), ("push.gpgsign", "false"), ("core.whitespace", "trailing-space"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("set_up", SETTINGS.values(), ids=SETTINGS.keys())
def test_the_ledger_is_committed_byte_for_byte_and_every_article_goes_out_once(
    git_town: Town, set_up: Callable[[Town], None]
) -> None:
    """Into the new year, whose file git has never seen; every third run a fresh clone with the same settings."""
    town = git_town
    town.with_baseline()
    set_up(town)
    town.publish(A)
    town.now += timedelta(hours=2)
    town.run(code=0)
    town.now += timedelta(days=42)  # 2027-01-05
    town.publish(B)
    town.run(code=0)
    town.run(code=0)
    assert len(town.line.accepted) == 2
    for file in (*town.state.glob("ledger-*.jsonl"), *town.state.glob("broadcasts/*")):
        name = file.relative_to(checkout(town)).as_posix()
        pushed = subprocess.run(
            ["git", "cat-file", "blob", f"main:{name}"], cwd=town.remote, capture_output=True, check=True
        )
        assert pushed.stdout == file.read_bytes()
    town.state = town.clone("fresh") / "state"
    town.run(code=0)
    assert len(town.line.accepted) == 2


def test_a_clone_that_converts_line_ends_reads_the_ledger_all_the_same(
    git_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("COUNT", "1"), ("KEY_0", "core.autocrlf"), ("VALUE_0", "true")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    git_town.with_baseline()
    git_town.publish(A)
    git_town.now += timedelta(hours=2)
    git_town.run(code=0)
    git_town.state = git_town.clone("fresh") / "state"
    assert b"\r\n" in (git_town.state / "ledger-2026.jsonl").read_bytes()
    git_town.publish(B)
    git_town.now += timedelta(hours=2)
    git_town.run(code=0)
    assert len(git_town.line.accepted) == 2
    assert git_town.call("ledger", "verify", code=0)


def test_the_repository_s_attributes_keep_the_state_byte_for_byte() -> None:
    asked = (
        "git",
        "check-attr",
        "text",
        "filter",
        "ident",
        "merge",
        "--",
        "state/ledger-2030.jsonl",
        "state/broadcasts/b.json",
    )
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(told) == 8
    assert all(line.endswith(": unset") for line in told)


def ignored_state(town: Town) -> None:
    (checkout(town) / ".gitignore").write_text("state/\n")


def linked_elsewhere(town: Town) -> None:
    (town.folder / "elsewhere").mkdir()
    town.state.rename(town.folder / "old")
    town.state.symlink_to(town.folder / "elsewhere")


def linked_into_another_repository(town: Town) -> None:
    other = town.clone("other") / "state"
    town.state.rename(town.folder / "old")
    town.state.symlink_to(other)


def broken_repository(town: Town) -> None:
    (checkout(town) / ".git" / "HEAD").write_text("nonsense")


def another_branch_here(town: Town) -> None:
    """What looks like an upstream, and reaches no other machine."""
    town.git("branch", "other", at=checkout(town))
    town.git("branch", "--set-upstream-to=other", at=checkout(town))


PLACES = [
    ignored_state, linked_elsewhere, linked_into_another_repository, broken_repository, another_branch_here,
    setting(("core.bare", "true")),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_state_that_can_never_be_pushed_is_a_mistake_in_the_setup(
    git_town: Town, place: Callable[[Town], None]
) -> None:
    git_town.publish(A)
    place(git_town)
    for command in (("run",), ("post", "--text", "テスト", "--basis", "8(1)", "--actor", "kiki", "--title", "題")):
        result = git_town.call(*command, code=2)
        assert "state" in result.err + result.out
    assert git_town.line.requests == []


def test_a_plain_directory_is_refused_while_the_state_is_to_be_pushed(town: Town) -> None:
    town.configure(("push = false", "push = true"))
    town.publish(A)
    for command in (
        ("run",),
        ("post", "--text", "テスト", "--basis", "8(1)", "--actor", "kiki", "--title", "題"),
        ("watch",),
    ):
        result = town.call(*command, code=2)
        assert "state.push = false" in result.err + result.out
    assert town.line.requests == []
    assert town.city.requests == []


# What git says, told apart

SSH = {
    "ssh: connect to host h port 22: Connection refused": ("refuses", "unreachable"),
    "ssh: Could not resolve hostname github.invalid: Name or service not known": ("name", "unreachable"),
    "Host key verification failed.": ("host key", "host-key"),
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ Host key verification failed.": ("host key", "host-key"),
    "ssh: connect to host h port 22: Connection timed out": ("does not answer", "unreachable"),
    "kex_exchange_identification: Connection closed by remote host": ("does not answer", "unreachable"),
    "git@github.com: Permission denied (publickey).": ("key", "credentials"),
    "ERROR: The key you are authenticating with has been marked as read only.": ("write", "credentials"),
    "ERROR: Permission to o/r.git denied to deploy key": ("write", "credentials"),
    "ERROR: Repository not found.": ("not see", "credentials"),
    "fatal: the receiving end does not support push options": ("setting of git here", "settings"),
}


def by_ssh(town: Town, said: str) -> dict[str, str]:
    """The remote is reached by an ssh that says this, and ends as ssh does."""
    script = town.folder / "ssh"
    script.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 255\n")
    script.chmod(0o755)
    town.git("remote", "set-url", "origin", "git@github.invalid:o/r.git", at=checkout(town))
    return {"GIT_SSH_COMMAND": str(script)}


def test_a_key_that_may_not_write_is_told_to_people_and_nothing_is_sent(git_town: Town) -> None:
    git_town.publish(A)
    git_town.environment |= by_ssh(git_town, "ERROR: The key you are authenticating with has been marked as read only.")
    (alert,) = git_town.run(code=1).json["alerts"]
    assert alert["code"] == "ledger"
    assert "allow write access to the deploy key" in alert["message"]
    assert git_town.line.requests == []


@pytest.mark.parametrize(("said", "told"), SSH.items(), ids=list(SSH))
def test_ssh_s_troubles_are_told_apart_with_what_to_do(
    git_town: Town, said: str, told: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in by_ssh(git_town, said).items():
        monkeypatch.setenv(name, value)
    from pipeline.ledger.git import Git
    from pipeline.ledger.git_command import GitError

    git = Git(git_town.state, "main", True, 10)
    git.check()
    with pytest.raises(GitError) as trouble:
        git.fetch()
    assert trouble.value.code == told[1]
    assert told[0] in str(trouble.value).partition("(git says")[0]


def test_a_renamed_branch_at_the_remote_is_named(git_town: Town) -> None:
    git_town.with_baseline()
    git_town.git("branch", "-m", "main", "trunk", at=git_town.remote)
    git_town.git("symbolic-ref", "HEAD", "refs/heads/trunk", at=git_town.remote)
    result = git_town.run(code=1)
    assert "trunk" in result.out
    assert "state.branch" in result.out
