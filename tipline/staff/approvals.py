"""What waits for a second person at this door, and the decision on it."""

from __future__ import annotations

from werkzeug import Response

from tipline.roles import Role
from tipline.staff import bp, words
from tipline.web import approving, guard


@bp.get("/approvals")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def approvals() -> str:
    """What waits for a second person."""
    return approving.show_list("staff", hold_words=words.HOLDS)


@bp.route("/approvals/<approval_id>", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, fresh=True)
def approval(approval_id: str) -> str | Response:
    """One proposal: read it, and agree to it or not."""
    return approving.show_one("staff", approval_id, hold_words=words.HOLDS)
