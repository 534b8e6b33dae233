"""Notices by mail: what a person wants to be told of, and where."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _

from tipline import clock, config
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.services import notices as service
from tipline.staff.forms_account import NOTICE_REFUSALS, NoticesForm
from tipline.staff.signin import SEE_OTHER, Answer, bp
from tipline.web import guard
from tipline.web.forms import check_token


@bp.route("/account/notices", methods=["GET", "POST"])
@guard.signed_in
def notices() -> Answer:
    """Choose notices, or change them."""
    wish = service.read_wish(g.person)
    about = [kind for kind in ("urgent", "digest") if getattr(wish, kind)]
    form = NoticesForm(data={"address": wish.address, "about": about})
    if service.can_send() and form.validate_on_submit():
        chosen = form.about.data or []
        try:
            service.wish(g.person, form.address.data, clock.now(), urgent="urgent" in chosen, digest="digest" in chosen)
        except BadInput as refused:
            db.session.rollback()
            form.add_error(refused.field, NOTICE_REFUSALS[refused.field])
        else:
            db.session.commit()
            flash(_("Your notices are set. To a new address a first notice is on its way."), "success")
            return redirect(url_for(".notices"), SEE_OTHER)
    hours = ", ".join(f"{hour:02}:00" for hour in config.current().notice_hours)
    return render_template("staff/account/notices.html", form=form, wish=wish, can_send=service.can_send(), hours=hours)


@bp.post("/account/notices/end")
@guard.signed_in
def end_notices() -> Answer:
    """No more notices; the address is forgotten."""
    check_token()
    service.forget(g.person.id)
    db.session.commit()
    flash(_("You get no more notices. Your address is forgotten."), "success")
    return redirect(url_for(".notices"), SEE_OTHER)
