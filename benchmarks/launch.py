"""Runs one command and writes what it cost: a small process of its own, because Linux counts the parent's memory at the
moment of the start into the child's peak. The command and its children stay on one core, the last: a process that is moved
between cores finds their caches cold, which costs CPU seconds, now and then. Usage: launch.py RESULT LOG COMMAND…"""

import json
import os
import sys
import time

result, log, *command = sys.argv[1:]
flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
streams = [(os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
began = time.perf_counter()
child = os.posix_spawn(command[0], command, os.environ, file_actions=streams)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - began
with open(result, "w") as file:  # noqa: PTH123 - pathlib would be half of this process
    json.dump(
        {
            "wall": wall,
            "cpu": used.ru_utime + used.ru_stime,
            "peak": used.ru_maxrss / 1024,
            "code": os.waitstatus_to_exitcode(status),
        },
        file,
    )
