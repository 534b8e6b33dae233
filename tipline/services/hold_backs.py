"""Hold-back facts: what is known of an exhibit and never published, to tell knowledge from guessing (DOMAIN 6.6).

They are entered at the staff door, sealed to the desk of the exhibit's appeal, and shown beside its tips.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from tipline.errors import BadInput, NotFound, ReasonNeeded
from tipline.extensions import db
from tipline.models.appeal import Appeal, Exhibit
from tipline.services import desk_papers, desks, log, queue
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.desk_papers import Paper

KIND = "hold-back"
TEXT_LIMIT = 1000


@dataclass(frozen=True)
class HeldExhibit:
    """An exhibit of one's own desk."""

    id: str
    ref: str
    desk_id: str
    title: str | None


def exhibit(person: Person, ref: str) -> HeldExhibit:
    """The exhibit with this reference, if its tips come to a desk of this person. Raises NotFound."""
    row = db.session.execute(
        select(Exhibit.id, Exhibit.ref, Appeal.desk_id)
        .join(Appeal, Appeal.id == Exhibit.appeal_id)
        .where(Exhibit.ref == ref)
    ).one_or_none()
    if row is None or row.desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    return HeldExhibit(row.id, row.ref, row.desk_id, queue.exhibit_titles([row.id]).get(row.id))


def facts(person: Person, held: HeldExhibit, now: dt.datetime) -> tuple[Paper, ...]:
    """What is held back of an exhibit, oldest first; where there is something, the look is logged."""
    return _read(person, held.desk_id, held.id, "desk_work", now)


def beside(opened: OpenTip, now: dt.datetime) -> tuple[Paper, ...]:
    """What is held back of the exhibit that a tip is about, for comparison; logged like ``facts``."""
    if opened.tip.exhibit_id is None:
        return ()
    return _read(opened.person, opened.tip.desk_id, opened.tip.exhibit_id, opened.reason_code, now)


def add(person: Person, held: HeldExhibit, text: str, now: dt.datetime) -> None:
    """Hold back one more fact. Raises ReasonNeeded, BadInput for a long one, WrongState at a hundred."""
    if not text.strip():
        raise ReasonNeeded
    if len(text) > TEXT_LIMIT:
        raise BadInput("fact", "long")
    desk_papers.write(person, held.desk_id, KIND, held.id, {"text": text}, now)
    _log(person, held, "added", now)


def remove(person: Person, held: HeldExhibit, paper_id: str, now: dt.datetime) -> None:
    """Erase a fact by its key. Raises NotFound."""
    if paper_id not in {one.id for one in desk_papers.read(person, held.desk_id, KIND, held.id)}:
        raise NotFound
    desk_papers.erase(person, held.desk_id, paper_id, KIND)
    _log(person, held, "removed", now)


def exhibit_ref(exhibit_id: str | None) -> str | None:
    """The reference of an exhibit, for the address of its page."""
    if exhibit_id is None:
        return None
    return db.session.scalars(select(Exhibit.ref).where(Exhibit.id == exhibit_id)).one_or_none()


def _read(person: Person, desk_id: str, exhibit_id: str, why: str, now: dt.datetime) -> tuple[Paper, ...]:
    found = desk_papers.read(person, desk_id, KIND, exhibit_id)
    if found:
        log.record(
            "hold-back.read", chain="staff", actor=person.actor, subjects=[exhibit_id], now=now, justification=why
        )
    return found


def _log(person: Person, held: HeldExhibit, what: str, now: dt.datetime) -> None:
    log.record("hold-back.written", chain="staff", actor=person.actor, subjects=[held.id], now=now, field_group=what)
