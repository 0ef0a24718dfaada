"""What staff read besides the preview, as files for the browser: issues as GitHub draws them, the month, a trial run.

GitHub's own page cannot be had here; its rules for what we write can: GFM with line breaks as written, a column of 830 px
at most, tables that scroll by themselves, the words of a mail's subject as the title.
"""

from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from msgspec.structs import replace

from pipeline.config import JST, load
from pipeline.report import month_page
from pipeline.report.month import month_of
from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.github import REPOSITORY, TOKEN, GitHubServer
from tests.doubles.line import LineFault
from tests.report.test_month import Year
from tests.town import ROOT, Town

# After github-markdown-css and GitHub's issue page on a telephone.
STYLE = """
body { margin: 0; padding: 16px; font: 16px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif, "Noto Color Emoji"; color: #1f2328; background: #fff; }
main { max-width: 830px; margin: 0 auto; overflow-wrap: break-word; } h1.title { font-size: 26px; font-weight: 400; margin: 0 0 16px; }
h1, h2 { border-bottom: 1px solid #d1d9e0b3; padding-bottom: .3em; } h1, h2, h3, h4 { margin: 24px 0 16px; font-weight: 600; line-height: 1.25; }
h2 { font-size: 1.5em; } h3 { font-size: 1.25em; } h4 { font-size: 1em; } p, ul, table, blockquote, details { margin: 0 0 16px; } ul { padding-left: 2em; }
a { color: #0969da; } blockquote { padding: 0 1em; color: #59636e; border-left: .25em solid #d1d9e0; } blockquote > :last-child { margin-bottom: 0; }
code { padding: .2em .4em; font-size: 85%; background: #818b981f; border-radius: 6px; white-space: break-spaces; font-family: monospace; }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; font-variant: tabular-nums; }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0; } tr:nth-child(2n) { background: #f6f8fa; } hr { height: .25em; margin: 24px 0; border: 0; background: #d1d9e0; }
@media (max-width: 767px) { body { font-size: 14px; } h1.title { font-size: 20px; } }
"""


def issue_page(title: str, markdown: str) -> str:
    """An issue, or the summary page of a step, as GitHub draws it."""
    drawn = MarkdownIt("gfm-like", {"linkify": False, "html": True, "breaks": True}).render(markdown)
    drawn = drawn.replace("<table>", '<table tabindex="0">')  # GitHub makes what scrolls reachable
    return (
        f'<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><main><h1 class="title">{escape(title)}</h1>{drawn}</main></body></html>'
    )


def pages(folder: Path) -> dict[str, str]:
    """Name → HTML of everything, in a town where much waits at once."""
    return _issues(folder) | _months(folder) | {"trial": _trial(folder / "trial")}


def _issues(folder: Path) -> dict[str, str]:
    town, github = _town(folder / "issues"), GitHubServer()
    github.now = lambda: town.now
    github.start()
    here = {
        "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN,
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "19283746501",
    }  # fmt: skip
    town.environment |= here
    town.configure(("board = false", "board = true "))
    town.with_baseline()
    town.now += timedelta(hours=2)
    town.publish(*ARTICLES[20:23])
    town.run(code=0)
    town.now += timedelta(hours=3)
    town.publish(ARTICLES[23])
    town.line.fail(LineFault.error_before(500), times=None)
    town.run()
    town.line.recover()
    town.now += timedelta(days=1, hours=7)  # in the evening, when LINE has forgotten the retry key
    town.publish(replace(ARTICLES[24], title="断水のお知らせ（柳町・新橋町・本町の一部）"), ARTICLES[27])
    town.publish(ARTICLES[26], at=town.now - timedelta(days=9))
    words = (
        "--title",
        "給水所を開設しました",
        "--text",
        "市役所前で給水しています。\n容器をお持ちください。",
        "--why",
        "断水のため",
    )
    town.call("post", "--emergency", "--actor", "miryoku", *words, code=0)
    town.city.fail("/index.update.json", Fault.status(503))
    town.run()
    town.city.recover()
    town.now += timedelta(hours=1)
    summary = folder / "summary.md"
    town.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    town.publish(*ARTICLES[10:20], *ARTICLES[28:32], at=town.now - timedelta(minutes=1))
    town.run(code=3)
    found = {f"issue {kind(issue)}": issue_page(issue["title"], issue["body"]) for issue in github.issues}
    for number, comment in github.comments:
        found[f"comment {number}"] = issue_page("コメント", comment)
    github.stop()
    town.stop()
    return found | {"summary": issue_page("自動の実行", summary.read_text(encoding="utf-8"))}


def kind(issue: dict[str, object]) -> str:
    labels: list[dict[str, str]] = issue["labels"]  # type: ignore[assignment]
    return f"{issue['number']} " + labels[1]["name"].partition("/")[2]


def _months(folder: Path) -> dict[str, str]:
    year = Year(7)
    year.measure()
    config = load(ROOT / "tests" / "kadoma.toml")
    document = month_of(config, year.events, "2026-11", datetime(2026, 12, 1, 8, tzinfo=JST))
    nothing = month_of(config, [], "2026-11", datetime(2026, 11, 20, 8, tzinfo=JST))
    return {
        "month": month_page.page(document),
        "month without anything": month_page.page(nothing),
        "month as an issue": issue_page(month_page.title(document), month_page.markdown(document)),
    }


def _trial(folder: Path) -> str:
    town = _town(folder)
    town.configure(("shadow = false", "shadow = true"))
    town.with_baseline()
    town.now += timedelta(hours=2)
    town.publish(*ARTICLES[20:24])
    town.publish(ARTICLES[26], at=town.now - timedelta(days=9))
    town.run(code=3)
    page = folder / "trial.html"
    town.call("report", "--shadow", "--out", str(page), code=0)
    town.stop()
    return page.read_text(encoding="utf-8")


def _town(folder: Path) -> Town:
    folder.mkdir(parents=True, exist_ok=True)
    return Town(folder)
