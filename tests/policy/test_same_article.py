"""Whether the page that answered is the article that the list announced."""

import pytest

from pipeline.article import Page, PageProblem
from pipeline.policy.same_article import alike, believable, named_alike
from pipeline.report import words

URL = "https://www.example.lg.jp/1.html"


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        ("学校給食の献立（12月）", "学校給食の献立（12月）"),
        ("学校給食の献立(12月)", "学校給食の献立（１２月）"),
        ("児童虐待推進月間の催し", "児童虐待防止推進月間の催しについて"),
        ("粗大ごみの申し込み方法", "粗大ごみの申し込み方法｜門真市"),
        ("女性のための相談日（12月）", "女性相談日（12月）"),
        ("令和8年度 市民税の申告", "令和9年度　市民税の申告"),
        ("", "題のない一覧"),
        ("①", "1"),
    ],
)
def test_the_same_an_enclosed_and_an_edited_title_are_of_one_article(listed: str, shown: str) -> None:
    assert alike(listed, shown)


@pytest.mark.parametrize(
    ("title", "original", "same"),
    [
        ("断水のお知らせ（11月28日）", "断水のお知らせ（11月28日）", True),
        ("断水のお知らせ(１１月２８日)", "断水のお知らせ（11月28日）", True),
        ("断水のお知らせ", "断水のお知らせ（11月28日）", True),
        ("断水のお知らせ（11月28日）", "断水のお知らせ（11月20日）", False),
        ("広報かどま 第812号", "広報かどま 第811号", False),
        ("粗大ごみの収集", "保育所の利用申込み", False),
    ],
)
def test_a_copied_original_is_told_by_a_title_or_by_a_number_of_its_own(title: str, original: str, same: bool) -> None:
    assert named_alike(title, original) is same


@pytest.mark.parametrize(
    "listed", ["保育所の利用申込みについて", "届出のお知らせ", "【警戒レベル4】避難指示を発令しました", "12月の献立"]
)
@pytest.mark.parametrize(
    "shown",
    [
        "ただいまメンテナンス中です",
        "システムメンテナンスのお知らせ",
        "お探しのページは見つかりません",
        "Access Denied",
        "エラー",
    ],
)
def test_a_maintenance_or_error_page_is_not(listed: str, shown: str) -> None:
    assert not alike(listed, shown)


def test_what_is_not_the_article_becomes_a_problem_that_says_both_titles() -> None:
    page = Page(URL, URL, "ただいまメンテナンス中です")
    found = believable({URL: page}, {URL: ["12月の献立"]})[URL]
    assert isinstance(found, PageProblem)
    assert (found.code, found.title) == ("other-title", "ただいまメンテナンス中です")
    assert "「ただいまメンテナンス中です」 where 「12月の献立」" in found.detail
    assert words.seen(found.detail).startswith(
        f"{URL} は「12月の献立」のはずですが、「ただいまメンテナンス中です」と表示されています。"
    )


def test_a_page_without_a_known_title_and_a_problem_stay_as_they_are() -> None:
    pages: dict[str, Page | PageProblem] = {URL: Page(URL, URL, "題"), "b": PageProblem("b", "gone", "404")}
    assert believable(pages, {"b": ["別の題"]}) == pages


@pytest.mark.parametrize("listed", ["", "詳しくはこちら", "緊急情報", "重要なお知らせ", "【重要】災害情報について"])
def test_where_the_list_says_little_only_a_page_that_says_it_is_none_is_not_believed(listed: str) -> None:
    pages = {
        url: Page(url, url, title) for url, title in (("a", "市内の道路の冠水"), ("b", "ただいまメンテナンス中です"))
    }
    found = believable(pages, {"a": [listed], "b": [listed]})
    assert [isinstance(page, Page) for page in found.values()] == [True, False]
