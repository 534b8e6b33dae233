"""Half-written tips, under keys that only the visitor's cookie opens (SECURITY 1, 5).

The cookie holds a random secret. HKDF makes of it the id that the draft is found by, the key that its three keys are
wrapped under, and the key that the receipt waits under once the tip is sent (``sent_tips``). The tip's inner id is
chosen here and is nowhere in the cookie.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from tipline import clock
from tipline.crypto import envelope
from tipline.crypto.keys import KEY_SIZE, new_key
from tipline.errors import Damaged, DraftGone, DraftSpent
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.tip import Attachment, AttachmentKey, Draft, TipRecord
from tipline.services import log, room
from tipline.services.answers import ANSWERS, IDENTITY, Answers, Identity, mailbox_mark
from tipline.services.seal_targets import AddsTo

LIFE = dt.timedelta(minutes=60)
SECRET_SIZE = 32
OPEN, SENT = "open", "sent"

_DRAFTS = table_of(Draft)
_RECORDS = table_of(TipRecord)
_ATTACHMENTS = table_of(Attachment)
_KEYS = table_of(AttachmentKey)
_DRAFT, _RECORD, _ATTACHMENT = _DRAFTS.c, _RECORDS.c, _ATTACHMENTS.c

# Built once: putting a statement together takes longer than running it.
_FIND = select(
    _DRAFT.tip_id,
    _DRAFT.exhibit_id,
    _DRAFT.desk_id,
    _DRAFT.adds_to,
    _DRAFT.adds_as,
    _DRAFT.answers_message,
    _DRAFT.state,
    _DRAFT.wrapped_keys,
    _DRAFT.sealed_receipt,
    _DRAFT.erase_at,
).where(_DRAFT.lookup == bindparam("lookup"))
_FIND_LOCKED = _FIND.with_for_update()
_PARTS = select(_RECORD.part, _RECORD.ciphertext).where(
    _RECORD.tip_id == bindparam("tip_id"), _RECORD.part.in_((ANSWERS, IDENTITY))
)
_START, _WRITE = insert(_DRAFTS), insert(_RECORDS)
_SPEND = update(_DRAFTS).where(_DRAFT.lookup == bindparam("which"))


@dataclass(frozen=True)
class OpenDraft:
    """A draft and its keys, for one request."""

    lookup: str = field(repr=False)
    tip_id: str
    exhibit_id: str | None
    desk_id: str
    content_key: bytes = field(repr=False)
    identity_key: bytes = field(repr=False)
    mailbox_key: bytes = field(repr=False)
    adds_to: AddsTo | None = None


def new_secret() -> bytes:
    """A secret for one visitor's cookie."""
    return secrets.token_bytes(SECRET_SIZE)


def start_draft(
    secret: bytes,
    answers: Answers,
    *,
    exhibit_id: str | None,
    desk_id: str,
    now: dt.datetime,
    adds_to: AddsTo | None = None,
) -> OpenDraft:
    """Make a draft with its first answers. Raises Busy when unsent drafts have filled the room there is."""
    room.check_text()
    draft = OpenDraft(lookup_of(secret), new_id(), exhibit_id, desk_id, new_key(), new_key(), new_key(), adds_to)
    bundle = draft.content_key + draft.identity_key + draft.mailbox_key
    db.run(
        _START,
        {
            "lookup": draft.lookup,
            "tip_id": draft.tip_id,
            "exhibit_id": exhibit_id,
            "desk_id": desk_id,
            "adds_to": adds_to.tip_id if adds_to else None,
            "adds_as": adds_to.kind if adds_to else None,
            "answers_message": adds_to.message_id if adds_to else None,
            "state": OPEN,
            "wrapped_keys": envelope.wrap_key(_wrapping(secret), bundle, context=f"draft:{draft.lookup}"),
            "stored_bytes": 0,
            "erase_at": clock.next_hour(now + LIFE),
        },
    )
    _insert_record(draft.tip_id, ANSWERS, _seal_answers(draft, answers), now)
    return draft


def open_draft(secret: bytes, now: dt.datetime) -> OpenDraft:
    """The draft of a cookie. Raises DraftGone when there is none (any more) and DraftSpent when it was sent."""
    lookup = lookup_of(secret)
    row = find(lookup)
    if row is None or row.erase_at <= now:
        raise DraftGone
    return unwrap(secret, lookup, row)


def lock_draft(draft: OpenDraft) -> None:
    """Hold the draft's row until the transaction ends. Raises DraftGone, DraftSpent when it is not open any more."""
    found = db.run(select(_DRAFT.state).where(_DRAFT.lookup == draft.lookup).with_for_update()).first()
    if found is None:
        raise DraftGone
    if found.state != OPEN:
        raise DraftSpent


def unwrap(secret: bytes, lookup: str, row: Any) -> OpenDraft:
    """The keys in a draft's row. Raises DraftSpent, and DraftGone when the row is not this cookie's."""
    if row.state != OPEN or row.wrapped_keys is None:
        raise DraftSpent
    try:
        bundle = envelope.unwrap_key(_wrapping(secret), row.wrapped_keys, context=f"draft:{lookup}")
    except Damaged:
        raise DraftGone from None
    content, identity, mailbox = (bundle[start : start + KEY_SIZE] for start in range(0, 3 * KEY_SIZE, KEY_SIZE))
    adds_to = AddsTo(row.adds_to, row.adds_as, row.answers_message) if row.adds_to else None
    return OpenDraft(lookup, row.tip_id, row.exhibit_id, row.desk_id, content, identity, mailbox, adds_to)


def find_for_sending(secret: bytes) -> tuple[str, Any]:
    """A draft's lookup and row, locked until the transaction ends. Raises DraftGone."""
    lookup = lookup_of(secret)
    row = find(lookup, lock=True)
    if row is None:
        raise DraftGone
    return lookup, row


def spend(lookup: str, sealed_receipt: bytes | None, until: dt.datetime) -> None:
    """Turn an open draft into a sent one: the wraps go, and what waits for the sender stays until then."""
    db.run(
        _SPEND,
        {
            "which": lookup,
            "state": SENT,
            "wrapped_keys": None,
            "sealed_receipt": sealed_receipt,
            "stored_bytes": 0,
            "erase_at": clock.next_hour(until),
        },
    )


def read_parts(draft: OpenDraft) -> tuple[Answers | None, Identity]:
    """What was answered and who it is from so far, in one read."""
    found = sealed_parts(draft.tip_id)
    answers = None
    if ANSWERS in found:
        answers = Answers.from_record(
            envelope.decrypt_record(draft.content_key, found[ANSWERS], tip_id=draft.tip_id, part=ANSWERS)
        )
    return answers, open_identity(draft, found)


def open_identity(draft: OpenDraft, found: dict[str, bytes]) -> Identity:
    """Who a draft is from, by its sealed parts; an empty identity when nobody said."""
    if IDENTITY not in found:
        return Identity()
    return Identity.from_record(
        envelope.decrypt_record(draft.identity_key, found[IDENTITY], tip_id=draft.tip_id, part=IDENTITY)
    )


def sealed_parts(tip_id: str) -> dict[str, bytes]:
    """The sealed records of a draft, by part."""
    return {row.part: row.ciphertext for row in db.run(_PARTS, {"tip_id": tip_id})}


def keep_longer(draft: OpenDraft, now: dt.datetime) -> None:
    """Give a draft that could not be sent its whole life once more. Raises DraftGone, DraftSpent."""
    lock_draft(draft)
    db.run(update(_DRAFTS).where(_DRAFT.lookup == draft.lookup), {"erase_at": clock.next_hour(now + LIFE)})


def write_answers(draft: OpenDraft, answers: Answers, now: dt.datetime) -> None:
    """Replace the answers of a draft. Raises DraftGone when it was sent or deleted meanwhile."""
    lock_draft(draft)
    _replace_record(draft.tip_id, ANSWERS, _seal_answers(draft, answers), now)


def write_identity(draft: OpenDraft, identity: Identity, now: dt.datetime) -> None:
    """Replace, or with an empty one remove, who a draft is from. Raises DraftGone as above."""
    lock_draft(draft)
    if not identity:
        db.run(delete(_RECORDS).where(_RECORD.tip_id == draft.tip_id, _RECORD.part == IDENTITY))
        return
    sealed = envelope.encrypt_record(draft.identity_key, identity.as_record(), tip_id=draft.tip_id, part=IDENTITY)
    _replace_record(draft.tip_id, IDENTITY, sealed, now)


def delete_draft(secret: bytes, now: dt.datetime) -> tuple[str, ...]:
    """Erase what the visitor wrote; returns the names of files for ``attachments.discard`` after the commit.

    Nothing there, or sent already, is fine: a sent tip stays.
    """
    lookup = lookup_of(secret)
    row = find(lookup, lock=True)
    if row is None or row.state != OPEN:
        return ()
    files = db.run(select(_ATTACHMENT.id, _ATTACHMENT.stored_name).where(_ATTACHMENT.tip_id == row.tip_id)).all()
    db.run(delete(_DRAFTS).where(_DRAFT.lookup == lookup))
    db.run(delete(_KEYS).where(_KEYS.c.attachment_id.in_([file.id for file in files])))
    db.run(delete(_RECORDS).where(_RECORD.tip_id == row.tip_id))
    db.run(delete(_ATTACHMENTS).where(_ATTACHMENT.tip_id == row.tip_id))
    log.record("draft.erased", chain="public", actor=None, subjects=[row.tip_id], now=now)
    return tuple(file.stored_name for file in files)


def lookup_of(secret: bytes) -> str:
    """What a draft is found by; it leads neither to the secret nor to a key."""
    return envelope.derive_key(secret, purpose="draft-lookup")[:16].hex()


def _wrapping(secret: bytes) -> bytes:
    return envelope.derive_key(secret, purpose="draft-keys")


def find(lookup: str, *, lock: bool = False) -> Any:
    """The draft's row, or None."""
    return db.run(_FIND_LOCKED if lock else _FIND, {"lookup": lookup}).first()


def _seal_answers(draft: OpenDraft, answers: Answers) -> bytes:
    record = answers.as_record("" if draft.adds_to else mailbox_mark(draft.mailbox_key))
    return envelope.encrypt_record(draft.content_key, record, tip_id=draft.tip_id, part=ANSWERS)


def _insert_record(tip_id: str, part: str, ciphertext: bytes, now: dt.datetime) -> None:
    db.run(
        _WRITE,
        {
            "id": new_id(),
            "tip_id": tip_id,
            "part": part,
            "version": 1,
            "ciphertext": ciphertext,
            "written_at": clock.hour_of(now),
        },
    )


def _replace_record(tip_id: str, part: str, ciphertext: bytes, now: dt.datetime) -> None:
    # Deleted and written anew rather than changed: SQLite overwrites what it deletes (secure_delete).
    db.run(delete(_RECORDS).where(_RECORD.tip_id == tip_id, _RECORD.part == part))
    _insert_record(tip_id, part, ciphertext, now)
