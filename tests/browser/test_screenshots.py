"""The gallery looks as it looked when a person last approved it (`make screenshots`)."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from pipeline.report.gallery import gallery
from tests.browser.screenshots import REFERENCES, SHARE_TOLERANCE, difference, shots

pytestmark = pytest.mark.browser


def test_every_case_looks_like_its_reference(tmp_path: Path) -> None:
    found = {f"{number:02}.png": data for number, data in enumerate(shots(tmp_path))}
    dark = shots(tmp_path, "dark", "scale-xl")
    found |= {f"{number:02}-dark-xl.png": dark[number] for number in (0, 8)}
    assert sorted(found) == sorted(path.name for path in REFERENCES.glob("*.png"))
    assert len(found) == len(gallery().cases) + 2
    changed = {}
    for name, data in found.items():
        share = difference(data, (REFERENCES / name).read_bytes())
        if share > SHARE_TOLERANCE:
            changed[name] = f"{share:.1%}"
    assert changed == {}, "look at the gallery; if it is right, run `make screenshots` and commit the pictures"


def test_a_changed_card_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "changed.png"
    reference = (REFERENCES / "02.png").read_bytes()
    picture = Image.open(REFERENCES / "02.png").convert("RGB")
    ImageDraw.Draw(picture).rectangle((13, 105, 400, 151), fill="#25692F")  # the band in another category's colour
    picture.save(path)
    assert difference(reference, reference) == 0
    assert difference(path.read_bytes(), reference) > SHARE_TOLERANCE
