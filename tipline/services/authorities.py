"""Authorities that tips can be referred to: who they are and on which basis data may go to them (Art. 94).

What is encrypted to lies in ``recipient_keys``: an authority can be used once a key of it was confirmed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from tipline.errors import BadInput, KeyRefused, NotFound, ReferralRefused
from tipline.extensions import db
from tipline.models.referral import Authority, AuthorityKey, AuthorityKeyConfirmation
from tipline.services import log, recipients, voids
from tipline.services.countries import country

if TYPE_CHECKING:
    from tipline.services.accounts import Person

CHAIN = "admin"
KINDS = ("national_unit", "police", "prosecutor", "central_authority", "hotline", "international_organisation")
TRANSFER_BASES = ("member_state", "adequacy", "agreement", "safeguards", "derogation")
LONGEST_NAME = 200
LONGEST_CONTACT = 300


@dataclass(frozen=True)
class AuthorityEntry:
    """What an administrator enters about an authority."""

    name: str
    country: str
    kind: str
    contact_point: str
    transfer_basis: str
    basis_expires_on: dt.date | None


@dataclass(frozen=True)
class Recipient:
    """An authority that may be written to now, and the key to encrypt to."""

    authority_id: str
    name: str
    country: str
    country_name: str
    kind: str
    contact_point: str
    transfer_basis: str
    basis_expires_on: dt.date | None
    key_id: str
    key_kind: str  # age-x25519, cms-rsa
    recipient: str
    fingerprint: str
    confirmed_by: str
    confirmed_at: dt.datetime


@dataclass(frozen=True)
class AuthorityLine:
    """One authority in a list. ``obstacle`` is the code of what keeps it from being used, or None."""

    id: str
    name: str
    country: str
    country_name: str
    kind: str
    contact_point: str
    transfer_basis: str
    basis_expires_on: dt.date | None
    state: str
    obstacle: str | None

    @property
    def entry(self) -> AuthorityEntry:
        """What can be changed of it."""
        return AuthorityEntry(
            self.name, self.country, self.kind, self.contact_point, self.transfer_basis, self.basis_expires_on
        )


def authorities(now: dt.datetime) -> list[AuthorityLine]:
    """All authorities by name."""
    return [_line(row, now) for row in db.session.scalars(select(Authority).order_by(Authority.name)).all()]


def authority(authority_id: str, now: dt.datetime) -> AuthorityLine:
    """One authority. Raises NotFound."""
    return _line(_find(authority_id), now)


def usable(authority_id: str, now: dt.datetime, desk_id: str | None = None) -> Recipient:
    """Whom to encrypt to for this authority, checked at this moment.

    With ``desk_id`` a supervisor of that desk must have confirmed the key. Raises ReferralRefused with ``inactive``,
    ``basis-missing``, ``basis-expired``, ``no-key``, ``key-unconfirmed`` or ``key-expired``, and NotFound.
    """
    found = _find(authority_id)
    _check_basis(found, now)
    key, word = _confirmed_key(found.id, desk_id)
    try:
        recipients.check_unchanged(key.kind, key.recipient, key.fingerprint, now)
    except KeyRefused:
        raise ReferralRefused("key-expired") from None
    return Recipient(
        authority_id=found.id,
        name=found.name,
        country=found.country,
        country_name=country(found.country).name,
        kind=found.kind,
        contact_point=found.contact_point,
        transfer_basis=found.transfer_basis,
        basis_expires_on=found.basis_expires_on,
        key_id=key.id,
        key_kind=key.kind,
        recipient=key.recipient,
        fingerprint=key.fingerprint,
        confirmed_by=word.confirmed_by,
        confirmed_at=word.confirmed_at,
    )


def usable_authorities(now: dt.datetime, desk_id: str | None = None) -> list[Recipient]:
    """Every authority that this desk may write to now, by name: the choices of a proposal."""
    found = []
    for row in db.session.scalars(select(Authority).where(Authority.state == "active").order_by(Authority.name)).all():
        try:
            found.append(usable(row.id, now, desk_id))
        except ReferralRefused:
            continue
    return found


def enter_authority(entry: AuthorityEntry, person: Person, now: dt.datetime) -> str:
    """A new authority, without a key yet; returns its id. Raises BadInput."""
    _check(entry, now, but=None)
    made = Authority(created_at=now, **_columns(entry))
    db.session.add(made)
    db.session.flush()
    log.record("authority.entered", chain=CHAIN, actor=person.actor, subjects=[made.id], now=now)
    return made.id


def change_authority(authority_id: str, entry: AuthorityEntry, person: Person, now: dt.datetime) -> None:
    """Change an authority's record. Raises NotFound, BadInput.

    A change of who it is or on which basis it gets data voids what is proposed to it; a new contact point or a later
    date of the same basis does not.
    """
    found = _find(authority_id)
    _check(entry, now, but=authority_id)
    before = (found.name, found.country, found.kind, found.transfer_basis)
    for name, value in _columns(entry).items():
        setattr(found, name, value)
    db.session.flush()
    log.record("authority.changed", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now, field_group="record")
    if before != (found.name, found.country, found.kind, found.transfer_basis):
        voids.void_proposals(found.id, person.actor, now, chain=CHAIN)


def set_active(authority_id: str, person: Person, now: dt.datetime, *, active: bool) -> None:
    """Put an authority in or out of use; out of use voids what is proposed to it. Raises NotFound."""
    found = _find(authority_id)
    found.state = "active" if active else "inactive"
    log.record("authority.changed", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now, field_group="state")
    if not active:
        voids.void_proposals(found.id, person.actor, now, chain=CHAIN)


def needs_basis(country_code: str, kind: str) -> bool:
    """Whether sending there is a transfer in the sense of Art. 94: a third country or an international organisation."""
    return not country(country_code).eea or kind == "international_organisation"


def _check(entry: AuthorityEntry, now: dt.datetime, *, but: str | None) -> None:
    if not entry.name or len(entry.name) > LONGEST_NAME:
        raise BadInput("name", "length")
    same = db.session.scalars(select(Authority.id).where(Authority.name == entry.name)).first()
    if same is not None and same != but:
        raise BadInput("name", "taken")
    if entry.kind not in KINDS:
        raise BadInput("kind", "unknown")
    if not entry.contact_point or len(entry.contact_point) > LONGEST_CONTACT:
        raise BadInput("contact_point", "length")
    if entry.transfer_basis not in TRANSFER_BASES:
        raise BadInput("transfer_basis", "unknown")
    if not needs_basis(entry.country, entry.kind):
        return
    if entry.transfer_basis == "member_state":
        raise BadInput("transfer_basis", "third-country")
    if entry.basis_expires_on is None:
        raise BadInput("basis_expires_on", "missing")
    if entry.basis_expires_on <= now.date():
        raise BadInput("basis_expires_on", "past")


def _columns(entry: AuthorityEntry) -> dict[str, str | dt.date | None]:
    return {
        "name": entry.name,
        "country": entry.country,
        "kind": entry.kind,
        "contact_point": entry.contact_point,
        "transfer_basis": entry.transfer_basis,
        "basis_expires_on": entry.basis_expires_on if entry.transfer_basis != "member_state" else None,
    }


def _check_basis(found: Authority, now: dt.datetime) -> None:
    if found.state != "active":
        raise ReferralRefused("inactive")
    third = needs_basis(found.country, found.kind)
    if third and (found.transfer_basis == "member_state" or found.basis_expires_on is None):
        raise ReferralRefused("basis-missing")
    # The basis holds to the end of the day it names.
    if found.basis_expires_on is not None and found.basis_expires_on < now.date():
        raise ReferralRefused("basis-expired")


def _confirmed_key(authority_id: str, desk_id: str | None) -> tuple[AuthorityKey, AuthorityKeyConfirmation]:
    keys = db.session.scalars(
        select(AuthorityKey).where(
            AuthorityKey.authority_id == authority_id, AuthorityKey.state.in_(("entered", "confirmed"))
        )
    ).all()
    if not keys:
        raise ReferralRefused("no-key")
    word = select(AuthorityKeyConfirmation).where(AuthorityKeyConfirmation.signature.is_not(None))
    word = word.order_by(AuthorityKeyConfirmation.confirmed_at)
    if desk_id is not None:
        word = word.where(AuthorityKeyConfirmation.desk_id == desk_id)
    for key in keys:
        given = db.session.scalars(word.where(AuthorityKeyConfirmation.key_id == key.id).limit(1)).first()
        if key.state == "confirmed" and given is not None and given.confirmed_by != key.entered_by:
            return key, given
    raise ReferralRefused("key-unconfirmed")


def _line(row: Authority, now: dt.datetime) -> AuthorityLine:
    obstacle = None
    try:
        usable(row.id, now)
    except ReferralRefused as refused:
        obstacle = refused.reason
    return AuthorityLine(
        id=row.id,
        name=row.name,
        country=row.country,
        country_name=country(row.country).name,
        kind=row.kind,
        contact_point=row.contact_point,
        transfer_basis=row.transfer_basis,
        basis_expires_on=row.basis_expires_on,
        state=row.state,
        obstacle=obstacle,
    )


def _find(authority_id: str) -> Authority:
    found = db.session.get(Authority, authority_id)
    if found is None:
        raise NotFound
    return found
