"""A year through the real decisions, and what a late schedule costs."""

import itertools
import json
import subprocess
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import pytest

from pipeline.config import JST, Config, ConfigError, Hours
from pipeline.decision import Reason
from pipeline.policy.hours import is_open, next_opening
from pipeline.sandbox.publications import Publication, SimulatedSite, load, made_up
from pipeline.sandbox.schedules import Relay, github, watched
from pipeline.sandbox.simulate import Asked, Outcomes, Passes, instants, run_through, simulate
from tests.policy.office import DAY, HOUR, config
from tests.town import CONFIG, SCRIPT

BEGIN, END = datetime(2026, 4, 1, tzinfo=JST), datetime(2027, 4, 1, tzinfo=JST)
STEP = timedelta(minutes=10)
CITY: Config = config()


@pytest.fixture(scope="module")
def year() -> Outcomes:
    site = SimulatedSite(CITY.site.url)
    return run_through(
        Passes(CITY, site), site, made_up(1, BEGIN, END), instants(Asked(BEGIN, END, STEP), CITY.policy.hours)
    )


def test_in_a_year_no_normal_broadcast_leaves_outside_the_hours_and_none_too_often(year: Outcomes) -> None:
    normal = [at for at, urgent, _ in year.broadcasts if not urgent]
    assert len(normal) > 500
    jumped = {one.at for one in year.sent if "断水" in one.title}  # a notice that waits for no gap
    assert all(is_open(at, CITY.policy.hours) for at in normal)
    assert all(later - earlier >= HOUR for earlier, later in itertools.pairwise(normal) if later not in jumped)
    assert max(Counter(at.date() for at in normal if at not in jumped).values()) <= 6


def test_in_a_year_every_emergency_leaves_with_the_next_pass(year: Outcomes) -> None:
    emergencies = [one for one in year.sent if one.urgent]
    assert len(emergencies) == 12
    assert all(one.at - one.published < STEP for one in emergencies)


def test_in_a_year_nothing_is_forgotten_and_the_accidents_wait_for_a_person(year: Outcomes) -> None:
    assert set(year.reasons.values()) <= {str(reason) for reason in Reason}
    counts = {code: list(year.reasons.values()).count(code) for code in set(year.reasons.values())}
    assert counts["burst"] == 40
    assert counts["stale"] == counts["personal-data"] == counts["undated"] == 12
    assert not [title for title in (one.title for one in year.sent) if "作り直し" in title or "昨年" in title]
    news = [one for one in year.sent if one.reason == "due"]
    assert len({one.title for one in news}) == len(news), "each once"


def test_skipping_passes_at_which_nothing_can_change_changes_nothing() -> None:
    begin, end = BEGIN, BEGIN + 14 * DAY  # every reason that a longer time brings is among them
    publications = made_up(3, begin, end)
    every = instants(Asked(begin, end, STEP), CITY.policy.hours)
    site = SimulatedSite(CITY.site.url)
    quick = run_through(Passes(CITY, site), site, publications, every)
    site, coming = SimulatedSite(CITY.site.url), sorted(publications, key=lambda one: one.at)
    passes = Passes(CITY, site)
    for at in every:
        while coming and coming[0].at <= at:
            site.take(coming.pop(0))
        passes.at(at)
    assert quick.sent == passes.outcomes.sent
    assert quick.reasons == passes.outcomes.reasons
    assert quick.passes < passes.outcomes.passes / 5


def test_the_gaps_of_githubs_schedule_are_those_that_were_measured() -> None:
    at = list(github(BEGIN, BEGIN + 5_000 * DAY, seed=1))
    gaps = [(later - earlier) / timedelta(minutes=1) for earlier, later in itertools.pairwise(at)]
    assert max(gaps) == 24 * 60
    assert median(gaps) == pytest.approx(88, rel=0.05)
    assert quantiles(gaps, n=10)[-1] == pytest.approx(14 * 60, rel=0.05)


def test_a_watch_stays_as_long_as_it_says() -> None:
    hours = Hours()
    early, late = datetime(2026, 11, 24, 5, 0, tzinfo=JST), datetime(2026, 11, 24, 20, 0, tzinfo=JST)
    span = timedelta(minutes=330)
    assert list(watched([late], "none", hours, span)) == [late]
    assert list(watched([late], "open", hours, span)) == [late]
    assert list(watched([late], "55m", hours, span))[-1] == late + timedelta(minutes=55)
    assert list(watched([early], "open", hours, span))[-1] == datetime(2026, 11, 24, 17, 30, tzinfo=JST)


def test_the_relay_and_a_clock_outside_make_up_for_githubs_delays() -> None:
    begin, end = BEGIN, BEGIN + 45 * DAY
    publications = made_up(4, begin, end)

    def delay(**asked: object) -> tuple[float, int]:
        document = simulate(CITY, publications, Asked(begin, end, **asked))  # type: ignore[arg-type]
        return document["latency"]["delay"]["median"], document["reasons"].get("burst", 0)

    alone, relay, outside = delay(), delay(schedule=Relay()), delay(outside=STEP)
    assert max(relay[0], outside[0]) < alone[0] / 5
    assert max(relay[1], outside[1]) <= alone[1]


def test_the_console_script_reads_a_file_and_tells_text_or_json(tmp_path: Path) -> None:
    file = tmp_path / "year.jsonl"
    lines = [
        {"at": "2026-11-20T10:00:00+09:00", "page": 1, "title": "前からある頁"},
        {"at": "2026-11-24T08:00:00+09:00", "page": 2, "title": "市民講座"},
        {"at": "2026-11-24T22:00:00+09:00", "page": 3, "title": "避難指示", "emergency": True},
    ]
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    command = [
        str(SCRIPT),
        "simulate",
        str(file),
        "--from",
        "2026-11-24T00:00:00+09:00",
        "--to",
        "2026-11-25T00:00:00+09:00",
    ]
    done = subprocess.run([*command, "--json"], cwd=CONFIG.parent, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert (document["broadcasts"], document["emergency_broadcasts"], document["articles_sent"]) == (2, 1, 2)
    assert document["latency"]["all"] == {"count": 1, "median": 60.0, "p90": 60.0, "p99": 60.0, "max": 60.0}
    assert document["latency"]["emergency"]["max"] == 0
    told = subprocess.run(command, cwd=CONFIG.parent, capture_output=True, text=True, check=True).stdout
    assert "緊急 1回" in told
    for wrong in ([*command, "--made-up", "1"], [*command[:2], *command[3:]], [*command, "--schedule", "hourly"]):
        assert subprocess.run(wrong, cwd=CONFIG.parent, capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize(
    "line",
    [
        '{"at": "2026-11-24T08:00:00", "page": 1, "title": "時差なし"}',
        '{"page": 1}',
        "[]",
        "{",
        '{"at": "x", "page": 1, "title": ""}',
    ],
)
def test_a_wrong_line_of_a_file_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "year.jsonl"
    file.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"year\.jsonl:2: "):
        load(file)


def test_publications_that_are_unpublished_leave_the_site() -> None:
    site = SimulatedSite(CITY.site.url)
    one = Publication(BEGIN, 1, "題")
    site.take(one)
    assert site.published(site.url(one)) == BEGIN
    assert next_opening(BEGIN, CITY.policy.hours) == BEGIN + 9 * HOUR
    site.take(Publication(BEGIN, 1, "題", what="unpublish"))
    assert site.published(site.url(one)) is None
