"""Other stories: a second supervisor, a package that comes back, a hold, a tip that is sent twice."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tests.factories import Recipient, Team
from tests.journeys.steps import SANITISED, STORY, Colleague, Recipients, Sender, make_everything, yesterday
from tests.pages import Page
from tests.tipsters import come_back, receipt_on
from tipline import jobs
from tipline.extensions import db
from tipline.models.referral import Package, Referral
from tipline.models.tip import Tip, TipKey, Tombstone
from tipline.services import seals

SENDER = {"name": "ΣΗΜΑΔΙ Ονόματος", "email": "simadi@sender.example"}


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """A story began yesterday: stock tools look at the clock of the machine, and it must not be behind."""
    clock.now = yesterday()
    return clock


@pytest.fixture
def house(app: Flask, clock: Clock) -> tuple[Team, str, Recipient]:
    """A desk, an exhibit, an authority."""
    return make_everything(clock.now)


def only(model: Any) -> Any:
    db.session.expire_all()
    return db.session.scalars(select(model)).one()


def count(model: Any) -> int:
    db.session.rollback()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def sent(app: Flask, exhibit: str, **identity: str) -> Sender:
    """Somebody who has sent a tip and kept the receipt."""
    sender = Sender(app)
    sender.write(exhibit, countries="Ελλάδα")
    if identity:
        sender.say_who(**identity)
    sender.send()
    return sender


def proposed(reviewer: Colleague, recipient: Recipient, **changes: Any) -> Page:
    """A referral of the only tip there is, worked on and proposed."""
    return reviewer.propose(reviewer.work_on(only(Tip).ref), recipient, **changes)


def test_who_sent_it_and_what_was_said_go_out_only_when_two_people_agree(
    app: Flask, clock: Clock, house: tuple[Team, str, Recipient], tmp_path: Path
) -> None:
    team, exhibit, recipient = house
    sent(app, exhibit, **SENDER)
    first = Colleague(app, team.supervisors[0], clock)
    page = proposed(
        first,
        recipient,
        narrative="original",
        narrative_reason="The wording matters.",
        with_identity="y",
        identity_reason="They must call back.",
        conditions="Only the case officer.",
    )
    assert "A second supervisor reviews it now" in page.text
    referral = only(Referral).ref
    assert count(Package) == 0

    refused = first.browser.page(f"/staff/referrals/{referral}/review", status=403)
    assert refused.h1 == "Somebody else has to do this"
    reviewer = Colleague(app, team.reviewers[0], clock)
    reviewer.browser.page(f"/staff/referrals/{referral}/review", status=403)

    second = Colleague(app, team.supervisors[1], clock)
    line = second.browser.page(second.browser.page("/staff/referrals").links[referral])
    review = second.browser.page(line.links["Review what goes out"])
    assert STORY in review.text
    assert SENDER["name"] in review.text
    assert "Agreed and sealed" in second.browser.submit(review, field="digest").text

    admin = Colleague(app, team.administrator, clock)
    package = only(Package).ref
    cover = admin.browser.page(f"/admin/releases/{package}")
    for secret in (STORY, *SENDER.values(), only(Tip).ref):
        assert secret not in cover.html
    admin.release(package)
    outer = admin.browser.get(f"/admin/releases/{package}/package.tar").data
    theirs = Recipients(tmp_path / "authority", recipient.identity, seals.read_seal(clock.now).cert_pem)
    theirs.follow_the_steps(outer, package)
    [tip] = json.loads((theirs.folder / package / "data/referral.json").read_text(encoding="utf-8"))["tips"]
    assert tip["contact"]["name"] == SENDER["name"]
    assert (theirs.folder / package / "data" / tip["narrative"]["file"]).read_text(encoding="utf-8") == STORY


def test_a_package_that_comes_back_can_be_proposed_anew(
    app: Flask, clock: Clock, house: tuple[Team, str, Recipient]
) -> None:
    team, exhibit, recipient = house
    sender = sent(app, exhibit)
    reviewer = Colleague(app, team.reviewers[0], clock)
    proposed(reviewer, recipient)
    admin = Colleague(app, team.administrator, clock)
    first = only(Package).ref
    page = admin.browser.page(f"/admin/releases/{first}")
    page = admin.browser.submit(page, {"reason": "codes"}, field="reason")
    assert "Its sealed bytes are deleted" in page.text
    admin.browser.page(f"/admin/releases/{first}/package.tar", status=409)

    ref = only(Tip).ref
    assert "Returned" in reviewer.browser.page("/staff/referrals").main
    page = reviewer.propose(reviewer.browser.page(f"/staff/tips/{ref}"), recipient, handling=["H1"])
    assert "It waits for an administrator" in page.text
    second = next(found for found in db.session.scalars(select(Package.ref)) if found != first)
    assert "Released" in admin.release(second).text
    page = admin.browser.submit(
        admin.browser.page(f"/admin/releases/{second}"), {"channel": "courier"}, field="channel"
    )
    assert only(Tip).status == "referred"
    assert "It was passed on." in sender.status().main


def test_a_hold_stops_the_clock_and_the_clock_goes_on_when_it_is_lifted(
    app: Flask, clock: Clock, house: tuple[Team, str, Recipient]
) -> None:
    team, exhibit, _recipient = house
    sender = sent(app, exhibit)
    ref, tip_id = only(Tip).ref, only(Tip).id
    chief = Colleague(app, team.supervisors[0], clock)
    review_on = clock.now.date() + dt.timedelta(days=300)
    page = chief.browser.submit(
        chief.open(ref, "supervision"),
        {
            "hold_reason": "judicial",
            "hold_text": "The court in Volos asks for it.",
            "review_on": review_on.isoformat(),
        },
        field="hold_reason",
    )
    assert "A hold keeps this tip now" in page.main

    jobs.run_due(clock.advance(days=200))
    assert only(Tip).ref == ref
    assert "We have received it." in sender.status().main

    chief.sign_in()
    page = chief.open(ref, "supervision")
    assert "The court in Volos asks for it." in page.main
    chief.browser.submit(page, action="/lift")
    jobs.run_due(clock.advance(days=8))
    assert count(Tip) == 0
    assert not db.session.scalars(select(TipKey).where(TipKey.tip_id == tip_id)).all()
    assert count(Tombstone) == 1
    page = come_back(sender.browser, sender.receipt)
    assert page.errors == ["We have no tip with this receipt. Check every letter, or the tip was erased"]


def test_a_tip_that_is_sent_twice_arrives_once_and_shows_the_same_receipt(
    app: Flask, clock: Clock, house: tuple[Team, str, Recipient]
) -> None:
    _team, exhibit, _recipient = house
    sender = Sender(app)
    check = sender.write(exhibit)
    first = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge")
    again = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge")
    assert receipt_on(first)
    assert receipt_on(again) == receipt_on(first)
    assert count(Tip) == 1
    sender.keep()
    last = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge")
    assert not receipt_on(last)
    clock.advance(hours=3)
    late = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge", status=410)
    assert not receipt_on(late)
    assert count(Tip) == 1


def test_what_goes_out_is_what_was_written_for_it(app: Flask, clock: Clock, house: tuple[Team, str, Recipient]) -> None:
    team, exhibit, recipient = house
    sent(app, exhibit, **SENDER)
    reviewer = Colleague(app, team.reviewers[0], clock)
    page = reviewer.work_on(only(Tip).ref)
    form = reviewer.browser.page(page.links["Propose a referral with this tip"])
    given = {"authority": recipient.authority_id, "why_you": "Sold there.", "purpose": "identify-place"}
    given |= {"legal_basis": "led-national", "request": "verify", "urgency": "3d"}
    check = reviewer.type_password(reviewer.browser.submit(form, given, field="authority"))
    assert SANITISED in check.main
    for kept_back in (STORY, *SENDER.values()):
        assert kept_back not in check.html
    # Somebody writes another text meanwhile: what was read is not what would go out.
    other = Colleague(app, team.reviewers[1], clock)
    page = other.browser.submit(other.open(only(Tip).ref, "second_opinion"), action="/take-over")
    page = other.browser.submit(page, {"sanitised": "Else."}, field="sanitised")
    refused = reviewer.browser.submit(check, field="digest")
    assert "changed after it was read" in refused.text
    assert factories.write(lambda: count(Package)) == 0
