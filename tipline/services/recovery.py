"""Recovery codes: a desk's keys on paper, confirmed by two supervisors, replaced whenever one is used (SECURITY 7)."""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select

from tipline.crypto import grants, opening
from tipline.crypto.grants import Kind
from tipline.errors import BadInput, NeedsSecondPerson, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskMember, RecoveryCode
from tipline.roles import Role
from tipline.services import desk_keys, log
from tipline.services.accounts import Person


@dataclass(frozen=True)
class RecoveryCodes:
    """The two codes of a desk, shown once, to be copied onto paper."""

    content: str = field(repr=False)
    identity: str = field(repr=False)


@dataclass(frozen=True)
class CodeState:
    """How far a code is: who has confirmed it, whether it was used, and whether somebody who saw it has left."""

    kind: str
    first_confirmed_by: str | None
    second_confirmed_by: str | None
    used: bool
    seen_by_leaver: bool = False

    @property
    def confirmed(self) -> bool:
        """Whether two supervisors have typed it and nobody has used it."""
        return self.second_confirmed_by is not None and not self.used

    @property
    def must_be_renewed(self) -> bool:
        """Whether this paper has done its service: a new code has to take its place (SECURITY 7)."""
        return self.used or self.seen_by_leaver


def make_codes(person: Person, desk: Desk, seeds: dict[Kind, bytes], now: dt.datetime) -> RecoveryCodes:
    """Draw two codes and seal the desk's seeds to them; earlier codes of the desk open nothing any more."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.desk_id == desk.id))
    written: dict[Kind, str] = {}
    for kind, seed in seeds.items():
        written[kind], code_seed = grants.new_recovery_code()
        public, code_id = opening.public_key(code_seed), new_id()
        sealed = grants.grant_to_code(seed, public, desk=desk.id, epoch=desk.epoch, kind=kind, code_id=code_id)
        db.session.add(
            RecoveryCode(id=code_id, desk_id=desk.id, epoch=desk.epoch, kind=kind, public_key=public, sealed=sealed)
        )
    db.session.flush()
    log.record("recovery.shown", chain="staff", actor=person.actor, subjects=[desk.id], now=now)
    return RecoveryCodes(written["content"], written["identity"])


def renew_codes(person: Person, desk_id: str, now: dt.datetime) -> RecoveryCodes:
    """New codes in the place of the old, which open nothing from now on; two supervisors confirm them again.

    For a supervisor who holds both keys. Raises NotFound.
    """
    desk = desk_keys.locked_desk(desk_id)
    seeds = {kind: desk_keys.open_desk_key(person, desk_id, desk.epoch, kind) for kind in desk_keys.KINDS}
    return make_codes(person, desk, seeds, now)


def confirm_code(person: Person, desk_id: str, kind: Kind, typed: str, now: dt.datetime) -> None:
    """Note that a supervisor has the right code on paper; with the second one's the desk may open.

    Raises NotFound for who holds no identity key of the desk, RecoveryCodeMistyped for a slip, BadInput on ``code``
    (other) for another code, NeedsSecondPerson when the same person confirms twice, WrongState when both have.
    """
    desk = desk_keys.locked_desk(desk_id)
    desk_keys.open_desk_key(person, desk_id, desk.epoch, "identity")
    row = _code_of(desk, kind)
    public = opening.public_key(grants.parse_recovery_code(typed))
    if not hmac.compare_digest(public, row.public_key):
        raise BadInput("code", "other")
    if row.second_confirmed_by is not None or row.used_at is not None:
        raise WrongState
    if row.first_confirmed_by == person.id:
        raise NeedsSecondPerson
    if row.first_confirmed_by is None:
        row.first_confirmed_by = person.id
    else:
        row.second_confirmed_by, row.confirmed_at = person.id, now
    db.session.flush()
    log.record("recovery.confirmed", chain="staff", actor=person.actor, subjects=[desk_id], now=now, field_group=kind)
    open_when_ready(person, desk, now)


def use_code(person: Person, desk_id: str, kind: Kind, typed: str, now: dt.datetime) -> None:
    """Take a desk's key back with the code on paper, when nobody is left who could grant it.

    For somebody who is on the desk, the identity key for a supervisor only. The code is used up; new ones must be
    made. Raises NotFound, RecoveryCodeMistyped, BadInput on ``code`` (other), WrongState.
    """
    desk = desk_keys.locked_desk(desk_id)
    member = desk_keys.standing_of(desk_id, person.id)
    if member is None or (kind == "identity" and Role.SUPERVISOR not in person.roles):
        raise NotFound
    row = _code_of(desk, kind)
    code_seed = grants.parse_recovery_code(typed)
    if not hmac.compare_digest(opening.public_key(code_seed), row.public_key):
        raise BadInput("code", "other")
    if row.used_at is not None or kind in desk_keys.grants_of(desk_id, desk.epoch).get(person.id, ()):
        raise WrongState
    seed = grants.open_code_grant(row.sealed, code_seed, desk=desk_id, epoch=row.epoch, kind=kind, code_id=row.id)
    row.used_at = now
    desk_keys.give_key(person, desk, seed, kind, db.session.get_one(Account, person.id), now)
    member.standing = desk_keys.MEMBER
    log.record("recovery.used", chain="staff", actor=person.actor, subjects=[desk_id], now=now, field_group=kind)


def open_when_ready(person: Person, desk: Desk, now: dt.datetime) -> None:
    """Open a founded desk once two members hold its key and both codes are confirmed."""
    if desk.state != "founded" or desk_keys.count_members(desk.id, desk.epoch) < 2:
        return
    confirmed = select(func.count()).where(
        RecoveryCode.desk_id == desk.id,
        RecoveryCode.epoch == desk.epoch,
        RecoveryCode.second_confirmed_by.is_not(None),
        RecoveryCode.used_at.is_(None),
    )
    if db.session.scalar(confirmed) == len(desk_keys.KINDS):
        desk.state = "open"
        log.record("desk.opened", chain="staff", actor=person.actor, subjects=[desk.id], now=now)


def read_codes(desk_id: str) -> tuple[CodeState, ...]:
    """How far the desk's codes are; empty before it is founded."""
    rows = db.session.scalars(select(RecoveryCode).where(RecoveryCode.desk_id == desk_id).order_by(RecoveryCode.kind))
    staying = set(
        db.session.scalars(
            select(DeskMember.account_id)
            .join(AccountRole, AccountRole.account_id == DeskMember.account_id)
            .where(DeskMember.desk_id == desk_id, DeskMember.standing.in_(desk_keys.ON_THE_DESK))
            .where(AccountRole.role == Role.SUPERVISOR.value)
        )
    )
    return tuple(_state_of(row, staying) for row in rows)


def _state_of(row: RecoveryCode, staying: set[str]) -> CodeState:
    seen_by = {one for one in (row.first_confirmed_by, row.second_confirmed_by) if one is not None}
    return CodeState(
        row.kind, row.first_confirmed_by, row.second_confirmed_by, row.used_at is not None, not seen_by <= staying
    )


def _code_of(desk: Desk, kind: Kind) -> RecoveryCode:
    row = db.session.scalars(
        select(RecoveryCode).where(
            RecoveryCode.desk_id == desk.id, RecoveryCode.epoch == desk.epoch, RecoveryCode.kind == kind
        )
    ).first()
    if row is None:
        raise NotFound
    return row
