"""Files are parsed in children that hold nothing: what they leave out, what they refuse, what they cannot do."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tipline.errors import FileRefused
from tipline.services import screening
from tipline.services.traces import Findings

ROOT = screening._ROOT


def picture(kind: str, **more: object) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.effect_noise((90, 60), 70).convert("RGB").save(out, kind, exif=exif.tobytes(), **more)
    return out.getvalue()


def clean(kind: str, raw: bytes, piece: int = 1000) -> tuple[bytes, Findings]:
    out = bytearray()
    cleaner = screening.Cleaner(kind, out.extend)
    try:
        for start in range(0, len(raw), piece):
            cleaner.write(raw[start : start + piece])
        findings = cleaner.finish()
        return bytes(out), findings
    finally:
        cleaner.abort()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("JPEG", {"progressive": True, "comment": b"SECRETCOMMENT"}),
        ("JPEG", {"xmp": b"<x>SECRETXMP</x>"}),
        ("PNG", {}),
        ("WEBP", {"xmp": b"<x>SECRETXMP</x>"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_metadata_goes_and_pixels_stay(kind: str, more: dict[str, object]) -> None:
    raw = picture(kind, **more) + b"SECRETTRAILER"
    out, findings = clean(kind.lower(), raw)
    assert b"SECRET" in raw
    assert b"SECRET" not in out
    assert {"exif", "trailing"} <= set(findings.notes)
    before, after = Image.open(io.BytesIO(raw)), Image.open(io.BytesIO(out))
    assert before.tobytes() == after.tobytes()
    assert not after.getexif().get(0x010F)
    assert not after.getexif().get_ifd(0x8825)


def test_a_jpeg_keeps_its_orientation() -> None:
    out, findings = clean("jpeg", picture("JPEG"), piece=7)
    assert Image.open(io.BytesIO(out)).getexif()[0x0112] == 6
    assert "gps" in findings.notes


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_anywhere_is_refused_or_whole(kind: str) -> None:
    raw = picture(kind)
    for size in (0, 1, 5, 12, 30, 100, len(raw) // 2, len(raw) - 1):
        try:
            out, _ = clean(kind.lower(), raw[:size])
        except FileRefused:
            continue
        assert b"SECRET" not in out


def test_a_chunk_with_a_wrong_checksum_is_refused() -> None:
    raw = bytearray(picture("PNG"))
    raw[60] ^= 1
    with pytest.raises(FileRefused):
        clean("png", bytes(raw))


def test_too_many_pixels_are_refused_before_anything_is_decoded() -> None:
    raw = bytearray(picture("JPEG"))
    place = raw.index(b"\xff\xc0") + 5
    raw[place : place + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(FileRefused) as refused:
        clean("jpeg", bytes(raw))
    assert refused.value.reason == "bomb"
    with pytest.raises(FileRefused):
        screening.reencode(io.BytesIO(bytes(raw)), small=True, grey=True)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def many_frames(kind: str) -> bytes:
    """A picture that claims a frame for each of its many small parts."""
    raw = picture(kind)
    if kind == "PNG":
        return raw[:33] + chunk(b"acTL", bytes(8)) + chunk(b"fcTL", bytes(26)) * 1_001 + raw[33:]
    body = raw[12:] + (b"ANMF" + (16).to_bytes(4, "little") + bytes(16)) * 1_001
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_too_many_frames_are_refused(kind: str) -> None:
    with pytest.raises(FileRefused) as refused:
        clean(kind.lower(), many_frames(kind))
    assert refused.value.reason == "bomb"


def test_a_webp_of_few_bytes_and_many_pixels_is_never_opened() -> None:
    size = (16_000 - 1 | (16_000 - 1) << 14).to_bytes(4, "little")
    body = b"VP8L" + (26).to_bytes(4, "little") + b"\x2f" + size + bytes(21)
    raw = b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body
    for act in (
        lambda: clean("webp", raw.replace(size, b"\xff" * 4)),
        lambda: screening.reencode(io.BytesIO(raw), small=True, grey=True),
    ):
        with pytest.raises(FileRefused) as refused:
            act()
        assert refused.value.reason == "bomb"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"\n\n%PDF-1.4", "pdf"),
        (b"\x00\x00\x00\x18ftypheic", "heic"),
        (b"\x00\x00\x00\x18ftypisom", "mp4"),
        (b"\x00\x00\x00\x18ftypqt  ", None),
        (b"GIF89a", None),
        (b"<svg", None),
        (b"", None),
    ],
)
def test_kinds_are_told_by_their_first_bytes(head: bytes, kind: str | None) -> None:
    assert screening.sniff(head) == kind


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "holiday", "my.photo.of.1998", ".jpg"])
def test_names_that_fit_are_taken(name: str) -> None:
    screening.check_name(name, "jpeg")


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.exe", "a.jpg.html"])
def test_names_that_say_something_else_are_refused(name: str) -> None:
    with pytest.raises(FileRefused):
        screening.check_name(name, "jpeg")


def test_what_a_reviewer_sees_is_made_of_fresh_pixels() -> None:
    seen = screening.reencode(io.BytesIO(picture("JPEG")), small=True, grey=True)
    shown = Image.open(io.BytesIO(seen.data))
    assert (shown.format, shown.size) == ("WEBP", (60, 90))  # upright
    assert b"SECRET" not in seen.data
    red, green, blue = shown.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert max(red, green, blue) - min(red, green, blue) <= 8


def test_pictures_for_exhibits_are_cropped_in_pixels_and_never_enlarged() -> None:
    made = screening.render(picture("PNG"), [30, 480], crop=(10, 10, 40, 20))
    assert [(one.width, one.height, one.media_type) for one in made] == [
        (30, 15, "image/webp"),
        (30, 15, "image/jpeg"),
        (40, 20, "image/webp"),
        (40, 20, "image/jpeg"),
    ]


def test_what_the_sink_raises_reaches_the_writer() -> None:
    def full(_piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    cleaner = screening.Cleaner("jpeg", full)
    cleaner.write(picture("JPEG"))
    with pytest.raises(OSError, match="No space"):
        cleaner.finish()
    cleaner.abort()


@pytest.mark.parametrize(
    "act",
    [
        "open('/etc/hostname')",
        "__import__('socket').socket()",
        "__import__('os').fork()",
        "bytearray(1 << 31)",
        "__import__('os').listdir('/proc/self/fd')",
    ],
)
def test_a_confined_child_can_only_compute(act: str) -> None:
    code = (
        f"import sys, socket, os; sys.path.insert(0, {ROOT!r})\n"
        "from tipline.services.confinement import confine\n"
        f"os.getuid() or os.setuid(65534)\nconfine(memory=1 << 30, seconds=5)\n{act}\nprint('did it')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=False, env={})
    assert b"did it" not in done.stdout


def test_children_inherit_no_environment_and_no_descriptors() -> None:
    held = Path(__file__).open("rb")  # noqa: SIM115 - a descriptor that must stay here
    child = screening._start("stripping", "-S", arguments=("jpeg",))
    try:
        assert Path(f"/proc/{child.pid}/environ").read_bytes() == b""
        assert {entry.name for entry in Path(f"/proc/{child.pid}/fd").iterdir()} <= {"0", "1", "2", "3"}
    finally:
        child.kill()
        child.communicate()
        held.close()
