"""The first day of a new instance, on a real server: from ``tipline setup`` to a package that has left the house.

Nothing is made behind the service's back: every step is a page that somebody opens or a command that somebody types.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.cookiejar
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pyotp
import pytest

from tests import factories
from tests.disclosure import need_tools
from tests.disclosure import run as run_tool
from tests.pages import Page, check_sound, words
from tests.served import free_port
from tests.tipsters import receipt_on

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
STEP = 30
BOUNDARY = "a-boundary-that-no-picture-holds"
SANITISED = "The bag is sold in one shop by the harbour of Volos."


@dataclass
class House:
    """An instance that only the command line and the pages have touched."""

    folder: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What an operator puts into the service's environment."""
        return {
            **os.environ,
            "TIPLINE_INSTANCE": str(self.folder / "instance"),
            "TIPLINE_SECRETS": str(self.folder / "secrets"),
            "TIPLINE_OPERATOR_NAME": "Example Authority",
            "TIPLINE_OPERATOR_CONTACT": "contact@authority.example",
            "TIPLINE_DPO_CONTACT": "dpo@authority.example",
            "TIPLINE_SUPERVISORY_AUTHORITY": "Example Data Protection Authority",
            "PORT": str(self.port),
        }

    def command(self, *given: str) -> str:
        """What a command of tipline prints; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "tipline", *given],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """``tipline run`` with its clocks, until the block ends."""
        with (self.folder / "out.log").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tipline", "run"],
                env=self.environment,
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_for(process)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(SECONDS)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz"):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start: {(self.folder / 'out.log').read_text()[-2000:]}")


class Browser:
    """A browser without scripts that follows redirects and keeps its cookies; every page is looked at."""

    def __init__(self, house: House) -> None:
        self._home = f"http://127.0.0.1:{house.port}"
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def page(self, path: str, *, status: int = 200) -> Page:
        """Get a page and expect this status."""
        return self._expect(urllib.request.Request(urljoin(self._home, path)), status)  # noqa: S310 - loopback

    def bytes(self, path: str) -> bytes:
        """Get something that is no page."""
        with self._opener.open(urljoin(self._home, path), timeout=SECONDS) as answer:
            return bytes(answer.read())

    def submit(self, page: Page, *, field: str | None = None, action: str | None = None, **given: Any) -> Page:
        """Fill a form of the page in and post it; a value of bytes is a file."""
        form = page.form(field, action=action)
        values: dict[str, Any] = {**form.values, **given}
        missing = set(given) - form.names - {name for name, _ in form.buttons}
        assert not missing, f"{page.path} has no field {missing}"
        address = urljoin(self._home + page.path, form.action)
        if any(isinstance(value, bytes) for value in values.values()):
            body, kind = _parts(values), f"multipart/form-data; boundary={BOUNDARY}"
        else:
            body, kind = urlencode(values, doseq=True).encode(), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Origin": self._home}
        return self._expect(urllib.request.Request(address, data=body, headers=headers), 200)  # noqa: S310 - loopback

    def _expect(self, request: urllib.request.Request, status: int) -> Page:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                seen = self._look(answer)
        except urllib.error.HTTPError as refused:
            seen = self._look(refused)
        assert seen.status == status, f"{seen.path} answered {seen.status}: {seen.main}"
        assert not seen.errors, f"{seen.path}: {seen.errors}"
        return seen

    def _look(self, answer: Any) -> Page:
        text = answer.read().decode()
        path = answer.geturl().removeprefix(self._home)
        check_sound(text, path)
        return Page(_Answer(answer.status, text), path)


@dataclass
class _Answer:
    """An answer as ``Page`` reads one."""

    status_code: int
    text: str = field(repr=False)

    def get_data(self, *, as_text: bool) -> str:
        """The page."""
        assert as_text
        return self.text


class Colleague(Browser):
    """Somebody who has an invitation, and later a password and an authenticator."""

    def __init__(self, house: House, name: str, code: str) -> None:
        super().__init__(house)
        self.name, self._step = name, 0
        page = self.submit(self.page("/staff/join"), name=name, code=code)
        self.password = _texts(page, "tl-code")[0]
        page = self.submit(page, password=self.password, again=self.password)
        self._totp = pyotp.TOTP(_texts(page, "tl-code")[0].replace(" ", ""))
        self.first = self.submit(page, code=self._code())
        assert "Sign out" in self.first.text

    def sign_in(self) -> Page:
        """Sign in as on every other day."""
        page = self.submit(self.page("/staff/sign-in"), name=self.name, password=self.password, code=self._code())
        assert "Sign out" in page.text
        return page

    def let_through(self, page: Page) -> Page:
        """Type the password once more where it is asked for."""
        return self.submit(page, password=self.password) if page.h1 == "Enter your password again" else page

    def key_words(self) -> str:
        """What this person reads out."""
        return _texts(self.page("/staff/account"), "tl-fingerprint")[0]

    def _code(self) -> str:
        """A code that was not used: of this moment, or the next one, which counts already."""
        self._step = max(self._step + 1, int(time.time()) // STEP)
        while self._step > int(time.time()) // STEP + 1:
            time.sleep(0.5)
        return self._totp.at(self._step * STEP)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty folder and a free port."""
    return House(tmp_path, free_port())


def test_from_an_empty_folder_to_a_package_that_has_left_the_house(house: House) -> None:
    need_tools("age", "age-keygen", "tar", "sha256sum")
    printed = house.command("setup")
    name, code = (re.search(rf"{word}: (\S+)", printed)[1] for word in ("name", "code"))  # type: ignore[index]
    assert "nobody was invited" in house.command("setup")
    with house.serving():
        admin = Colleague(house, name, code)
        assert "Nothing waits" in admin.first.main
        supervisors, reviewer, auditor = _invite_everybody(house, admin)
        _open_a_desk(admin, supervisors, reviewer)
        exhibit = _publish(admin)
        receipt = _send_a_tip(house, exhibit)
        key = house.folder / "authority.key"
        _enter_authority(admin, supervisors[1], _new_key(key))
        ref = _work_on_the_tip(reviewer, exhibit)
        package = _propose(reviewer, ref)
        _release(house, admin, package, key)
        _look_back(house, admin, reviewer, auditor, receipt, ref)
    assert "Traceback" not in (house.folder / "out.log").read_text()
    assert house.command("log", "verify")
    house.command("jobs", "run")


def _invite_everybody(house: House, admin: Colleague) -> tuple[list[Colleague], Colleague, Colleague]:
    joined = []
    for name, roles in (
        ("ana", ["reviewer", "supervisor"]),
        ("boris", ["supervisor"]),
        ("chloe", ["reviewer"]),
        ("dora", ["auditor"]),
    ):
        page = admin.submit(admin.page("/admin/accounts/invite"), name=name, display_name=name.title(), roles=roles)
        joined.append(Colleague(house, name, _texts(page, "tl-fingerprint")[0]))
    assert joined[3].first.path.startswith("/admin/log")
    assert "You are not on a desk yet" in joined[0].page("/staff/desks").main
    assert "You cannot read a desk's tips yet" in joined[0].page("/staff/").main
    return joined[:2], joined[2], joined[3]


def _open_a_desk(admin: Colleague, supervisors: list[Colleague], reviewer: Colleague) -> None:
    page = admin.page("/admin/desks/name")
    founders = [value for value, label in _choices(page, "founders") if label in ("Ana", "Boris")]
    page = admin.submit(page, name="North", founders=founders)
    address = page.path.removeprefix("/admin")
    chloe = next(value for value, label in _choices(page, "account") if label.startswith("Chloe"))
    assert "Chloe" in admin.submit(page, account=chloe).main
    first, second = supervisors
    page = first.page(f"/staff{address}")
    page = first.submit(first.page(page.links["Make the keys"]))
    codes = dict(zip(("content", "identity"), _texts(page, "tl-fingerprint"), strict=True))
    for colleague in (second, reviewer):
        page = first.page(f"/staff{address}")
        page = first.page(_labelled(page, f"Let in: {colleague.name.title()}"))
        page = first.submit(page, words=colleague.key_words())
    for supervisor in supervisors:
        for kind, code in codes.items():
            page = supervisor.page(f"/staff{address}/codes/confirm")
            page = supervisor.submit(page, kind=kind, code=code.lower())
    assert "Open" in page.main
    assert "Confirmed by two supervisors" in page.main


def _publish(admin: Colleague) -> str:
    page = admin.page("/admin/appeals/new")
    page = admin.submit(
        page,
        title="Do you recognise this object?",
        introduction="Objects cut out of pictures.",
        desk=next(value for value, label in _choices(page, "desk") if label == "North"),
    )
    assert "at least one published exhibit" in page.main
    page = admin.submit(
        admin.page(page.links["Add an exhibit"]),
        title="Woven bag",
        question="Where was this bag sold?",
        description="A woven bag, 40 cm wide.",
        alt="A woven bag on a table.",
    )
    page = admin.submit(page, picture=factories.picture(), left="100", top="100", width="300", height="300")
    exhibit = page.path.rsplit("/", 1)[-1]
    page = admin.submit(page, action=f"{exhibit}/publish", reason="start")
    page = admin.page(page.links["Do you recognise this object?"])
    page = admin.submit(page, action="/publish", reason="start")
    assert "The appeal is published." in page.text
    return exhibit


def _send_a_tip(house: House, exhibit: str) -> str:
    browser = Browser(house)
    page = browser.page("/en/")
    assert "Woven bag" in page.main
    shown = browser.page(next(href for href in page.links.values() if href.endswith(f"/exhibits/{exhibit}")))
    picture = next(
        image.get("src") or "" for image in shown.tree.iter("img") if "/pictures/" in (image.get("src") or "")
    )
    assert browser.bytes(picture)
    page = browser.page(next(href for href in shown.links.values() if href.endswith(f"{exhibit}/tip")))
    browser.submit(page, field="narrative", narrative=factories.NARRATIVE, how_known="first_hand", countries="GR")
    browser.submit(browser.page("/en/tip/files"), action="/tip/files", files=factories.picture(colour="navy"))
    page = browser.submit(browser.page("/en/tip/check"), field="acknowledge", acknowledge="y")
    return receipt_on(page)


def _new_key(path: Path) -> str:
    assert run_tool("age-keygen", "-o", path, cwd=path.parent).returncode == 0
    return re.search(r"public key: (age1\S+)", path.read_text())[1]  # type: ignore[index]


def _enter_authority(admin: Colleague, supervisor: Colleague, recipient: str) -> None:
    page = admin.submit(
        admin.page("/admin/authorities/new"),
        name="Example Police",
        country="GR",
        kind="national_unit",
        contact_point="Duty desk, extension 12",
        transfer_basis="member_state",
    )
    page = admin.submit(admin.let_through(page), recipient=recipient)
    assert "a supervisor has confirmed it" in page.text
    fingerprint = hashlib.sha256(recipient.encode()).hexdigest()
    page = supervisor.page("/staff/authorities")
    link = next(href for href in page.links.values() if "/authorities/keys/" in href)
    page = supervisor.let_through(supervisor.page(link))
    assert fingerprint[-4:] not in _texts(page, "tl-fingerprint")[0]
    page = supervisor.submit(page, field="fingerprint", fingerprint=fingerprint[-16:], channel="telephone")
    assert "The key is confirmed." in page.text


def _work_on_the_tip(reviewer: Colleague, exhibit: str) -> str:
    page = reviewer.page("/staff/")
    ref = next(text for text, href in page.links.items() if f"/staff/tips/{text}" in href)
    page = reviewer.page(f"/staff/tips/{ref}")
    page = reviewer.submit(page, field="reason_code", reason_code="assigned_work")
    assert factories.NARRATIVE in page.main
    page = reviewer.submit(page, action="/take")
    file = next(href for text, href in page.links.items() if text.startswith("File "))
    page = reviewer.submit(reviewer.page(file), action="/reveal/small")
    shown = next(image.get("src") or "" for image in page.tree.iter("img") if "/picture/" in (image.get("src") or ""))
    assert reviewer.bytes(shown)[8:12] == b"WEBP"
    page = reviewer.page(f"/staff/tips/{ref}")
    grade = {"source_code": "X", "information_code": "2", "grade_reason": "Bought it there."}
    page = reviewer.submit(page, field="grade_reason", **grade)
    page = reviewer.submit(page, field="statement", basis="fact", statement="The shop exists since 2012.")
    page = reviewer.submit(page, field="sanitised", sanitised=SANITISED)
    assert SANITISED in page.main
    return ref


def _propose(reviewer: Colleague, ref: str) -> str:
    page = reviewer.page(f"/staff/tips/{ref}")
    page = reviewer.page(page.links["Propose a referral with this tip"])
    files = [value for value, _label in _choices(page, "attachment_ids")]
    page = reviewer.submit(
        page,
        field="authority",
        authority=next(value for value, label in _choices(page, "authority") if label.startswith("Example Police")),
        why_you="The shop is in Volos.",
        purpose="identify-place",
        legal_basis="led-national",
        request="verify",
        urgency="3d",
        attachment_ids=files,
    )
    page = reviewer.let_through(page)
    assert page.h1 == "Read what goes out"
    page = reviewer.submit(page, field="digest")
    assert "It waits for an administrator" in page.text
    return page.path.rsplit("/", 1)[-1].replace("REF-", "PKG-")


def _release(house: House, admin: Colleague, package: str, key: Path) -> None:
    assert "Packages to release" in admin.page("/admin/").main
    page = admin.page(admin.page("/admin/releases").links[package])
    page = admin.let_through(admin.submit(page, field="sha256"))
    if "Released." not in page.text:
        page = admin.submit(page, field="sha256")
    outer = admin.bytes(f"/admin/releases/{package}/package.tar")
    with tarfile.open(fileobj=io.BytesIO(outer)) as tar:
        tar.extractall(house.folder / "arrived", filter="data")
    sealed = house.folder / "arrived" / f"{package}.tar.age"
    inner = house.folder / "inner.tar"
    assert run_tool("age", "-d", "-i", key, "-o", inner, sealed, cwd=house.folder).returncode == 0
    assert run_tool("tar", "-xf", inner, cwd=house.folder).returncode == 0
    bag = house.folder / package
    said = b"".join(path.read_bytes() for path in bag.rglob("*") if path.is_file())
    assert SANITISED.encode() in said
    assert factories.NARRATIVE.encode() not in said
    page = admin.submit(page, field="channel", channel="secure-mail")
    digest = hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    page = admin.submit(page, field="digest", digest=digest)
    assert "Acknowledged." in page.text


def _look_back(house: House, admin: Colleague, reviewer: Colleague, auditor: Colleague, receipt: str, ref: str) -> None:
    """What everybody sees at the end of the day, and that nobody sees more."""
    admin.page(f"/staff/tips/{ref}", status=403)
    auditor.page(f"/staff/tips/{ref}", status=403)
    reviewer.page("/admin/accounts", status=403)
    page = auditor.page("/admin/log?chain=admin")
    assert "package" in page.main.lower()
    public = Browser(house)
    page = public.submit(public.page("/en/receipt"), field="receipt", receipt=receipt)
    assert "It was passed on." in page.main
    assert reviewer.submit(reviewer.page("/staff/"), action="/sign-out").h1 == "You are signed out"
    assert reviewer.page("/staff/").h1 == "Sign in"
    assert ref in reviewer.sign_in().text or ref in reviewer.page("/staff/").text


def _texts(page: Page, name: str) -> list[str]:
    """What the elements of this class say."""
    return [words(element) for element in page.tree.iter() if name in (element.get("class") or "").split()]


def _labelled(page: Page, label: str) -> str:
    """Where the link with this spoken label leads."""
    return next(link.get("href") or "" for link in page.tree.iter("a") if link.get("aria-label") == label)


def _choices(page: Page, name: str) -> list[tuple[str, str]]:
    """Value and label of everything that can be chosen in this field."""
    labels = {label.get("for"): words(label) for label in page.tree.iter("label")}
    boxes = [box for box in page.tree.iter("input") if box.get("name") == name]
    lists = [select for select in page.tree.iter("select") if select.get("name") == name]
    options = [(option.get("value") or "", words(option)) for one in lists for option in one.iter("option")]
    return [*((box.get("value") or "", labels.get(box.get("id"), "")) for box in boxes), *options]


def _parts(values: dict[str, Any]) -> bytes:
    """A multipart body; what is bytes travels as a file."""
    body = b""
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
            if isinstance(one, bytes):
                body += f'{head}; filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode() + one
            else:
                body += f"{head}\r\n\r\n{one}".encode()
            body += b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()
