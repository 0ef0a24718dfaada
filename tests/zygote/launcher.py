"""A program for shells, which has commands carried out in a series: it starts faster than any Python."""

import os
import shutil
import tempfile
import threading
from pathlib import Path

from tests.zygote.client import Series

NOT_CARRIED_OUT = 99
# What it was given the kernel tells of it. One at a time: a second one would read the answer of the first.
PROGRAM = """#!/bin/sh
echo $$ >'{asked}'
read -r whose code <'{answered}'
[ "$whose" = $$ ] || exit {refused}
[ ! -s '{out}' ] || cat '{out}'
[ ! -s '{err}' ] || cat '{err}' >&2
exit "$code"
"""


class Launcher:
    """Answers its programs until `stop`."""

    def __init__(self, script: Path, series: Series) -> None:
        self._script, self._series = script, series
        self._folder = Path(tempfile.mkdtemp())
        self._places = {name: self._folder / name for name in ("asked", "answered", "out", "err")}
        for name in ("asked", "answered"):
            os.mkfifo(self._places[name])
        self._asked = os.open(self._places["asked"], os.O_RDWR)  # so that it does not end between two programs
        self.errors: list[Exception] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def write_program(self, folder: Path) -> Path:
        """A program in a folder that starts the script; the caller's stdin is not handed on."""
        program = folder / self._script.name
        program.write_text(PROGRAM.format(**self._places, refused=NOT_CARRIED_OUT), encoding="utf-8")
        program.chmod(0o755)
        return program

    def _serve(self) -> None:
        with open(self._asked, encoding="ascii") as asked:  # noqa: PTH123 - a descriptor
            for line in iter(asked.readline, "\n"):
                try:
                    code = self._carry_out(Path("/proc") / line.strip())
                except Exception as error:
                    self.errors.append(error)
                    code = NOT_CARRIED_OUT
                self._places["answered"].write_text(f"{line.strip()} {code}\n")

    def _carry_out(self, program: Path) -> int:
        arguments, environment = (
            os.fsdecode((program / name).read_bytes()).split("\0")[:-1] for name in ("cmdline", "environ")
        )
        variables = dict(one.split("=", 1) for one in environment)
        command = [str(self._script), *arguments[2:]]
        with self._places["out"].open("w+b") as out, self._places["err"].open("w+b") as err:
            code = self._series.carry_out(command, variables, (program / "cwd").readlink(), out, err)
        return code if code >= 0 else 128 - code  # as a shell tells of a signal

    def stop(self) -> None:
        with self._places["asked"].open("w") as asked:
            asked.write("\n")
        self._thread.join()
        shutil.rmtree(self._folder)
        assert self.errors == []
