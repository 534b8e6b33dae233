"""What auditors are told of special categories of data (Art. 76): that a person was written down with some, no more.

Each flag waits in the auditors' inbox until one of them says that they have seen it. It says which tip and who wrote
it down; whom and what is sealed to the desk.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import aliased

from tipline.errors import NotAllowed, NotFound
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import Desk
from tipline.models.telling import SpecialFlag
from tipline.models.tip import Tip
from tipline.roles import Role
from tipline.services import log
from tipline.services.accounts import Person

MOST_SHOWN = 100


@dataclass(frozen=True)
class Flag:
    """One flag, as auditors see it. Names are None of whoever has left."""

    id: str
    ref: str
    desk: str
    writer: str | None
    flagged_at: dt.datetime
    removed_at: dt.datetime | None
    seen_by: str | None
    seen_at: dt.datetime | None


def flag(mention_id: str, tip_id: str, person: Person, now: dt.datetime) -> None:
    """Tell the auditors of a mention; the desk's half of this module."""
    row = {"mention_id": mention_id, "tip_id": tip_id, "flagged_by": person.id, "flagged_at": now}
    db.session.execute(insert(SpecialFlag).values(**row))


def note_removed(mention_id: str, now: dt.datetime) -> None:
    """The mention is erased; that it was there stays with the tip. Of other mentions this changes nothing."""
    db.session.execute(update(SpecialFlag).where(SpecialFlag.mention_id == mention_id).values(removed_at=now))


def count_waiting() -> int:
    """How many flags no auditor has seen yet, up to a hundred."""
    some = select(SpecialFlag.mention_id).where(SpecialFlag.seen_at.is_(None)).limit(MOST_SHOWN).subquery()
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def list_flags(person: Person) -> tuple[Flag, ...]:
    """The newest flags, those that wait first. Raises NotAllowed for others than auditors."""
    _check_auditor(person)
    writer, seer = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(
            SpecialFlag.mention_id,
            Tip.ref,
            Desk.name,
            writer.display_name,
            SpecialFlag.flagged_at,
            SpecialFlag.removed_at,
            seer.display_name,
            SpecialFlag.seen_at,
        )
        .join_from(SpecialFlag, Tip, Tip.id == SpecialFlag.tip_id)
        .join(Desk, Desk.id == Tip.desk_id)
        .outerjoin(writer, writer.id == SpecialFlag.flagged_by)
        .outerjoin(seer, seer.id == SpecialFlag.seen_by)
        .order_by(SpecialFlag.seen_at.is_not(None), SpecialFlag.flagged_at.desc(), SpecialFlag.mention_id)
        .limit(MOST_SHOWN)
    )
    return tuple(Flag(*row) for row in rows)


def see(person: Person, mention_id: str, now: dt.datetime) -> None:
    """An auditor has seen it; the first one stays. Raises NotAllowed, NotFound."""
    _check_auditor(person)
    row = db.session.get(SpecialFlag, mention_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    if row.seen_at is not None:
        return
    row.seen_by, row.seen_at = person.id, now
    log.record("special.seen", chain="admin", actor=person.actor, subjects=[row.tip_id], now=now)


def _check_auditor(person: Person) -> None:
    if Role.AUDITOR not in person.roles:
        raise NotAllowed
