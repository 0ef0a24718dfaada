"""On PYTHONPATH of a measured process: tells at its end what it imported and started, which files it read and wrote, and what
the search for cycles leaves out."""

import atexit
import gc
import json
import os
import sys

_opened: list[tuple[str, bool]] = []
_started: list[list[str]] = []
_WRITING = os.O_WRONLY | os.O_RDWR


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        _opened.append((os.fsdecode(arguments[0]), bool(flags & _WRITING)))
    elif event == "subprocess.Popen" and isinstance(arguments[1], list):
        _started.append([str(part) for part in arguments[1]])


def _tell(file: str) -> None:
    frozen = gc.get_freeze_count()
    told = {"modules": sorted(sys.modules), "opened": list(_opened), "started": _started, "frozen": frozen}
    with open(file, "w", encoding="utf-8") as stream:  # noqa: PTH123 - pathlib is not imported for the probe
        json.dump(told, stream)


if "COSTS" in os.environ:
    sys.addaudithook(_note)
    atexit.register(_tell, os.environ.pop("COSTS"))
