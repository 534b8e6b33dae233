"""What a receipt opens: the state of the tip, in words for its sender, and never what was sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select

from tipline.crypto import envelope, receipts
from tipline.errors import Damaged, NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Mailbox, Tip

_MAILBOXES, _TIPS = table_of(Mailbox), table_of(Tip)
_MAILBOX, _TIP = _MAILBOXES.c, _TIPS.c
_FIND = select(_MAILBOX.tip_id, _MAILBOX.wrapped_key).where(_MAILBOX.lookup == bindparam("lookup"))
_LOOK = (
    select(_TIP.ref, _TIP.status, _TIP.review_due_at, _MAILBOX.withdraw_at)
    .join_from(_MAILBOXES, _TIPS, _TIP.id == _MAILBOX.tip_id)
    .where(_MAILBOX.tip_id == bindparam("tip_id"))
)

WORDS = ("received", "being-read", "passed-on", "closed")
_PUBLIC_WORD = {
    "received": "received",
    "screened": "being-read",
    "assigned": "being-read",
    "assessed": "being-read",
    "proposed": "being-read",
    "approved": "being-read",
    "referred": "passed-on",
    "acknowledged": "passed-on",
    "outcome": "passed-on",
    "closed": "closed",
    # That a tip is restricted, and why, is not for whoever holds its receipt.
    "restricted": "being-read",
}


@dataclass(frozen=True)
class OpenMailbox:
    """Which tip a receipt belongs to, and the key of its messages."""

    tip_id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class MailboxView:
    """What the page says about a tip. ``withdraw_at`` is set while a withdrawal waits for its 72 hours."""

    ref: str
    word: str
    erase_on: dt.date
    withdraw_at: dt.datetime | None


def public_word(status: str) -> str:
    """One of WORDS: what the sender of a tip is told of its status. An unknown status reads as being worked on."""
    return _PUBLIC_WORD.get(status, "being-read")


def open_mailbox(typed: str) -> OpenMailbox:
    """The mailbox of a receipt, as somebody typed it. Raises ReceiptMistyped, and NotFound for one that opens none.

    An erased tip's receipt and one that never was look the same and cost the same.
    """
    receipt = receipts.parse_receipt(typed)
    lookup, wrapping = receipts.lookup_id(receipt), receipts.mailbox_wrap_key(receipt)
    row = db.run(_FIND, {"lookup": lookup}).first()
    if row is None:
        raise NotFound
    try:
        key = envelope.unwrap_key(wrapping, row.wrapped_key, context=f"mailbox:{lookup}")
    except Damaged:
        raise NotFound from None
    return OpenMailbox(row.tip_id, key)


def look(tip_id: str, now: dt.datetime) -> MailboxView:
    """What there is to say about a tip now. Raises NotFound when it was erased.

    A tip that is kept beyond its date looks as if that date were today: that it is held is not said.
    """
    row = db.run(_LOOK, {"tip_id": tip_id}).first()
    if row is None:
        raise NotFound
    return MailboxView(row.ref, public_word(row.status), max(row.review_due_at, now).date(), row.withdraw_at)
