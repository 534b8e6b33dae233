"""Streams: whole, in order, from this key, tip and part, or not at all."""

from __future__ import annotations

import hashlib
import io
import tracemalloc

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.crypto import reference
from tipline.crypto import streams
from tipline.errors import Damaged

KEY = bytes(range(32))
CHUNK = streams.CHUNK_SIZE
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 7]


def encrypt(plaintext: bytes, *, piece: int = 70_000) -> bytes:
    encryptor = streams.StreamEncryptor(KEY, tip_id="tip-1", part="attachment:1")
    out = [encryptor.header]
    out += [encryptor.update(plaintext[at : at + piece]) for at in range(0, len(plaintext), piece)]
    return b"".join([*out, encryptor.finish()])


def decrypt(blob: bytes, *, key: bytes = KEY, tip: str = "tip-1", part: str = "attachment:1") -> bytes:
    return b"".join(streams.decrypt_stream(key, io.BytesIO(blob), tip_id=tip, part=part))


def content(size: int) -> bytes:
    return hashlib.shake_128(b"content").digest(size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [4096 + 1, CHUNK, 5 * CHUNK])
def test_a_stream_decrypts_whatever_pieces_it_came_in(size: int, piece: int):
    blob = encrypt(content(size), piece=piece)
    assert len(blob) == streams.sealed_size(size)
    assert decrypt(blob) == content(size)


@given(st.lists(st.integers(0, CHUNK + 2), max_size=6), st.integers(1, CHUNK * 2))
def test_pieces_of_any_size_go_in_and_out(sizes: list[int], out_piece: int):
    encryptor = streams.StreamEncryptor(KEY, tip_id="t", part="p")
    whole = content(sum(sizes))
    out, at = [encryptor.header], 0
    for size in sizes:
        out.append(encryptor.update(memoryview(whole)[at : at + size]))
        at += size
    blob = b"".join([*out, encryptor.finish()])
    assert encryptor.plain_size == len(whole)
    assert encryptor.sha256() == hashlib.sha256(whole).digest()
    pieces = (blob[start : start + out_piece] for start in range(0, len(blob), out_piece))
    assert b"".join(streams.decrypt_stream(KEY, pieces, tip_id="t", part="p")) == whole


@given(st.sampled_from(SIZES[1:]), st.data())
def test_a_cut_or_a_flipped_bit_anywhere_is_noticed(size: int, data: st.DataObject):
    blob = encrypt(content(size))
    place = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    for bad in (bytes(changed), blob[:place], blob + b"\0"):
        with pytest.raises(Damaged):
            decrypt(bad)


def sealed_chunks(blob: bytes) -> tuple[bytes, list[bytes]]:
    body = blob[streams.HEADER_SIZE :]
    step = streams.SEALED_CHUNK_SIZE
    return blob[: streams.HEADER_SIZE], [body[at : at + step] for at in range(0, len(body), step)]


def test_whole_chunks_left_out_moved_or_repeated_are_noticed():
    header, chunks = sealed_chunks(encrypt(content(4 * CHUNK)))
    assert len(chunks) == 4
    first, second, third, last = chunks
    for order in (
        [first, second, third],
        [first, second, last],
        [second, first, third, last],
        [first, second, second, third, last],
        [first, second, third, last, last],
        [last],
        [],
    ):
        with pytest.raises(Damaged):
            decrypt(header + b"".join(order))
    assert decrypt(header + b"".join(chunks)) == content(4 * CHUNK)


def test_chunks_of_two_streams_do_not_mix():
    header, chunks = sealed_chunks(encrypt(content(2 * CHUNK)))
    _, others = sealed_chunks(encrypt(content(2 * CHUNK)))
    with pytest.raises(Damaged):
        decrypt(header + chunks[0] + others[1])
    with pytest.raises(Damaged):
        decrypt(header + others[0] + chunks[1])


def test_another_key_tip_or_part_does_not_decrypt():
    blob = encrypt(content(100))
    for wrong in ({"key": bytes(32)}, {"tip": "tip-2"}, {"part": "attachment:2"}):
        with pytest.raises(Damaged):
            decrypt(blob, **wrong)


def test_an_empty_last_chunk_after_a_full_one_is_refused():
    encryptor = streams.StreamEncryptor(KEY, tip_id="t", part="p")
    cipher = streams._Chunks(KEY, encryptor.header, "t", "p")
    forged = encryptor.header + cipher.encrypt(content(CHUNK), last=False) + cipher.encrypt(b"", last=True)
    with pytest.raises(Damaged):
        b"".join(streams.decrypt_stream(KEY, [forged], tip_id="t", part="p"))


def test_a_stream_is_laid_out_as_documented():
    blob = encrypt(content(CHUNK + 5))
    header = blob[:38]
    assert header[:6] == b"\1\1" + CHUNK.to_bytes(4, "big")
    material = reference.hkdf(KEY, header[6:], reference.fields(b"tipline/v1/stream"), 39)
    aad = reference.fields(header, b"tip-1", b"attachment:1")
    last = AESGCM(material[:32]).decrypt(material[32:] + b"\0\0\0\1\1", blob[38 + CHUNK + 16 :], aad)
    assert last == content(CHUNK + 5)[-5:]


def test_a_finished_stream_takes_no_more():
    encryptor = streams.StreamEncryptor(KEY, tip_id="t", part="p")
    encryptor.finish()
    with pytest.raises(ValueError, match="finished"):
        encryptor.update(b"more")
    with pytest.raises(ValueError, match="finished"):
        encryptor.finish()


def test_a_stream_has_an_end():
    cipher = streams._Chunks(KEY, streams.StreamEncryptor(KEY, tip_id="t", part="p").header, "t", "p")
    cipher.number = 2**32
    with pytest.raises(OverflowError):
        cipher.encrypt(b"", last=True)


def test_a_key_of_another_length_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="32 bytes"):
        streams.StreamEncryptor(b"short", tip_id="t", part="p")


def test_nothing_is_yielded_before_it_is_checked():
    blob = bytearray(encrypt(content(2 * CHUNK)))
    blob[-1] ^= 1
    plain = streams.decrypt_stream(KEY, [bytes(blob)], tip_id="tip-1", part="attachment:1")
    assert next(plain) == content(CHUNK)
    with pytest.raises(Damaged):
        next(plain)


def test_a_large_file_needs_the_memory_of_a_few_chunks():
    piece = content(CHUNK)
    tracemalloc.start()
    encryptor = streams.StreamEncryptor(KEY, tip_id="t", part="p")

    def sealed():
        yield encryptor.header
        for _ in range(64):
            yield encryptor.update(piece)
        yield encryptor.finish()

    total = sum(len(plain) for plain in streams.decrypt_stream(KEY, sealed(), tip_id="t", part="p"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 64 * CHUNK
    assert peak < 8 * CHUNK
