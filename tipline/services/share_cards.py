"""The picture that other sites show when somebody passes a page on: the object on our dark ground, and our mark.

There are no words on it. A font would have to be shipped for Latin, Greek and Cyrillic, every card would be made once
for each of 31 languages, and a card that is copied away cannot be corrected; the words stand beside it, in the page's
``og:title``. Used by ``pixels``, in the process that decodes strangers' pictures: it imports Pillow and nothing else.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 630
_EDGE = 44
_BADGE = 104
_FINE = 4  # drawn this much larger and scaled down: Pillow draws hard edges
_GROUND, _GLOW = (22, 25, 29), (44, 50, 57)
_BLUE, _WHITE, _LINE = (27, 68, 133), (255, 255, 255), (84, 90, 97)
_GRID = 32  # the mark is drawn on a field of 32 by 32, as in favicon.svg


def compose(picture: Image.Image) -> Image.Image:
    """The whole picture, as large as fits, on the ground, with the mark in its corner; 1200 by 630 pixels."""
    card = _ground()
    room = (WIDTH - 2 * _EDGE, HEIGHT - 2 * _EDGE)
    factor = min(room[0] / picture.width, room[1] / picture.height)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    shown = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    place = ((WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2)
    card.paste(_LINE, (place[0] - 1, place[1] - 1, place[0] + size[0] + 1, place[1] + size[1] + 1))
    card.paste(shown, place)
    badge = draw_mark(_BADGE)
    card.paste(badge, (WIDTH - _EDGE // 2 - _BADGE, HEIGHT - _EDGE // 2 - _BADGE), badge)
    return card


def compose_mark() -> Image.Image:
    """The card of pages without an object: the mark alone, so that no object that was withdrawn travels on."""
    card = _ground()
    badge = draw_mark(300)
    card.paste(badge, ((WIDTH - 300) // 2, (HEIGHT - 300) // 2), badge)
    return card


def draw_mark(size: int) -> Image.Image:
    """The mark on its blue square, with transparent corners."""
    scale = size * _FINE / _GRID
    drawn = Image.new("RGBA", (size * _FINE, size * _FINE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((0, 0, size * _FINE - 1, size * _FINE - 1), radius=6 * scale, fill=_BLUE)
    for at in (12.5, 16.5):
        _stroke(pen, (10.5, at, 18.5, at), 1.5, scale)
        _stroke(pen, (at, 10.5, at, 18.5), 1.5, scale)
    _stroke(pen, (21, 21, 27, 27), 3.6, scale)
    reach = 8.5 + 1.3  # Pillow draws a ring inwards from its edge
    ring = tuple((14.5 + sign * reach) * scale for sign in (-1, -1, 1, 1))
    pen.ellipse(ring, outline=_WHITE, width=round(2.6 * scale))
    return drawn.resize((size, size), Image.Resampling.LANCZOS)


def _stroke(pen: ImageDraw.ImageDraw, line: tuple[float, float, float, float], width: float, scale: float) -> None:
    """A line with round ends."""
    left, top, right, bottom = (end * scale for end in line)
    half = width * scale / 2
    pen.line((left, top, right, bottom), fill=_WHITE, width=round(width * scale))
    for x, y in ((left, top), (right, bottom)):
        pen.ellipse((x - half, y - half, x + half, y + half), fill=_WHITE)


def _ground() -> Image.Image:
    """Dark, with a little light where the picture lies."""
    shade = Image.radial_gradient("L").resize((WIDTH, HEIGHT))
    return Image.composite(Image.new("RGB", shade.size, _GROUND), Image.new("RGB", shade.size, _GLOW), shade)
