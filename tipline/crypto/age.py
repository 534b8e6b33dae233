"""Encryption to authorities with age (age-encryption.org/v1), which opens with stock tools and without tipline.

age's X25519 recipients are not post-quantum. The threat model says so; what the desk itself reads back is sealed with
the hybrid suite instead.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import BinaryIO

import pyrage

from tipline.crypto.keys import group_digest
from tipline.errors import Damaged, KeyRefused, NotForThisKey

AGE_X25519 = "age-x25519"

_LONGEST = 200


def check_recipient(text: str) -> str:
    """The recipient as age writes it, if it is an X25519 one that can be encrypted to: tried by doing it.

    Raises KeyRefused for anything else, also for keys that are well-formed and worthless, such as the all-zero one.
    """
    typed = text.strip()
    if len(typed) > _LONGEST or not typed.isascii():
        raise KeyRefused
    try:
        recipient = pyrage.x25519.Recipient.from_str(typed.lower() if typed.isupper() else typed)
        pyrage.encrypt(b"trial", [recipient])
    except (pyrage.RecipientError, pyrage.EncryptError, ValueError):
        raise KeyRefused from None
    except BaseException as refused:
        # The library panics on a point of small order, with an error that is no Exception.
        if not _is_panic(refused):
            raise
        raise KeyRefused from None
    return str(recipient)


def fingerprint(recipient: str) -> str:
    """The SHA-256 of the recipient's text in groups of four, for reading aloud. Raises KeyRefused."""
    return group_digest(hashlib.sha256(check_recipient(recipient).encode("ascii")).hexdigest())


def encrypt_stream(reader: BinaryIO, writer: BinaryIO, recipients: Sequence[str]) -> None:
    """Encrypt everything from the reader to every recipient, in bounded memory.

    Raises KeyRefused for no recipient or one that ``check_recipient`` refuses, before a byte is written; what the
    reader or the writer raises comes through, and then what was written is worthless and must be deleted.
    """
    if not recipients:
        raise KeyRefused
    keys = [pyrage.x25519.Recipient.from_str(check_recipient(recipient)) for recipient in recipients]
    source, target = _Watched(reader), _Watched(writer)
    try:
        pyrage.encrypt_io(source, target, keys)
    except (pyrage.EncryptError, OSError):
        _raise_first(source, target)
        raise


def decrypt_stream(reader: BinaryIO, writer: BinaryIO, identity: str) -> None:
    """Decrypt an age file in bounded memory. What was written counts only when this returns.

    Raises KeyRefused for text that is no identity, NotForThisKey when the file is for others, Damaged when it was
    changed or cut; what the reader or the writer raises comes through.
    """
    try:
        key = pyrage.x25519.Identity.from_str(identity.strip())
    except pyrage.IdentityError:
        raise KeyRefused from None
    source, target = _Watched(reader), _Watched(writer)
    try:
        pyrage.decrypt_io(source, target, [key])
    except (pyrage.DecryptError, OSError) as refused:
        _raise_first(source, target)
        if "No matching keys" in str(refused):
            raise NotForThisKey from None
        raise Damaged from None


def decrypt(sealed: bytes, identity: str) -> bytes:
    """The plain text of a small age file. Raises as ``decrypt_stream`` does."""
    plain = io.BytesIO()
    decrypt_stream(io.BytesIO(sealed), plain, identity)
    return plain.getvalue()


def new_identity() -> tuple[str, str]:
    """A fresh age identity (secret) and its recipient (public), both as age writes them."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


class _Watched:
    """A stream that remembers its own failure: the library turns it into one of its own errors.

    So a full disk stays OSError, and only what the library itself finds wrong is called damaged.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as failure:
            self.failure = failure
            raise

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except Exception as failure:
            self.failure = failure
            raise

    def flush(self) -> None:
        self._stream.flush()


def _raise_first(*streams: _Watched) -> None:
    for stream in streams:
        if stream.failure is not None:
            raise stream.failure from None


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"
