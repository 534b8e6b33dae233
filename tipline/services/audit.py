"""What auditors see: the log, page by page, and where the clocks stand. Counts, codes and ids; no content.

Reading the log is itself in the log. A page looks at a bounded stretch of one chain, so that its cost does not grow
with the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from tipline.extensions import db
from tipline.models.log import LogArrival, LogEntry, LogHead, LogSegment
from tipline.models.tip import Draft, Hold, RightsRequest, Tip, Tombstone
from tipline.services import log, log_events

PAGE = 100
WINDOW = 2000  # entries that one page looks at, at the most
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Filter:
    """What a page shows of a chain; an empty value means all."""

    chain: str
    event: str = ""
    actor_id: str = ""
    subject: str = ""
    outcome: str = ""
    until: dt.date | None = None


@dataclass(frozen=True)
class Line:
    """One entry."""

    seq: int
    happened_at: dt.datetime
    operation: str
    event: str
    actor_id: str | None
    actor_role: str
    session_ref: str | None
    subject_kind: str
    subject_ids: tuple[str, ...]
    field_group: str | None
    justification: str | None
    recipient_id: str | None
    package_id: str | None
    package_sha256: str | None
    legal_basis: str | None
    transfer_basis: str | None
    outcome: str
    erase_after: dt.date
    entry_hash: str


@dataclass(frozen=True)
class Page:
    """Entries, newest first. ``older`` is where the next page starts; ``full``: more lines than a page holds."""

    lines: tuple[Line, ...]
    older: int | None
    full: bool


@dataclass(frozen=True)
class Clocks:
    """How the clocks stand. Counts stop at a thousand."""

    due_in_week: int
    due_in_month: int
    overdue: int
    restricted: int
    holds: int
    holds_late: int
    drafts: int
    arrivals_late: int
    last_closed: dict[str, dt.datetime]
    erased_in_month: dict[str, int]


@dataclass(frozen=True)
class RequestLine:
    """One request of a sender, in codes and dates. ``state`` is "erased" where the tip went with it."""

    ref: str
    kind: str
    state: str
    reason_code: str | None
    made_at: dt.datetime | None
    due_on: dt.date | None
    decided_on: dt.date | None
    late: bool


_COLUMNS = tuple(name for name in Line.__dataclass_fields__)


def read_entries(actor: log.Actor, wanted: Filter, before: int | None, now: dt.datetime) -> Page:
    """A page of one chain for an auditor, and an entry that it was read. Raises ValueError for an unknown chain."""
    if wanted.chain not in log.CHAINS:
        raise ValueError("unknown chain")
    top = _top(wanted, before)
    low = max(top - WINDOW, 1)
    query = select(*(getattr(LogEntry, name) for name in _COLUMNS)).where(
        LogEntry.chain == wanted.chain, LogEntry.seq < top, LogEntry.seq >= low
    )
    rows = db.session.execute(_narrowed(query, wanted).order_by(LogEntry.seq.desc()).limit(PAGE)).mappings().all()
    lines = tuple(Line(**{**row, "subject_ids": tuple(filter(None, row["subject_ids"].split(",")))}) for row in rows)
    full = len(lines) == PAGE
    older = lines[-1].seq if full else low if low > 1 else None
    log.record(
        "log.read",
        chain="admin",
        actor=actor,
        subjects=[wanted.chain],
        now=now,
        field_group=f"entries:{top}",
        justification="oversight",
    )
    return Page(lines, older, full)


def requests(now: dt.datetime) -> tuple[RequestLine, ...]:
    """The register of senders' requests: what waits, the most pressing first, then what was decided, the newest first.

    It holds no words of anybody. A tip that was erased by a request has taken its rows with it: its tombstone stands
    here instead.
    """
    pressing = case((RightsRequest.state == "open", RightsRequest.due_on))
    rows = db.session.execute(
        select(RightsRequest, Tip.ref)
        .join(Tip, Tip.id == RightsRequest.tip_id)
        .order_by(RightsRequest.state != "open", pressing, RightsRequest.due_on.desc(), RightsRequest.id)
        .limit(PAGE)
    ).all()
    stones = db.session.scalars(
        select(Tombstone)
        .where(Tombstone.reason_code.in_(("request", "withdrawn")))
        .order_by(Tombstone.erased_on.desc(), Tombstone.ref)
        .limit(PAGE)
    ).all()
    return (*(_request_line(row, ref, now) for row, ref in rows), *map(_erased_line, stones))


def clocks(now: dt.datetime) -> Clocks:
    """Where every clock stands, in counts."""
    held = select(Hold.id).where(Hold.tip_id == Tip.id, Hold.lifted_at.is_(None)).exists()
    running = select(Tip.id).where(Tip.restricted.is_(False), ~held)
    closed = db.session.execute(select(LogSegment.chain, func.max(LogSegment.closed_at)).group_by(LogSegment.chain))
    month_ago = (now - dt.timedelta(days=30)).date()
    erased = db.session.execute(
        select(Tombstone.reason_code, func.count()).where(Tombstone.erased_on >= month_ago).group_by("reason_code")
    )
    return Clocks(
        due_in_week=_count(running.where(Tip.review_due_at <= now + dt.timedelta(days=7))),
        due_in_month=_count(running.where(Tip.review_due_at <= now + dt.timedelta(days=30))),
        overdue=_count(running.where(Tip.review_due_at <= now)),
        restricted=_count(select(Tip.id).where(Tip.restricted.is_(True))),
        holds=_count(select(Hold.id).where(Hold.lifted_at.is_(None))),
        holds_late=_count(select(Hold.id).where(Hold.lifted_at.is_(None), Hold.review_on < now.date())),
        drafts=_count(select(Draft.lookup).where(Draft.state == "open")),
        arrivals_late=_count(select(LogArrival.id).where(LogArrival.hour < now - dt.timedelta(hours=2))),
        last_closed={row[0]: row[1] for row in closed},
        erased_in_month={row[0]: row[1] for row in erased},
    )


def _request_line(row: RightsRequest, ref: str, now: dt.datetime) -> RequestLine:
    decided_on = row.decided_at.date() if row.decided_at else None
    late = (decided_on or now.date()) > row.due_on and row.state != "taken-back"
    return RequestLine(ref, row.kind, row.state, row.reason_code, row.made_at, row.due_on, decided_on, late)


def _erased_line(stone: Tombstone) -> RequestLine:
    kind = "withdrawal" if stone.reason_code == "withdrawn" else "erasure"
    return RequestLine(stone.ref, kind, "erased", None, None, None, stone.erased_on, late=False)


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.event:
        query = query.where(LogEntry.event == wanted.event)
    if wanted.actor_id:
        query = query.where(LogEntry.actor_id == wanted.actor_id)
    if wanted.outcome:
        query = query.where(LogEntry.outcome == wanted.outcome)
    if wanted.subject:
        query = query.where(LogEntry.subject_ids.contains(wanted.subject, autoescape=True))
    return query


def _top(wanted: Filter, before: int | None) -> int:
    """The number from which a page looks back: the key of the page, the day asked for, or the end of the chain."""
    head = db.session.execute(select(LogHead.seq).where(LogHead.chain == wanted.chain)).scalar() or 0
    if before is not None:
        return max(1, min(before, head + 1))
    if wanted.until is None or wanted.until == dt.date.max:  # there is no day after the last
        return head + 1
    midnight = dt.datetime.combine(wanted.until + dt.timedelta(days=1), dt.time(), dt.UTC)
    return _first_from(wanted.chain, midnight, head)


def _first_from(chain: str, moment: dt.datetime, head: int) -> int:
    """The first number not before the moment, by halving: the log is in the order of time, and has no index by it."""
    low = db.session.execute(select(func.min(LogEntry.seq)).where(LogEntry.chain == chain)).scalar() or 1
    high = head + 1
    while low < high:
        middle = (low + high) // 2
        then = db.session.execute(
            select(LogEntry.happened_at).where(LogEntry.chain == chain, LogEntry.seq == middle)
        ).scalar()
        if then is None or then < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _count(query: Select[Any]) -> int:
    return int(db.session.execute(select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())).scalar_one())


def events() -> Sequence[str]:
    """Every event that the log knows, in order, for the filter."""
    return sorted(log_events.EVENTS)
