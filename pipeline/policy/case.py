"""One article before the rules, and all that a rule may look at."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from pipeline.article import Page, PageProblem
from pipeline.config import Config
from pipeline.decision import Decision, Reason, Verdict
from pipeline.ledger.knowledge import Knowledge, Known
from pipeline.policy import hours
from pipeline.policy.content import emergency_word, signals

# full: the monthly limit is reached; partly: LINE is there, but something that normal broadcasts ask of it is not
LineState = Literal["ok", "full", "partly", "down"]


class Case(Struct, frozen=True):
    """One article before the rules. `page` is None as long as it was not fetched."""

    now: datetime
    config: Config
    knowledge: Knowledge
    known: Known
    page: Page | PageProblem | None = None
    line: LineState = "ok"

    def decision(self, verdict: Verdict, reason: Reason, detail: str = "", until: datetime | None = None) -> Decision:
        return Decision(self.known.id, verdict, reason, until, detail)

    @property
    def is_emergency(self) -> bool:
        """From an emergency source, or posted as one."""
        return self.known.emergency

    @property
    def goes_anyway(self) -> bool:
        """A doubt about it costs its details, never its departure. Once those are asked about, they wait as others do."""
        return self.known.urgent and self.known.post is None and Reason.DETAILS not in self.known.cleared

    @property
    def word(self) -> str:
        """The first emergency word of the title, as the list has it or as the page now says ("" for none)."""
        return emergency_word(f"{self.known.title}\n{title_of(self)}", self.config.policy.hours.emergency_words)

    @property
    def says_emergency(self) -> bool:
        """The title holds an emergency word, and none that makes it an everyday one (避難所運営訓練の参加者を募集)."""
        everyday = emergency_word(title_of(self), self.config.policy.hours.everyday_words)
        return bool(self.word) and not everyday

    @property
    def asks_at_night(self) -> bool:
        """It holds an emergency word while the hours are closed: a person says whether it is one."""
        closed = not hours.is_open(self.now, self.config.policy.hours)
        return not self.known.urgent and bool(self.word) and closed

    @property
    def jumps_the_queue(self) -> bool:
        """Exempt from the frequency rules."""
        return self.known.urgent or self.known.kind == "correction" or self.says_emergency


Rule = Callable[[Case], Decision | None]


def title_of(case: Case) -> str:
    """The title as it stands there now; an emergency has the list's where its page has none."""
    title = case.page.title if isinstance(case.page, Page) else case.known.title
    return title or (case.known.title if case.goes_anyway else "")


def said_by(case: Case) -> tuple[str, ...]:
    """The emergency words and levels in what is read of the article."""
    text = case.page.text if isinstance(case.page, Page) else ""
    return signals(f"{title_of(case)}\n{text}", case.config.policy.hours.emergency_words)
