"""Agreeing to what a colleague proposed, on the pages of both doors."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests import factories
from tests.conftest import Clock
from tests.factories import Known
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import accounts, retention


class Office:
    """An open desk and two administrators, each with a browser."""

    def __init__(self, app: Any, now: dt.datetime) -> None:
        self.app, self.now = app, now
        self.team = factories.make_team(now)
        self.ada = self.browser(self.team.administrator)
        self.bea = self.browser(factories.make_person(Role.ADMINISTRATOR, now=now))

    def browser(self, known: Known) -> PageClient:
        """A browser of somebody who has just signed in."""
        client: PageClient = self.app.test_client()
        factories.sign_in(client, known, self.now)
        return client

    def propose_roles(self, *roles: str) -> Page:
        """Ada proposes other roles for the first reviewer."""
        form = self.ada.page(f"/admin/accounts/{self.team.reviewer.id}/change")
        return self.ada.submit(form, {"roles": list(roles)}, field="roles")

    def roles(self) -> frozenset[Role]:
        """What that reviewer may do now."""
        db.session.rollback()
        return accounts.roles_of(self.team.reviewer.id)


@pytest.fixture
def office(app: Any, now: dt.datetime) -> Office:
    return Office(app, now)


def follow(browser: PageClient, page: Page, words: str) -> Page:
    """The page behind the first link that begins so."""
    return browser.page(next(href for text, href in page.links.items() if text.startswith(words)))


def test_a_second_administrator_reads_what_is_proposed_and_agrees(office: Office) -> None:
    assert "Nothing waits for you" in office.bea.page("/admin/approvals").main
    page = office.propose_roles("reviewer", "supervisor")
    assert "once a second administrator has agreed" in page.text
    own = follow(office.ada, page, "See what")
    assert "This is your own proposal" in own.main
    assert own.form().buttons == [("decision", "withdraw")]
    assert "Somebody else has to do this" in office.ada.submit(own, decision="approve", status=403).h1

    assert "Approvals (1)" in office.bea.page("/admin/").text
    read = follow(office.bea, office.bea.page("/admin/approvals"), "Read and decide")
    assert "is to be: reviewer, supervisor" in read.main
    assert office.roles() == {Role.REVIEWER}
    agreed = office.bea.submit(read, decision="approve")
    assert "it is done" in agreed.text
    assert "Nothing waits for you" in agreed.main
    assert office.roles() == {Role.REVIEWER, Role.SUPERVISOR}
    assert "moved on" in office.bea.submit(read, decision="approve", status=409).h1


def test_what_was_replaced_meanwhile_is_not_agreed_to_by_an_open_page(office: Office, clock: Clock) -> None:
    office.propose_roles("supervisor")
    stale = follow(office.bea, office.bea.page("/admin/approvals"), "Read and decide")
    office.propose_roles("reviewer", "supervisor")
    assert "moved on" in office.bea.submit(stale, decision="approve", status=409).h1
    fresh = follow(office.bea, office.bea.page("/admin/approvals"), "Read and decide")
    assert "does not hold any more" in office.bea.submit(fresh, decision="approve", digest="0" * 64).text
    assert "You have said no" in office.bea.submit(fresh, decision="refuse").text
    assert office.roles() == {Role.REVIEWER}
    assert "Refused" in office.ada.page("/admin/approvals").main
    own = follow(office.ada, office.propose_roles("supervisor"), "See what")
    assert "is taken back" in office.ada.submit(own, decision="withdraw").text


def test_a_publication_and_a_batch_wait_for_a_second_administrator(office: Office) -> None:
    ref = factories.make_exhibit(office.team, office.now)
    slug = "do-you-recognise-this-object"
    page = office.ada.submit(office.ada.page(f"/admin/appeals/{slug}"), {"reason": "mistake"}, action="/withdraw")
    assert "The public no longer sees it" in page.text
    page = office.ada.submit(office.ada.page(f"/admin/appeals/{slug}"), {"reason": "start"}, action="/publish")
    assert "once a second administrator has agreed" in page.text
    office.bea.page(f"/en/exhibits/{ref}", status=410)
    read = follow(office.bea, office.bea.page("/admin/approvals"), "Read and decide")
    assert "Woven bag" in read.main
    office.bea.submit(read, decision="approve")
    office.bea.page(f"/en/exhibits/{ref}")


def test_a_long_hold_waits_for_another_supervisor_and_keeps_the_tip_meanwhile(office: Office) -> None:
    first, second = (office.browser(known) for known in office.team.supervisors[:2])
    tip = factories.make_tip(office.now, exhibit_ref=factories.make_exhibit(office.team, office.now))
    factories.open_tip(office.team, tip.ref, office.now, as_supervisor=True)
    until = office.now.date() + dt.timedelta(days=300)
    wish = {"hold_reason": "judicial", "hold_text": "A court asks.", "review_on": until.isoformat()}
    page = first.submit(first.page(f"/staff/tips/{tip.ref}"), wish, field="hold_text")
    assert "another supervisor has to agree" in page.text
    kept = retention.holds_on(tip.tip_id)
    assert [hold.review_on for hold in kept] == [office.now.date() + dt.timedelta(days=90)]
    read = follow(second, second.page("/staff/approvals"), "Read and decide")
    assert tip.ref in read.main
    second.submit(read, decision="approve")
    db.session.rollback()
    assert [hold.review_on for hold in retention.holds_on(tip.tip_id)] == [until]
    office.browser(office.team.reviewers[0]).page(read.path, status=404)
