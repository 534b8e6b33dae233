"""The sealed pieces of a desk's search index, so that a second start takes seconds (SECURITY 26).

Each has a key of its own, and that key is wrapped under one made of the desk's private key: only who holds the desk's
key can read a segment, and nobody else can slip one in. Erasing or moving a tip destroys the keys of all segments
that it has words in; the index is then made anew for the tips that were in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select, update

from tipline.crypto import envelope, keys
from tipline.errors import CannotOpen
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.search import SearchSegment, SearchSegmentKey, SearchSegmentTip
from tipline.models.tip import Tip

_PART = "search"
_SEGMENT, _KEY = table_of(SearchSegment).c, table_of(SearchSegmentKey).c
_IDS = (  # built once: each search asks it
    select(_SEGMENT.id)
    .join_from(SearchSegment, SearchSegmentKey, _KEY.segment_id == _SEGMENT.id)
    .where(_SEGMENT.desk_id == bindparam("desk_id"))
)


def write(desk_id: str, epoch: int, seed: bytes, tip_ids: Sequence[str], image: bytes) -> str | None:
    """Seal a piece of the index and return its id; None when one of its tips is not at this desk any more.

    The tips' rows are held until the transaction ends: an erasure under way comes before, or sees the segment.
    """
    here = select(Tip.id).where(Tip.id.in_(tip_ids), Tip.desk_id == desk_id).with_for_update(key_share=True, read=True)
    if len(db.session.scalars(here).all()) != len(tip_ids):
        return None
    segment_id, key = new_id(), keys.new_key()
    ciphertext = envelope.encrypt_record(key, image, tip_id=segment_id, part=_PART)
    wrapped = _wrap(seed, key, desk_id, epoch, segment_id)
    db.session.execute(insert(SearchSegment).values(id=segment_id, desk_id=desk_id, ciphertext=ciphertext))
    db.session.execute(insert(SearchSegmentKey).values(segment_id=segment_id, epoch=epoch, wrapped=wrapped))
    db.session.execute(insert(SearchSegmentTip), [{"tip_id": one, "segment_id": segment_id} for one in tip_ids])
    return segment_id


def ids_of(desk_id: str) -> frozenset[str]:
    """The segments of a desk that still have their keys."""
    return frozenset(db.run(_IDS, {"desk_id": desk_id}).scalars())


def read(desk_id: str, seeds: Mapping[int, bytes]) -> Iterator[tuple[str, bytes]]:
    """Id and image of each segment that these seeds, by epoch, open. What does not open is passed over."""
    rows = (
        select(SearchSegment.id, SearchSegmentKey.epoch, SearchSegmentKey.wrapped)
        .join(SearchSegmentKey, SearchSegmentKey.segment_id == SearchSegment.id)
        .where(SearchSegment.desk_id == desk_id)
    )
    for row in db.session.execute(rows).all():
        ciphertext = db.session.scalar(select(SearchSegment.ciphertext).where(SearchSegment.id == row.id))
        if ciphertext is None or row.epoch not in seeds:
            continue
        try:
            key = _unwrap(seeds[row.epoch], row.wrapped, desk_id, row.epoch, row.id)
            image = envelope.decrypt_record(key, ciphertext, tip_id=row.id, part=_PART)
        except CannotOpen:
            continue
        yield row.id, image


def renew(desk_id: str, epoch: int, seeds: Mapping[int, bytes]) -> None:
    """Wrap the keys of all segments for the desk's present epoch; drop the segments that nobody can open any more."""
    rows = db.session.execute(
        select(SearchSegmentKey)
        .join(SearchSegment, SearchSegment.id == SearchSegmentKey.segment_id)
        .where(SearchSegment.desk_id == desk_id, SearchSegmentKey.epoch != epoch)
    ).scalars()
    lost = []
    for row in rows.all():
        try:
            key = _unwrap(seeds[row.epoch], row.wrapped, desk_id, row.epoch, row.segment_id)
        except (KeyError, CannotOpen):
            lost.append(row.segment_id)
            continue
        db.session.execute(
            update(SearchSegmentKey)
            .where(SearchSegmentKey.segment_id == row.segment_id)
            .values(epoch=epoch, wrapped=_wrap(seeds[epoch], key, desk_id, epoch, row.segment_id))
            .execution_options(synchronize_session=False)
        )
    drop(lost)


def has_old_keys(desk_id: str, epoch: int) -> bool:
    """Whether a segment's key is wrapped for another epoch than this one."""
    old = (
        select(SearchSegmentKey.segment_id)
        .join(SearchSegment, SearchSegment.id == SearchSegmentKey.segment_id)
        .where(SearchSegment.desk_id == desk_id, SearchSegmentKey.epoch != epoch)
        .limit(1)
    )
    return db.session.execute(old).first() is not None


def drop_holding(*tip_ids: str) -> None:
    """Destroy every segment that these tips have words in: for a tip that is erased, or leaves its desk."""
    drop(db.session.scalars(select(SearchSegmentTip.segment_id).where(SearchSegmentTip.tip_id.in_(tip_ids))).all())


def drop(segment_ids: Sequence[str]) -> None:
    """Destroy segments: their keys first."""
    if not segment_ids:
        return
    for column in (SearchSegmentKey.segment_id, SearchSegment.id, SearchSegmentTip.segment_id):
        db.session.execute(
            delete(column.class_).where(column.in_(segment_ids)).execution_options(synchronize_session=False)
        )


def _wrap(seed: bytes, key: bytes, desk_id: str, epoch: int, segment_id: str) -> bytes:
    return envelope.wrap_key(_wrapping(seed), key, context=_context(desk_id, epoch, segment_id))


def _unwrap(seed: bytes, wrapped: bytes, desk_id: str, epoch: int, segment_id: str) -> bytes:
    return envelope.unwrap_key(_wrapping(seed), wrapped, context=_context(desk_id, epoch, segment_id))


def _wrapping(seed: bytes) -> bytes:
    return envelope.derive_key(seed, purpose="search-segments")


def _context(desk_id: str, epoch: int, segment_id: str) -> str:
    return f"search-segment/{desk_id}/{epoch}/{segment_id}"
