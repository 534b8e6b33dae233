"""One act on many tips: each of them checked and logged like a single one, and undone for a while by who did it.

A tip that cannot be changed (a colleague's, restricted, moved on) is left out and named; the others go on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from tipline.errors import BadInput, NotFound, ReasonNeeded, Refused, WrongState
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.queue import BulkAct, BulkItem
from tipline.models.tip import Tip
from tipline.services import access, desks, labels, presence, tips
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.statuses import Disposition, Status

ASSIGN, CLOSE, LABEL = "assign", "close", "label"
MOST = 500  # tips of one act
UNDO = dt.timedelta(minutes=30)
KEPT = dt.timedelta(days=1)
_ACTS, _ITEMS, _TIPS = table_of(BulkAct), table_of(BulkItem), table_of(Tip)


@dataclass(frozen=True)
class Outcome:
    """What an act on many did: the references that it changed, and those that it left out with the refusal's code."""

    act_id: str | None
    done: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Undoable:
    """An act that its person can still undo."""

    id: str
    kind: str
    value: str
    count: int
    made_at: dt.datetime
    until: dt.datetime


def assign(person: Person, desk_id: str, refs: Sequence[str], assignee_id: str, now: dt.datetime) -> Outcome:
    """Give many tips to one person of the desk. Raises NotFound, BadInput (nothing or too much chosen, assignee)."""
    if assignee_id not in {member for member, _name in tips.members(desk_id)}:
        raise BadInput("assignee", "unknown")

    def give(tip: TipFacts) -> None:
        if tip.assignee_id == assignee_id:
            raise WrongState
        tips.assign_tip(person, tip.ref, assignee_id, now)

    return _each(person, desk_id, refs, ASSIGN, assignee_id, give, now)


def dispose(
    person: Person, desk_id: str, refs: Sequence[str], disposition: str, reason: str, now: dt.datetime
) -> Outcome:
    """Close many tips in one way, with one reason that is sealed to each of them; nothing of them is shown.

    Raises NotFound, ReasonNeeded, and BadInput (nothing or too much chosen, disposition, reason too long).
    """
    if disposition not in set(Disposition):
        raise BadInput("disposition", "unknown")
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > tips.REASON_LIMIT:
        raise BadInput("disposition_reason", "long")

    def close(tip: TipFacts) -> None:
        tips.dispose_tip(access.reach_tip(person, tip.ref), disposition, reason, now)

    return _each(person, desk_id, refs, CLOSE, disposition, close, now)


def label(person: Person, desk_id: str, refs: Sequence[str], label_id: str, now: dt.datetime) -> Outcome:
    """Put a label on many tips. Raises NotFound, and BadInput (nothing or too much chosen, label)."""
    if label_id not in {one.id for one in labels.of_desk(person, desk_id)}:
        raise BadInput("label", "unknown")
    return _each(person, desk_id, refs, LABEL, label_id, lambda tip: labels.put_on(person, tip.ref, label_id, now), now)


def last(person: Person, desk_id: str, now: dt.datetime) -> Undoable | None:
    """This person's latest act on many tips of a desk, if it can still be undone."""
    row = db.run(
        select(_ACTS)
        .where(_ACTS.c.account_id == person.id, _ACTS.c.desk_id == desk_id, _ACTS.c.made_at > now - UNDO)
        .order_by(_ACTS.c.made_at.desc(), _ACTS.c.id)
        .limit(1)
    ).first()
    if row is None or row.undone_at is not None:
        return None
    count = len(db.run(select(_ITEMS.c.tip_id).where(_ITEMS.c.act_id == row.id)).all())
    return Undoable(row.id, row.kind, row.value, count, row.made_at, row.made_at + UNDO)


def undo(person: Person, act_id: str, now: dt.datetime) -> Outcome:
    """Take one's own act back, tip by tip: a closed tip is open again, a given one goes back to whoever had it.

    What somebody has changed since is left out. Raises NotFound for others' acts, WrongState when it was undone
    already or its half hour is over.
    """
    act = db.run(select(_ACTS).where(_ACTS.c.id == act_id, _ACTS.c.account_id == person.id).with_for_update()).first()
    if act is None:
        raise NotFound
    if act.undone_at is not None or act.made_at <= now - UNDO:
        raise WrongState
    db.run(update(_ACTS).where(_ACTS.c.id == act_id).values(undone_at=now))
    rows = db.run(
        select(_TIPS.c.ref, _ITEMS.c.assignee_before)
        .join(_ITEMS, _ITEMS.c.tip_id == _TIPS.c.id)
        .where(_ITEMS.c.act_id == act_id)
        .order_by(_TIPS.c.ref)
    ).all()
    before = {row.ref: row.assignee_before for row in rows}
    done, left_out = _try_each(
        list(before), lambda ref: _take_back(person, act.kind, act.value, access.see_tip(person, ref), before[ref], now)
    )
    return Outcome(act_id, tuple(tip.ref for tip in done), tuple(left_out))


def erase_old(now: dt.datetime) -> int:
    """Forget acts that are older than a day; how many."""
    gone: int = db.run(delete(_ACTS).where(_ACTS.c.made_at <= now - KEPT)).rowcount
    return gone


def _each(
    person: Person,
    desk_id: str,
    refs: Sequence[str],
    kind: str,
    value: str,
    do: Callable[[TipFacts], None],
    now: dt.datetime,
) -> Outcome:
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    chosen = list(dict.fromkeys(refs))
    if not chosen or len(chosen) > MOST:
        raise BadInput("refs", "missing" if not chosen else "too-many")

    def one(ref: str) -> TipFacts:
        tip = access.see_tip(person, ref)
        if tip.desk_id != desk_id:
            raise NotFound
        presence.check(person, tip.id, now)
        do(tip)
        return tip

    done, left_out = _try_each(chosen, one)
    act_id = _keep(person, desk_id, kind, value, done, now) if done else None
    return Outcome(act_id, tuple(tip.ref for tip in done), tuple(left_out))


def _try_each(refs: Sequence[str], do: Callable[[str], TipFacts]) -> tuple[list[TipFacts], list[tuple[str, str]]]:
    """Do it to one after the other, each by itself: one that is refused changes nothing and stops nobody."""
    done: list[TipFacts] = []
    left_out: list[tuple[str, str]] = []
    for ref in refs:
        part = db.session.begin_nested()
        try:
            done.append(do(ref))
        except Refused as refused:
            part.rollback()
            left_out.append((ref, refused.code))
        else:
            part.commit()
    return done, left_out


def _keep(person: Person, desk_id: str, kind: str, value: str, done: list[TipFacts], now: dt.datetime) -> str:
    act_id = new_id()
    db.run(
        insert(_ACTS).values(
            id=act_id, desk_id=desk_id, account_id=person.id, kind=kind, value=value, made_at=now, undone_at=None
        )
    )
    db.run(
        insert(_ITEMS),
        [{"act_id": act_id, "tip_id": tip.id, "assignee_before": tip.assignee_id} for tip in done],
    )
    return act_id


def _take_back(
    person: Person, kind: str, value: str, tip: TipFacts, assignee_before: str | None, now: dt.datetime
) -> TipFacts:
    """One tip as it was before. Raises WrongState when it has moved on, OpenElsewhere while a colleague has it."""
    presence.check(person, tip.id, now)
    if kind == LABEL:
        labels.take_off(person, tip.ref, value, now)
    elif kind == CLOSE:
        if tip.status != Status.CLOSED or tip.disposition != value:
            raise WrongState
        tips.reopen_tip(access.reach_tip(person, tip.ref), now)
    else:
        if tip.assignee_id != value:
            raise WrongState
        tips.return_tip(person, tip.ref, assignee_before, now)
    return tip
