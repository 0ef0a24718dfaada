"""Art. 12: what is caught, and what an ordinary municipal text may say."""

import re
import time
import tomllib
import unicodedata
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.article import Attachment
from pipeline.ledger.events import Approved, Posted
from pipeline.policy.personal_data import KINDS, is_my_number, personal_data
from pipeline.sandbox.articles import ARTICLES, EMERGENCIES
from tests.policy.office import HOUR, NIGHT, Office, config

TEXTS = tomllib.loads((Path(__file__).parent / "personal_data.toml").read_text(encoding="utf-8"))
OWN = ("city.kadoma.osaka.jp", "city.kadoma.lg.jp")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("携帯 090-1234-5678 へ", "mobile-number"),
        ("０８０１２３４５６７８", "mobile-number"),
        ("（070）1234－5678", "mobile-number"),
        ("060 1234 5678", "mobile-number"),
        ("+81-90-1234-5678", "mobile-number"),
        ("taro.yamada@example.com", "e-mail"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ", "e-mail"),
        ("info@city.kadoma.osaka.jp.example.com", "e-mail"),
        ("123456789018", "my-number"),
        ("番号：１２３４－５６７８－９０１８", "my-number"),
        ("門真市中町1番1号 山田太郎さん", "address-and-name"),
        ("山田 花子様（門真市大字三ツ島１２３番地）が受賞", "address-and-name"),
        ("北島町12-20にお住まいの林氏", "address-and-name"),
        ("講師の募集について 門真市中町2番3号 事務局を通じて連絡 山田花子様", "address-and-name"),
        ("末広町二丁目3番4号の佐藤さくらさま", "address-and-name"),
    ],
)
def test_art_12_personal_data_is_caught(text: str, kind: str) -> None:
    assert personal_data(f"お知らせです。\n{text}\n以上です。", OWN) == kind


@pytest.mark.parametrize(
    "text",
    [
        "門真市中町1番1号 市民課 皆さん",
        "門真市中町1番1号（市役所別館）で、多様なサービスをたくさんの皆様に",
        "申請書に住所・氏名を記入し、〒571-8585 門真市中町1番1号 門真市役所市民課へ郵送してください。",
        "会場：門真市末広町29-1 ルミエールホール　対象：お子さんと保護者様",
        "中町2番1号 保健福祉センター　利用者様はお名前を、お客様は番号札を",
        "電話 06-6902-1231（代表）、0120-123-456、0570-012-345、0800-123-4567、050-1234-5678",
        "08001234567",
        "ファクス 06-6902-0000 メール info@city.kadoma.osaka.jp、kouhou@mail.city.kadoma.lg.jp",
        "令和8年12月1日から12月18日まで、午前9時から午後5時30分まで",
        "口座番号 1234567、文書番号 202611240900、法人番号 1234567890123",
        "クレジットカード 1234 5678 9012 3456 の番号を聞き出す詐欺",
        "介護予防教室（千石東町23番1号）　ケアマネジャーさんにご相談ください",
        "大橋町1番から10番まで通行止め。ご迷惑をおかけします、ドライバーの皆様。",
        "納付書番号 1234-5678-9012、工事番号 20261124-0001",
        "080から始まる番号の不審な電話、#171、IP電話 03-6628-2258（内線2345）",
        "大阪大学 山田太郎教授、体育協会の田中先生　会場：門真市民プラザ（北島町12番20号）",
        "講師 山田太郎氏（作家）による講演会　会場：門真市末広町29-1 ルミエールホール",
        "出演：歌手の山本さくらさん　場所：ルミエールホール（門真市末広町29番1号）",
        "1丁目1番の方は南様式の用紙、模様替え、同様の手続、各氏族",
    ],
)
def test_ordinary_municipal_sentences_pass(text: str) -> None:
    assert personal_data(text, OWN) == ""


@pytest.mark.parametrize("article", [*ARTICLES, *EMERGENCIES], ids=lambda article: article.path)
def test_the_sample_articles_pass(article: object) -> None:
    from pipeline.sandbox.articles import SampleArticle

    assert isinstance(article, SampleArticle)
    body = re.sub("<[^>]+>", "\n", article.body_html)
    assert personal_data("\n".join((article.title, body, article.department, article.tel)), OWN) == ""


@pytest.mark.parametrize(("kind", "text"), TEXTS["leaks"])
def test_every_kind_of_leak_is_asked_about_in_the_ways_people_write_it(kind: str, text: str) -> None:
    assert personal_data(f"お知らせです。\n{text}\n以上です。", OWN) == kind


def test_hardly_one_of_a_hundred_ordinary_announcements_is_stopped() -> None:
    texts = [f"{text}\n{contact}" for text in TEXTS["ordinary"] for contact in TEXTS["contacts"]]
    stopped = [text for text in texts if personal_data(text, OWN)]
    assert len(texts) >= 150
    assert len(stopped) <= len(texts) // 100, stopped


def test_the_staffs_list_of_what_is_looked_for_is_the_programs_with_its_words_and_examples() -> None:
    words = tomllib.loads(Path("templates/reasons/ja.toml").read_text(encoding="utf-8"))["personal"]
    document = Path("docs/個人情報の確認.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (.+) \|$", document, re.MULTILINE)[1:]
    assert rows == [(words[kind.code], kind.example) for kind in KINDS]
    for kind in KINDS:
        assert [personal_data(example, OWN) for example in kind.example.split("、")] == [kind.code] * len(
            kind.example.split("、")
        )


@pytest.mark.parametrize(
    "address", ["a@pref.osaka.lg.jp", "a@mhlw.go.jp", "a@kadoma.ed.jp", "info@shakyo.or.jp", "a(at)city.kadoma.lg.jp"]
)
def test_addresses_of_offices_pass(address: str) -> None:
    assert personal_data(f"メール：{address}", OWN) == ""


@pytest.mark.parametrize(
    "text",
    ["中町1番1号 。山田太郎さん ", "山田太郎 様 。中町1番1号", "090-", "1" * 9, "〇", "a@", " at ", "山田", "さん", "\n ", "氏名:", "06-6902-1231 ", "1.1.1"],
)  # fmt: skip
def test_a_text_of_four_times_the_length_takes_about_four_times_the_time(text: str) -> None:
    def seconds(times: int) -> float:
        start = time.process_time()
        personal_data(text * times, OWN)
        return time.process_time() - start

    short = max(min(seconds(500) for _ in range(2)), 0.01)
    # A square would take sixteen times as long, each time; one try in five may be unlucky on a busy machine, not all.
    assert any(seconds(2000) < short * 4 * 2.5 for _ in range(5))


def independently_valid(digits: str) -> bool:
    """The ordinance's formula in its own words: P_n is the n-th digit from the lowest of the eleven, Q_n its weight."""
    p = [int(digit) for digit in reversed(digits[:11])]
    q = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6]
    remainder = sum(a * b for a, b in zip(p, q, strict=True)) % 11
    return int(digits[11]) == (0 if remainder in (0, 1) else 11 - remainder)


@given(st.text("0123456789", min_size=12, max_size=12))
def test_the_check_digit_of_my_number_agrees_with_a_second_implementation(digits: str) -> None:
    assert is_my_number(digits) == independently_valid(digits)
    valid = [check for check in "0123456789" if is_my_number(digits[:11] + check)]
    assert len(valid) == 1
    assert (personal_data(digits, OWN) == "my-number") == is_my_number(digits) or personal_data(
        digits, OWN
    ) == "mobile-number"


@given(st.text("0123456789", min_size=11, max_size=11), st.sampled_from(["", "-", " ", "－", "ー"]), st.booleans())
def test_no_spelling_of_a_my_number_passes(eleven: str, gap: str, wide: bool) -> None:
    digits = eleven + next(check for check in "0123456789" if independently_valid(eleven + check))
    text = gap.join((digits[:4], digits[4:8], digits[8:]))
    if wide:
        text = "".join(chr(ord(sign) + 0xFEE0) if sign.isdecimal() and sign.isascii() else sign for sign in text)
    assert unicodedata.normalize("NFKC", text)
    assert personal_data(f"個人番号は{text}です", OWN)


def test_an_article_with_personal_data_waits_and_what_was_found_is_not_repeated_in_the_record() -> None:
    office = Office(config(min_interval="0m"))
    address = office.publish(201)
    office.write(address, title="お知らせ その201", text="連絡先は090-1234-5678です。")
    assert office.run() == []
    assert office.why(address) == ("review", "personal-data")
    assert office.known(address).detail == "mobile-number"
    office.approve(address)
    assert office.run(HOUR) == [["お知らせ その201"]]


def test_the_names_of_files_and_what_a_poster_writes_are_looked_at_too() -> None:
    office = Office()
    address = office.publish(201)
    office.write(address, title="お知らせ その201", attachments=(Attachment("taro@example.com", f"{address}.pdf"),))
    office.tell(
        Posted(
            at=office.now, article="p", actor="kiki", department="総務部危機管理課", basis="8(2)", title="題", text="090-1234-5678へ"
        )
    )  # fmt: skip
    other = office.publish(202)
    office.write(other, title="お知らせ その202", contact="みどり自治会\n携帯：080-1234-5678")
    assert office.run() == []
    assert (office.why(address), office.known(address).detail) == (("review", "personal-data"), "e-mail")
    assert (office.why(other), office.known(other).detail) == (("review", "personal-data"), "mobile-number")
    assert office.knowledge.articles["p"].detail == "mobile-number"


def test_a_yes_for_another_reason_is_no_yes_to_personal_data() -> None:
    office = Office(now=NIGHT)
    addresses = [office.publish(201 + number) for number in range(13)]
    office.run()
    office.write(addresses[0], title="お知らせ その201", text="連絡先は090-1234-5678です。")
    for address in addresses:
        office.tell(Approved(at=NIGHT, article=office.id(address), actor="kiki", department="総務部危機管理課"))
    office.now = NIGHT + 11 * HOUR
    assert [len(titles) for titles in office.run()] == [12]
    assert office.why(addresses[0]) == ("review", "personal-data")
