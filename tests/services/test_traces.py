"""What a photo tells is read out of bytes that strangers made up: it is short, bounded, and nothing makes it fail."""

from __future__ import annotations

import io
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.services.test_screening import chunk, clean
from tests.tipsters import exif_photo
from tipline.errors import FileRefused
from tipline.services import stripping, traces
from tipline.services.exif import read_exif
from tipline.services.hidden import LONGEST, Found
from tipline.services.segments import Bomb, Broken, Source

FEW = settings(max_examples=150, deadline=None)


def told(findings: traces.Findings) -> dict[str, str]:
    return {trace.kind: trace.value for trace in findings.traces}


def test_a_photo_tells_place_time_device_and_people() -> None:
    _out, findings = clean("jpeg", exif_photo())
    assert told(findings) == {
        "place": "52.52 -13.41",
        "altitude": "-35",
        "direction": "270",
        "made": "2024-05-03T12:33",
        "device": "Acme Phone 7",
        "serial": "SN-4711",
        "lens": "Acme 26mm",
        "owner": "Maria Muster",
        "program": "Acme Camera 1.0",
        "text": "Our holiday",
    }


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_tell_the_same(kind: str) -> None:
    picture = Image.open(io.BytesIO(exif_photo()))
    out = io.BytesIO()
    picture.save(out, kind, exif=picture.getexif().tobytes())
    assert told(clean(kind.lower(), out.getvalue())[1])["serial"] == "SN-4711"


def test_xmp_and_texts_of_a_png_are_read() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Maria\u202e\x07 Muster", zip=True)
    info.add_itxt(
        "XML:com.adobe.xmp",
        '<x exif:GPSLatitude="52,31.2N" exif:GPSLongitude="13,24.6W"><dc:title> <rdf:Alt><rdf:li>Sea</rdf:li></x>',
    )
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG", pnginfo=info)
    assert told(clean("png", out.getvalue())[1]) == {
        "place": "52.52 -13.41",
        "author": "Maria Muster",
        "text": "Sea",
        "more": "",
    }


def test_a_picture_without_hidden_details_tells_nothing() -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "JPEG")
    assert clean("jpeg", out.getvalue())[1] == traces.Findings()


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"", following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + tail


@pytest.mark.parametrize(
    "raw",
    [
        tiff([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], following=8),  # directories that lead to themselves
        tiff([(0x010F, 2, 0xFFFFFFFF, 0xFFFFFFF0), (0x0110, 2, 900, 0x7FFFFFFF)]),  # far outside
        tiff([(0x8825, 4, 1, 26)], struct.pack("<H", 2) + struct.pack("<HHII", 2, 5, 3, 8) * 2),
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff" + bytes(12 * 65535),
    ],
)
def test_loops_and_wild_offsets_lead_nowhere(raw: bytes) -> None:
    found = Found()
    assert read_exif(raw, found) == 1
    assert set(found.traces) <= {"more", "preview"}


def test_a_place_that_divides_by_nothing_is_no_place() -> None:
    for latitude, place in (((0, 0), None), ((52, 1), "52.00 13.00")):
        gps = struct.pack("<H", 2) + struct.pack("<HHII", 2, 5, 3, 56) + struct.pack("<HHII", 4, 5, 3, 80) + bytes(4)
        numbers = struct.pack("<12I", *latitude, 0, 0, 0, 0, 13, 1, 0, 0, 0, 0)
        found = Found()
        read_exif(tiff([(0x8825, 4, 1, 26)], gps + numbers), found)
        assert found.traces.get("place") == place


def test_a_text_that_unpacks_to_gigabytes_is_cut() -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG")
    raw = out.getvalue()
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 1))
    assert told(clean("png", raw[:33] + bomb + raw[33:], 65536)[1])["text"] == "x" * LONGEST


@pytest.mark.parametrize(
    ("extra", "refused"),
    [
        (b"\xff\xe1\x00\x04ab" * 60_000, True),
        (b"\xff\xe1\xff\xff" + b"<x " * 21844 + b"x" * 1, False),  # one huge packet of XMP
        (b"\xff\xfe\x00\x0f<script>....." * 3, False),
    ],
    ids=["60,000 segments", "huge XMP", "HTML"],
)
def test_a_jpeg_made_to_hurt_is_refused_or_comes_out_clean(extra: bytes, *, refused: bool) -> None:
    raw = exif_photo()
    raw = raw[:2] + extra + raw[2:] + b"<html><script>alert(1)</script>"
    if refused:
        with pytest.raises(FileRefused):
            clean("jpeg", raw, 65536)
        return
    out, findings = clean("jpeg", raw, 65536)
    assert b"<script>" not in out
    assert "trailing" in findings.notes


@FEW
@given(st.binary(max_size=600), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_no_exif_makes_the_reader_fail(raw: bytes, head: bytes) -> None:
    check_bounds(lambda found: read_exif(head + raw, found))


@FEW
@given(st.lists(st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=8)), max_size=8))
def test_no_changed_photo_makes_the_stripper_fail(changes: list[tuple[int, bytes]]) -> None:
    raw = bytearray(exif_photo())
    for place, data in changes:
        raw[place : place + len(data)] = data

    def strip(found: Found) -> None:
        try:
            stripping.strip_jpeg(Source(io.BytesIO(raw)), io.BytesIO(), found)
        except (Broken, Bomb):
            return

    check_bounds(strip)


@FEW
@given(st.binary(max_size=300), st.sampled_from([b"tEXt", b"zTXt", b"iTXt"]))
def test_no_hidden_text_makes_the_reader_fail(raw: bytes, kind: bytes) -> None:
    def read(found: Found) -> None:
        found.png_text(kind, b"XML:com.adobe.xmp\0\0\0\0\0" + raw)
        found.iptc(b"\x1c\x02\x50" + raw)
        found.xmp(b'<x exif:GPSLatitude="' + raw)

    check_bounds(read)


def check_bounds(read: object) -> None:
    """Read, report and take the report back: whatever came in, this comes out."""
    found = Found()
    read(found)  # type: ignore[operator]
    report = json.dumps({"notes": sorted(found.notes), "traces": found.traces}).encode()
    assert len(report) <= traces.LARGEST_REPORT
    findings = traces.read_report(report)
    assert len(findings.traces) <= len(traces.KINDS)
    assert all(len(trace.value) <= LONGEST and trace.value.isprintable() for trace in findings.traces)
    assert told(findings).keys() >= found.traces.keys()


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"[]",
        b'{"notes": [], "traces": 3}',
        b'{"notes": 3, "traces": {}}',
        b'{"notes": ["<b>"], "traces": {}}',
        b'{"notes": [], "traces": {"evil": "x"}}',
    ],
)
def test_a_report_that_the_child_cannot_have_meant_is_refused(report: bytes) -> None:
    with pytest.raises(FileRefused):
        traces.read_report(report)


def test_a_report_is_made_harmless_again_on_this_side() -> None:
    report = {
        "notes": ["gps"],
        "traces": {"place": "x y", "made": "2024-13-45T00:00", "device": "A\u202e\n" + "b" * 500},
    }
    findings = traces.read_report(json.dumps(report).encode())
    assert told(findings) == {"device": "A " + "b" * (LONGEST - 2)}
