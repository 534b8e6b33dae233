"""The administrators' first page: what waits."""

from __future__ import annotations

from flask import g, render_template

from tipline import clock
from tipline.admin import bp
from tipline.roles import Role
from tipline.services import approval_lists, overview
from tipline.web import guard


@bp.get("/")
@guard.allow(Role.ADMINISTRATOR)
def home() -> str:
    """What waits for an administrator, in numbers."""
    now = clock.now()
    return render_template(
        "admin/home/home.html",
        overview=overview.read_overview(now),
        approvals=approval_lists.count_waiting(g.person, now),
        most=overview.MOST,
    )
