"""A new epoch: new keys of a desk, made in a supervisor's session when somebody left or keys may be known.

From then on everything is sealed to the new keys; ``resealing`` brings over what is there and closes the old epoch
(SECURITY 11).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, func, select, update

from tipline.crypto import opening
from tipline.crypto.grants import Kind
from tipline.crypto.rosters import Chain, Roster
from tipline.errors import KeysMismatch, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import Desk, DeskEpoch, DeskMember, Grant
from tipline.roles import Role
from tipline.services import accounts, approval_lists, approvals, desk_keys, log, recovery, rosters
from tipline.services.accounts import Person
from tipline.services.approval_acts import Content, Owner, register
from tipline.services.recovery import RecoveryCodes
from tipline.services.seal_targets import EPOCH_LOCK

EPOCH = "epoch"
UNSIGNED = "unsigned"

_LOCK = select(func.pg_advisory_xact_lock(EPOCH_LOCK, func.hashtext(bindparam("desk_id"))))


@dataclass(frozen=True)
class Due:
    """Why new keys are due (left, role, password, unsigned), since when, and whether this person may make them."""

    why: str
    asked_at: dt.datetime | None
    may_renew: bool


def read_due(person: Person, desk_id: str) -> Due | None:
    """What a desk's page says of it; None while nothing is due."""
    desk = db.session.get_one(Desk, desk_id)
    if desk.epoch and rosters.check(person, desk_id) is None:
        return Due(UNSIGNED, None, may_renew=True)
    if desk.renew_for is None:
        return None
    return Due(desk.renew_for, desk.renew_asked_at, may_renew=desk.renew_asked_by != person.id)


def propose(person: Person, desk_id: str, now: dt.datetime) -> None:
    """Ask a second supervisor of the desk for new keys, because the old ones may be known. Raises NotFound."""
    desk = desk_keys.locked_desk(desk_id)
    for kind in desk_keys.KINDS:
        desk_keys.open_desk_key(person, desk_id, desk.epoch, kind)
    approvals.propose(EPOCH, desk_id, {"epoch": desk.epoch}, person, now, desk_id=desk_id)


def is_agreed(person: Person, desk_id: str, now: dt.datetime) -> bool:
    """Whether this person may make new keys now: they are due by somebody else's act, or a second one has agreed."""
    due = read_due(person, desk_id)
    found = approval_lists.standing(EPOCH, desk_id, person, now, desk_id=desk_id)
    return (due is not None and due.may_renew) or (found is not None and found.state == approvals.APPROVED)


def renew(person: Person, desk_id: str, now: dt.datetime) -> RecoveryCodes:
    """Make new keys, give them to who is on the roster still, and new recovery codes, shown once.

    For a supervisor who holds both keys, when somebody else has made it due or has agreed. Raises NotFound,
    NeedsSecondPerson, KeysMismatch when somebody holds a grant who is not on the roster, WrongState when the desk has
    no member left to give them to.
    """
    if not db.is_sqlite:  # before the desk's row, in the order of those who send: they hold this and then touch the row
        db.run(_LOCK, {"desk_id": desk_id})
    desk = desk_keys.locked_desk(desk_id)
    old: dict[Kind, bytes] = {
        kind: desk_keys.open_desk_key(person, desk_id, desk.epoch, kind) for kind in desk_keys.KINDS
    }
    chain = rosters.check(person, desk_id)
    staying = _staying(desk, chain)
    due = read_due(person, desk_id)
    if due is None or not due.may_renew:
        approvals.use(EPOCH, desk_id, {"epoch": desk.epoch}, person, now, desk_id=desk_id)
    if person.id not in {account.id for account, _kinds in staying}:
        raise WrongState
    seeds: dict[Kind, bytes] = {kind: opening.new_seed() for kind in desk_keys.KINDS}
    before = desk.epoch
    _begin(person, desk, seeds, now)
    for account, kinds in staying:
        for kind in kinds:
            desk_keys.give_key(person, desk, desk.epoch, seeds[kind], kind, account, now)
    _sign(person, desk, chain, (before, old), seeds, staying, now)
    log.record("desk.renewed", chain="staff", actor=person.actor, subjects=[desk_id], now=now)
    return recovery.make_codes(person, desk, seeds, now)


def resume_intake(person: Person, desk_id: str, now: dt.datetime) -> None:
    """Let tips in again, once this supervisor's session finds everything as it was signed.

    Raises NotFound, KeysMismatch as long as it is not, WrongState when nothing was stopped.
    """
    desk = desk_keys.locked_desk(desk_id)
    for kind in desk_keys.KINDS:
        desk_keys.open_desk_key(person, desk_id, desk.epoch, kind)
    _check_holders(desk, rosters.check(person, desk_id))
    if desk.stopped_at is None:
        raise WrongState
    desk.stopped_at = desk.stopped_for = None
    log.record("desk.resumed", chain="staff", actor=person.actor, subjects=[desk_id], now=now)


def _begin(person: Person, desk: Desk, seeds: dict[Kind, bytes], now: dt.datetime) -> None:
    db.session.execute(
        update(DeskEpoch)
        .where(DeskEpoch.desk_id == desk.id, DeskEpoch.state == "current")
        .values(state="closing")
        .execution_options(synchronize_session="fetch")
    )
    desk.epoch += 1
    desk.renew_for = desk.renew_asked_by = desk.renew_asked_at = None
    db.session.add(
        DeskEpoch(
            desk_id=desk.id,
            epoch=desk.epoch,
            content_public=opening.public_key(seeds["content"]),
            identity_public=opening.public_key(seeds["identity"]),
            state="current",
            made_by=person.id,
            made_at=now,
        )
    )
    db.session.flush()


def _staying(desk: Desk, chain: Chain | None) -> list[tuple[Account, tuple[Kind, ...]]]:
    """Who gets the new keys: members who hold the old ones, each with those that their role allows."""
    _check_holders(desk, chain)
    held = desk_keys.grants_of(desk.id, desk.epoch)
    members = (
        select(Account)
        .join(DeskMember, DeskMember.account_id == Account.id)
        .where(DeskMember.desk_id == desk.id, DeskMember.standing == desk_keys.MEMBER, Account.id.in_(held))
        .order_by(Account.id)
    )
    kept: list[tuple[Account, tuple[Kind, ...]]] = []
    for account in db.session.scalars(members):
        both = "identity" in held[account.id] and Role.SUPERVISOR in accounts.roles_of(account.id)
        kept.append((account, ("content", "identity") if both else ("content",)))
    return kept


def _check_holders(desk: Desk, chain: Chain | None) -> None:
    """Everybody who holds a grant stands in the roster, with the same keys."""
    if chain is None:
        return
    held = desk_keys.grants_of(desk.id, desk.epoch)
    rows = db.session.scalars(select(Account).where(Account.id.in_(held)).execution_options(populate_existing=True))
    for account in rows:
        holder = chain.roster.people.get(account.id)
        if holder is None or not held[account.id] <= set(holder.keys):
            raise KeysMismatch(desk.id, "holder")
        if rosters.holder_of(account, *holder.keys) != holder:
            raise KeysMismatch(desk.id, "holder")


def _sign(
    person: Person,
    desk: Desk,
    chain: Chain | None,
    old: tuple[int, dict[Kind, bytes]],
    seeds: dict[Kind, bytes],
    staying: list[tuple[Account, tuple[Kind, ...]]],
    now: dt.datetime,
) -> None:
    people = {account.id: rosters.holder_of(account, *kinds) for account, kinds in staying}
    added = {desk.epoch: rosters.epoch_keys(seeds)}
    if chain is not None:
        epochs = {**chain.roster.epochs, **added}
        rosters.change(person, chain, replace(chain.roster, epochs=epochs, people=people), now)
        return
    # A desk from before rosters were signed: this is its founding, and the grants of the closing epoch are signed anew.
    number, before = old
    db.session.execute(delete(Grant).where(Grant.desk_id == desk.id, Grant.epoch == number))
    for account, kinds in staying:
        for kind in kinds:
            desk_keys.give_key(person, desk, number, before[kind], kind, account, now)
    epochs = {number: rosters.epoch_keys(before), **added}
    rosters.found(person, Roster(desk.id, "", epochs, people), now)


def _present(desk_id: str, _content: Content) -> Content | None:
    desk = db.session.get(Desk, desk_id)
    return None if desk is None else {"epoch": desk.epoch}


def _tell(desk_id: str, content: Content) -> dict[str, object]:
    desk = db.session.get(Desk, desk_id)
    return {"desk": desk.name if desk else "", "desk_id": desk_id, "epoch": content["epoch"]}


register(EPOCH, Owner(_present, _tell))
