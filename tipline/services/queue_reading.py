"""How the queue reads: by key inside an index, in order, never more than a bounded number of rows.

Every look starts in the index that narrows most; what else is asked for is tried on the rows that it gives, at most
``WINDOW`` of them. What few tips have (a label, an unopened addition) is read from its own table as long as it is few.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, and_, exists, func, literal, select, tuple_

from tipline.extensions import db
from tipline.models.base import Id, UtcMoment, table_of
from tipline.models.queue import TipLabel
from tipline.models.tip import Addition, Tip
from tipline.services.statuses import URGENT_LANES, Lane

WINDOW = 2000  # rows that one page looks at, at the most
NARROW = 800  # what is common is found among these
FEW = 500  # tips of a label that are read from its own table

OPEN, CLOSED = "open", "closed"
ADDED = "added"  # open or closed: what has an addition that nobody has opened
NOBODY, ME = "nobody", "me"

# What is forwarded or in quarantine may be urgent or not; on these lanes that is settled (``lanes``, ``additions``).
_ONE_HALF = {Lane.NORMAL.value: False, **{lane.value: True for lane in URGENT_LANES}}
_Rows = Select[Any]
_TIP = table_of(Tip).c
UNOPENED = select(Addition.tip_id).where(Addition.opened_at.is_(None))


@dataclass(frozen=True)
class Age:
    """When a tip arrived: ``since`` this hour, before ``until``; ``code`` is the name of the span in an address."""

    code: str
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True)
class Filter:
    """What a page of the queue shows; None means all. ``status``: a status, "open" (all but closed), "added"."""

    desk_id: str
    status: str = OPEN
    language: int | None = None
    exhibit_id: str | None = None
    lane: str | None = None
    assignee: str | None = None  # me, nobody, or an account's id
    label_id: str | None = None
    age: Age | None = None
    has_files: bool = False
    unproven: bool = False
    every: bool = False  # each tip on a line of its own, also where a group has nothing but its lead in the queue


@dataclass(frozen=True)
class Position:
    """A place in the queue's order."""

    urgent: bool
    received_at: dt.datetime
    id: str


def position(ref: str | None, desk_id: str) -> Position | None:
    """Where a tip of this desk stands, or None when there is no such tip."""
    if not ref:
        return None
    row = db.run(select(_TIP.urgent, _TIP.received_at, _TIP.id).where(_TIP.ref == ref, _TIP.desk_id == desk_id)).first()
    return None if row is None else Position(*row)


def search(
    wanted: Filter, account_id: str, start: Position | None, limit: int, *, forwards: bool
) -> tuple[list[str], str | None]:
    """Up to ``limit`` ids from a position on, and the id of the last row looked at if there may be more behind it."""
    rows, left = _plan(wanted, account_id)
    found: list[str] = []
    for half in _halves(rows, wanted, start, forwards=forwards):
        got, edge = _first_fitting(half, left, limit - len(found), forwards=forwards)
        found += got
        if len(found) >= limit:
            return found, None
        if edge is not None:
            return found, edge
    return found, None


def count(wanted: Filter, account_id: str, most: int) -> tuple[int, bool]:
    """How many tips fit, up to ``most`` and one more, and whether every row was looked at."""
    rows, left = _plan(wanted, account_id)
    width = WINDOW if left else most + 1
    total, looked_at = 0, 0
    for half in _halves(rows, wanted, None, forwards=True):
        seen = half.limit(width).subquery()
        fits = func.count().filter(_fits(seen.c, left)) if left else func.count()
        found, seen_rows = db.run(select(fits, func.count()).select_from(seen)).one()
        total, looked_at = total + found, max(looked_at, seen_rows)
        if total > most:
            break
    return total, looked_at < width


def _first_fitting(half: _Rows, left: dict[str, Any], limit: int, *, forwards: bool) -> tuple[list[str], str | None]:
    if not left:
        return [row.id for row in db.run(half.limit(limit))], None
    found: list[str] = []
    for width in (NARROW, WINDOW):
        seen = half.limit(width).subquery()
        order = _in([seen.c.urgent, seen.c.received_at, seen.c.id], forwards=forwards)
        fitting = select(seen.c.id).where(_fits(seen.c, left)).order_by(*order).limit(limit)
        found = [row.id for row in db.run(fitting)]
        if len(found) >= limit:
            return found, None
    return found, db.run(half.with_only_columns(_TIP.id).limit(1).offset(WINDOW - 1)).scalar()


def _plan(wanted: Filter, account_id: str) -> tuple[_Rows, dict[str, Any]]:
    """The rows to look at, from the index that narrows most, and what is left to try on them."""
    left = {
        "exhibit_id": wanted.exhibit_id,
        "assignee_id": account_id if wanted.assignee == ME else wanted.assignee,
        "tip_language": wanted.language,
        "lane": wanted.lane,
        "status": None if wanted.status in (OPEN, CLOSED, ADDED) else wanted.status,
        "label": wanted.label_id,
        "attachment_count": wanted.has_files or None,
        "unproven": wanted.unproven or None,
    }
    left = {name: value for name, value in left.items() if value is not None}
    # No more than is asked for, so that reading many rows reads nothing but the index.
    rows = select(_TIP.id, _TIP.urgent, _TIP.received_at, *(_TIP[name] for name in left if name in _TIP))
    closed = _TIP.closed.is_(wanted.status == CLOSED)
    if wanted.status == ADDED:
        return rows.where(_beside_the_index(wanted.desk_id), _TIP.id.in_(UNOPENED)), left
    if (few := _few_labelled(wanted.label_id)) is not None:
        del left["label"]
        return rows.where(_beside_the_index(wanted.desk_id), closed, _TIP.id.in_(few)), left
    rows = rows.where(_TIP.desk_id == wanted.desk_id)
    for name in ("assignee_id", "exhibit_id", "tip_language", "lane"):
        if name in left and (name, left[name]) != ("lane", "normal"):
            return rows.where(closed, _is(_TIP[name], left.pop(name))), left
    if "status" in left:
        return rows.where(_TIP.status == left.pop("status")), left
    if wanted == Filter(wanted.desk_id):
        return rows.where(closed, _TIP.folded.is_(False)), left
    return rows.where(closed), left


def _few_labelled(label_id: str | None) -> Select[Any] | None:
    """The tips of a label, or None where they are many and the order of an index is the better start."""
    if label_id is None:
        return None
    labelled = select(TipLabel.tip_id).where(TipLabel.label_id == label_id)
    known = db.run(select(func.count()).select_from(labelled.limit(FEW + 1).subquery())).scalar_one()
    return labelled if known <= FEW else None


def _beside_the_index(desk_id: str) -> ColumnElement[bool]:
    """The desk, and no index by it where few tips are looked for: SQLite would walk through all of the desk's."""
    return func.coalesce(_TIP.desk_id, "") == desk_id


def _halves(rows: _Rows, wanted: Filter, start: Position | None, *, forwards: bool) -> list[_Rows]:
    """The rows in order, in one piece; with an age in two, urgent and not, so that each starts at its hour.

    Of most lanes there is one half only: their tips are all urgent, or none is.
    """
    rows = rows.order_by(*_in([_TIP.urgent, _TIP.received_at, _TIP.id], forwards=forwards))
    one = _ONE_HALF.get(wanted.lane) if wanted.lane else None
    age = wanted.age
    if age is None:
        if one is not None:
            rows = rows.where(_TIP.urgent.is_(one))
        if start is None:
            return [rows]
        here = tuple_(literal(start.urgent, Boolean), literal(start.received_at, UtcMoment), literal(start.id, Id))
        return [rows.where(_past(tuple_(_TIP.urgent, _TIP.received_at, _TIP.id), here, forwards=forwards))]
    if age.since is not None:
        rows = rows.where(_TIP.received_at >= age.since)
    if age.until is not None:
        rows = rows.where(_TIP.received_at < age.until)
    sides = [urgent for urgent in (forwards, not forwards) if one is None or urgent == one]
    halves = {urgent: rows.where(_TIP.urgent.is_(urgent)) for urgent in sides}
    if start is not None:
        if start.urgent != forwards:
            halves.pop(forwards, None)  # it lies behind
        here = tuple_(literal(start.received_at, UtcMoment), literal(start.id, Id))
        past = _past(tuple_(_TIP.received_at, _TIP.id), here, forwards=forwards)
        if start.urgent in halves:
            halves[start.urgent] = halves[start.urgent].where(past)
    return list(halves.values())


def _past(row: Any, place: Any, *, forwards: bool) -> ColumnElement[bool]:
    """Rows after (or before) a place: a comparison of row values, which both databases answer from the index."""
    after: ColumnElement[bool] = row < place if forwards else row > place
    return after


def _fits(columns: Any, left: dict[str, Any]) -> ColumnElement[bool]:
    """What the index did not say, asked of the rows."""
    asked: list[ColumnElement[bool]] = []
    for name, value in left.items():
        if name == "label":
            asked.append(exists().where(TipLabel.label_id == value, TipLabel.tip_id == columns.id))
        elif name == "attachment_count":
            asked.append(columns.attachment_count > 0)
        else:
            asked.append(_is(columns[name], value))
    return and_(*asked)


def _is(column: Any, value: Any) -> ColumnElement[bool]:
    asked: ColumnElement[bool] = column.is_(None) if value == NOBODY else column == value
    return asked


def _in(columns: list[Any], *, forwards: bool) -> list[Any]:
    return [column.desc() if forwards else column.asc() for column in columns]
