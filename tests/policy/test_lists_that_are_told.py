"""What a list that could be read says about itself: another page in its place, rows that gave nothing, more than a pass takes."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from pipeline.article import Entry, Listing
from pipeline.ledger.events import Robots
from pipeline.ledger.knowledge import SourceKnown
from pipeline.policy.survey import NEW_AT_MOST
from pipeline.policy.trust import failure, good_read, is_another_page, notes, robots_news, trusts_304
from tests.policy.office import KINKYU, NEWS, TUESDAY, Office, url

USUAL = SourceKnown(TUESDAY, read=True, heading="緊急情報\n緊急情報｜門真市", entries=2, ever=True)


def listing(heading: str, **values: object) -> Listing:
    return replace(Listing(KINKYU, "ok", emergency=True, heading=heading), **values)


@pytest.mark.parametrize(
    "heading",
    [
        "ただいまメンテナンス中です\n門真市", "門真市\nログイン｜門真市", "\n503 Service Unavailable", "\n", "緊急情報\nメンテナンス｜門真市",
        "ログイン\n緊急情報｜門真市",
    ],
)  # fmt: skip
def test_a_page_that_calls_itself_otherwise_is_no_empty_list(heading: str) -> None:
    assert failure(TUESDAY, listing(heading), USUAL) == ("other-page", failure(TUESDAY, listing(heading), USUAL)[1])  # type: ignore[index]
    entries = (Entry(url(1, "kinkyu"), "断水"),)
    assert failure(TUESDAY, listing(heading, entries=entries), USUAL) is None, "a doubt holds no emergency"
    assert notes(TUESDAY, listing(heading, entries=entries), USUAL)[0].startswith("heading")


@pytest.mark.parametrize(
    "heading",
    [
        "緊急情報\n緊急情報｜門真市",
        "現在、緊急情報はありません\n緊急情報｜門真市",
        "緊急情報（0件）\n緊急情報（0件）｜門真市",
    ],
)
def test_the_list_under_its_usual_heading_may_be_empty(heading: str) -> None:
    assert failure(TUESDAY, listing(heading), USUAL) is None
    assert not is_another_page(TUESDAY, listing(heading), USUAL)
    assert not is_another_page(TUESDAY, listing(heading), replace(USUAL, heading="")), (
        "read before headings were remembered"
    )


@pytest.mark.parametrize(
    ("seen", "before", "told"),
    [
        (Listing(NEWS, "ok"), None, ["nothing 0"]),
        (Listing(NEWS, "ok", skipped=7), None, ["nothing 7"]),
        (Listing(NEWS, "ok", (Entry("u", "t"),) * 3, skipped=1), USUAL, []),
        (Listing(NEWS, "ok", (Entry("u", "t"),) * 3, skipped=3), USUAL, ["skipped 3/6"]),
        (Listing(KINKYU, "ok", (Entry("u", "t"),), emergency=True, skipped=1), USUAL, ["skipped 1/2"]),
        (Listing(NEWS, "ok", (Entry("u", "t"),), left_out=5, zones=2), USUAL, ["left-out 5", "zones 2"]),
        (Listing(NEWS, "unchanged"), replace(USUAL, skipped=2), ["skipped 2/4"]),
        (Listing(NEWS, "unchanged"), replace(USUAL, hid=TUESDAY - timedelta(days=1)), ["hidden-by-304"]),
        (Listing(KINKYU, "ok", emergency=True), USUAL, []),
    ],
)
def test_what_is_told_of_a_list(seen: Listing, before: SourceKnown | None, told: list[str]) -> None:
    assert notes(TUESDAY, seen, before) == told


def test_a_server_that_hid_something_is_asked_without_conditions_for_a_week() -> None:
    assert not trusts_304(TUESDAY, replace(USUAL, hid=TUESDAY - timedelta(days=6)))
    assert trusts_304(TUESDAY, replace(USUAL, hid=TUESDAY - timedelta(days=7)))


def test_the_daily_look_at_the_whole_list_is_noted_so_that_it_is_daily() -> None:
    unchanged = Listing(NEWS, "unchanged", etag="1", digest="d")
    known = replace(USUAL, etag="1", checked=TUESDAY)
    assert good_read(TUESDAY, unchanged, known, "") == []
    (read,) = good_read(TUESDAY, replace(unchanged, whole=True), known, "")
    assert (read.whole, read.entries, read.heading) == (True, 2, USUAL.heading)


def test_a_pass_takes_a_bounded_number_of_new_entries_tells_the_rest_and_goes_on() -> None:
    office = Office()
    for number in range(NEW_AT_MOST + 50):
        office.publish(1000 + number)
    office.run()
    assert office.knowledge.sources[NEWS].left_out == 50
    assert office.knowledge.sources[NEWS].digest == "", "the next pass must not find it unchanged"
    office.now += timedelta(minutes=15)
    office.run()
    assert office.knowledge.sources[NEWS].left_out == 0
    assert sum(known.url.endswith(".html") for known in office.knowledge.articles.values()) == NEW_AT_MOST + 60


def test_robots_txt_is_written_once_and_never_without_end() -> None:
    one = Robots(at=TUESDAY, host="h", text="User-agent: *")
    later = replace(one, at=TUESDAY + timedelta(days=1))
    assert robots_news({}, {"h": one}) == [one]
    assert robots_news({"h": one}, {"h": one}) == []
    assert robots_news({"h": one}, {"h": later}) == [replace(later, text="", same=True)]
    assert robots_news({}, {"h": replace(one, text="#" * 40_000)}) == []
