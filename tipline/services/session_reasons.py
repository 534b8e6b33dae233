"""Why somebody looks at many tips in one session: asked once, kept on the session's row, sealed to the desk.

It ends with the session, and with the person's place at the desk where it was given (SECURITY 22, 23).
"""

from __future__ import annotations

import json
from typing import Literal

from sqlalchemy import select, update

from tipline.crypto import opening, sealing
from tipline.crypto.keys import Label, Purpose
from tipline.errors import CannotOpen, NotFound, ReasonNeeded
from tipline.extensions import db
from tipline.models.account import AccountSession
from tipline.services import access, desk_keys, desks
from tipline.services.accounts import Person

Kind = Literal["excerpts", "search"]
_COLUMNS = {"excerpts": AccountSession.excerpts_reason_sealed, "search": AccountSession.search_reason_sealed}
_ID, _EPOCH = 32, 4


def keep(person: Person, kind: Kind, desk_id: str, reason_code: str, reason_text: str) -> None:
    """Keep the reason until the session ends. Raises BadInput, NotFound for another's desk, and DeskClosed."""
    access.check_reason(reason_code, reason_text)
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
    target = desk_keys.seal_target(person, desk_id)
    reason = json.dumps({"code": reason_code, "text": reason_text}).encode("ascii")
    sealed = sealing.seal(reason, target.content_public, target.label(Purpose.DESK_TEXT, _subject(person, kind)))
    place = desk_id.encode("ascii").ljust(_ID) + target.epoch.to_bytes(_EPOCH, "big")
    _write(person, kind, place + sealed)


def forget(person: Person, kind: Kind) -> None:
    """From now on there is no reason."""
    _write(person, kind, None)


def is_given(person: Person, kind: Kind) -> bool:
    """Whether a reason was given in this session."""
    return _kept(person, kind) is not None


def code_of(person: Person, kind: Kind) -> str:
    """The reason's code, for the log. Raises ReasonNeeded without one that still opens."""
    kept = _kept(person, kind)
    if kept is None:
        raise ReasonNeeded
    desk_id = kept[:_ID].decode("ascii").strip()
    epoch = int.from_bytes(kept[_ID : _ID + _EPOCH], "big")
    label = Label(Purpose.DESK_TEXT, desk_id, epoch, _subject(person, kind))
    try:
        seed = desks.open_desk_key(person, desk_id, epoch, "content")
        reason = json.loads(opening.open_sealed(kept[_ID + _EPOCH :], seed, label))
    except (NotFound, CannotOpen):
        raise ReasonNeeded from None
    return str(reason["code"])


def _subject(person: Person, kind: Kind) -> str:
    return f"{kind}:{person.session_id}"


def _write(person: Person, kind: Kind, sealed: bytes | None) -> None:
    db.session.execute(
        update(AccountSession)
        .where(AccountSession.id == person.session_id, AccountSession.account_id == person.id)
        .values({_COLUMNS[kind]: sealed})
        .execution_options(synchronize_session="fetch")
    )


def _kept(person: Person, kind: Kind) -> bytes | None:
    return db.session.execute(
        select(_COLUMNS[kind]).where(AccountSession.id == person.session_id, AccountSession.account_id == person.id)
    ).scalar_one_or_none()
