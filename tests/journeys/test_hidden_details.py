"""Two photos with the same hidden details: one as we advise, one left as it is by its sender's choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Clock
from tests.journeys.steps import Colleague, Recipients, Sender, make_everything, yesterday
from tests.pages import Page
from tests.tipsters import exif_photo
from tipline.extensions import db
from tipline.models.referral import Package
from tipline.models.tip import Attachment, AttachmentKey, Tip
from tipline.services import seals

SECRETS = (b"SN-4711", b"Maria Muster", b"2024:05:03", b"Acme")


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """A story began yesterday: stock tools look at the clock of the machine, and it must not be behind."""
    clock.now = yesterday()
    return clock


def test_hidden_details_are_gone_for_everybody_or_there_for_everybody_as_the_sender_chose(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    team, exhibit, recipient = make_everything(clock.now)
    sender = Sender(app, "en")
    sender.write(exhibit)
    told = sender.add_file("clean.jpg", exif_photo())
    assert "It tells where the picture was taken: 52.52° N, 13.41° W." in told.main
    assert "It carries the serial number of the device: SN-4711." in told.main
    sender.add_file("whole.jpg", exif_photo())
    leave_in(sender, "whole.jpg")
    sender.send()
    assert db.session.query(AttachmentKey).count() == 2
    names = set(db.session.scalars(select(Attachment.stored_name)))
    assert {path.name for path in (app.config["SETTINGS"].instance / "files").rglob("*") if path.is_file()} == names

    ref = db.session.scalars(select(Tip.ref)).one()
    reviewer = Colleague(app, team.reviewers[0], clock)
    page = reviewer.work_on(ref)
    clean, whole = (reviewer.browser.page(href) for text, href in page.links.items() if text.startswith("File "))
    assert "Taken out as it arrived" in clean.main
    assert "SN-4711" not in clean.main
    assert "Left in by choice of the sender" in whole.main
    assert "Serial number of the device: SN-4711" in whole.main
    check_bytes(download(reviewer, clean), kept=False)
    check_bytes(download(reviewer, whole), kept=True)

    reviewer.propose(page, recipient, attachment_ids=list(db.session.scalars(select(Attachment.id))))
    package = db.session.scalars(select(Package.ref)).one()
    admin = Colleague(app, team.administrator, clock)
    admin.release(package)
    outer = admin.browser.get(f"/admin/releases/{package}/package.tar").data
    theirs = Recipients(tmp_path / "authority", recipient.identity, seals.read_seal(clock.now).cert_pem)
    theirs.follow_the_steps(outer, package)
    check_what_arrived(theirs.folder / package / "data")


def leave_in(sender: Sender, name: str) -> None:
    """Press the button of this file that leaves its hidden details in."""
    page = sender.browser.page("/en/tip/files")
    item = next(one for one in page.tree.iter("li") if name in "".join(one.itertext()))
    form = next(one for one in item.iter("form") if (one.get("action") or "").endswith("/hidden"))
    fields = {one.get("name"): one.get("value") for one in form.iter("input")}
    button = next(form.iter("button"))
    sender.browser.post(form.get("action"), data={**fields, button.get("name"): button.get("value")})


def download(reviewer: Colleague, page: Page) -> bytes:
    """The file as a reviewer gets it."""
    form = page.form(action="/download")
    data = {**{name: values[0] for name, values in form.values.items()}, "understood": "y"}
    return bytes(reviewer.browser.post(form.action, data=data).data)


def check_what_arrived(data: Path) -> None:
    """What the authority reads about the two files, and in them."""
    files = json.loads((data / "referral.json").read_text(encoding="utf-8"))["tips"][0]["attachments"]
    assert [file["hidden_metadata"] for file in files] == ["removed", "left-in-by-sender"]
    for file, kept in zip(files, (False, True), strict=True):
        check_bytes((data / file["file"]).read_bytes(), kept=kept)
    texts = b"".join(path.read_bytes() for path in data.rglob("*") if path.suffix not in {".jpg", ""})
    assert b"hidden details left in by choice of the sender" in texts
    assert not any(secret in texts for secret in SECRETS)


def check_bytes(picture: bytes, *, kept: bool) -> None:
    """All of the hidden details, or none."""
    assert picture.startswith(b"\xff\xd8\xff")
    assert {secret in picture for secret in SECRETS} == {kept}
