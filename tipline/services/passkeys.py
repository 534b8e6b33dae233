"""Passkeys of people: a second factor beside the authenticator app and, for one that makes a secret, a way to the key.

The secret is HKDF of the passkey's PRF output, made in the browser. It goes through the same Argon2, pepper, pool and
delays as a password and is never stored; a second wrap of the account's seed lies under it (SECURITY 14).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update

from tipline import config
from tipline.crypto import passkeys as crypto
from tipline.crypto.passkeys import Site, new_challenge
from tipline.errors import BadInput, NotFound, PasskeyRefused
from tipline.extensions import db
from tipline.models.account import Account, Passkey
from tipline.models.base import new_id
from tipline.services import account_changes, accounts, log, passwords
from tipline.services.accounts import Person

__all__ = ["Site", "new_challenge"]

CHALLENGE_LASTS = dt.timedelta(minutes=5)
MOST_EACH = 10
LONGEST_LABEL = 60
SECRET_SIZE = 43  # characters: 32 bytes as base64url


@dataclass(frozen=True)
class Sent:
    """What a browser sent for a passkey, and the challenge, moment and site that it was asked with."""

    raw: str = field(repr=False)
    challenge: bytes = field(repr=False)
    asked_at: dt.datetime
    site: Site


@dataclass(frozen=True)
class PasskeyRef:
    """One of a person's passkeys, as their own list shows it."""

    id: str
    label: str
    host: str
    opens_key: bool
    made_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True)
class Lock:
    """The account's seed locked under a passkey's secret, for a passkey that is about to be kept under this id."""

    passkey_id: str
    locked_seed: bytes | None = field(repr=False)


def creation_options(person: Person, site: Site, challenge: bytes) -> dict[str, Any]:
    """What the person's browser is asked to make."""
    known = db.session.scalars(
        select(Passkey.credential_id).where(Passkey.account_id == person.id, Passkey.rp_id == site.rp_id)
    )
    return crypto.creation_options(
        site,
        challenge,
        service=config.current().service_name,
        user=person.id.encode(),
        name=person.name,
        shown=person.display_name,
        known=list(known),
    )


def request_options(site: Site, challenge: bytes) -> dict[str, Any]:
    """What a browser is asked to sign, whoever sits before it."""
    return crypto.request_options(site, challenge)


def lock(person: Person, secret: str) -> Lock:
    """Lock the person's seed under a passkey's secret; without one the passkey is a second factor only.

    Slow, touches no table. Raises PasskeyRefused for what is no secret of a passkey, and Busy.
    """
    passkey_id = new_id()
    if not secret:
        return Lock(passkey_id, None)
    _check_secret(secret)
    label = lock_label(person.id, passkey_id)
    return Lock(passkey_id, passwords.lock(person.seed, secret, label, accounts.COST))


def check_label(person: Person, label: str) -> str:
    """What a new passkey is called. Raises BadInput on ``label``: empty, too-long, taken, too-many (of passkeys)."""
    shown = " ".join(label.split())
    if not shown or len(shown) > LONGEST_LABEL:
        raise BadInput("label", "too-long" if shown else "empty")
    known = list(db.session.scalars(select(Passkey.label).where(Passkey.account_id == person.id)))
    if shown.casefold() in {each.casefold() for each in known}:
        raise BadInput("label", "taken")
    if len(known) >= MOST_EACH:
        raise BadInput("label", "too-many")
    return shown


def add_passkey(person: Person, sent: Sent, label: str, locked: Lock, now: dt.datetime) -> None:
    """Keep a passkey that the person's browser has just made; other sessions end.

    Raises BadInput as ``check_label`` does, PasskeyRefused for an answer to another challenge, from another site, too
    late, or of a passkey that is known already.
    """
    db.session.get_one(Account, person.id, with_for_update=True)
    shown = check_label(person, label)
    _check_moment(sent, now)
    made = crypto.check_new(sent.raw, sent.challenge, sent.site)
    if _by_credential(made.credential_id) is not None:
        raise PasskeyRefused
    db.session.add(
        Passkey(
            id=locked.passkey_id,
            account_id=person.id,
            label=shown,
            rp_id=sent.site.rp_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            locked_seed=locked.locked_seed,
            made_at=now,
            answered_at=sent.asked_at,
        )
    )
    _told(person, "added", now)


def list_passkeys(person: Person) -> tuple[PasskeyRef, ...]:
    """The person's own passkeys, the oldest first."""
    rows = db.session.scalars(
        select(Passkey).where(Passkey.account_id == person.id).order_by(Passkey.made_at, Passkey.id)
    )
    return tuple(_describe(row) for row in rows)


def read_passkey(person: Person, passkey_id: str) -> PasskeyRef:
    """One of the person's own passkeys. Raises NotFound."""
    row = db.session.get(Passkey, passkey_id)
    if row is None or row.account_id != person.id:
        raise NotFound
    return _describe(row)


def revoke_passkey(person: Person, passkey_id: str, now: dt.datetime) -> None:
    """Take one of the person's passkeys away, and with it the wrap of the key; other sessions end. Raises NotFound."""
    gone = db.session.execute(delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == person.id))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound
    _told(person, "revoked", now)


def find_owner(sent: Sent) -> str | None:
    """Whose account this answer says it is for; nothing is proved yet."""
    try:
        row = _by_credential(crypto.read_answer(sent.raw).credential_id)
    except PasskeyRefused:
        return None
    return None if row is None else row.account_id


def take_answer(account_id: str, sent: Sent, now: dt.datetime) -> str:
    """Accept a passkey's answer for this account, once: the passkey's id.

    A challenge is taken once, and none that was given before it: a second use fails, even at the same instant.
    Raises PasskeyRefused for another account's passkey, another challenge, site or origin, a person who was not
    verified, a count that does not go on, and a challenge older than five minutes.
    """
    _check_moment(sent, now)
    answer = crypto.read_answer(sent.raw)
    row = _by_credential(answer.credential_id)
    if row is None or row.account_id != account_id or row.rp_id != sent.site.rp_id:
        raise PasskeyRefused
    if answer.user is not None and answer.user != account_id.encode():
        raise PasskeyRefused
    count = crypto.check_answer(answer, sent.challenge, sent.site, public_key=row.public_key, sign_count=row.sign_count)
    taken = db.session.execute(
        update(Passkey)
        .where(Passkey.id == row.id, Passkey.answered_at < sent.asked_at, Passkey.sign_count == row.sign_count)
        .values(answered_at=sent.asked_at, sign_count=count)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise PasskeyRefused
    return row.id


def locked_seed_of(passkey_id: str) -> bytes | None:
    """The seed's wrap of a passkey; none when the passkey is gone or opens no key."""
    return db.session.scalar(select(Passkey.locked_seed).where(Passkey.id == passkey_id))


def is_there(passkey_id: str) -> bool:
    """Whether a passkey has not been revoked."""
    return db.session.scalar(select(Passkey.id).where(Passkey.id == passkey_id)) is not None


def lock_label(account_id: str, passkey_id: str) -> str:
    """What binds a wrap to its account and its passkey."""
    return f"{account_id}/{passkey_id}"


def _by_credential(credential_id: bytes) -> Passkey | None:
    return db.session.scalars(
        select(Passkey).where(Passkey.credential_id == credential_id).execution_options(populate_existing=True)
    ).one_or_none()


def _check_moment(sent: Sent, now: dt.datetime) -> None:
    if not dt.timedelta(0) <= now - sent.asked_at < CHALLENGE_LASTS:
        raise PasskeyRefused


def _check_secret(secret: str) -> None:
    plain = secret.isascii() and all(each.isalnum() or each in "-_" for each in secret)
    if len(secret) != SECRET_SIZE or not plain:
        raise PasskeyRefused


def _told(person: Person, what: str, now: dt.datetime) -> None:
    accounts.end_sessions(person.id, but=person.session_id)
    account_changes.note(person.id, f"passkey-{what}", now)
    log.record(f"passkey.{what}", chain=person.chain, actor=person.actor, subjects=[person.id], now=now)


def _describe(row: Passkey) -> PasskeyRef:
    used_at = row.answered_at if row.answered_at > row.made_at else None
    return PasskeyRef(row.id, row.label, row.rp_id, row.locked_seed is not None, row.made_at, used_at)
