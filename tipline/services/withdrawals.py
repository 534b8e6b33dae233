"""Withdrawal by receipt (SECURITY 21): after 72 hours by the clock, or by a person where a tip must not go by itself.

A perpetrator who finds a receipt must not destroy evidence. So a tip that is held, referred, urgent, restricted or set
aside is never erased from here, neither at once nor when its 72 hours are over.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, select, update

from tipline import clock
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.referral import ReferralTip
from tipline.models.tip import Hold, Mailbox, Tip
from tipline.services import log, retention, rights, statuses

WAIT = dt.timedelta(hours=72)

_TIPS, _MAILBOXES = table_of(Tip), table_of(Mailbox)
_TIP, _MAILBOX = _TIPS.c, _MAILBOXES.c
_HOLD, _REFERRED = table_of(Hold).c, table_of(ReferralTip).c
_LOCK = select(_TIP.id).where(_TIP.id == bindparam("tip_id")).with_for_update()
# Once proposed, a tip counts as referred for good: whoever proposed it saw evidence in it.
_STANDS = select(
    _TIP.status,
    _TIP.lane,
    _TIP.urgent,
    _TIP.restricted,
    select(_HOLD.tip_id).where(_HOLD.tip_id == _TIP.id, _HOLD.lifted_at.is_(None)).exists().label("held"),
    select(_REFERRED.tip_id).where(_REFERRED.tip_id == _TIP.id).exists().label("referred"),
).where(_TIP.id == bindparam("tip_id"))


def withdraw(tip_id: str, now: dt.datetime) -> None:
    """Take a tip back: it goes after 72 hours, or a person is asked. Asking twice changes nothing.

    Which of the two it is, ``waits_until`` and the tip's open requests say. Raises NotFound.
    """
    if needs_person(tip_id):
        rights.ask(tip_id, "withdrawal", now)
    elif waits_until(tip_id) is None:
        _set(tip_id, clock.next_hour(now + WAIT))
        log.record("withdrawal.asked", chain="public", actor=None, subjects=[tip_id], now=now)


def undo(tip_id: str, now: dt.datetime) -> None:
    """The sender does not withdraw it any more. Nothing to undo is fine."""
    if waits_until(tip_id) is not None:
        _set(tip_id, None)
        log.record("withdrawal.undone", chain="public", actor=None, subjects=[tip_id], now=now)
    rights.take_back(tip_id, "withdrawal", now)


def waits_until(tip_id: str) -> dt.datetime | None:
    """When a withdrawn tip goes; None for one that is not withdrawn."""
    found: dt.datetime | None = db.run(select(_MAILBOX.withdraw_at).where(_MAILBOX.tip_id == tip_id)).scalar()
    return found


def needs_person(tip_id: str) -> bool:
    """Whether something stands against erasing this tip without a person's decision; its row is locked.

    Raises NotFound.
    """
    # First and on its own: PostgreSQL looks at other tables as they were before it waited for the lock.
    db.run(_LOCK, {"tip_id": tip_id})
    row = db.run(_STANDS, {"tip_id": tip_id}).first()
    if row is None:
        raise NotFound
    handed_over = statuses.IN_REFERRAL | statuses.HANDED_OVER
    return bool(
        row.held
        or row.referred
        or row.restricted
        or row.urgent
        or row.lane != statuses.Lane.NORMAL
        or row.status in handed_over
    )


def due_tips(now: dt.datetime, limit: int = 200) -> list[str]:
    """Inner ids of tips whose 72 hours are over."""
    due = select(_MAILBOX.tip_id).where(_MAILBOX.withdraw_at <= now).order_by(_MAILBOX.withdraw_at).limit(limit)
    return list(db.run(due).scalars())


def erase_due_tip(tip_id: str, now: dt.datetime) -> retention.Erased | None:
    """Erase a withdrawn tip whose 72 hours are over; ask a person instead if something stands against it by now.

    The caller commits and then discards the files. None: nothing was erased, or somebody else was quicker.
    """
    try:
        stands = needs_person(tip_id)
    except NotFound:
        return None
    due = waits_until(tip_id)
    if due is None or due > now:
        return None
    if not stands:
        return retention.erase_tip(tip_id, "withdrawn", None, now)
    _set(tip_id, None)
    rights.ask(tip_id, "withdrawal", now, chain="jobs")
    return None


def _set(tip_id: str, moment: dt.datetime | None) -> None:
    db.run(update(_MAILBOXES).where(_MAILBOX.tip_id == tip_id).values(withdraw_at=moment))
