"""Groups of tips that give the same answer: what the pages show of them, and what people decide about them.

A group changes how the queue looks and nothing else. Each tip keeps its status, grade and clock; closing a group is an
act on each of its tips (``bulk``). Thirty tips that repeat one page are one source, so how many sources a group has is
for a person to say (DOMAIN 1.7).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, tuple_, update

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.group import AnswerGroup, GroupMember
from tipline.models.tip import Tip
from tipline.services import access, desks, group_leads, history, log, queue
from tipline.services.access import TipFacts
from tipline.services.accounts import Person

PAGE_SIZE = 50
MOST_LISTED = 100
MOST_SOURCES = 9999
MOST_AT_ONCE = 500
_TIPS, _GROUPS, _MEMBERS = table_of(Tip), table_of(AnswerGroup), table_of(GroupMember)


@dataclass(frozen=True)
class Group:
    """One group as lists show it. ``reasons``: what its tips have in common, the commonest first, with their number."""

    id: str
    desk_id: str
    lead: TipFacts
    exhibit: str | None
    size: int
    open: int
    languages: int
    sources: int | None
    sources_by: str | None
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Member:
    """One tip of a group, and why it is in it; no reasons: a person put it there."""

    tip: TipFacts
    reasons: tuple[str, ...]
    is_lead: bool


def of_desk(person: Person, desk_id: str) -> tuple[Group, ...]:
    """The groups of a desk that have an open tip, the largest first, at most a hundred. Raises NotFound."""
    _check_desk(person, desk_id)
    rows = _groups().where(_GROUPS.c.desk_id == desk_id, _TIPS.c.closed.is_(False), _TIPS.c.restricted.is_(False))
    return _read(rows.order_by(_GROUPS.c.size.desc(), _GROUPS.c.id).limit(MOST_LISTED))


def read(person: Person, group_id: str) -> Group:
    """One group. Raises NotFound for one that is gone or another desk's."""
    found = _read(_groups().where(_GROUPS.c.id == group_id))
    if not found:
        raise NotFound
    _check_desk(person, found[0].desk_id)
    return found[0]


def group_of(person: Person, ref: str) -> Group | None:
    """The group that a tip is in. Raises what ``access.see_tip`` does."""
    tip = access.see_tip(person, ref)
    group_id = db.run(select(_MEMBERS.c.group_id).where(_MEMBERS.c.tip_id == tip.id)).scalar()
    return None if group_id is None else read(person, group_id)


def members(group: Group, after: str | None = None) -> tuple[tuple[Member, ...], str | None]:
    """A page of a group's tips, the newest first, and the reference after which the next page begins."""
    rows = select(*(_TIPS.c[name] for name in TipFacts.__dataclass_fields__), _MEMBERS.c.reasons)
    rows = rows.join_from(_TIPS, _MEMBERS, _MEMBERS.c.tip_id == _TIPS.c.id).where(_MEMBERS.c.group_id == group.id)
    order = tuple_(_TIPS.c.received_at, _TIPS.c.id)
    if after is not None:
        start = select(_TIPS.c.received_at, _TIPS.c.id).where(_TIPS.c.ref == after, _TIPS.c.desk_id == group.desk_id)
        rows = rows.where(order < start.scalar_subquery())
    rows = rows.order_by(_TIPS.c.received_at.desc(), _TIPS.c.id.desc()).limit(PAGE_SIZE + 1)
    found = [_member(row, group) for row in db.run(rows)]
    return tuple(found[:PAGE_SIZE]), found[PAGE_SIZE - 1].tip.ref if len(found) > PAGE_SIZE else None


def open_refs(group: Group) -> tuple[str, ...]:
    """References of the open tips of a group, at most five hundred: what can be closed in one act."""
    rows = select(_TIPS.c.ref).join_from(_TIPS, _MEMBERS, _MEMBERS.c.tip_id == _TIPS.c.id)
    rows = rows.where(_MEMBERS.c.group_id == group.id, _TIPS.c.closed.is_(False), _TIPS.c.restricted.is_(False))
    return tuple(db.run(rows.order_by(_TIPS.c.id == group.lead.id, _TIPS.c.ref).limit(MOST_AT_ONCE)).scalars())


def choose_lead(person: Person, group_id: str, ref: str, now: dt.datetime) -> None:
    """Let another open tip of the group stand for it. Raises NotFound, WrongState for one that is not open in it."""
    group = _locked(person, group_id)
    chosen = _ids_in(group, [ref])
    if not chosen:
        raise WrongState
    tip = access.see_tip(person, ref)
    if tip.restricted or tip.status == "closed":
        raise WrongState
    db.run(update(_GROUPS).where(_GROUPS.c.id == group_id).values(lead_tip_id=chosen[0], changed_at=now))
    group_leads.settle(group_id)
    _tell(person, chosen, "lead", now)


def take_out(person: Person, group_id: str, refs: Sequence[str], now: dt.datetime) -> int:
    """Let tips stand by themselves; they are put into no group again by comparing. Returns how many.

    Raises NotFound, BadInput on ``refs`` (missing).
    """
    group = _locked(person, group_id)
    chosen = _chosen(group, refs)
    _put(chosen, None)
    group_leads.settle(group_id)
    for tip_id in chosen:
        db.run(update(_TIPS).where(_TIPS.c.id == tip_id).values(folded=False))
    _tell(person, chosen, "out", now)
    return len(chosen)


def split(person: Person, group_id: str, refs: Sequence[str], now: dt.datetime) -> str:
    """Make a group of its own of some tips; returns its id. Raises NotFound, BadInput on refs (missing, few, all)."""
    group = _locked(person, group_id)
    chosen = _chosen(group, refs)
    if len(chosen) < 2:
        raise BadInput("refs", "few")
    if len(chosen) == group.size:
        raise BadInput("refs", "all")
    made = new_id()
    values = {"id": made, "desk_id": group.desk_id, "lead_tip_id": chosen[0], "size": len(chosen), "changed_at": now}
    db.run(insert(_GROUPS).values(**values))
    _put(chosen, made)
    for one in (made, group_id):
        group_leads.settle(one)
    _tell(person, chosen, "split", now)
    return made


def merge(person: Person, group_id: str, ref: str, now: dt.datetime) -> int:
    """Take the tip with this reference into the group, with the whole group that it is in. Returns how many came.

    The number of sources is to be said anew. Raises NotFound, BadInput on ``ref`` (unknown, same).
    """
    group = _locked(person, group_id)
    try:
        tip = access.see_tip(person, ref)
    except NotFound:
        raise BadInput("ref", "unknown") from None
    if tip.desk_id != group.desk_id:
        raise BadInput("ref", "unknown")
    other = group_of(person, ref)
    if other is not None and other.id == group_id:
        raise BadInput("ref", "same")
    coming = [tip.id]
    if other is not None:
        coming = list(db.run(select(_MEMBERS.c.tip_id).where(_MEMBERS.c.group_id == other.id)).scalars())
    staying = list(db.run(select(_MEMBERS.c.tip_id).where(_MEMBERS.c.group_id == group_id)).scalars())
    _put(coming, group_id)
    _put([group.lead.id] if group.lead.id in staying else staying[:1], group_id)  # so that comparing knows them as one
    if other is not None:
        db.run(delete(_GROUPS).where(_GROUPS.c.id == other.id))
    db.run(update(_GROUPS).where(_GROUPS.c.id == group_id).values(sources=None, sources_by=None, changed_at=now))
    group_leads.settle(group_id)
    _tell(person, coming, "merged", now)
    return len(coming)


def set_sources(person: Person, group_id: str, number: int, now: dt.datetime) -> None:
    """Say from how many people independently the answer came. Raises NotFound, BadInput on ``sources`` (range)."""
    group = _locked(person, group_id)
    if not 1 <= number <= min(group.size, MOST_SOURCES):
        raise BadInput("sources", "range")
    values = {"sources": number, "sources_by": person.id, "changed_at": now}
    db.run(update(_GROUPS).where(_GROUPS.c.id == group_id).values(**values))
    _tell(person, [group.lead.id], "sources", now)


def first_hand_of(person: Person, desk_id: str) -> tuple[TipFacts, ...]:
    """Open tips that say they are first-hand and have a line of their own, the clearest first. Raises NotFound."""
    _check_desk(person, desk_id)
    return tuple(queue.risen(desk_id, MOST_LISTED))


def unmark_first_hand(person: Person, ref: str, now: dt.datetime) -> None:
    """Say that a tip is not first-hand: it rises no more. Raises NotFound, WrongState when it does not."""
    tip = access.see_tip(person, ref)
    if not tip.first_hand:
        raise WrongState
    db.run(update(_TIPS).where(_TIPS.c.id == tip.id).values(first_hand=0))
    group_leads.tip_changed(tip.id)
    history.add(tip.id, "tip.flagged", actor=person.actor, now=now, after="not_first_hand")
    log.record(
        "tip.flagged", chain="staff", actor=person.actor, subjects=[tip.id], now=now, field_group="not_first_hand"
    )


def _check_desk(person: Person, desk_id: str) -> None:
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound


def _locked(person: Person, group_id: str) -> Group:
    db.run(select(_GROUPS.c.id).where(_GROUPS.c.id == group_id).with_for_update())
    return read(person, group_id)


def _groups() -> Select[Any]:
    facts = (_TIPS.c[name] for name in TipFacts.__dataclass_fields__)
    mine = (_GROUPS.c.id.label("group_id"), _GROUPS.c.size, _GROUPS.c.sources, _GROUPS.c.sources_by)
    return select(*facts, *mine).join_from(_GROUPS, _TIPS, _TIPS.c.id == _GROUPS.c.lead_tip_id)


def _read(rows: Select[Any]) -> tuple[Group, ...]:
    found = list(db.run(rows))
    ids = [row.group_id for row in found]
    titles = queue.exhibit_titles(row.exhibit_id for row in found)
    names = queue.account_names(row.sources_by for row in found)
    counted = select(
        _MEMBERS.c.group_id,
        func.count().filter(_TIPS.c.closed.is_(False)).label("open"),
        func.count(_TIPS.c.tip_language.distinct()).label("languages"),
    )
    counted = counted.join_from(_MEMBERS, _TIPS, _TIPS.c.id == _MEMBERS.c.tip_id)
    counts = {
        row.group_id: row for row in db.run(counted.where(_MEMBERS.c.group_id.in_(ids)).group_by(_MEMBERS.c.group_id))
    }
    reasons = _reasons(ids)
    return tuple(
        Group(
            id=row.group_id,
            desk_id=row.desk_id,
            lead=_facts(row),
            exhibit=titles.get(row.exhibit_id or ""),
            size=row.size,
            open=counts[row.group_id].open,
            languages=counts[row.group_id].languages,
            sources=row.sources,
            sources_by=names.get(row.sources_by or ""),
            reasons=reasons.get(row.group_id, ()),
        )
        for row in found
        if row.group_id in counts
    )


def _reasons(group_ids: Sequence[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    counted = select(_MEMBERS.c.group_id, _MEMBERS.c.reasons, func.count().label("number"))
    counted = counted.where(_MEMBERS.c.group_id.in_(group_ids)).group_by(_MEMBERS.c.group_id, _MEMBERS.c.reasons)
    totals: dict[str, dict[str, int]] = {}
    for row in db.run(counted):
        for reason in filter(None, row.reasons.split(",")):
            mine = totals.setdefault(row.group_id, {})
            mine[reason] = mine.get(reason, 0) + row.number
    return {one: tuple(sorted(mine.items(), key=lambda pair: -pair[1])) for one, mine in totals.items()}


def _facts(row: Any) -> TipFacts:
    return TipFacts(**{name: getattr(row, name) for name in TipFacts.__dataclass_fields__})


def _member(row: Any, group: Group) -> Member:
    return Member(_facts(row), tuple(filter(None, row.reasons.split(","))), row.id == group.lead.id)


def _ids_in(group: Group, refs: Sequence[str]) -> list[str]:
    rows = select(_TIPS.c.id).join_from(_TIPS, _MEMBERS, _MEMBERS.c.tip_id == _TIPS.c.id)
    rows = rows.where(_MEMBERS.c.group_id == group.id, _TIPS.c.ref.in_(refs[:MOST_AT_ONCE])).order_by(_TIPS.c.id)
    return list(db.run(rows).scalars())


def _chosen(group: Group, refs: Sequence[str]) -> list[str]:
    chosen = _ids_in(group, refs)
    if not chosen:
        raise BadInput("refs", "missing")
    return chosen


def _put(tip_ids: Sequence[str], group_id: str | None) -> None:
    """Where a person wants them, for good."""
    reasons = {row.tip_id: row.reasons for row in db.run(select(_MEMBERS).where(_MEMBERS.c.tip_id.in_(tip_ids)))}
    db.run(delete(_MEMBERS).where(_MEMBERS.c.tip_id.in_(tip_ids)))
    rows = [{"tip_id": one, "group_id": group_id, "reasons": reasons.get(one, ""), "by_hand": True} for one in tip_ids]
    db.run(insert(_MEMBERS), rows)


def _tell(person: Person, tip_ids: Sequence[str], what: str, now: dt.datetime) -> None:
    """In the history of each tip, and in the log."""
    for tip_id in tip_ids:
        history.add(tip_id, "tip.grouped", actor=person.actor, now=now, after=what)
    log.record("group.changed", chain="staff", actor=person.actor, subjects=list(tip_ids), now=now, field_group=what)
