"""Passwords, one-time codes and signed-in sessions: how an account's private seed is locked and unlocked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tipline.crypto import symbols
from tipline.crypto.envelope import TAG_SIZE, derive_key, expand, unwrap_key, wrap_key
from tipline.crypto.fields import join_fields
from tipline.crypto.keys import SUITE
from tipline.errors import Damaged, WrongPassword

# A lock of this version belongs to an account that remembers its desks (SECURITY 10): nobody without the password can
# make one of the former version, so a memory that is missing beside it was taken away.
LOCK_VERSION = 2
FORMER_LOCK_VERSION = 1
ARGON_SALT_SIZE = 16
LOCK_HEADER_SIZE = 2 + 4 + 1 + 1 + ARGON_SALT_SIZE
CODE_SYMBOLS = 12
CODE_GROUP = 4
PASSWORD_WORDS = 6

# What a blob may ask for. It is read from the database, and whoever can write there shall not stop the service.
_MOST_MEMORY_KIB = 1 << 20
_MOST_ITERATIONS = 16
_MOST_LANES = 16

# The key is made with a salt of 128 random bits drawn for this one lock, so it encrypts one message only.
_ONLY_NONCE = bytes(12)


@dataclass(frozen=True)
class Cost:
    """What one try of a password costs (Argon2id, RFC 9106)."""

    memory_kib: int = 65536
    iterations: int = 3
    lanes: int = 1


def lock_seed(seed: bytes, password: str, pepper: bytes, account_id: str, cost: Cost) -> bytes:
    """Encrypt an account's seed under its password, so that unlocking is the password check.

    The pepper is a secret kept outside the database: without it a stolen database cannot be tried at all.
    Raises ValueError for an empty seed or pepper and for a cost out of bounds.
    """
    if not seed or not pepper:
        raise ValueError("nothing to lock, or no pepper")
    _check_cost(cost)
    header = (
        bytes((LOCK_VERSION, SUITE))
        + cost.memory_kib.to_bytes(4, "big")
        + bytes((cost.iterations, cost.lanes))
        + secrets.token_bytes(ARGON_SALT_SIZE)
    )
    cipher = _password_cipher(header, cost, password, pepper, account_id)
    return header + cipher.encrypt(_ONLY_NONCE, seed, join_fields(header, account_id))


def unlock_seed(blob: bytes, password: str, pepper: bytes, account_id: str) -> bytes:
    """The seed behind a password. Raises WrongPassword, or Damaged when the blob is no lock at all."""
    known = {bytes((version, SUITE)) for version in (LOCK_VERSION, FORMER_LOCK_VERSION)}
    if len(blob) <= LOCK_HEADER_SIZE + TAG_SIZE or bytes(blob[:2]) not in known:
        raise Damaged
    header = bytes(blob[:LOCK_HEADER_SIZE])
    cost = Cost(int.from_bytes(header[2:6], "big"), header[6], header[7])
    try:
        _check_cost(cost)
    except ValueError as refused:
        raise Damaged from refused
    cipher = _password_cipher(header, cost, password, pepper, account_id)
    try:
        return cipher.decrypt(_ONLY_NONCE, blob[LOCK_HEADER_SIZE:], join_fields(header, account_id))
    except InvalidTag:
        raise WrongPassword from None


def is_former_lock(blob: bytes) -> bool:
    """Whether a lock was made before accounts remembered their desks."""
    return blob[:1] == bytes((FORMER_LOCK_VERSION,))


def propose_password(words: Sequence[str]) -> str:
    """Six random words with dashes between: 66 bits from a list of 2,048. Raises ValueError for a shorter list."""
    if len(words) < 2048:
        raise ValueError("the word list is too short")
    return "-".join(secrets.choice(words) for _ in range(PASSWORD_WORDS))


def new_one_time_code() -> str:
    """A fresh code of 60 bits to hand over by voice or paper, such as ``K7QM-93XD-2R5T``."""
    return symbols.group(symbols.draw(CODE_SYMBOLS), CODE_GROUP)


def hash_one_time_code(code: str, pepper: bytes) -> str:
    """What is stored of a one-time code, 64 hexadecimal digits: HMAC-SHA256 under the pepper.

    The code is read as forgivingly as a receipt. What is no code at all also gets a hash, one that no code has, so
    that a wrong code and an impossible one fail in the same way. Raises ValueError without a pepper.
    """
    if not pepper:
        raise ValueError("no pepper")
    try:
        message = join_fields(b"tipline/v1/one-time-code", symbols.read(code, CODE_SYMBOLS))
    except ValueError:
        message = join_fields(b"tipline/v1/not-a-code", code.encode("utf-8", "surrogatepass"))
    return hmac.new(pepper, message, hashlib.sha256).hexdigest()


def seal_session(seed: bytes, cookie_secret: bytes, session_id: str) -> bytes:
    """Encrypt the seed of a signed-in person under a secret that only their cookie holds.

    Raises ValueError when the cookie's secret has fewer than 12 bytes.
    """
    return wrap_key(derive_key(cookie_secret, purpose="session"), seed, context=f"session/{session_id}")


def open_session(blob: bytes, cookie_secret: bytes, session_id: str) -> bytes:
    """The seed of a session. Raises Damaged when the cookie's secret or the session is another."""
    return unwrap_key(derive_key(cookie_secret, purpose="session"), blob, context=f"session/{session_id}")


def _password_cipher(header: bytes, cost: Cost, password: str, pepper: bytes, account_id: str) -> AESGCM:
    """Argon2id makes each guess slow, HKDF mixes in the pepper and binds the result to account and cost."""
    # The same password typed on two keyboards can be different code points (NFKC, RFC 8265).
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    slow = Argon2id(
        salt=header[-ARGON_SALT_SIZE:],
        length=32,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    ).derive(typed)
    return AESGCM(expand(slow, salt=pepper, info=join_fields(b"tipline/v1/password", header, account_id)))


def _check_cost(cost: Cost) -> None:
    if not 1 <= cost.lanes <= _MOST_LANES or not 1 <= cost.iterations <= _MOST_ITERATIONS:
        raise ValueError("cost out of bounds")
    if not 8 * cost.lanes <= cost.memory_kib <= _MOST_MEMORY_KIB:
        raise ValueError("cost out of bounds")
