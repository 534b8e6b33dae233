"""Padding, so that a stored size says little about what was written.

At least 4,096 bytes, above that Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs", 2019, section 4): at most 12 % more, and only O(log log n) bits of the size are told.
"""

from __future__ import annotations

from tipline.errors import Damaged

SMALLEST = 4096
_LENGTH = 8


def padded_size(size: int) -> int:
    """How many bytes ``pad`` makes of that many."""
    framed = max(size + _LENGTH, SMALLEST)
    exponent = framed.bit_length() - 1
    rounding = (1 << (exponent - exponent.bit_length())) - 1
    return (framed + rounding) & ~rounding


def pad(plaintext: bytes) -> bytes:
    """The plain text behind its length, with zeros up to the padded size."""
    return (len(plaintext).to_bytes(_LENGTH, "big") + plaintext).ljust(padded_size(len(plaintext)), b"\0")


def unpad(padded: bytes) -> bytes:
    """What ``pad`` was given. Raises Damaged for anything that ``pad`` cannot have made."""
    size = int.from_bytes(padded[:_LENGTH], "big")
    if len(padded) < SMALLEST or size > len(padded) or len(padded) != padded_size(size):
        raise Damaged
    if padded.count(0, _LENGTH + size) != len(padded) - _LENGTH - size:
        raise Damaged
    return padded[_LENGTH : _LENGTH + size]
