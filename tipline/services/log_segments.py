"""Segments of the log: public entries chained when their hour is over, days closed and signed, old ones released.

Run by the timer, which alone holds the signing key (SECURITY 24, 25). No function here commits: the job does.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from tipline.clock import hour_of
from tipline.crypto import signatures
from tipline.errors import Damaged, LogBroken, NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import new_id
from tipline.models.log import LogArrival, LogEntry, LogSegment
from tipline.services import log

MOST_CHAINED = 500
_SIGNED = ("id", "chain", "first_seq", "last_seq", "first_prev_hash", "last_hash", "signer")


@dataclass(frozen=True)
class Segment:
    """A closed day of one chain. The header stays for good; the entries until they are released."""

    id: str
    chain: str
    first_seq: int
    last_seq: int
    first_prev_hash: str
    last_hash: str
    closed_at: dt.datetime
    signer: str
    signature: bytes
    held: bool
    released_at: dt.datetime | None


def chain_arrivals(now: dt.datetime) -> int:
    """Put public entries of hours that are over into the public chain, each hour in random order; how many.

    At most five hundred at a time, so that no transaction is long: the job repeats it until nothing is left.
    """
    hour = db.session.execute(select(func.min(LogArrival.hour)).where(LogArrival.hour < hour_of(now))).scalar()
    if hour is None:
        return 0
    waiting = list(db.session.execute(select(LogArrival.id).where(LogArrival.hour == hour)).scalars())
    secrets.SystemRandom().shuffle(waiting)
    chosen = waiting[:MOST_CHAINED]
    rows = {row.id: row for row in db.session.execute(select(LogArrival.__table__).where(LogArrival.id.in_(chosen)))}
    for arrival_id in chosen:
        row = rows[arrival_id]
        entry = {"id": row.id, "happened_at": row.hour, "actor_role": "public", "outcome": "ok"}
        for name in ("operation", "event", "subject_kind", "subject_ids", "field_group"):
            entry[name] = getattr(row, name)
        log.append("public", entry)
    db.session.execute(delete(LogArrival).where(LogArrival.id.in_(chosen)))
    return len(chosen)


def close_day(chain: str, signing_seed: bytes, now: dt.datetime) -> Segment | None:
    """Close and sign the oldest open day of a chain; None when no day that is over is open.

    Raises LogBroken when the entries do not chain up: a broken day is never signed.
    """
    last = db.session.execute(select(func.max(LogSegment.last_seq)).where(LogSegment.chain == chain)).scalar()
    first = (last or 0) + 1
    started = db.session.execute(
        select(LogEntry.happened_at).where(LogEntry.chain == chain, LogEntry.seq == first)
    ).scalar_one_or_none()
    if started is None or started.date() >= now.date():
        return None
    end = _end_of_day(chain, first, started.date())
    before, digest = check_entries(chain, first, end)
    values: dict[str, Any] = {
        "id": new_id(),
        "chain": chain,
        "first_seq": first,
        "last_seq": end,
        "first_prev_hash": before,
        "last_hash": digest,
        "closed_at": now,
        "signer": signatures.signing_public(signing_seed).hex(),
    }
    values["signature"] = signatures.sign_bytes(signing_seed, header(values))
    db.session.execute(insert(LogSegment).values(**values))
    return Segment(**values, held=False, released_at=None)


def header(values: dict[str, Any]) -> bytes:
    """The bytes that a segment's signature covers: all that it says but its hold and its release."""
    plain = {name: values[name] for name in _SIGNED}
    closed_at = values["closed_at"].astimezone(dt.UTC).isoformat()
    return b"tipline/v1/log-segment\x00" + log.canonical({**plain, "closed_at": closed_at})


def check_signature(segment: Segment) -> None:
    """Return when the segment's signer signed what it says. Raises LogBroken otherwise."""
    values = {name: getattr(segment, name) for name in (*_SIGNED, "closed_at")}
    try:
        signatures.verify_bytes(bytes.fromhex(segment.signer), header(values), segment.signature)
    except (ValueError, Damaged):
        raise LogBroken from None


def check_entries(chain: str, first: int, last: int) -> tuple[str, str]:
    """Walk the entries from ``first`` to ``last``: the digest before them and the last one. Raises LogBroken."""
    rows = db.session.execute(
        select(LogEntry.__table__)
        .where(LogEntry.chain == chain, LogEntry.seq >= first, LogEntry.seq <= last)
        .order_by(LogEntry.seq)
        .execution_options(yield_per=1000)
    ).mappings()
    before: str | None = None
    digest = ""
    expected = first
    for row in rows:
        if row["seq"] != expected or (before is not None and row["prev_hash"] != digest):
            raise LogBroken
        if log.entry_digest(row) != row["entry_hash"]:
            raise LogBroken
        before = row["prev_hash"] if before is None else before
        digest = row["entry_hash"]
        expected += 1
    if before is None or expected != last + 1:
        raise LogBroken
    return before, digest


def due_for_release(now: dt.datetime) -> list[str]:
    """Ids of segments whose every entry is past its date and that nobody holds."""
    youngest = (
        select(func.max(LogEntry.erase_after))
        .where(
            LogEntry.chain == LogSegment.chain,
            LogEntry.seq >= LogSegment.first_seq,
            LogEntry.seq <= LogSegment.last_seq,
        )
        .scalar_subquery()
    )
    # A segment is closed after its entries were made: the cheap condition first, the exact one on what is left.
    found = db.session.execute(
        select(LogSegment.id)
        .where(
            LogSegment.released_at.is_(None),
            LogSegment.held.is_(False),
            LogSegment.closed_at < now - dt.timedelta(days=360),
            youngest <= now.date(),
        )
        .order_by(LogSegment.closed_at)
        .limit(50)
    )
    return list(found.scalars())


def release(segment_id: str, now: dt.datetime) -> None:
    """Let the entries of a segment go; its header stays, so that the chain can still be verified.

    Raises LogBroken when signature or entries do not fit, WrongState when it is held, released or not yet due.
    """
    segment = segment_of(segment_id)
    if segment.held or segment.released_at is not None or segment_id not in due_for_release(now):
        raise WrongState
    check_signature(segment)
    ends = check_entries(segment.chain, segment.first_seq, segment.last_seq)
    if ends != (segment.first_prev_hash, segment.last_hash):
        raise LogBroken
    db.session.execute(update(LogSegment).where(LogSegment.id == segment_id).values(released_at=now))
    db.session.execute(
        delete(LogEntry)
        .where(LogEntry.chain == segment.chain, LogEntry.seq >= segment.first_seq, LogEntry.seq <= segment.last_seq)
        .execution_options(synchronize_session=False)
    )
    log.record("segment.released", chain="jobs", actor=None, subjects=[segment_id], now=now, justification="expired")


def hold(segment_id: str, *, actor: log.Actor, now: dt.datetime) -> None:
    """Keep a segment for ongoing control (Art. 88(2)). Raises NotFound, WrongState when it is held or released."""
    _set_hold(segment_id, held=True)
    log.record(
        "segment.held", chain="admin", actor=actor, subjects=[segment_id], now=now, justification="ongoing-control"
    )


def lift_hold(segment_id: str, *, actor: log.Actor, now: dt.datetime) -> None:
    """Let a held segment go with its time again. Raises NotFound, WrongState when it is not held."""
    _set_hold(segment_id, held=False)
    log.record("segment.unheld", chain="admin", actor=actor, subjects=[segment_id], now=now)


def segment_of(segment_id: str) -> Segment:
    """One segment's header. Raises NotFound."""
    found = db.session.execute(select(LogSegment.__table__).where(LogSegment.id == segment_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound
    return Segment(**row)


def segments(chain: str, limit: int = 400) -> tuple[Segment, ...]:
    """The newest segments of a chain, newest first."""
    rows = db.session.execute(
        select(LogSegment.__table__).where(LogSegment.chain == chain).order_by(LogSegment.first_seq.desc()).limit(limit)
    )
    return tuple(Segment(**row) for row in rows.mappings())


def _set_hold(segment_id: str, *, held: bool) -> None:
    segment = segment_of(segment_id)
    if segment.released_at is not None or segment.held == held:
        raise WrongState
    db.session.execute(update(LogSegment).where(LogSegment.id == segment_id).values(held=held))


def _end_of_day(chain: str, first: int, day: dt.date) -> int:
    """The number of the last entry before the first one of a later day; at least ``first``."""
    tomorrow = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
    later = db.session.execute(
        select(func.min(LogEntry.seq)).where(
            LogEntry.chain == chain, LogEntry.seq > first, LogEntry.happened_at >= tomorrow
        )
    ).scalar()
    if later is not None:
        return int(later) - 1
    return int(db.session.execute(select(func.max(LogEntry.seq)).where(LogEntry.chain == chain)).scalar_one())
