"""The keys that authorities are written to: entered by an administrator, believed only after a second person's check.

An administrator who enters a key of his own gets nothing by it: until a supervisor of the desk has compared the
fingerprint with the authority over another channel, no proposal can be made to it (SECURITY 28).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from tipline.crypto import age, signatures
from tipline.crypto import rosters as signed
from tipline.errors import (
    BadInput,
    KeyRefused,
    NeedsSecondPerson,
    NotAllowed,
    NotFound,
    WrongState,
)
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import Desk, DeskMember, Grant
from tipline.models.referral import Authority, AuthorityKey, AuthorityKeyConfirmation
from tipline.roles import Role
from tipline.services import confirmed_keys, log
from tipline.services.voids import void_proposals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipline.services.accounts import Person

CMS_RSA = "cms-rsa"
CHANNELS = ("telephone", "meeting", "video", "post")
TYPED_GROUPS = 4
LONGEST_KEY = 20_000


@dataclass(frozen=True)
class KeyLine:
    """One key of an authority, present or past. ``shown`` is the fingerprint without the groups that are typed."""

    id: str
    authority_id: str
    authority_name: str
    country: str
    kind: str
    state: str
    entered_by: str
    entered_by_name: str
    entered_at: dt.datetime
    fingerprint: str = field(repr=False)
    confirmations: tuple[Confirmation, ...] = ()

    @property
    def shown(self) -> str:
        """All groups but the last: those the authority reads out, and the supervisor types what was heard."""
        groups = self.fingerprint.split()
        return " ".join([*groups[:-TYPED_GROUPS], *("····" for _ in groups[-TYPED_GROUPS:])])


@dataclass(frozen=True)
class Confirmation:
    """Whose word a key is believed on, for which desk."""

    desk_id: str
    desk_name: str
    confirmed_by: str
    confirmed_by_name: str
    confirmed_at: dt.datetime
    channel: str


def check(text: str, now: dt.datetime) -> tuple[str, str, str]:
    """Kind, canonical form and fingerprint of an age X25519 recipient or an X.509 RSA certificate, tried by using it.

    Raises KeyRefused.
    """
    typed = text.strip()
    if len(typed) > LONGEST_KEY:
        raise KeyRefused
    if "BEGIN CERTIFICATE" in typed:
        certificate = signatures.check_recipient_certificate(typed, now)
        return CMS_RSA, certificate, signatures.certificate_fingerprint(certificate)
    recipient = age.check_recipient(typed)
    return age.AGE_X25519, recipient, age.fingerprint(recipient)


def check_unchanged(kind: str, recipient: str, fingerprint: str, now: dt.datetime) -> None:
    """Return if a stored key is still good and still what its fingerprint says. Raises KeyRefused."""
    if check(recipient, now) != (kind, recipient, fingerprint):
        raise KeyRefused


def enter_key(authority_id: str, text: str, person: Person, now: dt.datetime) -> str:
    """Enter an authority's new key; it waits for confirmation, the one before ends now, and so do open proposals.

    Returns the key's id. Raises NotFound, and BadInput with ``recipient``: ``refused`` or ``same``.
    """
    if db.session.get(Authority, authority_id, with_for_update=True) is None:
        raise NotFound
    try:
        kind, recipient, fingerprint = check(text, now)
    except KeyRefused:
        raise BadInput("recipient", "refused") from None
    earlier = db.session.scalars(
        select(AuthorityKey)
        .where(AuthorityKey.authority_id == authority_id, AuthorityKey.state.in_(("entered", "confirmed")))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if any(key.fingerprint == fingerprint for key in earlier):
        raise BadInput("recipient", "same")
    for key in earlier:
        key.state = "replaced"
    made = AuthorityKey(
        authority_id=authority_id,
        kind=kind,
        recipient=recipient,
        fingerprint=fingerprint,
        entered_by=person.id,
        entered_at=now,
    )
    db.session.add(made)
    db.session.flush()
    log.record("authority.key.entered", chain="admin", actor=person.actor, subjects=[authority_id, made.id], now=now)
    void_proposals(authority_id, person.actor, now, chain="admin")
    return made.id


def confirm_key(key_id: str, typed: str, channel: str, person: Person, now: dt.datetime) -> None:
    """Believe a key on this supervisor's word, for the desks whose identity key they hold.

    ``typed`` are the last four groups of the fingerprint as the authority gave them over the ``channel``. Raises
    NotFound, NotAllowed for anybody who is no supervisor with a desk's key, NeedsSecondPerson for whoever entered it,
    WrongState when it was replaced or refused or these desks have confirmed it, and BadInput with ``channel`` or
    ``fingerprint``.
    """
    key = _find(key_id)
    desks = _check_confirmer(key.entered_by, person)
    if key.state not in {"entered", "confirmed"}:
        raise WrongState
    given = select(AuthorityKeyConfirmation.desk_id).where(
        AuthorityKeyConfirmation.key_id == key.id, AuthorityKeyConfirmation.signature.is_not(None)
    )
    waiting = desks - set(db.session.scalars(given).all())
    if not waiting:
        raise WrongState
    if channel not in CHANNELS:
        raise BadInput("channel", "unknown")
    expected = "".join(key.fingerprint.split()[-TYPED_GROUPS:])
    if "".join(sign for sign in typed.lower() if sign.isalnum()) != expected:
        raise BadInput("fingerprint", "mismatch")
    for desk_id in sorted(waiting):
        word = AuthorityKeyConfirmation(
            key_id=key.id,
            desk_id=desk_id,
            confirmed_by=person.id,
            confirmed_at=now,
            channel=channel,
            signature=signed.sign_statement(person.seed, *confirmed_keys.said(key, desk_id, channel)),
        )
        db.session.merge(word)
    if key.state == "entered":
        key.state, key.decided_by, key.decided_at = "confirmed", person.id, now
    db.session.flush()
    _record("authority.key.confirmed", key, person, now, channel)


def refuse_key(key_id: str, person: Person, now: dt.datetime) -> None:
    """End a key that is not the authority's, or is no longer trusted, for every desk; what is proposed to it is void.

    Raises NotFound, NotAllowed, WrongState when it was replaced or refused before.
    """
    key = _find(key_id)
    _check_supervisor(person)
    if key.state not in {"entered", "confirmed"}:
        raise WrongState
    key.state, key.decided_by, key.decided_at = "refused", person.id, now
    db.session.flush()
    _record("authority.key.refused", key, person, now, None)
    void_proposals(key.authority_id, person.actor, now, chain="staff")


def list_keys(authority_id: str | None = None) -> list[KeyLine]:
    """The keys of one authority, or of all: those in use or waiting, then those that have ended, newest first."""
    wanted = (
        select(AuthorityKey, Authority.name, Authority.country, Account.display_name)
        .join(Authority, Authority.id == AuthorityKey.authority_id)
        .outerjoin(Account, Account.id == AuthorityKey.entered_by)
        .order_by(AuthorityKey.state.in_(("replaced", "refused")), AuthorityKey.entered_at.desc(), AuthorityKey.id)
    )
    if authority_id is not None:
        wanted = wanted.where(AuthorityKey.authority_id == authority_id)
    rows = db.session.execute(wanted).all()
    words = _confirmations([row[0].id for row in rows])
    return [_line(key, name, code, who, words.get(key.id, ())) for key, name, code, who in rows]


def read_key(key_id: str) -> KeyLine:
    """One key. Raises NotFound."""
    found = db.session.get(AuthorityKey, key_id)
    if found is None:
        raise NotFound
    return next(line for line in list_keys(found.authority_id) if line.id == key_id)


def can_confirm(line: KeyLine, person: Person) -> bool:
    """Whether this person's word would count, for templates; ``confirm_key`` checks it again."""
    try:
        desks = _check_confirmer(line.entered_by, person)
    except (NotAllowed, NeedsSecondPerson):
        return False
    return line.state in {"entered", "confirmed"} and bool(desks - {word.desk_id for word in line.confirmations})


def _check_supervisor(person: Person) -> set[str]:
    """The desks whose identity key this supervisor holds now. Raises NotAllowed when there is none.

    The role alone is not enough: an administrator gives roles, but only a member of a desk gives its keys.
    """
    if Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    held = db.session.scalars(
        select(Grant.desk_id)
        .join(Desk, (Desk.id == Grant.desk_id) & (Desk.epoch == Grant.epoch))
        .join(DeskMember, (DeskMember.desk_id == Grant.desk_id) & (DeskMember.account_id == Grant.account_id))
        .where(Grant.account_id == person.id, Grant.kind == "identity", DeskMember.standing != "left")
    ).all()
    if not held:
        raise NotAllowed
    return set(held)


def _check_confirmer(entered_by: str, person: Person) -> set[str]:
    if entered_by == person.id:
        raise NeedsSecondPerson
    return _check_supervisor(person)


def _record(event: str, key: AuthorityKey, person: Person, now: dt.datetime, channel: str | None) -> None:
    subjects = [key.authority_id, key.id]
    log.record(event, chain="staff", actor=person.actor, subjects=subjects, now=now, justification=channel)


def _confirmations(ids: Sequence[str]) -> dict[str, tuple[Confirmation, ...]]:
    rows = db.session.execute(
        select(AuthorityKeyConfirmation, Desk.name, Account.display_name)
        .join(Desk, Desk.id == AuthorityKeyConfirmation.desk_id)
        .outerjoin(Account, Account.id == AuthorityKeyConfirmation.confirmed_by)
        .where(AuthorityKeyConfirmation.key_id.in_(ids), AuthorityKeyConfirmation.signature.is_not(None))
        .order_by(AuthorityKeyConfirmation.confirmed_at)
    ).all()
    given: dict[str, tuple[Confirmation, ...]] = {}
    for row, desk, who in rows:
        word = Confirmation(row.desk_id, desk, row.confirmed_by, who or row.confirmed_by, row.confirmed_at, row.channel)
        given[row.key_id] = (*given.get(row.key_id, ()), word)
    return given


def _line(row: AuthorityKey, name: str, code: str, who: str | None, given: tuple[Confirmation, ...]) -> KeyLine:
    return KeyLine(
        id=row.id,
        authority_id=row.authority_id,
        authority_name=name,
        country=code,
        kind=row.kind,
        state=row.state,
        entered_by=row.entered_by,
        entered_by_name=who or row.entered_by,
        entered_at=row.entered_at,
        fingerprint=row.fingerprint,
        confirmations=given,
    )


def _find(key_id: str) -> AuthorityKey:
    found = db.session.get(AuthorityKey, key_id, with_for_update=True)
    if found is None:
        raise NotFound
    return found
