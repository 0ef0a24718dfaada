"""`doctor` and `watchdog`: is everything as it should be?"""

import argparse
import os

from msgspec.structs import asdict

from pipeline.commands import Output, configured, place
from pipeline.config import ConfigError
from pipeline.doctor import examine, page, told, unusable
from pipeline.exits import DONE, FAILED
from pipeline.report.tell import append_summary
from pipeline.watchdog import look, tell_people
from pipeline.world import World


def doctor(options: argparse.Namespace) -> Output:
    """Every check, in words; sends nothing."""
    try:
        findings = examine(configured(options), options.config, options.state, os.environ)
    except ConfigError as error:
        findings = [unusable(options.config, error)]
    append_summary(page(findings), os.environ)
    code = FAILED if any(finding.level == "bad" for finding in findings) else DONE
    document = {"checks": [asdict(finding) for finding in findings], "exit": code}
    return Output(document, lambda: told(findings), code)


def watchdog(options: argparse.Namespace) -> Output:
    """What the main job cannot tell about itself."""
    config = configured(options)
    here = place(options)
    seen = look(config, options.state, World.real(config), here)
    tell_people(config, os.environ, seen, here)
    document = {"alerts": [{"code": told.code, "message": str(told)} for told in seen.told], "exit": DONE}
    return Output(document, lambda: "\n".join(f"【{told.title}】{told}" for told in seen.told) or seen.quiet)
