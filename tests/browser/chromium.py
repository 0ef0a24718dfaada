"""A real browser for the tests: the system's Chromium, driven by Playwright, with no network."""

import atexit
import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, sync_playwright

PATHS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]


def executable() -> str:
    """Where the browser is. Without one the test is skipped, or fails where REQUIRE_BROWSER=1 promises one."""
    found = next(filter(None, map(shutil.which, PATHS)), "")
    if not found and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium; install the package chromium")
    if not found:
        pytest.skip("no Chromium on this machine: install the packages chromium and fonts-noto-cjk")
    return found


@functools.cache
def chromium() -> Browser:
    """The browser of this process. Each page has a profile of its own, so that one is enough for all tests."""
    try:
        playwright = sync_playwright().start()
    except Exception as error:
        pytest.fail(
            f"Playwright's driver does not start ({error}); on Debian install the package libatomic1", pytrace=False
        )
    atexit.register(playwright.stop)  # and with it the browser
    return playwright.chromium.launch(executable_path=executable(), args=FLAGS)


class Watched:
    """A page and everything that it tried: dialogs, errors, requests to anywhere but its own file."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.alarms = page, list[str]()
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.alarms.append(f"error {error}"))
        page.on("console", lambda message: self.alarms.append(f"console {message.text}"))
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self.alarms.append(f"stopped {request.failure}"))
        page.goto(path.as_uri())

    def _dialog(self, dialog: Dialog) -> None:
        self.alarms.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.alarms.append(f"request {request.url}")

    def choose(self, *names: str) -> None:
        """Tap the switches of the page."""
        for name in names:
            self.page.click(f"label[for={name}]")


@contextmanager
def opened(html: str, folder: Path, width: int = 1200, height: int = 1000) -> Iterator[Watched]:
    """The page in the browser, opened as a person would: as a file."""
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    page = chromium().new_page(viewport={"width": width, "height": height}, locale="ja-JP")
    try:
        yield Watched(page, path)
    finally:
        page.context.close()
