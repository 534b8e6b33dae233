"""The names that a desk gives its labels and views: typed by people, so they are sealed to the desk (SECURITY 22).

All of them are one record under a key of the desk's own. The key lies in ``tip_key`` like a tip's, so a new epoch
takes it along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import insert, select, update

from tipline.crypto import envelope, opening, sealing
from tipline.crypto.keys import Label, Purpose, new_key
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.desk import Desk
from tipline.models.queue import DeskWords
from tipline.models.tip import TipKey
from tipline.services import desk_keys, desks, reading
from tipline.services.accounts import Person

PART = "words"
_WORDS, _KEYS = table_of(DeskWords), table_of(TipKey)
_FIND = select(_WORDS.c.id, _WORDS.c.ciphertext, _KEYS.c.epoch, _KEYS.c.sealed).join(
    _KEYS, (_KEYS.c.tip_id == _WORDS.c.id) & (_KEYS.c.purpose == "content")
)


@dataclass(frozen=True)
class _Opened:
    id: str
    key: bytes = field(repr=False)
    words: dict[str, str] = field(repr=False)


def read(person: Person, desk_id: str) -> Mapping[str, str]:
    """Every name of a desk by what it names. Raises NotFound for a desk that is not this person's."""
    return reading.once(("words", person.id, desk_id), lambda: _words(person, desk_id))


def write(person: Person, desk_id: str, subject: str, words: str | None) -> None:
    """Name something, name it anew, or with None forget its name. Raises NotFound, DeskClosed, KeysMismatch."""
    db.session.execute(select(Desk.id).where(Desk.id == desk_id).with_for_update())  # one change after the other
    opened = _open(person, desk_id) or _make(person, desk_id)
    changed = {name: known for name, known in opened.words.items() if name != subject}
    if words is not None:
        changed[subject] = words
    db.run(update(_WORDS).where(_WORDS.c.desk_id == desk_id).values(ciphertext=_sealed(opened.id, opened.key, changed)))


def _words(person: Person, desk_id: str) -> Mapping[str, str]:
    opened = _open(person, desk_id)
    return opened.words if opened else {}


def _open(person: Person, desk_id: str) -> _Opened | None:
    row = db.run(_FIND.where(_WORDS.c.desk_id == desk_id)).first()
    if row is None:
        return None
    seed = desks.open_desk_key(person, desk_id, row.epoch, "content")
    key = opening.open_sealed(row.sealed, seed, Label(Purpose.TIP_CONTENT, desk_id, row.epoch, row.id))
    return _Opened(row.id, key, json.loads(envelope.decrypt_record(key, row.ciphertext, tip_id=row.id, part=PART)))


def _make(person: Person, desk_id: str) -> _Opened:
    made = _Opened(new_id(), new_key(), {})
    target = desk_keys.seal_target(person, desk_id)
    sealed = sealing.seal(made.key, target.content_public, target.label(Purpose.TIP_CONTENT, made.id))
    place = {"tip_id": made.id, "purpose": "content", "desk_id": desk_id, "epoch": target.epoch}
    db.run(insert(_KEYS).values(**place, sealed=sealed))
    db.run(insert(_WORDS).values(desk_id=desk_id, id=made.id, ciphertext=_sealed(made.id, made.key, {})))
    return made


def _sealed(words_id: str, key: bytes, words: Mapping[str, str]) -> bytes:
    return envelope.encrypt_record(key, json.dumps(words).encode("ascii"), tip_id=words_id, part=PART)
