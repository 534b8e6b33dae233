"""tipline's suite against the vectors that its specifications publish."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tests.crypto import reference
from tipline.crypto import keys, opening
from tipline.errors import Damaged

VECTORS = Path(__file__).parent / "vectors"
XWING_KEM_ID = 0x647A
XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")


def load(name: str) -> dict[str, bytes]:
    read = json.loads((VECTORS / name).read_text())
    return {key: bytes.fromhex(value) for key, value in read.items() if key != "source"}


def test_a_seed_expands_to_the_published_public_key():
    vector = load("xwing.json")
    assert opening.public_key(vector["seed"]) == vector["public"]


def test_the_seed_opens_the_published_encapsulation_with_the_published_primitives():
    vector = load("xwing.json")
    expanded = hashlib.shake_256(vector["seed"]).digest(96)
    inner, outer = vector["ciphertext"][:1088], vector["ciphertext"][1088:]
    post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(inner)
    private = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    classical = private.exchange(x25519.X25519PublicKey.from_public_bytes(outer))
    combined = hashlib.sha3_256(post_quantum + classical + outer + vector["public"][1184:] + XWING_LABEL).digest()
    assert combined == vector["shared_secret"]


def sealed_by_hand(vector: dict[str, bytes], label: keys.Label, plaintext: bytes) -> bytes:
    """A sealed blob made of the published encapsulation by the RFC's key schedule, without tipline or its library."""
    header = bytes((1, 1)) + hashlib.sha256(vector["public"]).digest()[:8]
    info = reference.fields(label.info(), header)
    key, nonce = reference.hpke_key_schedule(
        vector["shared_secret"], info, kem_id=XWING_KEM_ID, kdf_id=1, aead_id=2, key_size=32
    )
    return header + vector["ciphertext"] + AESGCM(key).encrypt(nonce, plaintext, b"")


def test_tipline_opens_what_the_published_encapsulation_and_the_rfc_make():
    vector = load("xwing.json")
    label = keys.Label(keys.Purpose.TIP_CONTENT, "desk-1", 3, "tip-1")
    blob = sealed_by_hand(vector, label, b"a key of the tip")
    assert opening.open_sealed(blob, vector["seed"], label) == b"a key of the tip"
    with pytest.raises(Damaged):
        opening.open_sealed(blob, vector["seed"], keys.Label(keys.Purpose.TIP_CONTENT, "desk-1", 4, "tip-1"))


def test_the_key_schedule_of_the_tests_is_the_one_of_the_rfc():
    vector = load("rfc9180.json")
    key, nonce = reference.hpke_key_schedule(
        vector["shared_secret"], vector["info"], kem_id=0x20, kdf_id=1, aead_id=1, key_size=16
    )
    assert (key, nonce) == (vector["key"], vector["base_nonce"])
    assert AESGCM(key).encrypt(nonce, vector["plaintext"], vector["aad"]) == vector["ciphertext"]


def test_the_library_opens_the_message_of_the_rfc():
    vector = load("rfc9180.json")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    private = x25519.X25519PrivateKey.from_private_bytes(vector["private"])
    message = vector["enc"] + vector["ciphertext"]
    opened = openssl.hpke._decrypt_with_aad(suite, message, private, info=vector["info"], aad=vector["aad"])
    assert opened == vector["plaintext"]


def test_hkdf_of_the_tests_is_the_one_of_its_rfc():
    # RFC 5869, appendix A.1
    out = reference.hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert out.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
