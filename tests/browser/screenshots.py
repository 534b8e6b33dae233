"""Photographs of every page into .cache/screenshots: ``python -m tests.browser.screenshots [WALK …]``.

Each walk is photographed on a phone and on a desktop, the pages of the desk also in the dark; the public walks also
without JavaScript; a desk and an administration where nothing has happened yet under ``empty``.
Two that are never taken by themselves: ``readme`` makes the two pictures of the README anew, and ``languages`` puts the
form, its error and the page of what was sent, in every language, side by side.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser import walks, walks_empty, walks_public
from tests.browser.conftest import CHROMIUM, ROOT, Newcomers, People, Site
from tests.browser.walker import PHOTO, Walker
from tipline.languages import OFFERED

FOLDER = ROOT / ".cache" / "screenshots"
ALL_PICTURES = """() => Promise.all([...document.images].map(one => {
    one.loading = 'eager';
    return one.decode().catch(() => null);
}))"""
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}


def photograph(context: BrowserContext, site: Site, name: str, steps: object, *more: str) -> None:
    """Photograph every stop of a walk in both sizes."""
    walker = Walker(context.new_page(), site.url, str(ROOT / PHOTO))
    stops: Iterator[str] = steps(walker, *more)  # type: ignore[operator]
    for number, stop in enumerate(stops):
        walker.page.evaluate(ALL_PICTURES)
        for size, viewport in SIZES.items():
            walker.page.set_viewport_size(viewport)
            whole = "enlarged" not in stop
            walker.page.screenshot(path=FOLDER / name / f"{number:02}-{stop}-{size}.png", full_page=whole)
        if walker.page.locator(".desk").count():
            walker.page.emulate_media(color_scheme="dark")
            walker.page.screenshot(path=FOLDER / name / f"{number:02}-{stop}-dark.png", full_page=True)
            walker.page.emulate_media(color_scheme="light")
    context.close()


def take(browser: Browser, site: Site, wanted: set[str]) -> None:
    """All walks, or those that are wanted."""
    people = People(site, browser)
    for tag in ("en", "fi", "el"):
        if not wanted or f"public-{tag}" in wanted:
            photograph(browser.new_context(), site, f"public-{tag}", walks_public.public, tag)
    if not wanted or "public-plain" in wanted:
        photograph(browser.new_context(java_script_enabled=False), site, "public-plain", walks_public.public, "en")
    if not wanted or "outside" in wanted:
        photograph(browser.new_context(), site, "outside", walks.outside)
    for name, steps in walks.ROLES.items():
        if not wanted or steps.__name__ in wanted:
            photograph(people.come_in(name), site, steps.__name__, steps)
    if "readme" in wanted:
        take_for_readme(browser, site, people)
    if "languages" in wanted:
        take_languages(browser, site)


def take_languages(browser: Browser, site: Site, beside: int = 4) -> None:
    """The form, its error and the page of what was sent on a phone, some languages beside one another."""
    pictures = []
    for language in OFFERED:
        context = browser.new_context(viewport=SIZES["phone"])
        walker = Walker(context.new_page(), site.url, str(ROOT / PHOTO))
        pictures += [
            (stop, Image.open(io.BytesIO(walker.page.screenshot(full_page=True))))
            for stop in walks_public.sent(walker, language.tag)
        ]
        context.close()
    for stop in dict.fromkeys(stop for stop, _picture in pictures):
        row = [picture for name, picture in pictures if name == stop]
        for start in range(0, len(row), beside):
            some = row[start : start + beside]
            sheet = Image.new("RGB", (sum(one.width + 10 for one in some), max(one.height for one in some)), "white")
            for place, one in enumerate(some):
                sheet.paste(one, (place * (one.width + 10), 0))
            (FOLDER / "languages").mkdir(parents=True, exist_ok=True)
            sheet.save(FOLDER / "languages" / f"{stop}-{start // beside:02}.png")


def take_empty(browser: Browser, folder: Path) -> None:
    """An instance where a desk was founded a moment ago, and nothing else."""
    newcomers = Newcomers(Site(folder), browser)
    site = newcomers.site
    try:
        page = browser.new_page()
        for name, path in (("gallery", "/en/"), ("tip", "/en/tip"), ("sign-in", "/staff/sign-in")):
            page.goto(site.url + path)
            for size, viewport in SIZES.items():
                page.set_viewport_size(viewport)
                page.screenshot(path=FOLDER / "empty" / f"{name}-{size}.png", full_page=True)
        for role, steps in walks_empty.ROLES.items():
            photograph(newcomers.come_in(role), site, f"empty-{role}", steps)
    finally:
        site.stop()


def take_for_readme(browser: Browser, site: Site, people: People) -> None:
    """The public page and a tip at the desk, small enough for a README."""
    page = browser.new_context(viewport={"width": 1280, "height": 1160}).new_page()
    page.goto(f"{site.url}/en/")
    _keep(page.screenshot(), "public.png")
    page = people.come_in("mara.lind", viewport={"width": 1280, "height": 860}).new_page()
    walker = Walker(page, site.url)
    walker.go("/staff/?status=assessed")
    walker.follow("/staff/tips/")
    if page.locator("[name=reason_code]").count():
        walker.fill(reason_code="supervision")
        walker.press()
    _keep(page.screenshot(), "desk.png")


def _keep(png: bytes, name: str) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(192, dither=Image.Dither.FLOYDSTEINBERG)
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    picture.save(ROOT / "docs" / "pictures" / name, optimize=True)


def main() -> None:
    """Take them all anew."""
    wanted = set(sys.argv[1:])
    if not wanted:
        shutil.rmtree(FOLDER, ignore_errors=True)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        if not wanted or "empty" in wanted:
            (Path(folder) / "empty").mkdir()
            take_empty(browser, Path(folder) / "empty")
        site = Site(Path(folder))
        site.command("sample")
        site.start()
        try:
            take(browser, site, wanted)
        finally:
            site.stop()
            browser.close()
    print(f"photographed into {FOLDER}")


if __name__ == "__main__":
    main()
