"""The preview page as a file: complete, closed to the outside, and nothing in it is markup that was not meant."""

import base64
import hashlib
import re

from pipeline.message.render import render
from pipeline.report.gallery import gallery, gallery_page
from pipeline.report.preview import PreviewMessage, PreviewRow, meters, preview_page
from tests.message.message_examples import CONFIG, article

HOSTILE = '</title><script>alert(1)</script>"onload="alert(1)</template>'


def page(title: str = "給付金", decision: str = "send") -> str:
    rendered = render([article(title=title, text=title)], CONFIG)
    shown = PreviewMessage(title, rendered.messages, "11月25日（水）午前9時", decision, "第7条", title)
    rows = [
        PreviewRow(title, "https://www.city.kadoma.osaka.jp/1.html", "hold", "投稿時間の外です。", "第7条", "あす"),
        PreviewRow("危険な行", "javascript:alert(1)", "review", title, "第12条"),
    ]
    return preview_page(title, [shown], rows, [title], city="門真市")


def test_the_page_loads_nothing_from_anywhere() -> None:
    html = page()
    assert "default-src 'none'" in html
    assert not re.search(r"<(?:link|iframe|img|object|embed)\b", html)
    assert not re.search(r"@import|url\(", html)


def test_only_the_page_s_own_script_may_run() -> None:
    html = page()
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_no_word_of_an_article_becomes_markup() -> None:
    html = page(HOSTILE)
    assert html.count("<script") == 1
    assert 'onload="alert' not in html
    assert "</template>" not in html
    assert 'href="javascript:' not in html


def test_it_tells_the_decision_the_notification_and_the_sizes() -> None:
    html = page()
    for words in (
        "第7条",
        "「給付金」を市ホームページに掲載しました。",
        "1,500字",
        "上限の",
        "保留",
        "投稿時間の外です。",
        "確認待ち",
    ):
        assert words in html
    assert "バイト" not in html


def test_it_tells_why_a_thing_waits_and_that_a_broadcast_comes_without_sound() -> None:
    rendered = render([article()], CONFIG)
    shown = PreviewMessage("x", rendered.messages, "", "review", "", "", reason="日付が古い", silent=True)
    html = preview_page("x", [shown], [], city="門真市")
    assert "<dt>理由</dt><dd>日付が古い</dd>" in html
    assert "<dt>通知音</dt><dd>鳴らしません</dd>" in html
    assert "通知音" not in page()


def test_a_message_beyond_the_limits_is_marked() -> None:
    rendered = render([article()], CONFIG)
    rendered.messages[0]["altText"] = "長" * 1501
    html = preview_page("x", [PreviewMessage("x", rendered.messages, "", "send", "", "")], [], city="門真市")
    assert "LINEの制限を超えています：messages[0].altText" in html


def test_nothing_to_send_is_said() -> None:
    assert "いま送るものはありません。" in preview_page("x", [], [], city="門真市")


def test_meters_count_what_line_counts() -> None:
    found = {meter.name: meter.found for meter in meters(render([article(1), article(2)], CONFIG).messages[0])}
    assert found["bubbles"] == 2
    assert found["carousel"] > found["bubble"] > 1000


def test_the_gallery_shows_every_template_without_a_warning() -> None:
    html = gallery_page(CONFIG)
    styles = {item.style for case in gallery().cases for item in case.items}
    assert styles == {"article", "emergency", "correction", "text"}
    assert 'class="fx-warning"' not in html
    assert "LINEの制限を超えています" not in html
    assert html.count("12 / 12枚") == 1
    assert "運用方針を見る" in html
    assert all(case.name in html for case in gallery().cases)
