"""What happened to a tip, in codes: the history that its reviewers see. The legal log is another table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id, table_of
from tipline.models.tip import Tip, TipEvent
from tipline.services import log

MOST_SHOWN = 500
# These change what a package would carry: a proposal made before one of them is void (SECURITY 28-30).
_REVISES = frozenset(
    {
        "tip.graded",
        "grade.decided",
        "statement.written",
        "statement.withdrawn",
        "tip.sanitised",
        "tip.flagged",
        "tip.lane",
        "addition.opened",
        "attachment.quarantined",
    }
)


_E, _A = table_of(TipEvent).c, table_of(Account).c
_OF_TIP = (
    select(_E.name, _E.before, _E.after, _A.display_name, _E.happened_at)
    .outerjoin(table_of(Account), _A.id == _E.actor_id)
    .where(_E.tip_id == bindparam("tip_id"))
    .order_by(_E.happened_at.desc(), _E.id.desc())
    .limit(MOST_SHOWN)
)


@dataclass(frozen=True)
class Happening:
    """One line of a tip's history. ``who`` is None for the public and the clock."""

    name: str
    before: str | None
    after: str | None
    who: str | None
    at: dt.datetime


def add(
    tip_id: str,
    name: str,
    *,
    actor: log.Actor | None,
    now: dt.datetime,
    before: str | None = None,
    after: str | None = None,
) -> str:
    """Add a line to a tip's history and return its id; a change of what would be handed over grows the revision."""
    event_id = new_id()
    db.session.execute(
        insert(TipEvent).values(
            id=event_id,
            tip_id=tip_id,
            name=name,
            before=before,
            after=after,
            actor_id=actor.id if actor else None,
            happened_at=now,
        )
    )
    if name in _REVISES:
        db.session.execute(
            update(Tip)
            .where(Tip.id == tip_id)
            .values(revision=Tip.revision + 1)
            .execution_options(synchronize_session="fetch")
        )
    return event_id


def of(tip_id: str, also: Iterable[Happening] = ()) -> tuple[Happening, ...]:
    """A tip's history with what came from its sender, newest first; of very long ones the newest five hundred lines."""
    db.session.flush()
    rows = db.run(_OF_TIP, {"tip_id": tip_id}).all()
    happenings = [*(Happening(*row) for row in rows), *also]
    return tuple(sorted(happenings, key=lambda one: (one.at, _place(one)), reverse=True))


def _place(one: Happening) -> int:
    """The order of what one act did within its second: opened, given, moved there, graded, moved on, closed as."""
    if one.name == "tip.status":
        return 2 if one.after == "assigned" else 4
    return {"tip.opened": 0, "tip.assigned": 1, "tip.disposed": 5}.get(one.name, 3)
