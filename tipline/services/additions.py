"""What a sender adds by receipt later: fresh records under a fresh key, sealed to the desk as it is now (SECURITY 4).

An addition is like a small tip: it has an inner id of its own, which its key, its text and its files carry. It is
written as a draft that names the tip it belongs to; the mailbox key takes no part in it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from tipline import clock
from tipline.errors import DraftGone, NotFound, WrongState
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Addition, Tip
from tipline.services import drafts, intake, log, seal_targets, sent_tips, versions
from tipline.services.seal_targets import AddsTo, TipTarget

KINDS = ("more", "correction", "answer")
# A tip that something is added to stays at least for this long, so that somebody can read it.
READING_TIME = dt.timedelta(days=30)

_ADDITIONS, _TIPS = table_of(Addition), table_of(Tip)
_ADDITION, _TIP = _ADDITIONS.c, _TIPS.c
_OF_TIP = (
    select(_ADDITIONS).where(_ADDITION.tip_id == bindparam("tip_id")).order_by(_ADDITION.received_at, _ADDITION.id)
)


@dataclass(frozen=True)
class Added:
    """One addition, as its tip's page lists it: nothing of what it says."""

    id: str
    tip_id: str
    kind: str
    answers_message: str | None
    urgent: bool
    attachment_count: int
    received_at: dt.datetime
    opened_at: dt.datetime | None


def target(tip_id: str, kind: str, message_id: str | None = None) -> TipTarget:
    """Where an addition to this tip goes. Raises NotFound without such a tip, DeskClosed without a key to seal to."""
    if kind not in KINDS:
        raise ValueError("unknown kind of addition")
    desk_id = db.run(select(_TIP.desk_id).where(_TIP.id == tip_id)).scalar()
    if desk_id is None:
        raise NotFound
    seal_targets.current(desk_id)
    return TipTarget(desk_id, adds_to=AddsTo(tip_id, kind, message_id))


def send(secret: bytes, now: dt.datetime) -> tuple[str, ...]:
    """Seal the draft's content key to the desk and make it an addition of its tip; a repeated send changes nothing.

    All in the caller's transaction; returns stored names to discard after the commit. Raises DraftGone when there is no
    draft or its tip was erased meanwhile, WrongState when the draft is no addition, DraftIncomplete without text,
    DeskClosed without a key to seal to.
    """
    lookup, row = drafts.find_for_sending(secret)
    if row.adds_to is None:
        raise WrongState
    if row.state != drafts.OPEN:
        return ()
    draft = drafts.unwrap(secret, lookup, row)
    contents = intake.read_contents(draft)
    tip = _lock_tip(row.adds_to)
    intake.seal_keys(draft, seal_targets.current(tip.desk_id), "content")
    db.run(
        insert(_ADDITIONS),
        {
            "id": draft.tip_id,
            "tip_id": row.adds_to,
            "kind": row.adds_as,
            "answers_message": row.answers_message,
            "urgent": contents.answers.child_at_risk,
            "attachment_count": len(contents.files),
            "received_at": clock.hour_of(now),
        },
    )
    _touch_tip(row.adds_to, tip, urgent=contents.answers.child_at_risk, now=now)
    discarded = versions.settle(draft, now)
    drafts.spend(lookup, None, now + sent_tips.RECEIPT_LIFE)
    log.record("tip.added", chain="public", actor=None, subjects=[row.adds_to], now=now, field_group=row.adds_as)
    return discarded


def was_sent(secret: bytes) -> bool:
    """Whether the draft of this cookie is an addition that was sent; its row says so until the hour is over."""
    row = drafts.find(drafts.lookup_of(secret))
    return row is not None and row.adds_to is not None and row.state == drafts.SENT


def of_tip(tip_id: str) -> tuple[Added, ...]:
    """Everything that was added to a tip, oldest first."""
    return tuple(
        Added(
            row.id,
            row.tip_id,
            row.kind,
            row.answers_message,
            row.urgent,
            row.attachment_count,
            row.received_at,
            row.opened_at,
        )
        for row in db.run(_OF_TIP, {"tip_id": tip_id})
    )


def _lock_tip(tip_id: str) -> Any:
    """The tip's row, held until the transaction ends: no erasure passes by between here and the commit."""
    columns = (_TIP.desk_id, _TIP.lane, _TIP.review_due_at)
    row = db.run(select(*columns).where(_TIP.id == tip_id).with_for_update()).first()
    if row is None:
        raise DraftGone
    return row


def _touch_tip(tip_id: str, tip: Any, *, urgent: bool, now: dt.datetime) -> None:
    """A child in danger makes the whole tip urgent at once; a lane that asks for more care stays."""
    values: dict[str, Any] = {
        "review_due_at": max(tip.review_due_at, clock.next_hour(now + READING_TIME)),
        "compared": False,  # what was added may give an answer, or say that somebody was there
    }
    if urgent:
        values["urgent"] = True
        values["folded"] = False  # what is urgent has a line of its own
        values["lane"] = "urgent" if tip.lane == "normal" else tip.lane
    db.run(update(_TIPS).where(_TIP.id == tip_id).values(**values))
