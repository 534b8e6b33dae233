"""A desk's pages: founding, letting in, recovery codes, agreeing to a reset."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import make_person, make_team, write
from tipline.extensions import db
from tipline.models.desk import RecoveryCode
from tipline.models.log import LogEntry
from tipline.roles import Role
from tipline.services import accounts, desks, factors

CODE = re.compile(r"(?:[0-9A-Z]{4}-){13}[0-9A-Z]{4}")


@pytest.fixture
def cast(app, clock):
    """An administrator, two founders and a reviewer who is named, on a desk without keys."""

    class Cast:
        administrator = make_person(Role.ADMINISTRATOR, now=clock.now)
        first = make_person(Role.SUPERVISOR, now=clock.now)
        second = make_person(Role.SUPERVISOR, now=clock.now)
        reviewer = make_person(Role.REVIEWER, now=clock.now)
        desk_id = ""

    founders = [Cast.first.person.id, Cast.second.person.id]
    Cast.desk_id = write(lambda: desks.name_desk(Cast.administrator.person, "Desk North", founders, clock.now))
    write(lambda: desks.name_member(Cast.administrator.person, Cast.desk_id, Cast.reviewer.person.id, clock.now))
    return Cast


@pytest.fixture
def as_person(app, clock):
    """A browser in which somebody is signed in."""

    def open_browser(known):
        client = app.test_client()
        factories.sign_in(client, known, clock.now)
        return client

    return open_browser


def words_of(known) -> str:
    words = accounts.read_account(known.person.id).key_words
    db.session.rollback()
    return " ".join(words)


def test_a_desk_is_founded_filled_and_opened_in_the_browser(cast, as_person):
    first, second, address = as_person(cast.first), as_person(cast.second), f"/staff/desks/{cast.desk_id}"
    page = first.submit(first.page(f"{address}/found"), {})
    assert page.h1 == "Copy both recovery codes now"
    content, identity = CODE.findall(page.main)
    page = first.submit(first.page(f"{address}/people/{cast.second.person.id}"), words="not the words at all")
    assert "Listen again" in page.errors[0]
    page = first.submit(page, words=words_of(cast.second))
    assert "can now open" in page.text
    for client in (first, second):
        for kind, code in (("content", content), ("identity", identity)):
            client.submit(client.page(f"{address}/codes/confirm"), kind=kind, code=code)
    page = first.page(address)
    assert "Confirmed by two supervisors" in page.main
    assert "Open" in page.main
    page = second.submit(second.page(f"{address}/people/{cast.reviewer.person.id}"), words=words_of(cast.reviewer))
    assert "Waits for a member" not in page.main


def test_the_codes_are_shown_once_and_kept_nowhere(cast, as_person):
    client, address = as_person(cast.first), f"/staff/desks/{cast.desk_id}"
    page = client.submit(client.page(f"{address}/found"), {})
    codes = CODE.findall(page.main)
    client.page(f"{address}/found", status=404)
    assert not CODE.findall(client.page(address).html)
    stored = repr([tuple(row.__dict__.values()) for row in db.session.scalars(select(RecoveryCode))])
    db.session.rollback()
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_the_page_that_lets_in_does_not_show_the_words(cast, as_person):
    client, address = as_person(cast.first), f"/staff/desks/{cast.desk_id}"
    client.submit(client.page(f"{address}/found"), {})
    page = client.page(f"{address}/people/{cast.second.person.id}")
    assert words_of(cast.second) not in page.html
    assert words_of(cast.second) not in client.page(address).html
    own = as_person(cast.second).page("/staff/account")
    assert words_of(cast.second) in own.main


def test_another_desks_page_looks_like_none(cast, as_person, clock):
    stranger = as_person(make_team(clock.now).supervisors[0])
    for tail in ("", "/found", "/codes/new", "/codes/confirm", "/codes/use", f"/people/{cast.reviewer.person.id}"):
        there = stranger.page(f"/staff/desks/{cast.desk_id}{tail}", status=404)
        nowhere = stranger.page(f"/staff/desks/{'0' * 32}{tail}", status=404)
        assert there.main == nowhere.main
    assert write(lambda: db.session.scalars(select(LogEntry.id).where(LogEntry.event == "act.refused")).all())


def test_who_waits_to_be_let_in_is_told_what_to_do(cast, as_person):
    founder = as_person(cast.first)
    founder.submit(founder.page(f"/staff/desks/{cast.desk_id}/found"), {})
    client = as_person(cast.reviewer)
    assert "Wait to be let in" in client.page("/staff/desks").main
    assert "Read your key words out" in client.page(f"/staff/desks/{cast.desk_id}").main
    client.page(f"/staff/desks/{cast.desk_id}/people/{cast.second.person.id}", status=404)


def test_somebody_on_no_desk_is_told_so(as_person, clock):
    client = as_person(make_person(Role.REVIEWER, now=clock.now))
    assert "not on a desk yet" in client.page("/staff/desks").main


def test_a_supervisor_agrees_to_a_reset_and_the_desk_is_told(as_person, clock):
    team = make_team(clock.now)
    write(lambda: factors.propose_reset(team.administrator.person, team.reviewer.id, clock.now))
    client = as_person(team.supervisors[0])
    page = client.submit(client.page("/staff/desks"), action="/resets/")
    assert "is reset" in page.text
    colleague = as_person(team.reviewers[1])
    assert "Second factor of" in colleague.page(f"/staff/desks/{team.desk_id}").main


def test_new_codes_have_to_be_confirmed_again(as_person, clock):
    team = make_team(clock.now)
    client, address = as_person(team.supervisors[0]), f"/staff/desks/{team.desk_id}"
    page = client.submit(client.page(f"{address}/codes/new"), {})
    assert len(CODE.findall(page.main)) == 2
    assert "Not confirmed yet" in client.page(address).main
    page = client.submit(client.page(f"{address}/codes/confirm"), kind="content", code=team.codes.content)
    assert "an earlier one" in page.errors[0]
    page = client.submit(page, kind="content", code="0000")
    assert "slip" in page.errors[0]


def test_keys_want_a_fresh_password(cast, as_person, clock):
    client = as_person(cast.first)
    clock.advance(minutes=6)
    for tail in ("/found", "/codes/new", "/codes/confirm", "/codes/use", f"/people/{cast.second.person.id}"):
        assert client.page(f"/staff/desks/{cast.desk_id}{tail}").h1 == "Enter your password again"
