"""The gallery looks as it looked when a person last approved it (`make screenshots`)."""

import json
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from pipeline.report.gallery import gallery
from tests.browser.screenshots import MADE_WITH, REFERENCES, SHARE_TOLERANCE, compared, difference, drawn_with, shots

pytestmark = pytest.mark.browser


def test_every_case_looks_like_its_reference(tmp_path: Path) -> None:
    found = shots(tmp_path)
    assert sorted(found) == sorted(path.name for path in REFERENCES.glob("*.png"))
    assert len(found) == len(gallery().cases) + 2
    changed, other = compared(found, drawn_with())
    if other:
        warnings.warn(f"the references were drawn with {other}: only sizes are compared", stacklevel=1)
    assert changed == {}, "look at the gallery; if it is right, run `make screenshots` and commit the pictures"


def test_a_changed_card_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "changed.png"
    reference = (REFERENCES / "02.png").read_bytes()
    picture = Image.open(REFERENCES / "02.png").convert("RGB")
    ImageDraw.Draw(picture).rectangle((13, 105, 400, 151), fill="#25692F")  # the band in another category's colour
    picture.save(path)
    assert difference(reference, reference) == 0
    assert difference(path.read_bytes(), reference) > SHARE_TOLERANCE


def test_with_another_browser_or_other_fonts_it_is_named_and_only_another_size_is_noticed(tmp_path: Path) -> None:
    picture = Image.open(REFERENCES / "02.png").convert("RGB")
    higher, recoloured = tmp_path / "higher.png", tmp_path / "recoloured.png"
    picture.resize((picture.width, picture.height * 2)).save(higher)
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width, picture.height // 2), fill="#25692F")
    picture.save(recoloured)
    there = json.loads(MADE_WITH.read_text(encoding="utf-8"))
    assert {"browser", "Noto Sans CJK JP", "Noto Color Emoji"} <= set(there) == set(drawn_with())
    elsewhere = there | {"browser": "Another 1.0"}
    assert set(compared({"02.png": recoloured.read_bytes()}, there)[0]) == {"02.png"}
    assert compared({"02.png": recoloured.read_bytes()}, elsewhere) == (
        {},
        f"browser: {there['browser']} there, Another 1.0 here",
    )
    assert compared({"02.png": higher.read_bytes()}, elsewhere)[0] == {"02.png": "size"}
    assert compared({"02.png": (REFERENCES / "02.png").read_bytes()}, elsewhere) == ({}, "")
