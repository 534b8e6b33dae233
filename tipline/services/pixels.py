"""Decodes strangers' pictures into fresh pixels, in a process of its own (SECURITY 20). Run by ``screening`` only.

Standard input: one line of JSON that says what is wanted, then the picture. Standard output: one line of JSON that
says what follows, then the renderings, one after the other.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from typing import Any

from PIL import (
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    TiffTags,
    WebPImagePlugin,
)

from tipline.services import share_cards
from tipline.services.confinement import confine
from tipline.services.segments import webp_size

OK, BROKEN, BOMB = 0, 3, 4
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 50_000_000
MOST_FRAMES = 1_000  # only the first is ever decoded
MOST_JPEG_PIXELS = 250_000_000  # a JPEG can be decoded at a fraction of its size
# Loaded before files can no longer be opened; Pillow would import some of them at first need.
_PLUGINS = (ImageFile, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, TiffTags, WebPImagePlugin)
_OPENED = {"image/jpeg": "JPEG", "image/webp": "WEBP"}


def main() -> None:
    """Answer one wish and end; the exit code says how it went."""
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None  # checked here, before anything is decoded
    warnings.simplefilter("ignore")
    _warm_up()
    confine(memory=1536 * 1024 * 1024, seconds=40)
    wish = json.loads(sys.stdin.buffer.readline())
    code = OK
    try:
        # A part is named in pixels of the whole picture, so that is not decoded at a fraction of its size.
        picture = _open(sys.stdin.buffer.read(), None if wish.get("crop") else max(wish["widths"]))
        if wish.get("print"):
            sys.stdout.buffer.write(_difference_hash(picture).encode("ascii"))
        else:
            _answer(picture, wish)
    except (Image.DecompressionBombError, MemoryError):
        code = BOMB
    except Exception:  # noqa: BLE001 - whatever a stranger's file does to the decoder, the picture is refused
        code = BROKEN
    sys.stdout.flush()
    os._exit(code)


def _warm_up() -> None:
    """Use every codec once, with Exif, and the pen, so that whatever loads at first use is loaded."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in FORMATS:
        written = io.BytesIO()
        Image.new("RGB", (16, 16)).save(written, name, exif=exif.tobytes())
        _flatten(ImageOps.exif_transpose(Image.open(io.BytesIO(written.getvalue()), formats=FORMATS)))
    share_cards.draw_mark(16)


def _open(raw: bytes, widest: int | None) -> Image.Image:
    _check_webp(raw)
    picture = Image.open(io.BytesIO(raw), formats=FORMATS)
    pixels = picture.width * picture.height
    if pixels > (MOST_JPEG_PIXELS if picture.format == "JPEG" else MOST_PIXELS):
        raise Image.DecompressionBombError
    if getattr(picture, "n_frames", 1) > MOST_FRAMES:
        raise Image.DecompressionBombError
    if picture.format == "JPEG":
        if widest is not None:
            picture.draft("RGB", (widest, widest))
        if picture.width * picture.height > MOST_PIXELS:
            raise Image.DecompressionBombError
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    flat = _flatten(upright if upright is not None else picture)
    fresh = Image.new("RGB", flat.size)  # pixels only: no profile, no text, no thumbnail comes along
    fresh.paste(flat)
    return fresh


def _check_webp(raw: bytes) -> None:
    """Opening a WebP already makes room for its whole canvas, so its size is read before."""
    wide, high = webp_size(raw[12:16], raw[20:30]) or (0, 0) if raw[:4] == b"RIFF" else (0, 0)
    if wide * high > MOST_PIXELS:
        raise Image.DecompressionBombError


def _flatten(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        ground = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, seen).convert("RGB")
    return picture.convert("RGB")


def _answer(picture: Image.Image, wish: dict[str, Any]) -> None:
    if wish.get("crop"):
        left, top, width, height = wish["crop"]
        box = (max(0, left), max(0, top), min(picture.width, left + width), min(picture.height, top + height))
        if box[2] <= box[0] or box[3] <= box[1]:
            raise ValueError
        picture = picture.crop(box)
    listed, parts = [], []
    for width in wish["widths"]:
        shown = _fit(picture, width)
        if wish["grey"]:
            shown = shown.convert("L").convert("RGB")
        for media_type in wish["media_types"]:
            written = io.BytesIO()
            shown.save(written, _OPENED[media_type], quality=wish["quality"])
            parts.append(written.getvalue())
            listed.append([shown.width, shown.height, media_type, len(parts[-1])])
    if wish.get("card"):
        written = io.BytesIO()
        share_cards.compose(picture).save(written, "JPEG", quality=wish["quality"])
        parts.append(written.getvalue())
        listed.append([share_cards.WIDTH, share_cards.HEIGHT, "image/jpeg", len(parts[-1])])
    sys.stdout.buffer.write(json.dumps(listed).encode("ascii") + b"\n" + b"".join(parts))
    sys.stdout.buffer.flush()


def _difference_hash(picture: Image.Image) -> str:
    """Eight times eight comparisons of neighbouring greys: 64 bits that survive another size and quality."""
    small = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    grey = list(small.tobytes())
    bits = [grey[9 * row + column] > grey[9 * row + column + 1] for row in range(8) for column in range(8)]
    return f"{sum(bit << place for place, bit in enumerate(bits)):016x}"


def _fit(picture: Image.Image, width: int) -> Image.Image:
    """At most ``width`` wide and twice as high, never larger than it is."""
    factor = min(1.0, width / picture.width, 2 * width / picture.height)
    if factor == 1.0:
        return picture
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)
