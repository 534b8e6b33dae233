"""A mailbox that is open in a browser: its key lies under a secret that lives only in the visitor's cookie.

The receipt itself is in no cookie and in no row. A visit ends after 30 minutes, and at once for whoever closes the
mailbox or leaves: without the cookie its row opens nothing.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from tipline import clock
from tipline.crypto import envelope
from tipline.errors import Damaged, VisitOver
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import MailboxVisit

LIFE = dt.timedelta(minutes=30)
SECRET_SIZE = 32

_VISITS = table_of(MailboxVisit)
_VISIT = _VISITS.c


@dataclass(frozen=True)
class Visit:
    """An open mailbox, for one request. ``key`` opens its messages."""

    tip_id: str
    key: bytes = field(repr=False)


def start_visit(tip_id: str, mailbox_key: bytes, now: dt.datetime) -> bytes:
    """Open a mailbox for one browser; returns the secret for its cookie."""
    secret = secrets.token_bytes(SECRET_SIZE)
    lookup = _lookup(secret)
    wrapped = envelope.wrap_key(_wrapping(secret), mailbox_key, context=_context(lookup, tip_id))
    until = clock.next_hour(now + LIFE)
    db.run(insert(_VISITS), {"lookup": lookup, "tip_id": tip_id, "wrapped_key": wrapped, "erase_at": until})
    return secret


def find_visit(secret: bytes, now: dt.datetime) -> Visit:
    """The mailbox that this secret has open. Raises VisitOver when there is none (any more)."""
    lookup = _lookup(secret)
    row = db.run(
        select(_VISIT.tip_id, _VISIT.wrapped_key).where(_VISIT.lookup == lookup, _VISIT.erase_at > now)
    ).first()
    if row is None:
        raise VisitOver
    try:
        key = envelope.unwrap_key(_wrapping(secret), row.wrapped_key, context=_context(lookup, row.tip_id))
    except Damaged:
        raise VisitOver from None
    return Visit(row.tip_id, key)


def end_visit(secret: bytes) -> None:
    """Close the mailbox: its row goes. Repeating is fine."""
    db.run(delete(_VISITS).where(_VISIT.lookup == _lookup(secret)))


def erase_due_visits(now: dt.datetime) -> int:
    """Erase visits whose time is over; how many."""
    return int(db.run(delete(_VISITS).where(_VISIT.erase_at <= now)).rowcount)


def _lookup(secret: bytes) -> str:
    return envelope.derive_key(secret, purpose="visit-lookup")[:16].hex()


def _wrapping(secret: bytes) -> bytes:
    return envelope.derive_key(secret, purpose="visit-key")


def _context(lookup: str, tip_id: str) -> str:
    """The wrap is bound to the tip too: a row whose tip was changed by hand opens nothing."""
    return f"visit:{lookup}:{tip_id}"
