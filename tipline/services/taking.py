"""Take the next tip: the most urgent lane first, in it the oldest, in a language that the person reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.queue import TipOpen
from tipline.models.tip import Tip
from tipline.services import desks, presence, safeguarding, tips, work_settings
from tipline.services.accounts import Person
from tipline.services.statuses import Lane

LOOKED_AT = 2000  # nobody's tips of one half of the queue, in one language
TRIED = 20  # of these, while colleagues take the first ones at the same moment
_TIP, _OPEN = table_of(Tip).c, table_of(TipOpen).c


def take_next(person: Person, desk_id: str, now: dt.datetime) -> str | None:
    """Give the next of nobody's tips to this person and return its reference; None when there is none for them.

    Urgent tips come first, then safeguarding (for its own people, where the desk has named some), then all others,
    quarantined ones never; one that somebody has open is left to them. Two people who ask at once get two tips. Raises
    NotFound for a desk that is not this person's.
    """
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    read: list[int | None] = [*sorted(work_settings.read(person).languages)]
    shut = {Lane.QUARANTINE}
    if not safeguarding.may_read(person, desk_id, Lane.SAFEGUARDING):
        shut.add(Lane.SAFEGUARDING)
    for urgent in (True, False):
        # One language after the other, so that a wave in a third one never hides what this person reads.
        rows = [row for one in read or [None] for row in _oldest(desk_id, one, shut, now, urgent=urgent)]
        for row in sorted(rows, key=lambda row: (row.lane != Lane.URGENT, row.received_at, row.id)):
            if _is_free(row.id):
                tips.assign_tip(person, row.ref, person.id, now)
                return str(row.ref)
    return None


def _oldest(desk_id: str, language: int | None, shut: set[Lane], now: dt.datetime, *, urgent: bool) -> Sequence[Any]:
    rows = select(_TIP.id).where(
        _TIP.desk_id == desk_id,
        _TIP.assignee_id.is_(None),
        _TIP.closed.is_(False),
        _TIP.folded.is_(False),
        _TIP.urgent.is_(urgent),
    )
    if language is not None:
        rows = rows.where(_TIP.tip_language == language)
    rows_seen = rows.order_by(_TIP.received_at, _TIP.id).limit(LOOKED_AT).subquery()
    elsewhere = select(_OPEN.tip_id).where(_OPEN.seen_at > now - presence.STAYS)
    wanted = (
        select(_TIP.id, _TIP.ref, _TIP.lane, _TIP.received_at)
        .join(rows_seen, rows_seen.c.id == _TIP.id)
        .where(_TIP.restricted.is_(False), _TIP.lane.not_in(shut), _TIP.id.not_in(elsewhere))
        .where(_TIP.status.in_(("received", "screened")))
        .order_by((_TIP.lane == Lane.URGENT).desc(), _TIP.received_at, _TIP.id)
        .limit(TRIED)
    )
    found: Sequence[Any] = db.run(wanted).all()
    return found


def _is_free(tip_id: str) -> bool:
    """Whether it is still nobody's, locked for this person; one that a colleague is taking now is not waited for."""
    free = select(_TIP.id).where(_TIP.id == tip_id, _TIP.assignee_id.is_(None), _TIP.closed.is_(False))
    return db.run(free.with_for_update(skip_locked=True)).first() is not None
