"""Secrets are seen nowhere, whatever prints, and in whatever spelling."""

import base64
import json
from urllib.parse import quote

import pytest

from pipeline import masking
from tests.doubles.line import LONG_LIVED_TOKEN
from tests.town import Town

SECRET = 's3cr+t/with=odd&"signs"'  # noqa: S105 - made up


@pytest.fixture(autouse=True)
def nothing_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_forms", {})


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET, f" {SECRET}\n", quote(SECRET, safe=""), json.dumps({"token": SECRET}), repr(f"Bearer {SECRET}"),
        *(base64.b64encode(f"{before}{SECRET}{after}".encode()).decode() for before in ("", "a", "ab") for after in ("", "x", "xy", "xyz")),
    ],
)  # fmt: skip
def test_a_secret_is_masked_in_every_spelling(spelt: str) -> None:
    masking.learn(f"{SECRET}\n")
    shown = masking.masked(f"Invalid header value b'{spelt}'")
    assert masking.MASK in shown
    for part in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()[:-4]):
        assert part not in shown


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
