"""A real Chromium against a real server."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyotp
import pytest

from tests.served import free_port

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
REASON = "no Chromium on this machine (sudo apt install -y chromium)"


def pytest_collection_modifyitems(items):
    """Browser tests are marked; without Chromium they are skipped with the reason, and in CI that is a failure."""
    for item in items:
        if Path(item.path).parent != Path(__file__).parent:
            continue
        item.add_marker(pytest.mark.browser)
        if CHROMIUM is None and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


class Site:
    """A running tipline with its sample."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instance = folder / "instance"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "TIPLINE_INSTANCE": str(self.instance),
            "TIPLINE_SECRETS": str(folder / "secrets"),
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
        }

    def command(self, *words: str) -> str:
        """What a `tipline` command prints."""
        return self.run_module("tipline", *words)

    def run_module(self, module: str, *words: str) -> str:
        """What a module prints that works on this instance."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def password(self, name: str) -> str:
        """What this invented person knows by heart."""
        known = json.loads((self.instance / "sample" / "accounts.json").read_text(encoding="utf-8"))
        return known[name]["password"]

    def start(self) -> None:
        self.log = (self.folder / "server.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tipline", "run"], env=self.env, cwd=self.folder, stdout=self.log, stderr=self.log
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=1).close()  # noqa: S310 - our own server
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError((self.folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One sample for all browser tests."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.command("sample")
    site.start()
    yield site
    site.stop()


class People:
    """The sample's people with their browsers: each signs in once, by typing name, password and one-time code."""

    def __init__(self, site: Site, browser) -> None:
        self.site, self.browser = site, browser
        self.states = {}

    def come_in(self, name: str, **options):
        """A browser in which this person is signed in."""
        if name not in self.states:
            first = self.browser.new_context()
            page = first.new_page()
            page.goto(f"{self.site.url}/staff/sign-in")
            for field, value in self.signs_in_with(name).items():
                page.fill(f"[name={field}]", value)
            page.click("main form button[type=submit]")
            assert page.locator("text=Sign out").count() == 1, page.inner_text("main")
            self.states[name] = first.storage_state()
            first.close()
        return self.browser.new_context(storage_state=self.states[name], **options)

    def signs_in_with(self, name: str) -> dict[str, str]:
        """What this person types at the door."""
        return {"name": name, "password": self.site.password(name), "code": self.site.command("code", name).strip()}


class Newcomers(People):
    """The people of a desk that was founded a moment ago, by their roles, on a site where nothing else is yet."""

    def __init__(self, site: Site, browser) -> None:
        super().__init__(site, browser)
        self.known = json.loads(site.run_module("tests.browser.newcomers"))
        site.start()

    def signs_in_with(self, name: str) -> dict[str, str]:
        name, password, secret = self.known[name]
        return {"name": name, "password": password, "code": pyotp.TOTP(secret).now()}


@pytest.fixture(scope="session")
def people(site, browser):
    """Everybody of the sample."""
    return People(site, browser)


@pytest.fixture
def newcomers(browser, tmp_path):
    """Everybody of a desk without a tip."""
    newcomers = Newcomers(Site(tmp_path), browser)
    yield newcomers
    newcomers.site.stop()
