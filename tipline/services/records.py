"""What the desk writes about a tip, each piece one sealed record under the tip's content key.

``part`` names the piece: ``sanitised``, ``note:<id>``, ``statement:<id>``, ``reason:<kind>:<id>``. A piece that is
written again gets the next version; earlier ones stay.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select

from tipline.crypto import envelope
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.tip import Tip, TipRecord

if TYPE_CHECKING:
    from tipline.services.access import OpenTip


@dataclass(frozen=True)
class Record:
    """One record, opened: ``value`` is what was written, ``writer`` the name of who wrote it."""

    part: str
    version: int
    value: Any = field(repr=False)
    written_by: str | None
    writer: str | None
    written_at: dt.datetime

    @property
    def subject(self) -> str:
        """The id at the end of the part: of the note, the statement, the thing that a reason is for."""
        return self.part.rsplit(":", 1)[-1]


def write_record(opened: OpenTip, part: str, value: Any, now: dt.datetime) -> int:
    """Seal a piece of work on a tip; returns its version. The caller writes history and log."""
    db.session.execute(select(Tip.id).where(Tip.id == opened.tip.id).with_for_update())  # versions one after the other
    last = db.session.execute(
        select(func.max(TipRecord.version)).where(TipRecord.tip_id == opened.tip.id, TipRecord.part == part)
    ).scalar()
    version = (last or 0) + 1
    ciphertext = envelope.encrypt_record(
        opened.content_key,
        json.dumps(value).encode("ascii"),
        tip_id=opened.tip.id,
        part=part,
        version=version,
    )
    db.session.execute(
        insert(TipRecord).values(
            id=new_id(),
            tip_id=opened.tip.id,
            part=part,
            version=version,
            ciphertext=ciphertext,
            written_by=opened.person.id,
            written_at=now,
        )
    )
    return version


def read_records(opened: OpenTip, *kinds: str) -> tuple[Record, ...]:
    """The desk's own records of these kinds ("note", "sanitised", "reason:graded"), oldest first, every version."""
    wanted = [or_(TipRecord.part == kind, TipRecord.part.startswith(f"{kind}:", autoescape=True)) for kind in kinds]
    rows = db.session.execute(
        _with_writer()
        .where(TipRecord.tip_id == opened.tip.id, or_(*wanted))
        .order_by(TipRecord.written_at, TipRecord.part, TipRecord.version)
    ).all()
    return tuple(_opened(opened, record, writer) for record, writer in rows)


def latest_record(opened: OpenTip, part: str) -> Record | None:
    """The newest version of one part, or None when nothing was written yet."""
    row = db.session.execute(
        _with_writer()
        .where(TipRecord.tip_id == opened.tip.id, TipRecord.part == part)
        .order_by(TipRecord.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _opened(opened, row[0], row[1])


def _with_writer() -> Any:
    return select(TipRecord, Account.display_name).outerjoin(Account, Account.id == TipRecord.written_by)


def _opened(opened: OpenTip, record: TipRecord, writer: str | None) -> Record:
    plain = envelope.decrypt_record(
        opened.content_key, record.ciphertext, tip_id=opened.tip.id, part=record.part, version=record.version
    )
    return Record(record.part, record.version, json.loads(plain), record.written_by, writer, record.written_at)
