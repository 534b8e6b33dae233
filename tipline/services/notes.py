"""Notes for colleagues, which never leave the house, and the sanitised narrative, which is what may go out."""

from __future__ import annotations

import datetime as dt

from tipline.errors import BadInput, ReasonNeeded
from tipline.models.base import new_id
from tipline.services import access, history, log, note_calls, records
from tipline.services.access import OpenTip
from tipline.services.records import Record

NOTE_LIMIT = 2000
SANITISED_LIMIT = 10_000
SANITISED = "sanitised"


def write_note(opened: OpenTip, text: str, now: dt.datetime) -> tuple[str, ...]:
    """Add a note to a tip, and tell the colleagues whom it names with ``@`` of the tip; returns their names.

    Whoever was called to the tip and writes a note has seen the call. Raises ReasonNeeded for an empty note and
    BadInput for one that is too long.
    """
    if not text.strip():
        raise ReasonNeeded
    if len(text) > NOTE_LIMIT:
        raise BadInput("note", "long")
    records.write_record(opened, f"note:{new_id()}", {"text": text}, now)
    history.add(opened.tip.id, "note.written", actor=opened.person.actor, now=now)
    _log("note.written", opened, now)
    note_calls.see(opened.person, opened.tip.id)
    return note_calls.call(opened, text, now)


def notes(opened: OpenTip) -> tuple[Record, ...]:
    """Every note of a tip, oldest first."""
    return records.read_records(opened, "note")


def sanitise_tip(opened: OpenTip, text: str, now: dt.datetime) -> None:
    """Write the narrative anew without what tells who wrote it or names people; earlier versions stay.

    Raises ReasonNeeded for an empty text, BadInput for one that is too long, WrongState while the tip is restricted.
    """
    access.check_unrestricted(opened)
    if not text.strip():
        raise ReasonNeeded
    if len(text) > SANITISED_LIMIT:
        raise BadInput(SANITISED, "long")
    version = records.write_record(opened, SANITISED, {"text": text}, now)
    history.add(opened.tip.id, "tip.sanitised", actor=opened.person.actor, now=now, after=str(version))
    _log("tip.sanitised", opened, now)


def sanitised(opened: OpenTip) -> Record | None:
    """The sanitised narrative as it is now, or None while there is none."""
    return records.latest_record(opened, SANITISED)


def _log(event: str, opened: OpenTip, now: dt.datetime) -> None:
    log.record(event, chain="staff", actor=opened.person.actor, subjects=[opened.tip.id], now=now)
