"""The door for administrators and auditors, under ``/admin``. Nobody who comes in here can read a tip."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("admin", __name__, url_prefix="/admin")


def register(app: Flask) -> None:
    """Put the administrators' and auditors' pages in."""
    # Imported here because the view modules need the blueprint above.
    from tipline.admin import (
        accounts,
        appeals,
        approvals,
        authorities,
        batches,
        desks,
        drills,
        exhibits,
        figures,
        home,
        log,
        modes,
        releases,
        special_flags,
        statistics,
        updates,
    )

    app.register_blueprint(bp)
