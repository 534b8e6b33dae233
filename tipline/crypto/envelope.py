"""Symmetric encryption of records and keys, each write under a subkey that is used once.

The construction: a fresh random salt of 32 bytes goes into the header; HKDF-SHA256 (RFC 5869) makes a subkey of the
key and the salt; AES-256-GCM encrypts under the subkey.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tipline.crypto import padding
from tipline.crypto.fields import join_fields
from tipline.crypto.keys import KEY_SIZE, SUITE, VERSION
from tipline.errors import Damaged

SALT_SIZE = 32
TAG_SIZE = 16
RECORD_HEADER_SIZE = 3 + SALT_SIZE
WRAP_HEADER_SIZE = 2 + SALT_SIZE

# A nonce must never come twice under one key. Here each key encrypts one message only: it is derived from a salt of
# 256 random bits that is drawn for this write, so the nonce may be constant. Two equal salts are not to be expected
# before 2**128 writes, where random 96-bit nonces under one key would end at 2**32.
_ONLY_NONCE = bytes(12)

_PLAIN = 0
_PADDED = 1


def encrypt_record(
    key: bytes, plaintext: bytes, *, tip_id: str, part: str, version: int = 1, pad: bool = True
) -> bytes:
    """Encrypt one part of a tip, padded, so that it decrypts only as that part and version of that tip.

    Raises ValueError when the key has not 32 bytes.
    """
    header = bytes((VERSION, SUITE, _PADDED if pad else _PLAIN)) + secrets.token_bytes(SALT_SIZE)
    aad = join_fields(header, tip_id, part, version)
    framed = padding.pad(plaintext) if pad else plaintext
    return header + _cipher(key, header[3:], b"tipline/v1/record").encrypt(_ONLY_NONCE, framed, aad)


def decrypt_record(key: bytes, blob: bytes, *, tip_id: str, part: str, version: int = 1) -> bytes:
    """The plain text of a record. Raises Damaged for a wrong key, tip, part or version and for changed bytes."""
    if len(blob) < RECORD_HEADER_SIZE + TAG_SIZE or blob[:2] != bytes((VERSION, SUITE)):
        raise Damaged
    header = bytes(blob[:RECORD_HEADER_SIZE])
    cipher = _cipher(key, header[3:], b"tipline/v1/record")
    try:
        framed = cipher.decrypt(_ONLY_NONCE, blob[RECORD_HEADER_SIZE:], join_fields(header, tip_id, part, version))
    except InvalidTag as refused:
        raise Damaged from refused
    if header[2] == _PADDED:
        return padding.unpad(framed)
    if header[2] == _PLAIN:
        return framed
    raise Damaged


def record_size(size: int) -> int:
    """How many bytes a padded record of that many bytes of plain text takes."""
    return RECORD_HEADER_SIZE + padding.padded_size(size) + TAG_SIZE


def wrap_key(wrapping: bytes, key: bytes, *, context: str) -> bytes:
    """Encrypt a key, or another short secret, under a wrapping key, bound to the context that it is for.

    Raises ValueError when there is nothing to wrap or the wrapping key has not 32 bytes.
    """
    if not key:
        raise ValueError("nothing to wrap")
    header = bytes((VERSION, SUITE)) + secrets.token_bytes(SALT_SIZE)
    cipher = _cipher(wrapping, header[2:], b"tipline/v1/wrap")
    return header + cipher.encrypt(_ONLY_NONCE, key, join_fields(header, context))


def unwrap_key(wrapping: bytes, blob: bytes, *, context: str) -> bytes:
    """The key inside a wrap. Raises Damaged for a wrong wrapping key or context and for changed bytes."""
    if len(blob) <= WRAP_HEADER_SIZE + TAG_SIZE or blob[:2] != bytes((VERSION, SUITE)):
        raise Damaged
    header = bytes(blob[:WRAP_HEADER_SIZE])
    cipher = _cipher(wrapping, header[2:], b"tipline/v1/wrap")
    try:
        return cipher.decrypt(_ONLY_NONCE, blob[WRAP_HEADER_SIZE:], join_fields(header, context))
    except InvalidTag as refused:
        raise Damaged from refused


def derive_key(secret: bytes, *, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, made of a secret that is itself random: never of a password.

    Raises ValueError when the secret has fewer than 12 bytes, because then it cannot be random enough.
    """
    if len(secret) < 12:
        raise ValueError("too short for a secret")
    return expand(secret, salt=b"", info=join_fields(b"tipline/v1/derive", purpose))


def expand(secret: bytes, *, salt: bytes, info: bytes, size: int = KEY_SIZE) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def _cipher(key: bytes, salt: bytes, info: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise ValueError("a key has 32 bytes")
    return AESGCM(expand(key, salt=salt, info=info))
