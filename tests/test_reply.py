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
    "an attribution with a date alone": lambda said: f"{said}\n\n2026年11月24日(火) 10:00 GitHub <…>:\n\n{ORIGINAL}",
    "Outlook for iOS": lambda said: (
        f"{said}\n\nOutlook for iOS を入手<https://aka.ms/o0ukef>\n________________________________\n{HEAD}{ORIGINAL}"
    ),
    "Windows のメール": lambda said: f"{said}\n\nWindows 版のメールから送信\n\n{HEAD}{ORIGINAL}",
    "Garoon": lambda said: f"{said}\n\nGitHub <notifications@github.com> さんが書きました：\n{ORIGINAL}",
    "サイボウズ Office": lambda said: f"{said}\n\n---- 元のメール ----\n{ORIGINAL}",
    "desknet's NEO": lambda said: f"{said}\n\n------------ Original Message ------------\n{QUOTED}\n",
    "a quote with a full-width bar": lambda said: f"{said}\n\n" + QUOTED.replace("> ", "｜") + "\n",
    "a quote with the name before it": lambda said: f"{said}\n\n" + QUOTED.replace("> ", "GitHub> ") + "\n",
    "a signature in a box": lambda said: (
        f"{said}\n\n┏━━━━━━━━┓\n┃承認担当　山田┃\n┗━━━━━━━━┛\n却下の窓口　06-6902-1231\n"
    ),
    "a signature between strokes with words": lambda said: f"{said}\n\n------ 門真市役所 ------\n却下担当　山田\n",
    "greetings and a signature without a divider": lambda said: (
        f"GitHub　様\n\nお世話になっております。危機管理課の山田です。\n\n標記の件につきまして、\n{said}\n\n以上、よろしくお願いいたします。\n門真市　総務部　危機管理課\n山田　太郎\n"
    ),
    "strokes above and below": lambda said: f"==========\n{said}\n==========\n却下担当　山田\n",
    "GitHub's own footer": lambda said: f"{said}\n\nReply to this email directly, view it on GitHub\n{ORIGINAL}",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("承認", Instruction("approve")),
        ("お世話になっております。\n承認します。よろしくお願いいたします。", Instruction("approve")),
        ("「却下」　古い記事の再掲載のため。", Instruction("reject", why="古い記事の再掲載のため")),
        ("却下します。\n日付が誤っているため。", Instruction("reject", why="日付が誤っているため")),
        ("緊急\n大雨で川の水位が上がっているため", Instruction("emergency", why="大雨で川の水位が上がっているため")),
        ("届いていませんでした。", Instruction("not-delivered")),
        ("確認しておきます。", None),
        ("了解です。", "other-words"),
    ],
)
def test_the_decision_is_read_whatever_a_mail_program_puts_around_it(
    program: str, said: str, meant: Instruction | str | None
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


YES, NO, NOW = Instruction("approve"), Instruction("reject"), Instruction("emergency")


@pytest.mark.parametrize(
    ("meant", "spellings"),
    [
        (
            YES,
            "承認します|***承認***|承認します。メールで送信してください|承認いたします|承認致します。|承認お願いします|承認をお願いします|承認でお願いいたします|承認願います|承認で。|承認でOKです|承認とします"
            "|承認する|承認で問題ありません|承認で結構です|承認でよいです|承認しても構いません|承認しますね|承認です！|承認👍|承 認|承　認|「承認」します|『承認』でお願いします"
            "|【承認】|■承認|1. 承認|→承認|回答：承認します|本件、承認します|この記事は承認でお願いします|上記について承認します|内容を確認しましたので、承認します"
            "|@kiki 承認|承認、よろしくお願いします|承認 どうぞよろしくお願いいたします|承認\x00|\u202e承認\u202c|承\u200b認|\ufeff承認",
        ),
        (NO, "却下します|却下でお願いします|却下願います|却下してください。|却 下|「却下」でお願いします|・却下|却下です。よろしくお願いします。"),
        (
            Instruction("reject", why="古い記事のため"),
            "却下　古い記事のため|却下：古い記事のため|却下（古い記事のため）|却下 - 古い記事のため|却下します。古い記事のため。|却下\n古い記事のため|却下\n\n古い記事のため\n\n山田"
            "|却下\n（理由）古い記事のため|却下でお願いします。理由は古い記事のため。|古い記事のため却下します。|古い記事のため、却下",
        ),
        (NOW, "緊急|緊急です|緊急！|緊急でお願いします|緊急として承認します|緊急承認|緊急で送ってください|承認（緊急）|緊 急|緊急　よろしくお願いします"),
        (Instruction("emergency", why="大雨のため"), "緊急　大雨のため|緊急です。大雨のため。|大雨のため緊急で承認します|緊急\n大雨のため"),
        (Instruction("approve", everything=True), "全部承認します|全部 承認|すべて承認でお願いします|一括承認|全件承認"),
        (
            Instruction("approve", about=("a1b2c3d4e5f6",)),
            "承認 a1b2c3d4e5f6|承認　ID　a1b2c3d4e5f6|承認 ID：a1b2c3d4e5f6|承認（a1b2c3d4e5f6）|a1b2c3d4e5f6 承認|a1b2c3d4e5f6を承認します|承認\n・a1b2c3d4e5f6　花火大会中止のお知らせ",
        ),
        (
            Instruction("reject", about=("https://www.city.example/a.html",)),
            "却下 https://www.city.example/a.html|却下（https://www.city.example/a.html）|却下 <https://www.city.example/a.html>|却下　https://www.city.example/a.html。",
        ),
        (Instruction("delivered"), "届いていた|届いてた|届いていました|届いてました|届いています|届いております|届きました"),
        (Instruction("not-delivered"), "届いていなかった|届いてない|届いてなかった|届いておりません|届きませんでした|届かない"),
        (
            "unclear",
            "承認しません|承認できません|承認いたしかねます|承認は見送ります|承認保留|未承認|承認済みです|承認を取り消します|承認 or 却下|承認（却下）|承認でよろしいでしょうか|承認でお願いできますか"
            "|却下しません|却下しないでください|課長が承認しました|明日から承認|12月1日に承認します|承認 12/1 10:00に送ってください|承認します。ただし明日以降に送ってください"
            "|承認。17時以降に配信してください|承認です。題名を直してから送ってください|承認（題名修正後）|緊急なので承認|承認\na1b2c3d4e5f6 以外|届いていないようです|届いたかもしれません"
            "|~~承認~~|[承認](http://x)|$(rm -rf /) 承認|{{7*7}}承認|<p>承認</p>",
        ),
        (
            "other-words",
            "OK|ＯＫです|了解|了解しました|承知しました。|はい|送ってください|送信して|送らないで|配信OK|問題ありません|LGTM|approve|不可|緊急ではありません|内容を確認しました。",
        ),
        (None, "了解しました。あとで確認します。|緊急連絡先：06-6902-1231|確認中です\n緊急　連絡先は06-6902-1231|担当に聞いています|Google で調べます|送信履歴を確認中です"),
    ],
)  # fmt: skip
def test_a_decision_may_be_said_as_people_say_it(meant: Instruction | str | None, spellings: str) -> None:
    assert {said: read(said) for said in spellings.split("|")} == dict.fromkeys(spellings.split("|"), meant)


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
        "承 ",
        "確認し、",
        "2026/1/1:",
        "ため",
        "━ ",
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
