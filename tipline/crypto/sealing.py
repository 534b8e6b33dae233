"""Sealing to a public key: what the public process can do and cannot undo."""

from __future__ import annotations

from tipline.crypto import keys
from tipline.errors import Damaged

# enc is 1,120 bytes, the tag 16.
OVERHEAD = keys.HEADER_SIZE + 1120 + 16


def seal(plaintext: bytes, public: bytes, label: keys.Label) -> bytes:
    """Seal the bytes so that only the holder of the private seed opens them, and only under the same label.

    HPKE base mode, suite 1 (RFC 9180): each call draws a fresh encapsulated key, so no nonce is ever used twice.
    Raises ValueError for empty plain text and Damaged for bytes that are no public key.
    """
    if not plaintext:
        raise ValueError("nothing to seal")
    key = keys.load_public(public)
    header = keys.sealed_header(public)
    try:
        return header + keys.HPKE.encrypt(plaintext, key, info=keys.sealed_info(label, header))
    except ValueError as refused:
        raise Damaged from refused
