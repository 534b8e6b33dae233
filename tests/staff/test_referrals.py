"""The desk's referral pages: propose, read, review, return, withdraw."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import disclosure, factories
from tests.factories import Known, Recipient, Team
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.referral import Package, Referral

WORDS = {
    "why_you": "The shop is in Volos.",
    "purpose": "identify-place",
    "legal_basis": "led-national",
    "request": "verify",
    "urgency": "3d",
    "handling": ["H1", "H2"],
}


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def recipient(team: Team, now: dt.datetime) -> Recipient:
    return factories.make_authority(team, now)


@pytest.fixture
def tip(team: Team, now: dt.datetime) -> Any:
    more = {"identity": disclosure.IDENTITY, "files": [("photo.jpg", factories.picture())]}
    return disclosure.ready_tip(team, now, **more)


def at(app: Flask, known: Known, now: dt.datetime) -> PageClient:
    """A browser of this person's own."""
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    factories.sign_in(browser, known, now)
    return browser


def write(browser: PageClient, tip: Any, recipient: Recipient, **changes: Any) -> Page:
    """Fill in the form of a new referral."""
    page = browser.page(f"/staff/referrals/new?tip={tip.ref}")
    return browser.submit(page, {**WORDS, "authority": recipient.authority_id, **changes}, field="authority")


def only(model: Any) -> Any:
    db.session.expire_all()
    return db.session.scalars(select(model)).one()


def test_a_reviewer_proposes_after_reading_what_goes_out(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    check = write(browser, tip, recipient)
    assert check.h1 == "Read what goes out"
    assert "MARKER-SANITISED" in check.text
    assert "MARKER-NARRATIVE" not in check.text
    assert "MARKER-PLACE" not in check.text
    assert only(Referral).state == "drafted"
    done = browser.submit(check, field="digest")
    assert "It waits for an administrator" in done.text
    assert only(Package).state == "waiting"


def test_the_chosen_attachment_is_sealed_without_the_database_being_locked(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    files = disclosure.files_of(team, tip.ref, now)
    check = write(browser, tip, recipient, attachment_ids=list(files))
    assert "attachments/01.jpg" in check.text
    browser.submit(check, field="digest")
    assert only(Package).byte_count > len(factories.picture())


def test_an_identity_waits_for_a_supervisor_who_reads_it(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    reasons = {"identity_reason": "They must call back.", "conditions": "Only the case officer."}
    check = write(browser, tip, recipient, with_identity="y", **reasons)
    assert "Marker Person" not in check.text
    done = browser.submit(check, field="digest")
    assert "second supervisor" in done.text
    assert db.session.scalars(select(Package)).all() == []
    ref = only(Referral).ref
    chief = at(app, team.supervisors[1], now)
    assert ref in chief.page("/staff/referrals").main
    review = chief.page(f"/staff/referrals/{ref}/review")
    assert "Marker Person" in review.text
    chief.submit(review, field="digest")
    assert only(Package).built_by == team.supervisors[1].person.id


def test_a_supervisor_returns_a_referral_with_a_reason(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    check = write(browser, tip, recipient, handling=["H3"], conditions="Ask us first.")
    browser.submit(check, field="digest")
    ref = only(Referral).ref
    chief = at(app, team.supervisors[1], now)
    review = chief.page(f"/staff/referrals/{ref}/review")
    refused = chief.submit(review, field="reason")
    assert refused.errors == ["Choose why"]
    chief.submit(refused, {"reason": "too-much"}, field="reason")
    assert only(Referral).state == "returned"


def test_the_proposer_cannot_review(app, team, recipient, tip, now):
    from tipline.services import access, tips

    chief = team.supervisors[0]
    factories.write(lambda: tips.assign_tip(chief.person, tip.ref, chief.person.id, now))
    factories.write(lambda: access.open_tip(chief.person, tip.ref, "supervision", "", now))
    browser = at(app, chief, now)
    check = write(browser, tip, recipient, handling=["H3"], conditions="Ask us first.")
    browser.submit(check, field="digest")
    page = browser.page(f"/staff/referrals/{only(Referral).ref}/review", status=403)
    assert page.h1 == "Somebody else has to do this"
    assert [entry.outcome for entry in db.session.scalars(select(LogEntry).where(LogEntry.event == "act.refused"))]


def test_what_is_missing_is_said_beside_its_field_and_answers_stay(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    page = write(browser, tip, recipient, authority="", why_you="", narrative="original")
    assert page.errors == ["Choose an authority", "Say in a sentence why it is this country"]
    page = browser.submit(page, {"authority": recipient.authority_id, "why_you": "Sold there."}, field="authority")
    assert page.errors == ["Say why the original text is needed"]
    assert page.form("authority").values["why_you"] == ["Sold there."]
    assert db.session.scalars(select(Referral)).all() == []


def test_a_refusal_is_explained_on_the_referrals_page(app, team, recipient, tip, now):
    from sqlalchemy import update

    from tipline.models.tip import Tip

    browser = at(app, team.reviewers[0], now)
    check = write(browser, tip, recipient)
    factories.write(lambda: db.session.execute(update(Tip).values(grade_pending="A1")))
    done = browser.submit(check, field="digest")
    assert "A grade waits for a supervisor" in done.text
    assert only(Referral).state == "drafted"


def test_an_old_password_is_asked_for_before_proposing(app, team, recipient, tip, now, clock):
    browser = at(app, team.reviewers[0], now)
    write(browser, tip, recipient)
    ref = only(Referral).ref
    clock.advance(minutes=6)
    page = browser.page(f"/staff/referrals/{ref}/check")
    assert "password" in page.h1.lower()


def test_a_second_tip_is_put_in(app, team, recipient, tip, now):
    other = disclosure.ready_tip(team, now)
    browser = at(app, team.reviewers[0], now)
    write(browser, tip, recipient)
    ref = only(Referral).ref
    page = browser.page(f"/staff/referrals/{ref}/tip?tip={other.ref}")
    check = browser.submit(page, field="narrative")
    assert tip.ref in check.main
    assert other.ref in check.main


def test_a_referral_is_withdrawn(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    done = browser.submit(write(browser, tip, recipient), field="digest")
    browser.submit(done, action="/withdraw")
    assert only(Referral).state == "withdrawn"
    assert only(Package).stored_name is None


def test_other_desks_and_other_roles_see_nothing(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    write(browser, tip, recipient)
    ref = only(Referral).ref
    other = factories.make_team(now)
    at(app, other.reviewers[0], now).page(f"/staff/referrals/{ref}", status=404)
    at(app, team.administrator, now).page(f"/staff/referrals/{ref}", status=403)
    at(app, team.auditor, now).page("/staff/referrals", status=403)


def test_looking_is_logged(app, team, recipient, tip, now):
    browser = at(app, team.reviewers[0], now)
    write(browser, tip, recipient)
    browser.page(f"/staff/referrals/{only(Referral).ref}")
    events = [entry.event for entry in db.session.scalars(select(LogEntry))]
    assert events.count("referral.read") >= 2


def test_the_empty_list_says_what_comes_here(app, team, now):
    page = at(app, team.reviewers[0], now).page("/staff/referrals")
    assert "No referral yet" in page.text
