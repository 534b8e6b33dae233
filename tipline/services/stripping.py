"""Takes hidden metadata out of JPEG, PNG and WebP by copying segments, in a process of its own (SECURITY 20).

The child process reads the file from its standard input and writes the clean file to its standard output as it
goes; what it found and left out, and what that told, it reports as JSON on its standard error. Nothing is decoded:
pixels are copied as they are. It holds no key, opens nothing and can open nothing. Only the standard library is
imported, so that the child starts quickly.
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
from tipline.services.exif import read_exif
from tipline.services.hidden import READ, Found
from tipline.services.segments import Bomb, Broken, Source, webp_size

OK, BROKEN, BOMB = 0, 3, 4
MOST_PIXELS = 250_000_000
MOST_SCANS = 500
MOST_SEGMENTS = 5_000
MOST_FRAMES = 1_000

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"}
    | {b"acTL", b"fcTL", b"fdAT", b"cICP"}
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})


def strip_jpeg(source: Source, out: IO[bytes], found: Found) -> None:
    """Copy what shows the picture; of Exif only the orientation survives, in a segment of our own."""
    if source.exactly(2) != b"\xff\xd8":
        raise Broken
    out.write(b"\xff\xd8")
    scans, framed = 0, False
    for _ in range(MOST_SEGMENTS):
        marker = _next_marker(source)
        if marker == _JPEG_END:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # these stand alone
            continue
        body = _jpeg_body(source)
        framed = _is_frame(marker, body) or framed
        kept = _jpeg_segment(marker, body, found)
        if kept is not None:
            out.write(bytes((0xFF, kept[0])) + struct.pack(">H", len(kept[1]) + 2) + kept[1])
        if marker == _JPEG_SCAN:
            scans += 1
            _check_scan(scans, framed=framed)
            if not source.until(_JPEG_MARKER, out):
                found.notes.add("truncated")
                break
    else:
        raise Bomb
    if not scans:
        raise Broken
    out.write(b"\xff\xd9")


def _check_scan(scans: int, *, framed: bool) -> None:
    if not framed:
        raise Broken
    if scans > MOST_SCANS:
        raise Bomb


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


def _jpeg_segment(marker: int, body: bytes, found: Found) -> tuple[int, bytes] | None:
    if marker in _JPEG_FRAMES or marker in _JPEG_TABLES or marker == 0xDA:
        return marker, body
    if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        if body[12] and body[13]:
            found.notes.add("thumbnail")
            found.mark("preview")
        return marker, body[:12] + b"\0\0"
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
        return marker, body[:12]
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        return _orientation_only(body[6:], found)
    _read_hidden(marker, body, found)
    return None


def _read_hidden(marker: int, body: bytes, found: Found) -> None:
    if marker == 0xE1:
        found.xmp(body)
    elif marker == 0xED:
        found.iptc(body)
    elif marker == 0xFE:
        found.notes.add("comment")
        found.tell("text", body)
    elif marker == 0xE2 and body.startswith(b"ICC_PROFILE"):
        found.notes.add("icc")
    elif body.startswith(b"JFXX"):
        found.notes.add("thumbnail")
        found.mark("preview")
    else:
        found.notes.add("app")
        found.mark("more")


def _orientation_only(tiff: bytes, found: Found) -> tuple[int, bytes] | None:
    orientation = read_exif(tiff, found)
    if orientation == 1:
        return None
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return 0xE1, b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)


def strip_png(source: Source, out: IO[bytes], found: Found) -> None:
    """Copy the chunks that make the picture; checksums are checked on the way."""
    if source.exactly(8) != _PNG_SIGNATURE:
        raise Broken
    out.write(_PNG_SIGNATURE)
    seen, frames = set[bytes](), 0
    while b"IEND" not in seen:
        header = source.exactly(8)
        length, kind = struct.unpack(">I4s", header)
        if (kind == b"IHDR") == bool(seen) or (kind == b"IHDR" and length != 13):
            raise Broken
        frames += kind == b"fcTL"
        if frames > MOST_FRAMES:
            raise Bomb
        hidden = _copy_chunk(source, out if kind in _PNG_KEPT else None, header)
        if kind not in _PNG_KEPT:
            _png_hidden(kind, hidden, found)
        seen.add(kind)
    if b"IDAT" not in seen:
        raise Broken


def _png_hidden(kind: bytes, body: bytes, found: Found) -> None:
    if kind == b"eXIf":
        read_exif(body, found)
    elif kind == b"iCCP":
        found.notes.add("icc")
    elif kind == b"tIME":
        found.notes.add("time")
        if len(body) == 7:
            found.tell("made", "{:04}-{:02}-{:02}T{:02}:{:02}".format(*struct.unpack(">HBBBB", body[:6])))
    elif kind in {b"tEXt", b"zTXt", b"iTXt"}:
        found.png_text(kind, body)
    else:
        found.notes.add("app")
        found.mark("more")


def _copy_chunk(source: Source, out: IO[bytes] | None, header: bytes) -> bytes:
    """Copy a chunk, or with nowhere to copy it to return the start of it."""
    length, kind = struct.unpack(">I4s", header)
    if out is not None:
        out.write(header)
    checksum, hidden = zlib.crc32(kind), bytearray()
    for piece in source.pieces(length):
        if kind == b"IHDR":
            _check_pixels(*struct.unpack(">II", piece[:8]))
        checksum = zlib.crc32(piece, checksum)
        if out is not None:
            out.write(piece)
        elif len(hidden) < READ:
            hidden += piece
    tail = source.exactly(4)
    if struct.unpack(">I", tail)[0] != checksum:
        raise Broken
    if out is not None:
        out.write(tail)
    return bytes(hidden)


def strip_webp(source: Source, out: IO[bytes], found: Found) -> None:
    """Copy the chunks that make the picture; others keep their place, named JUNK and filled with zeros.

    The file's size stands at its start, so a chunk cannot simply be left out of a stream; readers pass over chunks
    that they do not know.
    """
    header = source.exactly(12)
    riff, size, form = struct.unpack("<4sI4s", header)
    if riff != b"RIFF" or form != b"WEBP" or size < 12:
        raise Broken
    out.write(header)
    left, data, frames = size - 4, False, 0
    while left >= 8:
        kind, length = struct.unpack("<4sI", source.exactly(8))
        padded = length + (length & 1)
        if padded > left - 8:
            raise Broken
        left -= 8 + padded
        kept = kind in _WEBP_KEPT
        frames += kind == b"ANMF"
        if frames > MOST_FRAMES:
            raise Bomb
        out.write(struct.pack("<4sI", kind if kept else b"JUNK", length))
        start, hidden = True, bytearray()
        for piece in source.pieces(padded):
            clean = _webp_start(kind, piece) if start else piece
            out.write(clean if kept else bytes(len(piece)))
            start = False
            if not kept and len(hidden) < READ:
                hidden += piece
        if not kept:
            _webp_hidden(kind, bytes(hidden[:length]), found)
        data = data or kind in {b"VP8 ", b"VP8L", b"ANMF"}
    out.write(source.exactly(left))
    if not data:
        raise Broken


def _webp_hidden(kind: bytes, body: bytes, found: Found) -> None:
    if kind == b"EXIF":
        read_exif(body.removeprefix(b"Exif\0\0"), found)
    elif kind == b"XMP ":
        found.xmp(body)
    elif kind == b"ICCP":
        found.notes.add("icc")
    else:
        found.notes.add("app")
        found.mark("more")


def _webp_start(kind: bytes, piece: bytes) -> bytes:
    size = webp_size(kind, piece)
    if size is not None:
        _check_pixels(*size)
    if kind != b"VP8X":
        return piece
    if size is None:
        raise Broken
    return bytes((piece[0] & ~0x2C,)) + piece[1:]  # no colour profile, no Exif, no XMP in here any more


def _check_pixels(one: int, other: int) -> None:
    if one * other > MOST_PIXELS:
        raise Bomb


KINDS = {"jpeg": strip_jpeg, "png": strip_png, "webp": strip_webp}


def main() -> None:
    """Strip standard input, of the kind named in the arguments, to standard output; the exit code says how it went."""
    kind = KINDS[sys.argv[1]]
    confine(memory=512 * 1024 * 1024, seconds=120)
    source, out, found = Source(sys.stdin.buffer), sys.stdout.buffer, Found()
    code = OK
    try:
        kind(source, out, found)
        if source.drain():
            found.notes.add("trailing")
            found.mark("more")
        out.flush()
    except Broken:
        code = BROKEN
    except Bomb:
        code = BOMB
    except BrokenPipeError:
        sys.exit(BROKEN)
    sys.stderr.write(json.dumps({"notes": sorted(found.notes), "traces": found.traces}))
    sys.stderr.flush()
    # Leaving by exit would flush to a pipe that the parent may have closed.
    os._exit(code)
