"""The queue of a desk: what is in clear of its tips, urgent ones first, then the newest hour.

It pages by key, never by offset, and every page starts inside one of the three indexes of the tip table. A filter
that no index serves looks at a bounded number of rows and then says from where to search further, so no page's cost
grows with the number of tips.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BindParameter, Integer, bindparam, select

from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.appeal import Appeal, Exhibit, ExhibitText
from tipline.models.tip import Addition, Tip
from tipline.services import access, desks, group_leads, labels, queue_reading, seen
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.queue_reading import ADDED, CLOSED, ME, NOBODY, OPEN, Age, Filter

__all__ = ["ADDED", "CLOSED", "ME", "NOBODY", "OPEN", "Age", "Count", "Filter", "Line", "Page"]

PAGE_SIZE = 40
MOST_COUNTED = 1000
MOST_EXHIBITS = 300
MOST_RISEN = 15
MOST_CHOSEN = 500
AGES: Mapping[str, tuple[int, int]] = {  # from so many hours ago to so many
    "day": (24, 0),
    "week": (7 * 24, 0),
    "older-week": (0, 7 * 24),
    "older-month": (0, 30 * 24),
}

# Built once: putting a statement together takes longer than running it.
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_TITLES = (
    select(ExhibitText.exhibit_id, ExhibitText.title)
    .where(ExhibitText.exhibit_id.in_(_WANTED))
    .order_by(ExhibitText.language == "en", ExhibitText.language.desc())
)
_REFS = select(Tip.id, Tip.ref).where(Tip.id.in_(_WANTED))
_NAMES = select(Account.id, Account.display_name).where(Account.id.in_(_WANTED))
_THESE = select(*access.FACTS).where(Tip.id.in_(_WANTED))
_RISEN = (
    select(Tip.id)
    .where(Tip.desk_id == bindparam("desk_id"), Tip.closed.is_(False), Tip.folded.is_(False), Tip.first_hand > 0)
    .order_by(Tip.first_hand.desc(), Tip.received_at.desc(), Tip.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_ADDED_TO = queue_reading.UNOPENED.where(Addition.tip_id.in_(_WANTED))


@dataclass(frozen=True)
class Line:
    """One tip in the queue."""

    tip: TipFacts
    exhibit: str | None
    assignee: str | None
    added_to: bool  # its sender added something that nobody has opened
    unread: bool  # this person has not opened it yet
    labels: tuple[str, ...] = ()  # ids
    group: group_leads.Mark | None = None


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


def age(code: str, now: dt.datetime) -> Age | None:
    """The hours that an age of the filter means now, or None for a code that is none."""
    if code not in AGES:
        return None
    since, until = AGES[code]
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Age(
        code,
        since=hour - dt.timedelta(hours=since) if since else None,
        until=hour - dt.timedelta(hours=until) if until else None,
    )


def page(person: Person, wanted: Filter, *, after: str | None = None, before: str | None = None) -> Page:
    """The page after one tip's reference, or before another's, or the first. A reference that is gone: the first.

    For a desk that is not this person's the page is empty.
    """
    if wanted.desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return Page((), None, None, None)
    start = queue_reading.position(before or after, wanted.desk_id)
    if before and start:
        return _backwards(person, wanted, start)
    ids, edge = queue_reading.search(wanted, person.id, start, PAGE_SIZE + 1, forwards=True)
    shown = _facts(ids[:PAGE_SIZE])
    return Page(
        _lines(person, _with_risen(wanted, shown) if start is None else shown),
        newer=shown[0].ref if shown and start else None,
        older=shown[-1].ref if len(ids) > PAGE_SIZE else None,
        further=_ref(edge),
    )


def neighbours(person: Person, wanted: Filter, ref: str) -> tuple[str | None, str | None]:
    """The tips before and after this one within the filter, as far as a page looks."""
    start = queue_reading.position(ref, wanted.desk_id)
    if start is None:
        return None, None
    newer, older = (
        next(iter(queue_reading.search(wanted, person.id, start, 1, forwards=forwards)[0]), "")
        for forwards in (False, True)
    )
    refs = {row.id: row.ref for row in db.run(_REFS, {"wanted": [newer, older]})}
    return refs.get(newer), refs.get(older)


def chosen(person: Person, desk_id: str, refs: Sequence[str]) -> tuple[Line, ...]:
    """These tips of one desk as the queue shows them, in its order; what is not there is left out."""
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return ()
    mine = select(*access.FACTS).where(Tip.ref.in_(refs[:MOST_CHOSEN]), Tip.desk_id == desk_id)
    order = (Tip.urgent.desc(), Tip.received_at.desc(), Tip.id.desc())
    return _lines(person, [TipFacts(*row) for row in db.session.execute(mine.order_by(*order))])


def count(person: Person, wanted: Filter) -> Count:
    """How many tips the filter finds; counting stops at a thousand, and at the rows that a page looks at."""
    found, is_all = queue_reading.count(replace(wanted, every=True), person.id, MOST_COUNTED)
    return Count(min(found, MOST_COUNTED), not is_all or found > MOST_COUNTED)


def count_new(person: Person, desk_id: str) -> Count:
    """How many tips of a desk nobody has looked at yet; nothing of a desk that is not this person's."""
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return Count(0, False)
    return count(person, Filter(desk_id, status="received"))


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
    rows = db.run(_TITLES, {"wanted": list(wanted)})
    return {row.exhibit_id: row.title for row in rows}  # the last one wins: English


def account_names(account_ids: Iterable[str | None]) -> dict[str, str]:
    """Display names by account."""
    wanted = {one for one in account_ids if one}
    if not wanted:
        return {}
    rows = db.run(_NAMES, {"wanted": list(wanted)})
    return {row.id: row.display_name for row in rows}


def risen(desk_id: str, limit: int) -> list[TipFacts]:
    """Open tips whose sender says to have been there, owned or sold it: the clearest first, then the newest."""
    return _facts([row.id for row in db.run(_RISEN, {"desk_id": desk_id, "most": limit})])


def _with_risen(wanted: Filter, shown: list[TipFacts]) -> list[TipFacts]:
    """The first page of the default view: below the urgent tips the first-hand ones, which keep their place as well."""
    if wanted != Filter(wanted.desk_id):
        return shown
    up = risen(wanted.desk_id, MOST_RISEN)
    urgent = [tip for tip in shown if tip.urgent]
    known = {tip.id for tip in urgent}
    up = [tip for tip in up if tip.id not in known]
    known |= {tip.id for tip in up}
    return [*urgent, *up, *(tip for tip in shown if tip.id not in known)]


def _backwards(person: Person, wanted: Filter, start: queue_reading.Position) -> Page:
    ids, edge = queue_reading.search(wanted, person.id, start, PAGE_SIZE + 1, forwards=False)
    shown = _facts(ids[:PAGE_SIZE][::-1])
    if not shown:
        return page(person, wanted)
    more = len(ids) > PAGE_SIZE or edge is not None
    return Page(_lines(person, shown), newer=shown[0].ref if more else None, older=shown[-1].ref, further=None)


def _ref(tip_id: str | None) -> str | None:
    return None if tip_id is None else db.session.scalar(select(Tip.ref).where(Tip.id == tip_id))


def _facts(ids: list[str]) -> list[TipFacts]:
    """These tips, in this order."""
    if not ids:
        return []
    rows = {row.id: TipFacts(*row) for row in db.run(_THESE, {"wanted": ids})}
    return [rows[one] for one in ids if one in rows]


def _lines(person: Person, tips: list[TipFacts]) -> tuple[Line, ...]:
    ids = [tip.id for tip in tips]
    titles = exhibit_titles(tip.exhibit_id for tip in tips)
    names = account_names(tip.assignee_id for tip in tips)
    added_to = {row.tip_id for row in db.run(_ADDED_TO, {"wanted": ids})}
    read = seen.read_by(person, ids)
    labelled = labels.on_tips(ids)
    grouped = group_leads.marks(ids)
    return tuple(
        Line(
            tip,
            titles.get(tip.exhibit_id or ""),
            names.get(tip.assignee_id or ""),
            added_to=tip.id in added_to,
            unread=tip.id not in read,
            labels=labelled.get(tip.id, ()),
            group=grouped.get(tip.id),
        )
        for tip in tips
    )
