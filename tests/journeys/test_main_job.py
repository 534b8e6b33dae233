"""The main job, from somebody who recognises an object to the authority that opens the package and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import Clock
from tests.journeys.steps import PLACE, SANITISED, STORY, Colleague, Recipients, Sender, make_everything, yesterday
from tipline import jobs
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.referral import Package
from tipline.models.tip import Tip
from tipline.services import seals


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """A story began yesterday: stock tools look at the clock of the machine, and it must not be behind."""
    clock.now = yesterday()
    return clock


def test_from_somebody_who_recognises_a_bag_to_an_authority_that_acts(app: Flask, clock: Clock, tmp_path: Path) -> None:
    team, exhibit, recipient = make_everything(clock.now)

    sender = Sender(app)
    check = sender.write(exhibit, place=PLACE, countries="Ελλάδα", certainty="sure")
    assert check.tree.get("lang") == "el"
    assert STORY in check.main
    assert "τσάντα.jpg" in sender.add_file("τσάντα.jpg", factories.picture(size=(900, 700))).main
    sender.send()
    assert sender.receipt not in sender.keep().html
    assert "We have received it." in sender.status().main

    clock.advance(hours=2)
    reviewer = Colleague(app, team.reviewers[0], clock)
    ref = _only_tip().ref
    page = reviewer.work_on(ref)
    assert STORY in page.main
    assert SANITISED in page.main
    assert "It is being worked on." in sender.status().main
    page = reviewer.propose(page, recipient, attachment_ids=_file_ids())
    assert "It waits for an administrator" in page.text

    clock.advance(minutes=20)
    package = _only_package().ref
    reviewer.browser.page(f"/admin/releases/{package}", status=403)
    admin = Colleague(app, team.administrator, clock)
    admin.browser.page(f"/staff/tips/{ref}", status=403)
    page = admin.release(package)
    assert "Released" in page.text
    outer = admin.browser.get(f"/admin/releases/{package}/package.tar").data

    theirs = Recipients(tmp_path / "authority", recipient.identity, seals.read_seal(clock.now).cert_pem)
    printed = theirs.follow_the_steps(outer, package)
    assert "CMS Verification successful" in printed[0]
    assert "CMS Verification successful" in printed[4]
    assert "valid" in printed[5]
    digest = printed[3].split()[0]
    assert f"tagmanifest-sha256: {digest}" in printed[4]
    _check_what_arrived(theirs.folder / package, ref)

    page = admin.browser.submit(page, {"channel": "siena"}, field="channel")
    assert "It was passed on." in sender.status().main
    page = admin.browser.submit(page, {"digest": "0" * 64}, field="digest")
    assert page.errors[0].startswith("This is not the digest of this package")
    page = admin.browser.submit(page, {"digest": digest, "reference": "GR-2026-17"}, field="digest")
    assert _only_package().state == "acknowledged"
    assert _only_tip().status == "acknowledged"
    assert "Acknowledged" in page.text

    jobs.run_due(clock.advance(hours=3))
    _check_the_log(app, team, clock)


def _check_what_arrived(bag: Path, ref: str) -> None:
    data = bag / "data"
    referral = json.loads((data / "referral.json").read_text(encoding="utf-8"))
    assert [tip["ref"] for tip in referral["tips"]] == [ref]
    assert SANITISED in (data / f"tips/{ref}/narrative.sanitised.txt").read_text(encoding="utf-8")
    assert (data / referral["tips"][0]["attachments"][0]["file"]).read_bytes().startswith(b"\xff\xd8\xff")
    everything = b"".join(path.read_bytes() for path in bag.rglob("*") if path.is_file())
    for kept_back in (STORY, PLACE, "τσάντα.jpg"):
        assert kept_back.encode() not in everything


def _check_the_log(app: Flask, team: factories.Team, clock: Clock) -> None:
    auditor = Colleague(app, team.auditor, clock)
    page = auditor.browser.page("/admin/log/verify")
    page = auditor.browser.submit(page)
    assert "The log verifies" in page.main
    happened = db.session.execute(select(LogEntry.event, LogEntry.operation)).all()
    wanted = {
        ("tip.received", "collect"),
        ("signed.in", "access"),
        ("tip.opened", "consult"),
        ("attachment.revealed", "consult"),
        ("tip.assigned", "alter"),
        ("tip.graded", "alter"),
        ("statement.written", "alter"),
        ("tip.sanitised", "alter"),
        ("referral.proposed", "alter"),
        ("package.built", "disclose"),
        ("package.released", "disclose"),
        ("package.downloaded", "disclose"),
        ("package.sent", "transfer"),
        ("package.acknowledged", "alter"),
        ("act.refused", "access"),
    }
    assert wanted <= {(row.event, row.operation) for row in happened}
    db.session.rollback()


def _only_tip() -> Tip:
    db.session.expire_all()
    return db.session.scalars(select(Tip)).one()


def _only_package() -> Package:
    db.session.expire_all()
    return db.session.scalars(select(Package)).one()


def _file_ids() -> list[str]:
    from tipline.models.tip import Attachment

    return list(db.session.scalars(select(Attachment.id)))
