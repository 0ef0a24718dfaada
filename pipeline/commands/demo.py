"""`demo`: a day's story against an embedded city and an embedded LINE."""

import argparse
import sys

from pipeline.commands import Output, configured
from pipeline.sandbox import stage


def demo(options: argparse.Namespace) -> Output:
    """Told step by step while it is played; done when the story came true."""
    document = stage.show(configured(options), sys.stdout, quiet=options.json)
    return Output(document, exit=document["exit"])
