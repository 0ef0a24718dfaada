"""Ours, the floors and the peers: each with a setup that does its real steady job on the same 1,000 articles.

A contender has a home. `know` lets it see the site as it is now; its home as it is then is put back before every round,
so that all rounds are the same round (rss2email would forget its validator, we would record the news).
"""

import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import Sample, Unfit, once
from benchmarks.site import FEED, LENGTH, LIST, NOW, PAGE, Site
from tests.doubles.line import LONG_LIVED_TOKEN, LineServer

ROOT = Path(__file__).parent.parent
SCRIPT = Path(sys.executable).parent / "kadoma-line"
FLOORS = Path(__file__).parent / "floors"


class Contender(ABC):
    """Something that is measured. `home` is all the state it has."""

    name = ""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.folder = folder
        self.home, self.kept = folder / "home", folder / "kept"
        self.home.mkdir(parents=True)
        self.install()
        self.keep()

    def install(self) -> None:  # noqa: B027 - some need none
        """Write configuration into the home."""

    @abstractmethod
    def command(self) -> list[str]: ...

    def first_command(self) -> list[str]:
        """The run that takes everything as known."""
        return self.command()

    @property
    def environment(self) -> Mapping[str, str]:
        """No tokens, no proxies, no colours of the caller; HOME is the contender's own."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}

    def know(self) -> None:
        self.restore()
        once(self.first_command(), self.folder, self.environment)
        self.keep()

    def keep(self) -> None:
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.home, self.kept, symlinks=True)

    def restore(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.kept, self.home, symlinks=True)

    def measured(self) -> Sample:
        """One round: the home as it was, the log of the site empty, then the whole process."""
        self.restore()
        self.site.clear_requests()
        self.site.sent = 0
        sample, text = once(self.command(), self.folder, self.environment)
        self.site.wait_until_quiet()
        self.check(text)
        return Sample(sample.wall, sample.cpu, sample.peak, len(self.site.requests), self.site.sent)

    def check(self, text: str) -> None:
        """Raises Unfit when the job was not done."""
        if not self.site.requests:
            raise Unfit(f"{self.name} asked nothing:\n{text[-2000:]}")


class Ours(Contender):
    name = "kadoma-line"
    pushes = False  # a plain directory

    def __init__(self, folder: Path, site: Site, line: LineServer) -> None:
        self.line = line
        super().__init__(folder, site)

    def install(self) -> None:
        text = (ROOT / "kadoma.toml").read_text(encoding="utf-8")
        host = "www.city.kadoma.osaka.jp"
        text = text.replace(f"https://{host}", self.site.url).replace(host, self.site.host)
        text = text.replace("https://api.line.me", self.line.url).replace("[site]\n", "[site]\npause = 0\n")
        if not self.pushes:
            text = text.replace("push = true", "push = false")
        (self.home / "kadoma.toml").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        options = ["--json", "--config", str(self.home / "kadoma.toml"), "--state", str(self.state)]
        return [str(SCRIPT), "run", *options]

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **super().environment,
            "LINE_CHANNEL_ACCESS_TOKEN": LONG_LIVED_TOKEN,
            "KADOMA_LINE_SANDBOX_CLOCK": NOW.isoformat(),
        }


class OursWithNews(Ours):
    """The same, and every round must end in a broadcast that LINE accepted.

    Attributes:
        at_once: requests to the site that were in flight together, at most.
    """

    at_once = 0

    def measured(self) -> Sample:
        self.line.accepted.clear()
        return super().measured()

    def check(self, text: str) -> None:
        super().check(text)
        self.at_once = max(self.at_once, self.site.max_in_flight)
        if len(self.line.accepted) != 1:
            raise Unfit(f"{len(self.line.accepted)} broadcasts were accepted instead of one:\n{text[-2000:]}")


class Floor(Contender):
    name, script = "floor: requests", "with_requests.py"

    def command(self) -> list[str]:
        return [sys.executable, str(FLOORS / self.script), self.site.url + LIST, str(self.home / "state.json")]


class StandardFloor(Floor):
    name, script = "floor: standard library", "standard_library.py"


class Peer(Contender):
    """In the venv of the peers."""

    def __init__(self, folder: Path, site: Site, bin_: Path) -> None:
        self.bin = bin_
        super().__init__(folder, site)


class Rss2email(Peer):
    name = "rss2email"

    def install(self) -> None:
        sink = self.home / "sendmail"
        sink.write_text("#!/bin/sh\nexec cat >/dev/null\n")  # what would be mail ends here
        sink.chmod(0o755)
        once([*self._r2e, "new", "residents@example.invalid"], self.folder, self.environment)
        config = self.home / "rss2email.cfg"
        text = config.read_text().replace("email-protocol = smtp", "email-protocol = sendmail")
        config.write_text(text.replace("sendmail = /usr/sbin/sendmail", f"sendmail = {sink}"))
        once([*self._r2e, "add", "kadoma", self.site.url + FEED], self.folder, self.environment)

    @property
    def _r2e(self) -> list[str]:
        return [str(self.bin / "r2e"), "-c", str(self.home / "rss2email.cfg"), "-d", str(self.home / "rss2email.json")]

    def command(self) -> list[str]:
        return [*self._r2e, "run"]

    def first_command(self) -> list[str]:
        return [*self._r2e, "run", "--no-send"]


class Reader(Peer):
    """A library: the two lines that its documentation begins with."""

    name = "reader"

    def command(self) -> list[str]:
        program = (
            "from reader import make_reader; import sys; r = make_reader(sys.argv[1]); "
            "r.add_feed(sys.argv[2], exist_ok=True); r.update_feeds(scheduled=False)"
        )
        return [str(self.bin / "python"), "-c", program, str(self.home / "db.sqlite"), self.site.url + FEED]


class Urlwatch(Peer):
    """One job with a CSS filter on the page of news."""

    name = "urlwatch"

    def install(self) -> None:
        (self.home / "urls.yaml").write_text(
            f"url: {self.site.url}{PAGE}\nfilter:\n  - css: li.page > a\n  - html2text: re\n"
        )
        (self.home / "config.yaml").write_text("report:\n  text: {}\n  stdout: {enabled: true}\n")
        (self.home / "hooks.py").write_text("")

    def command(self) -> list[str]:
        files = [("urls", "urls.yaml"), ("config", "config.yaml"), ("hooks", "hooks.py"), ("cache", "cache.db")]
        return [
            str(self.bin / "urlwatch"),
            *(part for name, file in files for part in (f"--{name}", str(self.home / file))),
        ]


class Feed2toot(Peer):
    """With a cache for all 1,000; by default it forgets all but 100 and would post the others again."""

    name = "feed2toot"

    def install(self) -> None:
        (self.home / "feed2toot.ini").write_text(
            f"[mastodon]\ninstance_url={self.site.url}\nuser_credentials=none\nclient_credentials=none\n"
            f"[cache]\ncachefile={self.home}/cache.db\ncache_limit=5000\n"
            f"[lock]\nlock_file={self.home}/feed2toot.lock\n"
            f"[rss]\nuri={self.site.url}{FEED}\ntoot={{title}} {{link}}\n"
        )

    def command(self) -> list[str]:
        options = ["-c", str(self.home / "feed2toot.ini"), "--limit", str(LENGTH)]
        return [str(self.bin / "feed2toot"), *options]

    def first_command(self) -> list[str]:
        return [*self.command(), "--populate-cache"]


PEERS: tuple[type[Peer], ...] = (Rss2email, Reader, Urlwatch, Feed2toot)
