"""A day at the desk by keyboard alone, from signing in to signing out: no pointer touches anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import People

pytestmark = pytest.mark.wide
SUBMIT = "main form button[type=submit]"
CALLERS = "She bought the bag in the shop at the ferry, and saw many of them there."


class Keys:
    """A page and its keyboard."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def press(self, *names: str) -> None:
        """Press keys, one after the other."""
        for name in names:
            self.page.keyboard.press(name)

    def go(self, name: str) -> None:
        """Press a key that leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.page.keyboard.press(name)

    def reach(self, selector: str) -> None:
        """Tab until the focus is on what the selector says; whatever cannot be reached fails."""
        for _ in range(200):
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached by Tab on {self.page.url}")

    def type(self, selector: str, text: str) -> None:
        """Reach a field and type into it."""
        self.reach(selector)
        self.page.keyboard.type(text)

    def choose(self, selector: str, text: str) -> None:
        """Reach a list and choose from it by the first letters."""
        self.type(selector, text)
        chosen = self.page.evaluate("() => document.activeElement.selectedOptions[0].textContent.trim()")
        assert chosen.startswith(text), f"{selector} is {chosen}"

    def unfold(self, field: str) -> None:
        """Open the section that a field is in."""
        self.reach(f"details:has({field}) > summary")
        self.press("Enter")

    def follow(self, selector: str) -> None:
        """Reach a link or a button and press Enter on it."""
        self.reach(selector)
        self.go("Enter")

    def follow_words(self, words: str) -> None:
        """Reach the link with these words and press Enter on it."""
        href = self.page.locator("a", has_text=words).first.get_attribute("href")
        self.follow(f'a[href="{href}"]')

    @property
    def words(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")

    @property
    def ref(self) -> str:
        """The reference of the tip that the page is about."""
        return re.search(r"Tip (\S+)", self.page.inner_text("h1"))[1]  # type: ignore[index]


@pytest.fixture
def keys(people: People) -> Iterator[Keys]:
    """A reviewer's browser at the queue."""
    context = people.come_in("ines.calder", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{people.site.url}/staff/?every=yes")
    yield Keys(page, people.site.url)
    context.close()


def test_a_day_at_the_desk(people: People) -> None:
    site = people.site
    page = people.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    keys = Keys(page, site.url)
    page.goto(f"{site.url}/staff/sign-in")
    keys.type("[name=name]", "tomas.revi")
    keys.type("[name=password]", site.password("tomas.revi"))
    keys.type("[name=code]", site.command("code", "tomas.revi").strip())
    keys.go("Enter")
    assert page.locator("text=Sign out").count() == 1

    ref = _take_and_read(keys)
    _label_note_and_translate(keys)
    _write_to_the_sender(keys)
    _close_and_take_up_again(keys, ref)
    _two_callers_and_their_group(keys)
    _many_at_once_and_back(keys)
    _search(keys)
    _sign_out(keys)
    page.context.close()


def _take_and_read(keys: Keys) -> str:
    keys.press("?")
    assert keys.page.locator("dialog[open]").count() == 1
    keys.press("Escape")
    assert keys.page.locator("dialog[open]").count() == 0
    keys.go("t")  # the next tip is taken, and asks why
    assert "Why do you open tip" in keys.words
    keys.reach("[name=reason_code]")
    keys.press("Space")
    keys.follow(SUBMIT)
    assert keys.page.locator(".tl-narrative").first.inner_text().strip()
    return keys.ref


def _label_note_and_translate(keys: Keys) -> None:
    keys.unfold("[name=label]")
    keys.choose("[name=label]", "Portugal")
    keys.follow("form[action*='/labels'] button:not(.tl-off)")
    assert "Portugal" in keys.page.inner_text(".tl-labels")
    keys.unfold("[name=translation]")
    keys.choose("[name=translation_language]", "English")
    keys.reach("[name=made_by]")
    keys.press("Space")
    keys.type("[name=translation]", "There is a child in the house.")
    keys.follow("form[action*='/translations'] button")
    assert "There is a child in the house." in keys.words
    keys.unfold("[name=note]")
    keys.type("[name=note]", "jkt? are only letters here.")
    assert keys.page.input_value("[name=note]") == "jkt? are only letters here."
    keys.follow("form[action*='/notes'] button")
    assert "jkt? are only letters here." in keys.words


def _write_to_the_sender(keys: Keys) -> None:
    keys.follow("a[href*='/message']")
    keys.type("[name=message]", "Thank you. Which floor do you mean?")
    keys.choose("[name=language]", "English")
    keys.follow("form[action*='/message'] button:not([value=template])")
    assert "This is what the sender reads" in keys.words
    keys.follow("button[value=send]")
    assert "Which floor do you mean?" in keys.words


def _close_and_take_up_again(keys: Keys, ref: str) -> None:
    keys.unfold("[name=disposition]")
    keys.choose("[name=disposition]", "Spam")
    keys.type("[name=disposition_reason]", "Somebody sells watches.")
    keys.follow("form[action*='/close'] button")
    assert "The tip is closed." in keys.words
    keys.follow("form[action*='/reopen'] button")
    assert keys.ref == ref
    assert "The tip is closed." not in keys.words
    keys.go("u")
    assert keys.page.inner_text("h1").startswith("Queue")


def _two_callers_and_their_group(keys: Keys) -> None:
    for _caller in range(2):
        keys.page.goto(f"{keys.url}/staff/")
        keys.follow("a[href*='/staff/intake']")
        keys.reach("[name=channel]")
        keys.press("Space")
        keys.type("[name=narrative]", CALLERS)
        keys.choose("[name=tip_language]", "English")
        keys.unfold("[name=links]")
        keys.type("[name=links]", "https://ferry.example/bags/7000001")
        keys.follow("form[action*='/intake'] button")
        keys.reach("[name=acknowledge]")
        keys.press("Space")
        keys.follow("form[action*='/intake/check'] button")
    keys.page.goto(f"{keys.url}/staff/")
    keys.follow("nav ~ a[href*='/staff/groups'], .tl-tools a[href*='/staff/groups']")
    keys.reach("form[action*='/groups/compare'] button")
    keys.press("Enter")
    keys.page.locator("text=Every open tip has been compared").wait_for()
    if keys.page.locator("tbody a[href*='/staff/groups/']").count() == 0:
        keys.page.reload()
    keys.follow("tbody a[href*='/staff/groups/']")
    keys.unfold("[name=sources]")
    keys.press("Tab")
    keys.reach("[name=sources]")
    keys.press("ControlOrMeta+a")
    keys.page.keyboard.type("1")
    keys.follow("form[action*='/sources'] button")
    assert re.search(r"Independent sources\s+1", keys.words)


def _many_at_once_and_back(keys: Keys) -> None:
    page = keys.page
    page.goto(f"{keys.url}/staff/?every=yes")
    keys.press("j", "j", "k")  # to the second line and back to the first
    assert page.evaluate("document.activeElement.textContent") == page.locator("[data-line]").first.inner_text()
    keys.press("x", "j", "x")
    assert page.locator("input[name=ref]:checked").count() == 2
    assert "2 chosen" in keys.words
    before = [line.inner_text() for line in page.locator("[data-line]").all()]
    keys.follow("form#chosen button")
    assert page.inner_text("h1") == "2 chosen tips"
    keys.unfold("[name=disposition]")
    keys.choose("[name=disposition]", "Spam")
    keys.type("[name=disposition_reason]", "The same watches.")
    keys.follow("form[action*='/many/close'] button")
    assert "You changed 2 tips together." in keys.words
    keys.follow(".tl-undo button")
    assert "You changed 2 tips together." not in keys.words
    page.goto(f"{keys.url}/staff/?every=yes")
    assert sorted(line.inner_text() for line in page.locator("[data-line]").all()) == sorted(before)

    keys.press("j")
    keys.go("Enter")
    first = keys.page.inner_text("h1")
    if "Why do you open" in first:
        keys.reach("[name=reason_code]")
        keys.press("Space")
        keys.follow(SUBMIT)
        first = keys.page.inner_text("h1")
    keys.go("j")  # the next tip within the filter
    assert keys.page.inner_text("h1") != first


def _search(keys: Keys) -> None:
    keys.page.goto(f"{keys.url}/staff/")
    keys.follow(".tl-desk-nav a[href*='/staff/search']")
    keys.reach("[name=reason_code]")
    keys.press("Space")
    keys.follow(SUBMIT)
    keys.type("[name=words]", "ferry")
    keys.go("Enter")
    assert "No tip has all of these words" not in keys.words
    assert keys.page.locator("mark").count() >= 2


def _sign_out(keys: Keys) -> None:
    keys.reach(".tl-desk-header__out")
    keys.go("Enter")
    assert keys.page.locator("text=Sign out").count() == 0
    keys.page.goto(f"{keys.url}/staff/")
    assert "/staff/sign-in" in keys.page.url


def test_single_keys_can_be_switched_off(keys: Keys) -> None:
    page = keys.page
    for wanted in (False, True):
        page.goto(f"{keys.url}/staff/settings")
        keys.reach("[name=keys_on]")
        keys.press("Space")
        keys.follow(SUBMIT)
        page.goto(f"{keys.url}/staff/")
        keys.press("?")
        assert page.locator("dialog[open]").count() == int(wanted)
