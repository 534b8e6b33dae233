"""People: small and grey first, a break that is offered, what is left to colleagues, and who can see any of it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team
from tests.pages import Page, PageClient
from tipline.config import Settings
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.welfare import WelfareDiary
from tipline.services import lanes, welfare
from tipline.services.log_events import EVENTS
from tipline.staff import log_effects

SUMMED_UP = "Somebody knows the shop. MARKER-SUMMARY"


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    return factories.make_team(now)


@pytest.fixture
def file_page(client: PageClient, team: Team, now: dt.datetime) -> str:
    """The address of a picture's page; its tip is opened by the reviewer who is signed in."""
    factories.make_exhibit(team, now)
    ref = factories.make_tip(now, files=[("bag.jpg", factories.picture())]).ref
    factories.open_tip(team, ref, now)
    db.end()
    factories.sign_in(client, team.reviewers[0], now)
    return next(address for address in client.page(f"/staff/tips/{ref}").links.values() if "/attachments/" in address)


def choose(client: PageClient, **choices: object) -> Page:
    return client.submit(client.page("/staff/account/welfare"), choices, field="limit")


def reveals() -> int:
    found = db.session.scalars(select(LogEntry.id).where(LogEntry.event == "attachment.revealed")).all()
    db.end()
    return len(found)


def test_at_ones_own_limit_a_break_is_offered_and_going_on_is_ones_own_decision(
    client: PageClient, file_page: str
) -> None:
    assert "Your choices are kept" in choose(client, limit="1").text
    small = client.submit(client.page(file_page), action="/reveal/small")
    assert "Show it in full" in small.main
    logged = reveals()
    rest = client.submit(small, action="/reveal/full")
    assert rest.h1 == "You have looked at a lot today"
    assert reveals() == logged
    full = client.submit(rest, action="/reveal/full")
    assert 'alt="File 1, in full"' in full.html
    assert "02 Mar 2026 2" in client.page("/staff/account/welfare").main


def test_a_download_counts_and_asks_as_well(client: PageClient, file_page: str) -> None:
    choose(client, limit="1")
    client.submit(client.page(file_page), action="/reveal/small")
    rest = client.submit(client.page(file_page), action="/download", understood="y")
    assert rest.h1 == "You have looked at a lot today"
    form = rest.form(field="go_on")
    taken = client.post(form.action, data=form.values)
    assert taken.mimetype == "application/octet-stream"


def test_what_somebody_leaves_to_colleagues_is_not_offered_and_not_shown(client: PageClient, file_page: str) -> None:
    before = client.page(file_page)
    choose(client, left_out="picture")
    assert "You leave files of this kind to colleagues" in client.page(file_page).main
    refused = client.submit(before, action="/reveal/small")
    assert "You leave files of this kind to colleagues" in refused.main
    assert reveals() == 0
    choose(client, left_out=None)
    assert "Show it small and grey" in client.page(file_page).main


def test_texts_that_somebody_leaves_to_colleagues_are_announced_before_they_open(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    factories.make_exhibit(team, now)
    ref = factories.make_tip(now).ref
    opened = factories.open_tip(team, ref, now)
    factories.write(lambda: lanes.set_lane(opened, "safeguarding", now))
    factories.sign_in(client, team.reviewers[1], now)
    announced = "In this tip somebody tells of abuse of their own"
    assert announced not in client.page(f"/staff/tips/{ref}").main
    choose(client, left_out="disclosure")
    assert announced in client.page(f"/staff/tips/{ref}").main


def test_the_counters_start_anew_with_the_next_shift_and_can_be_emptied(
    client: PageClient, team: Team, clock: Clock
) -> None:
    person = team.reviewer
    factories.write(lambda: welfare.look(person, welfare.PICTURE, clock.now))
    later = clock.now + dt.timedelta(hours=11)
    assert [welfare.read(person, moment).looked for moment in (clock.now, later)] == [1, 0]
    assert welfare.read(person, later).days == ((clock.now.date(), 1),)
    db.end()
    factories.sign_in(client, team.reviewers[0], clock.now)
    page = client.submit(client.page("/staff/account/welfare"), action="/empty")
    assert "You have not looked at any yet" in page.main


def test_nobody_else_can_read_the_diary_and_its_size_tells_nothing(
    client: PageClient, team: Team, now: dt.datetime
) -> None:
    first, second = team.reviewers[0].person, team.reviewers[1].person
    factories.write(lambda: welfare.choose(first, 3, ["picture"], now))
    factories.write(lambda: welfare.choose(second, 200, [], now))
    rows = {row.account_id: row for row in db.session.scalars(select(WelfareDiary))}
    assert len(rows[first.id].sealed) == len(rows[second.id].sealed)
    rows[second.id].sealed = rows[first.id].sealed
    db.session.flush()
    assert welfare.read(second, now).left_out == frozenset()
    db.end()
    factories.sign_in(client, team.administrator, now)
    client.page("/staff/account/welfare", status=403)


def test_a_colleagues_summary_is_read_before_the_tip_and_logged_as_that(
    client: PageClient, team: Team, now: dt.datetime, settings: Settings
) -> None:
    factories.make_exhibit(team, now)
    ref = factories.make_tip(now).ref
    factories.open_tip(team, ref, now)
    db.end()
    factories.sign_in(client, team.reviewers[0], now)
    client.submit(client.page(f"/staff/tips/{ref}/summary"), field="summary", summary=SUMMED_UP)
    factories.sign_in(client, team.reviewers[1], now)
    asked = client.page(client.page(f"/staff/tips/{ref}").links["Read a colleague's summary first"])
    assert SUMMED_UP not in asked.html
    assert client.submit(asked, field="reason_code").errors
    read = client.submit(asked, field="reason_code", reason_code="assigned_work")
    assert SUMMED_UP in read.main
    assert factories.NARRATIVE not in read.html
    looks = db.session.execute(
        select(LogEntry.field_group).where(
            LogEntry.event == "tip.opened", LogEntry.actor_id == team.reviewers[1].person.id
        )
    ).scalars()
    assert set(looks) == {"summary"}
    db.end()
    assert b"MARKER-SUMMARY" not in b"".join(path.read_bytes() for path in settings.instance.glob("tipline.db*"))


def test_a_page_says_what_each_screen_does_to_the_log(client: PageClient, team: Team, now: dt.datetime) -> None:
    factories.sign_in(client, team.reviewers[0], now)
    page = client.page(client.page("/staff/account").links["What each screen does to the log"])
    assert [event for event in EVENTS if event not in page.main] == []
    assert {event for effect in log_effects.EFFECTS for event in effect.events} <= set(EVENTS)
