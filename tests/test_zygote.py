"""A script that a zygote starts cannot tell that it was not started from nothing; and nothing of it outlives the tests."""

import contextlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.sandbox.articles import ARTICLES
from tests.doubles.fault import Fault
from tests.doubles.line import LineFault
from tests.town import SERIES, Town, series
from tests.town import zygote as the_zygote
from tests.zygote.client import ADDRESS, Process, Series, Zygote, end_of_process, serve_the_run
from tests.zygote.launcher import NOT_CARRIED_OUT, Launcher
from tests.zygote.series import LONGEST

SCRIPTS = {
    "ends by itself": "print('done')",
    "ends with a number": "import sys; sys.exit(3)",
    "ends with nothing": "import sys; sys.exit()",
    "ends with words": "import sys; sys.exit('too bad')",
    "is interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "is terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "is told of what was written to a closed pipe": "import os; reader, writer = os.pipe(); os.close(reader); os.write(writer, b'1')",
    "says where it is": "import os, sys; print(os.getcwd(), sys.argv, dict(os.environ), sep='\\n')",
    "asks for its streams": "import sys; print(sys.stdin.read(), [(one.isatty(), one.encoding, one.errors) for one in (sys.stdout, sys.stderr)])",
    "asks what is open": "import os; [print(one) for one in range(3, 99) if os.path.exists(f'/proc/self/fd/{one}')]",
    "asks for its signals": "import signal; print([signal.getsignal(one) for one in (2, 13, 15, 17)], signal.set_wakeup_fd(-1))",
    "asks for the time": "import time; print(time.strftime('%H %Z', time.gmtime(0)), time.tzname)",
    "works in the background": "import threading; said = threading.Event(); threading.Thread(target=lambda: said.wait() and print('later')).start(); print('now'); said.set()",
    "has something to do at the end": "import atexit; atexit.register(print, 'at the end'); print('now')",
    "writes to both": "import sys; print('門真市'); print('\\udc80', file=sys.stderr)",
}  # fmt: skip


@pytest.fixture
def zygote() -> Zygote:
    """The one that all tests use, as it is by now."""
    return the_zygote()


@pytest.fixture
def one(zygote: Zygote) -> Iterator[Series]:
    """A series of its own: those of the tests take turns."""
    made = Series(zygote)
    yield made
    made.stop()


@pytest.fixture
def launcher(one: Series, tmp_path: Path) -> Iterator[Launcher]:
    made = Launcher(tmp_path / "script.py", lambda: one)
    yield made
    made.stop()


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_script_does_the_same_as_from_nothing(
    zygote: Zygote, one: Series, launcher: Launcher, tmp_path: Path, what: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPTS[what], encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "LANG": "C.UTF-8"}
    cold = subprocess.run(
        [sys.executable, str(script), "門真"],
        env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    warm = zygote.start([str(script), "門真"], environment, tmp_path)
    (tmp_path / "bin").mkdir()
    shell = subprocess.run(
        ["sh", "-c", f"{launcher.write_program(tmp_path / 'bin')} 門真; exit $?"],
        env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for code, out, err in (
        (warm.wait(), warm.out, warm.err),
        one.call([str(script), "門真"], environment, tmp_path),
        (cold.returncode, shell.stdout, shell.stderr),
    ):
        assert code == cold.returncode
        assert err.splitlines()[-1:] == cold.stderr.splitlines()[-1:]
        # A shell adds variables of its own.
        assert (
            out.splitlines()[:2] == cold.stdout.splitlines()[:2] if "environ" in SCRIPTS[what] else out == cold.stdout
        )
    assert shell.returncode == (cold.returncode if cold.returncode >= 0 else 128 - cold.returncode)


def test_a_launcher_outlives_its_programs_and_tells_what_they_could_not(one: Series, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SLOW, encoding="utf-8")
    launcher = Launcher(tmp_path / "script.py", lambda: one)
    (tmp_path / "bin").mkdir()
    program = launcher.write_program(tmp_path / "bin")
    killed = subprocess.Popen([str(program)], env={"PATH": os.environ["PATH"]})
    while not any(file.read_bytes() for file in Path(tempfile.gettempdir()).glob(f"*/out{killed.pid}")):
        assert killed.poll() is None
    killed.kill()
    killed.wait()
    assert one._process is not None
    one._process.send_signal(signal.SIGKILL)
    (tmp_path / "script.py").write_text("print('done')", encoding="utf-8")
    shell = subprocess.run(
        [str(program)], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert (shell.returncode, shell.stdout) == (0, "done\n")
    kill_between_two_commands(one)
    assert subprocess.run([str(program)], env={"PATH": os.environ["PATH"]}, check=False).returncode == NOT_CARRIED_OUT
    with pytest.raises(BrokenPipeError):
        launcher.stop()


LEAVES = """
import atexit, logging, os, signal, sys
import pipeline.cli
from pipeline import masking
os.environ["LEFT"] = "behind"
os.chdir("/")
sys.argv.append("more")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
pipeline.cli.log.addHandler(logging.StreamHandler())
masking.learn("a secret of the first command")
atexit.register(print, "at the end of the first")
os.pipe()
class Garbage:
    def __del__(self): print("garbage of the first")
garbage = Garbage()
garbage.itself = garbage
"""
LOOKS = """
import os, signal, sys, threading
import pipeline.cli
from pipeline import masking
print(dict(os.environ), os.getcwd(), sys.argv, [one for one in range(3, 99) if os.path.exists(f"/proc/self/fd/{one}")])
print(threading.enumerate()[1:], [signal.getsignal(one) for one in (1, 2, 13, 15, 17)], pipeline.cli.log.handlers, masking._forms)
"""


def test_a_command_finds_nothing_of_the_one_before(one: Series, tmp_path: Path) -> None:
    leaves, looks = tmp_path / "leaves.py", tmp_path / "looks.py"
    leaves.write_text(LEAVES, encoding="utf-8")
    looks.write_text(LOOKS, encoding="utf-8")
    asked = ([str(looks), "門真"], {"PATH": os.environ["PATH"]}, tmp_path)
    alone = the_zygote().start(*asked)
    assert alone.wait() == 0, alone.err
    for _ in range(2):
        assert one.call([str(leaves)], {"PATH": os.environ["PATH"]}, tmp_path)[0] == 0
        assert one.call(*asked) == (0, alone.out, alone.err)


# What our modules hold: values, attributes of classes, functions and instances, defaults; which caches there are; and the process.
MEMORY = """
import gc, locale, logging, os, resource, signal, socket, sys, tempfile, threading, types, warnings, weakref

seen = set()
def tell(where, value):
    if hasattr(value, "cache_parameters"):
        limit = value.cache_parameters()["maxsize"]
        print("cache", where.rpartition(".")[2], "is kept" if limit is None else value.cache_info().currsize)
        return
    value = getattr(value, "__func__", value)  # of a class's or a static method
    if isinstance(value, type | types.FunctionType):
        if getattr(value, "__module__", "").partition(".")[0] != "pipeline":
            return
        inside = {**vars(value), "defaults": getattr(value, "__defaults__", None), "more": getattr(value, "__kwdefaults__", None)}
    else:
        print(where, repr(value))
        inside = getattr(value, "__dict__", {}) if type(value).__name__ not in ("LatePattern", "module", "Logger") else {}
    for key, one in inside.items() if id(value) not in seen else ():
        if key[:2] != "__" and key != "_abc_impl":
            seen.add(id(value))
            tell(f"{where}.{key}", one)

for name, module in sorted(sys.modules.items()):
    for key, value in vars(module).items() if name.partition(".")[0] == "pipeline" and not name.endswith("__main__") else ():
        if key[:2] != "__":
            tell(f"{name}.{key}", value)
print("umask", os.umask(0o22), "limits", [resource.getrlimit(one) for one in range(16)])
print("signals", [signal.getsignal(one) for one in range(1, 32)], signal.pthread_sigmask(0, []), signal.getitimer(0))
print("gc", gc.isenabled(), gc.get_threshold(), "recursion", sys.getrecursionlimit(), "socket", socket.getdefaulttimeout())
print("locale", locale.setlocale(locale.LC_ALL), "warnings", warnings.filters, "threads", threading.enumerate()[1:])
loggers = [logging.root, *map(logging.getLogger, sorted(logging.root.manager.loggerDict))]
print("loggers", [(one.name, one.level, one.handlers) for one in loggers if one.name != "kadoma_line"], sys.path, sys.excepthook)
print("finalize", weakref.finalize._shutdown, "tempfile", tempfile.tempdir)
"""
TRUSTS = (
    "import certifi; from pipeline.line import wire; wire._trust((certifi.where(),))"  # as with an address of https
)
# Caches that a command leaves filled: each holds what is the same in every process, compiled or read from the package.
UNLIMITED = {
    "_parser", "_fields_of", "_asset", "_environment", "_troubles", "theme", "_systems", "_ibm_cells", "_patterns",
    "_words", "environment",
}  # fmt: skip


def test_after_commands_a_process_is_as_a_new_one(
    town: Town, one: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache without a limit that is new here must hold nothing of a command, or `forget` it."""
    monkeypatch.setattr("tests.town.series", lambda: one)
    script = tmp_path / "memory.py"
    script.write_text(MEMORY, encoding="utf-8")
    new = the_zygote().start([str(script)], town.process_environment())
    assert new.wait() == 0, new.err
    assert len(new.out.splitlines()) > 1000
    town.with_baseline()
    town.publish(ARTICLES[20])
    town.publish(ARTICLES[26], at=town.now - timedelta(days=9))
    town.now += timedelta(hours=2)
    town.line.fail(LineFault.error_before(), times=1)
    (tmp_path / "trusts.py").write_text(TRUSTS, encoding="utf-8")
    assert one.call([str(tmp_path / "trusts.py")], os.environ) == (0, "", "")
    process = one._process
    commands = (
        ["run"], ["status"], ["doctor"], ["preview"], ["explain", "nothing"], ["no command"], ["ledger", "verify"],
        ["approve", "nothing", "--actor", "miryoku"], ["run", "--debug"], ["report", "--month", "2026-11"], ["watchdog"],
    )  # fmt: skip
    for command in commands:
        town.call(*command)
    assert town.sent_titles()
    town.city.fail("/", Fault.status(500))
    town.call("run", environment={"LINE_CHANNEL_ACCESS_TOKEN": ""})
    _, out, err = one.call([str(script)], town.process_environment())
    assert err == ""
    assert one._process is process or LONGEST == 1, "or the comparison would be of two new processes"
    assert sorted(set(out.splitlines()) ^ set(new.out.splitlines())) == []
    caches = [line.split()[1] for line in out.splitlines() if line.startswith("cache ") and line.endswith("is kept")]
    assert set(caches) == UNLIMITED


REMEMBERS = "import pipeline; print(hasattr(pipeline, 'left')); pipeline.left = True"


def test_what_a_command_only_remembers_the_next_one_does_not_know(tmp_path: Path) -> None:
    """Not even what nobody has thought of: series take turns."""
    script = tmp_path / "remembers.py"
    script.write_text(REMEMBERS, encoding="utf-8")
    process = the_zygote().start([str(script)], os.environ)
    assert (process.wait(), process.out) == (0, "False\n")
    said = [series().call([str(script)], os.environ)[1] for _ in range(SERIES)]
    assert said == ["False\n"] * SERIES


DAEMON = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"


def kill_between_two_commands(one: Series) -> None:
    one.stop()
    one._begin()
    assert one._process is not None
    one._process.send_signal(signal.SIGKILL)
    one._process.wait()


def test_what_ends_a_series_costs_no_command(one: Series, tmp_path: Path) -> None:
    """A command that ends the process, leaves a thread at work or takes too long."""
    short_text = "import threading; print('done', threading.active_count())"
    scripts = {"ends": "import os; os._exit(7)", "works on": DAEMON, "slow": SLOW, "short": short_text}
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    short = [str(tmp_path / "short.py")]
    assert one.call([str(tmp_path / "ends.py")], os.environ) == (7, "", "")
    assert one.call(short, os.environ) == (0, "done 1\n", "")
    assert one.call([str(tmp_path / "works on.py")], os.environ) == (0, "", "")
    assert one.call(short, os.environ) == (0, "done 1\n", "")
    with pytest.raises(subprocess.TimeoutExpired), Path(os.devnull).open("r+b") as nothing:
        one.carry_out([str(tmp_path / "slow.py")], os.environ, tmp_path, nothing, nothing, timeout=0.5)
    assert one.call(short, os.environ) == (0, "done 1\n", "")
    kill_between_two_commands(one)
    with pytest.raises(OSError, match="Broken pipe"):
        one.call(short, os.environ)
    assert one.call(short, os.environ) == (0, "done 1\n", "")


SLOW = "import time; print('here', flush=True); time.sleep(600)"


def test_a_script_that_takes_too_long_is_killed(zygote: Zygote, tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    slow = zygote.start([str(script)], os.environ)
    with pytest.raises(subprocess.TimeoutExpired):
        slow.wait(timeout=0.5)
    assert slow.returncode == -signal.SIGKILL


def test_an_end_that_is_told_together_with_the_start_is_not_missed(tmp_path: Path) -> None:
    """As it comes when the test gets no time to look until a short script is over."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"123\n7\n")
    with (tmp_path / "out").open("w+b") as nothing, theirs:
        assert Process(ours, ["script.py"], nothing, nothing).wait(timeout=0.5) == 7


CLIENT = """
import os, signal, sys
from tests.zygote.client import Zygote
zygote = Zygote(is_empty=True)
slow = zygote.start([sys.argv[1]], os.environ)
while not slow.out: pass
print(zygote._process.pid, slow.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_of_a_test_run_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hold the standard output: it ends when they have ended."""
    monkeypatch.setenv(ADDRESS, "")
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, str(script)], capture_output=True, check=False, timeout=120
    )  # fmt: skip
    assert client.returncode == -signal.SIGKILL, client.stderr
    assert len(client.stdout.split()) == 2


WORKER = """
import os, signal, sys
from tests.zygote.client import Zygote
zygote = Zygote(is_empty=True)
slow = zygote.start([sys.argv[1]], os.environ)
while not slow.out: pass
print(zygote.is_cold, flush=True)
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_share_one_and_who_dies_takes_nothing_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, "")
    script = tmp_path / "slow.py"
    script.write_text(f"import os; print(os.getpid(), file=open(os.environ['TOLD'], 'w'))\n{SLOW}", encoding="utf-8")
    shared = shared_zygote()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "TOLD": str(tmp_path / str(number))},
        )
        for number in range(2)
    ]  # fmt: skip
    first, second = workers
    assert sorted(worker.stdout.readline() for worker in workers if worker.stdout) == ["False\n", "True\n"]
    first.communicate()
    _wait_for_the_end_of(int((tmp_path / "0").read_text()))
    going_on = int((tmp_path / "1").read_text())
    assert not select.select([os.pidfd_open(going_on)], [], [], 0)[0]
    end_of_process(shared)
    _wait_for_the_end_of(going_on)
    second.communicate()


NOTHING = {"environment": dict[str, str](), "cwd": "/nowhere", "arguments": ["nothing"], "largest": None}


@pytest.mark.parametrize(
    "asked",
    [b"", marshal.dumps(NOTHING)[:-3], marshal.dumps(NOTHING)],
    ids=["before", "in the middle", "after it"],
)
def test_a_worker_that_dies_while_it_asks_takes_nothing_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bytes
) -> None:
    monkeypatch.setenv(ADDRESS, "")
    long, short = tmp_path / "long.py", tmp_path / "short.py"
    long.write_text(SLOW, encoding="utf-8")
    short.write_text("print('done')", encoding="utf-8")
    shared = shared_zygote()
    zygote = Zygote()
    slow = zygote.start([str(long)], os.environ)
    ours, theirs = socket.socketpair()
    with ours, theirs, Path(os.devnull).open("r+b") as nothing:
        socket.send_fds(zygote.control, [b"."], [theirs.fileno(), *[nothing.fileno()] * 3])
        ours.sendall(asked)
    assert zygote.start([str(short)], os.environ, Path("/nowhere")).wait() == 1
    after = zygote.start([str(short)], os.environ)
    assert (after.wait(), after.out) == (0, "done\n")
    assert slow.poll() is None
    end_of_process(shared)
    _wait_for_the_end_of(slow.pid)


def shared_zygote() -> "subprocess.Popen[bytes]":
    try:
        return serve_the_run(Path(tempfile.mkdtemp()), is_empty=True)
    except OSError as error:
        if error.errno:
            raise
        pytest.skip(f"the name of a socket has at most a hundred bytes, and TMPDIR is longer: {error}")


def _wait_for_the_end_of(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        assert select.select([os.pidfd_open(pid)], [], [], 60)[0]
