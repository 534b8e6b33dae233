"""Passkeys in a real browser with a virtual authenticator: a second factor, a way to the key, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import parse_qs

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.walker import Walker
from tests.factories import PASSWORD
from tipline import clock

NAME = "petra.novak"
REFUSED = "Name, password, code or passkey is not right"
JOIN = f"""
from tipline import clock, config
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import accounts
settings = config.use(config.from_environment())
db.connect(settings.database_url)
make = lambda: accounts.make_active("{NAME}", "Petra Novak", [Role.REVIEWER], "{PASSWORD}", clock.now())
print(db.in_writing(make)[2])
"""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "hasPrf": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Sitting:
    """Somebody before a browser that has an authenticator, at an address with a name, with recovery codes on paper."""

    def __init__(self, site, browser) -> None:
        self.url = site.url.replace("127.0.0.1", "localhost")
        self.page = browser.new_context().new_page()
        self.walker = Walker(self.page, self.url)
        self.cdp = self.page.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        self.key = ""
        self.codes: list[str] = []
        self.posted: list[dict[str, list[str]]] = []
        self.page.on("request", lambda request: self.posted.append(parse_qs(request.post_data or "")))

    def plug_in(self, **changes: bool) -> None:
        """Another authenticator, without a passkey, in the place of the one before."""
        if self.key:
            self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.key})
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, **changes}})
        self.key = made["authenticatorId"]

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def expect(self, words: str) -> None:
        expect(self.page.locator("body")).to_contain_text(words)

    def come_in(self, code: str = "") -> None:
        self.walker.go("/staff/sign-in")
        self.walker.fill(name=NAME, password=PASSWORD, code=code or self.codes.pop())
        self.press("Sign in")
        self.expect("Sign out")

    def show_passkey(self, *, name: str = "", password: str = "") -> None:
        """Sign out and come back with the passkey."""
        self.walker.go("/staff/account")
        if self.page.get_by_role("button", name="Sign out").count():
            self.press("Sign out")
            self.expect("You are signed out")
        self.walker.go("/staff/sign-in")
        self.walker.fill(name=name, password=password)
        self.press("Use a passkey")

    def add(self, label: str, *, opens: bool) -> None:
        self.walker.go("/staff/account/passkeys/add")
        self.page.get_by_label("Name of the passkey").fill(label)
        self.page.get_by_label("may also open my key").set_checked(opens)
        self.press("Add the passkey")
        self.expect("The passkey is added")

    def line(self, label: str) -> str:
        self.walker.go("/staff/account")
        return self.page.locator("tr", has_text=label).inner_text()


@pytest.fixture(scope="module")
def sitting(site, browser):
    """Somebody new, who has come in with the app and made recovery codes."""
    run = subprocess.run(
        [sys.executable, "-c", JOIN], env=site.env, cwd=site.folder, capture_output=True, text=True, check=True
    )
    sitting = Sitting(site, browser)
    sitting.come_in(pyotp.TOTP(run.stdout.strip()).at(clock.now()))
    sitting.walker.go("/staff/account/codes/new")
    sitting.press("Make ten codes")
    sitting.expect("Copy your recovery codes now")
    sitting.codes = sitting.page.locator("main ol .tl-code").all_inner_texts()
    yield sitting
    sitting.page.context.close()


def test_a_passkey_stands_for_the_code_once_and_beside_the_right_password(sitting, site):
    sitting.plug_in()
    sitting.come_in()
    sitting.expect("You signed in with a recovery code")
    sitting.add("Blue key", opens=False)
    assert "never used" in sitting.line("Blue key")
    sitting.show_passkey(name=NAME, password=PASSWORD)
    sitting.expect("Sign out")
    assert "last used" in sitting.line("Blue key")

    used = next(form["answer"][0] for form in reversed(sitting.posted) if form.get("answer"))
    sitting.show_passkey(name=NAME, password="not the right one")
    sitting.expect(REFUSED)
    sitting.walker.fill(name=NAME, password=PASSWORD)
    sitting.page.eval_on_selector("[name=answer]", "(field, used) => { field.value = used; }", used)
    sitting.press("Sign in")
    sitting.expect(REFUSED)
    sitting.show_passkey()
    sitting.expect("This passkey cannot open your key")
    sitting.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": sitting.key, "isUserVerified": False})
    sitting.show_passkey(name=NAME, password=PASSWORD)
    sitting.expect("No passkey was used")

    sitting.page.goto(f"{site.url}/staff/sign-in")
    assert sitting.page.get_by_role("button", name="Use a passkey").count() == 0


def test_a_passkey_that_may_opens_the_key_without_a_password_until_it_is_revoked(sitting):
    sitting.plug_in()
    sitting.come_in()
    sitting.add("Green key", opens=True)
    assert "opens your key by itself" in sitting.line("Green key")
    sitting.show_passkey()
    sitting.expect("Sign out")
    answer = next(form["answer"][0] for form in reversed(sitting.posted) if form.get("answer"))
    assert json.loads(answer)["clientExtensionResults"] == {}, "the PRF's output left the browser"
    sitting.walker.go("/staff/account/factor")
    sitting.press("Continue")
    sitting.expect("Confirm your new second factor")  # its secret is sealed to the key that the passkey opened

    sitting.walker.go("/staff/account")
    sitting.page.locator("tr", has_text="Green key").get_by_role("link", name="Revoke").click()
    sitting.press("Revoke the passkey")
    sitting.expect("The passkey is revoked")
    sitting.show_passkey()
    sitting.expect(REFUSED)


def test_a_device_that_makes_no_secret_is_a_second_factor_and_says_so(sitting):
    sitting.plug_in(hasPrf=False)
    sitting.come_in()
    sitting.add("Old key", opens=True)
    sitting.expect("cannot open your key with it")
    assert "opens" not in sitting.line("Old key")
    sitting.show_passkey()
    sitting.expect("This passkey cannot open your key in this browser")
    sitting.show_passkey(name=NAME, password=PASSWORD)
    sitting.expect("Sign out")
