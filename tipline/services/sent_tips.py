"""What waits for the sender of a tip: the receipt, and once a copy of what was sent (SECURITY 4, 5).

Both lie in the spent draft, padded and encrypted under the secret in the sender's cookie, until "I have kept it" or
for 15 minutes. The tip itself has left: none of its keys is here.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, update

from tipline.crypto import envelope
from tipline.errors import Damaged, DraftGone, DraftSpent, WrongState
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Draft
from tipline.services import drafts
from tipline.services.answers import Answers, Identity
from tipline.services.attachments import Details

RECEIPT_LIFE = dt.timedelta(minutes=15)

_DRAFTS = table_of(Draft)
# Built once: putting a statement together takes longer than running it.
_CHANGE = update(_DRAFTS).where(_DRAFTS.c.lookup == bindparam("which"))


@dataclass(frozen=True)
class SentTip:
    """What the sender of a tip is told; ``tip_id`` is for the one who calls the service, never for a page."""

    ref: str
    receipt: str = field(repr=False)
    tip_id: str
    copy_waits: bool = True
    discarded: tuple[str, ...] = field(default=(), repr=False)  # stored names to discard after the commit


@dataclass(frozen=True)
class SentCopy:
    """A tip's answers, identity and list of files, and the exhibit that it is about. ``files`` without their bytes."""

    answers: Answers = field(repr=False)
    identity: Identity = field(repr=False)
    files: tuple[Details, ...] = field(default=(), repr=False)
    exhibit_id: str | None = None


def spend(secret: bytes, lookup: str, sent: SentTip, copy: SentCopy, now: dt.datetime) -> None:
    """Turn an open draft into a sent one: the wraps go, receipt and copy wait under the cookie's secret."""
    until = now + RECEIPT_LIFE
    waiting = {"ref": sent.ref, "receipt": sent.receipt, "tip": sent.tip_id, "until": until.timestamp()}
    drafts.spend(lookup, _seal(secret, lookup, {**waiting, "copy": _plain(copy)}), until)


def read_sent(secret: bytes, now: dt.datetime) -> SentTip:
    """The receipt that waits for this visitor.

    Raises DraftSpent when it was kept or its 15 minutes are over, WrongState before sending, DraftGone without a draft.
    """
    lookup = drafts.lookup_of(secret)
    return opened_receipt(secret, lookup, _spent(drafts.find(lookup)), now)


def opened_receipt(secret: bytes, lookup: str, row: Any, now: dt.datetime) -> SentTip:
    """The receipt in a spent draft's row. Raises DraftSpent when it waits no longer."""
    waiting = _open(secret, lookup, row, now)
    return SentTip(waiting["ref"], waiting["receipt"], waiting["tip"], waiting["copy"] is not None)


def take_copy(secret: bytes, now: dt.datetime) -> SentCopy:
    """The copy of what was sent, for the only time. Raises as ``read_sent``, and DraftSpent when it was taken."""
    lookup = drafts.lookup_of(secret)
    row = _spent(drafts.find(lookup, lock=True))
    waiting = _open(secret, lookup, row, now)
    if waiting["copy"] is None:
        raise DraftSpent
    left = _seal(secret, lookup, {**waiting, "copy": None})
    db.run(_CHANGE, {"which": lookup, "sealed_receipt": left})
    return _copy(waiting["copy"])


def keep_receipt(secret: bytes) -> None:
    """The sender has it: neither receipt nor copy waits any longer. Repeating is fine."""
    kept = update(_DRAFTS).where(_DRAFTS.c.lookup == drafts.lookup_of(secret), _DRAFTS.c.state == drafts.SENT)
    db.run(kept.values(sealed_receipt=None))


def _spent(row: Any) -> Any:
    if row is None:
        raise DraftGone
    if row.state == drafts.OPEN:
        raise WrongState
    return row


def _seal(secret: bytes, lookup: str, waiting: dict[str, Any]) -> bytes:
    raw = json.dumps(waiting, ensure_ascii=False).encode("utf-8")
    return envelope.encrypt_record(_key(secret), raw, tip_id=lookup, part=drafts.SENT)


def _open(secret: bytes, lookup: str, row: Any, now: dt.datetime) -> dict[str, Any]:
    if row.sealed_receipt is None:
        raise DraftSpent
    try:
        raw = envelope.decrypt_record(_key(secret), row.sealed_receipt, tip_id=lookup, part=drafts.SENT)
    except Damaged:
        raise DraftSpent from None
    waiting: dict[str, Any] = json.loads(raw)
    if waiting["until"] <= now.timestamp():
        raise DraftSpent
    return waiting


def _key(secret: bytes) -> bytes:
    return envelope.derive_key(secret, purpose="draft-receipt")


def _plain(copy: SentCopy) -> dict[str, Any]:
    return {
        "answers": copy.answers.as_record().decode("utf-8"),
        "identity": copy.identity.as_record().decode("utf-8"),
        "files": [asdict(replace(file, traces=())) for file in copy.files],
        "exhibit": copy.exhibit_id,
    }


def _copy(plain: dict[str, Any]) -> SentCopy:
    return SentCopy(
        Answers.from_record(plain["answers"].encode("utf-8")),
        Identity.from_record(plain["identity"].encode("utf-8")),
        tuple(Details(**{**file, "notes": tuple(file["notes"]), "traces": ()}) for file in plain["files"]),
        plain["exhibit"],
    )
