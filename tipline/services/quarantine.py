"""Files that are suspected to be illegal: shut for everybody, counted, released by two people only.

From the moment a file is put here nobody shows, downloads or decodes it. It comes out again only when two people agree
(``approvals``), or goes to an authority (``surrenders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from sqlalchemy import func, select, update

from tipline.errors import BadInput, NotFound, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.tip import Addition, Attachment, Tip
from tipline.services import (
    access,
    approvals,
    attachments,
    desks,
    history,
    lanes,
    log,
    records,
)
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.approval_acts import Approved, Content, Owner, register
from tipline.services.attachments import QUARANTINED, RELEASED
from tipline.services.records import Record
from tipline.services.statuses import Lane

ACT = "quarantine"
REASON_LIMIT = 1000
MOST_LISTED = 200
MOST_COUNTED = 1000


@dataclass(frozen=True)
class ShutFile:
    """One file in the list of a desk's quarantine: nothing of what is in it, and no name."""

    id: str
    ref: str
    number: int
    kind: str
    padded_size: int
    state: str


def quarantine_file(opened: OpenTip, attachment_id: str, now: dt.datetime) -> None:
    """Shut a file that may be illegal, and with it the others of its tip. Doing it again changes nothing.

    Raises BadInput when the tip has no such file.
    """
    row = find_file(opened, attachment_id)
    if row is None:
        raise BadInput("attachment", "unknown")
    if row.screening in attachments.SHUT:
        return
    set_file(row.id, screening=QUARANTINED)
    records.write_record(opened, f"quarantined:{row.id}", {}, now)
    history.add(opened.tip.id, "attachment.quarantined", actor=opened.person.actor, now=now)
    record("attachment.quarantined", opened.person, row.id, now)
    lanes.set_lane(opened, Lane.QUARANTINE, now)


def propose_release(opened: OpenTip, attachment_id: str, reason: str, now: dt.datetime) -> None:
    """Propose that a file is opened again; another supervisor has to agree within 72 hours.

    Raises NotFound, WrongState for a file that is not in quarantine, ReasonNeeded, BadInput for a long reason.
    """
    row = check_file(opened, attachment_id, QUARANTINED)
    if not reason.strip():
        raise ReasonNeeded
    if len(reason) > REASON_LIMIT:
        raise BadInput("release_reason", "long")
    content = _present(row.id, {})
    if content is None:
        raise WrongState
    approvals.propose(ACT, row.id, content, opened.person, now, desk_id=opened.tip.desk_id)
    records.write_record(opened, f"reason:release:{row.id}", {"text": reason}, now)


def release_reason(opened: OpenTip, attachment_id: str) -> Record | None:
    """Why somebody proposed to release this file, newest proposal; None when nobody has."""
    return records.latest_record(opened, f"reason:release:{attachment_id}")


def shut_files(person: Person) -> tuple[ShutFile, ...]:
    """The files of one's own desks that are or were in quarantine, at most two hundred: what is in clear of them."""
    mine = [desk.id for desk in desks.desks_of(person)]
    rows = db.session.execute(
        select(
            Attachment.id, Tip.ref, Attachment.position, Attachment.kind, Attachment.padded_size, Attachment.screening
        )
        .outerjoin(Addition, Addition.id == Attachment.tip_id)
        .join(Tip, (Tip.id == Attachment.tip_id) | (Tip.id == Addition.tip_id))
        .where(Tip.desk_id.in_(mine), Attachment.screening.in_(attachments.SHUT))
        .order_by(Tip.received_at.desc(), Tip.id, Attachment.position)
        .limit(MOST_LISTED)
    )
    return tuple(ShutFile(*row) for row in rows)


def count_shut(person: Person) -> int:
    """How many files of one's own desks are or were in quarantine, up to a thousand."""
    mine = [desk.id for desk in desks.desks_of(person)]
    some = (
        select(Attachment.id)
        .outerjoin(Addition, Addition.id == Attachment.tip_id)
        .join(Tip, (Tip.id == Attachment.tip_id) | (Tip.id == Addition.tip_id))
        .where(Tip.desk_id.in_(mine), Attachment.screening.in_(attachments.SHUT))
        .limit(MOST_COUNTED)
    )
    return int(db.session.scalar(select(func.count()).select_from(some.subquery())) or 0)


def find_file(opened: OpenTip, attachment_id: str) -> Attachment | None:
    """The row of a file of this tip, locked; None when it has none."""
    of_this = select(Attachment).where(Attachment.id == attachment_id, attachments.came_with(opened.tip.id))
    return db.session.scalars(of_this.with_for_update().execution_options(populate_existing=True)).one_or_none()


def check_file(opened: OpenTip, attachment_id: str, state: str) -> Attachment:
    """The row of a file in this state. Raises NotFound, WrongState; also while the tip is restricted."""
    access.check_unrestricted(opened)
    row = find_file(opened, attachment_id)
    if row is None:
        raise NotFound
    if row.screening != state:
        raise WrongState
    return row


def set_file(attachment_id: str, **values: Any) -> None:
    """Write what became of a file."""
    db.session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id)
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )


def record(event: str, person: Person, attachment_id: str, now: dt.datetime, **codes: Unpack[log.Codes]) -> None:
    """One entry of the log about a file."""
    log.record(event, chain="staff", actor=person.actor, subjects=[attachment_id], now=now, **codes)


def _tip_of(attachment_id: str) -> tuple[Attachment, str, str] | None:
    """A file, the id and the reference of the tip that it belongs to."""
    row = db.session.execute(
        select(Attachment, Tip.id, Tip.ref)
        .outerjoin(Addition, Addition.id == Attachment.tip_id)
        .join(Tip, (Tip.id == Attachment.tip_id) | (Tip.id == Addition.tip_id))
        .where(Attachment.id == attachment_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _present(attachment_id: str, _content: Content) -> Content | None:
    found = _tip_of(attachment_id)
    if found is None or found[0].screening != QUARANTINED:
        return None
    return {"attachment": attachment_id, "tip": found[1], "kind": found[0].kind}


def _tell(attachment_id: str, _content: Content) -> Mapping[str, Any]:
    found = _tip_of(attachment_id)
    return {} if found is None else {"ref": found[2], "number": found[0].position, "attachment_id": attachment_id}


def _release(approved: Approved, person: Person, now: dt.datetime) -> None:
    set_file(approved.subject, screening=RELEASED)
    history.add(approved.content["tip"], "attachment.released", actor=person.actor, now=now)
    record("attachment.released", person, approved.subject, now)


register(ACT, Owner(_present, _tell, _release))
