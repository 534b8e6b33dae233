"""The door for reviewers and supervisors, under ``/staff``."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("staff", __name__, url_prefix="/staff")


def register(app: Flask) -> None:
    """Put the desk's pages in. Signing in has a blueprint of its own, because the other doors need it too."""
    # Imported here because the view modules need the blueprint above.
    from tipline.staff import (
        about,
        approvals,
        authorities,
        calls,
        desks,
        files,
        groups,
        intake,
        keys,
        mailbox,
        many,
        marks,
        pace,
        quarantine,
        queue,
        referrals,
        reply_templates,
        search,
        statistics,
        summaries,
        tip,
        transfers,
        work,
    )

    app.register_blueprint(bp)
