"""What the desk writes about a tip, each piece one sealed record under the tip's content key.

``part`` names the piece: ``sanitised``, ``note:<id>``, ``statement:<id>``, ``reason:<kind>:<id>``. A piece that is
written again gets the next version; earlier ones stay.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select

from tipline.crypto import envelope
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id, table_of
from tipline.models.tip import Tip, TipRecord
from tipline.services import reading
from tipline.services.answers import ANSWERS, IDENTITY

if TYPE_CHECKING:
    from tipline.services.access import OpenTip

# Built once: every opened tip asks this. What the sender wrote is opened elsewhere, with its line in the log.
_R, _A = table_of(TipRecord).c, table_of(Account).c
_OF_TIP = (
    select(_R.part, _R.version, _R.ciphertext, _R.written_by, _R.written_at, _A.display_name)
    .outerjoin(table_of(Account), _A.id == _R.written_by)
    .where(_R.tip_id == bindparam("tip_id"), _R.part.not_in((ANSWERS, IDENTITY)))
    .order_by(_R.written_at, _R.part, _R.version)
)


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
    return tuple(_opened(opened, row) for row in _rows(opened) if _is_of(row.part, kinds))


def latest_record(opened: OpenTip, part: str) -> Record | None:
    """The newest version of one part, or None when nothing was written yet."""
    versions = [row for row in _rows(opened) if row.part == part]
    return _opened(opened, max(versions, key=lambda row: row.version)) if versions else None


def _rows(opened: OpenTip) -> Sequence[Any]:
    """Every record of the desk's, sealed."""
    db.session.flush()
    return reading.once(("records", opened.tip.id), lambda: db.run(_OF_TIP, {"tip_id": opened.tip.id}).all())


def _is_of(part: str, kinds: Sequence[str]) -> bool:
    return any(part == kind or part.startswith(f"{kind}:") for kind in kinds)


def _opened(opened: OpenTip, row: Any) -> Record:
    plain = envelope.decrypt_record(
        opened.content_key, row.ciphertext, tip_id=opened.tip.id, part=row.part, version=row.version
    )
    return Record(row.part, row.version, json.loads(plain), row.written_by, row.display_name, row.written_at)
