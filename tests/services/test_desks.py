"""Desks: founding, letting in by spoken words, recovery codes, and who can open nothing."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import select

from tests.factories import PASSWORD, make_person, make_team, write
from tipline.crypto import opening
from tipline.errors import BadInput, NeedsSecondPerson, NotAllowed, NotFound, RecoveryCodeMistyped, WrongState
from tipline.extensions import db
from tipline.models.approval import Approval
from tipline.models.desk import DeskEpoch, Grant
from tipline.models.log import LogEntry
from tipline.roles import Role
from tipline.services import (
    accounts,
    approvals,
    desks,
    factors,
    invitations,
    members,
    recovery,
    sessions,
    standing,
    tries,
)


class Cast:
    """An administrator, two supervisors and a reviewer; a desk that is named and nothing more."""

    def __init__(self, now) -> None:
        self.now = now
        self.administrator = make_person(Role.ADMINISTRATOR, now=now).person
        self.first = make_person(Role.SUPERVISOR, now=now).person
        self.second = make_person(Role.SUPERVISOR, now=now).person
        self.reviewer = make_person(Role.REVIEWER, now=now).person
        founders = [self.first.id, self.second.id]
        self.desk_id = write(lambda: desks.name_desk(self.administrator, "Desk North", founders, now))

    def name(self, person) -> None:
        write(lambda: desks.name_member(self.administrator, self.desk_id, person.id, self.now))

    def found(self):
        return write(lambda: desks.found_desk(self.first, self.desk_id, self.now))

    def grant(self, granter, person, words=None) -> None:
        spoken = words if words is not None else " ".join(words_of(person))
        write(lambda: desks.grant_member(granter, self.desk_id, person.id, spoken, self.now))

    def confirm(self, person, kind, code) -> None:
        write(lambda: recovery.confirm_code(person, self.desk_id, kind, code, self.now))

    def state(self) -> str:
        db.session.expire_all()
        return desks.read_desk(self.desk_id).state

    def key(self, person, kind="content") -> bytes:
        return desks.open_desk_key(person, self.desk_id, 1, kind)


def words_of(person) -> tuple[str, ...]:
    return accounts.read_account(person.id).key_words


def agree(person, now) -> None:
    """A second person's word for the one proposal that waits."""
    row = db.session.scalars(select(Approval).where(Approval.state == "waiting")).one()
    write(lambda: approvals.approve(row.id, row.digest, person, now))


@pytest.fixture
def cast(database, now) -> Cast:
    return Cast(now)


def test_a_named_desk_has_no_key(cast):
    assert cast.state() == "named"
    assert db.session.scalars(select(DeskEpoch)).all() == []
    assert desks.desks_of(cast.first) == ()


def test_a_desk_opens_with_two_members_and_both_codes_confirmed_twice(cast):
    codes = cast.found()
    assert cast.state() == "founded"
    cast.grant(cast.first, cast.second)
    for person in (cast.first, cast.second):
        cast.confirm(person, "content", codes.content)
        assert cast.state() == "founded"
        cast.confirm(person, "identity", codes.identity.lower())
    assert cast.state() == "open"
    events = set(db.session.scalars(select(LogEntry.event)))
    assert {
        "desk.named",
        "desk.founded",
        "key.granted",
        "recovery.shown",
        "recovery.confirmed",
        "desk.opened",
    } <= events


def test_the_keys_that_were_granted_are_the_desks_own(cast):
    cast.found()
    cast.grant(cast.first, cast.second)
    row = db.session.scalars(select(DeskEpoch)).one()
    assert opening.public_key(cast.key(cast.second)) == row.content_public
    assert opening.public_key(cast.key(cast.second, "identity")) == row.identity_public


def test_only_a_founder_founds_and_only_once(cast):
    cast.name(cast.reviewer)
    for person in (cast.reviewer, cast.administrator):
        with pytest.raises(NotFound):
            desks.found_desk(person, cast.desk_id, cast.now)
    cast.found()
    with pytest.raises(WrongState):
        desks.found_desk(cast.second, cast.desk_id, cast.now)


def test_a_reviewer_gets_the_content_key_and_never_the_identity_key(cast):
    cast.found()
    cast.name(cast.reviewer)
    with pytest.raises(NotFound):
        cast.key(cast.reviewer)
    cast.grant(cast.first, cast.reviewer)
    assert cast.key(cast.reviewer) == cast.key(cast.first)
    with pytest.raises(NotFound):
        cast.key(cast.reviewer, "identity")
    assert [desk.id for desk in desks.desks_of(cast.reviewer)] == [cast.desk_id]


def test_the_words_must_be_those_of_the_colleagues_key(cast):
    cast.found()
    wrong = [" ".join(words_of(cast.first)), "", " ".join(words_of(cast.second)[:5])]
    for words in wrong:
        with pytest.raises(BadInput):
            desks.grant_member(cast.first, cast.desk_id, cast.second.id, words, cast.now)
    spoken = ", ".join(word.upper() for word in words_of(cast.second))
    cast.grant(cast.first, cast.second, spoken)
    assert cast.key(cast.second)


def test_who_was_not_named_cannot_be_let_in(cast):
    cast.found()
    with pytest.raises(NotFound):
        desks.grant_member(cast.first, cast.desk_id, cast.reviewer.id, " ".join(words_of(cast.reviewer)), cast.now)


def test_who_holds_no_key_can_let_nobody_in(cast):
    cast.found()
    cast.name(cast.reviewer)
    for person in (cast.second, cast.administrator):
        with pytest.raises(NotFound):
            desks.grant_member(person, cast.desk_id, cast.reviewer.id, " ".join(words_of(cast.reviewer)), cast.now)


def test_a_supervisor_let_in_by_a_reviewer_gets_the_identity_key_later_from_a_supervisor(cast):
    cast.found()
    cast.name(cast.reviewer)
    cast.grant(cast.first, cast.reviewer)
    cast.grant(cast.reviewer, cast.second)
    with pytest.raises(NotFound):
        cast.key(cast.second, "identity")
    cast.grant(cast.first, cast.second)
    assert cast.key(cast.second, "identity")
    with pytest.raises(WrongState):
        desks.grant_member(cast.first, cast.desk_id, cast.second.id, " ".join(words_of(cast.second)), cast.now)


def test_a_code_is_confirmed_by_two_different_supervisors_who_type_it_right(cast):
    codes = cast.found()
    mistyped = codes.content[:-1] + ("1" if codes.content.endswith("0") else "0")
    with pytest.raises(RecoveryCodeMistyped):
        recovery.confirm_code(cast.first, cast.desk_id, "content", mistyped, cast.now)
    with pytest.raises(BadInput):
        recovery.confirm_code(cast.first, cast.desk_id, "content", codes.identity, cast.now)
    cast.confirm(cast.first, "content", codes.content)
    with pytest.raises(NeedsSecondPerson):
        recovery.confirm_code(cast.first, cast.desk_id, "content", codes.content, cast.now)
    with pytest.raises(NotFound):
        recovery.confirm_code(cast.administrator, cast.desk_id, "content", codes.content, cast.now)


def test_new_codes_end_the_old_ones(cast):
    old = cast.found()
    new = write(lambda: recovery.renew_codes(cast.first, cast.desk_id, cast.now))
    with pytest.raises(BadInput):
        recovery.confirm_code(cast.first, cast.desk_id, "content", old.content, cast.now)
    cast.confirm(cast.first, "content", new.content)
    assert new.content not in repr(new)


def test_a_code_gives_the_key_back_once(cast):
    codes = cast.found()
    key = cast.key(cast.first)
    invited = write(lambda: invitations.invite_again(cast.administrator, cast.first.id, cast.now))
    joining = invitations.check_code(invited.name, invited.code, cast.now)
    seed, locked = invitations.new_keys(joining, PASSWORD)
    write(lambda: invitations.take_keys(joining, seed, locked, cast.now))
    anew = accounts.person_for(cast.first.id, seed, cast.now)
    with pytest.raises(NotFound):
        cast.key(anew)
    write(lambda: recovery.ask_to_use(anew, cast.desk_id, "content", cast.now))
    agree(cast.administrator, cast.now)
    write(lambda: recovery.use_code(anew, cast.desk_id, "content", codes.content, cast.now))
    assert cast.key(anew) == key
    with pytest.raises(WrongState):
        recovery.use_code(cast.second, cast.desk_id, "content", codes.content, cast.now)
    with pytest.raises(NotFound):
        recovery.use_code(cast.administrator, cast.desk_id, "identity", codes.identity, cast.now)


def test_who_is_taken_off_holds_nothing(cast):
    cast.found()
    cast.grant(cast.first, cast.second)
    write(lambda: desks.remove_member(cast.administrator, cast.desk_id, cast.second.id, cast.now))
    with pytest.raises(NotFound):
        cast.key(cast.second)
    assert db.session.scalars(select(Grant).where(Grant.account_id == cast.second.id)).all() == []


def test_who_stops_being_a_supervisor_loses_the_identity_key(cast):
    cast.found()
    cast.grant(cast.first, cast.second)
    write(lambda: standing.change_account(cast.administrator, cast.second.id, "Second", {Role.REVIEWER}, cast.now))
    second = accounts.person_for(cast.second.id, cast.second.seed, cast.now)
    assert cast.key(second)
    for person in (second, cast.second):
        with pytest.raises(NotFound):
            cast.key(person, "identity")


@pytest.mark.parametrize(
    ("name", "count", "field"), [("", 2, "name"), ("Desk North", 2, "name"), ("Desk South", 1, "founders")]
)
def test_a_desk_needs_a_new_name_and_two_supervisors(cast, name, count, field):
    founders = [cast.first.id, cast.second.id][:count]
    with pytest.raises(BadInput) as refused:
        desks.name_desk(cast.administrator, name, founders, cast.now)
    assert refused.value.field == field
    with pytest.raises(BadInput):
        desks.name_desk(cast.administrator, "Desk South", [cast.first.id, cast.reviewer.id], cast.now)
    with pytest.raises(NotAllowed):
        desks.name_desk(cast.first, "Desk South", founders, cast.now)


def test_an_administrator_who_invites_himself_under_another_name_opens_no_desk(database, now):
    team = make_team(now)
    me = team.administrator.person
    invited = write(lambda: invitations.invite(me, "honest.reviewer", "Honest Reviewer", {Role.SUPERVISOR}, now))
    joining = invitations.check_code(invited.name, invited.code, now)
    seed, locked = invitations.new_keys(joining, PASSWORD)
    opened = write(lambda: invitations.take_keys(joining, seed, locked, now))
    person = sessions.read_session(opened.token, now, purpose=sessions.ENROLLING).person
    code = pyotp.TOTP(factors.read_enrolment(person).secret).at(now)
    write(lambda: invitations.finish_joining(person, code, "a-device", now))
    write(lambda: desks.name_member(me, team.desk_id, person.id, now))
    assert desks.desks_of(person) == ()
    for kind in ("content", "identity"):
        with pytest.raises(NotFound):
            desks.open_desk_key(person, team.desk_id, 1, kind)
    with pytest.raises(NotFound):  # nor let himself in
        desks.grant_member(person, team.desk_id, person.id, " ".join(words_of(person)), now)


def test_an_administrator_who_makes_a_new_password_for_a_reviewer_opens_no_desk(database, now):
    team = make_team(now)
    invited = write(lambda: invitations.invite_again(team.administrator.person, team.reviewer.id, now))
    joining = invitations.check_code(invited.name, invited.code, now)
    seed, locked = invitations.new_keys(joining, PASSWORD)
    write(lambda: invitations.take_keys(joining, seed, locked, now))
    stolen = accounts.person_for(team.reviewer.id, seed, now)
    assert desks.desks_of(stolen) == ()
    with pytest.raises(NotFound):
        desks.open_desk_key(stolen, team.desk_id, 1, "content")


def test_a_reset_second_factor_opens_no_key_and_the_desk_is_told(database, now):
    team = make_team(now)
    write(lambda: factors.propose_reset(team.administrator.person, team.reviewer.id, now))
    (reset,) = factors.waiting_resets(team.supervisor, now)
    write(lambda: factors.confirm_reset(team.supervisor, reset.id, now))
    (name,) = db.session.scalars(select(accounts.Account.name).where(accounts.Account.id == team.reviewer.id))
    attempt = write(lambda: tries.start_try(name, None, now))
    with pytest.raises(tries.WrongPassword):
        tries.unlock(attempt, "what an administrator can guess")
    page = members.read_desk_page(team.supervisor, team.desk_id, now)
    assert [told.account_id for told in page.resets] == [team.reviewer.id]


def test_a_supervisor_of_another_desk_does_not_see_the_reset(database, now):
    team, other = make_team(now), make_team(now)
    write(lambda: factors.propose_reset(team.administrator.person, team.reviewer.id, now))
    assert factors.waiting_resets(other.supervisor, now) == ()
    reset_id = factors.waiting_resets(team.supervisor, now)[0].id
    with pytest.raises(NotFound):
        factors.confirm_reset(other.supervisor, reset_id, now)


def test_a_desk_page_is_for_the_people_on_it(database, now):
    team, other = make_team(now), make_team(now)
    page = members.read_desk_page(team.reviewer, team.desk_id, now)
    assert len(page.members) == 4
    assert page.codes_are_safe
    for person in (other.supervisor, team.administrator.person, team.auditor.person):
        with pytest.raises(NotFound):
            members.read_desk_page(person, team.desk_id, now)
