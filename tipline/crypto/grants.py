"""Grants: a desk's private seed, sealed to one person's account key or to a recovery code on paper."""

from __future__ import annotations

import hashlib
from typing import Literal

from tipline.crypto import symbols
from tipline.crypto.fields import join_fields
from tipline.crypto.keys import Label, Purpose
from tipline.crypto.opening import SEED_SIZE, new_seed, open_sealed
from tipline.crypto.sealing import seal
from tipline.errors import Damaged, RecoveryCodeMistyped

Kind = Literal["content", "identity"]

CODE_GROUP = 4
_SEED_SYMBOLS = 52
_CHECK_SYMBOLS = 4
_CHECK_BITS = 20
_SPARE_BITS = 4

_TO_PEOPLE: dict[Kind, Purpose] = {"content": Purpose.GRANT_CONTENT, "identity": Purpose.GRANT_IDENTITY}
_TO_CODES: dict[Kind, Purpose] = {"content": Purpose.RECOVERY_CONTENT, "identity": Purpose.RECOVERY_IDENTITY}


def grant_desk_key(desk_seed: bytes, holder_public: bytes, *, desk: str, epoch: int, kind: Kind, holder: str) -> bytes:
    """Seal a desk's seed to the account key of ``holder``, an account id.

    Raises ValueError for a seed that has not 32 bytes and Damaged for bytes that are no public key.
    """
    return _grant(desk_seed, holder_public, Label(_TO_PEOPLE[kind], desk, epoch, holder))


def open_grant(blob: bytes, holder_seed: bytes, *, desk: str, epoch: int, kind: Kind, holder: str) -> bytes:
    """The desk's seed out of a grant. Raises NotForThisKey or Damaged."""
    return _open(blob, holder_seed, Label(_TO_PEOPLE[kind], desk, epoch, holder))


def grant_to_code(desk_seed: bytes, code_public: bytes, *, desk: str, epoch: int, kind: Kind, code_id: str) -> bytes:
    """Seal a desk's seed to a recovery code. Raises as ``grant_desk_key`` does."""
    return _grant(desk_seed, code_public, Label(_TO_CODES[kind], desk, epoch, code_id))


def open_code_grant(blob: bytes, code_seed: bytes, *, desk: str, epoch: int, kind: Kind, code_id: str) -> bytes:
    """The desk's seed out of a grant to a recovery code. Raises NotForThisKey or Damaged."""
    return _open(blob, code_seed, Label(_TO_CODES[kind], desk, epoch, code_id))


def new_recovery_code() -> tuple[str, bytes]:
    """A fresh recovery code for paper, and the seed of 32 bytes that it stands for.

    52 symbols of seed and 4 of checksum, in fourteen groups: a slip of the pen is noticed before anything is tried.
    """
    seed = new_seed()
    return write_recovery_code(seed), seed


def write_recovery_code(seed: bytes) -> str:
    """The recovery code that stands for this seed. Raises ValueError when the seed has not 32 bytes."""
    if len(seed) != SEED_SIZE:
        raise ValueError("a seed has 32 bytes")
    body = symbols.encode(int.from_bytes(seed, "big") << _SPARE_BITS, _SEED_SYMBOLS)
    return symbols.group(body + _checksum(seed), CODE_GROUP)


def parse_recovery_code(text: str) -> bytes:
    """The seed behind a typed recovery code, read as forgivingly as a receipt. Raises RecoveryCodeMistyped."""
    try:
        typed = symbols.read(text, _SEED_SYMBOLS + _CHECK_SYMBOLS)
    except ValueError:
        raise RecoveryCodeMistyped from None
    number = symbols.decode(typed[:_SEED_SYMBOLS])
    seed = (number >> _SPARE_BITS).to_bytes(SEED_SIZE, "big")
    if number % (1 << _SPARE_BITS) or typed[_SEED_SYMBOLS:] != _checksum(seed):
        raise RecoveryCodeMistyped
    return seed


def _grant(desk_seed: bytes, public: bytes, label: Label) -> bytes:
    if len(desk_seed) != SEED_SIZE:
        raise ValueError("a seed has 32 bytes")
    return seal(desk_seed, public, label)


def _open(blob: bytes, seed: bytes, label: Label) -> bytes:
    desk_seed = open_sealed(blob, seed, label)
    if len(desk_seed) != SEED_SIZE:
        raise Damaged
    return desk_seed


def _checksum(seed: bytes) -> str:
    """Twenty bits of a hash. They tell at most one part in a million of 256 bits to who sees them alone."""
    digest = hashlib.sha256(join_fields(b"tipline/v1/recovery-code", seed)).digest()
    return symbols.encode(int.from_bytes(digest, "big") >> (256 - _CHECK_BITS), _CHECK_SYMBOLS)
