"""Pictures of the gallery: the references that the tests compare with, and those of README and docs.

`make screenshots` runs this file after the templates were changed on purpose; look at what changed before committing.
"""

import io
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageChops

from pipeline.report.gallery import gallery, gallery_page
from pipeline.sandbox.articles import ARTICLES
from tests import leftovers
from tests.browser.chromium import Watched, executable, opened
from tests.browser.office import pages
from tests.message.message_examples import CONFIG
from tests.town import Town

ROOT = Path(__file__).parents[2]
REFERENCES = ROOT / "tests" / "browser" / "references"
DOCS = ROOT / "docs" / "images"
# Case numbers of the gallery and the names they get in docs/images.
DOCUMENTED = {0: "article", 6: "digest", 8: "emergency", 11: "correction"}
DARK = (0, 8)  # case numbers that are looked at in the dark, too
MADE_WITH = REFERENCES / "made-with.json"
STYLE = ROOT / "templates" / "preview" / "style.css"
COLOUR_TOLERANCE = 48  # of 255: anti-aliasing differs between versions of Chromium and FreeType
HEIGHT_TOLERANCE = 0.15  # with other fonts a line more or less
SHARE_TOLERANCE = 0.02  # of all pixels may differ more than that


def drawn_with() -> dict[str, str]:
    """What decides about pixels besides us: the browser, and which of the page's fonts are installed, in which version."""
    families = re.findall(r'"([^"]+)"', re.findall(r"font-family: (.*);", STYLE.read_text(encoding="utf-8"))[0])
    return {"browser": _told(executable(), "--version")} | {
        family: _told("fc-list", family, "--format", "%{fontversion} ") for family in [*families, "Noto Color Emoji"]
    }


def _told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return " ".join(sorted(set(done.stdout.split()), key=done.stdout.split().index))


def shots(folder: Path) -> dict[str, bytes]:
    """Each case of the gallery as a PNG, and some in the dark and in large letters, by their files' names."""
    with opened(gallery_page(CONFIG), folder) as watched:
        watched.page.add_style_tag(content=".top { position: static !important }")
        every = range(len(gallery().cases))
        light = {f"{number:02}.png": data for number, data in _shots(watched, every)}
        watched.choose("dark", "scale-xl")
        return light | {f"{number:02}-dark-xl.png": data for number, data in _shots(watched, DARK)}


def _shots(watched: Watched, cases: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    watched.page.wait_for_timeout(200)
    phones = watched.page.locator(".phone")
    yield from ((number, phones.nth(number).screenshot()) for number in cases)


def preview(folder: Path) -> bytes:
    """The page of `kadoma-line preview` on a Saturday in the embedded city: news held until Tuesday, an old page waits."""
    town = Town(folder)
    town.now -= timedelta(days=3)
    town.with_baseline()
    town.now += timedelta(hours=12)
    town.publish(*ARTICLES[20:23])
    town.publish(ARTICLES[26], at=town.now - timedelta(days=9))
    page = Path(town.call("preview", "--out", str(folder), code=3).out.strip())
    town.stop()
    html = page.read_text(encoding="utf-8").replace(town.city.url, CONFIG.site.url)
    html = re.sub(r"\b[0-9a-f]{12}\b", "a1b2c3d4e5f6", html)  # ids come from addresses: here the handbook's example
    with opened(html, folder) as watched:
        return watched.page.screenshot(full_page=True)


def notices(folder: Path) -> dict[str, bytes]:
    """The board and the issue of one thing that waits, on a telephone."""
    found = pages(folder / "office")
    shown = {"board": "board", "issue": "emergency-words"}
    return {
        name: _telephone(next(html for key, html in found.items() if key.endswith(kind)), folder)
        for name, kind in shown.items()
    }


def _telephone(html: str, folder: Path) -> bytes:
    html = re.sub(r"http://127\.0\.0\.1:\d+", CONFIG.site.url, html)
    with opened(re.sub(r"\b[0-9a-f]{12}\b", "a1b2c3d4e5f6", html), folder, width=390, height=600) as watched:
        return watched.page.screenshot(full_page=True)


def difference(found: bytes, expected: bytes) -> float:
    """The share of pixels that differ visibly; 1.0 when even the sizes do."""
    first, second = (Image.open(io.BytesIO(data)).convert("RGB") for data in (found, expected))
    if abs(first.height - second.height) > 2 or first.width != second.width:
        return 1.0
    box = (0, 0, first.width, min(first.height, second.height))
    red, green, blue = ImageChops.difference(first.crop(box), second.crop(box)).split()
    histogram = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()  # grey would hide another hue
    return sum(histogram[COLOUR_TOLERANCE:]) / (first.width * first.height)


def compared(found: Mapping[str, bytes], here: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """What differs from the references, by name; and in what browser and fonts do, if that may be why: nobody can tell then whose
    change it is, but what stands where can still be compared.

    Args:
        here: what the pictures were drawn with (`drawn_with`).
    """
    references = {name: (REFERENCES / name).read_bytes() for name in found}
    shares = {name: difference(data, references[name]) for name, data in found.items()}
    changed = {name: f"{share:.1%}" for name, share in shares.items() if share > SHARE_TOLERANCE}
    there = json.loads(MADE_WITH.read_text(encoding="utf-8"))
    other = [
        f"{name}: {there.get(name) or 'none'} there, {version or 'none'} here"
        for name, version in here.items()
        if there.get(name) != version
    ]
    if not changed or not other:
        return changed, ""
    return {name: "size" for name in changed if not is_alike(found[name], references[name])}, "; ".join(other)


def is_alike(found: bytes, expected: bytes) -> bool:
    """Whether the picture has about the same size: all that other fonts leave to be compared."""
    first, second = (Image.open(io.BytesIO(data)) for data in (found, expected))
    return first.width == second.width and abs(first.height - second.height) <= second.height * HEIGHT_TOLERANCE


def small(data: bytes) -> bytes:
    """The picture with a palette: references are committed, so their size counts."""
    packed = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(
        packed, "PNG", optimize=True
    )
    return packed.getvalue()


def main() -> None:
    """Write the references and the pictures of the documentation anew."""
    REFERENCES.mkdir(parents=True, exist_ok=True)
    DOCS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for old in REFERENCES.glob("*.png"):
            old.unlink()
        found = shots(Path(folder))
        for name, data in found.items():
            (REFERENCES / name).write_bytes(small(data))
        for number, name in DOCUMENTED.items():
            (DOCS / f"{name}.png").write_bytes(found[f"{number:02}.png"])
        (DOCS / "preview.png").write_bytes(small(preview(Path(folder))))
        for name, data in notices(Path(folder)).items():
            (DOCS / f"{name}.png").write_bytes(small(data))
    MADE_WITH.write_text(json.dumps(drawn_with(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(gallery().cases)} cases: {REFERENCES.relative_to(ROOT)}, {DOCS.relative_to(ROOT)}")


if __name__ == "__main__":
    leftovers.begin()
    main()
    leftovers.end()
