"""Excerpts in the queue: off by default, switched on with a reason for one session, each one shown is logged.

The reason lies on the session's row, sealed to the desk in whose queue it was given, and ends with the session
(SECURITY 22, 23).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from sqlalchemy import select, update

from tipline.crypto import envelope, opening, sealing
from tipline.crypto.keys import Label, Purpose
from tipline.errors import CannotOpen, NotFound, ReasonNeeded
from tipline.extensions import db
from tipline.models.account import AccountSession
from tipline.models.tip import TipKey, TipRecord
from tipline.roles import Role
from tipline.services import access, desks, log, seal_targets
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.answers import ANSWERS, Answers

LENGTH = 160
_ID, _EPOCH = 32, 4


def switch_on(person: Person, desk_id: str, reason_code: str, reason_text: str, now: dt.datetime) -> None:
    """Show excerpts in the queues of one's own desks until the session ends. Raises BadInput, NotFound, DeskClosed."""
    access.check_reason(reason_code, reason_text)
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    target = seal_targets.current(desk_id)
    reason = json.dumps({"code": reason_code, "text": reason_text}).encode("ascii")
    sealed = sealing.seal(reason, target.content_public, target.label(Purpose.DESK_TEXT, _subject(person)))
    place = desk_id.encode("ascii").ljust(_ID) + target.epoch.to_bytes(_EPOCH, "big")
    _keep(person, place + sealed)
    log.record(
        "excerpts.switched",
        chain="staff",
        actor=person.actor,
        subjects=[desk_id],
        now=now,
        field_group="on",
        justification=reason_code,
    )


def switch_off(person: Person) -> None:
    """Show no more excerpts in this session."""
    _keep(person, None)


def are_on(person: Person) -> bool:
    """Whether this session shows excerpts."""
    return _kept(person) is not None


def excerpts(person: Person, tips: Sequence[TipFacts], now: dt.datetime) -> dict[str, str]:
    """The start of each tip's narrative by reference, and one log entry that names every tip shown.

    Tips that are restricted, quarantined or whose text tells who wrote it are left out, unless a supervisor looks.
    Raises ReasonNeeded when excerpts are off.
    """
    reason_code = _reason_code(person)
    shown: dict[str, str] = {}
    ids: list[str] = []
    for tip in tips:
        if tip.restricted or tip.quarantined:
            continue
        if tip.identifies_sender and Role.SUPERVISOR not in person.roles:
            continue
        text = _narrative(person, tip)
        if text is not None:
            shown[tip.ref] = _start(text)
            ids.append(tip.id)
    if ids:
        log.record(
            "tip.listed",
            chain="staff",
            actor=person.actor,
            subjects=ids,
            now=now,
            field_group="excerpt",
            justification=reason_code,
        )
    return shown


def _subject(person: Person) -> str:
    return f"excerpts:{person.session_id}"


def _keep(person: Person, sealed: bytes | None) -> None:
    db.session.execute(
        update(AccountSession)
        .where(AccountSession.id == person.session_id, AccountSession.account_id == person.id)
        .values(excerpts_reason_sealed=sealed)
        .execution_options(synchronize_session="fetch")
    )


def _kept(person: Person) -> bytes | None:
    return db.session.execute(
        select(AccountSession.excerpts_reason_sealed).where(
            AccountSession.id == person.session_id, AccountSession.account_id == person.id
        )
    ).scalar_one_or_none()


def _reason_code(person: Person) -> str:
    kept = _kept(person)
    if kept is None:
        raise ReasonNeeded
    desk_id = kept[:_ID].decode("ascii").strip()
    epoch = int.from_bytes(kept[_ID : _ID + _EPOCH], "big")
    label = Label(Purpose.DESK_TEXT, desk_id, epoch, _subject(person))
    try:
        seed = desks.open_desk_key(person, desk_id, epoch, "content")
        reason = json.loads(opening.open_sealed(kept[_ID + _EPOCH :], seed, label))
    except (NotFound, CannotOpen):
        raise ReasonNeeded from None
    return str(reason["code"])


def _narrative(person: Person, tip: TipFacts) -> str | None:
    """One narrative, or None when this person holds no key to it or it is gone."""
    row = db.session.execute(
        select(TipKey.epoch, TipKey.sealed, TipRecord.ciphertext, TipRecord.version)
        .join(TipRecord, TipRecord.tip_id == TipKey.tip_id)
        .where(TipKey.tip_id == tip.id, TipKey.purpose == "content", TipRecord.part == ANSWERS)
        .order_by(TipRecord.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    try:
        seed = desks.open_desk_key(person, tip.desk_id, row.epoch, "content")
    except NotFound:
        return None
    key = opening.open_sealed(row.sealed, seed, Label(Purpose.TIP_CONTENT, tip.desk_id, row.epoch, tip.id))
    record = envelope.decrypt_record(key, row.ciphertext, tip_id=tip.id, part=ANSWERS, version=row.version)
    return Answers.from_record(record).narrative


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LENGTH else line[:LENGTH].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
