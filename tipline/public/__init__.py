"""The door for anyone: gallery, tip, receipt, and what there is to know. Every page lies under its language."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("public", __name__, url_prefix="/<lang_code>")


def register(app: Flask) -> None:
    """Put the public door in."""
    from tipline.public import additions, files, gallery, info, mailbox, modes, outside, posters, receipt, tip, updates

    app.register_blueprint(gallery.front)
    app.register_blueprint(bp)
