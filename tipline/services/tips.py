"""What reviewers do with a tip as a whole: whose it is, its marks, how it ends."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import bindparam, select, update

from tipline.errors import BadInput, NotAllowed, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import table_of
from tipline.models.desk import DeskMember
from tipline.models.tip import Consultation, Tip
from tipline.roles import Role
from tipline.services import access, desk_keys, history, log, records, safeguarding, statuses
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.statuses import Disposition, Lane, Status

REASON_LIMIT = 1000
_A, _M = table_of(Account).c, table_of(DeskMember).c
_MEMBERS = (
    select(_A.id, _A.display_name)
    .join(table_of(DeskMember), _M.account_id == _A.id)
    .where(_M.desk_id == bindparam("desk_id"), _M.standing == desk_keys.MEMBER, _A.state == "active")
    .order_by(_A.display_name, _A.id)
)


def members(desk_id: str, lane: str = "") -> tuple[tuple[str, str], ...]:
    """Id and name of everybody at a desk to whom a tip of this lane can be given."""
    db.session.flush()
    rows = db.run(_MEMBERS, {"desk_id": desk_id}).all()
    readers = safeguarding.readers(desk_id) if lane == Lane.SAFEGUARDING else None
    return tuple((row.id, row.display_name) for row in rows if readers is None or row.id in readers)


def screen_tip(opened: OpenTip, now: dt.datetime) -> None:
    """Say that a person has looked this tip through. Raises WrongState when that was done before."""
    statuses.move(opened.tip.id, Status.SCREENED, actor=opened.person.actor, now=now)


def assign_tip(person: Person, ref: str, assignee_id: str, now: dt.datetime) -> None:
    """Give a tip to somebody of its desk. Reviewers take what is nobody's or pass on what is theirs; supervisors any.

    Needs no look into the tip. A new assignment ends the reasons that others gave for opening it. Raises NotFound,
    NotAllowed, WrongState (closed, restricted), and BadInput when the assignee is not of this desk.
    """
    tip = access.see_tip(person, ref)
    if tip.status in (Status.CLOSED, Status.RESTRICTED):
        raise WrongState
    if tip.assignee_id not in (None, person.id) and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    if assignee_id not in {member for member, _name in members(tip.desk_id, tip.lane)}:
        raise BadInput("assignee", "unknown")
    if assignee_id == tip.assignee_id:
        return
    _set(tip.id, assignee_id=assignee_id)
    _end_consultations(tip.id, assignee_id, now)
    history.add(tip.id, "tip.assigned", actor=person.actor, now=now, after=assignee_id)
    _log("tip.assigned", person, tip.id, now, field_group="assignee")
    if tip.status in (Status.RECEIVED, Status.SCREENED):
        statuses.move(tip.id, Status.ASSIGNED, actor=person.actor, now=now)


def give_back_tip(person: Person, ref: str, now: dt.datetime) -> None:
    """Make a tip nobody's again, before it is assessed. Raises NotAllowed for others' tips, and WrongState."""
    tip = access.see_tip(person, ref)
    if tip.assignee_id != person.id and Role.SUPERVISOR not in person.roles:
        raise NotAllowed
    if tip.assignee_id is None or tip.status != Status.ASSIGNED:
        raise WrongState
    _set(tip.id, assignee_id=None)
    _end_consultations(tip.id, None, now)
    history.add(tip.id, "tip.assigned", actor=person.actor, now=now)
    _log("tip.assigned", person, tip.id, now, field_group="assignee")
    statuses.move(tip.id, Status.SCREENED, actor=person.actor, now=now)


def return_tip(person: Person, ref: str, assignee_before: str | None, now: dt.datetime) -> None:
    """Take an assignment back: the tip goes to whoever had it before, or to nobody. ``bulk`` says who may.

    Raises NotFound, and WrongState for a tip that has moved on or whose last assignee has left.
    """
    tip = access.see_tip(person, ref)
    if tip.restricted or tip.status == Status.CLOSED:
        raise WrongState
    if assignee_before is None:
        if tip.status != Status.ASSIGNED:
            raise WrongState
    elif assignee_before not in {member for member, _name in members(tip.desk_id, tip.lane)}:
        raise WrongState
    _set(tip.id, assignee_id=assignee_before)
    _end_consultations(tip.id, assignee_before, now)
    history.add(tip.id, "tip.assigned", actor=person.actor, now=now, after=assignee_before)
    _log("tip.assigned", person, tip.id, now, field_group="assignee")
    if assignee_before is None:
        statuses.move(tip.id, Status.SCREENED, actor=person.actor, now=now)


def mark_identifies_sender(opened: OpenTip, identifies: bool, now: dt.datetime) -> None:  # noqa: FBT001 - the value
    """Mark that the text tells who wrote it: from then on the original opens to supervisors only (SECURITY 33).

    Any reviewer sets the mark, only a supervisor takes it away. Raises NotAllowed, and WrongState while restricted.
    """
    access.check_unrestricted(opened)
    if opened.tip.identifies_sender == identifies:
        return
    if not identifies and Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    _set(opened.tip.id, identifies_sender=identifies)
    after = "identifies_sender" if identifies else "no_mark"
    history.add(opened.tip.id, "tip.flagged", actor=opened.person.actor, now=now, after=after)
    _log("tip.flagged", opened.person, opened.tip.id, now, field_group="identifies_sender")


def dispose_tip(opened: OpenTip, disposition: str, reason: str, now: dt.datetime) -> None:
    """End the work on a tip with a disposition and the reason for it, which is sealed.

    For whoever has the tip, or a supervisor; nobody's tip may be ended by whoever opened it. Raises ReasonNeeded,
    BadInput, NotAllowed, and WrongState when the tip's status does not lead there.
    """
    check_own_work(opened)
    if disposition not in set(Disposition):
        raise BadInput("disposition", "unknown")
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("disposition_reason", "long")
    if opened.tip.lane == Lane.FORWARD and disposition != Disposition.OUT_OF_MANDATE_FORWARDED:
        raise BadInput("disposition", "only-forwarded")
    statuses.check_disposition(opened.tip.status, disposition)
    actor = opened.person.actor
    statuses.move(opened.tip.id, Status.CLOSED, actor=actor, now=now, justification=disposition)
    _set(opened.tip.id, disposition=disposition)
    event_id = history.add(opened.tip.id, "tip.disposed", actor=actor, now=now, after=disposition)
    records.write_record(opened, f"reason:disposed:{event_id}", {"text": reason}, now)
    _log("tip.disposed", opened.person, opened.tip.id, now, justification=disposition)


def reopen_tip(opened: OpenTip, now: dt.datetime) -> None:
    """Take up a closed tip again; it goes back to whoever had it. Raises NotAllowed, WrongState."""
    check_own_work(opened)
    if opened.tip.status != Status.CLOSED:
        raise WrongState
    to = Status.ASSIGNED if opened.tip.assignee_id else Status.SCREENED
    statuses.move(opened.tip.id, to, actor=opened.person.actor, now=now)


def record_outcome(opened: OpenTip, reason: str, now: dt.datetime) -> None:
    """Note what came of an acknowledged tip, in sealed words. Raises ReasonNeeded, BadInput, NotAllowed, WrongState."""
    check_own_work(opened)
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("outcome", "long")
    statuses.move(opened.tip.id, Status.OUTCOME, actor=opened.person.actor, now=now)
    event_id = history.add(opened.tip.id, "tip.outcome", actor=opened.person.actor, now=now)
    records.write_record(opened, f"reason:outcome:{event_id}", {"text": reason}, now)


def restrict_tip(opened: OpenTip, reason: str, now: dt.datetime) -> None:
    """Restrict a tip instead of erasing it (Art. 82): from now on only supervisors open it, nobody works on it.

    Raises NotAllowed for others than supervisors, ReasonNeeded, WrongState.
    """
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("restriction", "long")
    statuses.move(opened.tip.id, Status.RESTRICTED, actor=opened.person.actor, now=now)
    event_id = history.add(opened.tip.id, "tip.restricted", actor=opened.person.actor, now=now)
    records.write_record(opened, f"reason:restricted:{event_id}", {"text": reason}, now)


def lift_restriction(opened: OpenTip, now: dt.datetime) -> None:
    """Let a restricted tip go back to the status that it had. Raises NotAllowed, WrongState."""
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if opened.tip.status_before is None:
        raise WrongState
    statuses.move(opened.tip.id, opened.tip.status_before, actor=opened.person.actor, now=now)


def can_work_on(opened: OpenTip) -> bool:
    """Whether grading and ending this tip is this person's to do."""
    return opened.tip.assignee_id in (None, opened.person.id) or Role.SUPERVISOR in opened.person.roles


def check_own_work(opened: OpenTip) -> None:
    """Raise NotAllowed unless the tip is this person's, nobody's, or the person a supervisor."""
    if not can_work_on(opened):
        raise NotAllowed


def _end_consultations(tip_id: str, assignee_id: str | None, now: dt.datetime) -> None:
    """A new assignment asks everybody but its assignee for a reason anew."""
    ending = (
        update(Consultation)
        .where(Consultation.tip_id == tip_id, Consultation.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if assignee_id is not None:
        ending = ending.where(Consultation.account_id != assignee_id)
    db.session.execute(ending)


def _set(tip_id: str, **values: Any) -> None:
    db.session.execute(
        update(Tip).where(Tip.id == tip_id).values(**values).execution_options(synchronize_session="fetch")
    )


def _log(
    event: str,
    person: Person,
    tip_id: str,
    now: dt.datetime,
    field_group: str | None = None,
    justification: str | None = None,
) -> None:
    log.record(
        event,
        chain="staff",
        actor=person.actor,
        subjects=[tip_id],
        now=now,
        field_group=field_group,
        justification=justification,
    )
