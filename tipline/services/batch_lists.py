"""Batches as the administrators' pages show them: those that wait, and the last that were carried out or cancelled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.appeal import Appeal, AppealText, Batch, BatchItem, Exhibit, ExhibitText
from tipline.services.appeals import ENGLISH
from tipline.services.batches import UNDONE

ENDED_SHOWN = 30


@dataclass(frozen=True)
class Item:
    """One appeal or exhibit of a batch; ``outcome`` is done, or why not (already, withdrawn, what was missing)."""

    id: str
    kind: str
    title: str
    ref: str | None
    outcome: str | None


@dataclass(frozen=True)
class BatchDetails:
    """One batch with what is in it. ``planned_by`` is the name of a person."""

    id: str
    act: str
    state: str
    reason: str | None
    due_at: dt.datetime
    planned_by: str
    planned_at: dt.datetime
    ended_at: dt.datetime | None
    items: tuple[Item, ...]


def waiting() -> list[BatchDetails]:
    """The batches that wait, for a second person or for their moment, the next one first."""
    return _details(select(Batch).where(Batch.state.in_(UNDONE)).order_by(Batch.due_at, Batch.id))


def ended() -> list[BatchDetails]:
    """The last batches that were carried out or cancelled."""
    return _details(select(Batch).where(Batch.state.not_in(UNDONE)).order_by(Batch.ended_at.desc()).limit(ENDED_SHOWN))


def batch(batch_id: str) -> BatchDetails:
    """One batch. Raises NotFound."""
    for found in _details(select(Batch).where(Batch.id == batch_id)):
        return found
    raise NotFound


def _details(statement: Select[Batch]) -> list[BatchDetails]:
    rows = db.session.scalars(statement).all()
    items: dict[str, list[Item]] = {}
    ids = [row.id for row in rows]
    found = db.session.scalars(select(BatchItem).where(BatchItem.batch_id.in_(ids))).all()
    known = titles([one.subject_id for one in found])
    for one in found:
        title, ref = known.get(one.subject_id, (one.subject_id, None))
        items.setdefault(one.batch_id, []).append(Item(one.subject_id, one.kind, title, ref, one.outcome))
    planners = select(Account.id, Account.display_name).where(Account.id.in_({row.planned_by for row in rows}))
    names = {row.id: row.display_name for row in db.session.execute(planners)}
    return [
        BatchDetails(
            id=row.id,
            act=row.act,
            state=row.state,
            reason=row.reason,
            due_at=row.due_at,
            planned_by=names.get(row.planned_by, row.planned_by),
            planned_at=row.planned_at,
            ended_at=row.ended_at,
            items=tuple(sorted(items.get(row.id, ()), key=lambda item: (item.kind, item.title, item.id))),
        )
        for row in rows
    ]


def titles(subject_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """The English title, and for an exhibit its reference, by the id."""
    appeals = db.session.execute(
        select(Appeal.id, Appeal.slug, AppealText.title)
        .outerjoin(AppealText, (AppealText.appeal_id == Appeal.id) & (AppealText.language == ENGLISH))
        .where(Appeal.id.in_(subject_ids))
    ).all()
    shown = db.session.execute(
        select(Exhibit.id, Exhibit.ref, ExhibitText.title)
        .outerjoin(ExhibitText, (ExhibitText.exhibit_id == Exhibit.id) & (ExhibitText.language == ENGLISH))
        .where(Exhibit.id.in_(subject_ids))
    ).all()
    found: dict[str, tuple[str, str | None]] = {row.id: (row.title or row.slug, None) for row in appeals}
    return found | {row.id: (row.title or row.ref, row.ref) for row in shown}
