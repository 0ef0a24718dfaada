"""Which page is which article, and what stands there at the moment of sending: through the real console script."""

from datetime import timedelta

from msgspec.structs import replace

from pipeline.report.flex_text import cards
from pipeline.sandbox.articles import ARTICLES, SampleArticle
from tests.doubles.fault import Fault
from tests.town import Town

OFTEN = ('min_interval = "60m"', 'min_interval = "0m"')
TITLES = ("秋の読書週間の催し", "消防団員を募集します", "道路工事のお知らせ")


def article(number: int, title: str, original: str = "") -> SampleArticle:
    return replace(
        ARTICLES[20], path=f"/kurashi/todokede/{50000 + number}.html", page_no=50000 + number, title=title,
        is_shortcut_of=original, body_html=f"<p>{title}の本文です。</p>",
    )  # fmt: skip


def shown(town: Town) -> str:
    return "\n".join(
        line for sent in town.line.accepted for message in sent.messages for card in cards(message) for line in card
    )


def opened(town: Town) -> None:
    """Ten known articles, and the posting hours."""
    town.configure(OFTEN)
    town.with_baseline()
    town.now += timedelta(hours=2)


def test_pages_that_name_an_index_as_their_original_are_articles_of_their_own(town: Town) -> None:
    opened(town)
    for number, (title, index) in enumerate(zip(TITLES, ("/kurashi/index.html", "/", "/kurashi/"), strict=True)):
        town.city.publish(article(number, title, index), town.now)
    town.run(code=0)
    for number, title in enumerate(TITLES):
        assert f"{title}の本文です。" in shown(town)
        assert f"{town.city.host}/kurashi/todokede/{50000 + number}.html" in shown(town)


def test_pages_with_a_copied_original_wait_for_a_person_who_sees_both_titles(town: Town) -> None:
    opened(town)
    for number, title in enumerate(TITLES):
        town.city.publish(article(number, title, ARTICLES[0].path), town.now)
    result = town.run(code=3)
    assert result.decisions() == dict.fromkeys(TITLES, ("review", "other-original"))
    assert {row["detail"] for row in result.json["articles"]} == {
        f"{title} ≠ {ARTICLES[0].title} ({town.city.url}{ARTICLES[0].path})" for title in TITLES
    }
    for row in result.json["articles"]:
        town.call("approve", row["id"], "--actor", "miryoku", "--why", "別の記事", code=0)
    town.run(code=0)
    assert all(f"{title}の本文です。" in shown(town) for title in TITLES)


def test_the_next_issue_with_the_last_ones_original_does_not_vanish(town: Town) -> None:
    opened(town)
    first = article(1, "断水のお知らせ（11月28日）")
    town.city.publish(first, town.now)
    town.run(code=0)
    town.now += timedelta(hours=1)
    town.city.publish(article(2, "断水のお知らせ（11月30日）", first.path), town.now)
    assert town.run(code=3).decisions()["断水のお知らせ（11月30日）"] == ("review", "other-original")


def test_a_posted_shortcut_and_its_master_in_the_list_are_one_article(town: Town) -> None:
    opened(town)
    master, shortcut = article(1, TITLES[0]), article(2, TITLES[0])
    town.city.publish(master, town.now)
    town.city.put(
        shortcut.path,
        f"<html><head><title>{TITLES[0]}</title><link rel='canonical' href='{town.city.url}{master.path}'></head>"
        f"<body><main><h1>{TITLES[0]}</h1><p>{TITLES[0]}の本文です。</p></main></body></html>".encode(),
        "text/html; charset=utf-8",
    )
    town.call("post", "--url", town.city.url + shortcut.path, "--actor", "miryoku", code=0)
    town.run(code=0)
    town.now += timedelta(hours=1)
    town.run(code=0)
    assert shown(town).count(f"{TITLES[0]}の本文です。") == 1


def test_a_maintenance_page_goes_out_under_no_posters_yes(town: Town) -> None:
    opened(town)
    town.city.publish(article(1, TITLES[0]), town.now - timedelta(days=30))
    old = town.run(code=3).json["articles"][0]
    assert old["reason"] == "stale"
    town.call("approve", old["id"], "--actor", "miryoku", "--why", "今も有効", code=0)
    town.city.put(
        "/kurashi/todokede/50001.html",
        "<html><head><title>メンテナンス</title></head><body><h1>ただいまメンテナンス中です</h1><p>お待ちください。</p></body></html>".encode(),
        "text/html; charset=utf-8",
    )
    held = town.run(code=1)
    assert held.decisions() == {TITLES[0]: ("hold", "page-unreachable")}
    assert "other-title" in {alert["code"] for alert in held.json["alerts"]}, "told in the same pass"
    assert "ただいまメンテナンス中です" in str(town.call("status", "--json").json)
    assert town.line.accepted == []


def test_a_page_of_2020_that_could_not_be_read_when_it_was_found_does_not_go_out_by_itself(town: Town) -> None:
    opened(town)
    page = article(1, TITLES[0])
    town.city.publish(page, town.now - timedelta(days=2000))
    town.city.fail(page.path, Fault.status(503))
    town.city.put(
        "/index.update.json",
        f'[{{"page_no": 50001, "page_name": "{TITLES[0]}", "url": "{town.city.url}{page.path}", '
        f'"publish_datetime": "{town.now:%Y-%m-%dT%H:%M:%S%z}", "is_category_index": false}}]'.encode(),
        "application/json",
    )
    town.run()
    town.city.recover()
    town.now += timedelta(hours=1)
    reasons = {row["reason"] for row in town.run().json["articles"]}
    assert town.line.accepted == []
    assert reasons & {"stale", "gap", "untrusted-source"}
