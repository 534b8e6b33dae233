"""The little HTML that descriptions may hold. The only place that uses bleach."""

from __future__ import annotations

import re
from html import unescape

import bleach

TAGS = frozenset({"p", "br", "strong", "em", "ul", "ol", "li"})
_GONE_WITH_CONTENT = re.compile(r"<(script|style|iframe|object|svg|math)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BLOCKS = re.compile(r"<(p|ul|ol)\b", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_BETWEEN = re.compile(r"</(p|li|ul|ol)>|<br\s*/?>", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
# What XML 1.0 (2.2) has no way to say; word processors leave it behind for a line break.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def clean_html(text: str) -> str:
    """The text with paragraphs, line breaks, emphasis and lists only; no attribute survives, every tag is closed.

    Text without a block of its own is read as paragraphs between blank lines. Links, pictures and everything that
    could load or run something are taken out; what is left is safe to put on a page as it is.
    """
    plain = _GONE_WITH_CONTENT.sub("", without_controls(text).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not plain:
        return ""
    if not _BLOCKS.search(plain):
        parts = (part.strip().replace("\n", "<br>") for part in _BLANK_LINES.split(plain))
        plain = "\n".join(f"<p>{part}</p>" for part in parts if part)
    cleaned = bleach.clean(plain, tags=TAGS, attributes={}, protocols=(), strip=True, strip_comments=True).strip()
    return cleaned if plain_text(cleaned) else ""


def without_controls(text: str) -> str:
    """The text with a space for each sign that no feed and no PostgreSQL can hold."""
    return _CONTROLS.sub(" ", text)


def plain_text(cleaned: str) -> str:
    """The words of cleaned HTML on one line, for places that show no HTML."""
    spaced = _BETWEEN.sub(" ", cleaned)
    return _SPACES.sub(" ", unescape(bleach.clean(spaced, tags=(), strip=True))).strip()
