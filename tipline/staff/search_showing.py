"""How a hit is shown: short excerpts of the texts that fit, with what was found marked in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l

from tipline.services.search_texts import Text
from tipline.services.search_words import Words
from tipline.staff import showing

BEFORE, LENGTH, MOST = 70, 260, 3
LABELS = {
    "narrative": _l("What was written"),
    "product": _l("Product"),
    "place": _l("Place"),
    "link": _l("Links"),
    "addition": _l("Added later"),
    "note": _l("Note"),
    "statement": _l("Statement"),
    "sanitised": _l("Sanitised text"),
    "translation": _l("Translation"),
}


@dataclass(frozen=True)
class Piece:
    """Some of an excerpt, and whether it is what was searched for."""

    text: str = field(repr=False)
    marked: bool


@dataclass(frozen=True)
class Excerpt:
    """A part of one text. ``is_original``: in the language of the tip."""

    label: str
    is_original: bool
    pieces: tuple[Piece, ...] = field(repr=False)


def excerpts(texts: Sequence[Text], words: Words) -> tuple[Excerpt, ...]:
    """Excerpts of up to three texts that hold something of the search, those with most of it first."""
    found = []
    for text in texts:
        line = " ".join(text.text.split())
        if places := words.marks(line):
            found.append((len(places), Excerpt(_label(text), _is_in_its_language(text), _pieces(line, places))))
    found.sort(key=lambda one: one[0], reverse=True)
    return tuple(excerpt for _, excerpt in found[:MOST])


def _label(text: Text) -> str:
    return LABELS.get(text.kind, text.kind.capitalize())


def _is_in_its_language(text: Text) -> bool:
    return text.is_original and text.kind != "translation"


def _pieces(text: str, places: list[tuple[int, int]]) -> tuple[Piece, ...]:
    signs = showing.signs(text)  # marked as it was written, shown as it can be read and not followed
    start = max(0, places[0][0] - BEFORE)
    if start:
        start = text.rfind(" ", 0, start + 1) + 1  # at the beginning of a word
    end = text.find(" ", start + LENGTH)
    end = len(text) if end < 0 else end
    pieces = [Piece("\N{HORIZONTAL ELLIPSIS}" if start else "", marked=False)]
    here = start
    for first, last in places:
        if first >= end:
            break
        pieces += [Piece("".join(signs[here:first]), marked=False), Piece("".join(signs[first:last]), marked=True)]
        here = last
    pieces += [
        Piece("".join(signs[here:end]), marked=False),
        Piece("\N{HORIZONTAL ELLIPSIS}" if end < len(text) else "", marked=False),
    ]
    return tuple(piece for piece in pieces if piece.text)
