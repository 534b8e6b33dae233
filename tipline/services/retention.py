"""The clocks: when a tip must be looked at again, what happens when nobody decides, and how a tip is erased.

No decision means erasure (Art. 31 of Regulation (EU) 2016/794, Art. 72(2) of Regulation (EU) 2018/1725). Erasure
destroys the keys, then the rows, then the files; a tombstone says that the tip was here and went. A hold stops it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, insert, select, update

from tipline import storage
from tipline.clock import hour_of, next_hour
from tipline.config import Profile
from tipline.errors import NotFound, TipOnHold, WrongState
from tipline.extensions import db
from tipline.models import tip as tables
from tipline.models.base import new_id, table_of
from tipline.models.referral import Package
from tipline.models.tip import Attachment, AttachmentKey, Draft, Hold, Tip, Tombstone
from tipline.services import erasing, history, ledger, log

REASONS = ("no-decision", "untriaged", "closed", "referred", "request", "withdrawn", "restored", "purged")
HOLD_REASONS = ("judicial", "investigation", "rights-request", "complaint", "evidence")
# What an unfinished upload leaves behind is older than this before it is swept: drafts live for one hour.
ORPHAN_AGE = dt.timedelta(hours=2)

_REFERRED = frozenset({"referred", "acknowledged", "outcome"})
_HOLD = table_of(Hold).c
_HOLDS = (
    select(_HOLD.id, _HOLD.tip_id, _HOLD.reason_code, _HOLD.placed_by, _HOLD.placed_at, _HOLD.review_on)
    .where(_HOLD.tip_id == bindparam("tip_id"), _HOLD.lifted_at.is_(None))
    .order_by(_HOLD.placed_at)
)


@dataclass(frozen=True)
class Erased:
    """What a transaction has erased; its files go once it is committed (``discard``)."""

    id: str
    stored_names: tuple[str, ...]


@dataclass(frozen=True)
class HoldOn:
    """One hold on a tip; its reason in words is a sealed record."""

    id: str
    tip_id: str
    reason_code: str
    placed_by: str
    placed_at: dt.datetime
    review_on: dt.date


def first_review(now: dt.datetime, profile: Profile) -> dt.datetime:
    """When a tip that arrives now must have been triaged, or it goes. A full hour, so that it tells no minute."""
    return next_hour(hour_of(now) + dt.timedelta(days=profile.untriaged_days))


def due_after(status: str, profile: Profile, now: dt.datetime) -> dt.datetime:
    """The review date that a tip gets when it comes to this status now. There is always one."""
    days = profile.untriaged_days
    if status in _REFERRED:
        days = profile.referred_days
    elif status == "closed":
        days = profile.closed_days
    return next_hour(now + dt.timedelta(days=days))


def due_tips(now: dt.datetime, limit: int = 200) -> list[str]:
    """Inner ids of tips whose date has come and that neither a hold nor a restriction (Art. 82) keeps."""
    held = exists().where(Hold.tip_id == Tip.id, Hold.lifted_at.is_(None))
    found = db.session.execute(
        select(Tip.id)
        .where(Tip.review_due_at <= now, Tip.restricted.is_(False), ~held)
        .order_by(Tip.review_due_at)
        .limit(limit)
    )
    return list(found.scalars())


def erase_due_tip(tip_id: str, now: dt.datetime) -> Erased | None:
    """Erase a tip whose date has come, or do nothing when that is not so any more (a hold, a decision, gone)."""
    found = db.session.execute(
        select(Tip.review_due_at, Tip.restricted, Tip.status).where(Tip.id == tip_id).with_for_update()
    ).one_or_none()
    if found is None or found.review_due_at > now or found.restricted:
        return None
    reasons = {"closed": "closed", **dict.fromkeys(_REFERRED, "referred"), "received": "untriaged"}
    try:
        return erase_tip(tip_id, reasons.get(found.status, "no-decision"), None, now)
    except TipOnHold:
        return None


def erase_tip(tip_id: str, reason: str, actor: log.Actor | None, now: dt.datetime, *, chain: str = "jobs") -> Erased:
    """Erase a tip in the caller's transaction: keys, then rows, with a tombstone, a ledger line and a log entry.

    The caller commits and then calls ``discard``. Raises NotFound, and TipOnHold while a hold keeps the tip.
    """
    if reason not in REASONS:
        raise ValueError("unknown reason for an erasure")
    tip = db.session.execute(select(Tip).where(Tip.id == tip_id).with_for_update()).scalar_one_or_none()
    if tip is None:
        raise NotFound
    if holds_on(tip_id):
        raise TipOnHold
    ledger.note("tip", [tip_id], reason=reason, now=now)
    stored = erasing.erase_tip(tip_id)
    db.session.execute(
        insert(Tombstone).values(
            tip_id=tip_id,
            ref=tip.ref,
            desk_id=tip.desk_id,
            received_on=tip.received_at.date(),
            erased_on=now.date(),
            disposition=tip.disposition,
            reason_code=reason,
        )
    )
    log.record("tip.erased", chain=chain, actor=actor, subjects=[tip_id], now=now, justification=reason)
    return Erased(tip_id, stored)


def erase_attachment(
    attachment_id: str, reason: str, actor: log.Actor | None, now: dt.datetime, *, chain: str = "jobs"
) -> Erased:
    """Erase one file of a tip by its key. The caller commits and then calls ``discard``. Raises NotFound, TipOnHold."""
    found = db.session.execute(
        select(Attachment.tip_id, Attachment.stored_name).where(Attachment.id == attachment_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    tip_id = erasing.tip_of(found.tip_id)
    if holds_on(tip_id):
        raise TipOnHold
    ledger.note("attachment", [attachment_id], reason=reason, now=now)
    db.session.execute(delete(AttachmentKey).where(AttachmentKey.attachment_id == attachment_id))
    db.session.execute(delete(Attachment).where(Attachment.id == attachment_id))
    for table in (Tip, tables.Addition):
        less = update(table).where(table.id == found.tip_id)
        db.session.execute(less.values(attachment_count=table.attachment_count - 1))
    db.session.execute(update(Tip).where(Tip.id == tip_id).values(revision=Tip.revision + 1))
    log.record("attachment.erased", chain=chain, actor=actor, subjects=[attachment_id], now=now, justification=reason)
    return Erased(attachment_id, (found.stored_name,))


def due_drafts(now: dt.datetime, limit: int = 500) -> list[str]:
    """Drafts, sent or not, whose hour is over; what names them is derived from a cookie, and is not shown."""
    found = db.session.execute(select(Draft.lookup).where(Draft.erase_at <= now).order_by(Draft.erase_at).limit(limit))
    return list(found.scalars())


def erase_due_draft(lookup: str, now: dt.datetime) -> Erased | None:
    """Erase one draft whose hour is over; of a sent one only what waited for the sender, the tip stays."""
    found = db.session.execute(
        select(Draft.tip_id, Draft.state).where(Draft.lookup == lookup, Draft.erase_at <= now).with_for_update()
    ).one_or_none()
    if found is None:
        return None
    db.session.execute(delete(Draft).where(Draft.lookup == lookup))
    if found.state != "open" or erasing.was_sent(found.tip_id):
        return Erased(found.tip_id, ())
    stored = erasing.erase_keys_and_content(found.tip_id)
    log.record("draft.erased", chain="jobs", actor=None, subjects=[found.tip_id], now=now, justification="expired")
    return Erased(found.tip_id, stored)


def discard(stored_names: Iterable[str]) -> None:
    """Remove files whose keys are gone. After the commit: what a crash leaves here is ciphertext for the sweep."""
    files = storage.files()
    for name in stored_names:
        files.delete(name)


def sweep_orphans(now: dt.datetime) -> int:
    """Remove files that no row names and that are older than two hours; returns how many."""
    files = storage.files()
    old = [name for name, _size, moment in files.walk() if moment < now - ORPHAN_AGE]
    swept = 0
    for start in range(0, len(old), 500):
        batch = old[start : start + 500]
        for name in set(batch) - _named_in_rows(batch):
            files.delete(name)
            swept += 1
    return swept


def place_hold(tip_id: str, reason_code: str, review_on: dt.date, *, actor: log.Actor, now: dt.datetime) -> str:
    """Stop a tip's clock; returns the hold's id. Its reason in words is the caller's sealed record.

    Raises NotFound, and WrongState when the review date is not ahead or more than a year away.
    """
    if reason_code not in HOLD_REASONS:
        raise ValueError("unknown reason for a hold")
    if not now.date() < review_on <= now.date() + dt.timedelta(days=366):
        raise WrongState
    if db.session.execute(select(Tip.id).where(Tip.id == tip_id).with_for_update()).first() is None:
        raise NotFound
    hold_id = new_id()
    db.session.execute(
        insert(Hold).values(
            id=hold_id,
            tip_id=tip_id,
            reason_code=reason_code,
            placed_by=actor.id,
            placed_at=now,
            review_on=review_on,
        )
    )
    history.add(tip_id, "hold.placed", actor=actor, now=now, after=reason_code)
    log.record("hold.placed", chain="staff", actor=actor, subjects=[tip_id], now=now, justification=reason_code)
    return hold_id


def lift_hold(hold_id: str, *, actor: log.Actor, now: dt.datetime) -> None:
    """Let a tip's clock go on; a date that has passed meanwhile gets a week. Raises NotFound, WrongState if lifted."""
    found = db.session.execute(
        select(Hold.tip_id, Hold.lifted_at, Hold.reason_code).where(Hold.id == hold_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    if found.lifted_at is not None:
        raise WrongState
    db.session.execute(update(Hold).where(Hold.id == hold_id).values(lifted_by=actor.id, lifted_at=now))
    week = next_hour(now + dt.timedelta(days=7))
    db.session.execute(update(Tip).where(Tip.id == found.tip_id, Tip.review_due_at < week).values(review_due_at=week))
    history.add(found.tip_id, "hold.lifted", actor=actor, now=now, before=found.reason_code)
    log.record("hold.lifted", chain="staff", actor=actor, subjects=[found.tip_id], now=now)


def holds_on(tip_id: str) -> tuple[HoldOn, ...]:
    """The holds that keep this tip now."""
    db.session.flush()
    return tuple(HoldOn(*row) for row in db.run(_HOLDS, {"tip_id": tip_id}))


def _named_in_rows(names: Sequence[str]) -> set[str]:
    kept = set(db.session.execute(select(Attachment.stored_name).where(Attachment.stored_name.in_(names))).scalars())
    packed = db.session.execute(select(Package.stored_name).where(Package.stored_name.in_(names))).scalars()
    return kept | {name for name in packed if name}
