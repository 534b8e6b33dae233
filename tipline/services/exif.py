"""Reads Exif, in the child that strips the file: what a photo tells about place, time, device and people.

CIPA DC-008 (Exif 3.0) and TIFF 6.0. Offsets and counts are a stranger's: each is checked against the bytes that are
there, no directory is read twice, and a value that makes no sense is passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tipline.services.hidden import Found

MOST_ENTRIES = 200  # of one directory
MOST_BYTES = 4096  # of one value
_EXIF, _GPS = 0x8769, 0x8825
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 129: 1}
_TEXTS = {
    0x010E: "text",
    0x0131: "program",
    0x013B: "author",
    0x8298: "copyright",
    0xC62F: "serial",
    0x9003: "made",
    0x9004: "made",
    0xA430: "owner",
    0xA431: "serial",
    0xA434: "lens",
    0xA435: "lens-serial",
}
_WINDOWS = {0x9C9B: "text", 0x9C9C: "text", 0x9C9D: "author"}  # UTF-16 texts that Windows writes
_MAKER, _MODEL, _CHANGED, _ORIENTATION, _COMMENT, _PRIVATE = 0x010F, 0x0110, 0x0132, 0x0112, 0x9286, 0x927C
Values = dict[int, bytes]


def read_exif(tiff: bytes, found: Found) -> int:
    """Tell what a TIFF structure says; returns the picture's orientation, 1 to 8. Nothing in it raises."""
    found.notes.add("exif")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        found.mark("more")
        return 1
    reader = _Reader(tiff, order)
    first, following = reader.directory(reader.whole(tiff[4:8]))
    exif = reader.directory(reader.whole(first.get(_EXIF, b"")))[0]
    values = {**first, **exif}
    _tell_texts(values, found)
    if _GPS in first:
        found.notes.add("gps")
        _tell_place(reader, reader.directory(reader.whole(first[_GPS]))[0], found)
    if following:
        found.notes.add("thumbnail")
        found.mark("preview")
    if _PRIVATE in values or not found.traces:
        found.mark("more")
    orientation = reader.whole(first.get(_ORIENTATION, b""))
    return orientation if 1 <= orientation <= 8 else 1


class _Reader:
    """A TIFF structure, read by offsets that may be anything."""

    def __init__(self, tiff: bytes, order: str) -> None:
        self._tiff = tiff
        self._order = order
        self._seen = {0}

    def directory(self, start: int) -> tuple[Values, int]:
        """The values of the directory at ``start``, and where the next one is; nothing for one that was read."""
        values: Values = {}
        if start in self._seen or start + 2 > len(self._tiff):
            return values, 0
        self._seen.add(start)
        count = self.whole(self._tiff[start : start + 2])
        for place in range(start + 2, start + 2 + 12 * min(count, MOST_ENTRIES), 12):
            entry = self._tiff[place : place + 12]
            if len(entry) < 12:
                return values, 0
            tag, kind, number = struct.unpack(self._order + "HHI", entry[:8])
            size = min(_SIZES.get(kind, 0) * number, MOST_BYTES)
            offset = place + 8 if size <= 4 else self.whole(entry[8:])
            value = self._tiff[offset : offset + size]
            if size and len(value) == size:
                values.setdefault(tag, value)
        end = start + 2 + 12 * count
        return values, self.whole(self._tiff[end : end + 4])

    def whole(self, value: bytes) -> int:
        """A whole number of two or four bytes; 0 for anything else."""
        kind = {2: "H", 4: "I"}.get(len(value))
        return struct.unpack(self._order + kind, value)[0] if kind else 0

    def fractions(self, value: bytes) -> Iterator[float | None]:
        """Fractions of two numbers; None for one that divides by nothing."""
        for above, below in struct.iter_unpack(self._order + "II", value[: len(value) // 8 * 8]):
            yield above / below if below else None


def _tell_texts(values: Values, found: Found) -> None:
    maker, model = values.get(_MAKER, b"").strip(b"\0 "), values.get(_MODEL, b"").strip(b"\0 ")
    found.tell("device", model if model.lower().startswith(maker.lower()[:40]) else maker + b" " + model)
    for tag, kind in _TEXTS.items():
        found.tell(kind, values.get(tag, b""))
    found.tell("made", values.get(_CHANGED, b""))
    for tag, kind in _WINDOWS.items():
        found.tell(kind, values.get(tag, b"").decode("utf-16-le", "replace"))
    comment = values.get(_COMMENT, b"")
    wide = comment.startswith(b"UNICODE\0")
    found.tell("text", comment[8:].replace(b"\0", b"") if wide else comment[8:])


def _tell_place(reader: _Reader, gps: Values, found: Found) -> None:
    latitude, longitude = _degrees(reader, gps, 2, b"S"), _degrees(reader, gps, 4, b"W")
    if latitude is not None and longitude is not None:
        found.place(latitude, longitude)
    height = next(reader.fractions(gps.get(6, b"")), None)
    if height is not None:
        found.number("altitude", -height if gps.get(5) == b"\1" else height, 100_000)
    direction = next(reader.fractions(gps.get(17, b"")), None)
    if direction is not None:
        found.number("direction", direction, 360)


def _degrees(reader: _Reader, gps: Values, tag: int, negative: bytes) -> float | None:
    parts = list(reader.fractions(gps.get(tag, b"")))[:3]
    if not parts or parts[0] is None:
        return None
    size = sum((part or 0.0) / 60.0**power for power, part in enumerate(parts))
    return -size if gps.get(tag - 1, b"")[:1].upper() == negative else size
