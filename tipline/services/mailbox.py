"""What a receipt opens: the state of the tip, in words for its sender, and never what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from tipline.crypto import envelope, receipts
from tipline.errors import Damaged, NotFound
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Mailbox, Tip

_MAILBOXES, _TIPS = table_of(Mailbox), table_of(Tip)
_MAILBOX, _TIP = _MAILBOXES.c, _TIPS.c

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
class MailboxView:
    """What the page says about a tip. ``key`` opens its messages."""

    ref: str
    word: str
    key: bytes = field(repr=False)


def public_word(status: str) -> str:
    """One of WORDS: what the sender of a tip is told of its status. An unknown status reads as being worked on."""
    return _PUBLIC_WORD.get(status, "being-read")


def open_mailbox(typed: str) -> MailboxView:
    """The mailbox of a receipt, as somebody typed it. Raises ReceiptMistyped, and NotFound for one that opens none.

    An erased tip's receipt and one that never was look the same.
    """
    receipt = receipts.parse_receipt(typed)
    lookup = receipts.lookup_id(receipt)
    row = db.run(
        select(_MAILBOX.wrapped_key, _TIP.ref, _TIP.status)
        .join_from(_MAILBOXES, _TIPS, _TIP.id == _MAILBOX.tip_id)
        .where(_MAILBOX.lookup == lookup)
    ).first()
    if row is None:
        raise NotFound
    try:
        key = envelope.unwrap_key(receipts.mailbox_wrap_key(receipt), row.wrapped_key, context=f"mailbox:{lookup}")
    except Damaged:
        raise NotFound from None
    return MailboxView(row.ref, public_word(row.status), key)
