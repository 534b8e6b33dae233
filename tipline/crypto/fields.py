"""One unambiguous way to put several values into one run of bytes, for labels and associated data."""

from __future__ import annotations

_LENGTH = 4
_NUMBER = 8


def join_fields(*values: bytes | str | int) -> bytes:
    """Every value behind its length, so that no two different lists of values give the same bytes.

    Text is UTF-8, a number is eight bytes, big-endian. Raises OverflowError for a number that is negative or larger.
    """
    joined = bytearray()
    for value in values:
        raw = _as_bytes(value)
        joined += len(raw).to_bytes(_LENGTH, "big")
        joined += raw
    return bytes(joined)


def _as_bytes(value: bytes | str | int) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, int):
        return value.to_bytes(_NUMBER, "big")
    return value
