"""Typed text as it is kept, whatever was pasted."""

from __future__ import annotations

import re
import unicodedata

# Control characters but newline and tab, the bidirectional overrides and isolates that can make text read otherwise
# than it is, and the invisible characters that start or end a pasted text.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
# By str.strip, not by a pattern: a pattern anchored at the end takes quadratic time over a megabyte of spaces.
_EDGES = "".join(character for character in map(chr, range(0x3001)) if character.isspace()) + "\u200b\u200c\u200d\u2060"
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")


def clean_text(value: str | None) -> str | None:
    """Typed text as it is kept: NFC, plain newlines, no control or direction-override characters, no stray spaces."""
    if not value:
        return value
    text = _UNWANTED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", text).strip(_EDGES)


def clean_line(value: str | None) -> str | None:
    """As ``clean_text``, on one line, with single spaces."""
    text = clean_text(value)
    return _SPACES.sub(" ", text.replace("\n", " ")).strip() if text else text
