"""What is hidden in a photo beside the picture: XMP, IPTC and plain texts, read in the child that strips the file.

Everything here is made up by strangers. Nothing is followed that was not measured first, and what is told is short,
printable and bounded. Exif is read in ``exif``; what the kinds mean to people, the doors say.
"""

from __future__ import annotations

import datetime as dt
import re
import zlib

LONGEST = 100  # signs of a told value
READ = 256 * 1024  # bytes of one hidden part that are looked into
READ_IN_ALL = 1024 * 1024  # and of all parts of a file
_SPACE = re.compile(r"\s+")
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WHEN = re.compile(r"(\d{4})[-:](\d\d)[-:](\d\d)(?:[T ](\d\d):(\d\d))?")
_COORDINATE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])")

# One pattern for both ways of writing a simple XMP property; every repeat is bounded.
_PROPERTY = r"\b{name}(?:\s{{0,9}}=\s{{0,9}}[\"']([^\"'<]{{1,400}})[\"']|>([^<]{{1,400}})<)"
_LISTED = r"<{name}>\s{{0,99}}<rdf:(?:Seq|Alt|Bag)>\s{{0,99}}<rdf:li[^>]{{0,99}}>([^<]{{1,400}})<"
_XMP = [
    (kind, re.compile(form.format(name=name).encode("ascii")))
    for form, kind, name in (
        (_PROPERTY, "made", "exif:DateTimeOriginal"),
        (_PROPERTY, "made", "photoshop:DateCreated"),
        (_PROPERTY, "made", "xmp:CreateDate"),
        (_PROPERTY, "device", "tiff:Model"),
        (_PROPERTY, "lens", "(?:aux:Lens|exifEX:LensModel)"),
        (_PROPERTY, "serial", "(?:aux:SerialNumber|exifEX:BodySerialNumber)"),
        (_PROPERTY, "lens-serial", "(?:aux:LensSerialNumber|exifEX:LensSerialNumber)"),
        (_PROPERTY, "owner", "(?:aux:OwnerName|exifEX:CameraOwnerName)"),
        (_PROPERTY, "program", "xmp:CreatorTool"),
        (_PROPERTY, "place-name", "photoshop:City"),
        (_LISTED, "author", "dc:creator"),
        (_LISTED, "copyright", "dc:rights"),
        (_LISTED, "text", "dc:description"),
        (_LISTED, "text", "dc:title"),
    )
]
_XMP_PLACE = [re.compile(_PROPERTY.format(name=f"exif:GPS{way}").encode()) for way in ("Latitude", "Longitude")]
_IPTC = {0x37: "made", 0x50: "author", 0x5A: "place-name", 0x74: "copyright", 0x78: "text"}
_PNG = {
    "author": "author",
    "copyright": "copyright",
    "software": "program",
    "creation time": "made",
    "title": "text",
    "description": "text",
    "comment": "text",
}


class Found:
    """What was found in one file: codes of what was left out, and what it told; the first word on a thing counts."""

    def __init__(self) -> None:
        self.notes: set[str] = set()
        self.traces: dict[str, str] = {}
        self._left = READ_IN_ALL

    def tell(self, kind: str, value: bytes | str) -> None:
        """Keep what a part says, as short printable text; nothing is kept of what has no text."""
        shown = printable(value)
        if kind == "made":
            shown = _moment(shown)
        if shown:
            self.traces.setdefault(kind, shown)

    def place(self, latitude: float, longitude: float) -> None:
        """Keep where a picture was taken, to about a kilometre: enough to recognise the place."""
        if abs(latitude) <= 90 and abs(longitude) <= 180:  # not so for what is infinite or no number
            self.traces.setdefault("place", f"{latitude:.2f} {longitude:.2f}")

    def number(self, kind: str, value: float, most: int) -> None:
        """Keep a whole number that makes sense."""
        if abs(value) <= most:
            self.traces.setdefault(kind, str(round(value)))

    def mark(self, kind: str) -> None:
        """Keep that something is there that has no words."""
        self.traces.setdefault(kind, "")

    def xmp(self, raw: bytes) -> None:
        """Read an XMP packet."""
        raw = self._start_of(raw)
        self.notes.add("xmp")
        self.mark("more")
        for kind, pattern in _XMP:
            if (said := pattern.search(raw)) is not None:
                self.tell(kind, said.group(said.lastindex or 1))
        found = [pattern.search(raw) for pattern in _XMP_PLACE]
        parts = [_coordinate(one.group(one.lastindex or 1)) if one is not None else None for one in found]
        if parts[0] is not None and parts[1] is not None:
            self.place(parts[0], parts[1])

    def iptc(self, raw: bytes) -> None:
        """Read a Photoshop block for the texts of its IPTC records."""
        raw = self._start_of(raw)
        self.notes.add("iptc")
        self.mark("more")
        for said in re.finditer(rb"\x1c\x02([\x37\x50\x5a\x74\x78])(.)(.)", raw, re.DOTALL):
            size = said.group(2)[0] << 8 | said.group(3)[0]
            value = raw[said.end() : said.end() + min(size, 4 * LONGEST)]
            kind = _IPTC[said.group(1)[0]]
            self.tell(kind, b"-".join((value[:4], value[4:6], value[6:8])) if kind == "made" else value)

    def png_text(self, kind: bytes, raw: bytes) -> None:
        """Read a tEXt, zTXt or iTXt chunk."""
        self.notes.add("text")
        name, _, rest = raw.partition(b"\0")
        packed = kind == b"zTXt"
        if kind == b"iTXt":
            packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        elif packed:
            rest = rest[1:]
        if packed:
            rest = _unpacked(rest) if self._left else b""
        rest = self._start_of(rest)
        if name == b"XML:com.adobe.xmp":
            self.xmp(rest)
            return
        told = _PNG.get(name.decode("latin-1").lower())
        if told is None:
            self.mark("more")
        else:
            self.tell(told, rest)

    def _start_of(self, raw: bytes) -> bytes:
        """As much of a part as may be looked into: a file of many parts must not take for ever."""
        raw = raw[: min(READ, self._left)]
        self._left -= len(raw)
        return raw


def printable(value: bytes | str) -> str:
    """A stranger's text as one short line of signs that can be seen and do not turn others around."""
    if isinstance(value, bytes):
        value = value[: 8 * LONGEST]
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError as error:  # in old files; or a sign was cut in two, behind all that is shown
            cut = error.start >= 4 * LONGEST
            text = value[: error.start].decode("utf-8") if cut else value.decode("latin-1")
    else:
        text = value[: 8 * LONGEST]
    spaced = _SPACE.sub(" ", text.replace("\0", " "))
    return visible(spaced)[:LONGEST].strip()


def visible(text: str) -> str:
    """A text without signs that cannot be seen or turn others around."""
    return "".join(sign for sign in text if sign.isprintable() and sign not in _TURNING).strip()


def _moment(text: str) -> str:
    """``2024-05-03T12:33`` of what looks like it, or nothing."""
    found = _WHEN.match(text)
    if found is None:
        return ""
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        moment = dt.datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a camera's own time
    except ValueError:
        return ""
    return moment.isoformat(timespec="minutes") if 1800 <= year <= 2200 else ""


def _coordinate(text: bytes) -> float | None:
    found = _COORDINATE.fullmatch(text.decode("latin-1"))
    if found is None:
        return None
    degrees, minutes, seconds, side = found.groups()
    size = int(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600
    return -size if side in "SW" else size


def _unpacked(data: bytes) -> bytes:
    """The start of what was packed; a few bytes may claim to be gigabytes."""
    try:
        return zlib.decompressobj().decompress(data, READ)
    except zlib.error:
        return b""
