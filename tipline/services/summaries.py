"""A colleague's summary of a tip: who dreads what a text may tell reads this first, or this only (DOMAIN 2.4)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from tipline.errors import BadInput, ReasonNeeded
from tipline.extensions import db
from tipline.models.tip import TipRecord
from tipline.services import access, history, log, records
from tipline.services.access import OpenTip
from tipline.services.records import Record

LIMIT = 600
SUMMARY = "summary"


def has_summary(tip_id: str) -> bool:
    """Whether somebody has summed the tip up; says nothing of what is in it."""
    wanted = select(TipRecord.id).where(TipRecord.tip_id == tip_id, TipRecord.part == SUMMARY).limit(1)
    return db.session.execute(wanted).first() is not None


def read_summary(opened: OpenTip, now: dt.datetime) -> Record | None:
    """The newest summary, and the log entry of the look; None while there is none."""
    found = records.latest_record(opened, SUMMARY)
    if found is not None:
        _log("tip.opened", opened, now, justification=opened.reason_code)
    return found


def write_summary(opened: OpenTip, text: str, now: dt.datetime) -> None:
    """Sum a tip up for colleagues; an earlier summary stays as an earlier version.

    Raises ReasonNeeded for an empty one, BadInput for one that is too long, WrongState while the tip is restricted.
    """
    access.check_unrestricted(opened)
    if not text.strip():
        raise ReasonNeeded
    if len(text) > LIMIT:
        raise BadInput(SUMMARY, "long")
    records.write_record(opened, SUMMARY, {"text": text}, now)
    history.add(opened.tip.id, "summary.written", actor=opened.person.actor, now=now)
    _log("summary.written", opened, now)


def _log(event: str, opened: OpenTip, now: dt.datetime, justification: str | None = None) -> None:
    log.record(
        event,
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group=SUMMARY,
        justification=justification,
    )
