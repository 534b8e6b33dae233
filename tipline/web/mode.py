"""The mode of the service, read once for each request that asks."""

from __future__ import annotations

from flask import Flask, g

from tipline.services import modes
from tipline.services.modes import Mode


def register(app: Flask) -> None:
    """Give the templates ``service_mode()``."""
    app.jinja_env.globals["service_mode"] = current_mode


def current_mode() -> Mode:
    """The mode of the service."""
    known: Mode | None = g.get("mode")
    if known is None:
        known = modes.read_mode()
        g.mode = known
    return known
