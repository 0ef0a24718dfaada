"""What people write under an issue by mail or in the browser, in the shapes that mail programs give it (made up)."""

from collections.abc import Callable
from time import process_time

import pytest

from pipeline.reply import Instruction, read

# What the issue says; quoted below an answer, its 「承認」 and 「却下」 must not count.
ORIGINAL = """【門真市 LINE】確認待ち：子育て講座のご案内

このメールに、次のどれかを書いて返信してください。
承認
却下 理由
"""
QUOTED = "\n".join(f"> {line}" for line in ORIGINAL.splitlines())
HEAD = "差出人: GitHub <notifications@github.com>\n送信日時: 2026年11月24日 9:12\n宛先: kadoma/kadoma-line\n件名: Re: [kadoma/kadoma-line] 確認待ち (Issue #12)\n\n"

PROGRAMS: dict[str, Callable[[str], str]] = {
    "Gmail": lambda said: f"{said}\n\n2026年11月24日(火) 9:12 門真市 <notifications@github.com>:\n\n{QUOTED}\n",
    "Gmail in English": lambda said: (
        f"{said}\n\nOn Tue, Nov 24, 2026 at 9:12 AM kadoma-line <\nnotifications@github.com> wrote:\n\n{QUOTED}"
    ),
    "Gmail, its address masked by GitHub": lambda said: (
        f"{said}\n\n2026年11月24日(火) 9:12 門真市 ***@***.***>:\n\n{ORIGINAL}\n—\nReply to this email directly, view it on GitHub\n"
    ),
    "Outlook desktop": lambda said: (
        f"お疲れさまです。\n\n{said}\n\n魅力発信課　山田\n\n-----Original Message-----\nFrom: GitHub <notifications@github.com> \nSent: Tuesday, November 24, 2026 9:12 AM\nTo: kadoma/kadoma-line\nSubject: Re: 確認待ち\n\n{ORIGINAL}"
    ),
    "Outlook on the web": lambda said: f"{said}\n________________________________\n{HEAD}{ORIGINAL}",
    "Outlook, top-posted without a divider": lambda said: f"{said}\n\n{HEAD}{ORIGINAL}",
    "Apple Mail": lambda said: (
        f"{said}\n\niPhoneから送信\n\n2026/11/24 9:12、門真市のメール:\n\n＞ 承認\n＞ 却下 理由\n"
    ),
    "Apple Mail, quote without marks": lambda said: (
        f"{said}\n\nOn Nov 24, 2026, at 9:12, GitHub <notifications@github.com> wrote:\n\n{ORIGINAL}"
    ),
    "Thunderbird, below the quote": lambda said: (
        f"On 2026/11/24 9:12, GitHub wrote:\n{QUOTED}\n\n{said}\n\n-- \n総務部危機管理課　承認担当\n"
    ),
    "Becky!": lambda said: (
        f"危機管理課です。\n\n{said}\n\nOn Tue, 24 Nov 2026 09:12:00 +0900\nGitHub <notifications@github.com> wrote:\n\n{QUOTED}\n\n-------------\n承認 太郎\n"
    ),
    "docomo": lambda said: f"{said}\n\n---- Original ----\n{ORIGINAL}",
    "au": lambda said: f"{said}\n----- 元のメール -----\n差出人: GitHub\n{ORIGINAL}",
    "SoftBank": lambda said: f"{said}\n\n＜元のメッセージ＞\n{ORIGINAL}",
    "Yahoo!メール": lambda said: f"{said}\n\n----- 元のメッセージ -----\n{HEAD}{ORIGINAL}",
    "GitHub in the browser": lambda said: f"{QUOTED}\n\n{said}\n",
    "a forwarded mail": lambda said: f"{said}\n\n---------- Forwarded message ---------\n{HEAD}{ORIGINAL}",
    "a disclaimer": lambda said: (
        f"{said}\n\n*****************************\nこのメールが誤って届いた場合は、承認を待たずに破棄してください。\n"
    ),
    "GitHub's own footer": lambda said: f"{said}\n\nReply to this email directly, view it on GitHub\n{ORIGINAL}",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("承認", Instruction("approve")),
        ("お世話になっております。\n承認します。よろしくお願いいたします。", Instruction("approve")),
        ("「却下」　古い記事の再掲載のため。", Instruction("reject", why="古い記事の再掲載のため")),
        ("届いていませんでした。", Instruction("not-delivered")),
        ("確認しておきます。", None),
    ],
)
def test_the_decision_is_read_whatever_a_mail_program_puts_around_it(
    program: str, said: str, meant: Instruction | None
) -> None:
    assert read(PROGRAMS[program](said)) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("全部承認", Instruction("approve", everything=True)),
        ("すべて却下：一覧の作り直しのため", Instruction("reject", everything=True, why="一覧の作り直しのため")),
        ("却下\n理由：古い記事", Instruction("reject", why="古い記事")),
        ("緊急　河川の水位が上がっているため", Instruction("emergency", why="河川の水位が上がっているため")),
        ("緊急で承認します", Instruction("emergency")),
        ("届いていた", Instruction("delivered")),
        ("届いていなかった（端末で確認）", Instruction("not-delivered", why="端末で確認")),
        (
            "承認　ａ１ｂ２ｃ３ｄ４ｅ５ｆ６、0123456789ab",
            Instruction("approve", about=("a1b2c3d4e5f6", "0123456789ab")),
        ),
        ("承認\r\nhttps://www.city.example/a.html", Instruction("approve", about=("https://www.city.example/a.html",))),
        ("**承認**", Instruction("approve")),
        ("「緊急断水のお知らせ」の件、確認しました。承認です。", Instruction("approve")),
        ("承認\n承認します", Instruction("approve")),
        ("承認\n却下", "contradiction"),
        ("緊急\n承認", "contradiction"),
        ("届いていた\n届いていなかった", "contradiction"),
        ("承認しません", "unclear"),
        ("承認、ただし明日以降", "unclear"),
        ("承認 は待ってください", "unclear"),
        ("不承認", "unclear"),
        ("承認してよいですか？", "unclear"),
        ("問題なければ承認", "unclear"),
        ("承認\nと思いましたが、承認は課長に確認してからにします", "unclear"),
        ("::set-output name=x::承認", "unclear"),
        ("`承認`", "unclear"),
        ("<b>承認</b>", "unclear"),
        ("<!-- 承認 -->", None),
        ("<!--\n承認", None),
        ("```\n承認\n```", None),
        ("<blockquote>\n承認\n</blockquote>\nご確認ください", None),
        ("緊急のときはどうしますか", None),
        ("", None),
    ],
)
def test_only_what_cannot_be_misunderstood_is_a_decision(said: str, meant: Instruction | str | None) -> None:
    assert read(said) == meant


@pytest.mark.parametrize(
    "hostile",
    [
        "\n",
        "承認\n",
        "承認 ",
        "<!--",
        "<!-- -->",
        "-",
        "> \n",
        "wrote:\n",
        "<a@b.c>: ",
        "0123456789ab ",
        "「",
        "理由：",
        "=\n",
        "\u0301",
    ],
)
def test_the_time_grows_with_the_text_and_no_faster(hostile: str) -> None:
    def spent(size: int) -> float:
        text = (hostile * size)[:size]
        began = process_time()
        read(text)
        return process_time() - began

    assert any(
        spent(60_000) < 20 * spent(6_000) + 0.3 for _ in range(5)
    )  # a square: a hundred times as long, each time
