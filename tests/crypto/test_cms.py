"""The narrow check of CMS signatures: it takes what we make, and nothing that differs from it by a bit."""

from __future__ import annotations

import datetime as dt

import pytest

from tipline.crypto import cms, signatures
from tipline.errors import Damaged, KeyRefused

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
DATA = b"a list\n"


@pytest.fixture(scope="module")
def seal() -> tuple[bytes, bytes]:
    return signatures.new_seal_certificate("Example Authority, Δοκιμή", NOW)


def test_our_own_signatures_are_taken(seal):
    for _ in range(20):  # lengths of ECDSA signatures differ
        cms.verify_detached(DATA, signatures.sign_detached(DATA, *seal), seal[1])


def test_every_flipped_bit_is_refused(seal):
    whole = signatures.sign_detached(DATA, *seal)
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << (place % 8)
        with pytest.raises(Damaged):
            cms.verify_detached(DATA, bytes(changed), seal[1])


def test_other_bytes_are_refused(seal):
    signature = signatures.sign_detached(DATA, *seal)
    for data in (b"", b"a list", b"A list\n"):
        with pytest.raises(Damaged):
            cms.verify_detached(data, signature, seal[1])


def test_another_certificate_is_refused(seal):
    signature = signatures.sign_detached(DATA, *seal)
    _key, other = signatures.new_seal_certificate("Example Authority, Δοκιμή", NOW)
    with pytest.raises(Damaged):
        cms.verify_detached(DATA, signature, other)


@pytest.mark.parametrize("wrong", [b"", b"\x30", b"\x00" * 800])
def test_what_is_no_signature_is_refused(seal, wrong):
    with pytest.raises(Damaged):
        cms.verify_detached(DATA, wrong, seal[1])


def test_a_cut_or_longer_signature_is_refused(seal):
    whole = signatures.sign_detached(DATA, *seal)
    for wrong in (whole[:-1], whole[1:], whole + b"\0", whole + whole):
        with pytest.raises(Damaged):
            cms.verify_detached(DATA, wrong, seal[1])


def test_what_is_no_certificate_is_refused(seal):
    with pytest.raises(KeyRefused):
        cms.verify_detached(DATA, signatures.sign_detached(DATA, *seal), b"no certificate")
