"""Rehearsals of recovery codes, for auditors and administrators."""

from __future__ import annotations

from flask import render_template

from tipline.admin import bp
from tipline.roles import Role
from tipline.services import drills as service
from tipline.web import guard


@bp.get("/drills", endpoint="drills")
@guard.allow(Role.AUDITOR, Role.ADMINISTRATOR)
def list_drills() -> str:
    """The last rehearsals of every desk."""
    return render_template("admin/drills/drills.html", drills=service.list_drills())
