"""月報: a simulated year of the ledger, counted a second time here by other means."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pipeline.config import JST, Config, load
from pipeline.ledger.events import (
    AnyEvent,
    Approved,
    Chosen,
    Decided,
    Found,
    Friends,
    Intent,
    Measured,
    Outcome,
    Posted,
    Refused,
    Settled,
)
from pipeline.report import month_page
from pipeline.report.month import days_without_friends, month_of, span_of, unmeasured
from tests.town import CONFIG

BASE = "https://www.city.kadoma.osaka.jp"
PLACES = {"/kurashi/gomi/": "くらし", "/sukusuku/": "子育て", "/citypromo/": "魅力・イベント", "/else/": "その他"}
DEPARTMENTS = ("環境水道部クリーンセンター業務課", "保健福祉部健康増進課", "")
MONTHS = [f"2026-{number:02}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def config() -> Config:
    return load(CONFIG)


class Year:
    """Events of a year and, beside them, plain rows of what was sent: the second count."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - the same year each time, nothing secret
        self.events: list[AnyEvent] = []
        self.sent: list[dict[str, Any]] = []
        self.deeds: Counter[tuple[str, str]] = Counter()
        self.held: Counter[tuple[str, str, str]] = Counter()
        self.friends: dict[str, int] = {}
        self._articles = 0
        day = date(2026, 1, 1)
        while day.year == 2026:
            self._day(datetime(day.year, day.month, day.day, tzinfo=JST))
            day += timedelta(days=1)

    def _day(self, day: datetime) -> None:
        dice = self.dice
        if dice.random() < 0.9:
            key = f"{day:%Y-%m-%d}"
            self.friends[key] = 24_000 + dice.randrange(500)
            self.events.append(Friends(at=day, day=key, followers=self.friends[key], reach=20_000, blocks=900))
        for _ in range(dice.randrange(4)):
            at = day + timedelta(hours=10, minutes=dice.randrange(400))
            self._broadcast(at, dice.random() < 0.1, dice.choice(["accepted"] * 8 + ["rejected", "settled", "denied"]))

    def _broadcast(self, at: datetime, emergency: bool, fate: str) -> None:
        dice = self.dice
        chosen = []
        for _ in range(dice.randrange(1, 5)):
            self._articles += 1
            article, place = f"{self._articles:012x}", dice.choice(list(PLACES))
            waited = timedelta(minutes=dice.randrange(2, 3000))
            dated = dice.random() < 0.8
            published = at - waited if dated else None
            self.events.append(
                Found(
                    at=at,
                    article=article,
                    url=f"{BASE}{place}{self._articles}.html",
                    title=f"題{self._articles}",
                    source="s",
                )
            )
            if dice.random() < 0.3:
                self.events += [
                    Decided(at=at, article=article, decision="hold", reason="closed-hours", policy="7")
                    for _ in range(2)
                ]
                self.held[f"{at:%Y-%m}", "hold", "closed-hours"] += 1  # twice decided, one article
            department = dice.choice(DEPARTMENTS)
            chosen.append(Chosen(article, "due", "7", "8(3)" if emergency else "8(1)", published, department))
        name = f"b{len(self.events)}"
        self.events.append(
            Intent(
                at=at,
                broadcast=name,
                key="k",
                sha256="0",
                chosen=tuple(chosen),
                policy_version="v",
                emergency=emergency,
            )
        )
        answered, reached = at + timedelta(seconds=9), fate in ("accepted", "settled")
        if fate in ("accepted", "rejected"):
            self.events.append(Outcome(at=answered, broadcast=name, outcome=fate, request_id=f"q-{name}"))  # type: ignore[arg-type]
        else:
            later = at + timedelta(hours=2)
            self.events.append(Outcome(at=answered, broadcast=name, outcome="unknown"))
            self.events.append(Settled(at=later, broadcast=name, delivered=reached, actor="a", department="d"))
            self.deeds[f"{later:%Y-%m}", "settled"] += 1
        if dice.random() < 0.2:
            self.events.append(Approved(at=at, article=chosen[0].article, actor="a", department="d"))
            self.deeds[f"{at:%Y-%m}", "approved"] += 1
        if dice.random() < 0.1:
            self.events.append(Refused(at=at, article=chosen[0].article, actor="a", department="d"))
            self.deeds[f"{at:%Y-%m}", "rejected"] += 1
        if reached:
            self.sent.append(
                {
                    "id": name, "at": answered if fate == "accepted" else at, "emergency": emergency, "chosen": chosen,
                    "request": fate == "accepted",
                }
            )  # fmt: skip

    def measure(self) -> dict[str, int]:
        """Half of the broadcasts get their figures, a fifth of these below LINE's limit of 20."""
        opened = {}
        for one in self.sent:
            if self.dice.random() < 0.5:
                few = self.dice.random() < 0.2
                if not few:
                    opened[one["id"]] = self.dice.randrange(20, 5000)
                self.events.append(
                    Measured(
                        at=one["at"] + timedelta(days=16),
                        broadcast=one["id"],
                        delivered=20_000,
                        opened=opened.get(one["id"]),
                    )
                )
        return opened


def counted(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {row["name"]: row["count"] for row in rows}


@pytest.mark.parametrize("with_insight", [False, True], ids=["without insight", "with insight"])
def test_every_month_of_a_year_is_right_to_the_number(config: Config, with_insight: bool) -> None:
    year = Year(7)
    opened = year.measure() if with_insight else {}
    now = datetime(2027, 3, 1, tzinfo=JST)
    for month in MONTHS:
        told = month_of(config, year.events, month, now)
        sent = [one for one in year.sent if f"{one['at']:%Y-%m}" == month]
        chosen = [(one, article) for one in sent for article in one["chosen"]]
        assert [row["id"] for row in told["broadcasts"]] == [one["id"] for one in sent]
        assert told["totals"]["articles"] == len(chosen)
        assert told["totals"]["emergencies"] == len([one for one in sent if one["emergency"]])
        assert counted(told["by_basis"]) == Counter(
            {"8(1)": "第8条第1号", "8(3)": "第8条第3号"}[article.basis] for _, article in chosen
        )
        assert counted(told["by_department"]) == Counter(article.department or "（記載なし）" for _, article in chosen)
        addresses = {event.article: event.url for event in year.events if isinstance(event, Found)}
        assert counted(told["by_category"]) == Counter(
            next(label for place, label in PLACES.items() if place in addresses[article.article])
            for _, article in chosen
        )
        for name, urgent in (("articles", False), ("emergencies", True)):
            minutes = sorted(
                (one["at"] - article.date).total_seconds() / 60
                for one, article in chosen
                if article.date and one["emergency"] is urgent and article.date.time() != datetime.min.time()
            )
            assert told["delay"][name]["count"] == len(minutes)
            assert told["delay"][name]["median"] == (round(median_low(minutes), 1) if minutes else None)
            within = [value for value in minutes if value <= (told["delay"][name]["p90"] or 0) + 0.05]
            assert len(within) >= 0.9 * len(minutes)
        deeds = Counter(row["deed"] for row in told["people"])
        assert {(month, deed): count for deed, count in deeds.items()} == {
            key: count for key, count in year.deeds.items() if key[0] == month
        }
        assert [row["count"] for row in told["held_back"]] == [
            count for key, count in year.held.items() if key[0] == month
        ]
        assert told["reactions"]["opened"]["sum"] == sum(opened.get(one["id"], 0) for one in sent)
        assert told["reactions"]["missing"] == len(sent) - len(
            [one for one in sent if any(isinstance(e, Measured) and e.broadcast == one["id"] for e in year.events)]
        )
        days = {row["day"]: row["followers"] for row in told["friends"] if row["followers"] is not None}
        assert days == {day: count for day, count in year.friends.items() if day.startswith(month)}
        assert told["hours"]["outside"] == [
            one["id"] for one in sent
            if not one["emergency"] and _closed(next(e.at for e in year.events if isinstance(e, Intent) and e.broadcast == one["id"]))
        ]  # fmt: skip


def _closed(at: datetime) -> bool:
    """By the second calendar: weekends, holidays, and the minutes outside 9:00 to 17:30."""
    import holidays

    return (
        at.weekday() > 4
        or at.date() in holidays.country_holidays("JP")
        or not (9 * 60 <= at.hour * 60 + at.minute < 17 * 60 + 30)
    )


def test_figures_that_line_has_not_got_are_said_to_be_missing_and_asked_for_again(config: Config) -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
    events: list[AnyEvent] = [
        Found(at=at, article="a" * 12, url=f"{BASE}/kurashi/1.html", title="題", source="s"),
        Intent(at=at, broadcast="b1", key="k", sha256="0", chosen=(Chosen("a" * 12, "due", "7", "8(1)"),), policy_version="v"),
        Outcome(at=at, broadcast="b1", outcome="accepted", request_id="q"),
    ]  # fmt: skip
    first, end = span_of("2026-11")
    assert unmeasured(events, first, end, at + timedelta(hours=3)) == []  # LINE has nothing before the next day
    assert [one.request_id for one in unmeasured(events, first, end, at + timedelta(days=2))] == ["q"]
    events.append(Measured(at=at + timedelta(days=2), broadcast="b1", delivered=24_690, opened=None, tapped=25))
    told = month_of(config, events, "2026-11", at + timedelta(days=3))
    assert told["broadcasts"][0]["figures"] == {"state": "counting", "delivered": 24_690, "opened": None, "tapped": 25}
    assert [one.request_id for one in unmeasured(events, first, end, at + timedelta(days=16))] == ["q"]
    events.append(Measured(at=at + timedelta(days=16), broadcast="b1", delivered=24_690, opened=80, tapped=30))
    assert unmeasured(events, first, end, at + timedelta(days=40)) == []
    assert month_of(config, events, "2026-11", at + timedelta(days=40))["broadcasts"][0]["figures"]["opened"] == 80
    assert len(days_without_friends(events, first.date(), end.date())) == 30


def test_the_page_and_the_issue_show_what_came_from_outside_as_text_only(config: Config) -> None:
    hostile = "<script>alert(1)</script>|[x](javascript:1) @everyone `\"'::set-output"
    at = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
    events: list[AnyEvent] = [
        Posted(at=at, article="a" * 12, actor="miryoku", department="企画財政部魅力発信課", basis="8(4)", title=hostile, text="x", why=hostile),
        Intent(at=at, broadcast="b1", key="k", sha256="0", chosen=(Chosen("a" * 12, "approved", "6", "8(4)"),), policy_version="v"),
        Outcome(at=at, broadcast="b1", outcome="accepted", request_id="q"),
        Friends(at=at, day="2026-11-23", followers=24_690, reach=24_000, blocks=800),
    ]  # fmt: skip
    document = month_of(config, events, "2026-11", at + timedelta(days=30))
    page, issue = month_page.page(document), month_page.markdown(document)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(issue)
    assert "<script" not in shown
    assert "<a " not in shown
    assert "@everyone" not in issue
    assert "24,690人" in page
    assert "ブロック　800人" in issue
    assert "企画財政部魅力発信課" in issue
    assert document["by_department"] == [{"name": "企画財政部魅力発信課", "count": 1}]
    assert document["by_category"] == [{"name": "ホームページのない投稿", "count": 1}]


def test_what_line_hides_has_not_yet_and_cannot_know_are_told_apart(config: Config) -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=JST)
    events: list[AnyEvent] = []
    for name, request in (("b1", "q1"), ("b2", "q2"), ("b3", "")):
        events += [
            Intent(at=at, broadcast=name, key="k", sha256="0", chosen=(Chosen("a" * 12, "due", "7", "8(1)"),), policy_version="v"),
            Outcome(at=at, broadcast=name, outcome="accepted", request_id=request),
        ]  # fmt: skip
    events.append(Measured(at=at + timedelta(days=16), broadcast="b1", delivered=24_690, opened=None, tapped=None))
    told = month_page.markdown(month_of(config, events, "2026-11", at + timedelta(days=20)))
    assert [row.split("|")[-4:-1] for row in told.splitlines() if "（火）10" in row and "| " in row][-3:] == [
        [" 24\\,690 ", " 20人未満 ", " 20人未満 "], [" 未集計 ", " 未集計 ", " 未集計 "], [" ― ", " ― ", " ― "],
    ]  # fmt: skip


def test_a_month_in_which_nothing_happened_is_a_report_too(config: Config) -> None:
    document = month_of(config, [], "2026-11", datetime(2026, 11, 20, tzinfo=JST))
    assert document["totals"] == {"broadcasts": 0, "emergencies": 0, "articles": 0, "messages": 0}
    assert "この月の配信はありません" in month_page.page(document)
    assert "月の途中の集計です" in month_page.markdown(document)
    ahead = month_of(config, [], "2026-12", datetime(2026, 11, 20, tzinfo=JST))
    assert "まだ始まっていません" in month_page.markdown(ahead)
    assert "\\" not in month_page.text(ahead)
