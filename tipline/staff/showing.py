"""How the words of strangers are shown at the desk: nothing hidden in them, nothing in them that can be pressed."""

from __future__ import annotations

import re
import unicodedata

# Direction overrides and isolates, zero-width and other invisible characters, and controls but newline and tab.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# What makes text and pictures of letters as they should be: joiners between letters, and the forms of an emoji.
_HARMLESS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15})://([^\s/?#]+)|\b(www\.[^\s/?#]+)")
_SCHEMES = {"http": "hxxp", "https": "hxxps", "ftp": "fxp"}


def visible(text: str) -> str:
    """Text in which every character that hides, or turns the direction of others, stands as its number."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in _HARMLESS else f"[U+{ord(found[0]):04X}]", text)


def defanged(text: str) -> str:
    """Text whose addresses can be read and not followed: hxxp for http, dots of the host in brackets."""
    return "".join(signs(text))


def signs(text: str) -> list[str]:
    """What each character of a text is shown as where it is shown ``defanged``."""
    shown = list(text)
    for found in _HIDDEN.finditer(text):
        shown[found.start()] = visible(found[0])
    # Signs that hide do not end an address, though some of them pass for spaces.
    for found in _ADDRESS.finditer(_HIDDEN.sub("\0", text)):
        host = 2 if found[1] else 3
        for place in range(*found.span(host)):
            shown[place] = "[.]" if text[place] == "." else shown[place]
        if found[1]:
            first, end = found.span(1)
            shown[first:end] = [_SCHEMES.get(found[1].lower(), found[1]), *[""] * (end - first - 1)]
    return shown


def file_name(name: str) -> str:
    """A file's name on one line, hidden characters visible, at most eighty characters."""
    plain = visible(unicodedata.normalize("NFC", name)).replace("\n", " ").replace("\t", " ")
    return plain if len(plain) <= 80 else f"{plain[:60]}\N{HORIZONTAL ELLIPSIS}{plain[-19:]}"


def file_size(size: int) -> str:
    """A size in words: KB below a megabyte, MB above."""
    return f"{max(1, round(size / 1024))} KB" if size < 1024 * 1024 else f"{size / (1024 * 1024):.1f} MB"
