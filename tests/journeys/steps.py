"""What each of the people of a story does, through the pages only: one browser for each of them."""

from __future__ import annotations

import datetime as dt
import io
import re
import shlex
import tarfile
from pathlib import Path
from typing import Any

import pyotp
from flask import Flask

from tests import disclosure, factories
from tests.conftest import Clock
from tests.factories import Known, Recipient, Team
from tests.pages import Page, PageClient
from tests.tipsters import come_back, receipt_on

GREEK = 368
STORY = "Αγόρασα την ίδια τσάντα σε ένα μαγαζί στο λιμάνι του Βόλου. ΣΗΜΑΔΙ-ΙΣΤΟΡΙΑΣ"
PLACE = "Βόλος, ΣΗΜΑΔΙ-ΤΟΠΟΥ"
SANITISED = "The bag is sold in one shop by the harbour of Volos."
WISH = {
    "why_you": "The shop is in Volos.",
    "purpose": "identify-place",
    "legal_basis": "led-national",
    "request": "verify",
    "urgency": "3d",
    "handling": ["H1", "H2"],
}


class Sender:
    """Somebody who has recognised an object, at the Greek pages unless told otherwise."""

    def __init__(self, app: Flask, language: str = "el") -> None:
        self.browser: PageClient = app.test_client()  # type: ignore[assignment]
        self.home = f"/{language}"
        self.receipt = ""

    def write(self, exhibit: str, **answers: Any) -> Page:
        """From the gallery over the exhibit to the check page."""
        gallery = self.browser.page(f"{self.home}/")
        shown = next(href for href in gallery.links.values() if href.endswith(f"/exhibits/{exhibit}"))
        form = next(href for href in self.browser.page(shown).links.values() if href.endswith(f"{exhibit}/tip"))
        given = {"narrative": STORY, "tip_language": str(GREEK), "how_known": "first_hand", **answers}
        return self.browser.submit(self.browser.page(form), given, field="narrative")

    def add_file(self, name: str, content: bytes) -> Page:
        """Add one file on its own page."""
        page = self.browser.page(f"{self.home}/tip/files")
        return self.browser.submit(page, {"files": [(io.BytesIO(content), name)]}, field="files")

    def say_who(self, **identity: str) -> Page:
        """Leave a name or a contact."""
        return self.browser.submit(self.browser.page(f"{self.home}/tip/contact"), identity, field="email")

    def send(self) -> Page:
        """Send it, and keep the receipt."""
        check = self.browser.page(f"{self.home}/tip/check")
        sent = self.browser.submit(check, {"acknowledge": "y"}, field="acknowledge")
        self.receipt = receipt_on(sent)
        assert len(self.receipt) == 23
        return sent

    def keep(self) -> Page:
        """Say that the receipt is kept: it is not shown again."""
        sent = self.browser.page(f"{self.home}/tip/sent")
        return self.browser.submit(sent, action="/tip/sent")

    def status(self) -> Page:
        """What the receipt page says now, in English so that a test can read it."""
        typed = self.receipt.replace("-", " ").lower()
        return come_back(self.browser, typed)


class Colleague:
    """Somebody of the desk or the administration, signed in with name, password and the code of this moment."""

    def __init__(self, app: Flask, known: Known, clock: Clock) -> None:
        self.browser: PageClient = app.test_client()  # type: ignore[assignment]
        self.known, self.clock = known, clock
        self.sign_in()

    def sign_in(self) -> Page:
        """Sign in; a code works once, so the next one is waited for."""
        self.clock.advance(seconds=30)
        page = self.browser.page("/staff/sign-in")
        code = pyotp.TOTP(self.known.totp_secret).at(self.clock.now)
        page = self.browser.submit(page, name=self.known.person.name, password=self.known.password, code=code)
        assert "Sign out" in page.text
        return page

    def type_password(self, page: Page) -> Page:
        """Type the password once more where it is asked for, and go on to what was asked for."""
        if "password" not in page.h1.lower():
            return page
        return self.browser.submit(page, {"password": self.known.password}, field="password")

    def open(self, ref: str, reason: str = "assigned_work") -> Page:
        """Open a tip from the queue, with a reason."""
        assert ref in self.browser.page("/staff/").text
        page = self.browser.page(f"/staff/tips/{ref}")
        if "Why do you open" in page.h1:
            page = self.browser.submit(page, {"reason_code": reason}, field="reason_code")
        return page

    def work_on(self, ref: str) -> Page:
        """Take, open, look at every file, grade, state, sanitise."""
        page = self.browser.submit(self.open(ref), action="/take")
        for address in [href for text, href in page.links.items() if text.startswith("File ")]:
            small = self.browser.submit(self.browser.page(address), action="/reveal/small")
            picture = next(
                image.get("src") for image in small.tree.iter("img") if "/picture/" in (image.get("src") or "")
            )
            assert self.browser.get(picture).mimetype == "image/webp"
        page = self.browser.page(f"/staff/tips/{ref}")
        grade = {"source_code": "X", "information_code": "2", "grade_reason": "Worked in the shop."}
        page = self.browser.submit(page, grade, field="grade_reason")
        for basis, text in (("fact", "The shop exists since 2012."), ("assessment", "Likely bought locally.")):
            page = self.browser.submit(page, {"basis": basis, "statement": text}, field="statement")
        return self.browser.submit(page, {"sanitised": SANITISED}, field="sanitised")

    def propose(self, page: Page, recipient: Recipient, **changes: Any) -> Page:
        """From the tip's page over the form to what goes out, and propose it."""
        form = self.browser.page(page.links["Propose a referral with this tip"])
        given = {**WISH, "authority": recipient.authority_id, **changes}
        check = self.type_password(self.browser.submit(form, given, field="authority"))
        assert check.h1 == "Read what goes out"
        return self.browser.submit(check, field="digest")

    def release(self, ref: str) -> Page:
        """Find the package among those that wait, look at its cover and release it."""
        waiting = self.browser.page("/admin/releases")
        cover = self.browser.page(waiting.links[ref])
        return self.type_password(self.browser.submit(cover, field="sha256"))


class Recipients:
    """The authority's people: they have their key, the sender's certificate and stock tools."""

    def __init__(self, folder: Path, identity: str, certificate: bytes) -> None:
        disclosure.need_tools("age", "tar", "openssl", "sha256sum")
        self.folder = folder
        folder.mkdir()
        (folder / "YOUR-KEY.txt").write_text(f"{identity}\n", encoding="ascii")
        (folder / "SENDER.pem").write_bytes(certificate)

    def follow_the_steps(self, outer: bytes, ref: str) -> list[str]:
        """Do what VERIFY.txt says, word for word, and return what each command printed."""
        with tarfile.open(fileobj=io.BytesIO(outer)) as tar:
            tar.extractall(self.folder, filter="data")
        steps = (self.folder / f"{ref}.VERIFY.txt").read_text(encoding="utf-8")
        printed = [self._run(command) for command in _commands(steps)]
        assert printed[1].split()[0] in (self.folder / f"{ref}.manifest.json").read_text()
        return printed

    def _run(self, command: str) -> str:
        bagit = Path(disclosure.sys.executable).parent
        line = f'PATH="{bagit}:$PATH"; {command} 2>&1; code=$?; pwd > "$OLDPWD/where"; exit $code'
        line = line.replace("$OLDPWD", shlex.quote(str(self.folder)))
        where = self.folder / "where"
        here = Path(where.read_text().strip()) if where.exists() else self.folder
        done = disclosure.run("sh", "-c", line, cwd=here)
        printed = done.stdout.decode()
        assert done.returncode == 0, f"{command}: {printed}"
        return printed


def _commands(steps: str) -> list[str]:
    """The commands of the five steps: the indented lines, with their continuations."""
    wanted = re.findall(r"^ {6}((?:.*\\\n)*.*)$", steps[steps.index("\n1. ") :], re.MULTILINE)
    return [re.sub(r"\\\n\s*", "", one) for one in wanted]


def make_everything(now: dt.datetime) -> tuple[Team, str, Recipient]:
    """An open desk with its people, a published exhibit, and an authority whose key a supervisor confirmed."""
    team = factories.make_team(now)
    return team, factories.make_exhibit(team, now), factories.make_authority(team, now)


def yesterday() -> dt.datetime:
    """This moment of yesterday, without the fractions of its second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)
