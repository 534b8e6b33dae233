"""How much of a draft's upload has come, for visitors without scripts: a coarse number that any process can read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Draft
from tipline.services.drafts import OpenDraft

STEP = 64 * 1024  # sizes are rounded to this
_DRAFTS = table_of(Draft)
_DRAFT = _DRAFTS.c


@dataclass(frozen=True)
class Arrival:
    """An upload that is under way, in bytes."""

    arrived: int
    expected: int

    @property
    def percent(self) -> int:
        """How much of it has come, of a hundred."""
        return min(100, self.arrived * 100 // max(1, self.expected))


def note(draft: OpenDraft, arrived: int, expected: int) -> None:
    """Write down how much has come; the caller commits."""
    _write(draft, _rounded(arrived), _rounded(expected))


def forget(draft: OpenDraft) -> None:
    """No upload is under way any more; the caller commits."""
    _write(draft, None, None)


def read(draft: OpenDraft) -> Arrival | None:
    """The upload that is under way, or None."""
    row = db.run(select(_DRAFT.arrived_bytes, _DRAFT.expected_bytes).where(_DRAFT.lookup == draft.lookup)).first()
    if row is None or row.arrived_bytes is None or row.expected_bytes is None:
        return None
    return Arrival(row.arrived_bytes, row.expected_bytes)


def _write(draft: OpenDraft, arrived: int | None, expected: int | None) -> None:
    db.run(update(_DRAFTS).where(_DRAFT.lookup == draft.lookup).values(arrived_bytes=arrived, expected_bytes=expected))


def _rounded(size: int) -> int:
    return -(-size // STEP) * STEP
