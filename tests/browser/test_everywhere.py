"""A whole tip, with two files, wherever it is written: Chromium and Firefox without scripts, by keyboard alone, at 400 %
zoom, in five languages. Nothing is found by its words.
"""

from __future__ import annotations

import contextlib
import os
import time

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import ROOT
from tests.browser.marionette import FIREFOX, Firefox
from tests.served import free_port

pytestmark = pytest.mark.wide

LANGUAGES = ("en", "mt", "el", "de", "fi")
FILES = [ROOT / "tipline/data/sample" / name for name in ("paving.jpg", "spoon.jpg")]
STORY = "We had the same paving – το ίδιο πλακόστρωτο – in the yard of our school until 2014."
WINDOW = (1280, 1110)  # a small desktop screen; a quarter of it is 320 wide
MOST_TABS = 150
PATIENCE = 60
SCROLLS = 15  # seconds that a busy machine may take to bring the focus into sight

# Where the keyboard is, and whether somebody can see that: an outline or a shadow on the thing itself or on what is
# drawn for it (a tick box is drawn by its label), inside the window, with nothing on top.
FOCUS = """
const e = document.activeElement, selector = arguments[0];
if (!e || e === document.body || e === document.documentElement) return {at: '', there: false, seen: true};
const drawn = s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
const label = e.labels && e.labels[0];
const marked = drawn(getComputedStyle(e)) || (label && drawn(getComputedStyle(label, '::before')));
const box = e.getBoundingClientRect();
const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
const inside = right - left > 1 && bottom - top > 1;
const points = [[.5, .5], [.1, .1], [.9, .9], [.1, .9], [.9, .1]];
const uncovered = inside && points.some(([x, y]) => {
  const hit = document.elementFromPoint(left + x * (right - left), top + y * (bottom - top));
  return hit && (e.contains(hit) || hit.contains(e) && hit.matches('a, button, label, summary') || label && label.contains(hit));
});
return {at: e.outerHTML.slice(0, 160), there: e.matches(selector), seen: Boolean(marked && inside && uncovered),
        why: [marked, inside, uncovered, box.top, box.bottom, innerHeight].join(' ')};
"""
PAGE = """
const page = document.documentElement;
return {lang: page.lang, here: document.readyState === 'complete' && !page.hasAttribute('data-before') && page.lang !== '',
        path: location.pathname, wide: page.scrollWidth - page.clientWidth,
        inner: innerWidth, errors: document.querySelectorAll('.govuk-error-summary').length};
"""


class Chromium:
    """Playwright's page, with the verbs of ``Firefox``."""

    def __init__(self, page) -> None:
        self._page = page

    def go(self, address):
        self._page.goto(address)

    def run(self, script, *values):
        return self._page.evaluate(f"values => (function () {{{script}}}).apply(null, values)", list(values))

    def press(self, *keys):
        for key in keys:
            self._page.keyboard.press(key)

    def type(self, text):
        self._page.keyboard.insert_text(text)

    def choose_files(self, selector, paths):
        self._page.locator(selector).set_input_files(paths)


class Person:
    """Somebody with a keyboard, who sees where it is and never has to scroll sideways."""

    def __init__(self, browser, url: str, tag: str) -> None:
        self.browser, self.url, self.tag = browser, url, tag

    def go(self, path: str) -> None:
        self.browser.go(f"{self.url}/{self.tag}{path}")
        self.look()

    def look(self) -> dict:
        """At the page that is here or on its way, once it is whole."""
        page, deadline = None, time.monotonic() + PATIENCE
        while not (page and page["here"]):
            assert time.monotonic() < deadline, "the next page does not come"
            with contextlib.suppress(RuntimeError, PlaywrightError):  # asked in between two pages
                page = self.browser.run(PAGE)
        assert page["lang"] == self.tag
        assert page["inner"] == 320
        assert page["wide"] <= 0, f"{page['path']} is {page['wide']} px too wide"
        return page

    def tab_to(self, selector: str) -> None:
        for _ in range(MOST_TABS):
            self.browser.press("Tab")
            focus, deadline = self.browser.run(FOCUS, selector), time.monotonic() + SCROLLS
            while not focus["seen"] and time.monotonic() < deadline:
                focus = self.browser.run(FOCUS, selector)
            assert focus["seen"], f"nobody sees the focus on {focus['at']}: {focus['why']}"
            if focus["there"]:
                return
        raise AssertionError(
            f"the keyboard does not come to {selector} on {self.browser.run('return location.pathname')}"
        )

    def follow(self, selector: str, *ends: str) -> str:
        """Press Enter on this link or button and come to a page whose path ends so, or hand back where it led."""
        self.tab_to(selector)
        self.browser.run("document.documentElement.setAttribute('data-before', '')")
        self.browser.press("Enter")
        page = self.look()
        assert not page["errors"], f"{page['path']} shows an error"
        assert not ends or page["path"].endswith(ends), f"{selector} led to {page['path']}"
        return page["path"]

    def read(self, selector: str) -> str:
        return self.browser.run(
            "const e = document.querySelector(arguments[0]); return e ? e.textContent.trim() : ''", selector
        )


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    if FIREFOX is None and os.environ.get("CI") != "true":
        pytest.skip("no Firefox on this machine (sudo apt install -y firefox-esr)")
    with Firefox(
        tmp_path_factory.mktemp("firefox") / "profile", free_port(), width=WINDOW[0], height=WINDOW[1]
    ) as started:
        yield started


@pytest.fixture(params=["chromium", "firefox"])
def driven(request):
    """A browser without scripts, at 400 % zoom, that was never here."""
    if request.param == "firefox":
        started = request.getfixturevalue("firefox")
        started.ask("WebDriver:DeleteAllCookies")
        started.go("data:text/html,")
        started.zoom(4)
        yield started
    else:
        size = {"width": WINDOW[0] // 4, "height": WINDOW[1] // 4}
        context = request.getfixturevalue("browser").new_context(
            java_script_enabled=False, viewport=size, device_scale_factor=4
        )
        yield Chromium(context.new_page())
        context.close()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_tip_with_two_files_is_sent_by_keyboard_alone(site, driven, tag):
    person = Person(driven, site.url, tag)
    person.go("/")
    person.follow("main a[href*='/exhibits/']")
    person.follow("main a[href$='/tip']", "/tip")
    person.tab_to("[name=narrative]")
    driven.type(STORY)
    person.tab_to("[name=how_known]")
    driven.press("Space")
    person.follow("main form:has([name=narrative]) button[type=submit]", "/tip/check")
    add_files(person)
    add_contact(person)
    send(person)
    receipt = keep_receipt(person)
    person.go("/receipt")
    person.tab_to("[name=receipt]")
    driven.type(receipt.lower())
    person.follow("main form:has([name=receipt]) button[type=submit]")
    assert not person.read("[name=receipt]")
    assert receipt not in driven.run("return document.documentElement.outerHTML + location.href")


def add_files(person: Person) -> None:
    person.follow("main a[href$='/tip/files']", "/tip/files")
    person.browser.choose_files("[type=file]", FILES)
    person.follow("main form:has([type=file]) button[type=submit]", "/tip/files")
    names = person.browser.run("return document.querySelector('main').textContent")
    assert all(path.name in names for path in FILES)
    person.follow("main a[href$='/tip/check']", "/tip/check")


def add_contact(person: Person) -> None:
    person.follow("main a[href$='/tip/contact']", "/tip/contact")
    for field, value in (("name", "Alex"), ("email", "alex@sender.example")):
        person.tab_to(f"main [name={field}]")
        person.browser.type(value)
    person.follow("main form:has([name=email]) button[type=submit]", "/tip/check")
    assert "alex@sender.example" in person.read("main")
    assert STORY in person.read("main")


def send(person: Person) -> None:
    """Acknowledge and send; who was quick enough to look like a machine is asked to press once more."""
    for _ in range(4):
        if not person.browser.run("return Boolean(document.querySelector('[name=acknowledge]:checked'))"):
            person.tab_to("[name=acknowledge]")
            person.browser.press("Space")
        path = person.follow(
            "main form[action$='/tip/send'] button[type=submit]", "/tip/sent", "/tip/check", "/tip/send"
        )
        if path.endswith("/tip/sent"):
            return
        time.sleep(3)
    raise AssertionError("the tip cannot be sent")


def keep_receipt(person: Person) -> str:
    receipt = person.read(".tl-receipt__code")
    assert len(receipt) == 23
    person.follow("main form[action$='/tip/sent'] button[type=submit]", "/tip/sent")
    assert receipt not in person.read("main")
    return receipt
