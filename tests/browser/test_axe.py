"""axe finds nothing, nothing scrolls sideways, and the browser has nothing to complain about, on every page."""

from __future__ import annotations

import os
import re

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.browser import walks, walks_empty, walks_public
from tests.browser.conftest import ROOT
from tests.browser.walker import ID, PHOTO, Walker
from tipline.crypto import age

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}

# What answers a GET and is no page that somebody looks at, each with the reason.
NOT_PAGES = {
    "front.picture": "a picture",
    "front.robots": "a text file",
    "front.root": "a redirect to the reader's language",
    "front.security": "a text file",
    "health": "a word for a probe",
    "public.copy": "a text file to keep",
    "public.leave": "a redirect away from here",
    "public.receipt_file": "a text file to keep",
    "public.updates_feed": "a feed",
    "admin.download_package": "a sealed package",
    "admin.log_heads": "a text file to keep",
    "admin.picture": "a picture",
    "admin.statistics_file": "a table as CSV",
    "staff.attachment_picture": "a picture",
    "staff.new_tips": "a number for a script",
    "staff.statistics_file": "a table as CSV",
    "static": "styles, scripts and icons",
}
# Pages that no walk comes to, each with the reason. The fewer the better.
NEEDS_MORE = {
    "public.answer": "a message of the desk has to stand in the mailbox: tests/public looks at its parts",
    "staff.search_progress": "stands only while the index of a large desk is built: tests/staff/test_search looks at it",
    "signin.revoke_passkey": "needs an authenticator: test_passkeys comes to it",
}
SEEN: set[str] = set()


class Examiner:
    """Looks at a page as it stands, on a desktop, a phone and a very narrow phone."""

    def __init__(self, context) -> None:
        self.page = context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda line: self.said.append(line.text) if line.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.axe = Axe()

    def look(self, name: str, sizes: tuple[dict[str, int], ...]) -> list[str]:
        """What is wrong with the page, in words. The desk has two colour schemes, and the dark one is looked at too."""
        SEEN.add(self.page.url)
        faults = []
        for size in sizes:
            self.page.set_viewport_size(size)
            found = self.axe.run(self.page).response["violations"]
            faults += [
                f"{name} {size['width']}: {one['id']} at {node['html'][:160]}" for one in found for node in one["nodes"]
            ]
        if self.page.locator(".desk").count():
            self.page.emulate_media(color_scheme="dark")
            found = self.axe.run(self.page, options={"runOnly": ["color-contrast"]}).response["violations"]
            faults += [f"{name} dark: {node['html'][:160]}" for one in found for node in one["nodes"]]
            self.page.emulate_media(color_scheme="light")
        for size in (PHONE, NARROW):
            self.page.set_viewport_size(size)
            wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            faults += [f"{name} {size['width']}: {wide} px too wide"] if wide > 0 else []
        expected = ("status of 4", "status of 503")  # the browser says so of an error page that was asked for
        faults += [f"{name}: the console says {line}" for line in self.said if not any(e in line for e in expected)]
        self.said.clear()
        return faults

    def walk(self, site, steps, *more, sizes=(DESKTOP, PHONE), **options) -> list[str]:
        """Everything that is wrong on a walk."""
        walker = Walker(self.page, site.url, str(ROOT / PHOTO))
        return [fault for stop in steps(walker, *more, **options) for fault in self.look(stop, sizes)]


@pytest.mark.wide
@pytest.mark.parametrize(("tag", "sizes"), [("en", (DESKTOP,)), ("el", (PHONE,))])
def test_public_pages(site, browser, tag, sizes):
    context = browser.new_context()
    assert Examiner(context).walk(site, walks_public.public, tag, sizes=sizes, deep=tag == "en") == []
    context.close()


def test_pages_for_somebody_who_is_not_signed_in(site, browser):
    context = browser.new_context()
    assert Examiner(context).walk(site, walks.outside) == []
    context.close()


@pytest.mark.wide
@pytest.mark.parametrize("name", walks.ROLES)
def test_pages_of_the_desk_and_the_administration(site, people, name):
    context = people.come_in(name)
    assert Examiner(context).walk(site, walks.ROLES[name], sizes=(DESKTOP,)) == []
    context.close()


@pytest.mark.wide
def test_pages_of_somebody_who_joins_and_of_a_desk_that_is_founded(site, browser, people):
    """The pages that need an invited person, a new desk, a new key: looked at on the way in."""
    office = Walker(people.come_in("otto.brandt").new_page(), site.url)
    chief = Examiner(people.come_in("mara.lind"))
    joining = Examiner(browser.new_context())
    faults = []

    def look(examiner: Examiner, path: str, name: str) -> None:
        walker = Walker(examiner.page, site.url)
        walker.go(path)
        if "/staff/again" in walker.page.url:
            walker.fill(password=site.password("mara.lind"))
            walker.press()
        faults.extend(examiner.look(name, (DESKTOP,)))

    office.go("/admin/accounts/invite")
    office.fill(name="nora.vik", display_name="Nora Vik", roles="reviewer")
    office.press()
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", office.page.inner_text("main"))
    newcomer = Walker(joining.page, site.url)
    newcomer.go("/staff/join")
    newcomer.fill(name="nora.vik", code=code.group())
    newcomer.press()
    faults += joining.look("join-password", (DESKTOP,))
    password = "lantern-gravel-orchid-bucket-silver-noon"
    newcomer.fill(password=password, again=password)
    newcomer.press()
    faults += joining.look("join-factor", (DESKTOP,))
    secret = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b[A-Z2-7]{32}\b", joining.page.inner_text("main"))
    newcomer.fill(code=pyotp.TOTP(secret.group().replace(" ", "")).now())
    newcomer.press()
    assert joining.page.locator("text=Sign out").count() == 1

    office.go("/admin/desks/name")
    office.fill(name="Second desk")
    for founder in office.page.locator("[name=founders]").all():
        founder.check(force=True)
    office.press()
    desk = re.search("/admin/desks/([0-9a-f]{32})", office.page.url).group(1)
    look(chief, f"/staff/desks/{desk}/found", "found-desk")

    office.go("/admin/desks")
    first = next(link for link in office.links(f"/admin/desks/{ID}$") if desk not in link)
    office.go(first)
    account = office.page.locator("[name=account] option", has_text="Nora Vik").get_attribute("value")
    office.fill(account=account)
    office.press("")
    look(chief, f"{first.replace('/admin', '/staff')}/people/{account}", "grant-member")

    office.go("/admin/authorities")
    office.follow(f"/admin/authorities/{ID}$")
    office.go(office.page.url.removeprefix(site.url) + "/key")
    office.fill(recipient=age.new_identity()[1])
    office.press()
    chief.page.goto(site.url + "/staff/authorities")
    waiting = Walker(chief.page, site.url).links(f"/staff/authorities/keys/{ID}$")
    look(chief, waiting[0], "authority-key")
    assert faults == []


@pytest.mark.wide
@pytest.mark.parametrize("role", walks_empty.ROLES)
def test_pages_of_a_desk_where_nothing_has_happened_yet(newcomers, role):
    context = newcomers.come_in(role)
    assert Examiner(context).walk(newcomers.site, walks_empty.ROLES[role], sizes=(DESKTOP,)) == []
    context.close()


@pytest.mark.wide
def test_every_page_was_looked_at(site, app: Flask):
    """The walks above come to every address that answers a GET with a page."""
    if len(SEEN) < 100 and os.environ.get("CI") != "true":
        pytest.skip("only part of the walks was run: the whole file is needed")
    routes = app.url_map.bind("127.0.0.1")
    seen = set()
    for url in SEEN:
        try:
            seen.add(routes.match(url.removeprefix(site.url).partition("?")[0].partition("#")[0], "GET")[0])
        except HTTPException:
            continue  # the page that says that there is no such page, and answers to a POST
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - seen - NOT_PAGES.keys() - NEEDS_MORE.keys() == set()
    assert pages >= NOT_PAGES.keys() | NEEDS_MORE.keys()
