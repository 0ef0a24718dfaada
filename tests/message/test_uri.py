"""Addresses for buttons: what stands in them reaches the server as the page has it."""

import pytest

from pipeline.message.uri import link

SITE = "https://www.city.kadoma.osaka.jp"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # 門真 in Shift_JIS, as old forms write it: not UTF-8, and to be kept byte for byte
        ("/file/a.pdf?q=%96%E5%90%5E&x=1", "/file/a.pdf?q=%96%E5%90%5E&x=1&openExternalBrowser=1"),
        ("/file/a.pdf?q=%96%e5", "/file/a.pdf?q=%96%e5&openExternalBrowser=1"),
        ("/file/a.pdf?flag&empty=&plus=a+b", "/file/a.pdf?flag&empty=&plus=a+b&openExternalBrowser=1"),
        ("/file/a.pdf", "/file/a.pdf?openExternalBrowser=1"),
        ("/file/a.pdf#page=3", "/file/a.pdf?openExternalBrowser=1#page=3"),
        ("/kensaku.html?q=%96%E5%90%5E", "/kensaku.html?q=%96%E5%90%5E"),
    ],
)
def test_a_query_reaches_the_server_as_it_was_written(address: str, expected: str) -> None:
    assert link(SITE + address) == SITE + expected


@pytest.mark.parametrize(("length", "taken"), [(1_001, True), (10_000, True), (10_001, False)])
def test_addresses_are_taken_up_to_line_s_ten_thousand_characters(length: int, taken: bool) -> None:
    address = f"{SITE}/{'x' * (length - len(SITE) - 1)}"
    assert link(address) == (address if taken else "")
