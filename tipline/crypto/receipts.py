"""Receipts that tipsters keep, and public references.

A receipt has 100 random bits. That is far beyond guessing, so that no slow hash is needed: HKDF gives the id that the
mailbox is found by and the key that opens it, and neither leads to the other.
"""

from __future__ import annotations

from tipline.crypto import symbols
from tipline.crypto.envelope import expand
from tipline.crypto.fields import join_fields
from tipline.errors import ReceiptMistyped

RECEIPT_SYMBOLS = 20
RECEIPT_GROUP = 5
REFERENCE_SYMBOLS = 8
REFERENCE_GROUP = 4
_LOOKUP_SIZE = 16


def new_receipt() -> str:
    """A fresh receipt, such as ``7K3M9-QXT2A-BC4DE-FGH6J``."""
    return symbols.group(symbols.draw(RECEIPT_SYMBOLS), RECEIPT_GROUP)


def parse_receipt(text: str) -> str:
    """The receipt as ``new_receipt`` writes it, from what somebody typed.

    Any case, spaces and dashes are forgiven, O is read as 0, I and L as 1. Raises ReceiptMistyped for U, for anything
    else that is no symbol, and for too few or too many.
    """
    try:
        return symbols.group(symbols.read(text, RECEIPT_SYMBOLS), RECEIPT_GROUP)
    except ValueError:
        # Without the cause: a chained error would carry what was typed into a traceback.
        raise ReceiptMistyped from None


def lookup_id(receipt: str) -> str:
    """The id, 32 hexadecimal digits, that the mailbox of this receipt is stored under. Raises ReceiptMistyped."""
    return _derive(receipt, "lookup", _LOOKUP_SIZE).hex()


def mailbox_wrap_key(receipt: str) -> bytes:
    """The key of 32 bytes that the mailbox key is wrapped under. Raises ReceiptMistyped."""
    return _derive(receipt, "mailbox", 32)


def new_reference() -> str:
    """A fresh public reference, such as ``7K3M-9QXT``: a name for a tip, not a secret. The caller keeps it unique."""
    return symbols.group(symbols.draw(REFERENCE_SYMBOLS), REFERENCE_GROUP)


def _derive(receipt: str, purpose: str, size: int) -> bytes:
    secret = parse_receipt(receipt).replace("-", "").encode("ascii")
    return expand(secret, salt=b"", info=join_fields(b"tipline/v1/receipt", purpose), size=size)
