"""Passwords: the unlock is the check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipline.crypto import opening, passwords
from tipline.errors import CannotOpen, Damaged, WrongPassword

PEPPER = b"p" * 32
CHEAP = passwords.Cost(memory_kib=64, iterations=1, lanes=1)
SEED = bytes(range(32))
WORDS = "six plain words"


def lock(password: str = WORDS) -> bytes:
    return passwords.lock_seed(SEED, password, PEPPER, "account-1", CHEAP)


def test_the_right_password_unlocks():
    assert passwords.unlock_seed(lock(), "six plain words", PEPPER, "account-1") == SEED


def test_a_password_is_the_same_on_every_keyboard():
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert passwords.unlock_seed(lock(composed), decomposed, PEPPER, "account-1") == SEED


@pytest.mark.parametrize(
    ("password", "pepper", "account"),
    [("other", PEPPER, "account-1"), ("six plain words", b"q" * 32, "account-1"), ("six plain words", PEPPER, "b")],
    ids=["password", "pepper", "account"],
)
def test_anything_wrong_is_a_wrong_password(password: str, pepper: bytes, account: str):
    with pytest.raises(WrongPassword):
        passwords.unlock_seed(lock(), password, pepper, account)


def test_every_flipped_bit_after_the_costs_is_a_wrong_password():
    blob = lock()
    for place in range(8, len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(WrongPassword):
            passwords.unlock_seed(bytes(changed), "six plain words", PEPPER, "account-1")


def test_a_blob_cannot_ask_for_all_the_memory():
    blob = lock()
    for start in (b"\1\1\xff\xff\xff\xff\1\1", b"\1\1\0\0\0\x40\xff\1", b"\1\1\0\0\0\x40\1\0", b"\3\1\0\0\0\x40\1\1"):
        with pytest.raises(Damaged):
            passwords.unlock_seed(start + blob[8:], "six plain words", PEPPER, "account-1")
    for short in (b"", blob[:24], blob[:40]):
        with pytest.raises(Damaged):
            passwords.unlock_seed(short, "six plain words", PEPPER, "account-1")


def test_the_cost_of_real_accounts_is_the_decided_one():
    cost = passwords.Cost()
    assert (cost.memory_kib, cost.iterations) >= (65536, 3)
    blob = passwords.lock_seed(SEED, "words", PEPPER, "a", cost)
    assert blob[:8] == b"\2\1" + (65536).to_bytes(4, "big") + b"\3\1"
    assert passwords.unlock_seed(blob, "words", PEPPER, "a") == SEED


def test_nothing_is_locked_without_a_pepper_or_at_no_cost():
    with pytest.raises(ValueError, match="pepper"):
        passwords.lock_seed(SEED, "words", b"", "a", CHEAP)
    with pytest.raises(ValueError, match="bounds"):
        passwords.lock_seed(SEED, "words", PEPPER, "a", passwords.Cost(memory_kib=64, iterations=0))


def test_a_proposed_password_is_six_words():
    words = (Path(__file__).parents[2] / "tipline/data/words.txt").read_text().split()
    proposed = passwords.propose_password(words)
    assert len(proposed.split("-")) == 6
    assert set(proposed.split("-")) <= set(words)
    assert proposed != passwords.propose_password(words)
    with pytest.raises(ValueError, match="short"):
        passwords.propose_password(words[:100])


def test_a_session_opens_with_its_cookie_only():
    seed, cookie = opening.new_seed(), bytes(range(32))
    blob = passwords.seal_session(seed, cookie, "session-1")
    assert passwords.open_session(blob, cookie, "session-1") == seed
    for secret, session in ((bytes(32), "session-1"), (cookie, "session-2")):
        with pytest.raises(CannotOpen):
            passwords.open_session(blob, secret, session)
