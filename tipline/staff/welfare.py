"""One's own counters, limit and choices, which nobody else can read."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _

from tipline import clock
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import welfare as service
from tipline.staff.forms_account import LIMIT_REFUSED, WelfareForm
from tipline.staff.signin import SEE_OTHER, Answer, bp
from tipline.web import guard
from tipline.web.forms import check_token


@bp.route("/account/welfare", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def welfare() -> Answer:
    """What I have looked at, my limit, and what I leave to colleagues."""
    diary = service.read(g.person, clock.now())
    form = WelfareForm(data={"limit": diary.limit, "left_out": sorted(diary.left_out)})
    if form.validate_on_submit():
        try:
            service.choose(g.person, form.limit.data, form.left_out.data or [], clock.now())
        except BadInput:
            db.session.rollback()
            form.add_error("limit", LIMIT_REFUSED)
        else:
            db.session.commit()
            flash(_("Your choices are kept. Nobody else can see them."), "success")
            return redirect(url_for(".welfare"), SEE_OTHER)
    return render_template("staff/account/welfare.html", form=form, diary=diary, days_kept=service.DAYS_KEPT)


@bp.post("/account/welfare/empty")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def empty_diary() -> Answer:
    """Forget my counters."""
    check_token()
    service.empty_diary(g.person, clock.now())
    db.session.commit()
    flash(_("Your counters are empty."), "success")
    return redirect(url_for(".welfare"), SEE_OTHER)
