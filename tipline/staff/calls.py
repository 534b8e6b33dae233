"""Tips that a colleague calls somebody to, by their name in a note."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline.extensions import db
from tipline.services import access, note_calls
from tipline.staff import bp, words
from tipline.staff.work import both
from tipline.web.forms import check_token


@bp.get("/calls")
@both
def calls() -> str:
    """Where I am called to, the newest first."""
    return render_template("staff/tip/calls.html", calls=note_calls.list_calls(g.person), words=words)


@bp.post("/calls/<ref>/seen")
@both
def see_call(ref: str) -> Response:
    """I have seen it."""
    check_token()
    note_calls.see(g.person, access.see_tip(g.person, ref).id)
    db.session.commit()
    flash(_("This call is gone from your list."), "done")
    return redirect(url_for("staff.calls"), code=303)
