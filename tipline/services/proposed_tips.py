"""The tips of a referral: whether they may go out, and how their status follows (proposed, approved, referred, …).

A tip may be in several referrals, to different countries; its status is moved by the first that takes a step and is
left alone by those that come after.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import exists, select, update

from tipline.errors import ReferralRefused
from tipline.extensions import db
from tipline.models.referral import Authority, Referral, ReferralTip
from tipline.models.tip import Attachment, Tip, TipKey
from tipline.services import attachments, log, statuses
from tipline.services.statuses import Lane, Status

NATIONAL_UNIT = "national_unit"
# A referral in one of these still holds its tips; "drafted" is a reviewer's own paper and holds nothing.
OPEN = ("proposed", "in_review", "waiting", "released")

_BEFORE = {
    Status.PROPOSED: (Status.ASSESSED, Status.ASSIGNED),
    Status.APPROVED: (Status.PROPOSED,),
    Status.REFERRED: (Status.APPROVED,),
    Status.ACKNOWLEDGED: (Status.REFERRED,),
}


_MAY_GO_OUT = frozenset({Status.ASSESSED}) | statuses.IN_REFERRAL | statuses.HANDED_OVER


def may_go_out(status: str, lane: str, *, graded: bool) -> bool:
    """Whether a tip stands where a referral may take it: graded, or on the lane of what is only forwarded."""
    if lane == Lane.FORWARD:
        return status in _MAY_GO_OUT | {Status.ASSIGNED}
    return graded and status in _MAY_GO_OUT


def check_tips(referral_id: str) -> None:
    """Raise ReferralRefused unless every tip of a referral may go out at this moment.

    Reasons: ``erased``, ``restricted``, ``quarantined``, ``ungraded``, ``grade-pending``, ``status``, and for the
    attachments that were chosen ``attachment-gone``, ``attachment-quarantined``, ``attachment-unseen``. What may only
    be forwarded goes to a national unit: ``not-a-unit`` (Art. 27 of Regulation (EU) 2016/794).
    """
    rows = db.session.scalars(select(ReferralTip).where(ReferralTip.referral_id == referral_id)).all()
    if not rows:
        raise ReferralRefused("no-tips")
    for row in rows:
        _check_tip(row.tip_id)
        for attachment_id in filter(None, row.attachment_ids.split(",")):
            _check_attachment(row.tip_id, attachment_id)
    forwarded = select(Tip.id).where(Tip.id.in_([row.tip_id for row in rows]), Tip.lane == Lane.FORWARD)
    if db.session.scalar(select(forwarded.exists())) and _kind_of_authority(referral_id) != NATIONAL_UNIT:
        raise ReferralRefused("not-a-unit")


def _kind_of_authority(referral_id: str) -> str | None:
    to = select(Authority.kind).join(Referral, Referral.authority_id == Authority.id)
    return db.session.scalar(to.where(Referral.id == referral_id))


def _check_tip(tip_id: str) -> None:
    tip = db.session.execute(
        select(Tip.status, Tip.lane, Tip.restricted, Tip.graded, Tip.grade_pending)
        .join(TipKey, (TipKey.tip_id == Tip.id) & (TipKey.purpose == "content"))
        .where(Tip.id == tip_id)
    ).one_or_none()
    if tip is None:
        raise ReferralRefused("erased")
    if tip.restricted:
        raise ReferralRefused("restricted")
    if tip.lane == Lane.QUARANTINE:
        raise ReferralRefused("quarantined")
    if not tip.graded and tip.lane != Lane.FORWARD:
        raise ReferralRefused("ungraded")
    if tip.grade_pending is not None:
        raise ReferralRefused("grade-pending")
    if not may_go_out(tip.status, tip.lane, graded=tip.graded):
        raise ReferralRefused("status")


def _check_attachment(tip_id: str, attachment_id: str) -> None:
    """Nothing goes out that no person has looked at: a machine cannot say what is in a picture (DOMAIN A9, A15)."""
    found = db.session.execute(
        select(Attachment.screening, Attachment.viewed).where(
            Attachment.id == attachment_id, attachments.came_with(tip_id)
        )
    ).one_or_none()
    if found is None:
        raise ReferralRefused("attachment-gone")
    if found.screening in attachments.SHUT:
        raise ReferralRefused("attachment-quarantined")
    if not found.viewed:
        raise ReferralRefused("attachment-unseen")


def take_step(referral_id: str, to: Status, actor: log.Actor, now: dt.datetime, *, chain: str) -> None:
    """Move those tips of a referral that stand one step before; others were moved by another referral."""
    for tip_id, status, _graded in _tips(referral_id):
        if status in _BEFORE[to]:
            statuses.move(tip_id, to, actor=actor, now=now, chain=chain)


def give_back(
    referral_id: str, actor: log.Actor | None, now: dt.datetime, *, chain: str, justification: str | None = None
) -> None:
    """Let go of a referral's tips: back to assessed (assigned, if never graded), unless another one holds them.

    A tip that is restricted meanwhile will come back as assessed.
    """
    for tip_id, status, graded in _tips(referral_id):
        if _held_by_another(tip_id, referral_id):
            continue
        back = Status.ASSESSED if graded else Status.ASSIGNED
        if status in statuses.IN_REFERRAL:
            statuses.move(tip_id, back, actor=actor, now=now, chain=chain, justification=justification)
        elif status == Status.RESTRICTED:
            db.session.execute(
                update(Tip)
                .where(Tip.id == tip_id, Tip.status_before.in_(statuses.IN_REFERRAL))
                .values(status_before=str(back))
                .execution_options(synchronize_session="fetch")
            )


def _tips(referral_id: str) -> list[tuple[str, str, bool]]:
    rows = db.session.execute(
        select(Tip.id, Tip.status, Tip.graded)
        .join(ReferralTip, ReferralTip.tip_id == Tip.id)
        .where(ReferralTip.referral_id == referral_id)
        .order_by(Tip.id)
    ).all()
    return [(row.id, row.status, row.graded) for row in rows]


def _held_by_another(tip_id: str, referral_id: str) -> bool:
    other = (
        select(ReferralTip.tip_id)
        .join(Referral, Referral.id == ReferralTip.referral_id)
        .where(ReferralTip.tip_id == tip_id, Referral.id != referral_id, Referral.state.in_(OPEN))
    )
    return bool(db.session.scalar(select(exists(other))))
