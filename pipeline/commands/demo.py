"""`demo`: a day's story against an embedded city and an embedded LINE."""

import argparse
import sys

from pipeline.commands import DONE, FAILED, Output
from pipeline.config import load
from pipeline.sandbox import stage


def demo(options: argparse.Namespace) -> Output:
    """Told step by step while it is played; done when the story came true."""
    document = stage.show(load(options.config), sys.stdout, quiet=options.json)
    return Output(document, exit=DONE if document["came_true"] else FAILED)
