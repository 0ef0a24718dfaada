"""`report`: the month, for those who answer for the account."""

import argparse
import logging
import os
import re
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.commands import Output, configured
from pipeline.config import JST, Config, ConfigError
from pipeline.ledger import store
from pipeline.ledger.ledger import Ledger
from pipeline.line.answers import LineError
from pipeline.line.client import LineClient
from pipeline.line.figures import measure
from pipeline.masking import write_masked
from pipeline.report import month_page, safe, words
from pipeline.report.github import GitHub, tolerated
from pipeline.report.issues import labels_of
from pipeline.report.month import days_without_friends, month_of, span_of, trial_of, unmeasured
from pipeline.report.residents import lines, recorded
from pipeline.report.tell import append_summary
from pipeline.world import World

log = logging.getLogger("kadoma_line")

CODE = "month"  # of the issue's label


def report(options: argparse.Namespace) -> Output:
    """The month as text, as a page (`--out`), as an issue (`--issue`); `--figures` asks LINE for what is missing first."""
    config, world = configured(options), World.real(configured(options))
    now = world.now()
    if options.shadow:
        return _trial(config, options.state, options.out, now)
    first, end = span_of(_month(options.month) or f"{now.astimezone(JST).replace(day=1) - timedelta(days=1):%Y-%m}")
    month = f"{first:%Y-%m}"
    if options.figures:
        _measure(config, options.state, world, first, min(end, now))
    document = month_of(config, list(store.read(options.state)), month, now)
    if options.out:
        write_masked(options.out, month_page.page(document))
    if options.issue:
        publish(config, document)
    text = month_page.markdown(document)
    append_summary(text, os.environ)
    return Output(document, lambda: month_page.text(document))


def _month(text: str) -> str:
    """A month as people write it ("2026-11", "2026年11月") as "2026-11". Raises ConfigError."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return ""
    found = re.fullmatch(r"(2\d{3})\s?[-/.年]\s?(0?[1-9]|1[0-2])\s?月?", plain)
    if found is None:
        raise ConfigError(f"--month: found {text!r}; allowed: a month such as 2026-11")
    return f"{found[1]}-{int(found[2]):02}"


def _trial(config: Config, state: Path, out: Path | None, now: datetime) -> Output:
    document = trial_of(config, list(store.read(state)), now, lambda name: lines(recorded(state, name)))
    file = out or Path("trial.html")
    write_masked(file, month_page.trial_page(document))
    said = words.sentence("trial", file=str(file), count=str(document["totals"]["broadcasts"]))
    return Output(document | {"page": str(file)}, lambda: said)


def _measure(config: Config, state: Path, world: World, first: datetime, end: datetime) -> None:
    """Record the figures that LINE has and the ledger has not. Without LINE the report goes on, and says what is missing."""
    with Ledger(state, config.state, f"m{world.now():%Y%m%d-%H%M%S}", world.now) as ledger:
        events = list(store.read(state))
        client = LineClient(config.line, world.environment, world.now, world.sleep)
        try:
            client.check_account()
            broadcasts = unmeasured(events, first, end, world.now())
            days = days_without_friends(events, first.date(), end.date())
            told = measure(client, broadcasts, days, world.now(), ledger.run)
        except LineError as error:
            log.warning("%s", safe.line(error))
            return
        ledger.record_decided(f"figures of LINE: {len(told)}", lambda: told)


def publish(config: Config, document: dict[str, Any]) -> None:
    """One issue a month, rewritten as figures arrive; who has read it closes it."""
    github = GitHub.of(config, os.environ)
    if github is None:
        raise ConfigError("--issue: needs GITHUB_TOKEN and GITHUB_REPOSITORY, as a workflow has them")
    title, body, labels = month_page.title(document), month_page.markdown(document), labels_of(config, CODE)
    with tolerated():
        there = next((issue for issue in github.issues(labels, "all") if issue.title == title), None)
        github.write_issue(there, title, body, labels)
