"""The gallery looks as it looked when a person last approved it (`make screenshots`)."""

import json
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from pipeline.report.gallery import gallery
from tests.browser.screenshots import MADE_WITH, REFERENCES, SHARE_TOLERANCE, difference, drawn_with, is_alike, shots

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
    made_with = json.loads(MADE_WITH.read_text(encoding="utf-8"))
    other = {name: version for name, version in drawn_with().items() if made_with.get(name) != version}
    if changed and other:  # nobody can tell whose change it is; what stands where can still be compared
        told = "; ".join(
            f"{name}: {made_with.get(name) or 'none'} there, {version or 'none'} here"
            for name, version in other.items()
        )
        warnings.warn(
            f"the references were drawn with another browser or other fonts ({told}): only sizes are compared",
            stacklevel=1,
        )
        changed = {name: "size" for name in changed if not is_alike(found[name], (REFERENCES / name).read_bytes())}
    assert changed == {}, "look at the gallery; if it is right, run `make screenshots` and commit the pictures"


def test_a_changed_card_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "changed.png"
    reference = (REFERENCES / "02.png").read_bytes()
    picture = Image.open(REFERENCES / "02.png").convert("RGB")
    ImageDraw.Draw(picture).rectangle((13, 105, 400, 151), fill="#25692F")  # the band in another category's colour
    picture.save(path)
    assert difference(reference, reference) == 0
    assert difference(path.read_bytes(), reference) > SHARE_TOLERANCE


def test_other_fonts_are_named_and_a_picture_of_another_size_is_still_noticed(tmp_path: Path) -> None:
    reference = (REFERENCES / "02.png").read_bytes()
    picture = Image.open(REFERENCES / "02.png").convert("RGB")
    higher, path = tmp_path / "higher.png", tmp_path / "other.png"
    picture.resize((picture.width, picture.height * 2)).save(higher)
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width, picture.height // 2), fill="#25692F")
    picture.save(path)
    assert is_alike(path.read_bytes(), reference)
    assert not is_alike(higher.read_bytes(), reference)
    assert {"browser", "Noto Sans CJK JP", "Noto Color Emoji"} <= set(drawn_with())
