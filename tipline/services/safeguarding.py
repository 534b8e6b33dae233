"""Who of a desk reads what people tell of abuse of their own: a desk's safeguarders, and its supervisors.

Where a desk has named safeguarders, a tip of that lane opens to them and to supervisors only, and is given to nobody
else. A desk that has named nobody leaves it to all its members: no disclosure waits for a setting.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import delete, insert, select

from tipline.errors import NotAllowed, NotFound
from tipline.extensions import db
from tipline.models.account import Account, AccountRole
from tipline.models.desk import DeskMember, Safeguarder
from tipline.roles import Role
from tipline.services import desk_keys, log
from tipline.services.accounts import Person
from tipline.services.statuses import Lane


def safeguarders(desk_id: str) -> frozenset[str]:
    """The accounts that a desk has named, as long as they are on it."""
    return frozenset(db.session.scalars(select(Safeguarder.account_id).join(*_ON_IT).where(*_of(desk_id))))


def readers(desk_id: str) -> frozenset[str] | None:
    """Who may be given a tip of this lane; None: everybody at the desk, because it has named nobody."""
    named = safeguarders(desk_id)
    if not named:
        return None
    supervisors = select(DeskMember.account_id).join(AccountRole, AccountRole.account_id == DeskMember.account_id)
    here = (DeskMember.desk_id == desk_id, DeskMember.standing == desk_keys.MEMBER)
    return named | frozenset(db.session.scalars(supervisors.where(*here, AccountRole.role == Role.SUPERVISOR)))


def may_read(person: Person, desk_id: str, lane: str) -> bool:
    """Whether a tip of this lane opens to this member of the desk."""
    if lane != Lane.SAFEGUARDING or Role.SUPERVISOR in person.roles:
        return True
    named = safeguarders(desk_id)
    return not named or person.id in named


def name(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> None:
    """Make a member of the desk one of its safeguarders. A supervisor's act; doing it again changes nothing.

    Raises NotAllowed, and NotFound for a desk that is not one's own and for somebody who is not on it.
    """
    _check(person, desk_id, account_id)
    if account_id in safeguarders(desk_id):
        return
    db.session.execute(delete(Safeguarder).where(*_row(desk_id, account_id)))
    row = {"desk_id": desk_id, "account_id": account_id, "named_by": person.id, "named_at": now}
    db.session.execute(insert(Safeguarder).values(**row))
    _log(person, account_id, "safeguarder", now)


def take_back(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> None:
    """End that. Raises as ``name`` does."""
    _check(person, desk_id, account_id)
    db.session.execute(delete(Safeguarder).where(*_row(desk_id, account_id)))
    _log(person, account_id, "no-safeguarder", now)


_ON_IT = (
    DeskMember,
    (DeskMember.desk_id == Safeguarder.desk_id)
    & (DeskMember.account_id == Safeguarder.account_id)
    & (DeskMember.standing == desk_keys.MEMBER)
    & (DeskMember.since <= Safeguarder.named_at),  # whoever left and came back is named anew
)


def _of(desk_id: str) -> tuple[Any, ...]:
    active = select(Account.id).where(Account.id == Safeguarder.account_id, Account.state == "active").exists()
    return Safeguarder.desk_id == desk_id, active


def _row(desk_id: str, account_id: str) -> tuple[Any, ...]:
    return Safeguarder.desk_id == desk_id, Safeguarder.account_id == account_id


def _check(person: Person, desk_id: str, account_id: str) -> None:
    if Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    on_it = select(DeskMember.account_id).where(DeskMember.desk_id == desk_id, DeskMember.standing == desk_keys.MEMBER)
    if not {person.id, account_id} <= set(db.session.scalars(on_it)):
        raise NotFound


def _log(person: Person, account_id: str, what: str, now: dt.datetime) -> None:
    log.record("member.changed", chain="staff", actor=person.actor, subjects=[account_id], now=now, field_group=what)
