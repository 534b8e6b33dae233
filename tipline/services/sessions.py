"""Staying signed in: sessions, what opens them at each request, and what ends them. ``tries`` begins them."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from tipline.crypto.passwords import open_session, seal_session
from tipline.errors import CannotOpen, NotFound, SignInNeeded
from tipline.extensions import db
from tipline.models.account import Account, AccountSession, KnownDevice
from tipline.models.base import table_of
from tipline.services import account_changes, accounts, log
from tipline.services.accounts import Person
from tipline.services.failures import DEVICE_KNOWN

IDLE = dt.timedelta(minutes=30)
LONGEST = dt.timedelta(hours=10)
FRESH = dt.timedelta(minutes=5)
FRESH_TO_SEND = dt.timedelta(minutes=15)  # a page that was opened in time may be filled in without losing it
SEEN_EVERY = dt.timedelta(minutes=1)
SIGNED_IN = "signed-in"
ENROLLING = "enrolling"
# Built once: every page behind sign-in asks this.
_S, _A = table_of(AccountSession).c, table_of(Account).c
_FIND = (
    select(_S.account_id, _S.sealed_seed, _S.started_at, _S.seen_at, _S.password_at, _A.name, _A.display_name, _A.state)
    .join(table_of(Account), _A.id == _S.account_id)
    .where(_S.id == bindparam("session"), _S.purpose == bindparam("purpose"))
)


@dataclass(frozen=True)
class Opened:
    """A session: ``token`` is the cookie's secret, ``purpose`` what it opens, ``factor`` what was shown for it."""

    token: str = field(repr=False)
    purpose: str
    roles: frozenset[Any]
    factor: str | None = None


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


def start_session(
    account_id: str, seed: bytes, now: dt.datetime, *, purpose: str = SIGNED_IN, factor: str | None = None
) -> Opened:
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
        log.record(
            "signed.in", chain=person.chain, actor=person.actor, subjects=[account_id], now=now, field_group=factor
        )
    return Opened(token, purpose, person.roles, factor)


def read_session(token: str, now: dt.datetime, *, purpose: str = SIGNED_IN) -> SignedIn:
    """Who holds this token. Raises SignInNeeded when the session is over, idle, for another purpose or not there."""
    session_id = id_of(token)
    row = db.run(_FIND, {"session": session_id, "purpose": purpose}).first()
    if row is None:
        raise SignInNeeded
    may_come = row.state == "active" or (purpose == ENROLLING and row.state == "invited")
    if not may_come or now - row.seen_at >= IDLE or now - row.started_at >= LONGEST:
        raise SignInNeeded
    try:
        seed = open_session(row.sealed_seed, token.encode(), session_id)
    except CannotOpen:
        raise SignInNeeded from None
    roles = accounts.roles_of(row.account_id)
    person = Person(row.account_id, row.name, row.display_name, roles, session_id, seed, row.password_at)
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


def end_other_sessions(person: Person, now: dt.datetime) -> None:
    """End all of the person's own sessions but the one they sit before."""
    accounts.end_sessions(person.id, but=person.session_id)
    log.record(
        "session.ended", chain=person.chain, actor=person.actor, subjects=[person.id], now=now, field_group="others"
    )


def list_sessions(person: Person, now: dt.datetime) -> tuple[SessionRef, ...]:
    """The person's own sessions that are still alive, the newest first."""
    rows = db.session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == person.id, AccountSession.purpose == SIGNED_IN)
        .where(AccountSession.seen_at > now - IDLE, AccountSession.started_at > now - LONGEST)
        .order_by(AccountSession.started_at.desc())
    )
    return tuple(SessionRef(row.id, row.started_at, row.seen_at, row.id == person.session_id) for row in rows)


def change_password(person: Person, locked_seed: bytes, now: dt.datetime) -> None:
    """Lock the same key under a new password, made with ``passwords.lock``: grants stay, other sessions end."""
    account = db.session.get_one(Account, person.id, with_for_update=True)
    account.locked_seed = locked_seed
    accounts.end_sessions(person.id, but=person.session_id)
    account_changes.note(person.id, "password-changed", now)
    log.record("password.changed", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def erase_due_sessions(now: dt.datetime) -> int:
    """Delete sessions that are over, devices not seen for long and changes told long ago; how many rows went."""
    over = delete(AccountSession).where(
        or_(AccountSession.seen_at <= now - IDLE, AccountSession.started_at <= now - LONGEST)
    )
    unused = delete(KnownDevice).where(KnownDevice.used_on < (now - DEVICE_KNOWN).date())
    gone = sum(db.session.execute(each).rowcount for each in (over, unused))  # type: ignore[attr-defined]
    return gone + account_changes.erase_due(now)


def id_of(token: str) -> str:
    """What is stored of a session's or device's token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
