"""`preview`: a page of what would be sent, or of every template."""

import argparse
import os
from functools import partial

from pipeline.commands import Output, configured
from pipeline.masking import write_masked
from pipeline.report import pages
from pipeline.report.gallery import gallery_page
from pipeline.run import run
from pipeline.sources.pictures import embedded
from pipeline.world import World


def preview(options: argparse.Namespace) -> Output:
    """Write the page; what waits for the next opening is looked at as of then."""
    config = configured(options)
    code = 0
    if options.template_gallery:
        file = write_masked(options.out / "gallery.html", gallery_page(config))
    else:
        report = run(config, options.state, World.real(config), dry_run=True)
        opening = pages.worth_looking_ahead(report, config)
        ahead = run(config, options.state, World(os.environ, lambda: opening), dry_run=True) if opening else None
        file = pages.write_preview(config, report, options.out, partial(embedded, config.site), ahead)
        code = report.exit
    return Output({"page": str(file), "exit": code}, lambda: str(file), code)
