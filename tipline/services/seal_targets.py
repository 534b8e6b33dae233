"""To whom a tip is sealed now: a desk's public keys. Public keys only, so that the public door may use it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from tipline import config
from tipline.crypto import keys
from tipline.crypto.keys import Label, Purpose
from tipline.errors import DeskClosed, NotFound
from tipline.extensions import db
from tipline.models.appeal import Appeal, Exhibit, ExhibitText
from tipline.models.base import table_of
from tipline.models.desk import Desk, DeskEpoch

_EPOCH, _DESK, _APPEAL, _EXHIBIT, _WORDS = (table_of(t).c for t in (DeskEpoch, Desk, Appeal, Exhibit, ExhibitText))

EPOCH_LOCK = 0x7469
# Intake of a desk rests while its keys are not the ones that its people signed.
_TAKES = _DESK.stopped_at.is_(None)

# Built once: putting a statement together takes longer than running it.
_KEYS = select(_EPOCH.desk_id, _EPOCH.epoch, _EPOCH.content_public, _EPOCH.identity_public).where(
    _EPOCH.desk_id == bindparam("desk_id"), _EPOCH.state == "current", _EPOCH.desk_id == _DESK.id, _TAKES
)
# Who makes new keys takes this lock alone and holds it to the end: no seal to the old ones comes after them.
_LOCK = select(func.pg_advisory_xact_lock_shared(EPOCH_LOCK, func.hashtext(bindparam("desk_id"))))
_OPEN_DESK = (
    select(_APPEAL.desk_id)
    .join_from(table_of(Appeal), table_of(DeskEpoch), _EPOCH.desk_id == _APPEAL.desk_id)
    .join(table_of(Desk), _DESK.id == _APPEAL.desk_id)
    .where(_APPEAL.state == "published", _EPOCH.state == "current", _TAKES)
    # The desk that is here longest: a new desk with an appeal put first must not draw tips to itself.
    .order_by(_DESK.created_at, _DESK.id)
    .limit(1)
)
_ABOUT = (
    select(_EXHIBIT.id, _EXHIBIT.ref, _APPEAL.desk_id, _WORDS.title, _WORDS.language, _EPOCH.epoch)
    .join_from(table_of(Exhibit), table_of(Appeal), _APPEAL.id == _EXHIBIT.appeal_id)
    .join(table_of(ExhibitText), _WORDS.exhibit_id == _EXHIBIT.id)
    .outerjoin(table_of(Desk), (_DESK.id == _APPEAL.desk_id) & _TAKES)
    .outerjoin(table_of(DeskEpoch), (_EPOCH.desk_id == _DESK.id) & (_EPOCH.state == "current"))
    .where(_EXHIBIT.ref == bindparam("ref"), _WORDS.language.in_((bindparam("language"), "en")))
)
_PUBLISHED = _ABOUT.where(_EXHIBIT.state == "published", _APPEAL.state == "published")
_ONCE_PUBLISHED = _ABOUT.where(_EXHIBIT.state != "draft", _APPEAL.state != "draft")
_NAMES = (
    select(_EXHIBIT.ref, _WORDS.title, _WORDS.language)
    .join_from(table_of(Exhibit), table_of(ExhibitText), _WORDS.exhibit_id == _EXHIBIT.id)
    .where(_EXHIBIT.id == bindparam("exhibit_id"), _WORDS.language.in_((bindparam("language"), "en")))
)


@dataclass(frozen=True)
class SealTarget:
    """A desk's public keys of the current epoch."""

    desk_id: str
    epoch: int
    content_public: bytes
    identity_public: bytes

    def label(self, purpose: Purpose, subject: str) -> Label:
        """The label that binds a seal to this desk and epoch."""
        return Label(purpose, self.desk_id, self.epoch, subject)


@dataclass(frozen=True)
class AddsTo:
    """The tip that a draft becomes an addition of, as what (more, correction, answer), and the message it answers."""

    tip_id: str
    kind: str
    message_id: str | None = None


@dataclass(frozen=True)
class TipTarget:
    """What a tip is about and which open desk gets it; without an exhibit its three fields are empty."""

    desk_id: str
    exhibit_id: str | None = None
    ref: str = ""
    title: str = ""
    adds_to: AddsTo | None = None


def current(desk_id: str) -> SealTarget:
    """The keys to seal to for this desk, read in the transaction that seals; they stay the current ones until its end.

    Raises DeskClosed when it has none, while its intake is stopped, and for keys that are not pinned where some are.
    """
    if not db.is_sqlite:  # SQLite lets one transaction write at a time
        db.run(_LOCK, {"desk_id": desk_id})
    row = db.run(_KEYS, {"desk_id": desk_id}).first()
    if row is None:
        raise DeskClosed
    pins = config.current().desk_pins
    if pins and keys.desk_fingerprint(row.content_public, row.identity_public) not in pins:
        raise DeskClosed
    return SealTarget(row.desk_id, row.epoch, bytes(row.content_public), bytes(row.identity_public))


def for_exhibit(ref: str, language: str) -> TipTarget:
    """Where a tip about a published exhibit goes. Raises NotFound, and DeskClosed without a key to seal to."""
    rows = db.run(_PUBLISHED, {"ref": ref, "language": language}).all()
    if not rows:
        raise NotFound
    row = next((row for row in rows if row.language == language), rows[0])
    if row.epoch is None:
        raise DeskClosed
    return TipTarget(row.desk_id, row.id, row.ref, row.title)


def for_started(ref: str) -> TipTarget:
    """As ``for_exhibit`` for a tip that somebody is writing already: the exhibit may have been taken down meanwhile.

    Its title is not said any more.
    """
    row = db.run(_ONCE_PUBLISHED, {"ref": ref, "language": "en"}).first()
    if row is None:
        raise NotFound
    if row.epoch is None:
        raise DeskClosed
    return TipTarget(row.desk_id, row.id, row.ref)


def for_anything() -> TipTarget:
    """Where a tip about no exhibit goes: the oldest desk with a published appeal. Raises DeskClosed."""
    row = db.run(_OPEN_DESK).first()
    if row is None:
        raise DeskClosed
    return TipTarget(row.desk_id)


def name_exhibit(exhibit_id: str | None, language: str) -> tuple[str, str] | None:
    """The reference and title of the exhibit that a draft is about, published still or not; None for no exhibit."""
    if exhibit_id is None:
        return None
    rows = db.run(_NAMES, {"exhibit_id": exhibit_id, "language": language}).all()
    chosen = next((row for row in rows if row.language == language), rows[0] if rows else None)
    return None if chosen is None else (chosen.ref, chosen.title)
