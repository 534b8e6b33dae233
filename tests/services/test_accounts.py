"""Joining, signing in, second factors, roles: who gets in, and who does not."""

from __future__ import annotations

import datetime as dt

import pyotp
import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import PASSWORD, Known, make_person, write
from tipline.errors import (
    BadInput,
    Busy,
    NeedsSecondPerson,
    NotAllowed,
    NotFound,
    SignInDelayed,
    SignInFailed,
    SignInNeeded,
    WrongPassword,
    WrongState,
)
from tipline.extensions import db
from tipline.models.account import Account, AccountSession, Invitation
from tipline.models.log import LogEntry
from tipline.roles import Role
from tipline.services import accounts, factors, failures, invitations, passwords, sessions, standing, tries

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def administrator(database, now) -> Known:
    return make_person(Role.ADMINISTRATOR, now=now, name="adam")


@pytest.fixture
def reviewer(database, now) -> Known:
    return make_person(Role.REVIEWER, now=now, name="rita")


def code_of(known: Known, now: dt.datetime) -> str:
    return pyotp.TOTP(known.totp_secret).at(now)


def try_to_sign_in(name, password, code, now, device=None):
    attempt = write(lambda: tries.start_try(name, device, now))
    try:
        seed = tries.unlock(attempt, password)
        return write(lambda: tries.finish_try(attempt, seed, code, device or "a-device", now))
    except (WrongPassword, SignInFailed):
        write(lambda: tries.note_failure(attempt, now))
        raise SignInFailed from None


def join(invited, now, password=PASSWORD):
    joining = write(lambda: invitations.check_code(invited.name, invited.code, now))
    seed, locked = invitations.new_keys(joining, password)
    opened = write(lambda: invitations.take_keys(joining, seed, locked, now))
    person = sessions.read_session(opened.token, now, purpose=sessions.ENROLLING).person
    secret = factors.read_enrolment(person).secret
    code = pyotp.TOTP(secret).at(now)
    opened = write(lambda: invitations.finish_joining(person, code, "a-device", now))
    return sessions.read_session(opened.token, now).person, secret


def events() -> list[str]:
    return list(db.session.scalars(select(LogEntry.event).order_by(LogEntry.chain, LogEntry.seq)))


def test_an_invited_person_joins_and_signs_in(administrator, now):
    invited = write(
        lambda: invitations.invite(administrator.person, " M.Ionescu ", "Maria Ionescu", {Role.REVIEWER}, now)
    )
    person, secret = join(invited, now)
    assert (person.name, person.roles) == ("m.ionescu", {Role.REVIEWER})
    later = now + MINUTE
    opened = try_to_sign_in("M.Ionescu", PASSWORD, pyotp.TOTP(secret).at(later), later)
    assert sessions.read_session(opened.token, later).person.seed == person.seed
    assert {"account.invited", "account.activated", "factor.confirmed", "signed.in"} <= set(events())


def test_an_invitation_works_once(administrator, now):
    invited = write(lambda: invitations.invite(administrator.person, "maria", "Maria", {Role.REVIEWER}, now))
    join(invited, now)
    with pytest.raises(SignInFailed):
        invitations.check_code("maria", invited.code, now)


def test_an_invitation_ends_after_72_hours(administrator, now):
    invited = write(lambda: invitations.invite(administrator.person, "maria", "Maria", {Role.REVIEWER}, now))
    with pytest.raises(SignInFailed):
        invitations.check_code("maria", invited.code, now + dt.timedelta(hours=72))


def test_an_invitation_ends_after_ten_wrong_codes(administrator, now):
    invited = write(lambda: invitations.invite(administrator.person, "maria", "Maria", {Role.REVIEWER}, now))
    for _ in range(10):
        with pytest.raises(SignInFailed):
            invitations.check_code("maria", "0000-0000-0000", now)
        db.session.commit()
    with pytest.raises(SignInFailed):
        invitations.check_code("maria", invited.code, now)


def test_a_code_is_stored_hashed_only(administrator, now):
    invited = write(lambda: invitations.invite(administrator.person, "maria", "Maria", {Role.REVIEWER}, now))
    stored = db.session.scalars(select(Invitation.code_hash)).one()
    assert invited.code not in stored
    assert invited.code.replace("-", "") not in stored
    assert invited.code not in repr(invited)


def test_only_administrators_invite(reviewer, now):
    with pytest.raises(NotAllowed):
        invitations.invite(reviewer.person, "maria", "Maria", {Role.REVIEWER}, now)


def test_the_first_administrator_is_invited_by_the_command_and_no_second_one(database, now):
    invited = write(lambda: invitations.invite_first("adam", "Adam", now))
    person, _ = join(invited, now)
    assert person.roles == {Role.ADMINISTRATOR}
    with pytest.raises(WrongState):
        invitations.invite_first("eve", "Eve", now)


@pytest.mark.parametrize(
    "roles",
    [
        {Role.ADMINISTRATOR, Role.REVIEWER},
        {Role.AUDITOR, Role.SUPERVISOR},
        {Role.ADMINISTRATOR, Role.AUDITOR},
        set(),
    ],
)
def test_administrator_and_auditor_stand_alone(administrator, now, roles):
    with pytest.raises(BadInput) as refused:
        invitations.invite(administrator.person, "maria", "Maria", roles, now)
    assert refused.value.field == "roles"


@pytest.mark.parametrize(
    ("name", "reason"), [("adam", "taken"), ("a", "form"), ("two words", "form"), ("ädam", "form")]
)
def test_a_name_is_plain_and_new(administrator, now, name, reason):
    with pytest.raises(BadInput) as refused:
        invitations.invite(administrator.person, name, "Somebody", {Role.REVIEWER}, now)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "passwordpassword12",
        "aaaaaaaaaaaaaaaaaaaa",
        "qwertyuiopasdfgh",
        "1234567890123456",
        "Tr0ub4dor",
        "marialovesmaria!",
        "P@ssw0rdP@ssw0rd",
    ],
)
def test_a_password_that_others_would_guess_is_refused(settings, password):
    with pytest.raises(BadInput):
        passwords.check_choice(password, ["maria", "Maria Loves"])


def test_the_words_that_are_offered_always_pass(settings):
    for _ in range(200):
        passwords.check_choice(passwords.propose(), ["maria", "Maria Ionescu"])


def test_a_wrong_password_code_or_name_fails_in_the_same_way(reviewer, now):
    for name, password, code in [
        ("rita", "wrong-password-here", code_of(reviewer, now)),
        ("rita", PASSWORD, "000000"),
        ("rita", PASSWORD, ""),
        ("nobody", PASSWORD, code_of(reviewer, now)),
    ]:
        with pytest.raises(SignInFailed):
            try_to_sign_in(name, password, code, now)
        now += dt.timedelta(minutes=16)
    assert db.session.scalars(select(AccountSession)).all() == []
    assert events().count("sign.failed") == 3


def test_a_one_time_code_works_once(reviewer, now):
    code = code_of(reviewer, now)
    try_to_sign_in("rita", PASSWORD, code, now)
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", PASSWORD, code, now)
    later = now + MINUTE
    assert try_to_sign_in("rita", PASSWORD, code_of(reviewer, later), later).purpose == sessions.SIGNED_IN


def test_failures_grow_into_delays_and_never_lock(reviewer, now):
    for _ in range(3):
        with pytest.raises(SignInFailed):
            try_to_sign_in("rita", "wrong-password-here", "000000", now)
    with pytest.raises(SignInFailed):  # even the right one, while the delay runs
        try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    later = now + dt.timedelta(seconds=failures.FIRST_DELAY)
    try_to_sign_in("rita", PASSWORD, code_of(reviewer, later), later)
    account = db.session.scalars(select(Account).where(Account.name == "rita")).one()
    assert (account.failures, account.delayed_until) == (0, None)


def test_no_delay_is_longer_than_a_quarter_of_an_hour(reviewer, now):
    for _ in range(30):
        with pytest.raises(SignInFailed):
            try_to_sign_in("rita", "wrong-password-here", "000000", now)
        now += dt.timedelta(seconds=failures.LONGEST_DELAY)
    assert try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)


def test_strangers_cannot_delay_somebody_on_a_device_that_signed_in_before(reviewer, now):
    try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now, device="laptop")
    later = now + MINUTE
    for _ in range(8):
        with pytest.raises(SignInFailed):
            try_to_sign_in("rita", "wrong-password-here", "000000", later, device="strange")
    assert try_to_sign_in("rita", PASSWORD, code_of(reviewer, later), later, device="laptop")


def test_a_session_ends_after_30_idle_minutes_and_after_10_hours(reviewer, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token, now + sessions.IDLE)
    moment, session_id = now, sessions.id_of(opened.token)
    while moment + sessions.IDLE - MINUTE < now + sessions.LONGEST:
        moment += sessions.IDLE - MINUTE
        sessions.read_session(opened.token, moment)
        write(lambda seen=moment: sessions.touch_session(session_id, seen))
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token, now + sessions.LONGEST)


def test_the_key_of_a_session_opens_with_the_cookie_only(reviewer, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    row = db.session.scalars(select(AccountSession)).one()
    assert reviewer.person.seed not in row.sealed_seed
    assert opened.token not in row.id
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token[:-2], now)


def test_signing_out_deletes_the_row(reviewer, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    person = sessions.read_session(opened.token, now).person
    write(lambda: sessions.end_session(person, person.session_id, now))
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token, now)


def test_nobody_ends_somebody_elses_session(reviewer, administrator, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    with pytest.raises(NotFound):
        sessions.end_session(administrator.person, sessions.id_of(opened.token), now)


def test_over_sessions_are_erased(reviewer, now):
    try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    assert write(lambda: sessions.erase_due_sessions(now + sessions.LONGEST)) == 1
    assert db.session.scalars(select(AccountSession)).all() == []


def test_typing_the_password_again_is_counted_too(reviewer, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    person = sessions.read_session(opened.token, now).person
    for _ in range(3):
        write(lambda: tries.start_recheck(person, None, now))
    with pytest.raises(SignInDelayed):
        tries.start_recheck(person, None, now)


def test_another_password_keeps_the_key(reviewer, now):
    locked = passwords.lock(reviewer.person.seed, "another-long-chosen-phrase", reviewer.person.id, accounts.COST)
    write(lambda: sessions.change_password(reviewer.person, locked, now))
    opened = try_to_sign_in("rita", "another-long-chosen-phrase", code_of(reviewer, now), now)
    assert sessions.read_session(opened.token, now).person.seed == reviewer.person.seed


def test_another_role_ends_all_sessions(administrator, reviewer, now):
    opened = try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    roles = {Role.REVIEWER, Role.SUPERVISOR}
    write(lambda: standing.change_account(administrator.person, reviewer.person.id, "Rita", roles, now))
    assert accounts.roles_of(reviewer.person.id) == roles
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token, now)


def test_nobody_changes_sides_or_themselves(administrator, reviewer, now):
    with pytest.raises(BadInput):
        standing.change_account(administrator.person, reviewer.person.id, "Rita", {Role.ADMINISTRATOR}, now)
    with pytest.raises(NotAllowed):
        standing.change_account(administrator.person, administrator.person.id, "Adam", {Role.AUDITOR}, now)
    with pytest.raises(NotAllowed):
        standing.remove_account(administrator.person, administrator.person.id, now)


def test_a_suspended_person_stays_out_until_restored(administrator, reviewer, now):
    write(lambda: standing.suspend_account(administrator.person, reviewer.person.id, now))
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    write(lambda: standing.restore_account(administrator.person, reviewer.person.id, now))
    assert try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)


def test_a_removed_person_is_gone_for_good(administrator, reviewer, now):
    write(lambda: standing.remove_account(administrator.person, reviewer.person.id, now))
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)
    with pytest.raises(NotFound):
        accounts.read_account(reviewer.person.id)


def test_a_second_factor_is_reset_by_two_people_and_with_the_password(administrator, reviewer, now):
    other = make_person(Role.ADMINISTRATOR, now=now)
    write(lambda: factors.propose_reset(administrator.person, reviewer.person.id, now))
    (reset,) = factors.waiting_resets(other.person, now)
    with pytest.raises(NeedsSecondPerson):
        factors.confirm_reset(administrator.person, reset.id, now)
    db.session.rollback()
    write(lambda: factors.confirm_reset(other.person, reset.id, now))
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", "wrong-password-here", "", now)
    opened = try_to_sign_in("rita", PASSWORD, "", now)
    assert opened.purpose == sessions.ENROLLING
    with pytest.raises(SignInNeeded):
        sessions.read_session(opened.token, now)
    person = sessions.read_session(opened.token, now, purpose=sessions.ENROLLING).person
    secret = factors.read_enrolment(person).secret
    assert secret != reviewer.totp_secret
    write(lambda: invitations.finish_joining(person, pyotp.TOTP(secret).at(now), "a-device", now))
    with pytest.raises(SignInFailed):  # the reset is used up
        try_to_sign_in("rita", PASSWORD, "", now + MINUTE)


def test_nobody_agrees_to_their_own_reset(administrator, now):
    other = make_person(Role.ADMINISTRATOR, now=now)
    write(lambda: factors.propose_reset(other.person, administrator.person.id, now))
    (reset,) = factors.waiting_resets(administrator.person, now)
    with pytest.raises(NotAllowed):
        factors.confirm_reset(administrator.person, reset.id, now)


def test_a_confirmed_reset_ends_after_72_hours(administrator, reviewer, now):
    other = make_person(Role.ADMINISTRATOR, now=now)
    write(lambda: factors.propose_reset(administrator.person, reviewer.person.id, now))
    reset_id = factors.waiting_resets(other.person, now)[0].id
    write(lambda: factors.confirm_reset(other.person, reset_id, now))
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", PASSWORD, "", now + dt.timedelta(hours=72))


def test_only_so_many_try_a_password_at_once():
    gate = passwords.Gate(at_once=1, waiting=0)
    with gate.passing(), pytest.raises(Busy), gate.passing():
        pass
    with gate.passing():
        pass


def test_a_lost_password_makes_a_new_key(administrator, reviewer, now):
    invited = write(lambda: invitations.invite_again(administrator.person, reviewer.person.id, now))
    assert try_to_sign_in("rita", PASSWORD, code_of(reviewer, now), now)  # nothing changes until the code is used
    person, _ = join(invited, now, "a-new-and-long-enough-phrase")
    assert person.id == reviewer.person.id
    assert person.seed != reviewer.person.seed
    with pytest.raises(SignInFailed):
        try_to_sign_in("rita", PASSWORD, code_of(reviewer, now + MINUTE), now + MINUTE)


def test_objects_that_hold_keys_hide_them(reviewer):
    assert reviewer.person.seed.hex() not in repr(reviewer.person)
    assert repr(reviewer.person.seed) not in repr(reviewer.person)
    assert factories.PASSWORD not in repr(reviewer)
