"""The published constructions once more, in the standard library alone, so that the tests do not ask tipline itself."""

from __future__ import annotations

import hashlib
import hmac


def hkdf_extract(salt: bytes, secret: bytes) -> bytes:
    """RFC 5869, section 2.2."""
    return hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()


def hkdf_expand(key: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, section 2.3."""
    out, block = b"", b""
    for counter in range(1, -(-size // 32) + 1):
        block = hmac.new(key, block + info + bytes((counter,)), hashlib.sha256).digest()
        out += block
    return out[:size]


def hkdf(secret: bytes, salt: bytes, info: bytes, size: int = 32) -> bytes:
    return hkdf_expand(hkdf_extract(salt, secret), info, size)


def hpke_key_schedule(
    shared: bytes, info: bytes, *, kem_id: int, kdf_id: int, aead_id: int, key_size: int
) -> tuple[bytes, bytes]:
    """Key and base nonce of HPKE base mode (RFC 9180, section 5.1)."""
    suite = b"HPKE" + kem_id.to_bytes(2, "big") + kdf_id.to_bytes(2, "big") + aead_id.to_bytes(2, "big")

    def extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
        return hkdf_extract(salt, b"HPKE-v1" + suite + label + secret)

    def expand(key: bytes, label: bytes, context: bytes, size: int) -> bytes:
        return hkdf_expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, size)

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, key_size), expand(secret, b"base_nonce", context, 12)


def fields(*values: bytes) -> bytes:
    """Length-prefixed fields as docs/CRYPTO.md describes them."""
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)
