"""The disaster night as a mode of `simulate`: what it tells, and that it would tell if a report were lost or repeated."""

from datetime import datetime

import pytest

from pipeline.config import JST, load
from pipeline.sandbox import night
from tests.town import CONFIG, Town


@pytest.mark.parametrize("seed", ["1", "7"])
def test_the_console_script_tells_that_each_report_of_the_night_went_out_once_in_the_pass_after(
    town: Town, seed: str
) -> None:
    told = town.call("simulate", "--night", "--made-up", seed, json=True, code=0).json
    assert (told["holds"], told["exit"], len(told["reports"])) == (True, 0, 20)
    assert [told[fault] for fault in ("repeated", "missing", "late", "superfluous")] == [0, 0, 0, 0]
    assert {len(one["sent"]) for one in told["reports"]} == {1}
    assert max(one["delay_minutes"] for one in told["reports"] if not one["job_killed"]) < 5
    assert any(one["readable"] > one["published"] for one in told["reports"]), "one came while the site did not answer"
    troubles = told["troubles"]
    assert (len(troubles["killed"]), troubles["repeats"]) == (2, 1)
    assert troubles["quota_unanswered"] > 0
    assert not town.line.requests


def test_the_console_script_tells_the_night_in_words(town: Town) -> None:
    told = town.call("simulate", "--night", code=0).out
    assert "20報のすべてが、読めるようになった次の実行で、1回ずつ届きました" in told
    assert told.count("分　第") == 20
    assert not town.state.exists() or not town.events()


def test_a_pipeline_that_loses_reports_fails_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night._NightDelivery, "recover", lambda self: None)  # what a killed job left is never finished
    told = night.night(load(CONFIG), datetime(2026, 11, 24, 18, 0, tzinfo=JST), 1)
    assert not told["holds"]
    assert told["missing"] + told["late"] > 0
