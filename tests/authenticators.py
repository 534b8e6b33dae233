"""An authenticator for tests: makes a passkey and signs with it, as a browser would hand it over, right or wrong."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url as text

from tests.factories import write
from tipline.services import passkeys

DESK = passkeys.Site("desk.example.org", "https://desk.example.org")
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey. ``count`` is what it says of how often it has signed."""

    def __init__(self) -> None:
        self.id = secrets.token_bytes(16)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.count = 0
        self.user = ""

    def make(self, challenge: bytes, *, origin: str, host: str, verified: bool = True) -> str:
        """The answer to being asked for a new passkey."""
        point = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        about = self._about(host, verified=verified, flags=ATTESTED)
        about += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about})
        return self._answer(self._client("webauthn.create", challenge, origin), attestationObject=text(attestation))

    def sign(self, challenge: bytes, *, origin: str, host: str, verified: bool = True) -> str:
        """The answer to a challenge."""
        self.count += 1
        client = self._client("webauthn.get", challenge, origin)
        about = self._about(host, verified=verified)
        signature = self.key.sign(about + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        more = {"userHandle": text(self.user.encode())} if self.user else {}
        return self._answer(client, authenticatorData=text(about), signature=text(signature), **more)

    def _client(self, act: str, challenge: bytes, origin: str) -> bytes:
        return json.dumps({"type": act, "challenge": text(challenge), "origin": origin}).encode()

    def _about(self, host: str, *, verified: bool, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if verified else 0)
        return hashlib.sha256(host.encode()).digest() + bytes((flags,)) + self.count.to_bytes(4, "big")

    def _answer(self, client: bytes, **parts: str) -> str:
        response: dict[str, Any] = {"clientDataJSON": text(client), **parts}
        named = text(self.id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})


def add_passkey(
    person: Any, device: Authenticator, now: dt.datetime, label: str, secret: str = "", **wrong: Any
) -> str:
    """Add this device's passkey to an account, with something wrong in what the browser sent; its id."""
    challenge = passkeys.new_challenge()
    raw = device.make(challenge, origin=DESK.origin, host=DESK.rp_id)
    sent = dataclasses.replace(passkeys.Sent(raw, challenge, now, DESK), **wrong)
    locked = passkeys.lock(person, secret)
    write(lambda: passkeys.add_passkey(person, sent, label, locked, now))
    return locked.passkey_id
