"""The figures of the campaign: enter, look back, take back."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.admin.forms_updates import FiguresForm
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import figures as service
from tipline.web import guard
from tipline.web.forms import check_token


@bp.route("/updates/figures", methods=["GET", "POST"])
@guard.allow(Role.ADMINISTRATOR)
def figures() -> str | Response:
    """What the public is shown, new figures, and every entry so far."""
    shown = service.shown()
    form = FiguresForm(data=None if shown is None else {**vars(shown), "as_of": clock.now().date()})
    if form.validate_on_submit():
        try:
            service.enter(form.counts(), form.day(), g.person, clock.now())
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused)
        else:
            db.session.commit()
            flash(_("The figures are shown from now on."), "success")
            return redirect(url_for("admin.figures"), 303)
    return render_template("admin/figures/figures.html", form=form, entries=service.history())


@bp.post("/updates/figures/<entry_id>/withdraw")
@guard.allow(Role.ADMINISTRATOR)
def withdraw_figures(entry_id: str) -> Response:
    """Take an entry back, so that the one before it is shown."""
    check_token()
    service.withdraw(entry_id, g.person, clock.now())
    db.session.commit()
    flash(_("The entry is taken back. The public sees the one before it, if there is one."), "success")
    return redirect(url_for("admin.figures"), 303)
