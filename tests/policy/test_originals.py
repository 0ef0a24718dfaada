"""Which page is which article: originals that pages name, and one article under two spellings of its address."""

import pytest

from tests.policy.office import HOUR, TUESDAY, Office, url


def test_a_copied_original_with_another_title_is_for_a_person_and_hides_nothing() -> None:
    office = Office()
    addresses = [office.publish(201 + number, f"催し{number}の参加者を募集します") for number in range(2)]
    for number, address in enumerate(addresses):
        office.write(address, canonical=url(103), title=f"催し{number}の参加者を募集します")
    assert office.run() == []
    for number, address in enumerate(addresses):
        assert office.why(address) == ("review", "other-original")
        assert f"催し{number}の参加者を募集します ≠ お知らせ その103" in office.known(address).detail
        office.approve(address)
    assert len(office.run(HOUR)[0]) == 2


@pytest.mark.parametrize("path", ["/", "/index.html", "/INDEX.HTM", "/kurashi/", "/kurashi/index.php", "/default.aspx"])
def test_an_index_page_is_nobodys_original(path: str) -> None:
    office = Office()
    for number in range(3):
        address = office.publish(201 + number, f"催し{number}の参加者を募集します")
        office.write(
            address, canonical=f"https://www.city.kadoma.osaka.jp{path}", title=f"催し{number}の参加者を募集します"
        )
    (titles,) = office.run()
    assert len(titles) == 3


def test_the_same_title_date_and_text_under_two_spellings_go_out_once() -> None:
    office = Office()
    for address in (url(201), f"{url(201)}?v=2", url(201, "kankyo")):
        office.publish(201, "催しのお知らせ", url=address)
        office.write(address, canonical=address, title="催しのお知らせ")
    assert office.run() == [["催しのお知らせ"]]
    assert office.run(HOUR) == []


def test_also_when_the_second_is_listed_an_hour_later_and_its_date_has_fractions_of_a_second() -> None:
    office = Office()
    for folder, micro, sent in (("kurashi", 0, [["催しのお知らせ"]]), ("kankyo", 400_000, [])):
        at = TUESDAY.replace(microsecond=micro)
        address = office.publish(201, "催しのお知らせ", at=at, url=url(201, folder), page_no=None)
        office.write(address, title="催しのお知らせ", date=at)
        assert office.run(HOUR) == sent


def test_but_not_where_the_texts_differ() -> None:
    office = Office()
    for number in (201, 202):
        office.publish(number, "入札結果")
        office.write(url(number), title="入札結果", text=f"第{number}号", canonical=url(number))
    assert office.run() == [["入札結果", "入札結果"]]
