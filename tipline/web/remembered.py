"""Pieces of pages that hold nothing of anybody, rendered once for each language and address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from markupsafe import Markup

MOST = 2000
LONGEST_KEY = 200
_pieces: dict[tuple[Any, ...], Markup] = {}


def register(app: Flask) -> None:
    """Give the templates ``{% call remembered("name", language.tag) %}…{% endcall %}``."""
    _pieces.clear()
    app.jinja_env.globals.update(remembered=remembered)


def remembered(*key: Any, caller: Callable[[], Markup]) -> Markup:
    """The piece under this key; the call's body is rendered when there is none.

    The key must name everything that the body depends on. With None anywhere in it nothing is remembered: what
    somebody has entered must never come here. Nor is anything under a long key: strangers choose the address.
    """
    if None in key or sum(len(str(part)) for part in key) > LONGEST_KEY:
        return caller()
    piece = _pieces.get(key)
    if piece is None:
        piece = caller()
        if len(_pieces) >= MOST:
            _pieces.clear()
        _pieces[key] = piece
    return piece
