"""`status`, `explain` and `ledger`: what is known, told; nothing is read but the ledger."""

import argparse

from pipeline.commands import Output, colour, configured, place
from pipeline.ledger import store
from pipeline.ledger.ledger import known
from pipeline.ledger.verify import verify
from pipeline.refusal import Refusal
from pipeline.report import explain as article
from pipeline.report import records, render
from pipeline.report import status as standing
from pipeline.world import World


def status(options: argparse.Namespace) -> Output:
    """What waits for what."""
    config = configured(options)
    document = standing.status_of(config, known(options.state), World.real(config).now(), place(options))
    return Output(document, lambda: standing.status(document, colour=colour()), document["exit"])


def explain(options: argparse.Namespace) -> Output:
    """Every decision on one article."""
    config = configured(options)
    events = list(store.read(options.state))
    document = article.explanation_of(config, events, options.url, World.real(config).now(), place(options))
    if document is None:
        raise Refusal("article-not-found", what=options.url)
    return Output(document, lambda: article.explanation(document, colour=colour()))


def ledger_verify(options: argparse.Namespace) -> Output:
    """Whether the record is whole; a configuration that cannot be used does not hide it."""
    if options.rehearsal:
        configured(options)
    document = records.verdict_of(verify(options.state))
    return Output(document, lambda: render.text("verdict", verdict=document), document["exit"])


def ledger_show(options: argparse.Namespace) -> Output:
    """What was sent."""
    config = configured(options)
    document = records.records_of(config, options.state, list(store.read(options.state)), options.wanted)
    if document is None:
        raise Refusal("record-not-found", what=options.wanted)
    return Output(document, lambda: render.text("records", records=document))
