from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.charset import decode

TEXT = "門真市からのお知らせ：6月13日（土）の粗大ごみ収集について〜申込方法と料金、ｶﾀｶﾅ"
PAGE = f"<html><head><title>{TEXT}</title></head><body><p>{TEXT}</p></body></html>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jis_2004", "iso2022_jp_ext", "utf-16"])
@pytest.mark.parametrize(
    "declared",
    ["text/html; charset=UTF-8", "text/html; charset=ISO-8859-1", "text/html", "", "text/html; charset=zlib"],
)
def test_japanese_comes_out_right_whatever_the_server_says_it_is(encoding: str, declared: str) -> None:
    page = PAGE.replace("〜", "")  # whose code point the Japanese encodings disagree about
    assert decode(page.encode(encoding), declared) == page


@pytest.mark.parametrize(("name", "encoding"), [("Shift_JIS", "cp932"), ("x-sjis", "cp932"), ("EUC-JP", "euc_jp")])
def test_a_declaration_in_the_page_decides_where_the_bytes_leave_it_open(name: str, encoding: str) -> None:
    open_bytes = "ｱﾒﾘｶ".encode("cp932") if encoding == "cp932" else "亜米".encode("euc_jp")
    page = f'<meta charset="{name}"><p>'.encode() + open_bytes
    assert decode(page, "text/html") == page.decode(encoding)
    assert decode(open_bytes, f"text/html; charset={name}") == open_bytes.decode(encoding)


def test_a_utf8_page_with_one_broken_byte_keeps_its_text() -> None:
    body = PAGE.encode() + b"\xe3\x81" + PAGE.encode()
    assert decode(body, "text/html; charset=Shift_JIS").replace("\ufffd", "") == PAGE * 2


def test_a_utf8_text_that_was_cut_is_not_taken_for_shift_jis_which_it_happens_to_be() -> None:
    cut = "こんにちは門真市お知らせ粗大ごみ収集日程案".encode()[:-1]
    assert cut.decode("cp932")
    assert decode(cut).startswith("こんにちは門真市お知らせ")


def test_euc_jp_that_also_happens_to_be_shift_jis_is_not_half_width_kana() -> None:
    body = "市役所のお知らせ".encode("euc_jp")
    assert body.decode("cp932")
    assert decode(body, "text/html; charset=UTF-8") == "市役所のお知らせ"


@given(st.binary(max_size=200), st.sampled_from(["", "text/html; charset=Shift_JIS", "text/html; charset=punycode"]))
def test_any_bytes_are_some_text(body: bytes, declared: str) -> None:
    assert isinstance(decode(body, declared), str)


VENDOR = "第①回　幅３㎝　㈱門真　第Ⅱ期　髙橋　﨑　№℡　９時～１０時　Ａ－Ｂ　∥　￠￡￢"


def windows_euc(text: str) -> bytes:
    """EUC-JP as Windows and PHP write it: the cells of cp932, moved."""
    done = bytearray()
    for sign in text:
        raw = sign.encode("cp932")
        if len(raw) == 2:
            row = (raw[0] - (0x70 if raw[0] < 0xA0 else 0xB0)) * 2 - (raw[1] < 0x9F)
            cell = raw[1] - (0x7E if raw[1] >= 0x9F else 0x1F + (raw[1] > 0x7F))
            raw = bytes((row | 0x80, cell | 0x80))
        done += raw
    return bytes(done)


def windows_jis(text: str) -> bytes:
    """ISO-2022-JP with the same cells."""
    return b"\x1b$B" + bytes(byte & 0x7F for byte in windows_euc(text)) + b"\x1b(B"


@pytest.mark.parametrize(
    "declared", ["", "text/html; charset=EUC-JP", "text/html; charset=Shift_JIS", "text/html; charset=UTF-8"]
)
@pytest.mark.parametrize(
    "encode", [lambda text: text.encode("cp932"), windows_euc, windows_jis], ids=["cp932", "euc", "jis"]
)
def test_what_windows_has_beside_the_standard_is_read_in_every_japanese_encoding(
    encode: Callable[[str], bytes], declared: str
) -> None:
    assert decode(encode(VENDOR), declared) == VENDOR


@pytest.mark.parametrize("declared", ["", "text/html; charset=EUC-JP", "text/html; charset=Shift_JIS"])
def test_cells_of_euc_jp_ms_behind_jis_x_0212_do_not_turn_the_page_into_half_width_kana(declared: str) -> None:
    written = {
        "髙": "8ff4fb",
        "﨑": "8ff4bd",
        "德": "8ff4be",
        "Ⅱ": "8ff3fe",
        "㈱": "8ff4ab",
        "黑": "8ff4fe",
    }  # as glibc writes them
    for sign, cell in written.items():
        before, after = "門真の".encode("euc_jp"), "さんのお知らせ".encode("euc_jp")
        assert decode(before + bytes.fromhex(cell) + after, declared) == f"門真の{sign}さんのお知らせ"
    assert "\ufffd" in decode("門真".encode("euc_jp") + b"\x8f\xfe\xfe" + b"\xff\xff", "text/html; charset=EUC-JP")


def test_text_after_a_long_page_of_ascii_is_still_iso_2022_jp() -> None:
    assert decode(b"<!-- " + b"x" * 50_000 + b" -->" + windows_jis("断水")).endswith("断水")


def test_an_emoji_in_two_halves_is_one() -> None:
    assert decode(b"&#55357;&#56845; &#xd83d;&#xde0d; &#55357; &#12354;") == "😍 😍 &#55357; &#12354;"


def test_utf_16_without_a_mark_and_emoji_in_halves_of_utf_8_are_read() -> None:
    text = '[{"page_name": "断水"}]'
    assert decode(text.encode("utf-16-le")) == decode(text.encode("utf-16-be")) == text
    assert decode("祭り".encode() + "\ud83d\ude0d".encode("utf-8", "surrogatepass")) == "祭り😍"
