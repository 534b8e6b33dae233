"""Rehearsals of the code on paper: it opens the desk's key and gives it to nobody; auditors see that it was done."""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass

from sqlalchemy import select

from tipline.crypto import grants, opening
from tipline.crypto.grants import Kind
from tipline.errors import BadInput, Damaged
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.desk import Desk, DeskEpoch, RecoveryDrill
from tipline.services import desk_keys, log, recovery
from tipline.services.accounts import Person


@dataclass(frozen=True)
class Drill:
    """One rehearsal, as the desk and the auditors see it."""

    desk: str
    epoch: int
    kind: str
    passed: bool
    who: str
    at: dt.datetime


def rehearse_code(person: Person, desk_id: str, kind: Kind, typed: str, now: dt.datetime) -> None:
    """Show that the code on paper opens the desk's key, and give the key to nobody; auditors see the result.

    For a supervisor who holds both keys. Raises as ``confirm_code`` does; a code that fails is kept by ``note_failed``.
    """
    desk = desk_keys.locked_desk(desk_id)
    desk_keys.open_desk_key(person, desk_id, desk.epoch, "identity")
    row = recovery.code_of(desk, kind)
    code_seed = grants.parse_recovery_code(typed)
    if not hmac.compare_digest(opening.public_key(code_seed), row.public_key):
        raise BadInput("code", "other")
    seed = grants.open_code_grant(row.sealed, code_seed, desk=desk_id, epoch=row.epoch, kind=kind, code_id=row.id)
    published = db.session.get_one(DeskEpoch, (desk_id, row.epoch))
    public = published.content_public if kind == "content" else published.identity_public
    if not hmac.compare_digest(opening.public_key(seed), public):
        raise Damaged
    _note(person, desk, kind, now, passed=True)


def note_failed(person: Person, desk_id: str, kind: Kind, now: dt.datetime) -> None:
    """Keep that a rehearsal failed: with the wrong paper, or with one that cannot be read any more."""
    _note(person, desk_keys.locked_desk(desk_id), kind, now, passed=False)


def list_drills(desk_id: str | None = None) -> tuple[Drill, ...]:
    """The last twenty rehearsals, of one desk or of all, newest first."""
    rows = (
        select(RecoveryDrill, Desk.name, Account.display_name)
        .join(Desk, Desk.id == RecoveryDrill.desk_id)
        .outerjoin(Account, Account.id == RecoveryDrill.made_by)
        .where(RecoveryDrill.desk_id == (desk_id or RecoveryDrill.desk_id))
        .order_by(RecoveryDrill.made_at.desc(), RecoveryDrill.id)
        .limit(20)
    )
    return tuple(
        Drill(name, row.epoch, row.kind, row.passed, who or row.made_by, row.made_at)
        for row, name, who in db.session.execute(rows)
    )


def _note(person: Person, desk: Desk, kind: Kind, now: dt.datetime, *, passed: bool) -> None:
    drill = RecoveryDrill(desk_id=desk.id, epoch=desk.epoch, kind=kind, passed=passed, made_by=person.id, made_at=now)
    db.session.add(drill)
    db.session.flush()
    log.record(
        "recovery.rehearsed",
        chain="staff",
        actor=person.actor,
        subjects=[desk.id],
        now=now,
        field_group=f"{kind}-{'passed' if passed else 'failed'}",
    )
