"""Public keys, key sizes and the labels that bind every seal to its purpose. Nothing here can open anything."""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite

from tipline.crypto.fields import join_fields
from tipline.errors import Damaged

KEY_SIZE = 32
PUBLIC_KEY_SIZE = 1216
MLKEM_PUBLIC_SIZE = 1184
KEY_ID_SIZE = 8

VERSION = 1
SUITE = 1

HEADER_SIZE = 2 + KEY_ID_SIZE
WORD_COUNT = 6
WORD_LIST_SIZE = 2048
_WORD_BITS = 11

# Suite 1. The hybrid holds as long as either of ML-KEM-768 and X25519 holds
# (draft-connolly-cfrg-xwing-kem; HPKE is RFC 9180).
HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

PublicKey = NewType("PublicKey", bytes)


class Purpose(StrEnum):
    """What a seal is for. A seal made for one purpose does not open for another."""

    TIP_CONTENT = "tip-content"
    TIP_IDENTITY = "tip-identity"
    TIP_MAILBOX = "tip-mailbox"
    GRANT_CONTENT = "grant-content"
    GRANT_IDENTITY = "grant-identity"
    RECOVERY_CONTENT = "recovery-content"
    RECOVERY_IDENTITY = "recovery-identity"
    ACCOUNT_TOTP = "account-totp"
    DESK_TEXT = "desk-text"
    PROPOSAL = "proposal"
    IDENTITY_TEXT = "identity-text"
    ADDITION = "addition"


@dataclass(frozen=True)
class Label:
    """Where sealed bytes belong: the purpose, the desk, its key epoch and the one thing they are about.

    ``desk`` is the desk's id, or empty for what belongs to an account; ``subject`` is an inner id, never a text.
    """

    purpose: Purpose
    desk: str
    epoch: int
    subject: str

    def info(self) -> bytes:
        """The label as HPKE ``info`` (RFC 9180, section 5.1): the same bytes only for the same label."""
        return join_fields(b"tipline/v1", bytes((SUITE,)), self.purpose.value, self.desk, self.epoch, self.subject)


def new_key() -> bytes:
    """A fresh random symmetric key of 32 bytes."""
    return secrets.token_bytes(KEY_SIZE)


@functools.lru_cache(maxsize=64)  # public keys of desks and people: nothing secret is kept
def load_public(public: bytes) -> MLKEM768X25519PublicKey:
    """The library's form of a public key: ML-KEM-768, then X25519. Raises Damaged when it is none."""
    if len(public) != PUBLIC_KEY_SIZE:
        raise Damaged
    try:
        return MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_SIZE]),
            x25519.X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_SIZE:]),
        )
    except ValueError as refused:
        raise Damaged from refused


def check_public_key(raw: bytes) -> PublicKey:
    """The bytes as a public key that can be sealed to, tried by sealing. Raises Damaged otherwise."""
    key = load_public(raw)
    try:
        HPKE.encrypt(b"\0", key, info=b"tipline/v1/trial")
    except ValueError as refused:
        raise Damaged from refused
    return PublicKey(bytes(raw))


def key_id(public: bytes) -> bytes:
    """Eight bytes that tell keys apart. Not a proof of anything: the whole key is bound by the KEM itself."""
    return hashlib.sha256(public).digest()[:KEY_ID_SIZE]


def fingerprint(public: bytes) -> str:
    """The SHA-256 of a public key as sixteen groups of four, for reading aloud."""
    return group_digest(hashlib.sha256(public).hexdigest())


def desk_fingerprint(content: bytes, identity: bytes) -> str:
    """The SHA-256 of a desk's two public keys, 64 hexadecimal digits: what pins them."""
    return hashlib.sha256(join_fields(b"tipline/v1/desk-keys", content, identity)).hexdigest()


def group_digest(digest: str) -> str:
    """A hexadecimal digest in lower-case groups of four."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def key_words(public: bytes, words: Sequence[str]) -> tuple[str, ...]:
    """Six words that a colleague reads out to confirm a key: 66 bits of its hash, from a list of 2,048.

    Somebody who wants a second key with the same words must make about 2**66 key pairs, each of them an ML-KEM key
    generation. Raises ValueError for a list of another length, because all sides must use the same one.
    """
    if len(words) != WORD_LIST_SIZE:
        raise ValueError("the word list has 2,048 words")
    number = int.from_bytes(hashlib.sha256(join_fields(b"tipline/v1/key-words", public)).digest(), "big")
    return tuple(words[(number >> (_WORD_BITS * place)) % WORD_LIST_SIZE] for place in range(WORD_COUNT))


def sealed_header(public: bytes) -> bytes:
    """The first ten bytes of everything sealed to this key: version, suite, key id."""
    return bytes((VERSION, SUITE)) + key_id(public)


def sealed_info(label: Label, header: bytes) -> bytes:
    """What HPKE binds: the label and the clear header, so that neither can be exchanged."""
    return join_fields(label.info(), header)
