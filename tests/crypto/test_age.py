"""age: what goes to an authority opens with stock age, and worthless keys are refused on entry."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from tests.disclosure import need_tools
from tipline.crypto import age
from tipline.errors import Damaged, KeyRefused, NotForThisKey

ALL_ZERO = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"


def encrypt(plaintext: bytes, *recipients: str) -> bytes:
    sealed = io.BytesIO()
    age.encrypt_stream(io.BytesIO(plaintext), sealed, recipients)
    return sealed.getvalue()


@pytest.mark.parametrize("size", [0, 1, 65536, 200_001])
def test_every_recipient_opens_it(size: int):
    (one, first), (two, second) = age.new_identity(), age.new_identity()
    sealed = encrypt(b"x" * size, first, second)
    assert age.decrypt(sealed, one) == age.decrypt(sealed, two) == b"x" * size


def test_stock_age_opens_it(tmp_path: Path):
    need_tools("age")
    identity, recipient = age.new_identity()
    (tmp_path / "identity").write_text(identity + "\n")
    (tmp_path / "sealed").write_bytes(encrypt(b"a package", recipient))
    command = ["age", "--decrypt", "--identity", "identity", "sealed"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=30)
    assert done.stdout == b"a package"


def test_a_recipient_is_written_in_one_way():
    _, recipient = age.new_identity()
    for typed in (recipient, f"  {recipient}\n", recipient.upper()):
        assert age.check_recipient(typed) == recipient
        assert age.fingerprint(typed) == age.fingerprint(recipient)
    assert len(age.fingerprint(recipient).split()) == 16


@pytest.mark.parametrize(
    "text",
    [ALL_ZERO, ALL_ZERO.upper(), "", "age1", "ssh-ed25519 AAAA", "age1yubikey1qwerty", "é" * 62, "q" * 100_000],
    ids=["all-zero", "all-zero upper case", "empty", "short", "ssh", "plugin", "not ASCII", "long"],
)
def test_what_is_no_usable_recipient_is_refused(text: str):
    with pytest.raises(KeyRefused):
        age.check_recipient(text)
    with pytest.raises(KeyRefused):
        age.encrypt_stream(io.BytesIO(b"x"), io.BytesIO(), [text])


def test_one_wrong_letter_in_a_recipient_is_noticed():
    _, recipient = age.new_identity()
    for place in range(4, len(recipient)):
        wrong = "q" if recipient[place] != "q" else "p"
        with pytest.raises(KeyRefused):
            age.check_recipient(recipient[:place] + wrong + recipient[place + 1 :])


def test_an_identity_is_no_recipient_and_a_recipient_no_identity():
    identity, recipient = age.new_identity()
    with pytest.raises(KeyRefused):
        age.check_recipient(identity)
    with pytest.raises(KeyRefused):
        age.decrypt(encrypt(b"x", recipient), recipient)


def test_nothing_is_encrypted_to_nobody():
    with pytest.raises(KeyRefused):
        encrypt(b"x")


def test_the_wrong_identity_and_damage_are_told_apart():
    identity, recipient = age.new_identity()
    sealed = encrypt(b"x" * 100_000, recipient)
    with pytest.raises(NotForThisKey):
        age.decrypt(sealed, age.new_identity()[0])
    flipped = bytearray(sealed)
    flipped[-5000] ^= 1
    for bad in (sealed[:-1], sealed[:70_000], bytes(flipped), sealed + b"\0", sealed[:40], b""):
        with pytest.raises(Damaged):
            age.decrypt(bad, identity)


class Failing(io.RawIOBase):
    """A disk that is full, or a pipe whose other end has failed."""

    def read(self, _size: int = -1) -> bytes:
        raise OSError("the disk")

    def write(self, _data: object) -> int:
        raise OSError("the disk")


def test_a_failing_disk_is_not_called_damage():
    identity, recipient = age.new_identity()
    sealed = encrypt(b"x" * 100_000, recipient)
    with pytest.raises(OSError, match="the disk"):
        age.encrypt_stream(Failing(), io.BytesIO(), [recipient])
    with pytest.raises(OSError, match="the disk"):
        age.encrypt_stream(io.BytesIO(b"x" * 100_000), Failing(), [recipient])
    with pytest.raises(OSError, match="the disk"):
        age.decrypt_stream(io.BytesIO(sealed), Failing(), identity)
    with pytest.raises(OSError, match="the disk"):
        age.decrypt_stream(Failing(), io.BytesIO(), identity)
