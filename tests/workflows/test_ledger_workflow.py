"""ledger.yml: whoever touches the ledger by hand hears at once whether it is still whole."""

from tests.workflows.runner import Runner, load


def test_a_push_that_leaves_the_ledger_whole_is_green_and_one_that_does_not_is_red(runner: Runner) -> None:
    assert load("ledger.yml")["on"]["push"] == {"branches": ["main"], "paths": ["state/**"]}
    assert runner.run("ledger.yml", "push").is_green
    person = runner.town.clone("tidy")
    [file] = (person / "state").glob("ledger-*")
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    for news, data in (
        ("tidy", b"".join(lines[:-1])),
        ("put back", whole),
    ):  # cut at the end: the chain alone is still right
        file.write_bytes(data)
        as_a_person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        runner.town.git(*as_a_person, "commit", "--quiet", "-am", news, at=person)
        runner.town.git("push", "--quiet", at=person)
        assert not runner.run("ledger.yml", "push").is_green, "the history shows it"
