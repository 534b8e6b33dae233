"""Who has a tip open, so that two people never work on one by accident. It stops nobody: taking over is a press."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, or_, select, update

from tipline.errors import OpenElsewhere
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import table_of
from tipline.models.queue import TipOpen
from tipline.roles import Role
from tipline.services import history, log
from tipline.services.accounts import Person

STAYS = dt.timedelta(minutes=15)  # after the last look or act
_OPEN = table_of(TipOpen)
_O = _OPEN.c
_HOLDERS = (
    select(_O.tip_id, _O.account_id, Account.display_name, _O.since)
    .join(table_of(Account), Account.id == _O.account_id)
    .where(_O.tip_id.in_(bindparam("wanted", expanding=True)), _O.seen_at > bindparam("since"))
)


@dataclass(frozen=True)
class Holder:
    """Who has a tip open, and since when."""

    account_id: str
    name: str
    since: dt.datetime


def enter(person: Person, tip_id: str, now: dt.datetime) -> Holder | None:
    """Note that a person has a tip open, and none other; None. Whoever else has it open keeps it, and is returned."""
    holder = holder_of(tip_id, now)
    if holder is not None and holder.account_id != person.id:
        return holder
    if holder is None:
        _hold(person, tip_id, now)
    else:
        db.run(update(_OPEN).where(_O.tip_id == tip_id).values(seen_at=now))
    return None


def take_over(person: Person, tip_id: str, now: dt.datetime) -> None:
    """Have a tip open instead of whoever has it; in its history and the log."""
    _hold(person, tip_id, now)
    history.add(tip_id, "tip.taken-over", actor=person.actor, now=now)
    log.record("tip.taken-over", chain="staff", actor=person.actor, subjects=[tip_id], now=now)


def check(person: Person, tip_id: str, now: dt.datetime) -> None:
    """Raise OpenElsewhere while somebody else has this tip open. A supervisor's decisions go beside the work."""
    holder = holder_of(tip_id, now)
    if holder is not None and holder.account_id != person.id and Role.SUPERVISOR not in person.roles:
        raise OpenElsewhere


def holder_of(tip_id: str, now: dt.datetime) -> Holder | None:
    """Who has a tip open now."""
    return holders([tip_id], now).get(tip_id)


def holders(tip_ids: Sequence[str], now: dt.datetime) -> dict[str, Holder]:
    """Who has these tips open now."""
    if not tip_ids:
        return {}
    rows = db.run(_HOLDERS, {"wanted": list(tip_ids), "since": now - STAYS})
    return {row.tip_id: Holder(row.account_id, row.display_name, row.since) for row in rows}


def leave(person: Person) -> None:
    """This person has no tip open any more."""
    db.run(delete(_OPEN).where(_O.account_id == person.id))


def erase_old(now: dt.datetime) -> int:
    """Forget who had tips open a while ago; how many."""
    gone: int = db.run(delete(_OPEN).where(_O.seen_at <= now - STAYS)).rowcount
    return gone


def _hold(person: Person, tip_id: str, now: dt.datetime) -> None:
    db.run(delete(_OPEN).where(or_(_O.tip_id == tip_id, _O.account_id == person.id)))
    db.run(insert(_OPEN).values(tip_id=tip_id, account_id=person.id, since=now, seen_at=now))
