"""Bringing what is sealed to an old epoch of a desk over to the present one, in batches, in its members' sessions.

Content keys go over in any member's session, identity keys in a supervisor's. Each batch is one transaction, so a crash
loses nothing; two sessions may do it at once. When nothing is left of an epoch it closes: its grants, and with them its
private keys, are deleted (SECURITY 11). Whatever is sealed to a desk for longer than a session stands in ``STORES``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select, update

from tipline.crypto import sealing
from tipline.crypto.grants import Kind
from tipline.crypto.keys import Label, Purpose
from tipline.crypto.opening import Opener
from tipline.errors import CannotOpen
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.desk import DeskEpoch, Grant, RecoveryCode
from tipline.models.referral import Referral, ReferralKey
from tipline.models.search import SearchSegment, SearchSegmentKey
from tipline.models.tip import TipKey
from tipline.services import desk_keys, log, search_segments
from tipline.services.accounts import Person
from tipline.services.seal_targets import SealTarget

BATCH = 1000
IDENTITY_ONLY = frozenset({Purpose.TIP_IDENTITY, Purpose.IDENTITY_TEXT})


@dataclass(frozen=True)
class Sealed:
    """One sealed row: what names it, and under which label it opens."""

    subject: str
    purpose: Purpose
    epoch: int
    sealed: bytes


@dataclass(frozen=True)
class Left:
    """How much waits, by the key that opens it, and whether this person holds what is needed for it."""

    content: int
    identity: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.content + self.identity


@dataclass(frozen=True)
class Store:
    """A table whose rows name subject, desk, epoch and sealed bytes, with a purpose for each value of ``named_by``."""

    table: Any
    subject: str
    purposes: Mapping[str, Purpose]
    named_by: str = ""

    def old(self, desk_id: str, epoch: int, purposes: Sequence[Purpose]) -> Select[Any] | None:
        """The rows of these purposes that are sealed to an earlier epoch; None when there can be none."""
        names = [name for name, purpose in self.purposes.items() if purpose in purposes]
        if not names:
            return None
        column = self.table.c
        rows = select(column[self.subject], self._name(), column.epoch, column.sealed)
        rows = rows.where(column.desk_id == desk_id, column.epoch < epoch)
        return rows.where(column[self.named_by].in_(names)) if self.named_by else rows

    def put(self, rows: Sequence[Sealed], fresh: Sequence[bytes], epoch: int) -> None:
        """Write what was sealed anew, wherever the row is still there and still as it was."""
        names = {purpose: name for name, purpose in self.purposes.items()}
        column = self.table.c
        statement = update(self.table).where(
            column[self.subject] == bindparam("of_subject"), column.epoch == bindparam("of_epoch")
        )
        if self.named_by:
            statement = statement.where(column[self.named_by] == bindparam("of_name"))
        db.run(
            statement.values(sealed=bindparam("fresh"), epoch=epoch),
            [
                {"of_subject": row.subject, "of_epoch": row.epoch, "of_name": names[row.purpose], "fresh": sealed}
                for row, sealed in zip(rows, fresh, strict=True)
            ],
        )

    def _name(self) -> ColumnElement[Any]:
        return self.table.c[self.named_by] if self.named_by else bindparam("name", next(iter(self.purposes)))


class ReferralStore(Store):
    """The keys of what was written to propose referrals: desk and epoch stand in the referral's own row."""

    def old(self, desk_id: str, epoch: int, purposes: Sequence[Purpose]) -> Select[Any] | None:
        """As of every store."""
        if Purpose.PROPOSAL not in purposes:
            return None
        joined = select(ReferralKey.referral_id, self._name(), Referral.epoch, ReferralKey.sealed)
        joined = joined.join(Referral, Referral.id == ReferralKey.referral_id)
        return joined.where(Referral.desk_id == desk_id, Referral.epoch < epoch)

    def put(self, rows: Sequence[Sealed], fresh: Sequence[bytes], epoch: int) -> None:
        """As of every store, in both rows."""
        key, referral = table_of(ReferralKey), table_of(Referral)
        values = [{"of": row.subject, "fresh": sealed} for row, sealed in zip(rows, fresh, strict=True)]
        db.run(update(key).where(key.c.referral_id == bindparam("of")).values(sealed=bindparam("fresh")), values)
        db.run(update(referral).where(referral.c.id.in_([row.subject for row in rows])).values(epoch=epoch))


STORES: tuple[Store, ...] = (
    Store(
        table_of(TipKey),
        "tip_id",
        {"content": Purpose.TIP_CONTENT, "mailbox": Purpose.TIP_MAILBOX, "identity": Purpose.TIP_IDENTITY},
        "purpose",
    ),
    ReferralStore(table_of(ReferralKey), "referral_id", {"proposal": Purpose.PROPOSAL}),
)


def count_left(desk_id: str) -> Left:
    """What is still sealed to an earlier epoch of a desk."""
    epochs = desk_keys.live_epochs(desk_id)
    if len(epochs) < 2:
        return Left(0, 0)
    return Left(*(_count(desk_id, epochs[0], _purposes(kind)) for kind in desk_keys.KINDS))


def reseal_batch(person: Person, desk_id: str, now: dt.datetime, *, most: int = BATCH) -> int:
    """Bring over at most so many keys, those that this person can open; how many it were. Closes what is empty.

    What the old keys do not open, because somebody has changed it in the database, stays as it is, and with it the old
    epoch. The caller commits after each batch. Raises NotFound for who holds no key of the desk, and KeysMismatch.
    """
    target = desk_keys.seal_target(person, desk_id)
    held = desk_keys.grants_of(desk_id, target.epoch).get(person.id, frozenset())
    purposes = [purpose for kind in desk_keys.KINDS if kind in held for purpose in _purposes(kind)]
    openers: dict[tuple[int, Kind], Opener] = {}
    done = 0
    for store in STORES:
        rows = _take(store, desk_id, target.epoch, purposes, most - done)
        tried = [(row, _anew(row, target, _opener(openers, person, desk_id, row))) for row in rows]
        opened = [(row, sealed) for row, sealed in tried if sealed is not None]
        if opened:
            store.put([row for row, _sealed in opened], [sealed for _row, sealed in opened], target.epoch)
            done += len(opened)
    if done < most:
        _close_empty(person, desk_id, now)
    return done


def _take(store: Store, desk_id: str, epoch: int, purposes: Sequence[Purpose], most: int) -> list[Sealed]:
    wanted = store.old(desk_id, epoch, purposes) if most > 0 else None
    if wanted is None:
        return []
    found = db.run(wanted.limit(most).with_for_update(skip_locked=True))
    return [Sealed(row[0], store.purposes[row[1]], row[2], bytes(row[3])) for row in found]


def _anew(row: Sealed, target: SealTarget, opener: Opener) -> bytes | None:
    try:
        key = opener.open(row.sealed, Label(row.purpose, target.desk_id, row.epoch, row.subject))
    except CannotOpen:
        return None
    public = target.identity_public if row.purpose in IDENTITY_ONLY else target.content_public
    return sealing.seal(key, public, target.label(row.purpose, row.subject))


def _opener(openers: dict[tuple[int, Kind], Opener], person: Person, desk_id: str, row: Sealed) -> Opener:
    kind: Kind = "identity" if row.purpose in IDENTITY_ONLY else "content"
    if (row.epoch, kind) not in openers:
        openers[row.epoch, kind] = Opener(desk_keys.open_desk_key(person, desk_id, row.epoch, kind))
    return openers[row.epoch, kind]


def _close_empty(person: Person, desk_id: str, now: dt.datetime) -> None:
    """Close every earlier epoch that no key is sealed to any more: grants and codes of it are deleted."""
    newest, *earlier = desk_keys.live_epochs(desk_id)
    if not earlier or _count(desk_id, newest, list(Purpose)):
        return
    for table in (Grant, RecoveryCode):
        db.session.execute(delete(table).where(table.desk_id == desk_id, table.epoch < newest))
    db.session.execute(
        update(DeskEpoch).where(DeskEpoch.desk_id == desk_id, DeskEpoch.epoch < newest).values(state="closed")
    )
    old = select(SearchSegmentKey.segment_id).join(SearchSegment, SearchSegment.id == SearchSegmentKey.segment_id)
    old = old.where(SearchSegment.desk_id == desk_id, SearchSegmentKey.epoch < newest)
    search_segments.drop(db.session.scalars(old).all())  # the next search builds them anew
    log.record("epoch.closed", chain="staff", actor=person.actor, subjects=[desk_id], now=now)


def _count(desk_id: str, epoch: int, purposes: Sequence[Purpose]) -> int:
    wanted = [store.old(desk_id, epoch, purposes) for store in STORES]
    counts = [select(func.count()).select_from(rows.subquery()) for rows in wanted if rows is not None]
    return sum(db.run(count).scalar_one() for count in counts)


def _purposes(kind: Kind) -> list[Purpose]:
    return [purpose for purpose in Purpose if (purpose in IDENTITY_ONLY) == (kind == "identity")]
