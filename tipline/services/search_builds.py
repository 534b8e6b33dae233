"""Making a desk's index and keeping it up, in bounded steps: segments first, then the tips that no segment holds.

The steps run in a request, or in a thread that holds the desk's seeds in memory until nothing waits any more, so that
a person may close the page meanwhile. What is full is sealed at once: a build that was cut short goes on from there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, bindparam, func, select

from tipline import clock
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.account import AccountSession
from tipline.models.base import table_of
from tipline.models.desk import DeskMember, DeskTransfer
from tipline.models.tip import Addition, Tip, TipRecord
from tipline.services import desk_keys, desks, search_segments, search_texts, sessions
from tipline.services.accounts import Person
from tipline.services.search_images import Image
from tipline.services.search_index import DeskIndex

STEP = 100  # tips that one step reads
ASKED_AT_ONCE = 1000  # ids in one question
# Whatever was being written when the last look began is committed long before this has gone by.
OVERLAP = dt.timedelta(minutes=10)

_TIP, _RECORD, _ADDITION, _MOVE, _SESSION, _MEMBER = (
    table_of(table).c for table in (Tip, TipRecord, Addition, DeskTransfer, AccountSession, DeskMember)
)
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_DESK: BindParameter[str] = bindparam("desk_id")
# Built once: putting a statement together takes longer than running it.
_ALL = select(_TIP.id, _TIP.received_at).where(_TIP.desk_id == _DESK).order_by(_TIP.received_at.desc(), _TIP.id.desc())
_FEW = select(_TIP.id).where(_TIP.desk_id == _DESK).limit(bindparam("most"))
# The desk, and no index by it: SQLite would walk through all of the desk's tips instead of looking these up.
_AT_DESK = func.coalesce(_TIP.desk_id, "") == _DESK
_HERE = select(_TIP.id, _TIP.received_at).where(_TIP.id.in_(_WANTED), _AT_DESK)
_COUNT_HERE = select(func.count()).where(_TIP.id.in_(_WANTED), _AT_DESK)
# The tips of the last hours, by the queue's index.
_ARRIVED = select(_TIP.id).where(
    _TIP.desk_id == _DESK,
    _TIP.closed.in_((False, True)),
    _TIP.urgent.in_((False, True)),
    _TIP.received_at >= bindparam("hour"),
)
# Desks are told apart later: asked for here, the database would rather walk through all tips of the desk.
_WRITTEN = select(_RECORD.tip_id).where(_RECORD.written_at >= bindparam("since"), _RECORD.written_by.is_not(None))
_ADDED = select(_ADDITION.tip_id).where(_ADDITION.received_at >= bindparam("hour"))
_MOVED = select(_MOVE.tip_id).where(_MOVE.to_desk_id == _DESK, _MOVE.moved_at >= bindparam("since"))
_SIGNED_IN = (
    select(_SESSION.id)
    .join_from(AccountSession, DeskMember, _MEMBER.account_id == _SESSION.account_id)
    .where(_MEMBER.desk_id == _DESK, _MEMBER.standing == desk_keys.MEMBER)
    .where(_SESSION.seen_at > bindparam("seen_after"), _SESSION.started_at > bindparam("started_after"))
    .limit(1)
)


@dataclass(frozen=True)
class DeskSeeds:
    """The private content keys of a desk that a person holds, by epoch; ``epoch`` is the present one."""

    desk_id: str
    epoch: int
    by_epoch: Mapping[int, bytes] = field(repr=False)


def seeds_of(person: Person, desk_id: str) -> DeskSeeds:
    """The desk's seeds out of the person's own grants. Raises NotFound for a desk that is not theirs."""
    epoch = next((desk.epoch for desk in desks.desks_of(person) if desk.id == desk_id), None)
    if epoch is None:
        raise NotFound
    seeds = {}
    for one in desk_keys.live_epochs(desk_id):
        try:
            seeds[one] = desk_keys.open_desk_key(person, desk_id, one, "content")
        except NotFound:
            continue
    return DeskSeeds(desk_id, epoch, seeds)


def has_segments_to_renew(seeds: DeskSeeds) -> bool:
    """Whether segments wait for the desk's present key: then ``renew_segments`` has to write."""
    return search_segments.has_old_keys(seeds.desk_id, seeds.epoch)


def renew_segments(seeds: DeskSeeds) -> None:
    """Wrap the keys of the desk's segments for its present epoch; those that nobody can open any more go."""
    search_segments.renew(seeds.desk_id, seeds.epoch, seeds.by_epoch)


def drop_segments(segment_ids: Sequence[str]) -> None:
    """Destroy segments that are out of date."""
    search_segments.drop(segment_ids)


def is_small(desk_id: str, limit: int) -> bool:
    """Whether a desk has no more tips than ``limit``."""
    return len(db.run(_FEW, {"desk_id": desk_id, "most": limit + 1}).all()) <= limit


def start(index: DeskIndex, seeds: DeskSeeds, now: dt.datetime) -> list[str]:
    """Take the sealed segments in and list the tips that are not in them, the newest first.

    Returns the ids of segments that are out of date: the caller drops them in a transaction that writes.
    """
    index.looked_at = now
    stale = []
    for segment_id, content in search_segments.read(seeds.desk_id, seeds.by_epoch):
        if not index.is_open:
            return []
        if not index.take_image(Image.sealed(segment_id, content)):
            stale.append(segment_id)
    for image in index.outdated_images():
        stale.append(str(image.segment_id))
        index.forget_image(image)
    counts = search_texts.count_records(seeds.desk_id)
    rows = db.run(_ALL, {"desk_id": seeds.desk_id})
    index.wait_for((row.id, row.received_at) for row in rows if counts.get(row.id, 0) != index.records_of(row.id))
    index.is_started = True
    return stale


def refresh(index: DeskIndex, now: dt.datetime) -> None:
    """List what has come or changed since the last look, and forget what was erased. Reads a bounded number of rows."""
    since = (index.looked_at or now) - OVERLAP
    index.looked_at = now
    lost = _forget_erased(index)
    changed = {*_written_since(index.desk_id, since), *lost}
    counts = search_texts.count_records(index.desk_id, changed) if changed else {}
    again = {one for one in changed if counts.get(one, 0) != index.records_of(one)}
    fresh = {one for one in _arrived_since(index.desk_id, since) if not index.is_known(one)}
    index.wait_for(_arrivals(index.desk_id, again | fresh))


def step(index: DeskIndex, seeds: DeskSeeds) -> bool:
    """Read the next tips into the index; whether there were any."""
    due = index.next_due(STEP)
    if due:
        index.take(due, search_texts.DeskReader(seeds.desk_id, seeds.by_epoch).read(due))
    return bool(due)


def seal_tail(index: DeskIndex, seeds: DeskSeeds, content: bytes) -> str | None:
    """Write the full tail as a sealed segment; its id, or None when one of its tips was erased meanwhile."""
    return search_segments.write(
        seeds.desk_id, seeds.epoch, seeds.by_epoch[seeds.epoch], list(index.tail.entries), content
    )


def reread_tail(index: DeskIndex) -> None:
    """Drop the tail and put its tips on the list again: one of them is not here any more."""
    index.wait_for(_arrivals(index.desk_id, index.forget_image(index.tail)))


def is_anybody_there(desk_id: str, now: dt.datetime) -> bool:
    """Whether anybody of the desk is signed in."""
    since = {"seen_after": now - sessions.IDLE, "started_after": now - sessions.LONGEST}
    return db.run(_SIGNED_IN, {"desk_id": desk_id, **since}).first() is not None


def _forget_erased(index: DeskIndex) -> list[str]:
    """Drop the images whose segment is gone, and the tail when one of its tips is; the tips that were in them."""
    lost: list[str] = []
    kept = search_segments.ids_of(index.desk_id)
    for image in index.images():
        if image.segment_id not in kept:
            lost += index.forget_image(image)
    if not _are_all_here(index.desk_id, list(index.tail.entries)):
        lost += index.forget_image(index.tail)
    return lost


def _are_all_here(desk_id: str, tip_ids: list[str]) -> bool:
    counts = (db.run(_COUNT_HERE, {"wanted": one, "desk_id": desk_id}).scalar_one() for one in _pieces(tip_ids))
    return len(tip_ids) == int(sum(counts))


def _arrivals(desk_id: str, tip_ids: Iterable[str]) -> list[tuple[str, dt.datetime]]:
    """Those of the tips that are at the desk, with their hours, the newest first."""
    found: list[tuple[str, dt.datetime]] = []
    for wanted in _pieces(list(tip_ids)):
        found += [(row.id, row.received_at) for row in db.run(_HERE, {"wanted": wanted, "desk_id": desk_id})]
    return sorted(found, key=lambda one: one[1], reverse=True)


def _pieces(tip_ids: list[str]) -> list[list[str]]:
    return [tip_ids[place : place + ASKED_AT_ONCE] for place in range(0, len(tip_ids), ASKED_AT_ONCE)]


def _arrived_since(desk_id: str, since: dt.datetime) -> list[str]:
    return list(db.run(_ARRIVED, {"desk_id": desk_id, "hour": clock.hour_of(since)}).scalars())


def _written_since(desk_id: str, since: dt.datetime) -> set[str]:
    """The tips that something was written about or added to, at any desk, and those that came to this one."""
    times = {"since": since, "hour": clock.hour_of(since), "desk_id": desk_id}
    return {one for rows in (_WRITTEN, _ADDED, _MOVED) for one in db.run(rows, times).scalars()}
