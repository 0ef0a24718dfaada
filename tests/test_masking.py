"""Secrets are seen nowhere, whatever prints, and in whatever spelling."""

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline import masking
from pipeline.ledger import store
from pipeline.ledger.events import Outcome
from pipeline.ledger.git_command import Result, explained
from pipeline.line.answers import words_of
from pipeline.line.wire import Reply
from tests.doubles.line import LONG_LIVED_TOKEN
from tests.town import TUESDAY, Town

SECRET = 's3cr+t/with=odd&"signs"'  # noqa: S105 - made up


@pytest.fixture(autouse=True)
def nothing_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_forms", {})


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET, f" {SECRET}\n", quote(SECRET, safe=""), quote(SECRET, safe="").lower(), json.dumps({"token": SECRET}),
        repr(f"Bearer {SECRET}"), html.escape(SECRET), html.escape(SECRET, quote=False), SECRET.encode().hex(),
        base64.urlsafe_b64encode(f">>>???{SECRET}".encode()).decode(),
        *(base64.b64encode(f"{before}{SECRET}{after}".encode()).decode() for before in ("", "a", "ab") for after in ("", "x", "xy", "xyz")),
    ],
)  # fmt: skip
def test_a_secret_is_masked_in_every_spelling(spelt: str) -> None:
    masking.learn(f"{SECRET}\n")
    shown = masking.masked(f"Invalid header value b'{spelt}'")
    assert masking.MASK in shown
    for part in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()[:-4]):
        assert part not in shown


@pytest.mark.parametrize(
    "name", ["LINE_CHANNEL_SECRET", "SMTP_PASSWD", "GH_PAT", "ssh_private_key", "GITHUB_TOKEN_OLD"]
)
def test_a_variable_that_holds_a_secret_is_known_by_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with masking.masking({name: SECRET, "LINE_CHANNEL_ID": "1234567890", "PATH": "/usr/local/bin"}):
        print(SECRET, "1234567890", "/usr/local/bin")
    assert capsys.readouterr().out == "*** 1234567890 /usr/local/bin\n"


def test_the_login_in_an_address_is_masked_and_the_address_is_not() -> None:
    said = "fatal: unable to access 'https://x-access-token:ghs_0123@github.com/o/r.git/' by http://clerk:pw@proxy:8080 (ssh://git@host/r)"
    assert masking.masked(said) == (
        "fatal: unable to access 'https://***@github.com/o/r.git/' by http://***@proxy:8080 (ssh://git@host/r)"
    )


@pytest.mark.parametrize("before", range(360, 520, 20))
def test_no_half_of_a_secret_is_left_where_words_are_cut(before: int) -> None:
    """A half would not be known again."""
    secret = "S" * 40
    masking.learn(secret)
    said = "x" * before + secret
    for words in (str(explained(Result((), 1, "", said), "push")), words_of(Reply(500, "", {}, said.encode()))):
        assert "S" not in words.replace("(git says", "")


def test_a_secret_that_is_a_word_of_the_ledger_does_not_damage_it(tmp_path: Path) -> None:
    masking.learn("rejected", SECRET)
    store.append(
        tmp_path, [Outcome(at=TUESDAY, broadcast="b1", outcome="rejected", code="invalid", message=f"bad {SECRET}")]
    )
    (event,) = store.read(tmp_path)
    assert isinstance(event, Outcome)
    assert (event.outcome, event.message) == ("rejected", "bad ***")


def test_words_are_not_masked_because_a_secret_is_short_or_missing() -> None:
    masking.learn("", "abc", " \n")
    assert masking.masked("abc of a city") == "abc of a city"


def test_what_a_person_types_or_an_error_repeats_is_masked_on_both_streams(town: Town) -> None:
    for arguments in (
        ["explain", LONG_LIVED_TOKEN],
        ["explain", LONG_LIVED_TOKEN, "--json"],
        ["post", "--at", LONG_LIVED_TOKEN],
    ):
        result = town.call(*arguments, code=2)
        assert LONG_LIVED_TOKEN not in result.out + result.err
        assert masking.MASK in result.out + result.err


def test_a_token_of_github_that_no_header_holds_is_refused_by_name_and_a_line_end_is_cleaned(town: Town) -> None:
    town.with_baseline()
    here = {"GITHUB_REPOSITORY": "kadoma/line", "GITHUB_API_URL": "http://127.0.0.1:9"}
    bad = town.call("watchdog", environment={**here, "GITHUB_TOKEN": "one-token\nanother-token"})
    assert "GITHUB_TOKEN" in bad.err
    assert "one-token" not in bad.out + bad.err
    cleaned = town.call("watchdog", environment={**here, "GITHUB_TOKEN": "good-token\n"})
    assert "ConnectionError" in cleaned.err
    assert "good-token" not in cleaned.out + cleaned.err
