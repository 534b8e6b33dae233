"""The last searches of a session: their words under a key of the person's own, never in an address (SECURITY 26)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, insert, select

from tipline.crypto import envelope
from tipline.errors import CannotOpen, NotFound
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.search import KeptSearch
from tipline.services import search_words
from tipline.services.accounts import Person

MOST = 8
_PART = "search"
_KEPT = table_of(KeptSearch).c
# Built once: putting a statement together takes longer than running it.
_OF_SESSION = (
    select(_KEPT.id, _KEPT.ciphertext)
    .where(_KEPT.session_id == bindparam("session"))
    .order_by(_KEPT.kept_at.desc(), _KEPT.id)
)
_KEEP, _FORGET = insert(table_of(KeptSearch)), delete(table_of(KeptSearch))


@dataclass(frozen=True)
class Kept:
    """One search: where it looks and what was typed."""

    id: str
    desk_id: str
    typed: str = field(repr=False)


def keep(person: Person, desk_id: str, typed: str, now: dt.datetime) -> str:
    """Keep a search until the session ends, the last eight of them, and return its id. Raises as ``search_words``."""
    search_words.read(typed)
    if same := next((one for one in recent(person) if (one.desk_id, one.typed) == (desk_id, typed)), None):
        return same.id
    search_id = new_id()
    plain = json.dumps({"desk": desk_id, "typed": typed}).encode("ascii")
    ciphertext = envelope.encrypt_record(_key(person), plain, tip_id=search_id, part=_PART)
    if gone := [row.id for row in db.run(_OF_SESSION, {"session": person.session_id}).all()[MOST - 1 :]]:
        db.run(_FORGET.where(_KEPT.id.in_(gone)))
    db.run(_KEEP, {"id": search_id, "session_id": person.session_id, "ciphertext": ciphertext, "kept_at": now})
    return search_id


def read(person: Person, search_id: str) -> Kept:
    """A search of this session. Raises NotFound."""
    for kept in recent(person):
        if kept.id == search_id:
            return kept
    raise NotFound


def recent(person: Person) -> tuple[Kept, ...]:
    """The searches of this session, the last one first."""
    rows = db.run(_OF_SESSION, {"session": person.session_id}).all()
    found = []
    for row in rows:
        try:
            plain = json.loads(envelope.decrypt_record(_key(person), row.ciphertext, tip_id=row.id, part=_PART))
        except CannotOpen:
            continue
        found.append(Kept(row.id, plain["desk"], plain["typed"]))
    return tuple(found)


def _key(person: Person) -> bytes:
    return envelope.derive_key(person.seed, purpose="kept-search")
