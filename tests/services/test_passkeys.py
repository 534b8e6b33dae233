"""Passkeys and recovery codes: what is taken, once, and what is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.authenticators import DESK, Authenticator, add_passkey
from tests.factories import PASSWORD, make_person, make_team, write
from tipline.errors import BadInput, Busy, NotFound, PasskeyRefused, SignInFailed, WrongPassword
from tipline.extensions import db
from tipline.models.account import Account, FactorCode, Passkey
from tipline.models.log import LogEntry
from tipline.roles import Role
from tipline.services import account_changes, factor_codes, factors, passkeys, passwords, sessions, standing, tries
from tipline.services.passkeys import Sent, Site

SECOND = dt.timedelta(seconds=1)
SECRET = "s" * 43


class Holder:
    """Somebody with a passkey."""

    def __init__(self, name: str, now: dt.datetime, *, secret: str = "") -> None:
        self.name, self.now = name, now
        self.known = make_person(Role.REVIEWER, now=now, name=name)
        self.person = self.known.person
        self.device = Authenticator()
        self.device.user = self.person.id
        self.passkey_id = self.add("Blue key", secret)

    def add(self, label: str, secret: str = "", **wrong) -> str:
        return add_passkey(self.person, self.device, self.now, label, secret, **wrong)

    def answer(self, asked_at: dt.datetime, **wrong) -> Sent:
        """What the browser sends a second after it was asked, with something wrong in it."""
        challenge = passkeys.new_challenge()
        how = {"origin": DESK.origin, "host": DESK.rp_id, **wrong}
        return Sent(self.device.sign(challenge, **how), challenge, asked_at, DESK)

    def sign_in(self, sent: Sent, *, password: str = PASSWORD, now: dt.datetime | None = None) -> sessions.Opened:
        return self.finish(
            lambda moment: tries.start_try(self.name, None, moment, sent), password, now or sent.asked_at
        )

    def sign_in_alone(self, sent: Sent, secret: str = SECRET) -> sessions.Opened:
        return self.finish(lambda moment: tries.start_passkey_try(sent, None, moment), secret, sent.asked_at)

    def finish(self, start, password: str, now: dt.datetime) -> sessions.Opened:
        attempt = write(lambda: start(now))
        try:
            seed = tries.unlock(attempt, password)
        except WrongPassword:
            raise SignInFailed from None
        return write(lambda: tries.finish_try(attempt, seed, "", "a-device", now))


@pytest.fixture
def holder(database, now) -> Holder:
    return Holder("rita", now)


@pytest.fixture
def alone(database, now) -> Holder:
    return Holder("rita", now, secret=SECRET)


def told(holder: Holder) -> list[str]:
    return [change.code for change in account_changes.list_changes(holder.person.id, holder.now)]


def test_a_passkey_stands_for_the_code_beside_the_password(holder, now):
    opened = holder.sign_in(holder.answer(now + SECOND))
    assert (opened.purpose, opened.factor) == (sessions.SIGNED_IN, tries.BY_PASSKEY)
    assert passkeys.list_passkeys(holder.person)[0].used_at == now + SECOND
    logged = db.session.scalars(select(LogEntry).where(LogEntry.event == "signed.in")).one()
    assert logged.field_group == "passkey"


def test_an_answer_is_taken_once_and_none_that_is_older(holder, now):
    older, sent = holder.answer(now + SECOND), holder.answer(now + 2 * SECOND)
    holder.sign_in(sent)
    for again in (sent, older):
        with pytest.raises(SignInFailed):
            holder.sign_in(again, now=now + 3 * SECOND)


def test_an_answer_beside_a_wrong_password_is_spent(holder, now):
    sent = holder.answer(now + SECOND)
    for password in ("not the right one", PASSWORD):
        with pytest.raises(SignInFailed):
            holder.sign_in(sent, password=password)
    assert sessions.list_sessions(holder.person, now) == ()


EVIL = Site("evil.example", "https://evil.example")


def elsewhere(holder: Holder, moment: dt.datetime) -> Sent:
    return replace(holder.answer(moment, origin=EVIL.origin, host=EVIL.rp_id), site=EVIL)


def of_another_user(holder: Holder, moment: dt.datetime) -> Sent:
    holder.device.user = "0" * 32
    return holder.answer(moment)


def of_a_copy(holder: Holder, moment: dt.datetime) -> Sent:
    holder.sign_in(holder.answer(moment))
    holder.device.count = 0
    return holder.answer(moment + SECOND)


def revoked(holder: Holder, moment: dt.datetime) -> Sent:
    write(lambda: passkeys.revoke_passkey(holder.person, holder.passkey_id, moment))
    return holder.answer(moment)


WRONG = {
    "origin": lambda holder, moment: holder.answer(moment, origin="https://desk.example.org.evil.example"),
    "host": lambda holder, moment: holder.answer(moment, host="evil.example"),
    "not verified": lambda holder, moment: holder.answer(moment, verified=False),
    "another challenge": lambda holder, moment: replace(holder.answer(moment), challenge=passkeys.new_challenge()),
    "another address": elsewhere,
    "of somebody else": lambda holder, moment: Holder("olga", holder.now).answer(moment),
    "says another person": of_another_user,
    "a copy": of_a_copy,
    "too old": lambda holder, moment: holder.answer(moment - passkeys.CHALLENGE_LASTS),
    "revoked": revoked,
    **{
        raw[:8]: lambda holder, moment, raw=raw: replace(holder.answer(moment), raw=raw)
        for raw in ("no json", "{}", "[1]", '{"id": 1}', "x" * 20_000)
    },
}


@pytest.mark.parametrize("what", WRONG)
def test_an_answer_with_something_wrong_lets_nobody_in(sqlite, now, what):
    holder = Holder("rita", now)
    sent = WRONG[what](holder, now + SECOND)
    with pytest.raises(SignInFailed):
        holder.sign_in(sent, now=now + 2 * SECOND)


def test_a_new_passkey_must_be_made_here_and_now_and_is_kept_once(sqlite, now):
    holder = Holder("rita", now)
    with pytest.raises(PasskeyRefused):
        holder.add("The same key")
    holder.device = Authenticator()
    elsewhere = Site("evil.example", "https://evil.example")
    late = now - passkeys.CHALLENGE_LASTS
    for wrong in ({"challenge": passkeys.new_challenge()}, {"site": elsewhere}, {"asked_at": late}, {"raw": "{}"}):
        with pytest.raises(PasskeyRefused):
            holder.add("Green key", **wrong)
    for label, reason in (("", "empty"), ("x" * 61, "too-long"), ("  blue  KEY ", "taken")):
        with pytest.raises(BadInput) as refused:
            holder.add(label)
        assert refused.value.reason == reason
    assert [each.label for each in passkeys.list_passkeys(holder.person)] == ["Blue key"]


def test_only_its_person_sees_and_revokes_a_passkey(sqlite, now):
    holder = Holder("rita", now)
    other = make_person(Role.ADMINISTRATOR, now=now).person
    assert passkeys.list_passkeys(other) == ()
    for act in (passkeys.read_passkey, lambda *whose: passkeys.revoke_passkey(*whose, now)):
        with pytest.raises(NotFound):
            act(other, holder.passkey_id)


def test_a_passkey_that_opens_the_key_needs_no_password_and_keeps_doing_so(alone, now):
    opened = alone.sign_in_alone(alone.answer(now + SECOND))
    assert opened.factor == tries.BY_PASSKEY_ALONE
    person = sessions.read_session(opened.token, now + SECOND).person
    assert person.seed == alone.person.seed
    locked = passwords.lock(person.seed, "another-password-altogether", person.id, passkeys.accounts.COST)
    write(lambda: sessions.change_password(person, locked, now))
    assert alone.sign_in_alone(alone.answer(now + 2 * SECOND)).factor == tries.BY_PASSKEY_ALONE
    write(lambda: passkeys.revoke_passkey(person, alone.passkey_id, now))
    assert db.session.scalars(select(Passkey)).all() == []
    with pytest.raises(SignInFailed):
        alone.sign_in_alone(alone.answer(now + 3 * SECOND))
    assert sorted(told(alone)) == ["passkey-added", "passkey-revoked", "password-changed"]


def test_a_passkeys_secret_is_under_the_passwords_rules(alone, now):
    for number, secret in enumerate(["t" * 43, "", PASSWORD], 1):
        with pytest.raises(SignInFailed):
            alone.sign_in_alone(alone.answer(now + number * SECOND), secret)
    with pytest.raises(SignInFailed):  # three failures: a delay runs, for the right secret as well
        alone.sign_in_alone(alone.answer(now + 4 * SECOND))
    stored = db.session.scalars(select(Passkey.locked_seed)).one()
    assert SECRET.encode() not in stored
    assert alone.person.seed not in stored


def test_a_passkey_without_a_wrap_opens_nothing_by_itself(holder, now):
    with pytest.raises(SignInFailed):
        holder.sign_in_alone(holder.answer(now + SECOND))
    for secret in ("short", "ü" * 43, "s" * 44):
        with pytest.raises(PasskeyRefused):
            passkeys.lock(holder.person, secret)


def test_a_reset_a_new_key_and_a_removal_take_passkeys_and_codes_along(sqlite, now):
    team = make_team(now)
    for end in ("reset", "removal"):
        holder = Holder(end, now, secret=SECRET)
        write(lambda holder=holder: factor_codes.make_codes(holder.person, now))
        if end == "reset":
            write(lambda holder=holder: factors.propose_reset(team.administrator.person, holder.person.id, now))
            second = make_person(Role.ADMINISTRATOR, now=now).person
            (reset,) = factors.waiting_resets(second, now)
            write(lambda reset=reset, second=second: factors.confirm_reset(second, reset.id, now))
        else:
            write(lambda holder=holder: standing.remove_account(team.administrator.person, holder.person.id, now))
        assert passkeys.list_passkeys(holder.person) == ()
        assert factor_codes.count_codes(holder.person.id) == 0


def test_a_recovery_code_works_once_beside_the_password(holder, now):
    codes = write(lambda: factor_codes.make_codes(holder.person, now))
    assert (len(set(codes)), factor_codes.count_codes(holder.person.id)) == (10, 10)
    assert not {code.replace("-", "") for code in codes} & set(db.session.scalars(select(FactorCode.code_hash)))

    def come(code: str, password: str = PASSWORD) -> sessions.Opened:
        attempt = write(lambda: tries.start_try("rita", None, now))
        return write(lambda: tries.finish_try(attempt, tries.unlock(attempt, password), code, "a-device", now))

    with pytest.raises(WrongPassword):
        come(codes[0], "not the right one")
    assert come(codes[0].lower().replace("-", " ")).factor == factors.BY_RECOVERY_CODE
    with pytest.raises(SignInFailed):
        come(codes[0])
    assert factor_codes.count_codes(holder.person.id) == 9
    assert told(holder).count("code-used") == 1
    write(lambda: factor_codes.make_codes(holder.person, now))
    with pytest.raises(SignInFailed):
        come(codes[1])


def test_a_try_that_found_no_room_does_not_count_as_wrong(sqlite, now):
    known = make_person(Role.REVIEWER, now=now, name="rita")

    def state() -> tuple[int, dt.datetime | None]:
        db.session.rollback()
        account = db.session.get_one(Account, known.person.id)
        return account.failures, account.delayed_until

    for _ in range(5):
        attempt = write(lambda: tries.start_try("rita", None, now))
        write(lambda attempt=attempt: tries.take_back_try(attempt))
    assert state() == (0, None)
    for _ in range(2):
        write(lambda: tries.start_try("rita", None, now))
    third = write(lambda: tries.start_try("rita", None, now))
    delayed = write(lambda: tries.start_try("rita", None, now))
    write(lambda: tries.take_back_try(delayed))  # it was never let through, so there is nothing to take back
    assert state()[0] == 3
    write(lambda: tries.take_back_try(third))
    assert state() == (2, None)


def test_a_busy_door_says_so_and_counts_nothing(client, clock, monkeypatch):
    known = make_person(Role.REVIEWER, now=clock.now, name="rita")

    def full(*_args) -> bytes:
        raise Busy

    monkeypatch.setattr(passwords, "unlock", full)
    for _ in range(4):
        client.submit(client.page("/staff/sign-in"), name="rita", password=PASSWORD, code="000000", status=503)
    assert db.session.get_one(Account, known.person.id).failures == 0
