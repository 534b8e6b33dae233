"""Holds: a supervisor stops a tip's clock, with a reason in sealed words and a date to look again.

A hold may run ninety days from the tip's first one on a supervisor's own word. For a longer one another supervisor has
to agree; until then the tip is kept to that limit, so that nothing is erased meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update

from tipline.errors import BadInput, NotAllowed, NotFound, ReasonNeeded
from tipline.extensions import db
from tipline.models.tip import Hold, Tip
from tipline.roles import Role
from tipline.services import approvals, history, log, records, retention
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.approval_acts import Approved, Content, Owner, register

REASON_LIMIT = 1000
ALONE = dt.timedelta(days=90)
LEAST = dt.timedelta(days=4)  # longer than a proposal waits


def place_hold(opened: OpenTip, reason_code: str, reason: str, review_on: dt.date, now: dt.datetime) -> str:
    """Stop a tip's clock until somebody lifts the hold; returns the hold's id. ``is_long`` tells what waits.

    Raises NotAllowed for others than supervisors, BadInput for an unknown reason or a date that is not within a year
    from tomorrow, ReasonNeeded for a reason without words.
    """
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if reason_code not in retention.HOLD_REASONS:
        raise BadInput("hold_reason", "unknown")
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("hold_text", "long")
    if not now.date() < review_on <= now.date() + dt.timedelta(days=366):
        raise BadInput("review_on", "range")
    until = min(review_on, _limit(opened.tip.id, now))
    hold_id = retention.place_hold(opened.tip.id, reason_code, until, actor=opened.person.actor, now=now)
    records.write_record(opened, f"reason:hold:{hold_id}", {"text": reason}, now)
    if until < review_on:
        content = {"from": until.isoformat(), "until": review_on.isoformat(), "reason": reason_code}
        approvals.propose("long-hold", hold_id, content, opened.person, now, desk_id=opened.tip.desk_id)
    return hold_id


def needs_second_supervisor(opened: OpenTip, review_on: dt.date, now: dt.datetime) -> bool:
    """Whether a hold up to this date is longer than one supervisor may decide."""
    return review_on > _limit(opened.tip.id, now)


def lift_hold(opened: OpenTip, hold_id: str, now: dt.datetime) -> None:
    """Let the clock go on. Raises NotAllowed for others than supervisors, NotFound for another tip's hold."""
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if hold_id not in {hold.id for hold in retention.holds_on(opened.tip.id)}:
        raise NotFound
    retention.lift_hold(hold_id, actor=opened.person.actor, now=now)


def _limit(tip_id: str, now: dt.datetime) -> dt.date:
    """Up to when one supervisor alone may keep this tip; holds one after the other do not make it longer."""
    first = db.session.scalars(select(func.min(Hold.placed_at)).where(Hold.tip_id == tip_id)).one()
    return max(((first or now) + ALONE).date(), (now + LEAST).date())


def _present(hold_id: str, content: Content) -> Content | None:
    hold = db.session.get(Hold, hold_id)
    if hold is None or hold.lifted_at is not None:
        return None
    return {**content, "from": hold.review_on.isoformat(), "reason": hold.reason_code}


def _tell(hold_id: str, content: Content) -> Mapping[str, Any]:
    ref = db.session.scalars(select(Tip.ref).join(Hold, Hold.tip_id == Tip.id).where(Hold.id == hold_id)).one_or_none()
    days = {name: dt.date.fromisoformat(content[name]) for name in ("from", "until")}
    return {**content, **days, "ref": ref}


def _lengthen(approved: Approved, person: Person, now: dt.datetime) -> None:
    hold = db.session.get_one(Hold, approved.subject)
    until = approved.content["until"]
    db.session.execute(
        update(Hold)
        .where(Hold.id == hold.id)
        .values(review_on=dt.date.fromisoformat(until))
        .execution_options(synchronize_session="fetch")
    )
    history.add(
        hold.tip_id, "hold.lengthened", actor=person.actor, now=now, before=approved.content["from"], after=until
    )
    log.record(
        "hold.lengthened",
        chain="staff",
        actor=person.actor,
        subjects=[hold.tip_id],
        now=now,
        field_group=until,
        justification=hold.reason_code,
    )


register("long-hold", Owner(_present, _tell, _lengthen))
