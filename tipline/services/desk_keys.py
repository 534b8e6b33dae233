"""A desk's private keys: who holds a grant, and the key inside it for the length of a request."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from tipline.crypto import grants
from tipline.crypto.grants import Kind
from tipline.errors import NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk import Desk, DeskMember, Grant
from tipline.roles import DESK_ROLES, Role
from tipline.services import log
from tipline.services.accounts import Person

KINDS: tuple[Kind, ...] = ("content", "identity")
MEMBER = "member"
ON_THE_DESK = ("founder", "named", MEMBER)


def open_desk_key(person: Person, desk_id: str, epoch: int, kind: Kind) -> bytes:
    """The private seed of a desk, out of the person's own grant; in memory for this request only.

    Raises NotFound without a grant, for a desk one is not a member of, and for the identity key without the role of
    supervisor: the same as for a desk that is not there.
    """
    if not person.roles & DESK_ROLES or (kind == "identity" and Role.SUPERVISOR not in person.roles):
        raise NotFound
    sealed = db.session.scalar(
        select(Grant.sealed)
        .join(DeskMember, (DeskMember.desk_id == Grant.desk_id) & (DeskMember.account_id == Grant.account_id))
        .where(Grant.desk_id == desk_id, Grant.epoch == epoch, Grant.kind == kind)
        .where(Grant.account_id == person.id, DeskMember.standing == MEMBER)
    )
    if sealed is None:
        raise NotFound
    return grants.open_grant(sealed, person.seed, desk=desk_id, epoch=epoch, kind=kind, holder=person.id)


def give_key(person: Person, desk: Desk, desk_seed: bytes, kind: Kind, account: Account, now: dt.datetime) -> None:
    """Seal a desk's seed to somebody's account key and log it. Raises WrongState for an account without a key."""
    if account.public_key is None or account.state != "active":
        raise WrongState
    sealed = grants.grant_desk_key(
        desk_seed, account.public_key, desk=desk.id, epoch=desk.epoch, kind=kind, holder=account.id
    )
    db.session.add(
        Grant(
            id=new_id(),
            desk_id=desk.id,
            epoch=desk.epoch,
            kind=kind,
            account_id=account.id,
            sealed=sealed,
            made_by=person.id,
            made_at=now,
        )
    )
    db.session.flush()
    log.record(
        "key.granted", chain="staff", actor=person.actor, subjects=[account.id, desk.id], now=now, field_group=kind
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
