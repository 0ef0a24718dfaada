"""A city that has filled in `kadoma.toml` as the handbook says stays green: in a copy of this repository with such a file, the
checks that look at the repository's own files are run, and the demo; and the package works where there is no repository."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from pipeline.config import load
from tests.town import ROOT, SCRIPT, zygote

# What the handbook tells a city to write, by table and key; "+": one more line of its own.
FILLED = (
    ("policy.posters", '"企画財政部魅力発信課"', '["hanako", "taro"]'),
    ("policy.posters", '"総務部危機管理課"', '["jiro"]'),
    ("policy", "url", '"https://www.city.kadoma.osaka.jp/shisei/line/unyohoshin.html"'),
    ("policy.contact", "tel", '"06-6902-1231"'),
    ("policy.hours", "closed", '["12-29/01-03", "2027-05-06"]'),
    ("policy.content", "exclude_paths", '["/nyusatsu/"]'),
    ("policy.content", "exclude_titles", '["入札", "人事異動"]'),
    ("delivery", "max_per_day", "4"),
    ("delivery", "updates", '"review"'),
)
EMERGENCIES = '[[site.sources]]\nkind = "smart-cms"\nurl = "/kinkyu/index.update.json"\nemergency = true\n\n'
CATEGORY = '[[policy.content.categories]]\nlabel = "スポーツ"\npaths = ["/sports/"]\n\n'
# What reads the repository's own files, or would have reason to.
READERS = (
    "tests/test_configuration.py", "tests/test_readme.py", "tests/operation/test_handbook.py", "tests/test_bad_config.py",
    "tests/policy/test_policy_document.py", "tests/policy/test_articles_of_the_policy.py", "tests/report/test_words.py",
    "tests/workflows/test_workflow_files.py",
)  # fmt: skip
OF_THE_FILE = ("tests/test_configuration.py", "tests/operation/test_handbook.py", "tests/test_readme.py")
SLOW = "demo or delays or commands_of_the_handbook or town or zizmor or named_and_stops"


def filled(text: str) -> str:
    for table, key, value in FILLED:
        line = rf"(?m)(^\[{re.escape(table)}\](?:.*\n)(?:(?!\[).*\n)*?{re.escape(key)} = )\S.*?(?=\s+#|$)"
        text = re.sub(line, rf"\g<1>{value}", text, count=1)
    text = text.replace("\n[line]", f"\n{EMERGENCIES}[line]", 1)
    return text.replace("\n[policy.copyright]", f"\n{CATEGORY}[policy.copyright]", 1)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, with the configuration filled in."""
    copy = tmp_path_factory.mktemp("city") / "repository"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )  # fmt: skip
    for name in files.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    example = shutil.copytree(copy, copy.parent / "example")
    shutil.copy(copy / "examples" / "another-city.toml", example / "kadoma.toml")
    configuration = copy / "kadoma.toml"
    configuration.write_text(filled(configuration.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def test_what_the_handbook_tells_a_city_to_write_is_written_and_valid(city: Path) -> None:
    raw = tomllib.loads((city / "kadoma.toml").read_text(encoding="utf-8"))
    for table, key, value in FILLED:
        found = raw
        for part in [*table.split("."), key.strip('"')]:
            found = found[part]
        assert found == tomllib.loads(f"value = {value}")["value"]
    config = load(city / "kadoma.toml")
    assert any(source.emergency for source in config.site.sources)
    assert "スポーツ" in {category.label for category in config.policy.content.categories}


@pytest.mark.parametrize(
    ("folder", "readers", "at_least"), [("repository", READERS, 100), ("example", OF_THE_FILE, 50)]
)
def test_the_checks_of_a_city_that_has_filled_in_its_configuration_are_green(
    city: Path, folder: str, readers: tuple[str, ...], at_least: int
) -> None:
    """With the shipped file filled in, and with the example in its place."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "KADOMA_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-x", *readers, "-k", f"not ({SLOW})"],
        cwd=city.parent / folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > at_least


def test_the_demo_of_a_city_that_has_filled_in_its_configuration_comes_true(city: Path, tmp_path: Path) -> None:
    demo = zygote().start([str(SCRIPT), "demo", "--config", str(city / "kadoma.toml")], os.environ, tmp_path)
    assert demo.wait() == 0, demo.out + demo.err


def test_no_other_test_reads_the_citys_own_configuration() -> None:
    own = re.compile(r'ROOT / "kadoma\.toml"|parents\[2\] / "kadoma\.toml"')
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tests").rglob("*.py")
        if own.search(file.read_text(encoding="utf-8"))
    }
    assert readers <= {"tests/test_configuration.py", "tests/test_a_city_of_its_own.py"}


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
        "import sys; sys.path[:0] = [sys.argv.pop(1)]; import pipeline; assert 'site/pipeline' in pipeline.__file__; "
        "from pipeline.cli import main; sys.exit(main())"
    )
    for command in (["status"], ["preview", "--template-gallery"], ["demo"]):
        done = subprocess.run(
            [sys.executable, "-I", "-c", start, str(tmp_path / "site"), *command],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
