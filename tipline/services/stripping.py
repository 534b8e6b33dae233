"""Takes hidden metadata out of JPEG, PNG and WebP by copying segments, in a process of its own (SECURITY 20).

The child process reads the file from its standard input and writes the clean file to its standard output as it
goes; what it found and left out is named, in codes, as JSON on its standard error. Nothing is decoded: pixels are
copied as they are. It holds no key, opens nothing and can open nothing. Only the standard library is imported, so
that the child starts quickly.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
import zlib
from typing import IO

from tipline.services.confinement import confine
from tipline.services.segments import Bomb, Broken, Source

OK, BROKEN, BOMB = 0, 3, 4
MOST_PIXELS = 250_000_000
MOST_SCANS = 500

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"}
    | {b"acTL", b"fcTL", b"fdAT", b"cICP"}
)
_PNG_NOTES = {b"eXIf": "exif", b"iCCP": "icc", b"tIME": "time", b"tEXt": "text", b"zTXt": "text", b"iTXt": "text"}
_WEBP_NOTES = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})


def strip_jpeg(source: Source, out: IO[bytes], notes: set[str]) -> None:
    """Copy what shows the picture; of Exif only the orientation survives, in a segment of our own."""
    if source.exactly(2) != b"\xff\xd8":
        raise Broken
    out.write(b"\xff\xd8")
    scans, framed = 0, False
    while (marker := _next_marker(source)) != _JPEG_END:
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # these stand alone
            continue
        body = _jpeg_body(source)
        framed = _is_frame(marker, body) or framed
        kept = _jpeg_segment(marker, body, notes)
        if kept is not None:
            out.write(bytes((0xFF, kept[0])) + struct.pack(">H", len(kept[1]) + 2) + kept[1])
        if marker == _JPEG_SCAN:
            scans += 1
            if not framed:
                raise Broken
            if scans > MOST_SCANS:
                raise Bomb
            if not source.until(_JPEG_MARKER, out):
                notes.add("truncated")
                break
    if not scans:
        raise Broken
    out.write(b"\xff\xd9")


def _jpeg_body(source: Source) -> bytes:
    (length,) = struct.unpack(">H", source.exactly(2))
    if length < 2:
        raise Broken
    return source.exactly(length - 2)


def _is_frame(marker: int, body: bytes) -> bool:
    if marker not in _JPEG_FRAMES:
        return False
    if len(body) < 6:
        raise Broken
    _check_pixels(*struct.unpack(">HH", body[1:5]))
    return True


def _next_marker(source: Source) -> int:
    if source.exactly(1) != b"\xff":
        raise Broken
    marker = source.exactly(1)[0]
    while marker == 0xFF:  # fill bytes
        marker = source.exactly(1)[0]
    return marker


def _jpeg_segment(marker: int, body: bytes, notes: set[str]) -> tuple[int, bytes] | None:
    if marker in _JPEG_FRAMES or marker in _JPEG_TABLES or marker == 0xDA:
        return marker, body
    if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        if body[12] and body[13]:
            notes.add("thumbnail")
        return marker, body[:12] + b"\0\0"
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
        return marker, body[:12]
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        return _orientation_only(body[6:], notes)
    names = {0xE1: "xmp", 0xE2: "icc" if body.startswith(b"ICC_PROFILE") else "app", 0xED: "iptc", 0xFE: "comment"}
    notes.add(names.get(marker, "thumbnail" if body.startswith(b"JFXX") else "app"))
    return None


def _orientation_only(tiff: bytes, notes: set[str]) -> tuple[int, bytes] | None:
    notes.add("exif")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return None
    orientation = 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for number in range(min(count, 200)):
            tag, kind, values, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * number)
            if tag == 0x8825:
                notes.add("gps")
            if tag == 0x0112 and kind == 3 and values == 1 and 1 <= value <= 8:
                orientation = value
        if struct.unpack_from(order + "I", tiff, start + 2 + 12 * count)[0]:
            notes.add("thumbnail")
    except struct.error:  # cut off or made up: what was read so far counts
        notes.add("exif")
    if orientation == 1:
        return None
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return 0xE1, b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)


def strip_png(source: Source, out: IO[bytes], notes: set[str]) -> None:
    """Copy the chunks that make the picture; checksums are checked on the way."""
    if source.exactly(8) != _PNG_SIGNATURE:
        raise Broken
    out.write(_PNG_SIGNATURE)
    seen = set[bytes]()
    while b"IEND" not in seen:
        header = source.exactly(8)
        length, kind = struct.unpack(">I4s", header)
        if (kind == b"IHDR") == bool(seen) or (kind == b"IHDR" and length != 13):
            raise Broken
        if kind not in _PNG_KEPT:
            notes.add(_PNG_NOTES.get(kind, "app"))
        _copy_chunk(source, out if kind in _PNG_KEPT else None, header)
        seen.add(kind)
    if b"IDAT" not in seen:
        raise Broken


def _copy_chunk(source: Source, out: IO[bytes] | None, header: bytes) -> None:
    length, kind = struct.unpack(">I4s", header)
    if out is not None:
        out.write(header)
    checksum = zlib.crc32(kind)
    for piece in source.pieces(length):
        if kind == b"IHDR":
            _check_pixels(*struct.unpack(">II", piece[:8]))
        checksum = zlib.crc32(piece, checksum)
        if out is not None:
            out.write(piece)
    tail = source.exactly(4)
    if struct.unpack(">I", tail)[0] != checksum:
        raise Broken
    if out is not None:
        out.write(tail)


def strip_webp(source: Source, out: IO[bytes], notes: set[str]) -> None:
    """Copy the chunks that make the picture; others keep their place, named JUNK and filled with zeros.

    The file's size stands at its start, so a chunk cannot simply be left out of a stream; readers pass over chunks
    that they do not know.
    """
    header = source.exactly(12)
    riff, size, form = struct.unpack("<4sI4s", header)
    if riff != b"RIFF" or form != b"WEBP" or size < 12:
        raise Broken
    out.write(header)
    left, data = size - 4, False
    while left >= 8:
        kind, length = struct.unpack("<4sI", source.exactly(8))
        padded = length + (length & 1)
        if padded > left - 8:
            raise Broken
        left -= 8 + padded
        kept = kind in _WEBP_KEPT
        if not kept:
            notes.add(_WEBP_NOTES.get(kind, "app"))
        out.write(struct.pack("<4sI", kind if kept else b"JUNK", length))
        start = True
        for piece in source.pieces(padded):
            clean = _webp_start(kind, piece) if start else piece
            out.write(clean if kept else bytes(len(piece)))
            start = False
        data = data or kind in {b"VP8 ", b"VP8L", b"ANMF"}
    out.write(source.exactly(left))
    if not data:
        raise Broken


def _webp_start(kind: bytes, piece: bytes) -> bytes:
    if kind == b"VP8X":
        if len(piece) < 10:
            raise Broken
        wide, high = int.from_bytes(piece[4:7], "little") + 1, int.from_bytes(piece[7:10], "little") + 1
        _check_pixels(wide, high)
        return bytes((piece[0] & ~0x2C,)) + piece[1:]  # no colour profile, no Exif, no XMP in here any more
    if kind == b"VP8 " and len(piece) >= 10:
        wide, high = struct.unpack("<HH", piece[6:10])
        _check_pixels(wide & 0x3FFF, high & 0x3FFF)
    return piece


def _check_pixels(one: int, other: int) -> None:
    if one * other > MOST_PIXELS:
        raise Bomb


KINDS = {"jpeg": strip_jpeg, "png": strip_png, "webp": strip_webp}


def main() -> None:
    """Strip standard input, of the kind named in the arguments, to standard output; the exit code says how it went."""
    kind = KINDS[sys.argv[1]]
    confine(memory=512 * 1024 * 1024, seconds=120)
    source, out, notes = Source(sys.stdin.buffer), sys.stdout.buffer, set[str]()
    code = OK
    try:
        kind(source, out, notes)
        if source.drain():
            notes.add("trailing")
        out.flush()
    except Broken:
        code = BROKEN
    except Bomb:
        code = BOMB
    except BrokenPipeError:
        sys.exit(BROKEN)
    sys.stderr.write(json.dumps(sorted(notes)))
    sys.stderr.flush()
    # Leaving by exit would flush to a pipe that the parent may have closed.
    os._exit(code)
