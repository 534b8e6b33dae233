"""A desk's pages: founding, letting in, recovery codes, agreeing to a reset."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from tests import factories
from tests.factories import make_person, make_team, write
from tipline.extensions import db
from tipline.models.desk import DeskEpoch, Grant, RecoveryCode
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


def test_new_codes_take_two_supervisors_and_have_to_be_confirmed_again(as_person, clock):
    team = make_team(clock.now)
    client, address = as_person(team.supervisors[0]), f"/staff/desks/{team.desk_id}"
    page = client.submit(client.page(f"{address}/codes/new"), {})
    assert "A second supervisor of this desk has to agree" in page.text
    other = as_person(team.supervisors[1])
    found = other.page("/staff/approvals").links
    read = other.page(next(there for words, there in found.items() if words.startswith("Read and decide")))
    assert "is to get new recovery codes" in read.main
    other.submit(read, decision="approve")
    page = client.submit(client.page(f"{address}/codes/new"), {})
    assert len(CODE.findall(page.main)) == 2
    assert "Not confirmed yet" in client.page(address).main
    page = client.submit(client.page(f"{address}/codes/confirm"), kind="content", code=team.codes.content)
    assert "an earlier one" in page.errors[0]
    page = client.submit(page, kind="content", code="0000")
    assert "slip" in page.errors[0]


def test_somebody_ends_their_own_keys_and_an_administrator_somebodys(as_person, clock):
    team = make_team(clock.now)
    client = as_person(team.reviewers[0])
    client.submit(client.page("/staff/account/keys"), {})
    assert client.page("/staff/").h1 == "Sign in"
    admin = as_person(team.administrator)
    page = admin.submit(admin.page(f"/admin/accounts/{team.reviewers[1].person.id}/keys"), {})
    assert "keys are ended" in page.text
    chief = as_person(team.supervisors[0])
    assert "know the password of a colleague" in chief.page(f"/staff/desks/{team.desk_id}").main
    assert team.supervisors[1].person.display_name in chief.page(f"/staff/desks/{team.desk_id}/keys").main


def test_keys_want_a_fresh_password(cast, as_person, clock):
    client = as_person(cast.first)
    clock.advance(minutes=6)
    for tail in ("/found", "/codes/new", "/codes/confirm", "/codes/use", f"/people/{cast.second.person.id}"):
        assert client.page(f"/staff/desks/{cast.desk_id}{tail}").h1 == "Enter your password again"


def test_a_colleague_is_taken_off_by_two_and_everything_comes_over_to_new_keys(app, clock, as_person):
    team = make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    factories.make_tip(clock.now)
    first, second = as_person(team.supervisors[0]), as_person(team.supervisors[1])
    leaver, address = team.reviewers[1].person, f"/staff/desks/{team.desk_id}"
    page = first.submit(first.page(f"{address}/people/{leaver.id}/remove"), {})
    assert "waits for a second person" in page.text
    page = second.page("/staff/approvals")
    page = second.page(re.search(r"/staff/approvals/[0-9a-f]{32}", page.html).group())
    assert leaver.display_name in page.main
    second.submit(page, decision="approve")
    assert "make new keys" in first.page(address).main
    page = first.submit(first.page(f"{address}/keys"), {})
    assert len(CODE.findall(page.main)) == 2
    page = first.page(f"{address}/keys/bring-over")
    assert "2 keys are still sealed" in page.main
    page = first.submit(page, {})
    assert "Everything is sealed to the present keys" in page.main
    assert "Epoch 2" in first.page(address).main


def test_new_keys_are_asked_for_by_one_and_made_after_another_agreed(app, clock, as_person):
    team = make_team(clock.now)
    first, second = as_person(team.supervisors[0]), as_person(team.supervisors[1])
    address = f"/staff/desks/{team.desk_id}"
    page = first.submit(first.page(f"{address}/keys"), {})
    assert "second supervisor of this desk has to agree" in page.text
    page = second.page("/staff/approvals")
    second.submit(second.page(re.search(r"/staff/approvals/[0-9a-f]{32}", page.html).group()), decision="approve")
    page = second.submit(second.page(f"{address}/keys"), {})
    assert len(CODE.findall(page.main)) == 2


def test_a_rehearsal_opens_the_key_gives_nothing_and_is_shown_to_the_auditor(app, clock, as_person):
    team = make_team(clock.now)
    chief, auditor = as_person(team.supervisors[0]), as_person(team.auditor)
    assert "No code was rehearsed yet" in auditor.page("/admin/drills").main
    before = grants_count()
    page = chief.page(f"/staff/desks/{team.desk_id}/codes/rehearse")
    page = chief.submit(page, kind="content", code=team.codes.identity)
    assert page.errors
    page = chief.submit(page, kind="content", code=team.codes.content)
    assert "Nothing was given to anybody" in page.text
    told = auditor.page("/admin/drills").main
    assert "Opened the key" in told
    assert "Did not fit" in told
    assert grants_count() == before


def test_a_key_that_was_swapped_stops_the_desk_in_red_and_the_public_door_says_so(app, clock, as_person):
    team = make_team(clock.now)
    ref = factories.make_exhibit(team, clock.now)
    chief, address = as_person(team.supervisors[0]), f"/staff/desks/{team.desk_id}"
    chief.page(address)
    good = write(lambda: db.session.execute(select(DeskEpoch.content_public)).scalar_one())
    write(lambda: db.session.execute(update(DeskEpoch).values(content_public=good[:-1] + b"x")))
    page = chief.page(address, status=409)
    assert "not what was signed" in page.main
    assert app.test_client().get(f"/en/exhibits/{ref}/tip").status_code == 503
    write(lambda: db.session.execute(update(DeskEpoch).values(content_public=good)))
    page = chief.page(address)
    assert "Intake is stopped" in page.main
    chief.submit(page, {}, action="/resume")
    assert app.test_client().get(f"/en/exhibits/{ref}/tip").status_code == 200


def test_a_tip_is_handed_over_with_a_reason(app, clock, as_person):
    team, other = make_team(clock.now), make_team(clock.now)
    factories.make_exhibit(team, clock.now)
    sent = factories.make_tip(clock.now)
    factories.open_tip(team, sent.ref, clock.now)
    client = as_person(team.reviewers[0])
    page = client.page(f"/staff/tips/{sent.ref}/hand-over")
    page = client.submit(page, desk=other.desk_id, reason="")
    assert page.errors
    page = client.submit(page, desk=other.desk_id, reason="It is about their country.")
    assert "with the other desk now" in page.text
    client.page(f"/staff/tips/{sent.ref}", status=404)
    for known in (team.reviewers[0], other.reviewers[0]):
        desk_id = desks.desks_of(known.person)[0].id
        assert sent.ref in as_person(known).page(f"/staff/desks/{desk_id}").main


def grants_count() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Grant.id)).all())
