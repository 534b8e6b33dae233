"""Texts that a desk keeps for itself, each sealed under a key of its own to the desk's present epoch (SECURITY 22).

Hold-back facts and reply templates are kept this way. Whoever holds a grant of the desk reads them; the public part
reads neither the table nor the keys.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select

from tipline.crypto import envelope, opening, sealing
from tipline.crypto.keys import Label, Purpose, new_key
from tipline.errors import NotFound, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import new_id
from tipline.models.desk_paper import DeskPaper
from tipline.models.tip import TipKey
from tipline.services import desk_keys, desks
from tipline.services.accounts import Person

MOST = 100  # of one desk, kind and subject


@dataclass(frozen=True)
class Paper:
    """One text, opened. ``writer`` is None when that person has left."""

    id: str
    subject: str
    writer: str | None
    written_at: dt.datetime
    value: Any = field(repr=False)


def write(person: Person, desk_id: str, kind: str, subject: str, value: Any, now: dt.datetime) -> str:
    """Seal a text to a desk and return its id.

    Raises NotFound for a desk that is not this person's, WrongState when there are a hundred, DeskClosed, KeysMismatch.
    """
    _check_desk(person, desk_id)
    there = select(DeskPaper.id).where(*_are(desk_id, kind, subject)).limit(MOST)
    if len(db.session.scalars(there).all()) >= MOST:
        raise WrongState
    paper_id, key = new_id(), new_key()
    target = desk_keys.seal_target(person, desk_id)
    sealed = sealing.seal(key, target.content_public, target.label(Purpose.TIP_CONTENT, paper_id))
    place = {"tip_id": paper_id, "purpose": "content", "desk_id": desk_id, "epoch": target.epoch}
    db.session.execute(insert(TipKey).values(**place, sealed=sealed))
    record = _encrypted(key, paper_id, kind, value)
    db.session.execute(
        insert(DeskPaper).values(
            id=paper_id,
            desk_id=desk_id,
            kind=kind,
            subject=subject,
            ciphertext=record,
            written_by=person.id,
            written_at=now,
        )
    )
    return paper_id


def read(
    person: Person, desk_id: str, kind: str, subject: str | None = None, *, paper_id: str | None = None
) -> tuple[Paper, ...]:
    """A desk's texts of one kind, oldest first. Raises NotFound for a desk that is not this person's."""
    _check_desk(person, desk_id)
    wanted = (
        select(DeskPaper, TipKey.epoch, TipKey.sealed, Account.display_name)
        .join(TipKey, (TipKey.tip_id == DeskPaper.id) & (TipKey.purpose == "content"))
        .outerjoin(Account, Account.id == DeskPaper.written_by)
        .where(*_are(desk_id, kind, subject))
        .order_by(DeskPaper.written_at, DeskPaper.id)
        .limit(MOST * 10)
    )
    if paper_id is not None:
        wanted = wanted.where(DeskPaper.id == paper_id)
    found = []
    for paper, epoch, sealed, writer in db.session.execute(wanted).all():
        _key, value = _open(person, paper, epoch, sealed)
        found.append(Paper(paper.id, paper.subject, writer, paper.written_at, value))
    return tuple(found)


def change(
    person: Person, desk_id: str, paper_id: str, kind: str, alter: Callable[[Any], Any], now: dt.datetime
) -> None:
    """Write a text anew from what it is at this moment; two who do so at once come one after the other.

    Raises NotFound, and what ``alter`` raises.
    """
    _check_desk(person, desk_id)
    row = db.session.execute(
        select(DeskPaper, TipKey.epoch, TipKey.sealed)
        .join(TipKey, (TipKey.tip_id == DeskPaper.id) & (TipKey.purpose == "content"))
        .where(DeskPaper.id == paper_id, DeskPaper.desk_id == desk_id, DeskPaper.kind == kind)
        .with_for_update(of=DeskPaper)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound
    paper, epoch, sealed = row
    key, value = _open(person, paper, epoch, sealed)
    paper.ciphertext = _encrypted(key, paper_id, kind, alter(value))
    paper.written_by, paper.written_at = person.id, now
    db.session.flush()


def erase(person: Person, desk_id: str, paper_id: str, kind: str) -> None:
    """Erase a text by its key, then its row. Raises NotFound."""
    _check_desk(person, desk_id)
    mine = select(DeskPaper.id).where(DeskPaper.id == paper_id, DeskPaper.desk_id == desk_id, DeskPaper.kind == kind)
    if db.session.scalars(mine).one_or_none() is None:
        raise NotFound
    db.session.execute(delete(TipKey).where(TipKey.tip_id == paper_id))
    db.session.execute(delete(DeskPaper).where(DeskPaper.id == paper_id))


def _open(person: Person, paper: DeskPaper, epoch: int, sealed: bytes) -> tuple[bytes, Any]:
    """The key of a text, and the text."""
    seed = desks.open_desk_key(person, paper.desk_id, epoch, "content")
    key = opening.open_sealed(sealed, seed, Label(Purpose.TIP_CONTENT, paper.desk_id, epoch, paper.id))
    return key, json.loads(envelope.decrypt_record(key, paper.ciphertext, tip_id=paper.id, part=paper.kind))


def _encrypted(key: bytes, paper_id: str, kind: str, value: Any) -> bytes:
    return envelope.encrypt_record(key, json.dumps(value).encode("ascii"), tip_id=paper_id, part=kind)


def _are(desk_id: str, kind: str, subject: str | None) -> tuple[Any, ...]:
    these = (DeskPaper.desk_id == desk_id, DeskPaper.kind == kind)
    return these if subject is None else (*these, DeskPaper.subject == subject)


def _check_desk(person: Person, desk_id: str) -> None:
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
