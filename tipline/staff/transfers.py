"""Handing a tip over to another desk."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, transfers
from tipline.staff import bp
from tipline.staff import forms_desks as forms
from tipline.web import guard


@bp.route("/tips/<ref>/hand-over", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, fresh=True)
def hand_over_tip(ref: str) -> str | Response:
    """Give an opened tip to another desk, with a reason."""
    opened = access.access_tip(g.person, ref, now=clock.now())
    form = forms.HandOverForm(transfers.other_desks(opened.tip.desk_id))
    if form.validate_on_submit():
        try:
            transfers.move_tip(opened, form.desk.data, form.reason.data, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The tip is with the other desk now."), "success")
            return redirect(url_for(".queue"), 303)
    return render_template("staff/tip/hand_over.html", form=form, ref=ref)
