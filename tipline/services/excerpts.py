"""Excerpts in the queue: off by default, switched on with a reason for one session, each one shown is logged.

The reason lies on the session's row, sealed to the desk in whose queue it was given, and ends with the session
(SECURITY 22, 23).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from tipline.crypto import envelope, opening
from tipline.crypto.keys import Label, Purpose
from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.tip import TipKey, TipRecord
from tipline.roles import Role
from tipline.services import desks, log, safeguarding, session_reasons
from tipline.services.access import TipFacts
from tipline.services.accounts import Person
from tipline.services.answers import ANSWERS, Answers

LENGTH = 160


def switch_on(person: Person, desk_id: str, reason_code: str, reason_text: str, now: dt.datetime) -> None:
    """Show excerpts in the queues of one's own desks until the session ends. Raises BadInput, NotFound, DeskClosed."""
    session_reasons.keep(person, "excerpts", desk_id, reason_code, reason_text)
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
    session_reasons.forget(person, "excerpts")


def are_on(person: Person) -> bool:
    """Whether this session shows excerpts."""
    return session_reasons.is_given(person, "excerpts")


def excerpts(person: Person, tips: Sequence[TipFacts], now: dt.datetime) -> dict[str, str]:
    """The start of each tip's narrative by reference, and one log entry that names every tip shown.

    Left out are tips that are restricted or quarantined, those whose text tells who wrote it unless a supervisor
    looks, and safeguarding ones that do not open to this person.
    Raises ReasonNeeded when excerpts are off.
    """
    reason_code = session_reasons.code_of(person, "excerpts")
    shown: dict[str, str] = {}
    ids: list[str] = []
    for tip in tips:
        if tip.restricted or tip.quarantined or not safeguarding.may_read(person, tip.desk_id, tip.lane):
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
