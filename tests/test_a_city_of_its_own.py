"""A city that has filled in `kadoma.toml` as the handbook says stays green: in copies of this repository with such a file and with
a ledger, whatever can depend on either is run, and the demo; and the package works where there is no repository."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load
from tests.own_files import READERS
from tests.second_city import CLOSED, OWN, configuration, written
from tests.town import ROOT, SCRIPT, zygote

# What the handbook tells Kadoma to write, each key in its place; and, after it, more of what stands there already.
FILLED = tomllib.loads("""
[policy]
url = "https://www.city.kadoma.osaka.jp/shisei/line/unyohoshin.html"
[policy.posters]
"企画財政部魅力発信課" = ["hanako", "taro"]
"総務部危機管理課" = ["jiro"]
[policy.contact]
tel = "06-6902-1231"
[policy.hours]
closed = ["12-29/01-03", "2027-05-06"]
[policy.content]
exclude_paths = ["/nyusatsu/"]
exclude_titles = ["入札", "人事異動"]
[delivery]
max_per_day = 4
updates = "review"
""")
EMERGENCIES = '[[site.sources]]\nkind = "smart-cms"\nurl = "/kinkyu/index.update.json"\nemergency = true\n\n'
CATEGORY = '[[policy.content.categories]]\nlabel = "スポーツ"\npaths = ["/sports/"]\n\n'


def filled(text: str) -> str:
    text = written(text, FILLED)
    text = text.replace("\n[line]", f"\n{EMERGENCIES}[line]", 1)
    return text.replace("\n[policy.copyright]", f"\n{CATEGORY}[policy.copyright]", 1)


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two copies of what is under version control: Kadoma's own, with its configuration filled in, and the second city's."""
    folder = tmp_path_factory.mktemp("cities")
    kadoma = folder / "kadoma"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )  # fmt: skip
    for name in files.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (kadoma / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, kadoma / name)
    second = shutil.copytree(kadoma, folder / "second")
    shipped = (kadoma / "examples" / "kadoma-city.toml").read_text(encoding="utf-8")
    (kadoma / "kadoma.toml").write_text(filled(shipped), encoding="utf-8")
    (second / "kadoma.toml").write_text(configuration(), encoding="utf-8")
    for clone in (kadoma, second):
        (clone / "state" / "ledger-202611.jsonl").write_text("the city's own\n", encoding="utf-8")
    return folder


def test_what_the_handbook_tells_a_city_to_write_is_written_and_valid(clones: Path) -> None:
    config = load(clones / "kadoma" / "kadoma.toml")
    raw = tomllib.loads((clones / "kadoma" / "kadoma.toml").read_text(encoding="utf-8"))
    assert merged(raw, FILLED) == raw
    assert any(source.emergency for source in config.site.sources)
    assert "スポーツ" in {category.label for category in config.policy.content.categories}
    second = load(clones / "second" / "kadoma.toml")
    raw = tomllib.loads((clones / "second" / "kadoma.toml").read_text(encoding="utf-8"))
    assert merged(merged(raw, OWN), CLOSED) == raw
    assert {one for office in second.policy.posters.values() for one in office} == {"miryoku", "kiki", "kadoma-line"}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {key: merged(one[key], value) if isinstance(value, dict) else value for key, value in other.items()}
    return one | both


@pytest.mark.parametrize("city", ["kadoma", "second"])
def test_the_checks_of_a_city_that_has_filled_in_its_configuration_are_green(clones: Path, city: str) -> None:
    """All that can depend on it, by `tests/own_files.py`; on a plain Debian everything is run (`make debian`)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "KADOMA_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-x", *READERS],
        cwd=clones / city, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 50


@pytest.mark.parametrize("city", ["kadoma", "second"])
def test_the_demo_of_a_city_that_has_filled_in_its_configuration_comes_true(
    clones: Path, city: str, tmp_path: Path
) -> None:
    demo = zygote().start([str(SCRIPT), "demo", "--config", str(clones / city / "kadoma.toml")], os.environ, tmp_path)
    assert demo.wait() == 0, demo.out + demo.err


def test_the_wheel_works_where_there_is_no_repository(tmp_path: Path) -> None:
    """Built as a release is, with the locked builder; unpacked beside nothing else of ours."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, capture_output=True, check=True
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path / "site")
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "state/"))]
    shutil.copy(ROOT / "tests" / "kadoma.toml", tmp_path / "kadoma.toml")
    start = (
        "import sys; sys.path[:0] = [sys.argv[1]]; import pipeline; assert 'site/pipeline' in pipeline.__file__; "
        "from pipeline.cli import main; codes = [main(one.split()) for one in sys.argv[2:]]; sys.exit(any(codes) and str(codes))"
    )
    commands = ("status", "preview --template-gallery", "demo")  # in one process: its imports are the dear part
    done = subprocess.run(
        [sys.executable, "-I", "-c", start, str(tmp_path / "site"), *commands],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
