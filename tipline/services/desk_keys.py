"""A desk's private keys: who holds a grant, and the key inside it for the length of a request."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, func, select, update

from tipline.crypto import grants
from tipline.crypto import rosters as signed
from tipline.crypto.grants import Kind
from tipline.errors import NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id, table_of
from tipline.models.desk import Desk, DeskEpoch, DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import log, reading, rosters, seal_targets
from tipline.services.accounts import Person
from tipline.services.seal_targets import SealTarget

KINDS: tuple[Kind, ...] = ("content", "identity")
MEMBER = "member"
ON_THE_DESK = ("founder", "named", MEMBER)
# Built once: every opened tip asks this.
_G, _M = table_of(Grant).c, table_of(DeskMember).c
_GRANT = (
    select(_G.sealed, _G.made_by, _G.signature)
    .join(table_of(DeskMember), (_M.desk_id == _G.desk_id) & (_M.account_id == _G.account_id))
    .where(_G.desk_id == bindparam("desk_id"), _G.epoch == bindparam("epoch"), _G.kind == bindparam("kind"))
    .where(_G.account_id == bindparam("person"), _M.standing == MEMBER)
)


def open_desk_key(person: Person, desk_id: str, epoch: int, kind: Kind) -> bytes:
    """The private seed of a desk, out of the person's own grant; in memory for this request only.

    Raises NotFound without a grant, for a desk one is not a member of, and for the identity key without the role of
    supervisor: the same as for a desk that is not there. Raises KeysMismatch when person, key or grant is not what the
    desk's people signed.
    """
    if not person.roles & DESK_ROLES or (kind == "identity" and Role.SUPERVISOR not in person.roles):
        raise NotFound
    return reading.once(
        ("desk key", person.id, desk_id, epoch, kind), lambda: _open_grant(person, desk_id, epoch, kind)
    )


def _open_grant(person: Person, desk_id: str, epoch: int, kind: Kind) -> bytes:
    db.session.flush()  # who is taken off in this very transaction holds nothing any more
    row = db.run(_GRANT, {"person": person.id, "desk_id": desk_id, "epoch": epoch, "kind": kind}).first()
    if row is None:
        raise NotFound
    seed = grants.open_grant(row.sealed, person.seed, desk=desk_id, epoch=epoch, kind=kind, holder=person.id)
    rosters.check_opened(person, desk_id, epoch, kind, seed, row.made_by, row.sealed, row.signature)
    return seed


def give_key(
    person: Person, desk: Desk, epoch: int, desk_seed: bytes, kind: Kind, account: Account, now: dt.datetime
) -> None:
    """Seal a desk's seed to somebody's account key, sign that and log it. Raises WrongState without such a key."""
    if account.public_key is None or account.state not in ("active", "suspended"):
        raise WrongState
    sealed = grants.grant_desk_key(
        desk_seed, account.public_key, desk=desk.id, epoch=epoch, kind=kind, holder=account.id
    )
    said = rosters.grant_said(desk.id, epoch, kind, account.id, sealed)
    db.session.add(
        Grant(
            id=new_id(),
            desk_id=desk.id,
            epoch=epoch,
            kind=kind,
            account_id=account.id,
            sealed=sealed,
            made_by=person.id,
            made_at=now,
            signature=signed.sign_statement(person.seed, *said),
        )
    )
    db.session.flush()
    log.record(
        "key.granted", chain="staff", actor=person.actor, subjects=[account.id, desk.id], now=now, field_group=kind
    )


def seal_target(person: Person, desk_id: str) -> SealTarget:
    """To what this person's session may seal for a desk: its published keys, if they are the signed ones.

    Raises DeskClosed, KeysMismatch.
    """
    rosters.check(person, desk_id)
    return seal_targets.current(desk_id)


def live_epochs(desk_id: str) -> tuple[int, ...]:
    """The epochs that something is still sealed to, the newest first."""
    rows = select(DeskEpoch.epoch).where(DeskEpoch.desk_id == desk_id, DeskEpoch.state != "closed")
    return tuple(db.session.scalars(rows.order_by(DeskEpoch.epoch.desc())))


def mark_due(account_id: str, why: str, person: Person | None, now: dt.datetime, *, desk_id: str | None = None) -> None:
    """Note that every desk whose keys this person holds needs new ones, or that one desk does; the first reason stays.

    Comes before the grants go: who held none took nothing along. ``person`` None: two agreed on it.
    """
    held = select(Grant.desk_id).where(Grant.account_id == account_id, Grant.desk_id == (desk_id or Grant.desk_id))
    if why == "role":
        held = held.where(Grant.kind == "identity")
    db.session.execute(
        update(Desk)
        .where(Desk.id.in_(held), Desk.renew_for.is_(None))
        .values(renew_for=why, renew_asked_by=person.id if person else None, renew_asked_at=now)
        .execution_options(synchronize_session="fetch")
    )


def grants_of(desk_id: str, epoch: int) -> dict[str, frozenset[str]]:
    """Who holds which keys of this epoch: kinds by account id."""
    held: dict[str, set[str]] = {}
    rows = select(Grant.account_id, Grant.kind).where(Grant.desk_id == desk_id, Grant.epoch == epoch)
    for row in db.session.execute(rows):
        held.setdefault(row.account_id, set()).add(row.kind)
    return {account_id: frozenset(kinds) for account_id, kinds in held.items()}


def standing_of(desk_id: str, account_id: str) -> DeskMember | None:
    """The row of somebody who is on a desk, whether let in yet or not."""
    return db.session.scalars(
        select(DeskMember).where(
            DeskMember.desk_id == desk_id,
            DeskMember.account_id == account_id,
            DeskMember.standing.in_(ON_THE_DESK),
        )
    ).first()


def locked_desk(desk_id: str) -> Desk:
    """A desk whose row nobody else changes until this transaction ends. Raises NotFound."""
    desk = db.session.get(Desk, desk_id, with_for_update=True, populate_existing=True)
    if desk is None:
        raise NotFound
    return desk


def count_members(desk_id: str, epoch: int) -> int:
    """How many active members hold the content key of this epoch."""
    holders = (
        select(func.count())
        .select_from(Grant)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.desk_id == desk_id, Grant.epoch == epoch, Grant.kind == "content", Account.state == "active")
    )
    return db.session.scalar(holders) or 0
