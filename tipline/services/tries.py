"""Trying to sign in: by name, password and second factor, or by a passkey alone.

A try has three parts, so that no slow password check holds the database: ``start_try`` counts it and takes a passkey's
answer, ``unlock`` checks the password and touches no table, ``finish_try`` takes the one-time code and opens the
session. ``start_passkey_try`` begins one with a passkey alone, whose secret stands for the password.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from sqlalchemy import select, update

from tipline.errors import PasskeyRefused, SignInDelayed, SignInFailed, WrongPassword
from tipline.extensions import db
from tipline.models.account import Account, AccountSession
from tipline.services import accounts, factors, failures, log, passkeys, passwords
from tipline.services.accounts import Person
from tipline.services.failures import Counted
from tipline.services.sessions import ENROLLING, Opened, start_session

BY_PASSKEY = "passkey"
BY_PASSKEY_ALONE = "passkey-alone"


@dataclass(frozen=True)
class Try:
    """One attempt to sign in. ``counted`` is none for an unknown name or passkey, ``locked_seed`` when all is lost.

    ``passkey_id`` is the passkey whose answer was taken; when it is ``alone``, its secret stands for the password.
    """

    counted: Counted | None
    locked_seed: bytes | None = field(repr=False)
    passkey_id: str | None = None
    alone: bool = False

    @property
    def account_id(self) -> str | None:
        """Whose try it is."""
        return self.counted.account_id if self.counted else None

    @property
    def open(self) -> bool:
        """False while a delay runs."""
        return self.counted is not None and self.counted.may_go_on


def start_try(name: str, device: str | None, now: dt.datetime, sent: passkeys.Sent | None = None) -> Try:
    """Count one try of an account before its password is looked at, so that many at once do not get round the delay.

    A device that signed in before has its own count, so that nobody else can delay its owner. A passkey's answer is
    taken here, so that a challenge serves one try, whatever else was wrong. The caller commits.
    """
    account = db.session.scalars(
        select(Account).where(Account.name == accounts.fold_name(name), Account.state == "active")
    ).first()
    if account is None or account.locked_seed is None:
        return Try(None, None)
    attempt = Try(failures.count(account.id, device, now), account.locked_seed)
    return _with_passkey(attempt, sent, now) if sent is not None else attempt


def start_passkey_try(sent: passkeys.Sent, device: str | None, now: dt.datetime) -> Try:
    """As ``start_try``, by a passkey alone: the account is the passkey's own, what is locked its wrap of the key."""
    account_id = passkeys.find_owner(sent)
    account = db.session.get(Account, account_id) if account_id else None
    if account is None or account.state != "active":
        return Try(None, None)
    attempt = _with_passkey(Try(failures.count(account.id, device, now), None, alone=True), sent, now)
    if attempt.passkey_id is None:
        return attempt
    return replace(attempt, locked_seed=passkeys.locked_seed_of(attempt.passkey_id))


def unlock(attempt: Try, password: str) -> bytes:
    """The seed behind the password or a passkey's secret. Slow, touches no table; costs the same for an unknown name.

    Raises WrongPassword, also while a delay runs, and Busy.
    """
    if attempt.counted is None or attempt.locked_seed is None or not attempt.open:
        passwords.waste(password, accounts.COST)
        raise WrongPassword
    label = attempt.counted.account_id
    if attempt.alone:
        label = passkeys.lock_label(label, attempt.passkey_id or "")
    return passwords.unlock(attempt.locked_seed, password, label)


def lock_anew(attempt: Try, seed: bytes, password: str) -> bytes | None:
    """A lock of the present version where the password opened one of the former; else None. Slow. Raises Busy."""
    if attempt.alone or attempt.counted is None or not passwords.is_former(attempt.locked_seed):
        return None
    return passwords.lock(seed, password, attempt.counted.account_id, accounts.COST)


def finish_try(
    attempt: Try, seed: bytes, code: str, device: str, now: dt.datetime, *, relocked: bytes | None = None
) -> Opened:
    """Take the one-time code, unless a passkey's answer was taken, and open a session; the device is known from now on.

    After a confirmed reset of the second factor the session only leads to enrolling a new one. ``relocked``, from
    ``lock_anew``, takes the place of a former lock, and only then does the account get a memory of its desks.
    Raises SignInFailed for a wrong or used code; then the caller notes it with ``note_failure``.
    """
    account = db.session.get(Account, attempt.account_id, with_for_update=True, populate_existing=True)
    # A password or passkey that was changed in this very moment is not the account's any more.
    if attempt.counted is None or account is None or account.state != "active" or not _is_current(attempt, account):
        raise SignInFailed
    factor = None
    if attempt.passkey_id is not None:
        factor = BY_PASSKEY_ALONE if attempt.alone else BY_PASSKEY
    elif account.totp_sealed is not None:
        factor = factors.take_code(account.id, account.totp_sealed, seed, code, now)
    elif not factors.may_enrol_anew(account.id, now):
        raise SignInFailed
    failures.forget(attempt.counted)
    if relocked is not None:
        account.locked_seed = relocked
        accounts.complete_keys(account, seed)
    if factor is None:
        person = accounts.person_for(account.id, seed, now)
        factors.start_enrolment(person)
        return start_session(account.id, seed, now, purpose=ENROLLING)
    failures.remember_device(device, account.id, now)
    return start_session(account.id, seed, now, factor=factor)


def note_failure(attempt: Try, now: dt.datetime) -> None:
    """Log a failed try of an account that exists; a try under an unknown name leaves nothing."""
    if attempt.account_id is not None and attempt.open:
        chain = accounts.chain_of(accounts.roles_of(attempt.account_id))
        log.record("sign.failed", chain=chain, actor=None, subjects=[attempt.account_id], now=now, outcome="denied")


def take_back_try(attempt: Try) -> None:
    """The service had no room for the try: it counts for nothing."""
    if attempt.counted is not None:
        failures.take_back(attempt.counted)


def start_recheck(person: Person, device: str | None, now: dt.datetime) -> Try:
    """Count a try of typing the password again; as ``start_try``. Raises SignInDelayed while a delay runs."""
    account = db.session.get_one(Account, person.id)
    counted = failures.count(account.id, device, now)
    if not counted.may_go_on:
        until = counted.delayed_until or now
        raise SignInDelayed(max(1, int((until - now).total_seconds())))
    return Try(counted, account.locked_seed)


def finish_recheck(person: Person, attempt: Try, now: dt.datetime) -> None:
    """Note that the person has just typed the right password."""
    if attempt.counted is not None:
        failures.forget(attempt.counted)
    db.session.execute(update(AccountSession).where(AccountSession.id == person.session_id).values(password_at=now))
    log.record("password.typed", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def _with_passkey(attempt: Try, sent: passkeys.Sent, now: dt.datetime) -> Try:
    """The try with the passkey whose answer was taken; unchanged while a delay runs or when the answer is refused."""
    if attempt.counted is None or not attempt.open:
        return attempt
    try:
        return replace(attempt, passkey_id=passkeys.take_answer(attempt.counted.account_id, sent, now))
    except PasskeyRefused:
        return attempt


def _is_current(attempt: Try, account: Account) -> bool:
    if attempt.passkey_id is not None and not passkeys.is_there(attempt.passkey_id):
        return False
    return attempt.alone or attempt.locked_seed == account.locked_seed
