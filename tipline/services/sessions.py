"""Signing in and staying signed in.

A try at the door has three parts, so that no slow password check holds the database: ``start_try`` counts it,
``unlock`` checks the password and touches no table, ``finish_try`` takes the one-time code and opens the session.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, or_, select, update

from tipline.crypto.passwords import open_session, seal_session
from tipline.errors import CannotOpen, NotFound, SignInDelayed, SignInFailed, SignInNeeded, WrongPassword
from tipline.extensions import db
from tipline.models.account import Account, AccountSession, KnownDevice
from tipline.services import accounts, factors, log, passwords
from tipline.services.accounts import Person

IDLE = dt.timedelta(minutes=30)
LONGEST = dt.timedelta(hours=10)
FRESH = dt.timedelta(minutes=5)
FRESH_TO_SEND = dt.timedelta(minutes=15)  # a page that was opened in time may be filled in without losing it
SEEN_EVERY = dt.timedelta(minutes=1)
DEVICE_KNOWN = dt.timedelta(days=60)
FREE_FAILURES = 3
FIRST_DELAY = 5
LONGEST_DELAY = 900
SIGNED_IN = "signed-in"
ENROLLING = "enrolling"


@dataclass(frozen=True)
class Try:
    """One attempt to sign in. ``account_id`` is none for an unknown name; ``open`` is false while a delay runs."""

    account_id: str | None
    locked_seed: bytes | None = field(repr=False)
    device_id: str | None = field(repr=False)
    open: bool


@dataclass(frozen=True)
class Opened:
    """A session: ``token`` is the cookie's secret, ``purpose`` what it opens."""

    token: str = field(repr=False)
    purpose: str
    roles: frozenset[Any]


@dataclass(frozen=True)
class SignedIn:
    """A person found by their cookie, and when they were last seen."""

    person: Person
    seen_at: dt.datetime


@dataclass(frozen=True)
class SessionRef:
    """One of a person's sessions, as their own list shows it."""

    id: str
    started_at: dt.datetime
    seen_at: dt.datetime
    is_this: bool


def start_try(name: str, device: str | None, now: dt.datetime) -> Try:
    """Count one try of an account before its password is looked at, so that many at once do not get round the delay.

    A device that signed in before has its own count, so that nobody else can delay its owner. The caller commits.
    """
    account = db.session.scalars(
        select(Account).where(Account.name == accounts.fold_name(name), Account.state == "active")
    ).first()
    if account is None or account.locked_seed is None:
        return Try(None, None, None, open=False)
    known = _known_device(device, account.id, now)
    is_open = _count(KnownDevice, known, now) if known else _count(Account, account.id, now)
    return Try(account.id, account.locked_seed, known, open=is_open)


def unlock(attempt: Try, password: str) -> bytes:
    """The seed behind the password. Slow, touches no table; costs the same for an unknown name.

    Raises WrongPassword, also while a delay runs, and Busy.
    """
    if attempt.account_id is None or attempt.locked_seed is None or not attempt.open:
        passwords.waste(password, accounts.COST)
        raise WrongPassword
    return passwords.unlock(attempt.locked_seed, password, attempt.account_id)


def finish_try(attempt: Try, seed: bytes, code: str, device: str, now: dt.datetime) -> Opened:
    """Take the one-time code and open a session; the device is known from now on.

    After a confirmed reset of the second factor the session only leads to enrolling a new one.
    Raises SignInFailed for a wrong or used code; then the caller notes it with ``note_failure``.
    """
    account = db.session.get(Account, attempt.account_id, with_for_update=True, populate_existing=True)
    # A password that was changed in this very moment is not the account's any more.
    if account is None or account.state != "active" or account.locked_seed != attempt.locked_seed:
        raise SignInFailed
    if account.totp_sealed is not None:
        factors.take_code(account.id, account.totp_sealed, seed, code, now)
    elif not factors.may_enrol_anew(account.id, now):
        raise SignInFailed
    _forget_failures(attempt, account.id)
    if account.totp_sealed is None:
        person = accounts.person_for(account.id, seed, now)
        factors.start_enrolment(person)
        return start_session(account.id, seed, now, purpose=ENROLLING)
    remember_device(device, account.id, now)
    return start_session(account.id, seed, now)


def note_failure(attempt: Try, now: dt.datetime) -> None:
    """Log a failed try of an account that exists; a try under an unknown name leaves nothing."""
    if attempt.account_id is not None and attempt.open:
        chain = accounts.chain_of(accounts.roles_of(attempt.account_id))
        log.record("sign.failed", chain=chain, actor=None, subjects=[attempt.account_id], now=now, outcome="denied")


def start_session(account_id: str, seed: bytes, now: dt.datetime, *, purpose: str = SIGNED_IN) -> Opened:
    """Open a session for somebody whose password and second factor have passed; logs ``signed.in``."""
    token = secrets.token_urlsafe(32)
    session_id = id_of(token)
    db.session.add(
        AccountSession(
            id=session_id,
            account_id=account_id,
            purpose=purpose,
            sealed_seed=seal_session(seed, token.encode(), session_id),
            started_at=now,
            seen_at=now,
            password_at=now,
        )
    )
    db.session.flush()
    person = accounts.person_for(account_id, seed, now, session_id)
    if purpose == SIGNED_IN:
        log.record("signed.in", chain=person.chain, actor=person.actor, subjects=[account_id], now=now)
    return Opened(token, purpose, person.roles)


def read_session(token: str, now: dt.datetime, *, purpose: str = SIGNED_IN) -> SignedIn:
    """Who holds this token. Raises SignInNeeded when the session is over, idle, for another purpose or not there."""
    session_id = id_of(token)
    found = db.session.execute(
        select(AccountSession, Account)
        .join(Account, Account.id == AccountSession.account_id)
        .where(AccountSession.id == session_id, AccountSession.purpose == purpose)
    ).one_or_none()
    if found is None:
        raise SignInNeeded
    row, account = found
    may_come = account.state == "active" or (purpose == ENROLLING and account.state == "invited")
    if not may_come or now - row.seen_at >= IDLE or now - row.started_at >= LONGEST:
        raise SignInNeeded
    try:
        seed = open_session(row.sealed_seed, token.encode(), session_id)
    except CannotOpen:
        raise SignInNeeded from None
    person = Person(
        account.id, account.name, account.display_name, accounts.roles_of(account.id), session_id, seed, row.password_at
    )
    return SignedIn(person, row.seen_at)


def touch_session(session_id: str, now: dt.datetime) -> None:
    """Note that somebody was seen."""
    db.session.execute(update(AccountSession).where(AccountSession.id == session_id).values(seen_at=now))


def end_session(person: Person, session_id: str, now: dt.datetime) -> None:
    """End one of the person's own sessions; the key that lay in it is gone. Raises NotFound."""
    gone = db.session.execute(
        delete(AccountSession).where(AccountSession.id == session_id, AccountSession.account_id == person.id)
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound
    event = "signed.out" if session_id == person.session_id else "session.ended"
    log.record(event, chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def list_sessions(person: Person, now: dt.datetime) -> tuple[SessionRef, ...]:
    """The person's own sessions that are still alive, the newest first."""
    rows = db.session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == person.id, AccountSession.purpose == SIGNED_IN)
        .where(AccountSession.seen_at > now - IDLE, AccountSession.started_at > now - LONGEST)
        .order_by(AccountSession.started_at.desc())
    )
    return tuple(SessionRef(row.id, row.started_at, row.seen_at, row.id == person.session_id) for row in rows)


def start_recheck(person: Person, device: str | None, now: dt.datetime) -> Try:
    """Count a try of typing the password again; as ``start_try``. Raises SignInDelayed while a delay runs."""
    account = db.session.get_one(Account, person.id)
    known = _known_device(device, account.id, now)
    counted: Account | KnownDevice = db.session.get_one(KnownDevice, known) if known else account
    if not _count(type(counted), counted.id, now):
        until = counted.delayed_until or now
        raise SignInDelayed(max(1, int((until - now).total_seconds())))
    return Try(account.id, account.locked_seed, known, open=True)


def finish_recheck(person: Person, attempt: Try, now: dt.datetime) -> None:
    """Note that the person has just typed the right password."""
    _forget_failures(attempt, person.id)
    db.session.execute(update(AccountSession).where(AccountSession.id == person.session_id).values(password_at=now))
    log.record("password.typed", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def change_password(person: Person, locked_seed: bytes, now: dt.datetime) -> None:
    """Lock the same key under a new password, made with ``passwords.lock``: grants stay, other sessions end."""
    account = db.session.get_one(Account, person.id, with_for_update=True)
    account.locked_seed = locked_seed
    accounts.end_sessions(person.id, but=person.session_id)
    log.record("password.changed", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def erase_due_sessions(now: dt.datetime) -> int:
    """Delete sessions that are over and devices not seen for long; how many rows went."""
    over = delete(AccountSession).where(
        or_(AccountSession.seen_at <= now - IDLE, AccountSession.started_at <= now - LONGEST)
    )
    unused = delete(KnownDevice).where(KnownDevice.used_on < (now - DEVICE_KNOWN).date())
    return sum(db.session.execute(each).rowcount for each in (over, unused))  # type: ignore[attr-defined]


def id_of(token: str) -> str:
    """What is stored of a session's or device's token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def _device_id(device: str, account_id: str) -> str:
    return id_of(f"{account_id}/{device}")


def _known_device(device: str | None, account_id: str, now: dt.datetime) -> str | None:
    if not device:
        return None
    row = db.session.get(KnownDevice, _device_id(device, account_id))
    return row.id if row is not None and row.used_on >= (now - DEVICE_KNOWN).date() else None


def _count(table: type[Account | KnownDevice], row_id: str, now: dt.datetime) -> bool:
    """Count a try, unless a delay runs: whether it may go on. A success takes the count back."""
    counted = db.session.execute(
        update(table)
        .where(table.id == row_id, or_(table.delayed_until.is_(None), table.delayed_until <= now))
        .values(failures=table.failures + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        return False
    failures = db.session.scalar(select(table.failures).where(table.id == row_id)) or 0
    beyond = failures - FREE_FAILURES
    if beyond >= 0:
        until = now + dt.timedelta(seconds=min(FIRST_DELAY * 2 ** min(beyond, 12), LONGEST_DELAY))
        db.session.execute(
            update(table)
            .where(table.id == row_id)
            .values(delayed_until=until)
            .execution_options(synchronize_session=False)
        )
    return True


def _forget_failures(attempt: Try, account_id: str) -> None:
    table: type[Account | KnownDevice] = KnownDevice if attempt.device_id else Account
    db.session.execute(
        update(table)
        .where(table.id == (attempt.device_id or account_id))
        .values(failures=0, delayed_until=None)
        .execution_options(synchronize_session=False)
    )


def remember_device(device: str, account_id: str, now: dt.datetime) -> None:
    """Know this browser from now on: its failures are counted apart from everybody else's."""
    row = db.session.get(KnownDevice, _device_id(device, account_id))
    if row is None:
        db.session.add(
            KnownDevice(id=_device_id(device, account_id), account_id=account_id, failures=0, used_on=now.date())
        )
    else:
        row.used_on = now.date()
