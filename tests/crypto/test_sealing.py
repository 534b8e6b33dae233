"""Sealing and opening: only the right key, under the right label, and only whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipline.crypto import keys, opening, sealing
from tipline.errors import CannotOpen, Damaged, NotForThisKey

SEED = bytes(range(32))
PUBLIC = opening.public_key(SEED)
LABEL = keys.Label(keys.Purpose.TIP_CONTENT, "desk-1", 1, "tip-1")

labels = st.builds(
    keys.Label, st.sampled_from(keys.Purpose), st.text(max_size=20), st.integers(0, 2**63), st.text(max_size=20)
)


@given(st.binary(min_size=1, max_size=3000), labels)
def test_what_is_sealed_opens_again(plaintext: bytes, label: keys.Label):
    blob = sealing.seal(plaintext, PUBLIC, label)
    assert len(blob) == len(plaintext) + sealing.OVERHEAD
    assert opening.open_sealed(blob, SEED, label) == plaintext


@given(labels, labels)
def test_another_label_does_not_open(one: keys.Label, other: keys.Label):
    blob = sealing.seal(b"key", PUBLIC, one)
    if one == other:
        assert opening.open_sealed(blob, SEED, other) == b"key"
    else:
        with pytest.raises(Damaged):
            opening.open_sealed(blob, SEED, other)


@given(labels, labels)
def test_two_labels_never_have_the_same_bytes(one: keys.Label, other: keys.Label):
    assert (one.info() == other.info()) == (one == other)


def test_text_cannot_move_from_one_field_of_a_label_to_the_next():
    one = keys.Label(keys.Purpose.ADDITION, "desk", 1, "tip")
    assert one.info() != keys.Label(keys.Purpose.ADDITION, "desk\0", 1, "tip").info()
    assert (
        keys.Label(keys.Purpose.ADDITION, "ab", 1, "c").info() != keys.Label(keys.Purpose.ADDITION, "a", 1, "bc").info()
    )


@given(st.data())
def test_a_flipped_bit_or_a_cut_anywhere_keeps_it_shut(data: st.DataObject):
    blob = sealing.seal(b"a key of thirty-two bytes, nearly", PUBLIC, LABEL)
    place = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    for bad in (bytes(changed), blob[:place], blob + b"\0"):
        with pytest.raises(CannotOpen):
            opening.open_sealed(bad, SEED, LABEL)


def test_another_key_is_told_apart_from_damage():
    blob = sealing.seal(b"key", PUBLIC, LABEL)
    with pytest.raises(NotForThisKey):
        opening.open_sealed(blob, opening.new_seed(), LABEL)


def test_an_exchanged_key_id_does_not_help():
    other = opening.new_seed()
    blob = sealing.seal(b"key", PUBLIC, LABEL)
    forged = keys.sealed_header(opening.public_key(other)) + blob[keys.HEADER_SIZE :]
    with pytest.raises(Damaged):
        opening.open_sealed(forged, other, LABEL)


def test_sealing_the_same_twice_gives_other_bytes():
    assert sealing.seal(b"key", PUBLIC, LABEL) != sealing.seal(b"key", PUBLIC, LABEL)


def test_nothing_is_not_sealed():
    with pytest.raises(ValueError, match="nothing"):
        sealing.seal(b"", PUBLIC, LABEL)


@pytest.mark.parametrize(
    "bad",
    [b"", PUBLIC[:-1], PUBLIC + b"\0", b"\xff" * keys.PUBLIC_KEY_SIZE, PUBLIC[: keys.MLKEM_PUBLIC_SIZE] + bytes(32)],
    ids=["empty", "short", "long", "no ML-KEM key", "X25519 of small order"],
)
def test_what_is_no_public_key_is_refused(bad: bytes):
    with pytest.raises(Damaged):
        keys.check_public_key(bad)
    with pytest.raises(Damaged):
        sealing.seal(b"key", bad, LABEL)


def test_a_seed_has_thirty_two_bytes():
    with pytest.raises(ValueError, match="32 bytes"):
        opening.public_key(b"short")
    assert len(opening.new_seed()) == opening.SEED_SIZE
    assert keys.check_public_key(PUBLIC) == PUBLIC


def test_fingerprint_and_words_say_which_key_it_is():
    words = (Path(__file__).parents[2] / "tipline/data/words.txt").read_text().split()
    other = opening.public_key(opening.new_seed())
    assert len(keys.fingerprint(PUBLIC).split()) == 16
    assert keys.fingerprint(PUBLIC) != keys.fingerprint(other)
    assert len(keys.key_words(PUBLIC, words)) == 6
    assert keys.key_words(PUBLIC, words) == keys.key_words(PUBLIC, words) != keys.key_words(other, words)
    with pytest.raises(ValueError, match="2,048"):
        keys.key_words(PUBLIC, words[:-1])


def test_the_word_list_can_be_read_out():
    words = (Path(__file__).parents[2] / "tipline/data/words.txt").read_text().split()
    assert len(words) == len({word[:4] for word in words}) == keys.WORD_LIST_SIZE
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in words)
    assert words == sorted(words)


def test_a_new_key_is_new():
    assert len(keys.new_key()) == keys.KEY_SIZE
    assert keys.new_key() != keys.new_key()
