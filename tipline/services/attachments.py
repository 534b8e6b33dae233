"""Files of a tip: what is known of each, and its bytes, opened with the tip's content key.

Each file has a key of its own, wrapped under the content key; its name, type, exact size and digest are a sealed
record. On disk lies the encrypted stream, followed by random bytes up to a padded size. Until a draft is sent, the
version of a photo that was not chosen lies beside the chosen one (``versions``).
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, update

from tipline import storage
from tipline.crypto import envelope, padding, streams
from tipline.errors import Damaged, NotFound
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.tip import Addition, Attachment, AttachmentKey, Draft
from tipline.services import log
from tipline.services.drafts import OpenDraft
from tipline.services.traces import Trace, in_order

# How far a file got in quarantine (``services/quarantine``); what is shut is never shown, downloaded or decoded.
QUARANTINED, RELEASED, HANDED_OVER, DESTROYED = "quarantined", "released", "handed_over", "destroyed"
SHUT = frozenset({QUARANTINED, HANDED_OVER, DESTROYED})
_PIECE = 256 * 1024
_ATTACHMENTS, _KEYS, _DRAFTS = table_of(Attachment), table_of(AttachmentKey), table_of(Draft)
_ATTACHMENT, _KEY, _DRAFT = _ATTACHMENTS.c, _KEYS.c, _DRAFTS.c
_OF_TIP = (
    select(_ATTACHMENTS)
    .where(_ATTACHMENT.tip_id == bindparam("tip_id"), _ATTACHMENT.position > 0)
    .order_by(_ATTACHMENT.position)
)


@dataclass(frozen=True)
class Details:
    """What is sealed about a file.

    ``notes`` are codes of the hidden details that it came with; ``traces``, what these tell, are here only where the
    details are still in the file.
    """

    name: str = field(repr=False)
    media_type: str
    size: int
    sha256: str = field(repr=False)
    notes: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = field(default=(), repr=False)


# What is left to say of a file that was destroyed.
NO_DETAILS = Details(name="", media_type="", size=0, sha256="")


@dataclass(frozen=True)
class StoredFile:
    """A file that is durable in storage and not yet in any row. ``original``: the version with its hidden details."""

    id: str
    stored_name: str
    stored_size: int
    kind: str
    wrapped_key: bytes = field(repr=False)
    details: bytes = field(repr=False)
    metadata_kept: bool
    original: StoredFile | None = None

    @property
    def stored_names(self) -> tuple[str, ...]:
        """The names of all of its versions in storage."""
        return (self.stored_name, *(self.original.stored_names if self.original else ()))


def read_details(content_key: bytes, attachment: Any) -> Details:
    """What is sealed about a file; ``attachment`` is its row. Raises NotFound when its key is gone, Damaged."""
    return _details(_open_key(content_key, attachment), attachment)


def stream(content_key: bytes, attachment: Any) -> Iterator[bytes]:
    """The file's bytes, piece by piece; ``attachment`` is its row. Raises NotFound and Damaged.

    Only the end of the iteration says that the file is whole.
    """
    key = _open_key(content_key, attachment)
    size = streams.sealed_size(_details(key, attachment).size)
    try:
        opened = storage.files().open(attachment.stored_name)
    except FileNotFoundError:
        raise NotFound from None
    with opened as ciphertext:
        yield from streams.decrypt_stream(
            key, _first(ciphertext, size), tip_id=attachment.tip_id, part=f"attachment:{attachment.id}"
        )


def of_tip(tip_id: str) -> list[Any]:
    """The rows of a tip's or draft's files, in their order; of two versions the chosen one."""
    return list(db.run(_OF_TIP, {"tip_id": tip_id}))


def came_with(tip_id: str) -> ColumnElement[bool]:
    """The condition on ``attachment`` that a file came with this tip, or with an addition to it."""
    return or_(Attachment.tip_id == tip_id, Attachment.tip_id.in_(select(Addition.id).where(Addition.tip_id == tip_id)))


def wrap(content_key: bytes, key: bytes, *, tip_id: str, attachment_id: str) -> bytes:
    """A file's key under its tip's content key."""
    return envelope.wrap_key(content_key, key, context=f"attachment:{tip_id}:{attachment_id}")


def seal_details(key: bytes, details: Details, *, tip_id: str, attachment_id: str) -> bytes:
    """The sealed record of what is known about a file."""
    raw = {
        "name": details.name,
        "media_type": details.media_type,
        "size": details.size,
        "sha256": details.sha256,
        "notes": list(details.notes),
        "traces": {trace.kind: trace.value for trace in details.traces},
    }
    return envelope.encrypt_record(
        key, json.dumps(raw, ensure_ascii=False).encode("utf-8"), tip_id=tip_id, part=f"details:{attachment_id}"
    )


def pad_file(writer: storage.Writer, size: int) -> None:
    """Append random bytes to a stream of ``size`` bytes until its size on disk tells little."""
    left = padding.padded_size(size) - size
    while left:
        piece = os.urandom(min(left, _PIECE))
        writer.write(piece)
        left -= len(piece)


def add_file(draft: OpenDraft, file: StoredFile, position: int) -> None:
    """Put a durable file into the draft, with its original beside it; the caller holds the draft's lock and commits."""
    if file.original is not None:
        add_file(draft, file.original, -position)
    db.run(insert(_KEYS).values(attachment_id=file.id, wrapped=file.wrapped_key))
    db.run(
        insert(_ATTACHMENTS).values(
            id=file.id,
            tip_id=draft.tip_id,
            position=position,
            kind=file.kind,
            stored_name=file.stored_name,
            padded_size=file.stored_size,
            details=file.details,
            metadata_kept=file.metadata_kept,
            screening="unscreened",
            viewed=False,
        )
    )
    db.run(
        update(_DRAFTS).where(_DRAFT.lookup == draft.lookup).values(stored_bytes=_DRAFT.stored_bytes + file.stored_size)
    )


def erase_from_draft(draft: OpenDraft, row: Any, now: dt.datetime) -> str:
    """Erase one version of a draft's file, key first; returns its stored name for ``discard`` after the commit."""
    db.run(delete(_KEYS).where(_KEY.attachment_id == row.id))
    db.run(delete(_ATTACHMENTS).where(_ATTACHMENT.id == row.id))
    db.run(
        update(_DRAFTS).where(_DRAFT.lookup == draft.lookup).values(stored_bytes=_DRAFT.stored_bytes - row.padded_size)
    )
    log.record("attachment.erased", chain="public", actor=None, subjects=[row.id], now=now)
    return str(row.stored_name)


def discard(stored_names: Iterable[str]) -> None:
    """Remove files whose rows are gone, after the commit; what a crash leaves is swept by the clock."""
    files = storage.files()
    for name in stored_names:
        files.delete(name)


def new_attachment_id() -> str:
    """A random id."""
    return new_id()


def _open_key(content_key: bytes, attachment: Any) -> bytes:
    found = db.run(select(_KEY.wrapped).where(_KEY.attachment_id == attachment.id)).first()
    if found is None:
        raise NotFound
    return envelope.unwrap_key(content_key, found.wrapped, context=f"attachment:{attachment.tip_id}:{attachment.id}")


def _details(key: bytes, attachment: Any) -> Details:
    record = envelope.decrypt_record(key, attachment.details, tip_id=attachment.tip_id, part=f"details:{attachment.id}")
    try:
        raw = json.loads(record)
        told = in_order(raw.get("traces", {}).items())
        return Details(raw["name"], raw["media_type"], raw["size"], raw["sha256"], tuple(raw["notes"]), told)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged from None


def _first(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = file.read(min(_PIECE, size))
        if not piece:
            return
        size -= len(piece)
        yield piece
