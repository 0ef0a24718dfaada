"""A night at the city's emergency page: lists and pages as bytes, passes through the console script, cards as residents read
them."""

from datetime import datetime, timedelta

from pipeline.config import JST
from pipeline.report.flex_text import cards
from pipeline.sandbox.articles import ARTICLES
from tests.town import Result, Town

HTML = "text/html; charset=utf-8"
LIST = "/kinkyu/index.html"
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=JST)
PASS = timedelta(minutes=5)
NONE = "現在、緊急情報はありません。"


class Scene:
    """`town` with an emergency source that has been read once; each `run` is the pass five minutes later."""

    def __init__(self, town: Town, *, date: str = "", source: str = "") -> None:
        self.town = town
        town.now = NIGHT
        block = source or (
            f'kind = "html"\nurl = "{LIST}"\nemergency = true\n'
            f'select = {{ item = "li.page", link = "a", date = "{date}" }}\n'
        )
        town.configure(("[line]\n", f"[[site.sources]]\n{block}\n[line]\n"))
        for article in ARTICLES[:3]:
            town.city.publish(article, NIGHT - timedelta(days=20))

    def show(self, *rows: str, path: str = LIST) -> None:
        """The list page with these rows (HTML inside its <ul>)."""
        self.html(path, "緊急情報", f"<ul>{''.join(rows)}</ul>")

    def html(self, path: str, title: str, body: str, head: str = "") -> None:
        page = (
            f"<!DOCTYPE html><html lang='ja'><head><title>{title}｜門真市</title>{head}</head>"
            f"<body><main><h1>{title}</h1>{body}</main></body></html>"
        )
        self.town.city.put(path, page.encode(), HTML)

    def write(self, path: str, title: str, *texts: str, head: str = "") -> None:
        """A page with these paragraphs."""
        self.html(path, title, "".join(f"<p>{text}</p>" for text in texts), head)

    def start(self) -> None:
        """The first run of all: whatever stands there is known."""
        self.town.run(code=0)

    def run(self, code: int | None = None, later: timedelta = PASS) -> list[str]:
        """A pass; what residents read in each broadcast that it made."""
        self.town.now += later
        before = len(self.town.line.accepted)
        self.result = self.town.run(code=code)
        return self.read(before)

    def read(self, since: int = 0) -> list[str]:
        return [
            "\n".join(line for message in sent.messages for card in cards(message) for line in card)
            for sent in self.town.line.accepted[since:]
        ]

    def decide(self, verb: str, article: str, *options: str) -> Result:
        """A poster's decision."""
        return self.town.call(verb, article, "--actor", "kiki", *options, code=0)

    @property
    def alerts(self) -> dict[str, str]:
        return {alert["code"]: alert["message"] for alert in self.result.json["alerts"]}

    @property
    def article(self) -> str:
        """The id of the one article of the last pass."""
        (row,) = self.result.json["articles"]
        return str(row["id"])


def row(path: str, title: str, date: str = "") -> str:
    return f'<li class="page"><a href="{path}">{title}</a>{date}</li>'
