"""The 4x4 grade of a tip: how far its source can be trusted, and how the source knows (Art. 29 Reg. 2016/794).

A grade is a person's assessment and is never changed, only followed by another. The default is X4. A or 1 holds only
when a supervisor gives it or agrees to it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import bindparam, insert, select, update

from tipline.errors import ApprovalVoid, BadInput, NeedsSecondPerson, NotAllowed, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id, table_of
from tipline.models.tip import Assessment, Tip
from tipline.roles import Role
from tipline.services import access, approvals, history, log, records, statuses, tips
from tipline.services.access import OpenTip
from tipline.services.statuses import Lane, Status

SOURCE_CODES = ("A", "B", "C", "X")
INFORMATION_CODES = ("1", "2", "3", "4")
REASON_LIMIT = 1000
_GIVEN = table_of(Assessment)
_PROPOSER, _DECIDER = table_of(Account).alias("proposer"), table_of(Account).alias("decider")
_OF_TIP = (
    select(_GIVEN, _PROPOSER.c.display_name.label("proposer"), _DECIDER.c.display_name.label("decider"))
    .outerjoin(_PROPOSER, _PROPOSER.c.id == _GIVEN.c.proposed_by)
    .outerjoin(_DECIDER, _DECIDER.c.id == _GIVEN.c.decided_by)
    .where(_GIVEN.c.tip_id == bindparam("tip_id"))
    .order_by(_GIVEN.c.made_at.desc(), _GIVEN.c.id)
)


@dataclass(frozen=True)
class Grade:
    """One grade that was given. ``state``: holds, waits, refused, superseded."""

    id: str
    source_code: str
    information_code: str
    state: str
    proposed_by: str
    proposer: str | None
    decider: str | None
    made_at: dt.datetime
    decided_at: dt.datetime | None
    reason: str = field(repr=False)


def needs_supervisor(source_code: str, information_code: str) -> bool:
    """Whether a grade waits for a supervisor: A and 1 say that there is no doubt."""
    return source_code == "A" or information_code == "1"


def assess_tip(opened: OpenTip, source_code: str, information_code: str, reason: str, now: dt.datetime) -> None:
    """Grade a tip, with the reason. Nobody's tip becomes the grader's; a reviewer's A or 1 waits for a supervisor.

    Raises BadInput, ReasonNeeded, NotAllowed when the tip is somebody else's, and WrongState when its status does
    not take a grade (restricted, closed, on its way out).
    """
    _check_grade(source_code, information_code, reason)
    tips.check_own_work(opened)
    if opened.tip.status not in _TAKES_A_GRADE or opened.tip.lane == Lane.FORWARD:
        raise WrongState
    person = opened.person
    status = opened.tip.status
    if opened.tip.assignee_id is None:
        tips.assign_tip(person, opened.tip.ref, person.id, now)
        status = Status.ASSIGNED if status in (Status.RECEIVED, Status.SCREENED) else status
    waits = needs_supervisor(source_code, information_code) and Role.SUPERVISOR not in person.roles
    _supersede(opened.tip.id, "waits", now)
    grade_id = _insert(opened, source_code, information_code, now, waits=waits)
    records.write_record(opened, f"reason:graded:{grade_id}", {"text": reason}, now)
    code = source_code + information_code
    before = opened.tip.source_code + opened.tip.information_code if opened.tip.graded else None
    history.add(
        opened.tip.id,
        "tip.grade_proposed" if waits else "tip.graded",
        actor=person.actor,
        now=now,
        before=before,
        after=code,
    )
    _log("tip.graded", opened, code, now)
    if waits:
        _set_pending(opened.tip.id, code)
    else:
        _hold(opened.tip.id, grade_id, code, status, opened, now)


def agree_to_grade(opened: OpenTip, grade_id: str, now: dt.datetime) -> None:
    """Let a waiting grade hold: a supervisor's act, never the proposer's.

    Raises NotAllowed, NeedsSecondPerson, WrongState when the grade does not wait any more, and ApprovalVoid when it has
    waited 72 hours: then it is given anew.
    """
    source_code, information_code = _decide(opened, grade_id, "holds", now)
    code = source_code + information_code
    history.add(opened.tip.id, "grade.decided", actor=opened.person.actor, now=now, after=code)
    _log("grade.decided", opened, code, now)
    _hold(opened.tip.id, grade_id, code, opened.tip.status, opened, now)


def refuse_grade(opened: OpenTip, grade_id: str, reason: str, now: dt.datetime) -> None:
    """Refuse a waiting grade, with the reason; the grade before it goes on holding. Raises as ``agree_to_grade``."""
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("grade_reason", "long")
    source_code, information_code = _decide(opened, grade_id, "refused", now)
    _set_pending(opened.tip.id, None)
    records.write_record(opened, f"reason:refused:{grade_id}", {"text": reason}, now)
    history.add(
        opened.tip.id, "grade.refused", actor=opened.person.actor, now=now, before=source_code + information_code
    )
    _log("grade.decided", opened, "refused", now)


def grades(opened: OpenTip) -> tuple[Grade, ...]:
    """Every grade that was given, newest first, with its reason."""
    reasons = {record.subject: record for record in records.read_records(opened, "reason:graded")}
    db.session.flush()
    return tuple(
        Grade(
            given.id,
            given.source_code,
            given.information_code,
            given.state,
            given.proposed_by,
            given.proposer,
            given.decider,
            given.made_at,
            given.decided_at,
            reasons[given.id].value["text"] if given.id in reasons else "",
        )
        for given in db.run(_OF_TIP, {"tip_id": opened.tip.id})
    )


# A grade may follow a grade as long as the tip is ours; after a hand-over a new one is told to its recipients.
_TAKES_A_GRADE = frozenset({Status.RECEIVED, Status.SCREENED, Status.ASSIGNED, Status.ASSESSED}) | statuses.HANDED_OVER


def _check_grade(source_code: str, information_code: str, reason: str) -> None:
    if source_code not in SOURCE_CODES:
        raise BadInput("source_code", "unknown")
    if information_code not in INFORMATION_CODES:
        raise BadInput("information_code", "unknown")
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("grade_reason", "long")


def _insert(opened: OpenTip, source_code: str, information_code: str, now: dt.datetime, *, waits: bool) -> str:
    grade_id = new_id()
    db.session.execute(
        insert(Assessment).values(
            id=grade_id,
            tip_id=opened.tip.id,
            source_code=source_code,
            information_code=information_code,
            state="waits",
            proposed_by=opened.person.id,
            decided_by=None if waits else opened.person.id,
            made_at=now,
            decided_at=None if waits else now,
        )
    )
    return grade_id


def _decide(opened: OpenTip, grade_id: str, state: str, now: dt.datetime) -> tuple[str, str]:
    access.check_unrestricted(opened)
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    row = db.session.execute(
        select(Assessment).where(Assessment.id == grade_id, Assessment.tip_id == opened.tip.id).with_for_update()
    ).scalar_one_or_none()
    if row is None or row.state != "waits":
        raise WrongState
    if row.proposed_by == opened.person.id:
        raise NeedsSecondPerson
    if state == "holds" and row.made_at + approvals.LASTS <= now:
        raise ApprovalVoid
    row.state, row.decided_by, row.decided_at = state, opened.person.id, now
    db.session.flush()
    return row.source_code, row.information_code


def _hold(tip_id: str, grade_id: str, code: str, status: str, opened: OpenTip, now: dt.datetime) -> None:
    """Make a grade the one that holds; an assigned tip is assessed by it."""
    _supersede(tip_id, "holds", now, besides=grade_id)
    db.session.execute(
        update(Assessment)
        .where(Assessment.id == grade_id)
        .values(state="holds")
        .execution_options(synchronize_session="fetch")
    )
    db.session.execute(
        update(Tip)
        .where(Tip.id == tip_id)
        .values(source_code=code[0], information_code=code[1], graded=True, grade_pending=None)
        .execution_options(synchronize_session="fetch")
    )
    if status == Status.ASSIGNED:
        statuses.move(tip_id, Status.ASSESSED, actor=opened.person.actor, now=now)


def _supersede(tip_id: str, state: str, now: dt.datetime, besides: str = "") -> None:
    db.session.execute(
        update(Assessment)
        .where(Assessment.tip_id == tip_id, Assessment.state == state, Assessment.id != besides)
        .values(state="superseded", decided_at=now)
        .execution_options(synchronize_session="fetch")
    )


def _set_pending(tip_id: str, code: str | None) -> None:
    db.session.execute(
        update(Tip).where(Tip.id == tip_id).values(grade_pending=code).execution_options(synchronize_session="fetch")
    )


def _log(event: str, opened: OpenTip, field_group: str, now: dt.datetime) -> None:
    log.record(
        event, chain="staff", actor=opened.person.actor, subjects=[opened.tip.id], now=now, field_group=field_group
    )
