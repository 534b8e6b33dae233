"""Pictures of exhibits: nothing but the chosen pixels survives."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin

from tipline import config
from tipline.errors import FileRefused
from tipline.services import pictures
from tipline.services.pictures import Crop
from tipline.web.picture_sink import MOST_IN_MEMORY

SECRET = b"48.8566 North, taken by Jane Roe"
RED, BLUE = (250, 0, 0), (0, 0, 250)


def make_jpeg(size: tuple[int, int] = (1200, 900)) -> bytes:
    """A red picture with a blue part in the middle, with a place, a comment and a thumbnail in it."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (400, 300, 800, 600))
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (48.0, 51.0, 23.8)
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif, comment=SECRET, icc_profile=b"profile of " + SECRET, quality=95)
    return written.getvalue()


def test_three_sizes_in_two_encodings_are_made() -> None:
    made = pictures.render(make_jpeg((2000, 1500)))
    assert [(one.size, one.width, one.media_type) for one in made] == [
        ("small", 480, "image/webp"),
        ("medium", 960, "image/webp"),
        ("large", 1600, "image/webp"),
        ("small", 480, "image/jpeg"),
        ("medium", 960, "image/jpeg"),
        ("large", 1600, "image/jpeg"),
        ("card", 1200, "image/jpeg"),
    ]


def test_a_small_picture_is_not_made_larger() -> None:
    made = pictures.render(make_jpeg((1200, 900)))
    assert {one.size: one.width for one in made} == {"small": 480, "medium": 960, "large": 1200, "card": 1200}


def test_no_place_no_comment_no_profile_and_no_thumbnail_survive() -> None:
    original = make_jpeg()
    assert SECRET in original
    for one in pictures.render(original):
        for hidden in (SECRET, b"Jane", b"Exif", b"EXIF", b"ICC", b"XMP", b"http"):
            assert hidden not in one.data
        seen = Image.open(io.BytesIO(one.data))
        assert not seen.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(seen.info)


def test_text_of_a_png_does_not_survive() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET.decode())
    written = io.BytesIO()
    Image.new("RGB", (600, 400), RED).save(written, "PNG", pnginfo=notes)
    assert SECRET in written.getvalue()
    assert all(SECRET not in one.data for one in pictures.render(written.getvalue()))


@pytest.mark.parametrize("size", [(1200, 900), (6000, 4500)])
def test_pixels_outside_the_chosen_part_are_gone(size: tuple[int, int]) -> None:
    """The part is counted in pixels of the whole picture, however large that is."""
    *made, card = pictures.render(make_jpeg(size), Crop(450, 350, 300, 200))
    card_pixels = Image.open(io.BytesIO(card.data)).convert("RGB").resize((300, 158)).getcolors(50_000)
    assert card_pixels is not None
    assert not [1 for _count, (red, _green, _blue) in card_pixels if red > 225 > _blue], "what was cut away"
    for one in made:
        assert (one.width, one.height) == (300, 200)
        colours = Image.open(io.BytesIO(one.data)).convert("RGB").getcolors(1000)
        assert colours is not None
        assert all(blue > 200 and red < 30 for _count, (red, _green, blue) in colours)


@pytest.mark.parametrize("crop", [Crop(-1, 0, 100, 100), Crop(0, 0, 10, 100), Crop(5000, 5000, 100, 100)])
def test_a_part_outside_the_picture_is_refused(crop: Crop) -> None:
    with pytest.raises(FileRefused):
        pictures.render(make_jpeg(), crop)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "broken"),
        (b"\xff\xd8\xff\xe0 nothing more", "broken"),
        (bytes(pictures.LARGEST_UPLOAD + 1), "size"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        pictures.render(data)
    assert refused.value.reason == reason


def test_a_bomb_is_refused() -> None:
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    with pytest.raises(FileRefused) as refused:
        pictures.render(written.getvalue())
    assert refused.value.reason == "bomb"


def test_the_pixels_are_not_in_the_repr() -> None:
    assert "data" not in repr(pictures.render(make_jpeg())[0])


def test_the_door_keeps_as_much_as_the_service_takes() -> None:
    assert MOST_IN_MEMORY == pictures.LARGEST_UPLOAD


def test_the_sweep_leaves_what_is_new(sqlite: object, settings: config.Settings, clock: object) -> None:
    rendered = pictures.render(make_jpeg())[0]
    pictures._write(f"{rendered.digest}.webp", rendered.data)
    moment = clock.now  # type: ignore[attr-defined]
    assert pictures.sweep(moment) == 0
    assert pictures.sweep(clock.advance(hours=4)) == 1  # type: ignore[attr-defined]
    assert not [path for path in (settings.instance / "pictures").rglob("*") if path.is_file()]


def test_a_share_card_shows_the_picture_and_our_mark_and_nothing_hidden() -> None:
    card = pictures.render(make_jpeg((900, 1200)))[-1]
    seen = Image.open(io.BytesIO(card.data)).convert("RGB")
    assert (card.size, card.media_type, seen.size) == ("card", "image/jpeg", (1200, 630))
    assert all(abs(a - b) < 12 for a, b in zip(seen.getpixel((600, 80)), RED, strict=True))
    assert all(abs(a - b) < 12 for a, b in zip(seen.getpixel((1150, 600)), (27, 68, 133), strict=True))
    assert max(seen.getpixel((20, 20))) < 60
