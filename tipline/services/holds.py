"""Holds: a supervisor stops a tip's clock, with a reason in sealed words and a date to look again."""

from __future__ import annotations

import datetime as dt

from tipline.errors import BadInput, NotAllowed, NotFound, ReasonNeeded
from tipline.roles import Role
from tipline.services import records, retention
from tipline.services.access import OpenTip

REASON_LIMIT = 1000


def place_hold(opened: OpenTip, reason_code: str, reason: str, review_on: dt.date, now: dt.datetime) -> str:
    """Stop a tip's clock until somebody lifts the hold; returns the hold's id.

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
    hold_id = retention.place_hold(opened.tip.id, reason_code, review_on, actor=opened.person.actor, now=now)
    records.write_record(opened, f"reason:hold:{hold_id}", {"text": reason}, now)
    return hold_id


def lift_hold(opened: OpenTip, hold_id: str, now: dt.datetime) -> None:
    """Let the clock go on. Raises NotAllowed for others than supervisors, NotFound for another tip's hold."""
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    if hold_id not in {hold.id for hold in retention.holds_on(opened.tip.id)}:
        raise NotFound
    retention.lift_hold(hold_id, actor=opened.person.actor, now=now)
