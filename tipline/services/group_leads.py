"""The lead of a group stands in the queue for all of it, so it is always one that is open there.

Uses clear columns only: whatever closes, opens, moves or erases a tip says so here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.group import AnswerGroup, GroupMember
from tipline.models.tip import Tip

WORDS = 2  # a tip whose words say that somebody was there keeps a line of its own (services/first_hand)
_TIPS, _GROUPS, _MEMBERS = table_of(Tip), table_of(AnswerGroup), table_of(GroupMember)
_OPEN = _TIPS.c.closed.is_(False) & _TIPS.c.restricted.is_(False)


@dataclass(frozen=True)
class Mark:
    """What a line of the queue shows of the group that its tip is in. ``reasons``: why this tip is; none: by hand."""

    group_id: str
    size: int
    sources: int | None
    is_lead: bool
    reasons: tuple[str, ...]


def marks(tip_ids: Sequence[str]) -> dict[str, Mark]:
    """The groups of those of the tips that are in one."""
    if not tip_ids:
        return {}
    rows = select(_MEMBERS, _GROUPS.c.size, _GROUPS.c.sources, _GROUPS.c.lead_tip_id)
    rows = rows.join_from(_MEMBERS, _GROUPS, _GROUPS.c.id == _MEMBERS.c.group_id).where(_MEMBERS.c.tip_id.in_(tip_ids))
    return {
        row.tip_id: Mark(
            row.group_id,
            row.size,
            row.sources,
            row.lead_tip_id == row.tip_id,
            tuple(filter(None, row.reasons.split(","))),
        )
        for row in db.run(rows)
    }


def settle(group_id: str) -> None:
    """Count a group anew, give it an open lead where it has one, fold what the lead stands for.

    A group of one is no group any more and goes.
    """
    mine = select(_MEMBERS.c.tip_id).where(_MEMBERS.c.group_id == group_id)
    size = db.run(select(func.count()).select_from(mine.subquery())).scalar_one()
    if size < 2:
        _dissolve(group_id)
        return
    lead = db.run(select(_GROUPS.c.lead_tip_id).where(_GROUPS.c.id == group_id)).scalar_one()
    if not _is_open_member(group_id, lead):
        lead = _best(group_id)
    db.run(update(_GROUPS).where(_GROUPS.c.id == group_id).values(size=size, lead_tip_id=lead))
    stands_alone = (_TIPS.c.id == lead) | _own_line()
    has_line = _is_open_member(group_id, lead)
    _fold(_TIPS.c.id.in_(mine) & stands_alone, folded=False)
    _fold(_TIPS.c.id.in_(mine) & ~stands_alone, folded=has_line)


def tip_changed(tip_id: str) -> None:
    """A tip was closed, restricted or made urgent, or is so no more: the lead of its group is settled anew.

    Where a tip goes that another one stands for, there is nothing to settle.
    """
    row = db.run(
        select(_MEMBERS.c.group_id, _TIPS.c.folded, _OPEN.label("is_open"))
        .join_from(_MEMBERS, _TIPS, _TIPS.c.id == _MEMBERS.c.tip_id)
        .where(_MEMBERS.c.tip_id == tip_id)
    ).first()
    if row is not None and row.group_id is not None and (row.is_open or not row.folded):
        settle(row.group_id)


def forget(tip_id: str) -> None:
    """A tip is erased or goes to another desk: it is in no group any more, and is to be compared anew."""
    group_id = db.run(select(_MEMBERS.c.group_id).where(_MEMBERS.c.tip_id == tip_id)).scalar()
    db.run(delete(_MEMBERS).where(_MEMBERS.c.tip_id == tip_id))
    db.run(update(_TIPS).where(_TIPS.c.id == tip_id).values(compared=False, folded=False, first_hand=0))
    if group_id is not None:
        settle(group_id)


def _dissolve(group_id: str) -> None:
    alone = select(_MEMBERS.c.tip_id).where(_MEMBERS.c.group_id == group_id)
    _fold(_TIPS.c.id.in_(alone), folded=False)
    db.run(delete(_MEMBERS).where(_MEMBERS.c.group_id == group_id))
    db.run(delete(_GROUPS).where(_GROUPS.c.id == group_id))


def _best(group_id: str) -> str:
    """The member that says most by its clear marks: open, first-hand, with files, long; then the earliest."""
    order: tuple[Any, ...] = (
        _OPEN.desc(),
        _TIPS.c.first_hand.desc(),
        (_TIPS.c.attachment_count > 0).desc(),
        _TIPS.c.answers_size.desc(),
    )
    rows = select(_TIPS.c.id).join_from(_TIPS, _MEMBERS, _MEMBERS.c.tip_id == _TIPS.c.id)
    rows = rows.where(_MEMBERS.c.group_id == group_id)
    return str(db.run(rows.order_by(*order, _TIPS.c.received_at, _TIPS.c.id).limit(1)).scalar_one())


def _is_open_member(group_id: str, tip_id: str) -> bool:
    rows = select(_TIPS.c.id).join_from(_TIPS, _MEMBERS, _MEMBERS.c.tip_id == _TIPS.c.id)
    return db.run(rows.where(_MEMBERS.c.group_id == group_id, _TIPS.c.id == tip_id, _OPEN)).first() is not None


def _own_line() -> ColumnElement[bool]:
    """Members that no other tip stands for: urgent, on a lane of their own, or from somebody who was there."""
    return _TIPS.c.urgent.is_(True) | (_TIPS.c.lane != "normal") | (_TIPS.c.first_hand >= WORDS)


def _fold(which: ColumnElement[bool], *, folded: bool) -> None:
    db.run(update(_TIPS).where(which, _TIPS.c.folded.is_(not folded)).values(folded=folded))
