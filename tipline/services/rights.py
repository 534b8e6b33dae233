"""What a sender asks by receipt and a person decides: access, erasure, a withdrawal that must not happen by itself.

A request has a date by which it is answered (Art. 14 of Regulation (EU) 2018/1725; DOMAIN 1.1, 1.2): a month, where
the profile says so three.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, insert, select, update

from tipline import clock, config
from tipline.errors import NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.tip import RightsRequest, Tip
from tipline.services import log

KINDS = ("access", "erasure", "withdrawal")
OPEN, GRANTED, REFUSED, TAKEN_BACK = "open", "granted", "refused", "taken-back"
# Why a request is granted or refused, in codes; the sentence for the sender is a message of kind "decision".
REASONS = ("no-objection", "partly", "evidence", "investigation", "rights-of-others", "passed-on", "not-the-sender")
MOST_SHOWN = 200

_REQUESTS, _TIPS = table_of(RightsRequest), table_of(Tip)
_REQUEST, _TIP = _REQUESTS.c, _TIPS.c
_COLUMNS = (
    _REQUEST.id,
    _REQUEST.tip_id,
    _TIP.ref,
    _REQUEST.desk_id,
    _REQUEST.kind,
    _REQUEST.state,
    _REQUEST.reason_code,
    _REQUEST.made_at,
    _REQUEST.due_on,
    _REQUEST.decided_at,
)
_ALL = select(*_COLUMNS).join_from(_REQUESTS, _TIPS, _TIP.id == _REQUEST.tip_id)


@dataclass(frozen=True)
class Request:
    """One request. ``ref`` is its tip's; ``due_on`` the last day for the answer."""

    id: str
    tip_id: str
    ref: str
    desk_id: str
    kind: str
    state: str
    reason_code: str | None
    made_at: dt.datetime
    due_on: dt.date
    decided_at: dt.datetime | None


def ask(tip_id: str, kind: str, now: dt.datetime, *, chain: str = "public") -> Request:
    """Make a request of this kind, or find the one that is open already: asking twice is asking once.

    Raises NotFound when there is no such tip (any more), ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError("unknown kind of request")
    # Its row is locked: two at once make one request, and no erasure passes by.
    tip = db.run(select(_TIP.desk_id).where(_TIP.id == tip_id).with_for_update()).first()
    if tip is None:
        raise NotFound
    known = find_open(tip_id, kind)
    if known is not None:
        return known
    if not _asked_anew(tip_id, kind, now):
        _make(tip_id, tip.desk_id, kind, now)
    log.record("request.made", chain=chain, actor=None, subjects=[tip_id], now=now, field_group=kind)
    made = find_open(tip_id, kind)
    if made is None:
        raise NotFound
    return made


def _asked_anew(tip_id: str, kind: str, now: dt.datetime) -> bool:
    """Open what was taken back within this hour again: going to and fro fills nobody's list."""
    taken_back = (_REQUEST.tip_id == tip_id, _REQUEST.kind == kind, _REQUEST.state == TAKEN_BACK)
    again = update(_REQUESTS).where(*taken_back, _REQUEST.made_at == clock.hour_of(now))
    return bool(db.run(again.values(state=OPEN)).rowcount)


def _make(tip_id: str, desk_id: str, kind: str, now: dt.datetime) -> None:
    db.run(
        insert(_REQUESTS),
        {
            "id": new_id(),
            "tip_id": tip_id,
            "desk_id": desk_id,
            "kind": kind,
            "state": OPEN,
            "made_at": clock.hour_of(now),
            "due_on": due_date(now.date()),
        },
    )


def take_back(tip_id: str, kind: str, now: dt.datetime) -> None:
    """The sender does not ask for this any more. Nothing open is fine."""
    open_one = (_REQUEST.tip_id == tip_id, _REQUEST.kind == kind, _REQUEST.state == OPEN)
    if not db.run(update(_REQUESTS).where(*open_one).values(state=TAKEN_BACK)).rowcount:
        return
    log.record("request.taken-back", chain="public", actor=None, subjects=[tip_id], now=now, field_group=kind)


def decide(request_id: str, state: str, reason_code: str, actor: log.Actor, now: dt.datetime) -> Request:
    """Grant or refuse a request and return it as it is now; what follows from that is the caller's to do.

    Raises NotFound, WrongState when it is not open any more, ValueError for an unknown state or reason.
    """
    if state not in (GRANTED, REFUSED) or reason_code not in REASONS:
        raise ValueError("unknown decision")
    found = get(request_id, lock=True)
    if found.state != OPEN:
        raise WrongState
    db.run(
        update(_REQUESTS)
        .where(_REQUEST.id == request_id)
        .values(state=state, reason_code=reason_code, decided_by=actor.id, decided_at=now)
    )
    log.record(
        "request.decided",
        chain="staff",
        actor=actor,
        subjects=[found.tip_id],
        now=now,
        field_group=f"{found.kind}-{state}",
        justification=reason_code,
    )
    return replace(found, state=state, reason_code=reason_code, decided_at=now)


def get(request_id: str, *, lock: bool = False) -> Request:
    """One request, locked on demand until the transaction ends. Raises NotFound."""
    wanted = _ALL.where(_REQUEST.id == request_id)
    row = db.run(wanted.with_for_update(of=_REQUESTS) if lock else wanted).first()
    if row is None:
        raise NotFound
    return _request(row)


def find_open(tip_id: str, kind: str) -> Request | None:
    """The open request of this kind about a tip, or None."""
    row = db.run(_ALL.where(_REQUEST.tip_id == tip_id, _REQUEST.kind == kind, _REQUEST.state == OPEN)).first()
    return None if row is None else _request(row)


def of_tip(tip_id: str) -> tuple[Request, ...]:
    """Everything that was asked about a tip, newest first; at most two hundred."""
    newest = (_REQUEST.made_at.desc(), _REQUEST.id)
    return tuple(map(_request, db.run(_ALL.where(_REQUEST.tip_id == tip_id).order_by(*newest).limit(MOST_SHOWN))))


def open_requests(desk_ids: Collection[str], limit: int = MOST_SHOWN) -> tuple[Request, ...]:
    """What waits for a decision at these desks, the most pressing first."""
    wanted = _ALL.where(_REQUEST.state == OPEN, _REQUEST.desk_id.in_(desk_ids))
    return tuple(map(_request, db.run(wanted.order_by(_REQUEST.due_on, _REQUEST.id).limit(limit))))


def count_open(desk_ids: Collection[str]) -> int:
    """How many requests wait at these desks."""
    waiting = select(func.count()).select_from(_REQUESTS)
    return int(db.run(waiting.where(_REQUEST.state == OPEN, _REQUEST.desk_id.in_(desk_ids))).scalar_one())


def due_date(asked_on: dt.date) -> dt.date:
    """The last day for the answer to what is asked on this day: the same day of the month that the profile's law says.

    A month without that day counts to its last one.
    """
    months = asked_on.month - 1 + config.current().profile.request_months
    year, month = asked_on.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(asked_on.day, calendar.monthrange(year, month)[1]))


def _request(row: Any) -> Request:
    return Request(*row)
