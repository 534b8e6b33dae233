"""Records, wrapped keys and padding."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from tests.crypto import reference
from tipline.crypto import envelope, padding
from tipline.errors import Damaged

KEY = bytes(range(32))
names = st.text(max_size=30)


@given(st.binary(max_size=9000), names, names, st.integers(1, 2**40), st.booleans())
def test_a_record_decrypts_as_what_it_is(plaintext: bytes, tip: str, part: str, version: int, padded: bool):
    blob = envelope.encrypt_record(KEY, plaintext, tip_id=tip, part=part, version=version, pad=padded)
    assert envelope.decrypt_record(KEY, blob, tip_id=tip, part=part, version=version) == plaintext
    if padded:
        assert len(blob) == envelope.record_size(len(plaintext))


@given(names, names, names, names)
@example("ab", "c", "a", "bc")
def test_a_record_of_another_tip_or_part_stays_shut(tip: str, part: str, other_tip: str, other_part: str):
    blob = envelope.encrypt_record(KEY, b"words", tip_id=tip, part=part, pad=False)
    if (tip, part) != (other_tip, other_part):
        with pytest.raises(Damaged):
            envelope.decrypt_record(KEY, blob, tip_id=other_tip, part=other_part)


def test_swapped_records_stay_shut():
    first = envelope.encrypt_record(KEY, b"one", tip_id="tip-1", part="answers")
    second = envelope.encrypt_record(KEY, b"two", tip_id="tip-2", part="answers")
    for blob, tip in ((first, "tip-2"), (second, "tip-1")):
        with pytest.raises(Damaged):
            envelope.decrypt_record(KEY, blob, tip_id=tip, part="answers")


@given(st.integers(1, 99), st.integers(1, 99))
def test_an_older_version_cannot_be_put_back(written: int, asked: int):
    blob = envelope.encrypt_record(KEY, b"words", tip_id="tip-1", part="answers", version=written, pad=False)
    if written != asked:
        with pytest.raises(Damaged):
            envelope.decrypt_record(KEY, blob, tip_id="tip-1", part="answers", version=asked)


@given(st.data())
def test_a_changed_or_cut_record_stays_shut(data: st.DataObject):
    blob = envelope.encrypt_record(KEY, b"words", tip_id="t", part="p", pad=data.draw(st.booleans()))
    place = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    for bad in (bytes(changed), blob[:place], blob + b"\0"):
        with pytest.raises(Damaged):
            envelope.decrypt_record(KEY, bad, tip_id="t", part="p")


def test_a_record_is_laid_out_as_documented():
    blob = envelope.encrypt_record(KEY, b"words", tip_id="tip-1", part="answers", version=7, pad=False)
    header, salt = blob[:35], blob[3:35]
    assert header[:3] == b"\1\1\0"
    subkey = reference.hkdf(KEY, salt, b"tipline/v1/record")
    aad = reference.fields(header, b"tip-1", b"answers", (7).to_bytes(8, "big"))
    assert AESGCM(subkey).decrypt(bytes(12), blob[35:], aad) == b"words"


def test_every_write_has_its_own_salt():
    blobs = [envelope.encrypt_record(KEY, b"words", tip_id="t", part="p", pad=False) for _ in range(50)]
    assert len({blob[3:35] for blob in blobs}) == 50


@given(st.binary(min_size=1, max_size=200), st.text(max_size=30), st.text(max_size=30))
def test_a_wrapped_key_comes_out_in_its_context_only(secret: bytes, context: str, other: str):
    blob = envelope.wrap_key(KEY, secret, context=context)
    assert envelope.unwrap_key(KEY, blob, context=context) == secret
    if context != other:
        with pytest.raises(Damaged):
            envelope.unwrap_key(KEY, blob, context=other)
    with pytest.raises(Damaged):
        envelope.unwrap_key(bytes(32), blob, context=context)
    with pytest.raises(Damaged):
        envelope.unwrap_key(KEY, blob[:-1], context=context)


def test_a_wrap_is_no_record_and_a_record_no_wrap():
    wrap = envelope.wrap_key(KEY, b"secret", context="c")
    with pytest.raises(Damaged):
        envelope.decrypt_record(KEY, wrap, tip_id="c", part="")
    record = envelope.encrypt_record(KEY, b"secret", tip_id="c", part="", pad=False)
    with pytest.raises(Damaged):
        envelope.unwrap_key(KEY, record, context="c")


def test_a_key_of_another_length_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="32 bytes"):
        envelope.encrypt_record(b"short", b"words", tip_id="t", part="p")
    with pytest.raises(ValueError, match="nothing"):
        envelope.wrap_key(KEY, b"", context="c")
    with pytest.raises(ValueError, match="too short"):
        envelope.derive_key(b"short", purpose="p")


def test_derived_keys_differ_by_purpose():
    secret = bytes(32)
    assert envelope.derive_key(secret, purpose="a") == envelope.derive_key(secret, purpose="a")
    assert envelope.derive_key(secret, purpose="a") != envelope.derive_key(secret, purpose="b")
    documented = reference.hkdf(secret, b"", reference.fields(b"tipline/v1/derive", b"a"))
    assert envelope.derive_key(secret, purpose="a") == documented


@given(st.binary(max_size=20000))
def test_padding_comes_off_again(plaintext: bytes):
    padded = padding.pad(plaintext)
    assert len(padded) == padding.padded_size(len(plaintext))
    assert padding.unpad(padded) == plaintext


@given(st.integers(0, 2**40))
def test_padded_sizes_are_at_least_four_kibibytes_and_at_most_an_eighth_more(size: int):
    padded = padding.padded_size(size)
    assert padded >= max(4096, size + 8)
    assert padded == 4096 or padded <= (size + 8) * 1.125
    assert padding.padded_size(size + 1) >= padded
    mantissa = padded >> (padded.bit_length() - 1 - (padded.bit_length() - 1).bit_length())
    assert mantissa << (padded.bit_length() - mantissa.bit_length()) == padded, "Padmé keeps few bits only"


def test_few_sizes_are_left_of_many():
    assert len({padding.padded_size(size) for size in range(4089)}) == 1
    assert len({padding.padded_size(size) for size in range(4089, 65536)}) < 80


@given(st.binary(max_size=5000))
def test_bytes_that_are_no_padding_are_refused(data: bytes):
    if len(data) < padding.SMALLEST:
        with pytest.raises(Damaged):
            padding.unpad(data)
