"""Passkeys: what a browser is asked for and what its answer is worth (WebAuthn, level 3, by the library ``webauthn``).

A passkey signs a challenge that was made for this one moment, this address and nobody else, after the person was
verified by a finger, a face or a PIN. Its PRF output never comes here: the browser derives a secret from it, which
locks an account's seed as a password does (``passwords.lock_seed``).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tipline.errors import PasskeyRefused

CHALLENGE_SIZE = 32
LONGEST_ANSWER = 16384  # characters; an answer without attestation has about a thousand
LONGEST_ID = 1023  # bytes of a credential's id (WebAuthn, section 4)
TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Site:
    """Where the browser was when it asked: ``rp_id`` is the host alone, ``origin`` the scheme, host and port."""

    rp_id: str
    origin: str


@dataclass(frozen=True)
class NewPasskey:
    """A passkey that has just been made, as it is kept."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Answer:
    """A passkey's answer, read but not yet checked. ``user`` is whom the authenticator says it belongs to."""

    credential_id: bytes
    user: bytes | None
    raw: str = field(repr=False)


def new_challenge() -> bytes:
    """A fresh challenge of 32 random bytes."""
    return secrets.token_bytes(CHALLENGE_SIZE)


def creation_options(
    site: Site, challenge: bytes, *, service: str, user: bytes, name: str, shown: str, known: Sequence[bytes]
) -> dict[str, Any]:
    """What the browser is asked to make: a passkey that it finds by itself and that verifies its person.

    An authenticator that holds one of the ``known`` makes no second one.
    """
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=service,
        user_id=user,
        user_name=name,
        user_display_name=shown,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def request_options(site: Site, challenge: bytes) -> dict[str, Any]:
    """What the browser is asked to sign. It names no passkey, so it is the same for every name that is typed."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def check_new(raw: str, challenge: bytes, site: Site) -> NewPasskey:
    """The passkey in a browser's answer. Raises PasskeyRefused unless it was made for this challenge and this site."""
    _check_size(raw)
    try:
        made = webauthn.verify_registration_response(
            credential=raw,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    if not 0 < len(made.credential_id) <= LONGEST_ID:
        raise PasskeyRefused
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def read_answer(raw: str) -> Answer:
    """Which passkey a browser's answer says it comes from. Nothing of it is true yet. Raises PasskeyRefused."""
    _check_size(raw)
    try:
        parsed = parse_authentication_credential_json(raw)
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    return Answer(parsed.raw_id, parsed.response.user_handle, raw)


def check_answer(answer: Answer, challenge: bytes, site: Site, *, public_key: bytes, sign_count: int) -> int:
    """The passkey's new count of signatures.

    Raises PasskeyRefused unless this passkey signed this challenge, at this site, for a person it had verified, and
    its count has gone on: one that has not may be a copy.
    """
    try:
        checked = webauthn.verify_authentication_response(
            credential=answer.raw,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyRefused from None
    return checked.new_sign_count


def _check_size(raw: str) -> None:
    if len(raw) > LONGEST_ANSWER:
        raise PasskeyRefused
