"""Encryption of files of any size in bounded memory: the STREAM construction.

Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance",
2015. Each chunk's nonce holds its number and whether it is the last one, so that cutting, reordering, repeating or
appending chunks makes decryption fail.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tipline.crypto.envelope import SALT_SIZE, TAG_SIZE, expand
from tipline.crypto.fields import join_fields
from tipline.crypto.keys import KEY_SIZE, SUITE, VERSION
from tipline.errors import Damaged

CHUNK_SIZE = 256 * 1024
SEALED_CHUNK_SIZE = CHUNK_SIZE + TAG_SIZE
HEADER_SIZE = 2 + 4 + SALT_SIZE
_PREFIX_SIZE = 7
_MOST_CHUNKS = 1 << 32

_HEADER_START = bytes((VERSION, SUITE)) + CHUNK_SIZE.to_bytes(4, "big")


class Reader(Protocol):
    """Anything with ``read``: a file, a pipe, a storage object."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, and none at the end."""


class _Chunks:
    """The cipher of one stream: its key, its nonces and its associated data.

    Key and nonce prefix come from the file's key and the salt of this stream. The salt is new for every stream, so
    the counter may start at zero each time.
    """

    def __init__(self, key: bytes, header: bytes, tip_id: str, part: str) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a key has 32 bytes")
        material = expand(
            key, salt=header[-SALT_SIZE:], info=join_fields(b"tipline/v1/stream"), size=KEY_SIZE + _PREFIX_SIZE
        )
        self._cipher = AESGCM(material[:KEY_SIZE])
        self._prefix = material[KEY_SIZE:]
        self._aad = join_fields(header, tip_id, part)
        self.number = 0

    def encrypt(self, chunk: bytes | bytearray | memoryview, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._next_nonce(last=last), chunk, self._aad)

    def decrypt(self, chunk: bytes | bytearray | memoryview, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._next_nonce(last=last), chunk, self._aad)
        except InvalidTag as refused:
            raise Damaged from refused

    def _next_nonce(self, *, last: bool) -> bytes:
        if self.number >= _MOST_CHUNKS:
            raise OverflowError("a stream has at most 2**32 chunks")
        nonce = self._prefix + self.number.to_bytes(4, "big") + bytes((last,))
        self.number += 1
        return nonce


class StreamEncryptor:
    """Encrypts one file as it arrives. Write ``header`` first, then what ``update`` and at last ``finish`` return.

    ``plain_size`` is the number of bytes taken so far. Raises ValueError when the key has not 32 bytes.
    """

    def __init__(self, key: bytes, *, tip_id: str, part: str) -> None:
        self.header = _HEADER_START + secrets.token_bytes(SALT_SIZE)
        self.plain_size = 0
        self._chunks = _Chunks(key, self.header, tip_id, part)
        self._digest = hashlib.sha256()
        self._held = bytearray(CHUNK_SIZE)
        self._count = 0
        self._finished = False

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take plain text; return the cipher text that is ready, often nothing. Raises ValueError after ``finish``."""
        if self._finished:
            raise ValueError("the stream is finished")
        rest = memoryview(data).cast("B")
        self._digest.update(rest)
        self.plain_size += len(rest)
        ready = []
        # A full chunk is held back until another byte comes: only then is it known not to be the last one.
        if self._count:
            rest = self._hold(rest)
            if rest:
                ready.append(self._chunks.encrypt(self._held, last=False))
                self._count = 0
        while len(rest) > CHUNK_SIZE:
            ready.append(self._chunks.encrypt(rest[:CHUNK_SIZE], last=False))
            rest = rest[CHUNK_SIZE:]
        self._hold(rest)
        return b"".join(ready)

    def finish(self) -> bytes:
        """The last chunk; without it the stream does not decrypt. Raises ValueError the second time."""
        if self._finished:
            raise ValueError("the stream is finished")
        self._finished = True
        return self._chunks.encrypt(memoryview(self._held)[: self._count], last=True)

    def _hold(self, data: memoryview) -> memoryview:
        """Keep what fits into the chunk at hand and return the rest."""
        fitting = data[: CHUNK_SIZE - self._count]
        self._held[self._count : self._count + len(fitting)] = fitting
        self._count += len(fitting)
        return data[len(fitting) :]

    def sha256(self) -> bytes:
        """The SHA-256 digest of the plain text so far, 32 bytes."""
        return self._digest.digest()


def decrypt_stream(key: bytes, chunks: Iterable[bytes] | Reader, *, tip_id: str, part: str) -> Iterator[bytes]:
    """The plain text of a stream, chunk by chunk, in the memory of two chunks.

    ``chunks`` is anything that reads, or pieces of any size. Each chunk is checked before it is yielded, but only the
    end of the iteration says that the file is whole: Damaged is raised as soon as a chunk was changed, moved, left
    out or added, or belongs to another key, tip or part. Nothing is read before the first step.
    """
    pieces = _pieces(chunks)
    held = bytearray()
    _fill(held, pieces, HEADER_SIZE)
    header = bytes(held[:HEADER_SIZE])
    if len(header) < HEADER_SIZE or not header.startswith(_HEADER_START):
        raise Damaged
    del held[:HEADER_SIZE]
    cipher = _Chunks(key, header, tip_id, part)
    while _fill(held, pieces, SEALED_CHUNK_SIZE + 1):
        with memoryview(held) as view, view[:SEALED_CHUNK_SIZE] as sealed:
            plain = cipher.decrypt(sealed, last=False)
        del held[:SEALED_CHUNK_SIZE]
        yield plain
    plain = cipher.decrypt(held, last=True)
    # Only an empty file ends in an empty chunk: one form for each plain text, no other accepted.
    if not plain and cipher.number > 1:
        raise Damaged
    if plain:
        yield plain


def sealed_size(plain_size: int) -> int:
    """How many bytes the stream of a file of that size takes."""
    return HEADER_SIZE + plain_size + TAG_SIZE * max(1, -(-plain_size // CHUNK_SIZE))


def _pieces(chunks: Iterable[bytes] | Reader) -> Iterator[bytes]:
    if hasattr(chunks, "read"):
        return iter(lambda: chunks.read(SEALED_CHUNK_SIZE), b"")
    return iter(chunks)


def _fill(held: bytearray, pieces: Iterator[bytes], size: int) -> bool:
    """Add pieces until at least ``size`` bytes are held; False when they end before."""
    while len(held) < size:
        piece = next(pieces, None)
        if piece is None:
            return False
        held += piece
    return True
