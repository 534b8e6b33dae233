"""Lanes: how fast and by whom a tip is worked on, and what each lane forbids.

*Urgent* comes first. *Safeguarding* is somebody's own story. *Quarantine* shuts every file of the tip, and the tip
leaves it only when none is shut any more. *Forward*, where the profile has it, holds personal data that this body may
only pass on or purge: such a tip is not graded (Art. 27 of Regulation (EU) 2016/794).
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import exists, select, update

from tipline import config
from tipline.errors import BadInput, NotAllowed, WrongState
from tipline.extensions import db
from tipline.models.tip import Attachment, Tip
from tipline.roles import Role
from tipline.services import access, attachments, group_leads, history, log, retention, safeguarding, statuses, tips
from tipline.services.access import OpenTip
from tipline.services.retention import Erased
from tipline.services.statuses import Lane, Status

_GUARDED = frozenset({Lane.QUARANTINE, Lane.FORWARD})


def available() -> tuple[Lane, ...]:
    """The lanes of this service: forwarding only where the profile has it."""
    return tuple(lane for lane in Lane if lane is not Lane.FORWARD or config.current().profile.forward_lane)


def set_lane(opened: OpenTip, lane: str, now: dt.datetime) -> None:
    """Put a tip on another lane; into quarantine goes every file of it.

    In safeguarding it becomes nobody's again when the desk has named others for that.
    Raises BadInput on ``lane`` (``unknown``; ``files-shut``: a file has to be released by two people, or destroyed,
    before the tip leaves quarantine), NotAllowed for others than supervisors out of quarantine and forwarding.
    """
    if lane not in available():
        raise BadInput("lane", "unknown")
    access.check_unrestricted(opened)
    before = opened.tip.lane
    if before == lane:
        return
    if before in _GUARDED and Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if before == Lane.QUARANTINE and _has_shut_file(opened.tip.id):
        raise BadInput("lane", "files-shut")
    if lane == Lane.QUARANTINE:
        _shut_files(opened.tip.id)
    db.session.execute(
        update(Tip)
        .where(Tip.id == opened.tip.id)
        .values(lane=lane, urgent=lane in statuses.URGENT_LANES)
        .execution_options(synchronize_session="fetch")
    )
    group_leads.tip_changed(opened.tip.id)
    actor = opened.person.actor
    history.add(opened.tip.id, "tip.lane", actor=actor, now=now, before=before, after=lane)
    log.record(
        "tip.lane", chain="staff", actor=actor, subjects=[opened.tip.id], now=now, field_group=f"{before}-{lane}"
    )
    mine = opened.tip.status == Status.ASSIGNED and opened.tip.assignee_id == opened.person.id
    if mine and not safeguarding.may_read(opened.person, opened.tip.desk_id, lane):
        tips.give_back_tip(opened.person, opened.tip.ref, now)


def purge_tip(opened: OpenTip, now: dt.datetime) -> Erased:
    """Erase a tip of the forward lane at once. The caller commits, then calls ``retention.discard``.

    Raises NotAllowed for others than supervisors, WrongState on another lane, while the tip is restricted or a referral
    holds it, TipOnHold.
    """
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    access.check_unrestricted(opened)
    if opened.tip.lane != Lane.FORWARD or opened.tip.status in statuses.IN_REFERRAL:
        raise WrongState
    return retention.erase_tip(opened.tip.id, "purged", opened.person.actor, now, chain="staff")


def _has_shut_file(tip_id: str) -> bool:
    left = Attachment.screening.in_(attachments.SHUT - {attachments.DESTROYED})
    return bool(db.session.scalar(select(exists().where(attachments.came_with(tip_id), left))))


def _shut_files(tip_id: str) -> None:
    db.session.execute(
        update(Attachment)
        .where(attachments.came_with(tip_id), Attachment.screening.not_in(attachments.SHUT))
        .values(screening=attachments.QUARANTINED)
        .execution_options(synchronize_session="fetch")
    )
