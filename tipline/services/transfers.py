"""Handing a tip from one desk to another: its keys are re-sealed to the other desk in a member's session.

The desk that gives it can open it no more; both see on their pages that it went, and the tip's own history tells why.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update

from tipline.crypto import opening, sealing
from tipline.crypto.grants import Kind
from tipline.crypto.keys import Label
from tipline.errors import BadInput, NotAllowed, NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import Desk, DeskTransfer
from tipline.models.queue import TipLabel, TipOpen
from tipline.models.tip import Addition, Consultation, RightsRequest, Tip, TipKey
from tipline.roles import Role
from tipline.services import desk_keys, group_leads, history, log, records, resealing, search_segments, statuses
from tipline.services.access import OpenTip
from tipline.services.seal_targets import SealTarget
from tipline.services.statuses import Status

REASON_LIMIT = 1000
_PURPOSES = resealing.STORES[0].purposes


@dataclass(frozen=True)
class Transfer:
    """One hand-over, as the pages of both desks list it. ``ref`` is there for whoever has the tip now."""

    ref: str
    from_desk: str
    to_desk: str
    who: str
    at: dt.datetime


def other_desks(desk_id: str) -> tuple[tuple[str, str], ...]:
    """Id and name of the open desks that a tip of this one could go to."""
    rows = select(Desk.id, Desk.name).where(Desk.state == "open", Desk.id != desk_id, Desk.stopped_at.is_(None))
    return tuple((row.id, row.name) for row in db.session.execute(rows.order_by(Desk.name)))


def move_tip(opened: OpenTip, desk_id: str, reason: str, now: dt.datetime) -> None:
    """Give an opened tip to another desk, with everything that was added to it. It is nobody's there at first.

    Raises BadInput on ``desk`` (unknown) and ``reason`` (missing, long), WrongState for a tip that is closed, in an
    open referral or restricted, NotAllowed when it carries an identity, or lies in quarantine, and the person is no
    supervisor, KeysMismatch when one of the desks is not as it was signed.
    """
    tip, person = opened.tip, opened.person
    if desk_id not in {other for other, _name in other_desks(tip.desk_id)}:
        raise BadInput("desk", "unknown")
    if not reason.strip() or len(reason) > REASON_LIMIT:
        raise BadInput("reason", "long" if reason.strip() else "missing")
    if (tip.has_identity or tip.quarantined) and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    _check_status(tip.id)
    before, target = tip.desk_id, desk_keys.seal_target(person, desk_id)
    _reseal(opened, target)
    group_leads.forget(tip.id)
    search_segments.drop_holding(tip.id)
    _end_work(tip.id, desk_id, now)
    records.write_record(opened, "reason:moved:" + target.desk_id, {"text": reason}, now)
    history.add(tip.id, "tip.moved", actor=person.actor, now=now, before=before, after=desk_id)
    db.session.add(
        DeskTransfer(tip_id=tip.id, from_desk_id=before, to_desk_id=desk_id, moved_by=person.id, moved_at=now)
    )
    log.record("tip.moved", chain="staff", actor=person.actor, subjects=[tip.id, before, desk_id], now=now)


def list_transfers(desk_id: str) -> tuple[Transfer, ...]:
    """The last twenty tips that came to a desk or went from it, newest first."""
    rows = db.session.execute(
        select(DeskTransfer, Tip.ref, Account.display_name)
        .join(Tip, Tip.id == DeskTransfer.tip_id)
        .outerjoin(Account, Account.id == DeskTransfer.moved_by)
        .where(or_(DeskTransfer.from_desk_id == desk_id, DeskTransfer.to_desk_id == desk_id))
        .order_by(DeskTransfer.moved_at.desc(), DeskTransfer.id)
        .limit(20)
    ).all()
    names = {row.id: row.name for row in db.session.execute(select(Desk.id, Desk.name))}
    return tuple(
        Transfer(ref, names[row.from_desk_id], names[row.to_desk_id], who or row.moved_by, row.moved_at)
        for row, ref, who in rows
    )


def _check_status(tip_id: str) -> None:
    """Locks the tip, so that nothing is added to it or decided about it meanwhile."""
    status = db.session.scalar(select(Tip.status).where(Tip.id == tip_id).with_for_update())
    if status is None:
        raise NotFound
    if Status(status) in statuses.IN_REFERRAL | statuses.TERMINAL | {Status.RESTRICTED}:
        raise WrongState


def _reseal(opened: OpenTip, target: SealTarget) -> None:
    """The keys of the tip and of what was added to it: opened with this desk's seeds, sealed to the other's keys."""
    person, desk_id = opened.person, opened.tip.desk_id
    additions = select(Addition.id).where(Addition.tip_id == opened.tip.id)
    rows = db.session.scalars(
        select(TipKey).where(or_(TipKey.tip_id == opened.tip.id, TipKey.tip_id.in_(additions))).with_for_update()
    )
    for row in rows:
        purpose = _PURPOSES[row.purpose]
        kind: Kind = "identity" if purpose in resealing.IDENTITY_ONLY else "content"
        seed = desk_keys.open_desk_key(person, desk_id, row.epoch, kind)
        key = opening.open_sealed(row.sealed, seed, Label(purpose, desk_id, row.epoch, row.tip_id))
        public = target.identity_public if kind == "identity" else target.content_public
        row.sealed = sealing.seal(key, public, target.label(purpose, row.tip_id))
        row.desk_id, row.epoch = target.desk_id, target.epoch
    db.session.flush()


def _end_work(tip_id: str, desk_id: str, now: dt.datetime) -> None:
    """Nobody's at the new desk; the reasons that were given for opening it ended with the old one."""
    tip = db.session.get_one(Tip, tip_id, populate_existing=True)
    tip.desk_id, tip.assignee_id = desk_id, None
    if tip.status == Status.ASSIGNED:
        tip.status = Status.SCREENED
    tip.revision += 1
    for table in (TipLabel, TipOpen):  # labels are the old desk's own
        db.session.execute(delete(table).where(table.tip_id == tip_id))
    reasons = update(Consultation).where(Consultation.tip_id == tip_id, Consultation.ended_at.is_(None))
    db.session.execute(reasons.values(ended_at=now).execution_options(synchronize_session=False))
    asked = update(RightsRequest).where(RightsRequest.tip_id == tip_id)
    db.session.execute(asked.values(desk_id=desk_id).execution_options(synchronize_session=False))
    db.session.flush()
