"""Recovery codes: a desk's keys on paper, confirmed by two supervisors, replaced whenever one is used (SECURITY 7)."""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass, field, replace

from sqlalchemy import Select, delete, func, select

from tipline.crypto import grants, opening
from tipline.crypto.grants import Kind
from tipline.crypto.rosters import DESK_SIGNERS
from tipline.errors import BadInput, NeedsSecondPerson, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account, AccountRole
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskMember, RecoveryCode
from tipline.roles import Role
from tipline.services import accounts, approvals, desk_keys, log, rosters
from tipline.services.accounts import Person
from tipline.services.approval_acts import Content, Owner, register

RECOVERY = "recovery"
CODES = "codes"


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
    """Draw two codes and seal the desk's seeds to them; earlier codes of the desk open nothing any more.

    While an epoch is closing, the new codes open its keys too: nothing depends on the old paper.
    """
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.desk_id == desk.id))
    written: dict[Kind, str] = {}
    for kind, seed in seeds.items():
        written[kind], code_seed = grants.new_recovery_code()
        public = opening.public_key(code_seed)
        for epoch in desk_keys.live_epochs(desk.id):
            of_epoch = seed if epoch == desk.epoch else desk_keys.open_desk_key(person, desk.id, epoch, kind)
            _keep(desk.id, epoch, kind, of_epoch, public)
    db.session.flush()
    log.record("recovery.shown", chain="staff", actor=person.actor, subjects=[desk.id], now=now)
    return RecoveryCodes(written["content"], written["identity"])


def code_of(desk: Desk, kind: Kind) -> RecoveryCode:
    """The desk's present code of this kind. Raises NotFound."""
    row = db.session.scalars(
        select(RecoveryCode).where(
            RecoveryCode.desk_id == desk.id, RecoveryCode.epoch == desk.epoch, RecoveryCode.kind == kind
        )
    ).first()
    if row is None:
        raise NotFound
    return row


def _keep(desk_id: str, epoch: int, kind: Kind, seed: bytes, public: bytes) -> None:
    code_id = new_id()
    sealed = grants.grant_to_code(seed, public, desk=desk_id, epoch=epoch, kind=kind, code_id=code_id)
    db.session.add(RecoveryCode(id=code_id, desk_id=desk_id, epoch=epoch, kind=kind, public_key=public, sealed=sealed))


def renew_codes(person: Person, desk_id: str, now: dt.datetime) -> RecoveryCodes:
    """New codes in the place of the old, which open nothing from now on; two supervisors confirm them again.

    For a supervisor who holds both keys; where the old ones are sound, once a second one has agreed (``ask_to_renew``).
    Raises NotFound and NeedsSecondPerson.
    """
    desk = desk_keys.locked_desk(desk_id)
    seeds = {kind: desk_keys.open_desk_key(person, desk_id, desk.epoch, kind) for kind in desk_keys.KINDS}
    if are_sound(desk_id):
        approvals.use(CODES, desk_id, _sound(desk_id), person, now, desk_id=desk_id)
    return make_codes(person, desk, seeds, now)


def ask_to_renew(person: Person, desk_id: str, now: dt.datetime) -> None:
    """Ask a second supervisor to agree that sound codes are replaced. Raises NotFound as ``renew_codes``."""
    desk = desk_keys.locked_desk(desk_id)
    for kind in desk_keys.KINDS:
        desk_keys.open_desk_key(person, desk_id, desk.epoch, kind)
    approvals.propose(CODES, desk_id, _sound(desk_id), person, now, desk_id=desk_id)


def are_sound(desk_id: str) -> bool:
    """Whether both codes are confirmed, and nobody has used them or left who saw them."""
    codes = read_codes(desk_id)
    return bool(codes) and all(code.confirmed and not code.must_be_renewed for code in codes)


def confirm_code(person: Person, desk_id: str, kind: Kind, typed: str, now: dt.datetime) -> None:
    """Note that a supervisor has the right code on paper; with the second one's the desk may open.

    Raises NotFound for who holds no identity key of the desk, RecoveryCodeMistyped for a slip, BadInput on ``code``
    (other) for another code, NeedsSecondPerson when the same person confirms twice, WrongState when both have.
    """
    desk = desk_keys.locked_desk(desk_id)
    desk_keys.open_desk_key(person, desk_id, desk.epoch, "identity")
    row = code_of(desk, kind)
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

    For a supervisor who is on the desk, once a second person has agreed (``ask_to_use``). The code is used up; new ones
    must be made. Raises NotFound, RecoveryCodeMistyped, BadInput on ``code`` (other), WrongState, NeedsSecondPerson.
    """
    desk = desk_keys.locked_desk(desk_id)
    member = desk_keys.standing_of(desk_id, person.id)
    if member is None or Role.SUPERVISOR not in person.roles:
        raise NotFound
    row = code_of(desk, kind)
    code_seed = grants.parse_recovery_code(typed)
    if not hmac.compare_digest(opening.public_key(code_seed), row.public_key):
        raise BadInput("code", "other")
    if row.used_at is not None or kind in desk_keys.grants_of(desk_id, desk.epoch).get(person.id, ()):
        raise WrongState
    approvals.use(RECOVERY, row.id, _content(row, person.id), person, now, desk_id=desk_id)
    account = db.session.get_one(Account, person.id)
    for each in db.session.scalars(_all_of(desk_id, kind)):
        seed = grants.open_code_grant(
            each.sealed, code_seed, desk=desk_id, epoch=each.epoch, kind=kind, code_id=each.id
        )
        each.used_at = now
        if kind not in desk_keys.grants_of(desk_id, each.epoch).get(person.id, ()):
            desk_keys.give_key(person, desk, each.epoch, seed, kind, account, now)
        if each.epoch == desk.epoch:
            _sign(person, desk, account, kind, seed, now)
    member.standing = desk_keys.MEMBER
    log.record("recovery.used", chain="staff", actor=person.actor, subjects=[desk_id], now=now, field_group=kind)


def ask_to_use(person: Person, desk_id: str, kind: Kind, now: dt.datetime) -> None:
    """Ask a second person to agree that the code on paper is used. Raises NotFound and WrongState as ``use_code``."""
    desk = desk_keys.locked_desk(desk_id)
    if desk_keys.standing_of(desk_id, person.id) is None or Role.SUPERVISOR not in person.roles:
        raise NotFound
    row = code_of(desk, kind)
    if row.used_at is not None or kind in desk_keys.grants_of(desk_id, desk.epoch).get(person.id, ()):
        raise WrongState
    approvals.propose(RECOVERY, row.id, _content(row, person.id), person, now, desk_id=desk_id)


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
    rows = db.session.scalars(_current(desk_id).order_by(RecoveryCode.kind))
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


def _current(desk_id: str) -> Select[RecoveryCode]:
    joined = select(RecoveryCode).join(Desk, (Desk.id == RecoveryCode.desk_id) & (Desk.epoch == RecoveryCode.epoch))
    return joined.where(RecoveryCode.desk_id == desk_id)


def _all_of(desk_id: str, kind: Kind) -> Select[RecoveryCode]:
    """The code of this kind, with the older epochs that it still opens; the present one first."""
    rows = select(RecoveryCode).where(RecoveryCode.desk_id == desk_id, RecoveryCode.kind == kind)
    return rows.order_by(RecoveryCode.epoch.desc())


def _sign(person: Person, desk: Desk, account: Account, kind: Kind, seed: bytes, now: dt.datetime) -> None:
    """Put the person on the roster with the desk's own key: nobody of the desk may be left to do it."""
    chain = rosters.check(person, desk.id)
    if chain is None:
        return
    kinds = desk_keys.grants_of(desk.id, desk.epoch)[account.id]
    people = {**chain.roster.people, account.id: rosters.holder_of(account, *kinds)}
    rosters.change(person, chain, replace(chain.roster, people=people), now, signer=DESK_SIGNERS[kind], seed=seed)


def _content(row: RecoveryCode, account_id: str) -> Content:
    return {"desk": row.desk_id, "epoch": row.epoch, "kind": row.kind, "account": account_id}


def _present(subject: str, content: Content) -> Content | None:
    row = db.session.get(RecoveryCode, subject)
    return None if row is None or row.used_at is not None else _content(row, content["account"])


def _tell(_subject: str, content: Content) -> dict[str, object]:
    desk = db.session.get(Desk, content["desk"])
    who = accounts.names_of([content["account"]]).get(content["account"], "")
    return {"desk": desk.name if desk else "", "kind": content["kind"], "person": who}


def _sound(desk_id: str) -> Content:
    """The codes that would be replaced."""
    return {"codes": sorted(row.id for row in db.session.scalars(_current(desk_id)))}


def _present_codes(desk_id: str, _content: Content) -> Content | None:
    return _sound(desk_id) if are_sound(desk_id) else None


def _tell_codes(desk_id: str, _content: Content) -> dict[str, object]:
    desk = db.session.get(Desk, desk_id)
    return {"desk": desk.name if desk else ""}


register(RECOVERY, Owner(_present, _tell))
register(CODES, Owner(_present_codes, _tell_codes))
