"""Text as residents see it."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import clean, clean_lines, cut, graphemes, lead, utf16
from tests.message.message_examples import long_text, text

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


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.one_of(text, long_text), st.integers(1, 60))
def test_any_text_is_clean_after_one_cleaning_and_fits_where_it_is_cut(written: str, units: int) -> None:
    line, lines = clean(written), clean_lines(written)
    assert clean(line) == line
    assert clean_lines(lines) == lines
    assert unicodedata.is_normalized("NFC", line)
    assert "\n" not in line
    assert utf16(cut(line, units)) <= units
    assert utf16(lead(lines, units)) <= units
    line.encode("utf-8")


@pytest.mark.parametrize("whole", [FAMILY, WALES, JAPAN, KATSURAGI[:2], "ｶﾞ", "が"])
def test_a_character_is_kept_whole_or_left_out(whole: str) -> None:
    for units in range(1, 4 * utf16(whole) + 2):
        kept = cut(whole * 4, units).removesuffix("…")
        assert kept == whole * (len(kept) // len(whole)) or utf16(whole) > units - 1


def test_lengths_are_counted_as_line_counts_them() -> None:
    assert (utf16("門真市"), utf16("😀"), utf16(FAMILY)) == (3, 2, 11)
    assert (graphemes("門真市"), graphemes(FAMILY + JAPAN), graphemes("ｶﾞ"), graphemes(KATSURAGI)) == (3, 2, 1, 2)


@pytest.mark.parametrize(
    ("body", "units", "shown"),
    [
        ("短い文です。", 20, "短い文です。"),
        ("一つ目の文です。二つ目の文はもう入りません。", 14, "一つ目の文です。"),
        ("「はい。」と答えた（注。参照）人が多い。次の文は長い。", 22, "「はい。」と答えた（注。参照）人が多い。"),
        ("対象の方\n市内にお住まいの方と働く方と学ぶ方", 10, "対象の方"),
        ("句点がないまま続く文章はどこかで切るしかない", 10, "句点がないまま続く…"),
        ("短。あとはとても長く続くので文の終わりが早すぎて使えない", 15, "短。あとはとても長く続くので…"),
        ("Open daily. Closed on Sundays and holidays", 20, "Open daily."),
    ],
)
def test_a_lead_ends_with_a_sentence_when_there_is_one_in_time(body: str, units: int, shown: str) -> None:
    assert lead(body, units) == shown


def test_plain_japanese_needs_no_unicode_tables() -> None:
    code = "import sys; from pipeline.text import clean, cut; clean('令和8年度　市民税①'); cut('門真市' * 9, 9)"
    code += "; sys.exit('regex' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
