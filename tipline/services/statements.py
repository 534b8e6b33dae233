"""Sentences of a reviewer about a tip, each marked as fact or personal assessment (Art. 74), with their dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import bindparam, insert, select

from tipline.errors import BadInput, NotAllowed, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id, table_of
from tipline.models.tip import Statement
from tipline.roles import Role
from tipline.services import access, history, log, records
from tipline.services.access import OpenTip

BASES = ("fact", "assessment")
TEXT_LIMIT = 2000
_S, _A = table_of(Statement).c, table_of(Account).c
_OF_TIP = (
    select(*_S, _A.display_name)
    .outerjoin(table_of(Account), _A.id == _S.written_by)
    .where(_S.tip_id == bindparam("tip_id"))
    .order_by(_S.written_at, _S.id)
)


@dataclass(frozen=True)
class WrittenStatement:
    """One statement. ``as_of`` is the date of the information, ``verified_on`` when it was last checked."""

    id: str
    basis: str
    as_of: dt.date
    verified_on: dt.date | None
    written_by: str
    writer: str | None
    written_at: dt.datetime
    withdrawn_at: dt.datetime | None
    text: str = field(repr=False)


def write_statement(
    opened: OpenTip, basis: str, text: str, as_of: dt.date, verified_on: dt.date | None, now: dt.datetime
) -> str:
    """Add a statement to a tip and return its id.

    Raises BadInput for an unknown basis, a date to come or a text that is too long, ReasonNeeded for an empty one,
    WrongState while the tip is restricted.
    """
    access.check_unrestricted(opened)
    if basis not in BASES:
        raise BadInput("basis", "unknown")
    if not text.strip():
        raise ReasonNeeded
    if len(text) > TEXT_LIMIT:
        raise BadInput("statement", "long")
    if as_of > now.date():
        raise BadInput("as_of", "future")
    if verified_on is not None and verified_on > now.date():
        raise BadInput("verified_on", "future")
    statement_id = new_id()
    db.session.execute(
        insert(Statement).values(
            id=statement_id,
            tip_id=opened.tip.id,
            basis=basis,
            as_of=as_of,
            verified_on=verified_on,
            written_by=opened.person.id,
            written_at=now,
        )
    )
    records.write_record(opened, f"statement:{statement_id}", {"text": text}, now)
    history.add(opened.tip.id, "statement.written", actor=opened.person.actor, now=now, after=basis)
    _log("statement.written", opened, basis, now)
    return statement_id


def withdraw_statement(opened: OpenTip, statement_id: str, now: dt.datetime) -> None:
    """Take a statement back: it stays in the history and goes out with nothing.

    For its writer or a supervisor. Raises NotAllowed, and WrongState when it is not there or was taken back before.
    """
    access.check_unrestricted(opened)
    row = db.session.execute(
        select(Statement).where(Statement.id == statement_id, Statement.tip_id == opened.tip.id).with_for_update()
    ).scalar_one_or_none()
    if row is None or row.withdrawn_at is not None:
        raise WrongState
    if row.written_by != opened.person.id and Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
    row.withdrawn_at = now
    db.session.flush()
    history.add(opened.tip.id, "statement.withdrawn", actor=opened.person.actor, now=now, before=row.basis)
    _log("statement.withdrawn", opened, row.basis, now)


def statements(opened: OpenTip) -> tuple[WrittenStatement, ...]:
    """Every statement of a tip, oldest first, those that were taken back included."""
    texts = {record.subject: record for record in records.read_records(opened, "statement")}
    db.session.flush()
    return tuple(
        WrittenStatement(
            row.id,
            row.basis,
            row.as_of,
            row.verified_on,
            row.written_by,
            row.display_name,
            row.written_at,
            row.withdrawn_at,
            texts[row.id].value["text"] if row.id in texts else "",
        )
        for row in db.run(_OF_TIP, {"tip_id": opened.tip.id})
    )


def _log(event: str, opened: OpenTip, field_group: str, now: dt.datetime) -> None:
    log.record(
        event, chain="staff", actor=opened.person.actor, subjects=[opened.tip.id], now=now, field_group=field_group
    )
