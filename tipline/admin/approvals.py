"""What waits for a second person at this door, and the decision on it."""

from __future__ import annotations

from werkzeug import Response

from tipline.admin import bp
from tipline.roles import Role
from tipline.web import approving, guard


@bp.get("/approvals")
@guard.allow(Role.ADMINISTRATOR)
def approvals() -> str:
    """What waits for a second person."""
    return approving.show_list("admin")


@bp.route("/approvals/<approval_id>", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR, fresh=True)
def approval(approval_id: str) -> str | Response:
    """One proposal: read it, and agree to it or not."""
    return approving.show_one("admin", approval_id)
