"""The form's fields, without GitHub: what they become, and what is refused."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.article import Picture, article_id
from pipeline.config import JST, load
from pipeline.desk import Desk, Draft
from pipeline.form import Form, draft_of
from pipeline.ledger import store
from pipeline.ledger.events import Chosen, Found, Intent, Outcome, Posted
from pipeline.ledger.fold import fold
from pipeline.ledger.knowledge import Knowledge
from pipeline.ledger.ledger import Rehearsal
from pipeline.message.item import item_of
from pipeline.refusal import Refusal
from pipeline.report import words
from tests.town import CONFIG

CITY = load(CONFIG)
FORM = Form("投稿", title="題名", text="一行目／／二行目", picture="/images/a.jpg", at="2026-12-01T10:00")
AT = datetime(2026, 11, 24, 10, 0, tzinfo=JST)


def measured(picture: Picture) -> Picture | None:
    return replace(picture, width=800, height=600)


def test_lines_picture_and_time_are_what_was_meant() -> None:
    draft = draft_of(FORM, CITY, measured)
    assert draft.text == "一行目\n二行目"
    assert draft.at == datetime(2026, 12, 1, 10, 0, tzinfo=JST)
    assert draft.picture == Picture(f"{CITY.site.url}/images/a.jpg", width=800, height=600)


def test_a_posters_picture_is_on_the_card_with_the_title_as_its_words() -> None:
    posted = Posted(
        at=AT, article="a" * 12, actor="kiki", department="課", basis="8(4)", title="題名", text="本文",
        picture=f"{CITY.site.url}/images/a.jpg", picture_size=(800, 600),
    )  # fmt: skip
    knowledge = fold([posted], Knowledge())
    shown = item_of(knowledge.articles["a" * 12], None, CITY, knowledge)
    assert shown.picture == Picture(f"{CITY.site.url}/images/a.jpg", "題名", 800, 600)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"picture": "https://evil.example/a.jpg"}, "foreign-url"),
        ({"picture": "javascript:alert(1)"}, "no-web-address"),
    ],
)
def test_a_picture_of_somebody_else_is_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        draft_of(replace(FORM, **changes), CITY, measured)
    assert refused.value.code == code


def test_a_picture_that_line_cannot_show_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        draft_of(FORM, CITY, lambda _: None)
    assert refused.value.code == "no-picture"


def test_ids_and_addresses_are_parted_as_people_part_them() -> None:
    field = "ID a1b2c3d4e5f6、b2c3d4e5f6a7，https://www.city.kadoma.osaka.jp/a,b.html,c3d4e5f6a7b8　ID：d4e5f6a7b8c9"
    assert replace(FORM, id=field).ids == [
        "a1b2c3d4e5f6", "b2c3d4e5f6a7", "https://www.city.kadoma.osaka.jp/a,b.html", "c3d4e5f6a7b8", "ID：d4e5f6a7b8c9",
    ]  # fmt: skip


def test_an_address_may_be_typed_without_its_scheme() -> None:
    assert (
        draft_of(replace(FORM, url="www.city.kadoma.osaka.jp/a.html"), CITY, measured).url == f"{CITY.site.url}/a.html"
    )


@pytest.mark.parametrize(
    "typed",
    [
        "2026-12-01T10:00", "2026-12-01 10:00", "2026/12/1 10:00", "2026年12月1日 10時", "2026年12月1日（火）10時00分", "２０２６年１２月１日　１０：００",
        "2026-12-01T01:00Z", "2026.12.1 10:00",
    ],
)  # fmt: skip
def test_a_time_is_read_as_people_write_it(typed: str) -> None:
    assert draft_of(replace(FORM, at=typed), CITY, measured).at == datetime(2026, 12, 1, 10, 0, tzinfo=JST)


@pytest.fixture
def office(tmp_path: Path) -> Rehearsal:
    """Two hours ago a page was sent by itself, and a text was posted by hand."""
    then = AT - timedelta(hours=2)
    text = Posted(
        at=then, article="t" * 12, actor="kiki", department="課", basis="8(3)", title="断水のお知らせ",
        text="東町で断水します。給水車はABC公園に来ます。",
    )  # fmt: skip
    found = Found(at=then, article=article_id(PAGE), url=PAGE, title="児童手当の支給日", source=CITY.site.url)
    chosen = (Chosen(found.article, "due", "7", "8(1)"),)
    sent = Intent(at=then, broadcast="b1", key="k1", sha256="0" * 64, chosen=chosen, policy_version="1")
    store.append(tmp_path, [text, found, sent, Outcome(at=then, broadcast="b1", outcome="accepted", request_id="q")])
    store.write_body(tmp_path, "b1", b"{}")
    store.name_bodies(tmp_path, ["b1"])
    return Rehearsal(tmp_path, "r1", lambda: AT)


PAGE = f"{CITY.site.url}/kurashi/40001.html"
WATER = Draft("8(3)", "断水のお知らせ", text="東町で断水します。給水車はABC公園に来ます。")
AGAIN = {
    "the page": Draft("8(1)", url=PAGE),
    "the page's address in a text": Draft("8(2)", "ご案内", text=f"こちら（{PAGE}?utm_source=line）です"),
    "the page's title": Draft("8(2)", "児童手当の　支給日", text="詳しくはホームページへ"),
    "the text": WATER,
    "the text in other widths, lines and case": replace(
        WATER, text="東町で断水します。\n\n 給水車はａｂｃ公園に来ます"
    ),
    "the text under another title": replace(WATER, title="【再掲】断水"),
    "the text on another basis": replace(WATER, basis="8(4)"),
}


@pytest.mark.parametrize("draft", AGAIN.values(), ids=AGAIN.keys())
def test_the_same_again_within_a_day_needs_a_reason(office: Rehearsal, draft: Draft) -> None:
    with office:
        with pytest.raises(Refusal) as refused:
            Desk(CITY, office, "kiki").post(draft)
        assert refused.value.code == "posted-before"
        assert Desk(CITY, office, "kiki").post(replace(draft, why="届かなかったため"))


@pytest.mark.parametrize(
    "draft",
    [
        replace(WATER, text="西町で断水します。給水車は市役所に来ます。"),
        Draft("8(1)", url=f"{CITY.site.url}/kurashi/40002.html"),
        Draft("8(2)", "別の題", text="詳しくは市へ。"),
    ],
)
def test_something_else_needs_none(office: Rehearsal, draft: Draft) -> None:
    with office:
        assert Desk(CITY, office, "kiki").post(draft)


def test_a_day_later_it_is_no_slip(office: Rehearsal) -> None:
    office.now = lambda: AT + timedelta(hours=23)
    with office:
        assert Desk(CITY, office, "kiki").post(WATER)


@pytest.mark.parametrize(
    "typed", ["あした", "12/1 10:00", "2026-13-01 10:00", "2026年12月1日 25時", "2026-12-01T10:00; rm -rf /"]
)
def test_a_time_that_is_none_is_told_with_an_example(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        draft_of(replace(FORM, at=typed), CITY, measured)
    assert "2026年12月1日 10時" in words.refusal(refused.value, "form")
