"""The queue's page: what a reviewer sees of the tips that have come, and what it never shows."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import Team
from tests.pages import PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.tip import Tip
from tipline.roles import Role

WORDS = "I bought the same bag"


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    return factories.make_team(now)


@pytest.fixture
def exhibit(team: Team, now: dt.datetime) -> str:
    """A published exhibit of that desk."""
    return factories.make_exhibit(team, now)


@pytest.fixture
def reviewer(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which a reviewer is signed in."""
    factories.sign_in(client, team.reviewers[0], now)
    return client


def test_an_empty_queue_says_what_will_appear(reviewer: PageClient, exhibit: str) -> None:
    assert "Tips appear here as soon as somebody sends one" in reviewer.page("/staff/").main


def test_a_line_holds_what_is_in_clear_and_nothing_that_was_written(
    reviewer: PageClient, exhibit: str, now: dt.datetime
) -> None:
    ref = factories.make_tip(now, exhibit_ref=exhibit, files=[("MARKER.jpg", factories.picture())]).ref
    page = reviewer.page("/staff/")
    for part in (ref, "Received", "Woven bag", "English", "02 Mar 2026, 10:00", "Nobody yet", "1 file", "1 tip"):
        assert part in page.main
    assert "MARKER" not in page.html
    assert WORDS not in page.html


def test_a_tip_that_came_without_a_proof_is_marked_in_the_queue_and_explained_on_its_page(
    reviewer: PageClient, exhibit: str, now: dt.datetime
) -> None:
    ref = factories.make_tip(now).ref
    assert "Unproven" not in reviewer.page("/staff/").main
    factories.write(lambda: db.run(update(Tip).values(unproven=True)))
    assert "Unproven" in reviewer.page("/staff/").main
    asked = reviewer.page(f"/staff/tips/{ref}")
    assert (
        "it says nothing about the content"
        in reviewer.submit(asked, {"reason_code": "assigned_work"}, field="reason_code").main
    )


def test_filters_stay_in_the_address_of_each_tip(reviewer: PageClient, exhibit: str, now: dt.datetime) -> None:
    ref = factories.make_tip(now, child_at_risk=True).ref
    page = reviewer.page("/staff/?lane=urgent")
    assert "lane=urgent" in page.links[ref]
    assert "No tip fits this filter" in reviewer.page("/staff/?status=referred").main


@pytest.mark.parametrize(
    "query", ["?status=x", "?language=9999999999999", "?language=٣", "?exhibit=../..", "?assignee=%00", "?after=zzz"]
)
def test_a_filter_that_makes_no_sense_is_left_out(
    reviewer: PageClient, exhibit: str, now: dt.datetime, query: str
) -> None:
    ref = factories.make_tip(now).ref
    assert ref in reviewer.page(f"/staff/{query}").main


def test_pages_go_on_and_back(reviewer: PageClient, exhibit: str, now: dt.datetime) -> None:
    sent = {factories.make_tip(now).ref for _ in range(42)}
    first = reviewer.page("/staff/")
    second = reviewer.page(first.links["Next page"])
    on_first = {ref for ref in sent if ref in first.main}
    on_second = {ref for ref in sent if ref in second.main}
    assert (len(on_first), len(on_second), on_first & on_second) == (40, 2, set())
    assert reviewer.page(second.links["Previous page"]).main == first.main


def test_excerpts_come_with_a_reason_and_are_logged(
    reviewer: PageClient, exhibit: str, team: Team, now: dt.datetime
) -> None:
    factories.make_tip(now)
    form = reviewer.page(reviewer.page("/staff/").links["Show excerpts"])
    assert "Choose why you look" in reviewer.submit(form, field="reason_code").errors
    page = reviewer.submit(form, {"reason_code": "assigned_work"}, field="reason_code")
    assert WORDS in page.main
    assert len(db.session.scalars(select(LogEntry).where(LogEntry.event == "tip.listed")).all()) == 1
    assert WORDS not in reviewer.submit(page, action="/excerpts/off").main


def test_another_desks_tips_are_not_in_it(client: PageClient, exhibit: str, now: dt.datetime) -> None:
    ref = factories.make_tip(now).ref
    stranger = factories.make_team(now)
    factories.sign_in(client, stranger.reviewers[0], now)
    assert ref not in client.page("/staff/").main


def test_somebody_without_a_desk_is_told_how_to_get_one(client: PageClient, exhibit: str, now: dt.datetime) -> None:
    factories.sign_in(client, factories.make_person(Role.REVIEWER, now=now), now)
    assert "read your key words out" in client.page("/staff/").main


def test_only_reviewers_and_supervisors_have_a_queue(client: PageClient, team: Team, now: dt.datetime) -> None:
    for known in (team.administrator, team.auditor):
        factories.sign_in(client, known, now)
        client.page("/staff/", status=403)
    refused = db.session.scalars(select(LogEntry).where(LogEntry.event == "act.refused")).all()
    assert [entry.outcome for entry in refused] == ["denied", "denied"]
