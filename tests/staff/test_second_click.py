"""A step that is taken twice, or after a colleague has taken it: the page as it stands now, and nothing lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from tests import disclosure, factories
from tests.factories import Team
from tests.pages import PageClient
from tipline.extensions import db
from tipline.models.tip import Tip
from tipline.roles import Role
from tipline.services import accounts, desks, excerpts, standing
from tipline.services.wishes import TipWish

MOVED_ON = "moved on in the meantime, so nothing was changed"


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def browser_of(app: Flask, known: Any, now: dt.datetime) -> PageClient:
    browser: PageClient = app.test_client()  # type: ignore[assignment]
    factories.sign_in(browser, known, now)
    return browser


def test_a_button_pressed_twice(app, team, now):
    ref = factories.make_tip(now).ref
    browser = browser_of(app, team.reviewers[0], now)
    page = browser.submit(browser.page(f"/staff/tips/{ref}"), {"reason_code": "assigned_work"}, field="reason_code")
    assert MOVED_ON not in browser.submit(page, action="/screened").text
    again = browser.submit(page, action="/screened")
    assert again.h1 == f"Tip {ref}"
    assert MOVED_ON in again.text


def test_a_form_that_came_second_is_answered_beside_the_tip(app, team, now):
    ref = factories.make_tip(now).ref
    factories.open_tip(team, ref, now)
    browser = browser_of(app, team.reviewers[0], now)
    page = browser.page(f"/staff/tips/{ref}")
    factories.write(lambda: db.session.execute(update(Tip).where(Tip.ref == ref).values(status="proposed")))
    answers = {"source_code": "B", "information_code": "2", "grade_reason": "Saw it there."}
    page = browser.submit(page, answers, field="grade_reason")
    assert page.h1 == f"Tip {ref}"
    assert any(MOVED_ON in error for error in page.errors)


def test_nothing_ends_as_referred_that_was_not(app, team, now):
    ref = factories.make_tip(now).ref
    factories.open_tip(team, ref, now)
    browser = browser_of(app, team.reviewers[0], now)
    answers = {"disposition": "actionable_referred", "disposition_reason": "It was sold in Volos."}
    page = browser.submit(browser.page(f"/staff/tips/{ref}"), answers, field="disposition")
    assert page.errors == ["No referral of this tip has been sent yet. Choose how else it ends"]
    assert page.form("disposition").values["disposition_reason"] == ["It was sold in Volos."]


def test_a_package_released_twice(app, team, now):
    recipient = factories.make_authority(team, now)
    ref = disclosure.waiting(team, recipient, TipWish(disclosure.ready_tip(team, now).ref), now)
    browser = browser_of(app, team.administrator, now)
    cover = browser.page(f"/admin/releases/{ref}")
    assert "Released. Download it" in browser.submit(cover, field="sha256").text
    again = browser.submit(cover, field="sha256")
    assert again.h1 == f"Package {ref}"
    assert MOVED_ON in again.text


def test_what_was_proposed_is_not_offered_again(app, team, now):
    recipient = factories.make_authority(team, now)
    package = disclosure.waiting(team, recipient, TipWish(disclosure.ready_tip(team, now).ref), now)
    ref = package.replace("PKG-", "REF-")
    browser = browser_of(app, team.reviewers[0], now)
    page = browser.page(f"/staff/referrals/{ref}/check")
    assert page.h1 == f"Referral {ref}"
    token = page.form(action="/withdraw").values["csrf_token"]
    answer = browser.post(f"/staff/referrals/{ref}/check", data={"csrf_token": token}, follow_redirects=True)
    assert MOVED_ON in answer.get_data(as_text=True)


def test_excerpts_end_with_the_desk_that_they_were_asked_for_at(app, team, now):
    other = factories.make_team(now)
    reviewer = team.reviewers[0]
    factories.write(lambda: desks.name_member(other.administrator.person, other.desk_id, reviewer.person.id, now))
    said = " ".join(accounts.read_account(reviewer.person.id).key_words)
    factories.write(lambda: desks.grant_member(other.supervisor, other.desk_id, reviewer.person.id, said, now))
    factories.make_tip(now)
    browser = browser_of(app, reviewer, now)
    page = browser.page(f"/staff/excerpts?desk={other.desk_id}")
    page = browser.submit(page, {"reason_code": "assigned_work"}, field="reason_code")
    assert factories.NARRATIVE[:20] in browser.page(f"/staff/?desk={team.desk_id}").main
    gone = (other.desk_id, reviewer.person.id, now)
    factories.write(lambda: desks.remove_member(other.administrator.person, *gone))
    assert browser.get("/staff/").status_code == 303  # whoever is taken out of a desk signs in again
    factories.sign_in(browser, reviewer, now)
    page = browser.page("/staff/")
    assert factories.NARRATIVE[:20] not in page.main
    assert "Show excerpts" in page.links


def test_two_who_do_the_same_at_once_get_a_page(app, team, now, monkeypatch):
    def crossed(*_: Any) -> None:
        raise IntegrityError("insert", {}, Exception("unique"))

    monkeypatch.setattr(excerpts, "switch_off", crossed)
    browser = browser_of(app, team.reviewers[0], now)
    token = browser.page("/staff/account").form(action="/sign-out").values["csrf_token"]
    answer = browser.post("/staff/excerpts/off", data={"csrf_token": token})
    assert answer.status_code == 409
    assert "This has moved on in the meantime" in answer.get_data(as_text=True)


def test_the_name_of_the_service_leads_everybody_home(app, team, now):
    auditor = factories.make_person(Role.AUDITOR, now=now)
    for known, page, home in (
        (auditor, "/admin/log", "/admin/log"),
        (auditor, "/staff/account", "/admin/log"),
        (team.administrator, "/staff/account", "/admin/"),
        (team.reviewers[0], "/staff/account", "/staff/"),
    ):
        browser = browser_of(app, known, now)
        assert browser.page(page).links["tipline"] == home
        browser.page(home)


def test_a_code_that_somebody_has_seen_who_left_is_to_be_renewed(app, team, now):
    first, second = team.supervisors
    browser = browser_of(app, first, now)
    assert "Confirmed by two supervisors" in browser.page(f"/staff/desks/{team.desk_id}").main
    factories.write(lambda: standing.remove_account(team.administrator.person, second.person.id, now))
    page = browser.page(f"/staff/desks/{team.desk_id}")
    assert page.main.count("Seen by somebody who left: make new ones") == 2
    assert "Confirm a code" not in page.links
    admin = browser_of(app, team.administrator, now)
    assert "a supervisor has to make new ones" in admin.page(f"/admin/desks/{team.desk_id}").main
    browser.submit(browser.page(page.links["Make new codes"]))
    page = browser.page(f"/staff/desks/{team.desk_id}")
    assert "Seen by somebody who left" not in page.main
    assert "Confirm a code" in page.links
