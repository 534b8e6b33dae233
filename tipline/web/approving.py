"""Pages on which somebody agrees to what a colleague proposed; the staff and the admin door share them."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from tipline import clock
from tipline.errors import ApprovalVoid
from tipline.extensions import db
from tipline.services import approval_lists, approvals
from tipline.web import batch_words
from tipline.web.forms import check_token

DONE = _l("You have agreed, and it is done.")
AGREED = _l("You have agreed. One of you two can now carry it out.")
REFUSED = _l("You have said no. Nothing happens; it can be proposed anew.")
WITHDRAWN = _l("Your proposal is taken back.")
VOID = _l("It does not hold any more: what was proposed has changed since, or its 72 hours are over.")


def show_list(door: str, **words: Any) -> str:
    """What waits for this person, what they proposed, and what became of the last ones."""
    now = clock.now()
    return render_template(
        "staff/approvals/approvals.html",
        layout=f"{door}/layout.html",
        waiting=approval_lists.waiting(g.person, now),
        ended=approval_lists.ended(g.person, now),
        door_name=door,
        batch_words=batch_words,
        **words,
    )


def show_one(door: str, approval_id: str, **words: Any) -> str | Response:
    """One proposal with exactly what is proposed; on a post the decision that its button says."""
    if request.method == "POST":
        check_token()
        _decide(approval_id)
        return redirect(url_for(f"{door}.approvals"), 303)
    return render_template(
        "staff/approvals/approval.html",
        layout=f"{door}/layout.html",
        proposal=approval_lists.read(approval_id, g.person, clock.now()),
        door_name=door,
        batch_words=batch_words,
        **words,
    )


def _decide(approval_id: str) -> None:
    now, decision = clock.now(), request.form.get("decision", "")
    try:
        if decision == "approve":
            done = approvals.approve(approval_id, request.form.get("digest", ""), g.person, now)
            said = DONE if done else AGREED
        elif decision == "refuse":
            approvals.refuse(approval_id, g.person, now)
            said = REFUSED
        elif decision == "withdraw":
            approvals.withdraw(approval_id, g.person, now)
            said = WITHDRAWN
        else:
            return
    except ApprovalVoid:
        db.session.rollback()
        flash(VOID, "note")
        return
    db.session.commit()
    flash(said, "success")
