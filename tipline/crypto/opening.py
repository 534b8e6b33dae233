"""Opening what was sealed. The private half of a key pair is its 32-byte seed and lives in this module only.

The public door must never reach this module; the import contracts hold that.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from tipline.crypto import keys
from tipline.errors import Damaged, NotForThisKey

SEED_SIZE = 32
_MLKEM_SEED_SIZE = 64


def new_seed() -> bytes:
    """A fresh private seed of 32 bytes, from the system's random source."""
    return secrets.token_bytes(SEED_SIZE)


def public_key(seed: bytes) -> keys.PublicKey:
    """The public key of a seed, 1,216 bytes. Raises ValueError when the seed has not 32 bytes."""
    mlkem_key, x25519_key = _halves(seed)
    raw = mlkem_key.public_key().public_bytes_raw() + x25519_key.public_key().public_bytes_raw()
    return keys.PublicKey(raw)


def open_sealed(blob: bytes, seed: bytes, label: keys.Label) -> bytes:
    """The plain text of what was sealed to this seed's public key under this label.

    Raises NotForThisKey when it was sealed to another key, and Damaged when it was truncated, changed, sealed under
    another label or in a format that this version does not know.
    """
    return Opener(seed).open(blob, label)


class Opener:
    """Opens what was sealed to one seed. The seed is expanded once, which is most of the work of opening one blob."""

    def __init__(self, seed: bytes) -> None:
        mlkem_key, x25519_key = _halves(seed)
        public = mlkem_key.public_key().public_bytes_raw() + x25519_key.public_key().public_bytes_raw()
        self.public = keys.PublicKey(public)
        self._header = keys.sealed_header(public)
        self._private = MLKEM768X25519PrivateKey(mlkem_key, x25519_key)

    def open(self, blob: bytes, label: keys.Label) -> bytes:
        """As ``open_sealed``."""
        header = bytes(blob[: keys.HEADER_SIZE])
        if len(header) < keys.HEADER_SIZE or header[:2] != bytes((keys.VERSION, keys.SUITE)):
            raise Damaged
        if header != self._header:
            raise NotForThisKey
        try:
            plaintext = keys.HPKE.decrypt(blob[keys.HEADER_SIZE :], self._private, info=keys.sealed_info(label, header))
        except (InvalidTag, ValueError) as refused:
            raise Damaged from refused
        # seal() never makes an empty one, so an empty one is not from us.
        if not plaintext:
            raise Damaged
        return plaintext


def _halves(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    """The two private keys that a seed expands to (X-Wing, section 5.2: SHAKE-256, 64 + 32 bytes)."""
    if len(seed) != SEED_SIZE:
        raise ValueError("a seed has 32 bytes")
    expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED_SIZE + 32)
    return (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_SIZE]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_SIZE:]),
    )
