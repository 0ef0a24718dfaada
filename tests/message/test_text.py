"""Text as residents see it."""

import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import characters
from pipeline.characters import clean, clean_lines, cut, graphemes, utf16
from pipeline.text import lead, opening
from tests.message.message_examples import long_text, text

OPENINGS = tomllib.loads((Path(__file__).parent / "openings.toml").read_text(encoding="utf-8"))["opening"]
FAMILY, WALES, JAPAN, KATSURAGI = (
    "👨‍👩‍👧‍👦",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "🇯🇵",
    "葛\U000e0100城",
)


@pytest.mark.parametrize(
    "shown",
    [
        "㈱門真①〜②",
        "ｶﾞｽ管の点検",
        FAMILY,
        WALES,
        JAPAN,
        KATSURAGI,
        "1️⃣♥︎☎️",
        "👍🏽🩷",
        "髙﨑",
        "&amp;",
        "क्‍ष",
        "令和8年度　市民税",
    ],
)
def test_what_a_department_wrote_stays_as_it_is(shown: str) -> None:
    assert clean(shown) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("か\u3099", "が"),
        ("a\u200bb\u2060c\ufeff", "abc"),
        ("\u202eれぎ\u2066", "れぎ"),
        ("x\x00y\x1bz\x85w", "xyz w"),
        ("\ue000\U000f0000\U000e0041\ud800も", "も"),
        ("門真\u200d市\ufe0f", "門真市"),
        ("  A\t \u00a0 B  ", "A B"),
        ("令和8年 　度", "令和8年\u3000度"),
        ("令和8年　　度", "令和8年\u3000度"),
        ("a   b", "a b"),
        *((f"a{blank}b", "a b") for blank in "\t\u00a0\u1680\u2000\u200a\u202f\u205f\u2800"),
        ("題\r\n名\u2028は", "題 名 は"),
        ("\u3164\u2800\u115f", ""),
        ("\u0301先頭", "先頭"),
        ("a" + "\u0323\u0301" * 20, "ạ" + "\u0323" * 6),
    ],
)
def test_what_cannot_be_seen_goes(written: str, shown: str) -> None:
    assert clean(written) == shown


def test_lines_stay_with_at_most_one_blank_line_between_them() -> None:
    assert clean_lines("\n一 行\r\n\r\n\r\n\r\n 二行 \n") == "一 行\n\n二行"


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.one_of(text, long_text), st.integers(1, 60))
def test_any_text_is_clean_after_one_cleaning_and_fits_where_it_is_cut(written: str, units: int) -> None:
    line, lines = clean(written), clean_lines(written)
    assert clean(line) == line
    assert clean_lines(lines) == lines
    assert unicodedata.is_normalized("NFC", line)
    assert "\n" not in line
    assert utf16(cut(line, units)) <= units
    assert utf16(lead(lines, units)) <= units
    assert utf16(opening(lines, units, line)) <= units
    line.encode("utf-8")


@pytest.mark.parametrize("whole", [FAMILY, WALES, JAPAN, KATSURAGI[:2], "ｶﾞ", "が"])
def test_a_character_is_kept_whole_or_left_out(whole: str) -> None:
    for units in range(1, 4 * utf16(whole) + 2):
        kept = cut(whole * 4, units).removesuffix("…")
        assert kept == whole * (len(kept) // len(whole)) or utf16(whole) > units - 1


def test_lengths_are_counted_as_line_counts_them() -> None:
    assert (utf16("門真市"), utf16("😀"), utf16(FAMILY)) == (3, 2, 11)
    assert (graphemes("門真市"), graphemes(FAMILY + JAPAN), graphemes("ｶﾞ"), graphemes(KATSURAGI)) == (3, 2, 1, 2)


@pytest.mark.parametrize("case", OPENINGS, ids=lambda case: case["text"][:20])
def test_a_lead_is_the_articles_first_prose_in_whole_sentences_or_nothing(case: dict[str, Any]) -> None:
    assert lead(case["text"], case.get("units", 72), case.get("title", "")) == case["lead"]


@pytest.mark.parametrize(
    ("written", "units", "title", "shown"),
    [
        ("避難所を開設しました\n場所：市民プラザ", 72, "避難所を開設", "避難所を開設しました\n場所：市民プラザ"),
        (
            "避難指示のお知らせ\n対象：南部\nただちに避難してください。",
            72,
            "避難指示",
            "対象：南部\nただちに避難してください。",
        ),
        ("本日の収集は中止", 72, "", "本日の収集は中止"),
    ],
)
def test_a_posters_text_and_an_emergency_are_shown_as_they_were_written(
    written: str, units: int, title: str, shown: str
) -> None:
    assert opening(written, units, title) == shown


def test_what_passes_without_unicode_tables_passes_with_them() -> None:
    plain = "".join(filter(characters._PLAIN.fullmatch, map(chr, range(0x21, 0x110000))))
    for sign in "\u3000ﾞﾟ":  # a blank, and two that belong to what is before them
        plain = plain.replace(sign, "")
    assert len(plain) > 80_000
    assert clean(plain + JAPAN) == clean(plain) + JAPAN == plain + JAPAN
    assert graphemes(plain + JAPAN) == graphemes(plain) + 1 == len(plain) + 1


def test_plain_japanese_needs_no_unicode_tables() -> None:
    code = "import sys; from pipeline.characters import clean, cut; clean('令和8年度　市民税① Tiếng Việt 한국어 🌸🚒✨ 30℃ 𠮷'); cut('門真市' * 9, 9)"
    code += "; sys.exit('regex' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
