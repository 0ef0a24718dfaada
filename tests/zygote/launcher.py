"""A program for shells, which has commands carried out in a series: it starts faster than any Python."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from tests.zygote.client import Series

NOT_CARRIED_OUT = 99
# What it was given the kernel tells of it. Its stdin, its limits and signals are not handed on; what the command wrote comes when
# it has ended, stdout first. One at a time: a second one may read the answer of the first, and refuses it unless that was killed.
PROGRAM = """#!/bin/sh
echo $$ >'{asked}'
while read -r whose code && [ "$whose" != $$ ]; do
  ! kill -0 "$whose" 2>/dev/null || exit {not_carried_out}
done <'{answered}'
[ ! -s '{out}'$$ ] || cat '{out}'$$
[ ! -s '{err}'$$ ] || cat '{err}'$$ >&2
exit "$code"
"""


class Launcher:
    """Answers its programs until `stop`.

    Args:
        series: which one the next command is for.
    """

    def __init__(self, script: Path, series: Callable[[], Series]) -> None:
        self._script, self._series = script, series
        self._folder = Path(tempfile.mkdtemp())
        self._places = {name: self._folder / name for name in ("asked", "answered", "out", "err")}
        for name in ("asked", "answered"):
            os.mkfifo(self._places[name])
        # Both ends of both: neither ends between two programs, nor waits for one that was killed.
        self._asked, self._answered = (os.open(self._places[name], os.O_RDWR) for name in ("asked", "answered"))
        self._errors: list[Exception] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def write_program(self, folder: Path) -> Path:
        """A program in a folder that starts the script."""
        program = folder / self._script.name
        text = PROGRAM.format(**self._places, not_carried_out=NOT_CARRIED_OUT)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        return program

    def _serve(self) -> None:
        with open(self._asked, encoding="ascii", closefd=False) as asked:
            for line in iter(asked.readline, "\n"):
                try:
                    code = self._carry_out(Path("/proc") / line.strip())
                except Exception as error:
                    self._errors.append(error)
                    code = NOT_CARRIED_OUT
                os.write(self._answered, f"{line.strip()} {code}\n".encode())

    def _carry_out(self, program: Path) -> int:
        arguments, environment = (
            os.fsdecode((program / name).read_bytes()).split("\0")[:-1] for name in ("cmdline", "environ")
        )
        variables = dict(one.split("=", 1) for one in environment)
        command = [str(self._script), *arguments[2:]]
        out, err = (self._folder / f"{name}{program.name}" for name in ("out", "err"))
        with out.open("w+b") as out_file, err.open("w+b") as err_file:
            code = self._series().carry_out(command, variables, (program / "cwd").readlink(), out_file, err_file)
        return code if code >= 0 else 128 - code  # as a shell tells of a signal

    def stop(self) -> None:
        """Raises the first error that a program met."""
        os.write(self._asked, b"\n")
        self._thread.join()
        for descriptor in (self._asked, self._answered):
            os.close(descriptor)
        shutil.rmtree(self._folder)
        if self._errors:
            raise self._errors[0]
