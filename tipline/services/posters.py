"""Posters: which objects have one, and its code, drawn as SVG that needs no style, script or font."""

from __future__ import annotations

import segno
from markupsafe import Markup

from tipline.errors import NotFound
from tipline.services.appeals import ExhibitPage, exhibit_page

QUIET_ZONE = 4  # modules of white around it (ISO/IEC 18004, 5.3.8)


def poster(ref: str, language: str) -> ExhibitPage:
    """What a poster of this exhibit shows: only while it is shown and needed. Raises NotFound, Withdrawn."""
    shown = exhibit_page(ref, language)
    if not (shown.needed and shown.pictures):
        raise NotFound
    return shown


def draw_code(address: str) -> Markup:
    """The address as a QR code that still reads when a seventh of it is torn or dirty."""
    drawn = segno.make(address, error="m", micro=False, boost_error=True)
    svg = drawn.svg_inline(border=QUIET_ZONE, omitsize=True, svgclass=None, lineclass=None, light="#fff")
    return Markup(svg)  # noqa: S704 - paths and numbers, made by segno
