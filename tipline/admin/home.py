"""The administrators' first page: what waits."""

from __future__ import annotations

from flask import render_template

from tipline import clock
from tipline.admin import bp
from tipline.roles import Role
from tipline.services import overview
from tipline.web import guard


@bp.get("/")
@guard.allow(Role.ADMINISTRATOR)
def home() -> str:
    """What waits for an administrator, in numbers."""
    return render_template("admin/home/home.html", overview=overview.read_overview(clock.now()), most=overview.MOST)
