"""The queue of a desk: what is in clear of its tips, urgent ones first, then the newest hour.

It pages by key, never by offset, and every page starts inside one of the three indexes of the tip table. A filter
that no index serves looks at a bounded number of rows and then says from where to search further, so no page's cost
grows with the number of tips.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, and_, func, literal, select, tuple_

from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.appeal import Appeal, Exhibit, ExhibitText
from tipline.models.base import Id, UtcMoment
from tipline.models.tip import Addition, Tip
from tipline.services import access, desks
from tipline.services.access import TipFacts
from tipline.services.accounts import Person

PAGE_SIZE = 40
WINDOW = 2000  # rows that one page looks at, at the most
MOST_COUNTED = 1000
MOST_EXHIBITS = 300

OPEN, CLOSED = "open", "closed"
ADDED = "added"  # open or closed: what has an addition that nobody has opened
NOBODY, ME = "nobody", "me"
_UNOPENED = select(Addition.tip_id).where(Addition.opened_at.is_(None))


@dataclass(frozen=True)
class Filter:
    """What a page of the queue shows; None means all. ``status``: a status, "open" (all but closed), "added"."""

    desk_id: str
    status: str = OPEN
    language: int | None = None
    exhibit_id: str | None = None
    lane: str | None = None
    assignee: str | None = None  # me, nobody, or an account's id


@dataclass(frozen=True)
class Line:
    """One tip in the queue."""

    tip: TipFacts
    exhibit: str | None
    assignee: str | None
    added_to: bool  # its sender added something that nobody has opened


@dataclass(frozen=True)
class Page:
    """Lines in order, and the references to page from.

    ``further``: the rows looked at held no more, but there are more rows; searching goes on after this reference.
    """

    lines: tuple[Line, ...]
    newer: str | None
    older: str | None
    further: str | None


@dataclass(frozen=True)
class Count:
    """How many tips there are, up to a thousand. ``more``: there are more than ``number``."""

    number: int
    more: bool


def desks_of(person: Person) -> tuple[desks.DeskRef, ...]:
    """The desks whose queues this person may see."""
    return tuple(desks.desks_of(person))


def page(person: Person, wanted: Filter, *, after: str | None = None, before: str | None = None) -> Page:
    """The page after one tip's reference, or before another's, or the first. A reference that is gone: the first.

    For a desk that is not this person's the page is empty.
    """
    if wanted.desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return Page((), None, None, None)
    start = _position(before or after, wanted.desk_id)
    if before and start:
        return _backwards(person, wanted, start)
    rows, last = _search(person, wanted, start, PAGE_SIZE + 1, forwards=True)
    shown = rows[:PAGE_SIZE]
    return Page(
        _lines(shown),
        newer=shown[0].ref if shown and start else None,
        older=shown[-1].ref if len(rows) > PAGE_SIZE else None,
        further=last if len(rows) <= PAGE_SIZE else None,
    )


def neighbours(person: Person, wanted: Filter, ref: str) -> tuple[str | None, str | None]:
    """The tips before and after this one within the filter, as far as a page looks."""
    start = _position(ref, wanted.desk_id)
    if start is None:
        return None, None
    newer, _ = _search(person, wanted, start, 1, forwards=False)
    older, _ = _search(person, wanted, start, 1, forwards=True)
    return (newer[0].ref if newer else None, older[0].ref if older else None)


def count(person: Person, wanted: Filter) -> Count:
    """How many tips the filter finds; counting stops at a thousand, and at the rows that a page looks at."""
    if not _scans(wanted):
        ids = _window(person, wanted, None, forwards=True, limit=MOST_COUNTED + 1).with_only_columns(Tip.id)
        found = db.session.execute(select(func.count()).select_from(ids.subquery())).scalar_one()
        return Count(min(found, MOST_COUNTED), found > MOST_COUNTED)
    seen = _window(person, wanted, None, forwards=True, limit=WINDOW).subquery()
    found, looked_at = db.session.execute(
        select(func.count().filter(_filters(seen.c, wanted)), func.count()).select_from(seen)
    ).one()
    return Count(min(found, MOST_COUNTED), looked_at >= WINDOW or found > MOST_COUNTED)


def exhibits_of(desk_id: str) -> tuple[tuple[str, str], ...]:
    """Id and title of the exhibits whose tips come to this desk, for the filter."""
    rows = db.session.execute(
        select(Exhibit.id, Exhibit.ref)
        .join(Appeal, Appeal.id == Exhibit.appeal_id)
        .where(Appeal.desk_id == desk_id)
        .order_by(Appeal.position, Exhibit.position, Exhibit.id)
        .limit(MOST_EXHIBITS)
    ).all()
    titles = exhibit_titles(row.id for row in rows)
    return tuple((row.id, titles.get(row.id, row.ref)) for row in rows)


def exhibit_titles(exhibit_ids: Iterable[str | None]) -> dict[str, str]:
    """Titles by exhibit, in English where there is one."""
    wanted = {one for one in exhibit_ids if one}
    if not wanted:
        return {}
    rows = db.session.execute(
        select(ExhibitText.exhibit_id, ExhibitText.title)
        .where(ExhibitText.exhibit_id.in_(wanted))
        .order_by(ExhibitText.language == "en", ExhibitText.language.desc())
    ).all()
    return {row.exhibit_id: row.title for row in rows}  # the last one wins: English


def account_names(account_ids: Iterable[str | None]) -> dict[str, str]:
    """Display names by account."""
    wanted = {one for one in account_ids if one}
    if not wanted:
        return {}
    rows = db.session.execute(select(Account.id, Account.display_name).where(Account.id.in_(wanted))).all()
    return {row.id: row.display_name for row in rows}


@dataclass(frozen=True)
class _Position:
    urgent: bool
    received_at: dt.datetime
    id: str


def _position(ref: str | None, desk_id: str) -> _Position | None:
    if not ref:
        return None
    row = db.session.execute(
        select(Tip.urgent, Tip.received_at, Tip.id).where(Tip.ref == ref, Tip.desk_id == desk_id)
    ).one_or_none()
    return None if row is None else _Position(*row)


def _backwards(person: Person, wanted: Filter, start: _Position) -> Page:
    rows, last = _search(person, wanted, start, PAGE_SIZE + 1, forwards=False)
    shown = rows[:PAGE_SIZE][::-1]
    if not shown:
        return page(person, wanted)
    more = len(rows) > PAGE_SIZE or last is not None
    return Page(_lines(shown), newer=shown[0].ref if more else None, older=shown[-1].ref, further=None)


def _search(
    person: Person, wanted: Filter, start: _Position | None, limit: int, *, forwards: bool
) -> tuple[list[TipFacts], str | None]:
    """Up to ``limit`` tips from a position on, and the reference of the last row looked at if there may be more."""
    if not _scans(wanted):
        return _facts(_window(person, wanted, start, forwards=forwards, limit=limit)), None
    rows: list[TipFacts] = []
    for width in (WINDOW // 5, WINDOW):  # what is common is found in the narrow one
        seen = _window(person, wanted, start, forwards=forwards, limit=width).subquery()
        order = _in([seen.c.urgent, seen.c.received_at, seen.c.id], forwards=forwards)
        rows = _facts(select(seen.c.id).where(_filters(seen.c, wanted)).order_by(*order).limit(limit))
        if len(rows) >= limit:
            return rows, None
    last = _window(person, wanted, start, forwards=forwards, limit=1).offset(WINDOW - 1)
    edge = db.session.execute(last).one_or_none()
    return rows, None if edge is None else edge.ref


def _window(
    person: Person, wanted: Filter, start: _Position | None, *, forwards: bool, limit: int
) -> Select[*tuple[Any, ...]]:
    """The rows that one page looks at, in the order of an index."""
    conditions: list[ColumnElement[bool]] = [_at_desk(wanted)]
    if wanted.assignee is not None:
        mine = {NOBODY: None, ME: person.id}.get(wanted.assignee, wanted.assignee)
        conditions.append(Tip.assignee_id.is_(None) if mine is None else Tip.assignee_id == mine)
    if wanted.status == ADDED:
        conditions.append(Tip.id.in_(_UNOPENED))
    elif wanted.status in (OPEN, CLOSED) or wanted.assignee is not None:
        if wanted.status in (OPEN, CLOSED):
            conditions.append(Tip.closed.is_(wanted.status == CLOSED))
        else:
            conditions.append(Tip.closed.is_(False))
    else:
        conditions.append(Tip.status == wanted.status)
    if start is not None:
        conditions.append(_beyond(start, forwards=forwards))
    columns = (Tip.id, Tip.ref, Tip.urgent, Tip.received_at, Tip.status, Tip.lane, Tip.tip_language, Tip.exhibit_id)
    order = _in([Tip.urgent, Tip.received_at, Tip.id], forwards=forwards)
    return select(*columns).where(and_(*conditions)).order_by(*order).limit(limit)


def _at_desk(wanted: Filter) -> ColumnElement[bool]:
    """The desk, and no index by it where few tips are looked for: SQLite would walk through all of the desk's."""
    return (func.coalesce(Tip.desk_id, "") if wanted.status == ADDED else Tip.desk_id) == wanted.desk_id


def _beyond(start: _Position, *, forwards: bool) -> ColumnElement[bool]:
    """Rows after (or before) a position: a comparison of row values, which both databases answer from the index."""
    row = tuple_(Tip.urgent, Tip.received_at, Tip.id)
    position = tuple_(literal(start.urgent, Boolean), literal(start.received_at, UtcMoment), literal(start.id, Id))
    return row < position if forwards else row > position


def _scans(wanted: Filter) -> bool:
    """Whether the filter asks for more than the order of an index gives."""
    by_status = wanted.status not in (OPEN, CLOSED, ADDED)
    other = wanted.language is not None or wanted.exhibit_id is not None or wanted.lane is not None
    return other or (by_status and wanted.assignee is not None)


def _filters(columns: Any, wanted: Filter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [columns.id.is_not(None)]
    if wanted.status not in (OPEN, CLOSED, ADDED):
        conditions.append(columns.status == wanted.status)
    if wanted.language is not None:
        conditions.append(columns.tip_language == wanted.language)
    if wanted.exhibit_id is not None:
        conditions.append(columns.exhibit_id == wanted.exhibit_id)
    if wanted.lane is not None:
        conditions.append(columns.lane == wanted.lane)
    return and_(*conditions)


def _in(columns: list[Any], *, forwards: bool) -> list[Any]:
    return [column.desc() if forwards else column.asc() for column in columns]


def _facts(ids: Select[*tuple[Any, ...]]) -> list[TipFacts]:
    """The tips that a statement found, in its order."""
    found = [row.id for row in db.session.execute(ids)]
    if not found:
        return []
    rows = {row.id: TipFacts(*row) for row in db.session.execute(select(*access.FACTS).where(Tip.id.in_(found)))}
    return [rows[one] for one in found if one in rows]


def _lines(tips: list[TipFacts]) -> tuple[Line, ...]:
    titles = exhibit_titles(tip.exhibit_id for tip in tips)
    names = account_names(tip.assignee_id for tip in tips)
    added_to = set(db.session.scalars(_UNOPENED.where(Addition.tip_id.in_([tip.id for tip in tips]))))
    return tuple(
        Line(tip, titles.get(tip.exhibit_id or ""), names.get(tip.assignee_id or ""), tip.id in added_to)
        for tip in tips
    )
